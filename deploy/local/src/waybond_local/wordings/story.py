"""A story to try a wording on, as a file in JSON: an order, what happened on which day, and until when to look.

    {"order": {"total": "100.00", "currency": "USD", "origin": "CN", "destination": "BR", "promised_latest": 20},
     "steps": [{"day": 2, "booked": "A"}, {"day": 12, "scan": "PICKED_UP", "package": "A"}],
     "until": 90}

Days are counted from the order, which is placed on day 0; a step may say `at` which time of the day (UTC) it happened.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from waybond_contracts.disputes import DisputeOutcome, DisputeReason, DisputeSource, DisputeStage, ReturnCondition
from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.fields import MAX_LINES, MAX_PACKAGES, Code, Id, Positive, Text
from waybond_contracts.money import Currency, Money
from waybond_contracts.orders import FxRate
from waybond_contracts.places import Country
from waybond_contracts.refer_when import SignalName, told_of
from waybond_contracts.shipments import HandedTo, ScanKind
from waybond_contracts.signals import MAX_FACTS, SubjectKind
from waybond_contracts.worded import MajorAmount, Strict

MAX_STORY_BYTES = 1_000_000
MAX_STORY_STEPS = 500
MAX_STORY_DAYS = 3_660
MAX_INTERVAL_HOURS = 72
FIRST_DAY = date(2026, 1, 1)
"""Of a story that does not say when the order was placed."""

Day = Annotated[int, Field(ge=0, le=MAX_STORY_DAYS, strict=True)]


class StoryLine(Strict):
    """A line of the order."""

    id: Id
    """Unique within the order; packages and refunds name it."""
    total: MajorAmount
    """What the buyer paid for it, in the order's currency."""
    quantity: Positive = 1
    """Units."""
    category: Code = ""
    """As the wording's exclusions name it."""


StoryLines = Annotated[tuple[StoryLine, ...], Field(min_length=1, max_length=MAX_LINES)]


class StoryRate(Strict):
    """One unit of `base` costs `rate` units of `quote`: between the order's currency and that of the wording."""

    base: Currency
    quote: Currency
    rate: Annotated[str, Field(max_length=32)]

    def fx_rate(self, as_of: datetime) -> FxRate:
        return FxRate(base=self.base, quote=self.quote, rate=self.rate, source="the story", as_of=as_of)

    @field_validator("rate")
    @classmethod
    def _is_rate(cls, rate: str) -> str:
        try:
            FxRate(base="USD", quote="EUR", rate=rate, source="-", as_of=datetime(2026, 1, 1, tzinfo=UTC))
        except ValidationError as error:
            raise ContractError("", contract_error(error).expected, rate) from None
        return rate


class StoryOrder(Strict):
    """The order, as it is placed on day 0."""

    total: MajorAmount
    """What the buyer paid for the order in all."""
    currency: Currency
    """Of all amounts of the story."""
    origin: Country
    """Where it is sent from."""
    destination: Country
    """Where it is sent to."""
    lines: StoryLines | None = None
    """What was bought; without it one line, called 1, for the whole total less shipping."""
    shipping: MajorAmount | None = None
    """The part of the total that is for shipping."""
    promised_latest: Day | None = None
    """By so many days after the order it is promised."""
    service: Code = ""
    """The service level that was sold."""
    exchange: StoryRate | None = None
    """Needed where the wording names another currency than the order's."""


class StorySignal(Strict):
    """A fact that signals tell of other orders."""

    fact: SignalName
    """What is counted."""
    of: SubjectKind
    """Of whose other orders."""
    value: Positive
    """How many."""

    @model_validator(mode="after")
    def _told(self) -> "StorySignal":
        kinds = told_of(self.fact)
        if self.of not in kinds:
            raise ContractError("of", f"one of {', '.join(kinds)}", self.of)
        return self


class Step(Strict):
    """Base: what happened on a day."""

    day: Day
    """After the order."""
    at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "00:00"
    """Time of the day, in hours and minutes after the time at which the order was placed."""
    known: Day | None = None
    """The day on which it became known, where that is later."""

    @property
    def after(self) -> timedelta:
        """How long after the order."""
        clock = time.fromisoformat(self.at)
        return timedelta(days=self.day, hours=clock.hour, minutes=clock.minute)

    @property
    def known_after(self) -> timedelta:
        return self.after if self.known is None else max(self.after, timedelta(days=self.known))


