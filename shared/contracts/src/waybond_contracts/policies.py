"""Events of policies (topic `policies`), published by pricing."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from waybond_contracts.event import Event
from waybond_contracts.fields import (
    MAX_WATCHES,
    Code,
    Count,
    DecimalString,
    Id,
    Instant,
    Model,
    Positive,
    Text,
)
from waybond_contracts.money import Money
from waybond_contracts.orders import FxRate
from waybond_contracts.places import Lane
from waybond_contracts.topics import POLICIES
from waybond_contracts.watches import Watch
from waybond_contracts.wording import WordingDocument

MAX_FACTORS = 64
MAX_RATES = 16


class DeclineReason(StrEnum):
    """Why an order got no cover."""

    NOT_WANTED = "not_wanted"
    UNKNOWN_TENANT = "unknown_tenant"
    UNKNOWN_PRODUCT = "unknown_product"
    NOT_OFFERED = "not_offered"
    UNKNOWN_LANE = "unknown_lane"
    VALUE_OVER_LIMIT = "value_over_limit"
    NO_PROMISE = "no_promise"
    NO_EXCHANGE_RATE = "no_exchange_rate"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 (a reason, no secret)
    TOKEN_ALTERED = "token_altered"  # noqa: S105 (a reason, no secret)
    TOKEN_FOR_ANOTHER_ORDER = "token_for_another_order"  # noqa: S105 (a reason, no secret)
    PLACED_TOO_LONG_AGO = "placed_too_long_ago"
    ALREADY_ENDED = "already_ended"


class Factor(Model):
    """One step of the premium: what was looked up, what it did."""

    name: Code
    """The step (base, season, minimum, ...)."""
    key: Code
    """What was used to look it up, the parent group if there was too little data of its own."""
    value: DecimalString
    """The number that was found, as a decimal string."""
    result: Money | None = None
    """The premium after this step, where the step is one of money."""
    observations: Count | None = None
    """How many orders of the history it rests on."""
    credibility: DecimalString | None = None
    """The weight of its own data, 0 to 1; the rest is the parent group's."""
    source: Text = ""
    """Where the number comes from."""


class Premium(Model):
    """What the cover costs: `total` = `net` + `tax`."""

    total: Money
    """What is charged."""
    net: Money
    """Before tax."""
    tax: Money
    """Tax on it."""
    rating: Code
    """Name and version of the rating file."""
    factors: Annotated[tuple[Factor, ...], Field(fail_fast=True, max_length=MAX_FACTORS)]
    """Every step, in order."""


class PolicyEvent(Event):
    """Base of what happens to one policy; of the same policy the highest `version` wins."""

    policy_id: Id
    """The order's one policy."""
    version: Positive
    """Counts up from 1."""

    @property
    def business_key(self) -> str:
        return f"{self.policy_id}/{self.version}"


class PolicyIssued(PolicyEvent, topic=POLICIES):
    """Cover was bound. It attaches at `attached_at`, when the order became known, and ends at `ends_at`.

    The amounts are in the currency that the buyer paid; rates used are pinned in `rates`.
    """

    product: Code
    """The product's name."""
    product_version: Code
    """Its version."""
    wording: WordingDocument
    """The product's wording, whole, as it holds for this policy."""
    lane: Lane
    """Origin and destination."""
    attached_at: Instant
    """From when it covers."""
    ends_at: Instant
    """When cover ends."""
    basis: Money
    """What shares are taken of."""
    limit: Money
    """The most that is paid under the policy."""
    package_limit: Money | None = None
    """The most that is paid for one package."""
    premium: Premium
    """What it costs, with each step."""
    rates: Annotated[tuple[FxRate, ...], Field(fail_fast=True, max_length=MAX_RATES)] = ()
    """Exchange rates pinned on the day it was bound."""
    watches: Annotated[tuple[Watch, ...], Field(fail_fast=True, max_length=MAX_WATCHES)]
    """What tracking has to watch."""
    quoted: bool = False
    """Whether it was bound at the price of a quote."""


class PolicyDeclined(Event, topic=POLICIES):
    """The order got no cover, and why.

    After a PolicyIssued of the same order it says nothing: an order that is published again long after its policy ended
    is not known any more, and is declined."""

    reason: DeclineReason
    """Why."""
    detail: Text = ""
    """What exactly."""
    product: Code = ""
    """The product that was asked for."""

    @property
    def business_key(self) -> str:
        return "declined"


class PolicyAmended(PolicyEvent, topic=POLICIES):
    """The policy goes on under other amounts; all of them are given, changed or not."""

    basis: Money
    """What shares are taken of."""
    limit: Money
    """The most that is paid under the policy."""
    package_limit: Money | None = None
    """The most that is paid for one package."""
    premium: Premium
    """What it costs now."""
    ends_at: Instant
    """When cover ends now."""
    watches: Annotated[tuple[Watch, ...], Field(fail_fast=True, max_length=MAX_WATCHES)]
    """What tracking has to watch now."""
    reason: Code
    """What changed: order_amended, reinstated."""
    lane: Lane | None = None
    """Origin and destination now; none: those that the policy was issued for."""


class PolicyCancelled(PolicyEvent, topic=POLICIES):
    """Cover ended at `occurred_at`; what had happened before stays covered unless `from_start`."""

    reason: Code
    """Why: order_cancelled, order_refunded, or the DeclineReason that the amended order would have met."""
    from_start: bool = False
    """True: nothing was ever covered."""
    premium_returned: Money
    """What of the premium is given back."""
