"""The wording of a product: a versioned file that an underwriter can read and that decides every claim."""

import hashlib
import tomllib
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from waybond_contracts._iso import EXPONENTS
from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.fields import (
    MAX_CLAUSES,
    MAX_DOCUMENT_CHARACTERS,
    Code,
    DecimalString,
    Duration,
    Id,
    Model,
    Segment,
    Sha256,
    Share,
    Text,
)
from waybond_contracts.places import Lane, LanePattern, precise
from waybond_contracts.shipments import ScanKind

MAX_TIERS = 16
MAX_CONDITIONS = 8
MAX_LANES = 300
PARSED_WORDINGS_KEPT = 256


class Peril(StrEnum):
    """What a clause covers."""

    LATE = "late"
    LOST = "lost"
    DAMAGED = "damaged"
    STALLED = "stalled"
    RETURNED = "returned"
    NOT_RECEIVED = "not_received"
    NOT_AS_DESCRIBED = "not_as_described"
    MISSING = "missing"
    COUNTERFEIT = "counterfeit"
    CHARGEBACK = "chargeback"


class Clock(StrEnum):
    """What a duration is counted from."""

    ORDER = "order"
    PAYMENT = "payment"
    FULFILMENT = "fulfilment"
    LABEL = "label"
    FIRST_SCAN = "first_scan"
    LAST_SCAN = "last_scan"
    CARRIER_ETA = "carrier_eta"
    PROMISED_LATEST = "promised_latest"
    DELIVERED = "delivered"


class Scope(StrEnum):
    """Whether a clause looks at each package alone or at the order, which is on time only if all packages are."""

    PACKAGE = "package"
    ORDER = "order"


class DeliveredBy(StrEnum):
    """What may count as delivery."""

    DOOR = "door"
    NEIGHBOUR = "neighbour"
    LOCKER = "locker"
    PICKUP_POINT = "pickup_point"
    READY_FOR_PICKUP = "ready_for_pickup"
    UNKNOWN = "unknown"


class Strict(Model):
    """A part of a wording. An unknown field is refused: a misspelt rule must not be silently no rule."""

    model_config = Model.model_config | {"extra": "forbid", "strict": False}


class Amount(Strict):
    """A sum in major units ("5", "7.50"), in the order's currency or another, converted at the rate pinned at bind."""

    amount: DecimalString
    currency: Annotated[str, Field(pattern=r"^([A-Z]{3}|order)$")] = "order"

    @model_validator(mode="after")
    def _known(self) -> "Amount":
        if self.currency != "order" and self.currency not in EXPONENTS:
            raise ValueError(f"an ISO 4217 currency code or `order` was expected, not {self.currency}")
        return self


class Deductible(Strict):
    """What stays with the insured; if both are given the larger one counts."""

    share: Share | None = None
    amount: Amount | None = None
    categories: Annotated[tuple[Code, ...], Field(max_length=64)] = ()
    """Only for goods of these categories; empty: for all."""


class Tier(Strict):
    """A step of a benefit. Tiers are cumulative: the highest that is reached is the whole benefit."""

    after: Duration | None = None
    after_by_lane: Annotated[dict[LanePattern, Duration], Field(max_length=MAX_LANES)] = Field(default_factory=dict)
    """Durations for lanes; the closest pattern wins, `after` is for the rest."""
    share: Share | None = None
    """Of the cover's basis."""
    amount: Amount | None = None
    per: Duration | None = None
    """The benefit is due once for each started period of this length beyond `after`, not once."""
    at_least: Amount | None = None
    at_most: Amount | None = None
    pays: Literal["refund", "credit"] = "refund"

    @model_validator(mode="after")
    def _one_benefit(self) -> "Tier":
        if (self.share is None) == (self.amount is None):
            raise ValueError("exactly one of share and amount was expected")
        return self

    def after_on(self, lane: Lane) -> Duration | None:
        return duration_on(lane, self.after, self.after_by_lane)


class Condition(Strict):
    """One way in which a peril is met: a scan, a clock that ran out, or a clock's silence."""

    scan: ScanKind | None = None
    clock: Clock | None = None
    after: Duration | None = None
    """The clock ran this long without delivery."""
    silent_for: Duration | None = None
    """Nothing was heard for this long since the clock (last_scan)."""
    after_by_lane: Annotated[dict[LanePattern, Duration], Field(max_length=MAX_LANES)] = Field(default_factory=dict)
    lanes: Annotated[tuple[LanePattern, ...], Field(max_length=MAX_LANES)] = ("*",)

    @property
    def timed(self) -> bool:
        return self.after is not None or self.silent_for is not None or bool(self.after_by_lane)

    @model_validator(mode="after")
    def _one_kind(self) -> "Condition":
        if (self.scan is None) == (self.clock is None):
            raise ValueError("exactly one of scan and clock was expected")
        if self.scan is not None and self.timed:
            raise ValueError("a scan meets the peril at once: no after, silent_for or after_by_lane was expected")
        if self.silent_for is not None and (self.after is not None or self.clock is not Clock.LAST_SCAN):
            raise ValueError("silent_for goes with the clock last_scan, and without after")
        return self

    def after_on(self, lane: Lane) -> Duration | None:
        return duration_on(lane, self.silent_for or self.after, self.after_by_lane)

    def on(self, lane: Lane) -> bool:
        return any(lane.matches(pattern) for pattern in self.lanes)


