"""The wording of a product: a versioned file that an underwriter can read and that decides every claim."""

import hashlib
import tomllib
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from waybond_contracts.business_days import MAX_CALENDARS, BusinessDays, Calendar, check_calendars
from waybond_contracts.claimed import (
    MAX_NEEDS,
    AppealTime,
    Evidence,
    FirstOffer,
    Remedy,
    RemedyKind,
    SellerTime,
    check_remedies,
)
from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.fields import (
    MAX_CLAUSES,
    MAX_DOCUMENT_CHARACTERS,
    MAX_INTEGER,
    MAX_WATCHES,
    Code,
    Duration,
    Model,
    Segment,
    Sha256,
    Share,
    Text,
)
from waybond_contracts.money import Currency
from waybond_contracts.places import Lane, LanePattern, precise
from waybond_contracts.received import Score
from waybond_contracts.refer_when import MAX_REFER_WHEN, ReferWhen, check_refer_when
from waybond_contracts.sale import MAX_LANES, Audit, Authority, Shadow, Terms
from waybond_contracts.shipments import ScanKind
from waybond_contracts.windows import ClaimWindow as ClaimWindow  # noqa: PLC0414 (readers find it here)
from waybond_contracts.windows import Clock as Clock  # noqa: PLC0414 (readers find it here)
from waybond_contracts.worded import Amount, Strict

MAX_TIERS = 16
MAX_CONDITIONS = 8
MAX_WAYS = 8
MAX_LIVE_SCANS = 4
LIVE_AFTER = 2
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


PARAMETRIC = frozenset({Peril.LATE, Peril.STALLED})
"""What is paid for time lost; all other perils are made good, up to the goods' insured value."""


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


_GUIDED = ("evidence", "seller", "remedies", "offer", "appeal", "score", "refer_when")
"""The fields of a clause that say how a claim is decided."""

LimitMinor = Annotated[int, Field(ge=1, le=MAX_INTEGER, strict=True)]


class Deductible(Strict):
    """What stays with the insured; if both are given the larger one counts."""

    share: Share | None = None
    """Of the benefit of each package."""
    amount: Amount | None = None
    """A fixed sum: once for all packages to which the same happened at the same instant."""
    categories: Annotated[tuple[Code, ...], Field(max_length=64)] = ()
    """Only of the part of the benefit that is for goods of these categories; empty: of all."""


class Tier(Strict):
    """A step of a benefit. Tiers are cumulative: the highest that is reached is the whole benefit."""

    after: Duration | None = None
    """How long the clause's clock runs."""
    after_by_lane: Annotated[dict[LanePattern, Duration], Field(max_length=MAX_LANES)] = Field(default_factory=dict)
    """Durations for lanes; the closest pattern wins, `after` is for the rest."""
    share: Share | None = None
    """Of the cover's basis."""
    amount: Amount | None = None
    """A fixed sum."""
    per: Duration | None = None
    """The benefit is due once for each started period of this length beyond `after`, not once."""
    at_least: Amount | None = None
    """The benefit is not less."""
    at_most: Amount | None = None
    """The benefit is not more."""
    pays: Literal["refund", "credit"] = "refund"
    """Money back, or a credit at the platform."""

    @model_validator(mode="after")
    def _one_benefit(self) -> "Tier":
        if (self.share is None) == (self.amount is None):
            raise ContractError("", "exactly one of share and amount")
        return self

    def after_on(self, lane: Lane) -> Duration | None:
        return duration_on(lane, self.after, self.after_by_lane)


