"""An order's part: it tells its subjects what happens to it and, when somebody complains, asks what they know."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from msgspec.structs import replace

from waybond_contracts.delays import ShipmentHindered, ShipmentReturned
from waybond_contracts.disputes import ClaimFiled, DisputeOpened, Document, EvidenceSubmitted, Party
from waybond_contracts.event import Event
from waybond_contracts.orders import OrderPlaced
from waybond_contracts.refunds import RefundSucceeded
from waybond_contracts.shipments import ScanKind
from waybond_contracts.signals import (
    MAX_COMPLAINTS_NAMED,
    MAX_ORDERS_NAMED,
    MAX_PHOTOS,
    Happening,
    OrderObserved,
    PhotoObserved,
    SignalFact,
    SignalsTold,
    SubjectAsked,
    SubjectKind,
    SubjectTold,
    detailed,
)
from waybond_signals import photos
from waybond_signals.state import Asking, Fact, OrderState

KEPT = timedelta(days=400)
"""How long an order is known, from when it became known."""
ANSWER_WITHIN = timedelta(seconds=20)
"""Then the order is told what is known by then: whoever waits 30 seconds hears of it in time."""
MAX_ROUNDS = 32
UNDELIVERABLE = frozenset({ScanKind.ADDRESS_PROBLEM, ScanKind.UNCLAIMED})
CLAIMED, PAID = Happening.CLAIMED, Happening.PAID


def learned(state: OrderState, fact: Event) -> OrderState:
    """The state with the fact added; what is known already changes nothing."""
    match fact:
        case OrderPlaced() if not state.placed:
            return replace(_happened(state, Happening.ORDERED), placed=True, tokens=_tokens(fact))
        case DisputeOpened():
            return _complained(state, fact.dispute_id)
        case ClaimFiled(by=by):
            known = _complained(state, fact.dispute_id)
            return known if by is Party.SELLER else _with_photos(known, fact.documents)
        case EvidenceSubmitted(by=by) if by != Party.SELLER:
            return _with_photos(state, fact.details)
        case ShipmentReturned(standing=True):
            return _happened(state, Happening.RETURNED)
        case ShipmentHindered(standing=True, scan=scan, also=also):
            kinds = {each.kind for each in (*also, *((scan,) if scan else ()))}
            return _happened(state, Happening.UNDELIVERABLE) if kinds & UNDELIVERABLE else state
        case RefundSucceeded():
            return _happened(state, PAID)
        case SubjectTold():
            return _answered(state, fact)
        case _:
            return state


def followed(before: OrderState, state: OrderState, now: datetime, sent_at: datetime) -> tuple[OrderState, list[Event]]:
    """What the subjects are told and asked, and what is told of them; the state that knows it."""
    state, told = _tell_subjects(state, now)
    events: list[Event] = [*_tell_photos(before, state, now), *told]
    wanted = (len(state.tokens), len(state.photos), len(state.disputes))
    if state.disputes and wanted != state.asked_with and state.rounds < MAX_ROUNDS:
        state, asked = _ask(replace(state, asked_with=wanted), now, sent_at + ANSWER_WITHIN)
        events += asked
    asking = state.asking
    if asking is None or (asking.waiting and (asking.late or now < asking.answer_by)):
        return state, events
    state = replace(state, version=state.version + 1, asking=replace(asking, late=True) if asking.waiting else None)
    return state, [*events, _signals(state, asking, now)]


def wake_at(state: OrderState) -> datetime:
    """When time alone changes something."""
    asking = state.asking
    return state.since + KEPT if asking is None or asking.late else asking.answer_by


def digest(tenant: str, platform: str, of: SubjectKind, token: str) -> str:
    """What a token is called here. Two platforms' tokens are never taken for one: both may count their buyers."""
    return hashlib.blake2b("\0".join((tenant, platform, of.value, token)).encode(), digest_size=16).hexdigest()


def _tokens(fact: OrderPlaced) -> tuple[tuple[SubjectKind, str], ...]:
    named = (
        (SubjectKind.BUYER, fact.buyer_ref),
        (SubjectKind.ADDRESS, fact.address_token),
        (SubjectKind.CARD, fact.card_token),
        (SubjectKind.SELLER, fact.seller_ref),
    )
    return tuple((of, digest(fact.tenant, fact.platform, of, token)) for of, token in named if token)


def _happened(state: OrderState, what: Happening) -> OrderState:
    return state if what in state.happened else replace(state, happened=(*state.happened, what))


def _complained(state: OrderState, dispute_id: str) -> OrderState:
    known = _happened(state, CLAIMED)
    if dispute_id in known.disputes:
        return known
    if len(known.disputes) >= MAX_COMPLAINTS_NAMED:
        return replace(known, dropped=known.dropped + 1)
    return replace(known, disputes=(*known.disputes, dispute_id))


