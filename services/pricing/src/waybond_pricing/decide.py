"""Binds, amends and ends the cover of one order: the pure function of pricing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID, uuid5

from msgspec.structs import replace

from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.policies import DeclineReason, PolicyAmended, PolicyCancelled, PolicyDeclined, PolicyIssued
from waybond_kit.aggregate import Outcome, Woken
from waybond_kit.signing import TokenError
from waybond_pricing.catalogue import CLOSED_KEPT, MAX_AHEAD, Catalogue, Product
from waybond_pricing.facts import amended_beyond, as_amended, as_placed, refunded_in_full, with_fact
from waybond_pricing.state import Order, Policy, Rate, State
from waybond_pricing.terms import (
    Facts,
    Refusal,
    Terms,
    at_quoted_price,
    basis_of,
    refusal,
    season_for,
    terms_for,
    unearned,
)
from waybond_pricing.tokens import Quote, QuoteKeys, expired, verify

POLICIES_OF_WAYBOND = UUID("5d1a3d2f-0c0b-5e0e-9a51-6a3f0a5ce7b1")
"""Namespace of policy ids."""
SETTINGS_RETRY = timedelta(seconds=5)
"""How long to wait for a younger snapshot of the tenants' settings."""
ORPHAN_KEPT = timedelta(days=30)
"""How long facts wait for the order that they are about."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the order asked for and may have; `quote` if it came with one."""

    product: Product
    quote: Quote | None


@dataclass(frozen=True, slots=True)
class Ending:
    """Why the policy is over, and what becomes of the premium."""

    reason: str
    premium: str


class About(TypedDict):
    """The fields that every event has."""

    tenant: str
    platform: str
    order_id: str
    occurred_at: datetime


def decide(
    catalogue: Catalogue, keys: QuoteKeys, state: State | None, fact: Event | Woken, now: datetime
) -> Outcome[State]:
    """Add the fact, conclude from all facts what cover the order has, publish what is new about it.

    Settings that hold when the order became known decide, whenever it is looked at: until the snapshot reaches that
    instant the order waits (S: a tenant's new default takes effect while a process still holds the old settings).
    """
    known = state if isinstance(fact, Woken) else with_fact(state, fact, now)
    if known is None or (isinstance(fact, Woken) and not _waits(known) and now >= _kept_until(known)):
        return Outcome(None)
    order = known.order
    if order is None:
        return Outcome(known, wake_at=_kept_until(known), status="no_order")
    if known.policy is not None:
        return _adjusted(catalogue, known, order, known.policy, now)
    if known.declined:
        return _outcome(known)
    if order.known_at > catalogue.complete_until:
        return Outcome(known, wake_at=now + SETTINGS_RETRY, status="waiting")
    return _bound(catalogue, keys, known, order, now)


def _bound(catalogue: Catalogue, keys: QuoteKeys, state: State, order: Order, now: datetime) -> Outcome[State]:
    """Decide once, by the order as it was placed; what was amended since then is applied on top of it."""
    offer = _offer(catalogue, keys, state, order)
    decided = replace(order, token=None)
    if isinstance(offer, Refusal):
        declined = PolicyDeclined(
            **_about(state, order.known_at),
            reason=offer.reason,
            detail=offer.detail,
            product=offer.product or order.product or "",
        )
        return _outcome(replace(state, order=decided, declined=offer.reason.value, closed_at=now), declined)
    decided = _at_quoted_rate(decided, offer.quote)
    issued = _issued(state, decided, offer)
    policy = _published(issued, offer.product, order.destination)
    return _adjusted(catalogue, replace(state, order=decided, policy=policy), decided, policy, now, issued)


def _offer(catalogue: Catalogue, keys: QuoteKeys, state: State, order: Order) -> Offer | Refusal:
    """The product that the order asked for, if the tenant sells it and it takes the order."""
    if not order.wanted:
        return Refusal(DeclineReason.NOT_WANTED, "cover was not wanted")
    settings = catalogue.settings_of(state.tenant, order.known_at)
    if settings is None or not settings.active:
        return Refusal(DeclineReason.UNKNOWN_TENANT, f"{state.tenant} is no tenant at {order.known_at.isoformat()}")
    quote = _quote(keys, state, order) if order.token is not None else None
    if isinstance(quote, Refusal):
        return quote
    order = _at_quoted_rate(order, quote)
    name = quote.product if quote else order.product or (settings.default_product or "").partition("@")[0]
    if not name:
        return Refusal(DeclineReason.NOT_OFFERED, f"no product was asked for, and {state.tenant} has no default one")
    offered = settings.offered(name)
    if offered is None:
        known = any(product.name == name for product in catalogue.products.values())
        reason = DeclineReason.NOT_OFFERED if known else DeclineReason.UNKNOWN_PRODUCT
        return Refusal(reason, f"{state.tenant} does not offer {name}", name)
    key = f"{name}@{quote.version}" if quote else offered
    product = catalogue.products.get(key)
    if product is None:
        return Refusal(DeclineReason.UNKNOWN_PRODUCT, f"there is no product {key}", key)
    refused = _untimely(state, order, product) or refusal(product, as_placed(order))
    refused = refused or _otherwise_insured(quote, product, order)
    return refused or Offer(product, quote)