class Condition(Strict):
    """One way in which a peril is met: a scan, a clock that ran out, or a clock's silence."""

    scan: ScanKind | None = None
    """The peril is met by a scan of this kind."""
    clock: Clock | None = None
    """The peril is met by a clock that runs out."""
    after: Duration | None = None
    """The clock ran this long without delivery."""
    silent_for: Duration | None = None
    """Nothing was heard for this long since the clock (last_scan)."""
    live_after: Annotated[int, Field(ge=0, le=MAX_LIVE_SCANS)] | None = None
    """With silent_for: silence counts after physical scans at so many times (2, if live_kinds is not given either)."""
    live_kinds: Annotated[tuple[ScanKind, ...], Field(max_length=32)] = ()
    """With silent_for: one scan of these kinds makes a feed that speaks too."""
    after_by_lane: Annotated[dict[LanePattern, Duration], Field(max_length=MAX_LANES)] = Field(default_factory=dict)
    """Durations for lanes; the closest pattern wins."""
    lanes: Annotated[tuple[LanePattern, ...], Field(max_length=MAX_LANES)] = ("*",)
    """Where the condition counts."""

    @property
    def timed(self) -> bool:
        return self.after is not None or self.silent_for is not None or bool(self.after_by_lane)

    @model_validator(mode="after")
    def _one_kind(self) -> "Condition":
        if (self.scan is None) == (self.clock is None):
            raise ContractError("", "exactly one of scan and clock")
        if self.scan is not None and self.timed:
            raise ContractError("", "no after, silent_for or after_by_lane: a scan meets the peril at once")
        if self.silent_for is not None and (self.after is not None or self.clock is not Clock.LAST_SCAN):
            raise ContractError("", "silent_for with the clock last_scan and without after")
        if self.silent_for is None and (self.live_after is not None or self.live_kinds):
            raise ContractError("", "live_after and live_kinds only with silent_for: they say when silence counts")
        return self

    @property
    def scans_to_live(self) -> int:
        """After how many scans silence counts; 0 where it always does, or where a scan of live_kinds alone decides."""
        unsaid = self.live_after is None and self.silent_for is not None and not self.live_kinds
        return LIVE_AFTER if unsaid else self.live_after or 0

    def after_on(self, lane: Lane) -> Duration | None:
        return duration_on(lane, self.silent_for or self.after, self.after_by_lane)

    def on(self, lane: Lane) -> bool:
        return any(lane.matches(pattern) for pattern in self.lanes)


