"""Why a claim was decided as it was: every clause looked at, the facts and clocks used, the amounts step by step."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from waybond_contracts.fields import (
    MAX_PACKAGES,
    MAX_STEPS,
    Code,
    DecimalString,
    Id,
    Instant,
    Model,
    Positive,
    Sha256,
    Share,
)
from waybond_contracts.money import Money
from waybond_contracts.wording import Clock, Peril

MAX_FINDINGS = 640


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
    start: Instant
    source: Code
    due: Instant
    as_of: Instant
    watch_id: Id


class Finding(Model):
    """One clause looked at for one package (or the order)."""

    clause_id: Code
    peril: Peril
    package_id: Id | None = None
    tier: int | None = None
    """Ordinal of the highest tier reached, from 0."""
    applies: bool
    reason: FindingReason
    fact: Code = ""
    """The fact that decided it (ShipmentDelayed/1, ShipmentLost/2, ...)."""
    fact_at: Instant | None = None
    exclusion_id: Code = ""
    clock: ClockUsed | None = None
    eligible_at: Instant | None = None
    basis: Money | None = None
    share: Share | None = None
    fixed: Money | None = None
    benefit: Money | None = None
    """What this clause alone gives for this package: the share of the basis or the fixed sum, rounded once."""


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
    what: Code
    """package:<id>, limit, package_limit:<id>, paid_less_refunded, settled, in_flight, recovered, kept ..."""
    amount: Money
    result: Money


class PackageBasis(Model):
    """What shares are taken of, for one package."""

    package_id: Id | None = None
    basis: Money


class Explanation(Model):
    """From this alone the amounts can be derived again: `entitled` from the findings and steps up to it, `command`
    from all of them."""

    product: Code
    product_version: Code
    wording_sha256: Sha256
    interpreter: Positive
    policy_id: Id
    policy_version: Positive
    case_version: Positive
    decided_at: Instant
    packages: Annotated[tuple[PackageBasis, ...], Field(max_length=MAX_PACKAGES)]
    findings: Annotated[tuple[Finding, ...], Field(max_length=MAX_FINDINGS)]
    steps: Annotated[tuple[Step, ...], Field(max_length=MAX_STEPS)]
    entitled: Money
    """What the order is owed in all (cumulative)."""
    command: Money
    """What is commanded now: entitled less settled, in flight, plus recovered. Negative: to be recovered."""
    rates: Annotated[tuple[DecimalString, ...], Field(max_length=16)] = ()