class Booked(Step):
    """A package was handed to, or announced at, a carrier."""

    booked: Id
    """The package."""
    lines: Annotated[dict[Id, Positive], Field(max_length=MAX_LINES)] = Field(default_factory=dict)
    """Units of each line that lie in it; none: an equal part of the order."""
    packages_in_order: Annotated[int, Field(ge=1, le=MAX_PACKAGES)] | None = None
    """In how many packages the order is shipped, where that is known."""
    promised_latest: Day | None = None
    """The package's own promise."""
    replaces: Id | None = None
    """The package whose goods are shipped again in this one."""
    returns: Id | None = None
    """It goes back to the seller: the id of the complaint whose goods are in it."""


class Scanned(Step):
    """The carrier reported something."""

    scan: ScanKind
    """What."""
    package: Id
    """Of which package."""
    handed_to: HandedTo | None = None
    """With DELIVERED: where it was left."""
    unsure_hours: Annotated[int, Field(ge=0, le=MAX_INTERVAL_HOURS)] = 0
    """So many hours later at the latest, where the zone of the carrier's clock is not known."""
    carrier_eta: Day | None = None
    """When the carrier now expects to deliver."""

    @property
    def known_after(self) -> timedelta:
        return max(super().known_after, self.after + timedelta(hours=self.unsure_hours))


class Checked(Step):
    """The carrier was asked, and knows no more than was told."""

    checked: Id
    """The package."""


class Disputed(Step):
    """A buyer complained or charged back."""

    dispute: DisputeReason
    """Why."""
    id: Id = "dispute"
    """Unique within the story."""
    source: DisputeSource = DisputeSource.BUYER
    """Who runs it."""
    stage: DisputeStage = DisputeStage.INQUIRY
    """How far it has gone."""
    package: Id | None = None
    """The package that it is about, where it is about one."""
    amount: MajorAmount | None = None
    """What is disputed."""


class Withdrawn(Step):
    """The buyer withdrew a dispute."""

    withdrawn: Id
    """Its id."""


class Resolved(Step):
    """A dispute was decided."""

    resolved: Id
    """Its id."""
    outcome: DisputeOutcome
    """Who won."""
    refunded: MajorAmount | None = None
    """What the buyer got by it."""


class Received(Step):
    """The seller says how goods came back."""

    received: ReturnCondition
    """How."""
    of: Id = "dispute"
    """The id of the complaint."""
    package: Id | None = None
    """The return package, where it is about one."""


class Amendment(Strict):
    """What is new of the order."""

    total: MajorAmount | None = None
    lines: StoryLines | None = None
    destination: Country | None = None

    @model_validator(mode="after")
    def _something(self) -> "Amendment":
        if self.total is None and self.lines is None and self.destination is None:
            raise ContractError("", "one of total, lines and destination")
        return self


class Amended(Step):
    """The order changed."""

    amend: Amendment
    """What of it."""


class Cancelled(Step):
    """The order was cancelled as a whole."""

    cancelled: Literal[True]
    """Always true."""


class Refunded(Step):
    """The platform itself gave money back."""

    refunded: MajorAmount
    """How much."""
    lines: Annotated[tuple[Id, ...], Field(max_length=MAX_LINES)] = ()
    """For all of these lines; none: for no goods in particular."""


class Promised(Step):
    """The buyer was promised another day."""

    promised: Day
    """The new latest day."""


class Decided(Step):
    """A person answers the question that waits for the longest time."""

    decide: Code
    """One of the choices that the question offers."""
    amount: MajorAmount | None = None
    """Where the choice needs one."""


AnyStep = (
    Booked
    | Scanned
    | Checked
    | Disputed
    | Withdrawn
    | Resolved
    | Received
    | Amended
    | Cancelled
    | Refunded
    | Promised
    | Decided
)
KINDS: Mapping[str, type[AnyStep]] = {
    "booked": Booked,
    "scan": Scanned,
    "checked": Checked,
    "dispute": Disputed,
    "withdrawn": Withdrawn,
    "resolved": Resolved,
    "received": Received,
    "amend": Amended,
    "cancelled": Cancelled,
    "refunded": Refunded,
    "promised": Promised,
    "decide": Decided,
}
"""The field by which a step is known."""


