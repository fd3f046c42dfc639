"""Which version of the policy was in force when a peril was met."""

from collections.abc import Sequence

from tests.oracle.facts import Cover, Ended, Fact, only
from waybond_contracts.places import Lane


class Versions:
    """All versions of the policy that are known; each counts from when it became known."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._all: list[Cover | Ended] = [*only(Cover, facts), *only(Ended, facts)]
        self._ended = only(Ended, facts)
        self.issued = min(only(Cover, facts), key=lambda each: each.version, default=None)

    @property
    def void(self) -> bool:
        """Whether nothing was ever covered."""
        newest = max(self._all, key=lambda each: each.version, default=None)
        return self.issued is None or (isinstance(newest, Ended) and newest.void)

    @property
    def several(self) -> bool:
        """Whether there was more than one version that covers something."""
        return sum(isinstance(each, Cover) for each in self._all) > 1

    def newest(self) -> Cover | None:
        """The newest version that covers something."""
        return max((each for each in self._all if isinstance(each, Cover)), key=lambda each: each.version, default=None)

    def at(self, instant: int) -> Cover | None:
        """The version that was in force then, if it covered that instant. The first one counts from when it attached,
        whenever it became known."""
        if self.issued is None or self.void or instant <= self.issued.known:
            return None
        heard = [each for each in self._all if each.known <= instant or each is self.issued]
        newest = max(heard, key=lambda each: each.version)
        if any(each.void and each.version > newest.version for each in self._ended):
            return None
        return newest if isinstance(newest, Cover) and instant <= newest.ends else None

    def until(self, version: Cover) -> int:
        """When cover ended, or ends, under this version."""
        return min([version.ends, *(each.known for each in self._ended if each.version > version.version)])


def on_lane(lane: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns names the lane."""
    return any(Lane.parse(lane).matches(pattern) for pattern in patterns)
