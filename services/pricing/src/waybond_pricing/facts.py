"""Adds a fact to what is known of an order, and tells the order as it stands with everything that was amended."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.money import Money, total
from waybond_contracts.orders import OrderAmended, OrderCancelled, OrderLine, OrderPlaced, OrderRefunded, PromiseChanged
from waybond_contracts.places import Lane
from waybond_contracts.policies import DeclineReason
from waybond_pricing.state import MAX_REFUNDS, AmendedAmount, AmendedPlace, Order, Rate, Refund, State
from waybond_pricing.terms import Facts, Refusal


def with_fact(state: State | None, fact: Event, now: datetime) -> State | None:
    """The facts with this one among them, in whatever order they come: of a fact told twice the first `known_at`
    counts, of revisions the highest, of two amounts under one id the larger.

    Raises ContractError for a fact that contradicts itself or is none of an order.
    """
    known = state or State(fact.tenant, fact.platform, fact.order_id, first_known_at=now)
    match fact:
        case PromiseChanged():
            # A changed promise moves the clocks of watches where the wording says so, which is for tracking to see;
            # what was bound, and at which price, does not change by it.
            return state
        case OrderPlaced():
            return known if known.order is not None else replace(known, order=_order(fact, now))
        case OrderAmended():
            return _amended(known, fact)
        case OrderCancelled():
            return known if known.cancelled_at is not None else replace(known, cancelled_at=now)
        case OrderRefunded():
            return _refunded(known, fact)
        case _:
            raise ContractError("type", "an event of an order", fact.event_type)


def _order(placed: OrderPlaced, now: datetime) -> Order:
    currency = placed.total.currency
    return Order(
        placed_at=placed.occurred_at,
        known_at=now,
        currency=currency,
        total_minor=placed.total.minor,
        items_minor=_items(placed.lines, currency).minor,
        shipping_minor=total([placed.shipping] if placed.shipping else [], currency).minor,
        origin=placed.origin,
        destination=placed.destination,
        service=placed.service,
        promise_latest=placed.promise.latest if placed.promise else None,
        rate=Rate.of(placed.settlement_rate),
        wanted=placed.cover.wanted,
        product=placed.cover.product,
        token=placed.cover.quote_token,
    )


def _amended(state: State, fact: OrderAmended) -> State:
    """Each field as the highest revision that gave it says."""
    if fact.total is not None:
        state = replace(state, total=_highest(state.total, fact.revision, fact.total))
    if fact.lines:
        items = _items(fact.lines, fact.lines[0].total.currency)
        state = replace(state, items=_highest(state.items, fact.revision, items))
    if fact.destination is not None:
        told, known = AmendedPlace(fact.revision, fact.destination), state.destination
        if known is None or (told.revision, told.country) > (known.revision, known.country):
            state = replace(state, destination=told)
    return state


def _items(lines: Sequence[OrderLine], currency: str) -> Money:
    try:
        return total((line.total for line in lines), currency)
    except ContractError as error:
        raise ContractError("lines.total", f"a sum of {error.expected}", error.got) from None


def _highest(known: AmendedAmount | None, revision: int, amount: Money) -> AmendedAmount:
    told = AmendedAmount(revision, amount.minor, amount.currency)
    return told if known is None or _rank(told) > _rank(known) else known


def _rank(amount: AmendedAmount) -> tuple[int, int, str]:
    """With the currency, so that it does not count which of two equal numbers came first."""
    return amount.revision, amount.minor, amount.currency


def _refunded(state: State, fact: OrderRefunded) -> State:
    known = state.refunds.get(fact.refund_ref)
    if known is None and len(state.refunds) >= MAX_REFUNDS:
        raise ContractError("refund_ref", f"at most {MAX_REFUNDS} refunds of one order", fact.refund_ref)
    told = Refund(fact.amount.minor, fact.amount.currency)
    if known is not None and (known.minor, known.currency) >= (told.minor, told.currency):
        return state
    return replace(state, refunds={**state.refunds, fact.refund_ref: told})


def as_placed(order: Order) -> Facts:
    """The order as it was placed."""
    return Facts(
        total=Money.of(order.total_minor, order.currency),
        items=Money.of(order.items_minor, order.currency),
        shipping=Money.of(order.shipping_minor, order.currency),
        lane=Lane(origin=order.origin, destination=order.destination),
        service=order.service,
        placed_on=order.placed_at.date(),
        promise_latest=order.promise_latest,
        exchange=order.rate.fx_rate() if order.rate else None,
    )


def as_amended(state: State, order: Order) -> Facts:
    """The order with everything that was amended; an amount in another currency than the order's is left out."""
    amended_total, amended_items = (
        a if a and a.currency == order.currency else None for a in (state.total, state.items)
    )
    return as_placed(
        replace(
            order,
            total_minor=amended_total.minor if amended_total else order.total_minor,
            items_minor=amended_items.minor if amended_items else order.items_minor,
            destination=state.destination.country if state.destination else order.destination,
        )
    )


def amended_beyond(state: State, order: Order) -> Refusal | None:
    """Why the amended order cannot be insured by any product: its amounts are in another currency than it was paid."""
    for amended in (state.total, state.items):
        if amended is not None and amended.currency != order.currency:
            detail = f"the order is in {order.currency}, its amendment in {amended.currency}"
            return Refusal(DeclineReason.NOT_OFFERED, detail)
    return None


def refunded_in_full(state: State, facts: Facts) -> bool:
    """Whether the platform gave all of it back; a refund in another currency than the order's does not count. The
    platform's word of a refund of ours counts here: by what it is told, pricing does not hear of (decision 82)."""
    currency = facts.total.currency
    given_back = sum(refund.minor for refund in state.refunds.values() if refund.currency == currency)
    return bool(state.refunds) and given_back >= facts.total.minor