class Clause(Strict):
    """A peril, when it is met, and what it pays.

    Either `clock` with tiers that each carry an `after`, or `any_of` with conditions that carry their own.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]
    """Unique within the wording; decisions name it."""
    peril: Peril
    """What it covers."""
    title: Annotated[dict[str, Text], Field(max_length=8)] = Field(default_factory=dict)
    """By language."""
    clock: Clock | None = None
    """What the tiers' durations are counted from."""
    any_of: Annotated[tuple[Condition, ...], Field(max_length=MAX_CONDITIONS)] = ()
    """The ways in which the peril is met."""
    lanes: Annotated[tuple[LanePattern, ...], Field(min_length=1, max_length=MAX_LANES)] = ("*",)
    """Where it covers."""
    lanes_except: Annotated[tuple[LanePattern, ...], Field(max_length=MAX_LANES)] = ()
    """Where it does not."""
    scope: Scope = Scope.PACKAGE
    """Whether it looks at each package alone."""
    trigger: Literal["automatic", "claim"] = "automatic"
    """`claim`: pays only what somebody claims, within `claim_window`."""
    claim_window: ClaimWindow | None = None
    """When a claim may be filed."""
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=MAX_TIERS)]
    """What it pays, step by step."""
    deductible: Deductible | None = None
    """Instead of the cover's."""
    limit: Amount | None = None
    """The most that the clause pays in all, for all packages together."""
    late_arrival: Literal["keep", "offset", "return"] = "keep"
    """What becomes of the benefit of a loss, a return or a non-receipt when the parcel arrives after it was paid: the
    buyer keeps it; it counts towards later benefits of other clauses and nothing is asked back (offset); or it is asked
    back (return)."""
    delivered_by: Annotated[tuple[DeliveredBy, ...], Field(min_length=1, max_length=MAX_WAYS)] | None = None
    """Instead of the cover's."""
    ask_carrier: bool = False
    """Silence counts only if the carrier, asked after the clock ran out, knows no more than we do."""
    answer_within: Duration | None = None
    """How long the carrier may take to answer."""
    unanswered: Literal["counts", "not_met", "refer"] = "refer"
    """If it did not: silence counts, it does not, or a person decides."""
    unanswered_up_to: Amount | None = None
    """With `counts`: up to this insured value; above it a person decides."""
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=MAX_NEEDS)] = ()
    """What has to be handed in, all of it, before a claim is decided."""
    proven: Literal["pay", "refer"] = "refer"
    """What follows once the evidence is there and nobody contests it: it is paid by itself, or a person decides."""
    seller: SellerTime | None = None
    """The seller's time to answer a claim."""
    remedies: Annotated[tuple[Remedy, ...], Field(max_length=len(RemedyKind))] = ()
    """What can be paid or offered; without it the clause pays what its tiers say, and nothing is offered."""
    offer: FirstOffer | None = None
    """What is offered first."""
    appeal: AppealTime | None = None
    """Until when a decision can be appealed against."""
    score: Score | None = None
    """How what is known of a delivery is weighed, where the buyer says that it never came."""
    refer_when: Annotated[tuple[ReferWhen, ...], Field(max_length=MAX_REFER_WHEN)] = ()
    """What of other orders puts a claim before a person; each condition alone does."""

    @property
    def by_claim_alone(self) -> bool:
        """Whether neither a clock nor a scan meets it: what happened is what somebody claims."""
        return self.trigger == "claim" and self.clock is None and not self.any_of

    @property
    def business_days(self) -> tuple[BusinessDays, ...]:
        """What it counts in business days."""
        window = self.claim_window
        given = (window.opens_business, window.closes_business) if window is not None else ()
        return tuple([each for each in (*given, self.seller and self.seller.business) if each is not None])

    @property
    def guided(self) -> bool:
        """Whether the wording says more of a claim than that a person decides it."""
        return any(getattr(self, name) for name in _GUIDED)

    @model_validator(mode="after")
    def _claims(self) -> "Clause":
        if self.guided and self.trigger != "claim":
            field = next(name for name in _GUIDED if getattr(self, name))
            raise ContractError(field, f'trigger = "claim" in clause {self.id}: nobody files what is paid by itself')
        if self.proven == "pay" and not self.evidence:
            raise ContractError("proven", f"evidence in clause {self.id}: without it nothing is proven", self.proven)
        needs = [(each.of, frozenset(each.any_of), each.above, each.up_to) for each in self.evidence]
        if any(need in needs[:index] for index, need in enumerate(needs)):
            raise ContractError("evidence", f"each need once in clause {self.id}")
        if self.score is not None and (self.peril is not Peril.NOT_RECEIVED or self.proven == "pay"):
            raise ContractError(
                "score", f'peril = "not_received" without proven = "pay" in clause {self.id}', self.peril
            )
        check_refer_when(self.refer_when, self.id)
        check_remedies(self.remedies, self.offer, frozenset(tier.pays for tier in self.tiers), self.id)
        return self

    @model_validator(mode="after")
    def _answers(self) -> "Clause":
        if self.unanswered != "refer" and not self.ask_carrier:
            raise ContractError("unanswered", f"ask_carrier in clause {self.id}: without it nobody is asked")
        if self.unanswered_up_to and self.unanswered != "counts":
            raise ContractError("unanswered_up_to", f'unanswered = "counts" in clause {self.id}')
        return self

    @model_validator(mode="after")
    def _consistent(self) -> "Clause":
        timed = [tier.after is not None or bool(tier.after_by_lane) for tier in self.tiers]
        if self.by_claim_alone:
            if any(timed):
                raise ContractError("tiers", f"no after in a tier of clause {self.id}, which has no clock")
            return self
        if (self.clock is None) == (not self.any_of):
            raise ContractError("", f"exactly one of clock and any_of in clause {self.id}")
        if self.clock is not None and not all(timed):
            raise ContractError("tiers", f"an after in every tier of clause {self.id}, which has a clock")
        if self.any_of and any(timed):
            raise ContractError("tiers", f"no after in a tier of clause {self.id}: its conditions carry the durations")
        for condition in self.any_of:
            if condition.clock is not None and not condition.timed:
                raise ContractError(
                    "any_of", f"after, silent_for or after_by_lane beside each clock in clause {self.id}"
                )
        if self.any_of and len(self.tiers) > 1:
            raise ContractError("tiers", f"one tier in clause {self.id}, which has any_of")
        return self

    def on(self, lane: Lane) -> bool:
        """Whether the clause covers this lane."""
        return any(map(lane.matches, self.lanes)) and not any(map(lane.matches, self.lanes_except))


