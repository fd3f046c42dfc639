"""What a tier gives for a unit: share or fixed sum, periods, bounds, deductible, limit; rounded once, half up.

Some of it is of the clause, not of a unit. A fixed deductible is taken once for all units to which the same happened at
the same instant: `with_deductible_shared` spreads it over them. The clause's limit is what it pays for all units
together; a benefit here is without it (see entitlement/clause_limits.py).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.units import Goods, spread
from waybond_claims.adjudication.view import View
from waybond_claims.case.order import Line
from waybond_contracts.money import exponent_of, rounded
from waybond_contracts.worded import Amount
from waybond_contracts.wording import Clause, Deductible, Tier


class Conversion(Struct, frozen=True, gc=False):
    """How a sum of the wording became one in the order's currency: multiplied with the rate, or divided by it."""

    what: str
    amount: str
    rate: str
    divided: bool


class Amounts(Struct, frozen=True, gc=False):
    """How a benefit came about, in minor units of the order's currency; sums by a rate are not rounded."""

    basis: int
    benefit: int
    pays: str
    share: str | None = None
    fixed: Decimal | None = None
    periods: int | None = None
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    deductible_share: str | None = None
    deductible: Decimal | None = None
    deductible_goods: int | None = None
    """The part of the basis that the deductible is of; None: all of it."""
    limit: Decimal | None = None
    converted: tuple[Conversion, ...] = ()


class NoRateError(Exception):
    """The wording names a sum in a currency for which no rate was pinned."""


def amounts(
    view: View,
    rule: Rule,
    tier_index: int,
    *,
    unit: str | None,
    basis: int,
    periods: int | None,
    out: Collection[str] = (),
) -> Amounts:
    """The benefit of a tier that is reached, as if no other unit had one and the clause no limit; `out`: lines that are
    not covered. Raises NoRateError."""
    tier, clause = rule.clause.tiers[tier_index], rule.clause
    deductible = rule.deductible
    goods = _goods(view.goods(rule, unit), deductible, basis, out) if deductible is not None else None
    if goods == 0:
        deductible = goods = None
    given: dict[str, Decimal] = {}
    converted: tuple[Conversion, ...] = ()
    if rule.has_sums or deductible is not None:
        given, converted = _sums(view, clause, tier, deductible)
    found = Amounts(
        basis=basis,
        benefit=0,
        pays=tier.pays,
        share=tier.share,
        fixed=given.get("fixed"),
        periods=periods,
        at_least=given.get("at_least"),
        at_most=given.get("at_most"),
        deductible_share=deductible.share if deductible is not None else None,
        deductible=given.get("deductible"),
        deductible_goods=goods,
        limit=given.get("limit"),
        converted=converted,
    )
    if unit in view.units.valueless:  # Goods that are shipped again are worth nothing a second time.
        left = tuple(each for each in found.converted if each.what not in ("fixed", "at_least"))
        return replace(found, fixed=Decimal(0) if found.fixed is not None else None, at_least=None, converted=left)
    return replace(found, benefit=rounded(_net(found, rule.shares[tier_index])))


def _sums(
    view: View, clause: Clause, tier: Tier, deductible: Deductible | None
) -> tuple[dict[str, Decimal], tuple[Conversion, ...]]:
    """The sums that the wording names, in the order's currency, and how those came about that are not whole."""
    sums = {
        "fixed": tier.amount,
        "at_least": tier.at_least,
        "at_most": tier.at_most,
        "deductible": deductible.amount if deductible is not None else None,
        "limit": clause.limit,
    }
    named = {what: amount for what, amount in sums.items() if amount is not None}
    given = {what: sum_of(view, amount) for what, amount in named.items()}
    fractions = [what for what, minor in given.items() if minor != minor.to_integral_value()]
    return given, tuple([_conversion(view, what, named[what]) for what in fractions])


def by_hand(view: View, rule: Rule, tier_index: int, basis: int, minor: int) -> Amounts:
    """What a person decided, as far as the unit's value allows."""
    limit = None
    if rule.clause.limit is not None and _rate_known(view, rule.clause.limit):
        limit = sum_of(view, rule.clause.limit)
    allowed = min(minor, basis)
    pays = rule.clause.tiers[tier_index].pays
    return Amounts(basis=basis, benefit=allowed, pays=pays, fixed=Decimal(allowed), limit=limit)


def by_credit(value: Amounts) -> Amounts:
    """The same, as a credit at the platform."""
    return replace(value, pays="credit")


def limited(value: Amounts, minor: int) -> Amounts:
    """The benefit with no more than this of the clause's limit."""
    if value.benefit <= minor:
        return value
    return replace(value, benefit=minor, limit=Decimal(minor), converted=_without(value, "limit"))