class ClaimWindow(Strict):
    """When a claim may be filed, counted from a clock."""

    clock: Clock
    opens: Duration | None = None
    opens_by_lane: Annotated[dict[LanePattern, Duration], Field(max_length=MAX_LANES)] = Field(default_factory=dict)
    closes: Duration | None = None
    closes_by_lane: Annotated[dict[LanePattern, Duration], Field(max_length=MAX_LANES)] = Field(default_factory=dict)


class Clause(Strict):
    """A peril, when it is met, and what it pays.

    Either `clock` with tiers that each carry an `after`, or `any_of` with conditions that carry their own.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]
    peril: Peril
    title: Annotated[dict[str, Text], Field(max_length=8)] = Field(default_factory=dict)
    clock: Clock | None = None
    any_of: Annotated[tuple[Condition, ...], Field(max_length=MAX_CONDITIONS)] = ()
    lanes: Annotated[tuple[LanePattern, ...], Field(min_length=1, max_length=MAX_LANES)] = ("*",)
    lanes_except: Annotated[tuple[LanePattern, ...], Field(max_length=MAX_LANES)] = ()
    scope: Scope = Scope.PACKAGE
    trigger: Literal["automatic", "claim"] = "automatic"
    """`claim`: pays only what somebody claims, within `claim_window`."""
    claim_window: ClaimWindow | None = None
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=MAX_TIERS)]
    deductible: Deductible | None = None
    limit: Amount | None = None
    late_arrival: Literal["keep", "offset", "return"] = "keep"
    """What becomes of the benefit when the parcel arrives after it was paid: the buyer keeps it; it counts towards
    later benefits of other clauses and nothing is asked back (offset); or it is asked back (return)."""
    delivered_by: Annotated[tuple[DeliveredBy, ...], Field(min_length=1)] | None = None
    """Instead of the cover's."""
    ask_carrier: bool = False
    """Silence counts only if the carrier, asked after the clock ran out, knows no more than we do."""
    answer_within: Duration | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Clause":
        timed = [tier.after is not None or bool(tier.after_by_lane) for tier in self.tiers]
        if self.trigger == "claim" and self.clock is None and not self.any_of:
            if any(timed):
                raise ValueError(f"clause {self.id}: a tier's after needs the clause's clock")
            return self
        if (self.clock is None) == (not self.any_of):
            raise ValueError(f"clause {self.id}: exactly one of clock and any_of was expected")
        if self.clock is not None and not all(timed):
            raise ValueError(f"clause {self.id}: every tier of a clause with a clock needs an after")
        if self.any_of and any(timed):
            raise ValueError(f"clause {self.id}: with any_of the conditions carry the durations, not the tiers")
        for condition in self.any_of:
            if condition.clock is not None and not condition.timed:
                raise ValueError(f"clause {self.id}: a condition with a clock needs after, silent_for or after_by_lane")
        if self.any_of and len(self.tiers) > 1:
            raise ValueError(f"clause {self.id}: with any_of there is one tier")
        return self

    def on(self, lane: Lane) -> bool:
        """Whether the clause covers this lane."""
        return any(map(lane.matches, self.lanes)) and not any(map(lane.matches, self.lanes_except))


class Exclusion(Strict):
    """What is not covered although a clause says so. All that is given must hold for it to exclude."""

    id: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]
    title: Annotated[dict[str, Text], Field(max_length=8)] = Field(default_factory=dict)
    perils: Annotated[tuple[Peril, ...], Field(max_length=16)] = ()
    """Empty: all perils."""
    lanes: Annotated[tuple[LanePattern, ...], Field(max_length=MAX_LANES)] = ()
    categories: Annotated[tuple[Code, ...], Field(max_length=64)] = ()
    value_above: Amount | None = None
    scans: Annotated[tuple[ScanKind, ...], Field(max_length=32)] = ()
    """Excludes if one of these was scanned on the package."""
    chargeback_open: bool = False
    refunded_by_platform: bool = False
    circumstance: Code = ""
    """Something that only a person or an outside source can establish (force_majeure, wrong_address)."""

    @model_validator(mode="after")
    def _says_something(self) -> "Exclusion":
        said = (self.lanes, self.categories, self.value_above, self.scans, self.circumstance)
        if not any(said) and not self.chargeback_open and not self.refunded_by_platform:
            raise ValueError(f"exclusion {self.id}: something that it excludes was expected")
        return self


