"""What an order may have: why a product refuses it, or the amounts, the premium and the watches that it gets."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Context, Decimal, localcontext

from waybond_contracts.business_days import calendar_of
from waybond_contracts.errors import ContractError
from waybond_contracts.money import Money, exponent_of, rounded
from waybond_contracts.orders import FxRate
from waybond_contracts.places import Lane
from waybond_contracts.policies import DeclineReason, Factor, Premium
from waybond_contracts.watches import Watch, compile_watches
from waybond_contracts.worded import Amount
from waybond_contracts.wording import Cover
from waybond_pricing.catalogue import Product
from waybond_pricing.rating import Risk, Season, rate, season_of

ARITHMETIC = Context(prec=40)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an order, quoted or placed; `items` and `shipping` are parts of `total`, in its currency."""

    total: Money
    items: Money
    shipping: Money
    lane: Lane
    service: str
    placed_on: date
    promise_latest: datetime | None
    exchange: FxRate | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the product does not take the order; `product` is the name or key of the one that was meant."""

    reason: DeclineReason
    detail: str
    product: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the order gets; amounts in its own currency."""

    basis: Money
    limit: Money
    package_limit: Money | None
    premium: Premium
    watches: tuple[Watch, ...]


def refusal(product: Product, facts: Facts) -> Refusal | None:
    """The first reason for which the product does not take the order, or None."""
    terms, lane = product.terms, facts.lane
    sold = any(map(lane.matches, terms.lanes)) and not any(map(lane.matches, terms.lanes_except))
    if not sold or not product.wording.clauses_on(lane):
        return Refusal(DeclineReason.UNKNOWN_LANE, f"{product.key} is not sold on the lane {lane}", product.key)
    if terms.needs_promise and facts.promise_latest is None:
        return Refusal(DeclineReason.NO_PROMISE, f"{product.key} needs a promised delivery date", product.key)
    unknown = _days_unknown(product, facts)
    if unknown is not None:
        return unknown
    currency = facts.total.currency
    for other in sorted(product.currencies):
        if per_unit(other, currency, facts.exchange) is None:
            detail = f"{product.key} names {other}: an order in {currency} needs an exchange rate between them"
            return Refusal(DeclineReason.NO_EXCHANGE_RATE, detail, product.key)
    off = _rate_off(product, facts)
    if off is not None:
        return off
    if facts.total.minor <= 0:
        detail = f"there is nothing to insure: the order's total is {facts.total}"
        return Refusal(DeclineReason.NOT_OFFERED, detail, product.key)
    beyond = _beyond(product, facts)
    if beyond is not None:
        return beyond
    if terms.max_order_value is not None:
        most = in_currency(terms.max_order_value, currency, facts.exchange)
        if facts.total.minor > most.minor:
            detail = f"{product.key} takes orders up to {most}, not {facts.total}"
            return Refusal(DeclineReason.VALUE_OVER_LIMIT, detail, product.key)
    return None


def _days_unknown(product: Product, facts: Facts) -> Refusal | None:
    """A calendar that does not reach as far as the policy: nobody knows the holidays of its last days yet."""
    wording = product.wording
    for clause in wording.clauses_on(facts.lane):
        for each in clause.business_days:
            calendar = calendar_of(wording.calendar, each)
            # A day at either end: the calendar's zone may have another date than the order's.
            needed = facts.placed_on + wording.cover.period + calendar.longest(each.days) + timedelta(days=1)
            if calendar.first < facts.placed_on and needed <= calendar.last:
                continue
            detail = (
                f"calendar {calendar.id} {calendar.version} of {product.key} knows the business days from "
                f"{calendar.first} to {calendar.last}: an order of {facts.placed_on} may need those until {needed}"
            )
            return Refusal(DeclineReason.NOT_OFFERED, detail, product.key)
    return None


def _rate_off(product: Product, facts: Facts) -> Refusal | None:
    """An exchange rate further from the product's reference rate than it allows.

    Scenario: a platform gives 0.72 CNY for a dollar instead of 7.2; limits and fixed sums would be a tenth of what the
    product promises.
    """
    known, within = facts.exchange, product.terms.rate_within
    if known is None or within is None:
        return None
    for reference in product.terms.reference_rates:
        if {reference.base, reference.quote} != {known.base, known.quote}:
            continue
        with localcontext(ARITHMETIC):
            # Both as whole of the reference: of a rate that is given the other way round the reciprocal is compared.
            same_way = reference.base == known.base
            given = Decimal(known.rate) if same_way else Decimal(1)
            expected = Decimal(reference.rate) * (1 if same_way else Decimal(known.rate))
            if abs(given - expected) > expected * Decimal(within):
                detail = (
                    f"settlement_rate: {known.base} to {known.quote} at {known.rate} is further than {within} of it "
                    f"from the reference rate, {reference.base} to {reference.quote} at {reference.rate}"
                )
                return Refusal(DeclineReason.NO_EXCHANGE_RATE, detail, product.key)
    return None


