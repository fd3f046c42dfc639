"""Rates a cover: a rating file and what is insured in, the premium and every factor that made it out."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.fields import Code, Count, DecimalString, Id, Share, Text
from waybond_contracts.money import Minor, Money, exponent_of, rounded
from waybond_contracts.places import Country, Lane
from waybond_contracts.policies import Factor, Premium
from waybond_contracts.worded import Strict

MAX_GROUPS = 5_000
MAX_BANDS = 32
SHOWN_DECIMALS = Decimal("0.000000000001")
"""Factors are shown and used with 12 decimals, so that the premium can be derived again from them alone."""
ARITHMETIC = Context(prec=40)
"""Own precision: the result must not depend on what a caller has set for its thread."""
ONE = Decimal(1)
ZERO = Decimal(0)

Rate = Annotated[DecimalString, Field(pattern=r"^[0-9]")]
"""A decimal string of zero or more."""


Season = Literal["Q1", "Q2", "Q3", "Q4"]


class Observed(Strict):
    """What the history of one group says: a rate (cost per unit insured) or a relativity, from so many shipments."""

    value: Rate
    observations: Count


class Band(Observed):
    """Orders worth up to `up_to_minor` (in the file's currency); the last band has no upper end."""

    up_to_minor: Minor | None = None


class Loading(Strict):
    """A share of the premium that pays for something other than benefits."""

    share: Share
    source: Text


class Assumption(Strict):
    """A cost per unit insured that the history cannot show, and where the figure comes from."""

    value: Rate
    source: Text


class Tax(Strict):
    """A tax on the premium, by destination."""

    name: Code
    rate: Share
    source: Text = ""


class Base(Strict):
    """Cost per unit insured: of all shipments, by region and destination, by lane."""

    all: Observed
    region: Annotated[dict[str, Observed], Field(max_length=MAX_GROUPS)] = Field(default_factory=dict)
    destination: Annotated[dict[Country, Observed], Field(max_length=MAX_GROUPS)] = Field(default_factory=dict)
    lane: Annotated[dict[str, Observed], Field(max_length=MAX_GROUPS)] = Field(default_factory=dict)


class Credibility(Strict):
    """k of Z = n / (n + k): how many observations of its own a group needs to count for half."""

    base: Rate
    service: Rate
    season: Rate
    value_band: Rate


class RatingFile(Strict):
    """All figures that make a premium; a version in force never changes. See `rate` for how they are used."""

    rating: Id
    """Name and version; also the file's name."""
    schema_version: Literal[1] = 1
    note: Text
    """Where the figures come from and what they are not, for whoever sees a premium."""
    source: Text
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """Of value bands, and of the minimum premium where the order's currency has none of its own."""
    base: Base
    credibility: Credibility
    service: Annotated[dict[str, Observed], Field(max_length=MAX_GROUPS)] = Field(default_factory=dict)
    season: Annotated[dict[Season, Observed], Field(max_length=4)] = Field(default_factory=dict)
    value_band: Annotated[tuple[Band, ...], Field(max_length=MAX_BANDS)] = ()
    balance: Rate = "1"
    """Makes the premiums of the fitted history add up to its cost, since factors are fitted one after the other."""
    assumption: Annotated[dict[str, Assumption], Field(max_length=8)] = Field(default_factory=dict)
    loading: Annotated[dict[str, Loading], Field(max_length=8)] = Field(default_factory=dict)
    minimum_minor: Annotated[dict[str, Minor], Field(min_length=1, max_length=64)]
    """Minimum premium by currency; that of `currency` is required."""
    regions: Annotated[dict[str, tuple[Country, ...]], Field(max_length=64)] = Field(default_factory=dict)
    tax: Annotated[dict[Country, Tax], Field(max_length=300)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _usable(self) -> "RatingFile":
        if self.currency not in self.minimum_minor:
            raise ValueError(f"minimum_minor: an amount for {self.currency} was expected")
        if sum((Decimal(loading.share) for loading in self.loading.values()), ZERO) >= ONE:
            raise ValueError("loading: shares that add up to less than 1 were expected")
        ends = [band.up_to_minor for band in self.value_band]
        closed = [end for end in ends[:-1] if end is not None]
        if ends and (ends[-1] is not None or len(closed) < len(ends) - 1 or closed != sorted(set(closed))):
            raise ValueError("value_band: rising up_to_minor, and none for the last band, were expected")
        unknown = sorted(set(self.base.region) - set(self.regions))
        if unknown:
            raise ValueError(f"base.region: names listed in regions were expected, not {', '.join(unknown)}")
        return self


@dataclass(frozen=True, slots=True)
class Risk:
    """What is to be rated. `insured` is the most that can be paid; `value` is the order's; both in one currency."""

    lane: Lane
    service: str
    season_on: date
    """The day by which season counts: of the latest promise, or where there is none, of the order."""
    value: Money
    insured: Money
    per_unit: Decimal | None = None
    """One unit of the file's currency in the order's; not needed where they are the same."""


@lru_cache(256)
def parse_rating(body: str) -> RatingFile:
    """Read a rating file (TOML). Raises ContractError naming the field."""
    try:
        return RatingFile.model_validate(tomllib.loads(body))
    except tomllib.TOMLDecodeError as error:
        raise ContractError("rating", "TOML", str(error)) from None
    except ValidationError as error:
        raise contract_error(error) from None


def season_of(day: date) -> Season:
    """The quarter of the year that the day lies in."""
    return ("Q1", "Q2", "Q3", "Q4")[(day.month - 1) // 3]


def rate(file: RatingFile, risk: Risk) -> Premium:
    """The premium of a risk, and the factors from which it can be derived again.

    Each group's own figure counts for Z = observations / (observations + k) and what stands above it for the rest
    (Buhlmann's credibility): a lane rests on its destination, that on its region, that on all shipments; a relativity
    rests on 1. So for every factor with a credibility: applied = Z x value + (1 - Z) x (the rate before it, or 1).

        cost per unit = base x service x season x value band x balance + assumptions
        net = max(insured x cost per unit / (1 - loadings), minimum)        total = min(net x (1 + tax), insured)

    Rounded half up to a minor unit at the end: `total` from the unrounded net, and `tax` is what `total` exceeds the
    rounded net by. A premium is never above what is insured (Scenario: a minimum of 0.50 for an order of 0.30). Raises
    ContractError where the order's currency has no minimum and no rate to the file's.
    """
    with localcontext(ARITHMETIC):
        factors: list[Factor] = []
        cost = _base(file, risk.lane, factors)
        cost *= _relativity("service", risk.service, file.service.get(risk.service), file.credibility.service, factors)
        season = season_of(risk.season_on)
        cost *= _relativity("season", season, file.season.get(season), file.credibility.season, factors)
        if file.value_band:
            key, band = _band(file, risk)
            cost *= _relativity("value_band", key, band, file.credibility.value_band, factors)
        factors.append(Factor(name="balance", key="", value=file.balance, source=file.source))
        cost *= Decimal(file.balance)
        for name, assumption in file.assumption.items():
            factors.append(Factor(name="assumption", key=name, value=assumption.value, source=assumption.source))
            cost += Decimal(assumption.value)
        return _premium(file, risk, cost, factors)


def _premium(file: RatingFile, risk: Risk, cost: Decimal, factors: list[Factor]) -> Premium:
    kept = ONE
    for name, loading in file.loading.items():
        factors.append(Factor(name="loading", key=name, value=loading.share, source=loading.source))
        kept -= Decimal(loading.share)
    net = risk.insured.minor * cost / kept
    minimum = _minimum(file, risk)
    if net < minimum:
        net = minimum
        low = risk.insured.with_minor(rounded(minimum))
        factors.append(Factor(name="minimum", key=low.currency, value=_shown(low.amount), result=low, source=file.note))
    tax = file.tax.get(risk.lane.destination)
    gross = net if tax is None else net * (ONE + Decimal(tax.rate))
    total, rounded_net = risk.insured.with_minor(rounded(gross)), risk.insured.with_minor(rounded(net))
    if tax is not None:
        source = tax.source or tax.name
        factors.append(Factor(name="tax", key=risk.lane.destination, value=tax.rate, result=total, source=source))
    if total.minor > risk.insured.minor:
        total, rounded_net = risk.insured, risk.insured.with_minor(rounded(risk.insured.minor * net / gross))
        source = "a premium is no more than what is insured"
        factors.append(
            Factor(name="insured", key=total.currency, value=_shown(total.amount), result=total, source=source)
        )
    return Premium(
        total=total, net=rounded_net, tax=total.less(rounded_net), rating=file.rating, factors=tuple(factors)
    )


def _base(file: RatingFile, lane: Lane, factors: list[Factor]) -> Decimal:
    """From all shipments down to the lane; a group without history says that its parent stands in."""
    base, parent = file.base, "all shipments"
    rate = Decimal(base.all.value)
    factors.append(Factor(name="base", key="*", value=base.all.value, observations=base.all.observations,
                          credibility="1", source=file.source))  # fmt: skip
    for key, own in _groups(file, lane):
        if own is None or not own.observations:
            source = f"no shipments of {key} in the history: the parent group ({parent}) is used"
            value = _shown(rate)
            factors.append(Factor(name="base", key=key, value=value, observations=0, credibility="0", source=source))
            continue
        z = _credibility(own, file.credibility.base)
        source = file.source if z == ONE else f"{file.source}; for the rest the parent group ({parent})"
        factors.append(Factor(name="base", key=key, value=own.value, observations=own.observations,
                              credibility=_shown(z), source=source))  # fmt: skip
        rate = z * Decimal(own.value) + (ONE - z) * rate
        parent = key
    return rate


def _groups(file: RatingFile, lane: Lane) -> Iterator[tuple[str, Observed | None]]:
    """What stands between all shipments and the lane, from wide to narrow, each with its own figure if there is one."""
    for region, countries in file.regions.items():
        if lane.destination in countries:
            yield region, file.base.region.get(region)
    yield f"*-{lane.destination}", file.base.destination.get(lane.destination)
    yield str(lane), file.base.lane.get(str(lane))


def _relativity(name: str, key: str, own: Observed | None, k: str, factors: list[Factor]) -> Decimal:
    if own is None or not own.observations:
        source = f"no shipments of this {name} in the history: neutral"
        factors.append(Factor(name=name, key=key, value="1", observations=0, credibility="0", source=source))
        return ONE
    z = _credibility(own, k)
    factors.append(Factor(name=name, key=key, value=own.value, observations=own.observations, credibility=_shown(z),
                          source="relativity to all shipments; for the rest 1"))  # fmt: skip
    return z * Decimal(own.value) + (ONE - z)


def _credibility(own: Observed, k: str) -> Decimal:
    return (own.observations / (own.observations + Decimal(k))).quantize(SHOWN_DECIMALS)


def _band(file: RatingFile, risk: Risk) -> tuple[str, Band]:
    """The first band whose end is not below the order's value, brought into the file's currency."""
    value = risk.value.amount
    if risk.value.currency != file.currency:
        value /= _per_unit(file, risk)
    minor = value.scaleb(exponent_of(file.currency))
    band = next(band for band in file.value_band if band.up_to_minor is None or minor <= band.up_to_minor)
    end = "above" if band.up_to_minor is None else f"up to {Money.of(band.up_to_minor, file.currency)}"
    return end, band


def _minimum(file: RatingFile, risk: Risk) -> Decimal:
    """In minor units of the order's currency, unrounded where it is converted."""
    own = file.minimum_minor.get(risk.insured.currency)
    if own is not None:
        return Decimal(own)
    in_file_currency = Money.of(file.minimum_minor[file.currency], file.currency).amount
    return (in_file_currency * _per_unit(file, risk)).scaleb(risk.insured.exponent)


def _per_unit(file: RatingFile, risk: Risk) -> Decimal:
    if risk.per_unit is None or risk.per_unit <= 0:
        raise ContractError("currency", f"{file.currency}, or an exchange rate to it", risk.value.currency)
    return risk.per_unit


def _shown(value: Decimal) -> str:
    """At most 12 decimals, no exponent, no trailing zeros."""
    text = f"{value.quantize(SHOWN_DECIMALS):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