class Cover(Strict):
    """What is insured, for how much, from when and for how long."""

    basis: Literal["order_total", "items", "items_and_shipping"] = "order_total"
    uplift: Share | None = None
    """Added to the basis, as a share of it (invoice and 10 %)."""
    limit_minor: Annotated[int, Field(gt=0)]
    limit_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    package_limit_minor: Annotated[int, Field(gt=0)] | None = None
    starts: Literal["bound", "first_scan"] = "bound"
    period: Duration
    """The policy ends this long after the order, or when the last clock that can still pay has run out, if earlier."""
    delivered_by: Annotated[tuple[DeliveredBy, ...], Field(min_length=1)] = (
        DeliveredBy.DOOR,
        DeliveredBy.NEIGHBOUR,
        DeliveredBy.LOCKER,
        DeliveredBy.PICKUP_POINT,
        DeliveredBy.UNKNOWN,
    )
    promise: Literal["as_bound", "as_amended"] = "as_bound"
    """Whether a promise that the platform changes later moves the clock promised_latest."""
    deductible: Deductible | None = None


class Terms(Strict):
    """What pricing needs to sell the product: who may have it, for how long after the order, at which rating file."""

    rating: Id
    """Name and version of the rating file."""
    bind_within: Duration
    """An order that is placed longer ago than this is declined."""
    lanes: Annotated[tuple[LanePattern, ...], Field(min_length=1, max_length=MAX_LANES)] = ("*",)
    lanes_except: Annotated[tuple[LanePattern, ...], Field(max_length=MAX_LANES)] = ()
    max_order_value: Amount | None = None
    needs_promise: bool = False
    on_cancel: Literal["refund_premium", "refund_unearned", "keep_premium"] = "refund_premium"
    on_refund: Literal["refund_unearned", "keep_premium"] = "keep_premium"
    on_amend: Literal["rate_again", "keep_premium"] = "rate_again"


class Wording(Strict):
    """A product's file, whole. A version in force never changes: a new one is written."""

    product: Segment
    version: Annotated[str, Field(pattern=r"^[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,4}$")]
    schema_version: Literal[1] = 1
    title: Annotated[dict[str, Text], Field(min_length=1, max_length=8)]
    note: Text = ""
    cover: Cover
    clause: Annotated[tuple[Clause, ...], Field(min_length=1, max_length=MAX_CLAUSES)]
    exclusion: Annotated[tuple[Exclusion, ...], Field(max_length=MAX_CLAUSES)] = ()
    terms: Terms | None = None

    @model_validator(mode="after")
    def _unique_ids(self) -> "Wording":
        ids = [clause.id for clause in self.clause] + [exclusion.id for exclusion in self.exclusion]
        doubled = sorted({name for name in ids if ids.count(name) > 1})
        if doubled:
            raise ValueError(f"ids were expected once each, doubled: {', '.join(doubled)}")
        return self

    def clauses_on(self, lane: Lane) -> tuple[Clause, ...]:
        return tuple(clause for clause in self.clause if clause.on(lane))


class WordingDocument(Model):
    """A wording as it travels: the file's own text, so that its SHA-256 means something."""

    sha256: Sha256
    body: Annotated[str, Field(max_length=MAX_DOCUMENT_CHARACTERS, pattern=r"^[^\x00]*$")]

    @model_validator(mode="after")
    def _whole(self) -> "WordingDocument":
        if digest(self.body) != self.sha256:
            raise ValueError("the SHA-256 of the body was expected")
        return self

    @classmethod
    def of(cls, body: str) -> "WordingDocument":
        return cls(sha256=digest(body), body=body)

    def parsed(self) -> Wording:
        """The wording. Raises ContractError."""
        return parse(self.body)


@lru_cache(PARSED_WORDINGS_KEPT)
def digest(body: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(body.encode()).hexdigest()


@lru_cache(PARSED_WORDINGS_KEPT)
def parse(body: str) -> Wording:
    """Read a wording file (TOML). Raises ContractError naming the field."""
    try:
        return Wording.model_validate(tomllib.loads(body))
    except tomllib.TOMLDecodeError as error:
        raise ContractError("wording", "TOML", str(error)) from None
    except ValidationError as error:
        raise contract_error(error) from None


def duration_on(lane: Lane, plain: Duration | None, by_lane: dict[str, Duration]) -> Duration | None:
    """The duration of the closest pattern that names the lane, else `plain`."""
    matching = [pattern for pattern in by_lane if lane.matches(pattern)]
    return by_lane[max(matching, key=precise)] if matching else plain