class Story(Strict):
    """The file."""

    note: Text = ""
    """For whoever reads the file."""
    start: date = FIRST_DAY
    """The day on which the order is placed, at 00:00 UTC."""
    order: StoryOrder
    """The order."""
    steps: tuple[AnyStep, ...] = ()
    """What happened, in any order of days; of one instant in the order of the file."""
    until: Day
    """The last day to look at, to its end."""
    signals: Annotated[tuple[StorySignal, ...], Field(max_length=MAX_FACTS)] = ()
    """What signals tell of other orders when somebody complains; none: nothing speaks for a look."""

    @field_validator("steps", mode="before")
    @classmethod
    def _steps(cls, given: object) -> tuple[AnyStep, ...]:
        if not isinstance(given, list):
            raise ContractError("", "an array of steps", given)
        if len(given) > MAX_STORY_STEPS:
            raise ContractError("", f"at most {MAX_STORY_STEPS} steps", len(given))
        return tuple(_step(index, each) for index, each in enumerate(given))

    @field_validator("start")
    @classmethod
    def _start(cls, start: date) -> date:
        if not 2000 < start.year <= 2080:
            raise ContractError("", "a date from 2001 to 2080", start.isoformat())
        return start

    @model_validator(mode="after")
    def _whole(self) -> "Story":
        disputes = Counter(each.id for each in self.steps if isinstance(each, Disputed))
        doubled = next((each for each, count in disputes.items() if count > 1), None)
        if doubled is not None:
            raise ContractError("steps", "an id of its own for each dispute", doubled)
        lines = {each.id for each in self.lines}
        lines |= {line.id for each in self.steps if isinstance(each, Amended) for line in each.amend.lines or ()}
        for index, each in enumerate(self.steps):
            where = f"steps.{index}"
            if each.known_after >= timedelta(days=self.until + 1):
                raise ContractError(f"{where}.day", f"a day up to `until`, which is {self.until}", each.day)
            if each.known is not None and each.known < each.day:
                raise ContractError(f"{where}.known", f"the step's day, which is {each.day}, or later", each.known)
            named = each.lines if isinstance(each, Booked | Refunded) else ()
            unknown = sorted(set(named) - lines)
            if unknown:
                raise ContractError(f"{where}.lines", f"lines of the order: {', '.join(sorted(lines))}", unknown[0])
            dispute = _named_dispute(each)
            if dispute is not None and dispute not in disputes:
                raise ContractError(where, "the id of a dispute of the story", dispute)
        return self

    @property
    def lines(self) -> tuple[StoryLine, ...]:
        """What was bought, of an order that names no lines too."""
        if self.order.lines is not None:
            return self.order.lines
        goods = self.money(self.order.total, "order.total")
        if self.order.shipping is not None:
            goods = goods.less(self.money(self.order.shipping, "order.shipping"))
        if goods.minor < 0:
            raise ContractError("order.shipping", f"no more than the total, {self.order.total}", self.order.shipping)
        return (StoryLine(id="1", total=f"{goods.amount:f}"),)

    def money(self, amount: str, field: str) -> Money:
        """An amount in the order's currency. Raises ContractError naming the field."""
        try:
            return Money.parse(amount, self.order.currency)
        except ContractError as error:
            raise ContractError(field, error.expected, amount) from None

    @property
    def placed_at(self) -> datetime:
        return datetime.combine(self.start, time(), UTC)

    def instant(self, day: int) -> datetime:
        """So many days after the order."""
        return self.placed_at + timedelta(days=day)


def read_story(path: Path) -> Story:
    """Read a story's file. Raises ContractError naming the field, or the line where it is no JSON, and OSError."""
    with path.open("rb") as file:
        body = file.read(MAX_STORY_BYTES + 1)
    if len(body) > MAX_STORY_BYTES:
        raise ContractError("story", f"a file of at most {MAX_STORY_BYTES} bytes", path.name)
    return parse_story(body)


def parse_story(body: bytes) -> Story:
    """Read a story. Raises ContractError naming the field, or the line where it is no JSON."""
    try:
        given = json.loads(body)
    except UnicodeDecodeError:
        raise ContractError("story", "JSON in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise ContractError("story", "JSON", str(error)) from None
    try:
        return Story.model_validate(given)
    except ValidationError as error:
        raise contract_error(error) from None


def _named_dispute(step: AnyStep) -> str | None:
    """The dispute that a step is about, but for the one that opens it."""
    match step:
        case Withdrawn():
            return step.withdrawn
        case Resolved():
            return step.resolved
        case Received():
            return step.of
        case Booked():
            return step.returns
        case _:
            return None


def _step(index: int, given: Any) -> AnyStep:
    where = f"{index}"
    if not isinstance(given, dict):
        raise ContractError(where, "an object", given)
    kinds = [name for name in KINDS if name in given]
    if "resolved" in kinds:  # what the buyer got by it is a field of it
        kinds = [name for name in kinds if name != "refunded"]
    if len(kinds) != 1:
        raise ContractError(where, f"exactly one of {', '.join(KINDS)}", ", ".join(kinds) or ", ".join(given))
    try:
        return KINDS[kinds[0]].model_validate(given)
    except ValidationError as error:
        wrong = contract_error(error)
        raise ContractError(f"{where}.{wrong.field}", wrong.expected, wrong.got) from None