def _quote(keys: QuoteKeys, state: State, order: Order) -> Quote | Refusal:
    """What the order's token promises, if it is ours, still holds, and was given for just this order."""
    try:
        quote = verify(order.token or "", keys)
    except TokenError as error:
        return Refusal(DeclineReason.TOKEN_ALTERED, str(error))
    told = {
        "tenant": (quote.tenant, state.tenant),
        "platform": (quote.platform, state.platform),
        "order_id": (quote.order_id, state.order_id),
        "total": (quote.value, order.total),
        "lane": (str(quote.lane), str(order.lane)),
        "product": (quote.product, order.product or quote.product),
        "service": (order.service if quote.service is None else quote.service, order.service),
    }
    if quote.season is not None and order.promise_latest is not None:
        told["season"] = (quote.season, season_for(as_placed(order)))
    for name, (its, mine) in told.items():
        if its != mine:
            return _for_another(name, its, mine)
    if expired(quote, order.known_at):
        detail = (
            f"the quote held until {quote.expires_at.isoformat()}; the order was known {order.known_at.isoformat()}"
        )
        return Refusal(DeclineReason.TOKEN_EXPIRED, detail)
    return quote


def _at_quoted_rate(order: Order, quote: Quote | None) -> Order:
    """Price and limit come from one exchange rate (S: quoted at 0.75 CNY for a dollar and ordered at 7.2, the limit
    would be ten times what was paid for)."""
    return order if quote is None or quote.exchange is None else replace(order, rate=Rate.of(quote.exchange))


def _otherwise_insured(quote: Quote | None, product: Product, order: Order) -> Refusal | None:
    """One total may be insured in another part (S: it is quoted as shipping and ordered as goods)."""
    basis = basis_of(product, as_placed(order))
    if quote is None or quote.basis is None or quote.basis == basis:
        return None
    return _for_another("basis", quote.basis, basis)


def _for_another(name: str, its: object, mine: object) -> Refusal:
    detail = f"{name}: quoted for {its or 'none'}, the order says {mine or 'none'}"
    return Refusal(DeclineReason.TOKEN_FOR_ANOTHER_ORDER, detail)


def _untimely(state: State, order: Order, product: Product) -> Refusal | None:
    if state.cancelled_at is not None:
        return Refusal(DeclineReason.ALREADY_ENDED, "the order was cancelled before it was known", product.key)
    detail = f"placed {order.placed_at.isoformat()}, known {order.known_at.isoformat()}"
    if order.placed_at > order.known_at + MAX_AHEAD:
        return Refusal(DeclineReason.NOT_OFFERED, f"dated ahead: {detail}", product.key)
    if order.known_at - order.placed_at > product.terms.bind_within:
        return Refusal(DeclineReason.PLACED_TOO_LONG_AGO, detail, product.key)
    return None


def _issued(state: State, order: Order, offer: Offer) -> PolicyIssued:
    product, facts = offer.product, as_placed(order)
    terms = terms_for(product, facts)
    premium = terms.premium if offer.quote is None else at_quoted_price(terms.premium, offer.quote.premium)
    order_key = f"{state.tenant}/{state.platform}/{state.order_id}"
    return PolicyIssued(
        **_about(state, order.known_at),
        policy_id=str(uuid5(POLICIES_OF_WAYBOND, f"{order_key}/{product.name}")),
        version=1,
        product=product.name,
        product_version=product.wording.version,
        wording=product.document,
        lane=facts.lane,
        attached_at=order.known_at,
        ends_at=order.placed_at + product.wording.cover.period,
        basis=terms.basis,
        limit=terms.limit,
        package_limit=terms.package_limit,
        premium=premium,
        rates=(facts.exchange,) if facts.exchange else (),
        watches=terms.watches,
        quoted=offer.quote is not None,
    )


def _published(issued: PolicyIssued, product: Product, destination: str) -> Policy:
    return Policy(
        policy_id=issued.policy_id,
        product=product.key,
        version=issued.version,
        ends_at=issued.ends_at,
        basis_minor=issued.basis.minor,
        premium_minor=issued.premium.total.minor,
        bound_premium_minor=issued.premium.total.minor,
        destination=destination,
        wording=product.document.body,
    )


