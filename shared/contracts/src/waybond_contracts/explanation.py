"""Why a claim was decided as it was: every clause looked at, the facts and clocks used, the amounts step by step."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from waybond_contracts.fields import (
    MAX_PACKAGES,
    MAX_STEPS,
    Code,
    Count,
    DecimalString,
    Id,
    Instant,
    Model,
    Positive,
    Rate,
    Sha256,
    Share,
)
from waybond_contracts.money import Money
from waybond_contracts.received import ScoreUsed
from waybond_contracts.refer_when import SignalsUsed
from waybond_contracts.worded import MajorAmount
from waybond_contracts.wording import Clock, Peril

MAX_FINDINGS = 640
OTHERS = "others"
"""What the step is called that adds the units which an explanation does not name."""


class FindingReason(StrEnum):
    """Why a clause applied or did not."""

    APPLIES = "applies"
    NOT_YET = "not_yet"
    NOT_MET = "not_met"
    KEPT = "kept"
    """The promise was kept: it arrived in time."""
    EXCLUDED = "excluded"
    BEFORE_COVER = "before_cover"
    AFTER_COVER = "after_cover"
    NEEDS_CLAIM = "needs_claim"
    NEEDS_CARRIER_ANSWER = "needs_carrier_answer"
    NEEDS_PERSON = "needs_person"
    CONTRADICTED = "contradicted"
    OTHER_LANE = "other_lane"


class ClockUsed(Model):
    """A clock as it ran: from which fact, until when."""

    clock: Clock
    """Which clock."""
    start: Instant
    """When it started."""
    source: Code
    """The fact that started it."""
    due: Instant
    """When it ran out."""
    as_of: Instant
    """Up to when was known what had happened."""
    watch_id: Id
    """Of the watch that ran it."""


class Converted(Model):
    """A sum of the wording in another currency, so that it can be converted again without rounding."""

    what: Code
    """The field of the finding: fixed, at_least, at_most, deductible or limit."""
    amount: MajorAmount
    """As the wording has it, in major units."""
    rate: Rate
    """The rate that was pinned when cover was bound."""
    divided: bool
    """Whether the sum is divided by the rate, which is known the other way round, or multiplied with it."""


class Finding(Model):
    """One clause looked at for one unit: a package, the remainder, or the order."""

    clause_id: Code
    """Of the wording."""
    peril: Peril
    """What the clause covers."""
    package_id: Id | None = None
    """The package; none: the order as a whole, or the remainder."""
    remainder: bool = False
    """Whether it is about the goods that were ordered and that no package holds."""
    tier: Count | None = None
    """Ordinal of the highest tier reached, from 0."""
    applies: bool
    """Whether it gives a benefit."""
    reason: FindingReason
    """Why it does or does not."""
    fact: Code = ""
    """The fact that decided it (ShipmentDelayed/1, ShipmentLost/2, ...)."""
    fact_at: Instant | None = None
    """When that fact occurred."""
    exclusion_id: Code = ""
    """The exclusion that took it away."""
    clock: ClockUsed | None = None
    """The clock that decided."""
    eligible_at: Instant | None = None
    """When it can apply at the earliest, with not_yet."""
    policy_version: Positive | None = None
    """The version of the policy that was in force when it was met; none: it was not met."""
    basis: Money | None = None
    """The part of the package's basis that the clause looks at: less what an exclusion takes out."""
    share: Share | None = None
    """Of the basis."""
    fixed: Money | None = None
    """A fixed sum, in the order's currency."""
    periods: Count | None = None
    """How often the share or the fixed sum is due, where the tier pays for each started period."""
    at_least: Money | None = None
    """The benefit is not less."""
    at_most: Money | None = None
    """The benefit is not more."""
    deductible_share: Share | None = None
    """Of the benefit, that stays with the insured."""
    deductible: Money | None = None
    """What stays with the insured; of the share of the benefit and the fixed sum the larger one. Where the same
    happened to several packages at the same instant: this one's part of the fixed sum."""
    deductible_goods: Money | None = None
    """The part of `basis` that is for goods which the deductible is of; none: all of it."""
    limit: Money | None = None
    """The clause's limit; where the clause gives more for several packages together: this one's part of it."""
    converted: Annotated[tuple[Converted, ...], Field(fail_fast=True, max_length=8)] = ()
    """Sums in another currency that are no whole number of minor units: the benefit is reckoned with them unrounded."""
    bound: Money | None = None
    """Where it was met under another version of the policy than `packages` has: the most that it gives under that one
    (its limits, and the insured value of then less what came back for it), instead of what they say."""
    benefit: Money | None = None
    """What this clause alone gives for this package, rounded once: the share of the basis or the fixed sum, times the
    periods, within at_least and at_most, less the deductible, up to the limit."""
    return_step: Code | None = None
    """Where goods have to come back first: the step that is open (label, handed_in, back, acknowledged), or how it
    ended (received, damaged, empty, missing, other_item, silent, not_back, lost, sent_back, not_handed_in,
    handed_in_late, unlabelled). More words may come."""
    score: ScoreUsed | None = None
    """Where the clause weighs what is known of a delivery: the points by which it was paid, or put to a person."""
    ground: Code = ""
    """With a score or signals: what the complaint was decided by. `score` (paid), `clause` (its other rules: the seller
    accepts, a silence pays, what was asked for did not come), `offer`, or a referral's id; empty: it is not decided."""
    signals: SignalsUsed | None = None
    """Where the clause heeds other orders (`refer_when`): what signals said. It is for adjusters, never for buyers."""