def _with_photos(state: OrderState, documents: Iterable[Document]) -> OrderState:
    hashes = (each.perceptual_hash for each in documents)
    new = [each for each in dict.fromkeys(hashes) if each and each not in state.photos and detailed(each)]
    room = MAX_PHOTOS - len(state.photos)
    if not new:
        return state
    return replace(state, photos=(*state.photos, *new[:room]), dropped=state.dropped + len(new[room:]))


def _tell_subjects(state: OrderState, now: datetime) -> tuple[OrderState, list[Event]]:
    """What happened, once it is known whose order it is. A payment counts for an order that was claimed: what clocks
    and scans pay by themselves nobody asked for."""
    due = [each for each in state.happened if each not in state.told and (each is not PAID or state.disputes)]
    if not state.placed or not due:
        return state, []
    tokens = dict(state.tokens)
    buyer, card = tokens.get(SubjectKind.BUYER), tokens.get(SubjectKind.CARD)
    events: list[Event] = [
        OrderObserved(**_order(state, now), of=of, subject=subject, what=what, buyer=buyer, card=card)
        for what in due
        for of, subject in state.tokens
    ]
    return replace(state, told=(*state.told, *due)), events


def _tell_photos(before: OrderState, state: OrderState, now: datetime) -> list[Event]:
    return [
        PhotoObserved(**_order(state, now), of=SubjectKind.PHOTO, subject=band, perceptual_hash=each)
        for each in state.photos[len(before.photos) :]
        for band in photos.bands(each)
    ]


def _ask(state: OrderState, now: datetime, answer_by: datetime) -> tuple[OrderState, list[Event]]:
    hashes: dict[str, tuple[str, ...]] = {}
    for each in state.photos:
        for band in photos.bands(each):
            hashes[band] = (*hashes.get(band, ()), each)
    number = state.rounds + 1
    subjects = (*state.tokens, *((SubjectKind.PHOTO, band) for band in hashes))
    events: list[Event] = [
        SubjectAsked(
            **_order(state, now), of=of, subject=subject, round=number, perceptual_hashes=hashes.get(subject, ())
        )
        for of, subject in subjects
    ]
    return replace(state, rounds=number, asking=Asking(number, now, answer_by, state.disputes, subjects)), events


def _answered(state: OrderState, fact: SubjectTold) -> OrderState:
    asking, subject = state.asking, (fact.of, fact.subject)
    if asking is None or fact.round != asking.round or subject not in asking.waiting:
        return state
    waiting = tuple(each for each in asking.waiting if each != subject)
    heard = tuple(Fact(each.of, each.fact, each.value, each.orders) for each in fact.facts)
    return replace(state, asking=replace(asking, waiting=waiting, facts=(*asking.facts, *heard)))


def _signals(state: OrderState, asking: Asking, now: datetime) -> SignalsTold:
    asked = {of for of, _ in state.tokens} | ({SubjectKind.PHOTO} if state.photos else set())
    silent = {of for of, _ in asking.waiting}
    return SignalsTold(
        **_order(state, now),
        version=state.version,
        disputes=asking.disputes,
        asked_at=asking.asked_at,
        facts=tuple(_merged(asking.facts)),
        unknown=tuple(each for each in SubjectKind if each not in asked or each in silent),
        late=tuple(each for each in SubjectKind if each in silent),
        photos=state.photos[: state.asked_with[1]],
    )


def _merged(facts: Sequence[Fact]) -> list[SignalFact]:
    """Each fact once: up to four bands tell of the same photo. One that is the same is not similar beside it."""
    same = set(chain.from_iterable(each.orders for each in facts if each.fact == "same_photo"))
    merged: dict[tuple[SubjectKind, str], SignalFact] = {}
    for each in facts:
        orders, value = each.orders, each.value
        if each.fact == "similar_photo":
            orders = tuple(order for order in orders if order not in same)
            value -= len(each.orders) - len(orders)
        before = merged.get((each.of, each.fact))
        if before is not None:
            orders = tuple(dict.fromkeys((*before.orders, *orders)))
            value = max(before.value, value, len(orders))
        if value:
            merged[each.of, each.fact] = SignalFact(
                of=each.of, fact=each.fact, value=value, orders=orders[:MAX_ORDERS_NAMED]
            )
    return list(merged.values())


def _order(state: OrderState, now: datetime) -> dict[str, Any]:
    return {"tenant": state.tenant, "platform": state.platform, "order_id": state.order_id, "occurred_at": now}