def _adjusted(
    catalogue: Catalogue, state: State, order: Order, policy: Policy, now: datetime, *before: Event
) -> Outcome[State]:
    """Compare the policy that the facts give with the one that was published, and publish the difference."""
    product = catalogue.bound(policy.product, policy.wording)
    facts = as_amended(state, order)
    ending = _ending(state, order, product, facts)
    if ending is not None:
        return _ended(state, order, policy, ending, now, *before)
    if before and facts == as_placed(order):
        return _outcome(state, *before)  # it was bound on just these facts: to rate them again would give the same
    terms = _terms_now(product, order, policy, facts)
    same = (
        terms.basis.minor == policy.basis_minor
        and terms.premium.total.minor == policy.premium_minor
        and facts.lane.destination == policy.destination
    )
    if same and not policy.ended:
        return _outcome(state, *before)
    amended = PolicyAmended(
        **_about(state, now),
        policy_id=policy.policy_id,
        version=policy.version + 1,
        basis=terms.basis,
        limit=terms.limit,
        package_limit=terms.package_limit,
        premium=terms.premium,
        ends_at=policy.ends_at,
        watches=terms.watches,
        reason="reinstated" if policy.ended else "order_amended",
        lane=facts.lane,
    )
    policy = replace(
        policy,
        version=amended.version,
        basis_minor=terms.basis.minor,
        premium_minor=terms.premium.total.minor,
        destination=facts.lane.destination,
        ended="",
        returned_minor=0,
    )
    return _outcome(replace(state, policy=policy, closed_at=None), *before, amended)


def _terms_now(product: Product, order: Order, policy: Policy, facts: Facts) -> Terms:
    """Terms for the order as it stands; at the price it was bound at, unless it changed and the product rates again."""
    terms = terms_for(product, facts)
    if product.terms.on_amend == "rate_again" and facts != as_placed(order):
        return terms
    bound = terms.premium.total.with_minor(policy.bound_premium_minor)
    return Terms(
        basis=terms.basis,
        limit=terms.limit,
        package_limit=terms.package_limit,
        premium=at_quoted_price(terms.premium, bound),
        watches=terms.watches,
    )


def _ending(state: State, order: Order, product: Product, facts: Facts) -> Ending | None:
    """Why there is no cover any more, if so. An amendment may end it and a later one bring it back."""
    if state.cancelled_at is not None:
        return Ending("order_cancelled", product.terms.on_cancel)
    if refunded_in_full(state, facts):
        return Ending("order_refunded", product.terms.on_refund)
    refused = amended_beyond(state, order) or refusal(product, facts)
    return Ending(refused.reason.value, "refund_unearned") if refused else None


def _ended(state: State, order: Order, policy: Policy, ending: Ending, now: datetime, *before: Event) -> Outcome[State]:
    """Cover is over since the first ending. A further one gives another reason, and may void the cover or give back
    more; it neither prolongs cover nor takes back what was returned (S: an order over the limit is cancelled later).
    """
    if policy.ended == ending.reason:
        return _outcome(state, *before)
    ended_at = state.closed_at or now
    premium = Money.of(policy.premium_minor, order.currency)
    match ending.premium:
        case "refund_premium":
            returned = premium
        case "refund_unearned":
            returned = unearned(premium, order.known_at, policy.ends_at, ended_at)
        case _:
            returned = premium.zero()
    returned = returned.with_minor(max(returned.minor, policy.returned_minor))
    cancelled = PolicyCancelled(
        **_about(state, ended_at),
        policy_id=policy.policy_id,
        version=policy.version + 1,
        reason=ending.reason,
        from_start=ending.premium == "refund_premium",
        premium_returned=returned,
    )
    policy = replace(policy, version=cancelled.version, ended=ending.reason, returned_minor=returned.minor)
    return _outcome(replace(state, policy=policy, closed_at=ended_at), *before, cancelled)


def _outcome(state: State, *events: Event) -> Outcome[State]:
    policy = state.policy
    status = "declined" if policy is None else "ended" if policy.ended else "in_force"
    return Outcome(state, events, _kept_until(state), status=status)


def _kept_until(state: State) -> datetime:
    """When nothing more is expected and the state may go."""
    if state.closed_at is not None:
        return state.closed_at + CLOSED_KEPT
    if state.policy is not None:
        return state.policy.ends_at + CLOSED_KEPT
    return state.first_known_at + ORPHAN_KEPT


def _waits(state: State) -> bool:
    """Whether an order is still to be bound or declined: then it is never forgotten, however old the facts about it."""
    return state.order is not None and state.policy is None and not state.declined


def _about(state: State, occurred_at: datetime) -> About:
    return About(tenant=state.tenant, platform=state.platform, order_id=state.order_id, occurred_at=occurred_at)