class Exclusion(Strict):
    """What is not covered although a clause says so. All that is given must hold for it to exclude."""

    id: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$")]
    """Unique within the wording; decisions name it."""
    title: Annotated[dict[str, Text], Field(max_length=8)] = Field(default_factory=dict)
    """By language."""
    perils: Annotated[tuple[Peril, ...], Field(max_length=16)] = ()
    """Empty: all perils."""
    lanes: Annotated[tuple[LanePattern, ...], Field(max_length=MAX_LANES)] = ()
    """On these lanes."""
    categories: Annotated[tuple[Code, ...], Field(max_length=64)] = ()
    """For goods of these categories."""
    value_above: Amount | None = None
    """For orders of a higher value."""
    scans: Annotated[tuple[ScanKind, ...], Field(max_length=32)] = ()
    """Excludes if one of these was scanned on the package."""
    chargeback_open: bool = False
    """While a chargeback is open: nothing is paid meanwhile, and what fell due is due when it has ended."""
    refunded_by_platform: bool = False
    """Once the platform has given back all that the goods were worth."""
    applies: Literal["before_due", "always"] = "before_due"
    """Whether it takes a benefit away only if it held when the benefit fell due, or whenever it comes to hold."""
    circumstance: Code = ""
    """Something that only a person or an outside source can establish (force_majeure, wrong_address)."""

    @model_validator(mode="after")
    def _says_something(self) -> "Exclusion":
        said = (self.lanes, self.categories, self.value_above, self.scans, self.circumstance)
        if not any(said) and not self.chargeback_open and not self.refunded_by_platform:
            raise ContractError("", f"something that exclusion {self.id} excludes")
        return self


class Cover(Strict):
    """What is insured, for how much, from when and for how long."""

    basis: Literal["order_total", "items", "items_and_shipping"] = "order_total"
    """What shares are taken of."""
    uplift: Share | None = None
    """Added to the basis, as a share of it (invoice and 10 %)."""
    limit_minor: LimitMinor
    """The most that a policy pays, in minor units of limit_currency."""
    limit_currency: Currency
    """Converted at the rate pinned on the day of binding."""
    package_limit_minor: LimitMinor | None = None
    """The most that is paid for one package."""
    starts: Literal["bound", "first_scan"] = "bound"
    """From when it covers: when the order became known, or when somebody first had the parcel in hand."""
    period: Duration
    """The policy ends this long after the order was placed."""
    delivered_by: Annotated[tuple[DeliveredBy, ...], Field(min_length=1, max_length=MAX_WAYS)] = (
        DeliveredBy.DOOR,
        DeliveredBy.NEIGHBOUR,
        DeliveredBy.LOCKER,
        DeliveredBy.PICKUP_POINT,
        DeliveredBy.UNKNOWN,
    )
    """What counts as delivery."""
    promise: Literal["as_bound", "as_amended"] = "as_bound"
    """Whether a promise that the platform changes later moves the clock promised_latest. A package that is booked with
    an earlier promise than was bound is held to it in both cases."""
    replacement: Literal["makes_good", "nothing"] = "makes_good"
    """Whether goods that are shipped again make good what became of the first package: their arrival counts as its
    arrival, or it is judged alone."""
    deductible: Deductible | None = None
    """Of every clause without one of its own."""


