"""Wordings as the oracle reads them, and their text as the product reads it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from waybond_contracts import wording as contract
from waybond_contracts.money import exponent_of

DAY = 24
INDEMNITY = {"lost", "damaged", "missing", "not_as_described", "counterfeit", "returned", "not_received"}


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of `base` costs `rate` units of `quote`."""

    base: str
    quote: str
    rate: str


@dataclass(frozen=True, slots=True)
class Sum:
    """A fixed amount in major units, in the order's currency or another."""

    amount: str
    currency: str = "order"

    def minor(self, currency: str, rates: tuple[Rate, ...]) -> Fraction:
        """In minor units of `currency`, unrounded; a rate that is known the other way round is divided by."""
        major = Fraction(self.amount)
        if self.currency not in ("order", currency):
            for each in rates:
                if (each.base, each.quote) == (self.currency, currency):
                    major = major * Fraction(each.rate)
                    break
                if (each.quote, each.base) == (self.currency, currency):
                    major = major / Fraction(each.rate)
                    break
            else:
                raise AssertionError(f"no rate between {self.currency} and {currency}")
        return major * 10 ** exponent_of(currency)


@dataclass(frozen=True, slots=True)
class Deductible:
    """What stays with the insured."""

    share: str | None = None
    amount: Sum | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of a benefit; `after` and `per` in days."""

    after: int | None = None
    share: str | None = None
    amount: Sum | None = None
    per: int | None = None
    at_least: Sum | None = None
    at_most: Sum | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a peril is met; durations in days."""

    scan: str | None = None
    clock: str | None = None
    after: int | None = None
    silent_for: int | None = None
    live_after: int | None = None
    """After how many different physical scans silence counts."""
    live_kinds: tuple[str, ...] = ()
    """One scan of these kinds is enough."""

    @property
    def scans_to_live(self) -> int | None:
        """After how many scans silence counts; None: no number of them is enough."""
        if self.live_after is not None:
            return self.live_after or (None if self.live_kinds else 0)
        return None if self.live_kinds else 2


@dataclass(frozen=True, slots=True)
class Clause:
    """A peril, how it is met, what it pays."""

    id: str
    peril: str
    tiers: tuple[Tier, ...]
    clock: str | None = None
    any_of: tuple[Way, ...] = ()
    lanes: tuple[str, ...] = ("*",)
    scope: str = "package"
    deductible: Deductible | None = None
    limit: Sum | None = None
    late_arrival: str = "keep"
    ask_carrier: bool = False
    """Silence and broken promises count only if the carrier, asked, knows no more."""
    unanswered: str = "refer"
    """If it does not answer within two days: `counts`, `not_met`, or `refer`: a person decides."""
    unanswered_up_to: Sum | None = None
    """With `counts`: up to this insured value."""

    @property
    def indemnity(self) -> bool:
        return self.peril in INDEMNITY


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What is not covered; all that is given must hold."""

    id: str
    perils: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    value_above: Sum | None = None
    scans: tuple[str, ...] = ()
    applies: str = "before_due"
    """`always`: also what happened after the benefit fell due."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A product's file."""

    clauses: tuple[Clause, ...]
    exclusions: tuple[Exclusion, ...] = ()
    uplift: str | None = None
    deductible: Deductible | None = None
    package_limit: int | None = None
    replacement: str = "makes_good"

    @property
    def text(self) -> str:
        """The file."""
        cover = {
            "basis": "order_total",
            "uplift": self.uplift,
            "limit_minor": 50_000,
            "limit_currency": "USD",
            "package_limit_minor": self.package_limit,
            "period": "P240D",
            "deductible": self.deductible and _deductible(self.deductible),
            "replacement": None if self.replacement == "makes_good" else self.replacement,
        }
        lines = ['product = "oracle"', 'version = "2026.11.1"', 'title = { en = "Oracle" }', f"cover = {_toml(cover)}"]
        for clause in self.clauses:
            lines.append("[[clause]]")
            lines += [f"{name} = {_toml(value)}" for name, value in _clause(clause).items() if value is not None]
        for exclusion in self.exclusions:
            lines.append("[[exclusion]]")
            lines += [f"{name} = {_toml(value)}" for name, value in _exclusion(exclusion).items() if value]
        return "\n".join(lines) + "\n"


def parsed(wording: Wording) -> contract.Wording:
    """As the product reads its text."""
    return contract.parse(wording.text)


def _sum(amount: Sum | None) -> dict[str, Any] | None:
    return None if amount is None else {"amount": amount.amount, "currency": amount.currency}


def _days(days: int | None) -> str | None:
    return None if days is None else f"P{days}D"


def _deductible(deductible: Deductible) -> dict[str, Any]:
    return {
        "share": deductible.share,
        "amount": _sum(deductible.amount),
        "categories": list(deductible.categories) or None,
    }


def _clause(clause: Clause) -> dict[str, Any]:
    tiers = [
        {
            "after": _days(tier.after),
            "share": tier.share,
            "amount": _sum(tier.amount),
            "per": _days(tier.per),
            "at_least": _sum(tier.at_least),
            "at_most": _sum(tier.at_most),
        }
        for tier in clause.tiers
    ]
    ways = [
        {
            "scan": way.scan,
            "clock": way.clock,
            "after": _days(way.after),
            "silent_for": _days(way.silent_for),
            "live_after": way.live_after,
            "live_kinds": list(way.live_kinds) or None,
        }
        for way in clause.any_of
    ]
    return {
        "id": clause.id,
        "peril": clause.peril,
        "clock": clause.clock,
        "any_of": ways or None,
        "lanes": list(clause.lanes),
        "scope": clause.scope,
        "tiers": tiers,
        "deductible": clause.deductible and _deductible(clause.deductible),
        "limit": _sum(clause.limit),
        "late_arrival": clause.late_arrival,
        "ask_carrier": True if clause.ask_carrier else None,
        "unanswered": None if clause.unanswered == "refer" else clause.unanswered,
        "unanswered_up_to": _sum(clause.unanswered_up_to),
    }


def _exclusion(exclusion: Exclusion) -> dict[str, Any]:
    return {
        "id": exclusion.id,
        "perils": list(exclusion.perils),
        "categories": list(exclusion.categories),
        "value_above": _sum(exclusion.value_above),
        "scans": list(exclusion.scans),
        "applies": None if exclusion.applies == "before_due" else exclusion.applies,
    }


def _toml(value: object) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{name} = {_toml(each)}" for name, each in value.items() if each is not None)
        return f"{{ {inside} }}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
