"""Counts what another wording would change: by clause, by currency, by order; amounts in minor units."""

from collections import Counter
from collections.abc import Mapping
from heapq import heappush, heappushpop

from msgspec import Struct, field

from waybond_local.shadow.retold import Result

MAX_SHOWN = 10
"""The largest differences that are named."""
MAX_REASONS = 32
"""Reasons for which orders are left out that are counted apart; the rest is counted together."""


class Pair(Struct):
    """Something under the wording that decides now, and under the other one."""

    now: int = 0
    then: int = 0

    @property
    def difference(self) -> int:
        return self.then - self.now


class Clause(Struct):
    """One clause in one currency. A clause of the same name in both wordings is the same clause."""

    orders: Pair = field(default_factory=Pair)
    """Orders to which something was paid under it."""
    minor: Pair = field(default_factory=Pair)


class Currency(Struct):
    """All orders in one currency."""

    minor: Pair = field(default_factory=Pair)
    """What was paid and neither asked back nor recovered."""
    premium: Pair = field(default_factory=Pair)
    """Of the covers, with tax, as rated; without a quote's price."""
    waits: Pair = field(default_factory=Pair)
    """Owed and not commanded, since a dispute or a person's decision stands against it."""
    unheard: Pair = field(default_factory=Pair)
    """Of `minor`, in orders whose carrier would have been asked what nobody asked it: `then` alone."""


class Largest(Struct, frozen=True, order=True):
    """One order with a large difference."""

    size: int
    order_key: str
    currency: str
    now: int
    then: int


class Difference(Struct):
    """What the successor would change in all that was compared."""

    orders: int = 0
    more: int = 0
    less: int = 0
    """Less, and not nothing."""
    nothing: int = 0
    """Nothing any more, where something was paid."""
    same: int = 0
    running: int = 0
    """Cover had not ended under one of the two: more may follow."""
    declined: Counter[str] = field(default_factory=Counter)
    """Orders that the successor would not have taken, by reason."""
    asked: Pair = field(default_factory=Pair)
    """Orders that wait for a person's answer."""
    unheard: int = 0
    """Orders whose carrier would have been asked under the successor alone: nobody knows its answer."""
    off_file: int = 0
    """Orders whose claim file says another amount than their history told again under the wording that decides now."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Orders that could not be compared, by reason."""
    currencies: dict[str, Currency] = field(default_factory=dict)
    clauses: dict[str, dict[str, Clause]] = field(default_factory=dict)
    """By currency and clause."""
    largest: list[Largest] = field(default_factory=list)
    """The MAX_SHOWN largest by minor units, whatever the currency; see `shown`."""

    def leave_out(self, reason: str) -> None:
        """Count an order that cannot be compared."""
        known = reason in self.left_out or len(self.left_out) < MAX_REASONS
        self.left_out[reason if known else "other reasons"] += 1

    def add(self, order_key: str, now: Result, then: Result, *, running: bool, off_file: bool) -> None:
        """Count an order that was covered, told under both wordings."""
        self.orders += 1
        self.running += running
        self.off_file += off_file
        if not then.bound:
            self.declined[then.declined] += 1
        unheard = bool(then.checks - now.checks)
        self.unheard += unheard
        self.asked.now += bool(now.asked)
        self.asked.then += bool(then.asked)
        money = self.currencies.setdefault(now.currency, Currency())
        money.minor.now += now.minor
        money.minor.then += then.minor
        money.waits.now += now.waits
        money.waits.then += then.waits
        money.unheard.then += then.minor if unheard else 0
        money.premium.now += now.premium.minor if now.premium is not None else 0
        money.premium.then += then.premium.minor if then.premium is not None else 0
        clauses = self.clauses.setdefault(now.currency, {})
        for clause, minor in now.clauses.items():
            each = clauses.setdefault(clause, Clause())
            each.orders.now += 1
            each.minor.now += minor
        for clause, minor in then.clauses.items():
            each = clauses.setdefault(clause, Clause())
            each.orders.then += 1
            each.minor.then += minor
        self._compare(order_key, now, then)

    def _compare(self, order_key: str, now: Result, then: Result) -> None:
        difference = then.minor - now.minor
        if not difference:
            self.same += 1
            return
        self.more += difference > 0
        self.less += difference < 0 < then.minor
        self.nothing += then.minor == 0
        found = Largest(abs(difference), order_key, now.currency, now.minor, then.minor)
        push = heappush if len(self.largest) < MAX_SHOWN else heappushpop
        push(self.largest, found)

    @property
    def shown(self) -> list[Largest]:
        """The largest differences, the largest first."""
        return sorted(self.largest, key=lambda each: (-each.size, each.order_key))


def bars(minor: Mapping[str, Pair], width: int = 40) -> dict[str, tuple[str, str]]:
    """A bar for now and one for then, each as long as its amount in proportion; what is not nothing has one mark."""
    most = max([amount for pair in minor.values() for amount in (pair.now, pair.then)], default=0)
    return {name: (_bar(pair.now, most, width), _bar(pair.then, most, width)) for name, pair in minor.items()}


def _bar(minor: int, most: int, width: int) -> str:
    return "#" * max(1, minor * width // most) if minor > 0 else ""
