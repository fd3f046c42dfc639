"""Signals' judgement, which is none: orders tell their subjects what happens, and are told what else is known."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from waybond_contracts.event import Event
from waybond_contracts.signals import (
    OrderObserved,
    PhotoObserved,
    SignalFact,
    SubjectAsked,
    SubjectTold,
)
from waybond_kit.aggregate import Outcome, Woken
from waybond_signals import orders, photos, subjects
from waybond_signals.state import BandState, OrderState, State, SubjectState

TICK = timedelta(microseconds=1)


def decide(state: State | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None) -> Outcome[State]:
    """The next step of one order, or of one buyer, address, card, seller or band of photos.

    Raises TypeError for a fact that is not for this kind of state, which the records' keys make impossible.
    """
    match fact, state:
        case Woken(), OrderState():
            return _ordered(state, fact, now, sent_at)
        case Woken(), SubjectState():
            return _kept(subjects.pruned(state, now))
        case Woken(), BandState():
            return _kept(photos.pruned(state, now))
        case OrderObserved(), SubjectState() | None:
            return _kept(subjects.observed(state, fact, now))
        case PhotoObserved(), BandState() | None:
            return _kept(photos.observed(state, fact, now))
        case SubjectAsked(), SubjectState():
            return _kept(state, (_told(fact, subjects.facts(state, fact.of_order, now), now),))
        case SubjectAsked(), BandState():
            found = photos.facts(state, fact.perceptual_hashes, fact.of_order, now)
            return _kept(state, (_told(fact, found, now),))
        case SubjectAsked(), None:
            return Outcome(None, (_told(fact, (), now),))
        case ((Woken() | SubjectTold()), None):
            return Outcome(None)
        case ((OrderObserved() | PhotoObserved() | SubjectAsked()), _):
            raise TypeError(f"{type(fact).__name__} is not for {type(state).__name__}")
        case Event(), OrderState() | None:
            return _ordered(state, fact, now, sent_at)
        case _:
            raise TypeError(f"{type(fact).__name__} is not for {type(state).__name__}")


def _ordered(state: OrderState | None, fact: Event | Woken, now: datetime, sent_at: datetime | None) -> Outcome[State]:
    if isinstance(fact, Woken):
        if state is None or now >= state.since + orders.KEPT:
            return Outcome(None)
        before = known = state
    else:
        before = state or OrderState(fact.tenant, fact.platform, fact.order_id, since=now)
        known = orders.learned(before, fact)
        if state is None and known is before:
            return Outcome(None)
    after, events = orders.followed(before, known, now, sent_at or now)
    wake_at = orders.wake_at(after)
    if isinstance(fact, Woken):
        wake_at = max(wake_at, now + TICK)
    return Outcome(after, tuple(events), wake_at, status=_status(after))


def _kept(state: SubjectState | BandState | None, events: Sequence[Event] = ()) -> Outcome[State]:
    match state:
        case SubjectState():
            return Outcome(state, tuple(events), subjects.kept_until(state), status=state.of.value)
        case BandState():
            return Outcome(state, tuple(events), photos.kept_until(state), status="photo")
        case None:
            return Outcome(None, tuple(events))


def _told(asked: SubjectAsked, facts: Sequence[SignalFact], now: datetime) -> SubjectTold:
    return SubjectTold(
        tenant=asked.tenant,
        platform=asked.platform,
        order_id=asked.order_id,
        occurred_at=now,
        of=asked.of,
        subject=asked.subject,
        round=asked.round,
        facts=tuple(facts),
    )


def _status(state: OrderState) -> str:
    """For people: seen, claimed, asking; `/dropped` after it says that something lay beyond a bound."""
    word = "asking" if state.asking is not None else "claimed" if state.disputes else "seen"
    return f"{word}/dropped" if state.dropped else word