class Wording(Strict):
    """A product's file, whole. A version in force never changes: a new one is written."""

    product: Segment
    """The product's name."""
    version: Annotated[str, Field(pattern=r"^[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,4}$")]
    """Year, month and number."""
    schema_version: Literal[1] = 1
    """Of this schema."""
    title: Annotated[dict[str, Text], Field(min_length=1, max_length=8)]
    """By language."""
    note: Text = ""
    """For whoever reads the file."""
    cover: Cover
    """What is insured."""
    clause: Annotated[tuple[Clause, ...], Field(min_length=1, max_length=MAX_CLAUSES)]
    """What is paid for."""
    exclusion: Annotated[tuple[Exclusion, ...], Field(max_length=MAX_CLAUSES)] = ()
    """What is not."""
    terms: Terms | None = None
    """What pricing needs to sell it."""
    authority: Authority | None = None
    """How much people decide alone."""
    audit: Audit | None = None
    """Which decisions that no person made are looked at afterwards; without it none."""
    shadow: Shadow | None = None
    """Which wording is compared with this one; without it none."""
    calendar: Annotated[tuple[Calendar, ...], Field(max_length=MAX_CALENDARS)] = ()
    """The calendars by which its business days are counted."""

    @model_validator(mode="after")
    def _calendars(self) -> "Wording":
        check_calendars(self.calendar, ((clause.id, each) for clause in self.clause for each in clause.business_days))
        return self

    @model_validator(mode="after")
    def _bounded(self) -> "Wording":
        watches = sum((len(clause.any_of) or 1) * len(clause.tiers) for clause in self.clause)
        if watches > MAX_WATCHES:
            raise ContractError("clause", f"at most {MAX_WATCHES} conditions and tiers to watch in all", watches)
        return self

    @model_validator(mode="after")
    def _unique_ids(self) -> "Wording":
        ids = [clause.id for clause in self.clause] + [exclusion.id for exclusion in self.exclusion]
        doubled = sorted({name for name in ids if ids.count(name) > 1})
        if doubled:
            raise ContractError("clause", "each id of a clause or exclusion once", ", ".join(doubled))
        return self

    def clauses_on(self, lane: Lane) -> tuple[Clause, ...]:
        return tuple(clause for clause in self.clause if clause.on(lane))


_WITHOUT_NUL = r"^[^\x00]*$"
_P: dict[str, Any] = {"pattern": _WITHOUT_NUL}


def _without_nul(body: str) -> str:
    # As a pattern of the field it would take half the time that a document takes.
    if "\x00" in body:
        raise ContractError("", f"text of the form {_WITHOUT_NUL}", body)
    return body


class WordingDocument(Model):
    """A wording as it travels: the file's own text, so that its SHA-256 means something."""

    sha256: Sha256
    """Of the body in UTF-8, in hexadecimal."""
    body: Annotated[str, Field(max_length=MAX_DOCUMENT_CHARACTERS, json_schema_extra=_P), AfterValidator(_without_nul)]
    """The wording file's text (TOML)."""

    @model_validator(mode="after")
    def _whole(self) -> "WordingDocument":
        if digest(self.body) != self.sha256:
            raise ContractError("sha256", "the SHA-256 of the body", self.sha256)
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
    """Read a wording file (TOML) of at most MAX_DOCUMENT_CHARACTERS. Raises ContractError naming the field."""
    if len(body) > MAX_DOCUMENT_CHARACTERS:
        raise ContractError("wording", f"at most {MAX_DOCUMENT_CHARACTERS} characters", len(body))
    try:
        return Wording.model_validate(tomllib.loads(body))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ContractError("wording", "TOML", str(error)) from None
    except ValidationError as error:
        raise contract_error(error) from None


def duration_on(lane: Lane, plain: Duration | None, by_lane: dict[str, Duration]) -> Duration | None:
    """The duration of the closest pattern that names the lane, else `plain`."""
    matching = [pattern for pattern in by_lane if lane.matches(pattern)]
    return by_lane[max(matching, key=precise)] if matching else plain
