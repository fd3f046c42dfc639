"""A clause's limit is what it pays for all units together, and only units for which the clause counts share it.

Which clause counts for a unit depends on what the limits leave of it, and the other way round. So each unit begins with
the clause that gives it most. What is beyond a limit is taken off in proportion. A unit to which another clause then
gives more goes over to that one and does not come back; the others share what it leaves.

Scenario: late deliveries pay 10 %, up to 5 in all. A (60) is late and then lost, B (40) is late. The loss counts for A,
so B is not short by what A would get for the delay: it gets 4.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from waybond_claims.adjudication.benefits import limited
from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.units import spread
from waybond_claims.entitlement.keys import Key, key_of
from waybond_contracts.money import rounded


def within_clause_limits(
    found: tuple[Found, ...], best: dict[Key, Found], net: Callable[[Found], int]
) -> tuple[tuple[Found, ...], dict[Key, Found]]:
    """The findings with their parts of the limits, and for each unit the one that counts; `best`: the ones that give
    most without the limits, `net`: what a finding gives within the other bounds."""
    if all(_limit(each) is None for each in found if each.applies):
        return found, best
    shares = _Shares(found, best, net)
    shares.settle()
    parts = {id(each): shares.part(each) for each in found if each.applies and _limit(each) is not None}
    after = {id(each): _within(each, parts[id(each)], net) if id(each) in parts else each for each in found}
    return tuple(after[id(each)] for each in found), {key: after[id(each)] for key, each in shares.on.items()}


def _limit(found: Found) -> int | None:
    limit = found.amounts.limit if found.amounts is not None else None
    return None if limit is None else rounded(limit)


def _within(found: Found, part: int, net: Callable[[Found], int]) -> Found:
    if found.amounts is None or net(found) <= part:
        return found
    return replace(found, amounts=limited(found.amounts, part))


class _Shares:
    """Which finding counts for each unit, and what the limits leave of it."""

    def __init__(self, found: Sequence[Found], best: Mapping[Key, Found], net: Callable[[Found], int]) -> None:
        self.on = {key: best[key] for key in sorted(best, key=_order)}
        self._net = net
        self._others = {key: [each for each in found if each.applies and key_of(each) == key] for key in self.on}
        self._left: dict[int, int] = {}
        """By finding that does not count any more: what it gave last."""

    def settle(self) -> None:
        while True:
            paid = self._paid(self.on)
            gains = [
                (self._paid(self.on | {key: each})[key] - paid[key], key, each)
                for key, others in self._others.items()
                for each in others
                if each is not self.on[key] and id(each) not in self._left and self._net(each) > paid[key]
            ]
            gain, key, each = max(gains, key=_gain, default=(0, None, None))
            if gain <= 0 or each is None:
                return
            self._left[id(self.on[key])] = paid[key]
            self.on[key] = each

    def part(self, found: Found) -> int:
        """What the limit leaves of it, or would leave where another one counts."""
        known = self._left.get(id(found))
        key = key_of(found)
        return self._paid(self.on | {key: found})[key] if known is None else known

    def _paid(self, on: Mapping[Key, Found]) -> dict[Key, int]:
        paid = {key: self._net(each) for key, each in on.items()}
        sharing: dict[str, list[Key]] = {}
        for key, each in on.items():
            if _limit(each) is not None:
                sharing.setdefault(each.rule.clause.id, []).append(key)
        for keys in sharing.values():
            limit = _limit(on[keys[0]])
            if limit is not None and sum(paid[key] for key in keys) > limit:
                paid |= zip(keys, spread(limit, [paid[key] for key in keys]), strict=True)
        return paid


def _gain(gained: tuple[int, Key, Found | None]) -> int:
    return gained[0]


def _order(key: Key) -> tuple[bool, str]:
    return key is None, key or ""