def with_deductible_shared(given: Sequence[Amounts], met_at: Sequence[datetime | None]) -> list[Amounts]:
    """The benefits of one clause for several units, by when each was met, with a fixed deductible once an instant."""
    found = list(given)
    for instant in dict.fromkeys(met_at):
        same = [i for i, at in enumerate(met_at) if at == instant and found[i].deductible is not None]
        same = [i for i in same if _touched(found[i], _gross(found[i]))]
        if len(same) > 1:
            _share_deductible(found, same)
    return found


def _share_deductible(found: list[Amounts], same: Sequence[int]) -> None:
    whole = max(rounded(found[i].deductible or Decimal(0)) for i in same)
    parts = spread(whole, [Fraction(_touched(found[i], _gross(found[i]))) for i in same])
    for i, part in zip(same, parts, strict=True):
        mine = replace(found[i], deductible=Decimal(part), converted=_without(found[i], "deductible"))
        found[i] = replace(mine, benefit=rounded(_net(mine, None)))


def _without(value: Amounts, what: str) -> tuple[Conversion, ...]:
    return tuple(each for each in value.converted if each.what != what)


def _gross(value: Amounts, share: Decimal | None = None) -> Decimal:
    """Before the deductible."""
    if value.fixed is not None:
        gross = value.fixed
    else:
        gross = value.basis * (share if share is not None else Decimal(value.share or 0))
    if value.periods is not None:
        gross *= value.periods
    if value.at_least is not None:
        gross = max(gross, value.at_least)
    return gross if value.at_most is None else min(gross, value.at_most)


def _touched(value: Amounts, gross: Decimal) -> Decimal:
    """The part of the benefit that the deductible is of."""
    return gross if value.deductible_goods is None else gross * value.deductible_goods / value.basis


def _net(value: Amounts, share: Decimal | None) -> Decimal:
    gross = _gross(value, share)
    if value.deductible_share is not None or value.deductible is not None:
        touched = _touched(value, gross)
        back = touched * Decimal(value.deductible_share or 0)
        gross -= min(touched, max(back, value.deductible or Decimal(0)))
    return gross


def started_periods(tier: Tier, due: datetime, until: datetime) -> int | None:
    """How many periods beyond `due` had begun by `until`, at least the one that began with it."""
    if not tier.per:
        return None
    return max(1, -((due - until) // tier.per)) if until > due else 1


def sum_of(view: View, amount: Amount) -> Decimal:
    """A sum of the wording in minor units of the order's currency, at the rate pinned at bind and not rounded. Raises
    NoRateError."""
    currency = view.order.currency
    exponent = exponent_of(currency)
    major = Decimal(amount.amount)
    if amount.currency in ("order", currency):
        return Decimal(rounded(major.scaleb(exponent)))
    rate, divided = _rate(view, amount)
    return (major / Decimal(rate) if divided else major * Decimal(rate)).scaleb(exponent)


def minor_of(view: View, amount: Amount) -> int:
    """The same, rounded half up."""
    return rounded(sum_of(view, amount))


def _rate(view: View, amount: Amount) -> tuple[str, bool]:
    """The rate, and whether a sum is divided by it since it is known the other way round."""
    currency = view.order.currency
    for rate in view.policy.rates:
        if (rate.base, rate.quote) == (amount.currency, currency):
            return rate.rate, False
        if (rate.quote, rate.base) == (amount.currency, currency) and Decimal(rate.rate):
            return rate.rate, True
    raise NoRateError(f"no rate from {amount.currency} to {currency}")


def _rate_known(view: View, amount: Amount) -> bool:
    known = {view.order.currency, "order"}.union(*((each.base, each.quote) for each in view.policy.rates))
    return amount.currency in known


def _conversion(view: View, what: str, amount: Amount) -> Conversion:
    return Conversion(what, amount.amount, *_rate(view, amount))


def _goods(held: Goods, deductible: Deductible, basis: int, out: Collection[str]) -> int | None:
    """The part of the basis that is for goods of the deductible's categories; None: all of it."""
    if not deductible.categories:
        return None
    covered = [(line, count) for line, count in held if line.line_id not in out]
    touched = [(line, count) for line, count in covered if line.category in deductible.categories]
    if len(touched) == len(covered):
        return None if touched else 0
    part, whole = _worth(touched), _worth(covered)
    return int(basis * part / whole + Fraction(1, 2)) if whole else 0


def _worth(goods: Sequence[tuple[Line, int]]) -> Fraction:
    return sum((Fraction(line.minor * count, line.quantity) for line, count in goods), Fraction(0))
