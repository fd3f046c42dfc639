"""Time as a shard knows it: the watermark, behind which everything known is applied, and the progress it is made of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

MAX_PROBES = 8


class Clock(Protocol):
    """Wall time, for progress and telemetry; never for what `decide` sees."""

    def now(self) -> datetime: ...


class WallClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True)
class Progress:
    """Up to when a shard has applied all that one input has known.

    For a topic that others write: a probe asks, at T0, where the log ends; once everything below is applied, all
    that was known at T0 is, less an allowance for clocks that differ. Asking an end offset, not how far the last
    fetch saw: after a pause an old answer would be stamped now.
    """

    through: datetime | None = None
    probes: list[tuple[datetime, int]] = field(default_factory=list)
    """(T0 minus the allowance, end offset), oldest first, at most MAX_PROBES."""

    def probed(self, at: datetime, end: int, allowance: timedelta) -> None:
        """At `at` the log ended at `end`."""
        if len(self.probes) == MAX_PROBES:
            self.probes.pop()  # the oldest are reached first, the newest says most: one between is spared
        self.probes.append((at - allowance, end))

    def settled(self, offset: int) -> bool:
        """Everything below `offset` is applied: whether that moved the progress."""
        reached = None
        while self.probes and self.probes[0][1] <= offset:
            reached = self.probes.pop(0)[0]
        return reached is not None and self.told(reached)

    def told(self, through: datetime) -> bool:
        """Everything known up to `through` is applied: whether that moved the progress. Never goes back."""
        if self.through is not None and through <= self.through:
            return False
        self.through = through
        return True


def watermark(before: datetime | None, progress: Iterable[datetime | None]) -> datetime | None:
    """The least of the inputs' progress, None while one is unknown; never earlier than it was before."""
    throughs = list(progress)
    known = [each for each in throughs if each is not None]
    if not known or len(known) < len(throughs):
        return before
    least = min(known)
    return least if before is None else max(before, least)