def _beyond(product: Product, facts: Facts) -> Refusal | None:
    """An amount that no Money holds: of the product at an absurd exchange rate, or of the order with the uplift."""
    currency, cover = facts.total.currency, product.wording.cover
    try:
        _limit(max(cover.limit_minor, cover.package_limit_minor or 0), cover, currency, facts.exchange)
        if product.terms.max_order_value is not None:
            in_currency(product.terms.max_order_value, currency, facts.exchange)
    except ContractError:
        known = facts.exchange
        rate = f"{known.base} to {known.quote} at {known.rate}" if known else f"{currency} alone"
        detail = f"settlement_rate: the amounts of {product.key} are beyond what can be counted in {currency} ({rate})"
        return Refusal(DeclineReason.NO_EXCHANGE_RATE, detail, product.key)
    try:
        basis_of(product, facts)
    except ContractError as error:
        return Refusal(DeclineReason.VALUE_OVER_LIMIT, f"what is insured: {error}", product.key)
    return None


def terms_for(product: Product, facts: Facts) -> Terms:
    """Limits, premium and watches for an order that the product does not refuse."""
    cover, currency = product.wording.cover, facts.total.currency
    limit = _limit(cover.limit_minor, cover, currency, facts.exchange)
    basis = basis_of(product, facts)
    return Terms(
        basis=basis,
        limit=limit,
        package_limit=None
        if cover.package_limit_minor is None
        else _limit(cover.package_limit_minor, cover, currency, facts.exchange),
        premium=_premium(product, facts, insured=basis.at_most(limit)),
        watches=compile_watches(product.wording, facts.lane),
    )


def season_for(facts: Facts) -> Season:
    """The season by which the order is rated."""
    return season_of(_season_on(facts))


def _season_on(facts: Facts) -> date:
    return facts.promise_latest.date() if facts.promise_latest else facts.placed_on


def _premium(product: Product, facts: Facts, insured: Money) -> Premium:
    risk = Risk(
        lane=facts.lane,
        service=facts.service,
        season_on=_season_on(facts),
        value=facts.total,
        insured=insured,
        per_unit=per_unit(product.rating.currency, facts.total.currency, facts.exchange),
    )
    return rate(product.rating, risk)


def at_quoted_price(premium: Premium, quoted: Money) -> Premium:
    """The premium with the total that was quoted; where it differs from the rated one, the factors say so."""
    if quoted.minor == premium.total.minor:
        return premium
    with localcontext(ARITHMETIC):
        net_share = Decimal(premium.net.minor) / premium.total.minor if premium.total.minor else Decimal(1)
        net = quoted.times(net_share)
    factor = Factor(
        name="quote", key=quoted.currency, value=f"{quoted.amount:f}", result=quoted, source="the price that was quoted"
    )
    return premium.model_copy(
        update={"total": quoted, "net": net, "tax": quoted.less(net), "factors": (*premium.factors, factor)}
    )


def unearned(premium: Money, attached_at: datetime, ends_at: datetime, at: datetime) -> Money:
    """The part of the premium for the time after `at`, in proportion, rounded half up."""
    whole = (ends_at - attached_at).total_seconds()
    left = min(max((ends_at - at).total_seconds(), 0), whole)
    with localcontext(ARITHMETIC):
        return premium.times(Decimal(int(left)) / int(whole)) if whole >= 1 else premium.zero()


def per_unit(base: str, quote: str, known: FxRate | None) -> Decimal | None:
    """What one unit of `base` costs in `quote` at the one rate that is known; None where it does not say."""
    if base == quote:
        return Decimal(1)
    if known is not None and (known.base, known.quote) == (base, quote):
        return Decimal(known.rate)
    if known is not None and (known.base, known.quote) == (quote, base):
        with localcontext(ARITHMETIC):
            return 1 / Decimal(known.rate)
    return None


def in_currency(amount: Amount, currency: str, known: FxRate | None) -> Money:
    """A sum of the wording in the order's currency, rounded half up. Raises ValueError without a rate between them."""
    base = currency if amount.currency == "order" else amount.currency
    rate_used = per_unit(base, currency, known)
    if rate_used is None:
        raise ValueError(f"no exchange rate between {base} and {currency}")
    with localcontext(ARITHMETIC):
        return Money.of(rounded((Decimal(amount.amount) * rate_used).scaleb(exponent_of(currency))), currency)


def _limit(minor: int, cover: Cover, currency: str, known: FxRate | None) -> Money:
    if cover.limit_currency == currency:
        return Money.of(minor, currency)
    amount = Money.of(minor, cover.limit_currency).amount
    return in_currency(Amount(amount=f"{amount:f}", currency=cover.limit_currency), currency, known)


def basis_of(product: Product, facts: Facts) -> Money:
    """What shares are taken of."""
    cover = product.wording.cover
    match cover.basis:
        case "order_total":
            basis = facts.total
        case "items":
            basis = facts.items
        case "items_and_shipping":
            basis = facts.items.plus(facts.shipping)
    return basis if cover.uplift is None else basis.times(1 + Decimal(cover.uplift))
