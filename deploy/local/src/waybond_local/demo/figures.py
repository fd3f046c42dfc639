"""Figures of a replay, counted from what lies on the topics: pure, from records to numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from waybond_contracts import claims, delays, orders, policies, refunds
from waybond_contracts.event import Event
from waybond_local.demo.record import Record


@dataclass(frozen=True, slots=True)
class Spread:
    """Durations in milliseconds."""

    count: int
    p50: int
    p99: int

    @classmethod
    def of(cls, durations: Sequence[int]) -> "Spread | None":
        """None of nothing."""
        if not durations:
            return None
        ordered = sorted(durations)
        return cls(len(ordered), ordered[(len(ordered) - 1) // 2], ordered[(99 * (len(ordered) - 1)) // 100])


@dataclass(slots=True)
class Figures:
    """Feed it every record in any order, then ask."""

    tenant: str
    platform: str
    events: int = 0
    orders: int = 0
    policies: int = 0
    premium: Counter[str] = field(default_factory=Counter)
    """By currency, minor units, taxes included."""
    declined: Counter[str] = field(default_factory=Counter)
    commanded: Counter[str] = field(default_factory=Counter)
    """Amounts of first attempts by currency, minor units."""
    commands: int = 0
    retries: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """Refunds by the last thing that the payment system said."""
    referred: Counter[str] = field(default_factory=Counter)
    _breached: dict[tuple[str, str, str], tuple[int, bool]] = field(default_factory=dict)
    _last: dict[str, tuple[int, str]] = field(default_factory=dict)
    _triggers: dict[str, int] = field(default_factory=dict)
    """When each event of tracking was appended, by its id."""
    _first_commands: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    """By refund_id: what caused it, when it was appended."""
    _succeeded: dict[str, int] = field(default_factory=dict)
    _booked: dict[str, int] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Count one record; those of other tenants and platforms are left out."""
        event = record.event
        if (event.tenant, event.platform) != (self.tenant, self.platform):
            return
        self.events += 1
        match event:
            case orders.OrderPlaced():
                self.orders += 1
            case policies.PolicyIssued():
                self.policies += 1
                self.premium[event.premium.total.currency] += event.premium.total.minor
            case policies.PolicyDeclined():
                self.declined[event.reason.value] += 1
            case delays.DelayEvent():
                self._delay(event, record)
            case refunds.MoneyCommand():
                self._command(event, record)
            case refunds.RefundResult():
                self._answer(event, record)
            case claims.ClaimSettled():
                self._booked.setdefault(event.refund_id, record.appended_ms)
            case claims.ClaimReferred():
                self.referred[event.reason.value] += 1
            case _:
                pass

    def _delay(self, event: delays.DelayEvent, record: Record) -> None:
        self._triggers[record.envelope.id] = record.appended_ms
        if isinstance(event, delays.WatchFellDue):
            key = (event.order_key, event.watch_id, event.package_id or "")
            if event.version > self._breached.get(key, (0, False))[0]:
                self._breached[key] = (event.version, event.breached)

    def _command(self, event: refunds.MoneyCommand, record: Record) -> None:
        if event.attempt > 1:
            self.retries += 1
            return
        if event.refund_id in self._first_commands:
            return
        self.commands += 1
        self.commanded[event.amount.currency] += event.amount.minor
        self._first_commands[event.refund_id] = (record.envelope.causationid, record.appended_ms)

    def _answer(self, event: refunds.RefundResult, record: Record) -> None:
        word = _word(event)
        if event.version > self._last.get(event.refund_id, (0, ""))[0]:
            before = self._last.get(event.refund_id)
            if before:
                self.answers[before[1]] -= 1
            self.answers[word] += 1
            self._last[event.refund_id] = (event.version, word)
        if isinstance(event, refunds.RefundSucceeded):
            self._succeeded.setdefault(event.refund_id, record.appended_ms)

    @property
    def missed(self) -> dict[str, int]:
        """Packages that missed a deadline, by watch (clause:condition:tier)."""
        return dict(
            sorted(Counter(watch for (_, watch, _), (_, breached) in self._breached.items() if breached).items())
        )

    @property
    def unanswered(self) -> int:
        """Refunds that the payment system never spoke about."""
        return len(self._first_commands.keys() - self._last.keys())

    def trigger_to_command(self) -> Spread | None:
        """From the append of tracking's event to the append of the refund command that it caused."""
        return Spread.of(
            [
                commanded - self._triggers[cause]
                for cause, commanded in self._first_commands.values()
                if cause in self._triggers
            ]
        )

    def command_to_answer(self) -> Spread | None:
        """From the append of a command to that of the payment system's answer that the money moved."""
        return Spread.of(
            [at - self._first_commands[ref][1] for ref, at in self._succeeded.items() if ref in self._first_commands]
        )

    def answer_to_booking(self) -> Spread | None:
        """From the append of that answer to that of ClaimSettled."""
        return Spread.of([at - self._succeeded[ref] for ref, at in self._booked.items() if ref in self._succeeded])

    def trigger_to_booking(self) -> Spread | None:
        """All of it: from tracking's event to ClaimSettled."""
        return Spread.of(
            [
                booked - self._triggers[cause]
                for ref, booked in self._booked.items()
                if ref in self._first_commands and (cause := self._first_commands[ref][0]) in self._triggers
            ]
        )


def _word(event: Event) -> str:
    return type(event).__name__.removeprefix("Refund").lower()


@dataclass(frozen=True, slots=True)
class Lane:
    """What the books say about one lane, in minor units of one currency."""

    lane: str
    premium: int
    incurred: int

    @property
    def ratio(self) -> float | None:
        """Incurred over premium; None without premium."""
        return self.incurred / self.premium if self.premium else None


def top_lanes(lanes: Iterable[Lane], most: int) -> list[Lane]:
    """The lanes with the most premium, and the rest together."""
    ordered = sorted(lanes, key=lambda lane: (-lane.premium, lane.lane))
    rest = ordered[most:]
    if not rest:
        return ordered
    together = Lane(f"{len(rest)} others", sum(each.premium for each in rest), sum(each.incurred for each in rest))
    return [*ordered[:most], together]
