"""Tells a case to the product: tracking hears the order, the policy and the parcels, claims hears all of it and what
tracking publishes, each in the order in which it becomes known, with wakes between; commands are paid two hours later.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.oracle.events import KEY, OURS, Teller, at
from tests.oracle.facts import Case, Fact
from tests.oracle.parcels import ORDER, REMAINDER
from waybond_claims.decide import decide as decide_claim
from waybond_claims.entitlement import ORDER as WHOLE
from waybond_claims.entitlement import entitlement, key_of
from waybond_contracts import disputes, refunds
from waybond_contracts.claims import ClaimApproved, ClaimReferred, RecoveryOpened
from waybond_contracts.delays import DelayEvent
from waybond_contracts.event import Event
from waybond_contracts.orders import OrderRefunded
from waybond_contracts.recompute import recompute
from waybond_kit.aggregate import Decide, Outcome, Woken
from waybond_tracking.decide import decide as decide_parcel

PAID_AFTER = timedelta(hours=2)
MAX_STEPS = 5_000


@dataclass
class Aggregate:
    """One service's state of the order, and when it wants to be woken."""

    decide: Decide[Any]
    state: Any = None
    wake_at: datetime | None = None

    def step(self, fact: Event | Woken, now: datetime) -> tuple[Event, ...]:
        outcome: Outcome[Any] = self.decide(self.state, fact, now)
        self.state, self.wake_at = outcome.state, outcome.wake_at
        return outcome.events


@dataclass
class Run:
    """What the product made of a case."""

    entitled: dict[int, int] = field(default_factory=dict)
    """By the instant that was looked at (an hour)."""
    units: dict[int, dict[str, int]] = field(default_factory=dict)
    """The same by unit, before the bounds of the whole order; only what is more than nothing."""
    commanded: list[tuple[datetime, int]] = field(default_factory=list)
    paid: int = 0
    asked_back: int = 0
    referrals: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    """Amounts that do not follow from their explanation."""


class Drive:
    """The two services and a payment system, for one case."""

    def __init__(self, case: Case, facts: Sequence[Fact], *, words_first: bool) -> None:
        self._queue: list[tuple[datetime, bool, int, Event]] = []
        self._words_last = not words_first
        self._count = 0
        self._refunds: list[str] = []
        """The ids of the refunds that were commanded."""
        self._tracking = Aggregate(decide_parcel)
        self._claims = Aggregate(decide_claim)
        self.run = Run()
        for known, event in Teller(case).events(facts):
            self._add(known, event)

    def until(self, hour: int) -> None:
        """Let everything happen that becomes known or due by then."""
        end = at(hour)
        for _ in range(MAX_STEPS):
            coming = self._queue[0][0] if self._queue else None
            wakes = [each for each in (self._tracking, self._claims) if each.wake_at is not None]
            first = min(wakes, key=lambda each: each.wake_at or end, default=None)
            due = first.wake_at if first is not None else None
            # A wake fires once everything that is known by its due has been read.
            if coming is not None and coming <= end and (due is None or coming <= due):
                *_, event = heapq.heappop(self._queue)
                self._hear(event, coming)
            elif first is not None and due is not None and due <= end:
                first.wake_at = None
                self._published(first, first.step(Woken(due), due), due)
            else:
                self._look(hour, end)
                return
        raise AssertionError(f"more than {MAX_STEPS} steps until {end}")

    def _look(self, hour: int, now: datetime) -> None:
        case = self._claims.state
        self.run.entitled[hour] = case.entitled if case is not None else 0
        owes = entitlement(case, now) if case is not None else None
        best = [key_of(each) for each in owes.best] if owes is not None else []
        names = {None: REMAINDER, WHOLE: ORDER}
        paying = {names.get(key, str(key)): owes.benefits[key] for key in best if owes is not None}
        self.run.units[hour] = {name: minor for name, minor in paying.items() if minor}

    def _add(self, known: datetime, event: Event) -> None:
        """Of what becomes known at one instant tracking's words come last, or first."""
        last = self._words_last and isinstance(event, DelayEvent)
        heapq.heappush(self._queue, (known, last, self._count, event))
        self._count += 1

    def _hear(self, event: Event, now: datetime) -> None:
        if isinstance(event, OrderRefunded) and event.provider_refund_ref == OURS:
            if not self._refunds:
                return
            event = event.model_copy(update={"provider_refund_ref": f"re-{self._refunds[-1]}"})
        ours = isinstance(event, DelayEvent | refunds.RefundResult)
        if not ours and not isinstance(event, disputes.DisputeEvent):
            self._published(self._tracking, self._tracking.step(event, now), now)
        self._published(self._claims, self._claims.step(event, now), now)

    def _published(self, by: Aggregate, events: Sequence[Event], now: datetime) -> None:
        for event in events:
            if by is self._tracking:
                if isinstance(event, DelayEvent):
                    self._add(now, event)
            elif isinstance(event, refunds.MoneyCommand):
                self.run.commanded.append((now, event.amount.minor))
                self.run.paid += event.amount.minor
                self._refunds.append(event.refund_id)
                self._add(now + PAID_AFTER, _paid(event, now + PAID_AFTER))
            elif isinstance(event, refunds.CancelRefund):
                pass  # too late: the payment system pays
            elif isinstance(event, RecoveryOpened):
                self.run.asked_back += event.amount.minor
            elif isinstance(event, ClaimReferred):
                self.run.referrals.append(event.reason)
            elif isinstance(event, ClaimApproved):
                follows = recompute(event.explanation)
                if follows != (event.entitled, event.amount):
                    said = f"{event.entitled.minor} in all and {event.amount.minor} now"
                    self.run.unexplained.append(f"{said}, of which {follows[0].minor} and {follows[1].minor} follow")


def _paid(command: refunds.MoneyCommand, now: datetime) -> Event:
    return refunds.RefundSucceeded(
        **KEY,
        occurred_at=now,
        refund_id=command.refund_id,
        attempt=command.attempt,
        version=1,
        provider_refund_ref=f"re-{command.refund_id}",
        amount=command.amount,
    )


def drive(case: Case, facts: Sequence[Fact], *, words_first: bool = False) -> Run:
    """Tell the case with its facts in this order: those known at the same instant come as they stand, and what tracking
    says at it behind them, or before those that are left."""
    driven = Drive(case, facts, words_first=words_first)
    for look in sorted(case.looks):
        driven.until(look)
    return driven.run
