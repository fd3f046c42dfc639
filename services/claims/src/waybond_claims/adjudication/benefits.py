"""What a tier gives for a package: share or fixed sum, periods, bounds, deductible, limit; rounded once, half up."""

from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import View
from waybond_contracts.money import exponent_of, rounded
from waybond_contracts.wording import Amount, Deductible, Tier


class Amounts(Struct, frozen=True, gc=False):
    """How a benefit came about, in minor units of the order's currency."""

    basis: int
    benefit: int
    pays: str
    share: str | None = None
    fixed: int | None = None
    periods: int | None = None
    at_least: int | None = None
    at_most: int | None = None
    deductible_share: str | None = None
    deductible: int | None = None
    limit: int | None = None


class NoRateError(Exception):
    """The wording names a sum in a currency for which no rate was pinned."""


def amounts(view: View, rule: Rule, tier_index: int, *, unit: str | None, basis: int, periods: int | None) -> Amounts:
    """The benefit of a tier that is reached. Raises NoRateError."""
    tier = rule.clause.tiers[tier_index]
    share = rule.shares[tier_index]
    fixed = _sum(view, tier.amount)
    gross = basis * share if share is not None else Decimal(fixed or 0)
    if periods is not None:
        gross *= periods
    at_least, at_most = _sum(view, tier.at_least), _sum(view, tier.at_most)
    if at_least is not None:
        gross = max(gross, Decimal(at_least))
    if at_most is not None:
        gross = min(gross, Decimal(at_most))
    back_share, back = _deductible(view, rule.deductible, unit)
    net = max(gross - max(gross * Decimal(back_share or 0), Decimal(back or 0)), Decimal(0))
    limit = _sum(view, rule.clause.limit)
    if limit is not None:
        net = min(net, Decimal(limit))
    return Amounts(
        basis=basis,
        benefit=rounded(net),
        pays=tier.pays,
        share=tier.share,
        fixed=fixed,
        periods=periods,
        at_least=at_least,
        at_most=at_most,
        deductible_share=back_share,
        deductible=back,
        limit=limit,
    )


def started_periods(tier: Tier, due: datetime, until: datetime) -> int | None:
    """How many periods beyond `due` had begun by `until`, at least the one that began with it."""
    if not tier.per:
        return None
    return max(1, -((due - until) // tier.per)) if until > due else 1


def minor_of(view: View, amount: Amount) -> int:
    """A sum of the wording in minor units of the order's currency, at the rate pinned at bind. Raises NoRateError."""
    currency = view.order.currency
    exponent = exponent_of(currency)
    major = Decimal(amount.amount)
    if amount.currency in ("order", currency):
        return rounded(major.scaleb(exponent))
    for rate in view.policy.rates:
        if (rate.base, rate.quote) == (amount.currency, currency):
            return rounded((major * Decimal(rate.rate)).scaleb(exponent))
        if (rate.quote, rate.base) == (amount.currency, currency) and Decimal(rate.rate):
            return rounded((major / Decimal(rate.rate)).scaleb(exponent))
    raise NoRateError(f"no rate from {amount.currency} to {currency}")


def _sum(view: View, amount: Amount | None) -> int | None:
    return None if amount is None else minor_of(view, amount)


def _deductible(view: View, deductible: Deductible | None, unit: str | None) -> tuple[str | None, int | None]:
    if deductible is None:
        return None, None
    if deductible.categories:
        held = {line.category for line, _ in view.lines_in(unit)}
        if held.isdisjoint(deductible.categories):
            return None, None
    return deductible.share, _sum(view, deductible.amount)
