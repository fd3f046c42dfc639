"""docs/reference/products.md: every field of a product file in words, from the models."""

from collections.abc import Iterator, Mapping

from waybond_contracts.fields import MAX_DOCUMENT_CHARACTERS
from waybond_contracts.generate.reference import table, words
from waybond_contracts.generate.schemas import Schema, wording_schema
from waybond_contracts.wording import Clock

_PREFIX = "#/$defs/"
_HEAD = f"""\
# Product files

This page is generated from the models in `shared/contracts` by `make contracts`. The same is there as a JSON Schema,
`shared/contracts/schemas/wording.json`: an editor that knows it checks a file while it is written.

A product is one file in TOML, of at most {MAX_DOCUMENT_CHARACTERS:,} characters. It is the wording that decides
every claim, and under `[terms]` how it is sold. The products that come with Waybond lie in
`services/pricing/src/waybond_pricing/products/`; `tests/fixtures/wordings` has nine more, after wordings from the
field.

- **A new product, or a new version**: add `NAME-VERSION.toml` to that folder and deploy pricing. Then let tenants sell
  it: `waybond tenant set acme --product NAME`. A version in force is never changed: policies carry its text, and a
  tenant sells the version that was the newest when its settings were written.
- **Before it is sold**: `waybond wording check`, `diff` and `try` say what it says, what it changes, and what it
  decides; [wording.md](../wording.md) carries a product through them.
- **A field that is not below is refused**, so that a misspelt rule is not silently no rule.
- **Durations** are ISO 8601 (`P7D`, `PT72H`); a day is 24 hours. Decimal strings stand in quotes (`"0.10"`).
- **A clause that could never pay is refused** when pricing loads the file: one of the peril `chargeback`, which costs
  the seller, who cannot be paid yet; one whose clock is `delivered`; one that the delivery scan meets and an arrival
  undoes (`lost`, `returned`, and `not_received` without `trigger = "claim"`); a claim window that nothing starts.
- **What people claim** (`trigger = "claim"`) goes the way that `evidence`, `seller`, `remedies`, `offer`,
  `appeal`, `score` and `refer_when` say; without them a person decides each claim. See [claims](../claims.md).
- **A lane** is `*`, `international`, `domestic`, or origin and destination (`CN-BR`, `*-BR`). In a table by lane the
  closest one counts.
- **Business days** are counted by a calendar that stands in the file itself. `shared/contracts` has some to copy in
  (`waybond_contracts/calendars`); see [wording.md](../wording.md#business-days).

"""
_ORDER = (
    "Cover",
    "Clause",
    "Tier",
    "Condition",
    "ClaimWindow",
    "OtherClock",
    "OuterLimit",
    "BusinessDays",
    "Calendar",
    "Shift",
    "Evidence",
    "SellerTime",
    "Remedy",
    "FirstOffer",
    "AppealTime",
    "ReturnTerms",
    "Score",
    "ReferWhen",
    "Deductible",
    "Exclusion",
    "Terms",
    "ReferenceRate",
    "Authority",
    "Audit",
    "Shadow",
    "Amount",
)
_WORDS = ("Peril", "Scope", "DeliveredBy", "RemedyKind", "Weekday", "DeliveryFact", "SignalName", "SubjectKind")

CLOCKS: Mapping[Clock, str] = {
    Clock.ORDER: "the order was placed",
    Clock.PAYMENT: "it was paid (`OrderPlaced.payment.paid_at`)",
    Clock.FULFILMENT: "the package was booked (`ShipmentBooked`)",
    Clock.LABEL: "its label was made (a scan LABEL_CREATED, without one the booking)",
    Clock.FIRST_SCAN: "somebody first had it in hand",
    Clock.LAST_SCAN: "it was last heard of; each newer scan starts the clock anew",
    Clock.CARRIER_ETA: "the carrier expected to deliver it (`ShipmentScanned.carrier_eta`)",
    Clock.PROMISED_LATEST: "it was promised for: by the order, or its own booking (see `promise` of Cover)",
    Clock.DELIVERED: "it was delivered",
}
"""The instant that each clock starts at. Where a fact is known as an interval, its later end."""


def render() -> str:
    """The page."""
    schema = wording_schema()
    return "\n".join([_HEAD + _product(schema), *_parts(schema["$defs"]), *_clocks(), *_vocabulary(schema["$defs"])])


def _product(schema: Schema) -> str:
    return "## Product\n\nWhat stands at the top of the file.\n\n" + table(schema, _PREFIX)


def _parts(parts: dict[str, Schema]) -> Iterator[str]:
    for name in _ORDER:
        yield f"## {name}\n\n{parts[name]['description']}\n"
        yield table(parts[name], _PREFIX)


def _clocks() -> Iterator[str]:
    yield "## Clock\n\nWhat a duration is counted from.\n\n|Clock|It starts when|\n|---|---|"
    yield from (f"|`{clock}`|{CLOCKS[clock]}|" for clock in Clock)
    yield "\nWhere a fact is known as an interval, its later end counts."
    yield "What would fall due behind the end of cover is not paid.\n"


def _vocabulary(parts: dict[str, Schema]) -> Iterator[str]:
    for name in _WORDS:
        yield f"## {name}\n\n{parts[name]['description']}\n\n{words(parts[name]['enum'])}\n"
    yield "## ScanKind\n\nSee [events](events.md#scankind).\n"
    yield "## DocumentKind\n\nSee [events](events.md#documentkind).\n"