class StepKind(StrEnum):
    """What a step does to the running amount: `add` a package's benefit, bring it down to a limit (`cap`) or to
    what is still paid by the buyer, take off (`less`) what was settled or is in flight or was refunded elsewhere,
    put back (`plus`) what was recovered."""

    ADD = "add"
    CAP = "cap"
    LESS = "less"
    PLUS = "plus"


class Step(Model):
    """One step of the amount: `result` = the step applied to the result before it (zero before the first)."""

    kind: StepKind
    """What it does."""
    what: Code
    """others (the units that are not named, together); order, remainder or package:<id>, and refunded:<unit>, by how
    much less is due for it since money came back for it elsewhere; then limit and paid_less_refunded, which end at
    `entitled`; then kept (paid under a clause that lets the buyer keep it), settled, in_flight, recovered, offset,
    waived, asked_back, waits, other_means."""
    amount: Money
    """By how much, or to what."""
    result: Money
    """The amount after it."""


class PackageBasis(Model):
    """What shares are taken of, for one unit."""

    package_id: Id | None = None
    """The package; none: the order as a whole, or the remainder."""
    remainder: bool = False
    """Whether it is the goods that were ordered and that no package holds."""
    basis: Money
    """Its insured value, which shares are taken of. The values of packages and remainder add up to the order's."""
    limit: Money | None = None
    """The policy's limit for a package."""
    elsewhere: Money | None = None
    """What the buyer got back for it elsewhere. What is paid for goods that are lost, damaged, missing or the like is,
    together with it, no more than the basis. None: nothing came back, and no benefit is above the basis."""


class Explanation(Model):
    """From this alone the amounts can be derived again: `entitled` from the findings and steps up to it, `command`
    from all of them.

    Of a large order it names the units of which something changed since the last ClaimApproved; the others are one
    step, and their findings are in the explanations before."""

    product: Code
    """The product's name."""
    product_version: Code
    """Its version."""
    wording_sha256: Sha256
    """Of the wording's text."""
    interpreter: Positive
    """Version of the code that read the wording."""
    policy_id: Id
    """The policy."""
    policy_version: Positive
    """Its version."""
    case_version: Positive
    """The case's version."""
    decided_at: Instant
    """When."""
    packages: Annotated[tuple[PackageBasis, ...], Field(fail_fast=True, max_length=MAX_PACKAGES)]
    """What each unit that is named is worth to the policy."""
    findings: Annotated[tuple[Finding, ...], Field(fail_fast=True, max_length=MAX_FINDINGS)]
    """Every clause looked at, for the units that are named; of many findings those that say something."""
    steps: Annotated[tuple[Step, ...], Field(fail_fast=True, max_length=MAX_STEPS)]
    """The amount, step by step."""
    entitled: Money
    """What the order is owed in all (cumulative)."""
    command: Money
    """What is commanded now: entitled less settled, in flight, plus recovered. Negative: to be recovered."""
    rates: Annotated[tuple[DecimalString, ...], Field(fail_fast=True, max_length=16)] = ()
    """Exchange rates used, as decimal strings."""
    others: Count = 0
    """How many units are not named, since nothing about them changed."""
