"""What carriers and aggregators call things, in the canonical vocabulary; the tables are files beside this one."""

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files

from waybond_contracts.errors import ContractError
from waybond_contracts.shipments import HandedTo, ScanKind

PROVIDERS = ("17track", "aftership", "easypost", "epcis", "karrio", "shippo", "upu")
# Local clocks run from UTC-12 to UTC+14.
EARLIEST_ZONE = timedelta(hours=14)
LATEST_ZONE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class TextRule:
    """What a code means if the text beside it contains `contains` (in lower case)."""

    code: str
    contains: str
    kind: ScanKind


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One provider's codes. A reason says more than the code that it comes with, and the text more than both."""

    codes: dict[str, ScanKind]
    reasons: dict[str, ScanKind] = field(default_factory=dict)
    handed_to: dict[str, HandedTo] = field(default_factory=dict)
    text: tuple[TextRule, ...] = ()


def kind_of(provider: str, code: str, *, reason: str = "", text: str = "") -> ScanKind:
    """What the provider's code says; UNKNOWN for one that is not in its table (its raw code and text are kept).

    Raises ContractError for a provider without a table.
    """
    vocabulary = vocabulary_of(provider)
    for rule in vocabulary.text:
        if rule.code == code and rule.contains in text.lower():
            return rule.kind
    return vocabulary.reasons.get(reason) or vocabulary.codes.get(code, ScanKind.UNKNOWN)


def handed_to(provider: str, code: str) -> HandedTo | None:
    """Where the parcel was left, if the provider's code says so."""
    return vocabulary_of(provider).handed_to.get(code)


@cache
def vocabulary_of(provider: str) -> Vocabulary:
    """The provider's table. Raises ContractError if there is none."""
    if provider not in PROVIDERS:
        raise ContractError("provider", f"one of {', '.join(PROVIDERS)}", provider)
    table = tomllib.loads((files("waybond_tracking") / "vocabularies" / f"{provider}.toml").read_text("utf-8"))
    return Vocabulary(
        codes={code: ScanKind(kind) for code, kind in table["codes"].items()},
        reasons={reason: ScanKind(kind) for reason, kind in table.get("reasons", {}).items()},
        handed_to={code: HandedTo(hand) for code, hand in table.get("handed_to", {}).items()},
        text=tuple(TextRule(rule["code"], rule["contains"], ScanKind(rule["kind"])) for rule in table.get("text", ())),
    )


def interval(field_name: str, written: str) -> tuple[datetime, datetime]:
    """The earliest and the latest instant that a time in ISO 8601 can mean: they differ by 26 h if its zone is not
    written, since the carrier's clock may be in any. Raises ContractError."""
    try:
        instant = datetime.fromisoformat(written)
        if instant.tzinfo is not None:
            instant = instant.astimezone(UTC)
            return instant, instant
        as_utc = instant.replace(tzinfo=UTC)
        return as_utc - EARLIEST_ZONE, as_utc + LATEST_ZONE
    except (ValueError, TypeError, OverflowError):  # "0001-01-01T00:00:00" is how some say that there is no time
        raise ContractError(field_name, "a date and time in ISO 8601", written) from None
