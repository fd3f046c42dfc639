"""What was found of one clause for one unit."""

from datetime import datetime

from msgspec import Struct

from waybond_claims.adjudication.benefits import Amounts
from waybond_claims.adjudication.heeded import Heard
from waybond_claims.adjudication.points import Scored
from waybond_claims.adjudication.terms import Rule
from waybond_claims.case.cover import Cover
from waybond_claims.case.journey import WatchFact
from waybond_contracts.explanation import FindingReason

_RANKS = {
    reason.value: number
    for number, reason in enumerate(
        (
            FindingReason.OTHER_LANE,
            FindingReason.NOT_MET,
            FindingReason.KEPT,
            FindingReason.CONTRADICTED,
            FindingReason.AFTER_COVER,
            FindingReason.BEFORE_COVER,
            FindingReason.EXCLUDED,
            FindingReason.NOT_YET,
            FindingReason.NEEDS_CLAIM,
            FindingReason.NEEDS_CARRIER_ANSWER,
            FindingReason.NEEDS_PERSON,
            FindingReason.APPLIES,
        )
    )
}
"""Of several ways in which a clause can be met the one that says most counts."""

MET = _RANKS[FindingReason.NEEDS_CARRIER_ANSWER.value]
"""The rank from which on something happened that the clause is about."""

# Looked up once: a member of an enumeration is found by its name in ten times the time of a variable.
_APPLIES, _NOT_YET = FindingReason.APPLIES, FindingReason.NOT_YET


class Found(Struct, frozen=True, gc=False):
    """One clause looked at for one unit (None: the remainder), or for the order (None)."""

    rule: Rule
    package_id: str | None
    reason: FindingReason
    tier: int | None = None
    fact: str = ""
    fact_at: datetime | None = None
    watch: WatchFact | None = None
    eligible_at: datetime | None = None
    exclusion_id: str = ""
    question: str = ""
    """Key of what a person has to decide, if the reason is that."""
    by_hand: int | None = None
    """How much a person said."""
    most: int | None = None
    """With a question: how much a person can say, as far as that is known."""
    suggested: str = ""
    """With a question: what speaks for which answer."""
    remedy: str = ""
    """How it is made good, where the clause names remedies."""
    borne_by: str = ""
    """Who bears it then."""
    cover: Cover | None = None
    """The version of the policy that was in force when it was met."""
    amounts: Amounts | None = None
    claim: str = ""
    """The complaint that it is paid on, where a person ruled so."""
    asked: int | None = None
    """What that one asks for, at most, for all that is paid on it."""
    return_step: str = ""
    """How far goods have come that have to come back first."""
    score: Scored | None = None
    """The points of what is known of the delivery, where the clause weighs it."""
    ground: str = ""
    """With a score or signals: what the complaint was decided by."""
    signals: Heard | None = None
    """What signals say of other orders, where the clause heeds them."""
    by_signals: bool = False
    """With a question: whether it is asked because of them."""

    @property
    def applies(self) -> bool:
        return self.reason is _APPLIES

    @property
    def of_remainder(self) -> bool:
        return self.package_id is None and not self.rule.of_order

    @property
    def benefit(self) -> int:
        return self.amounts.benefit if self.amounts is not None else 0


def rank(found: Found) -> int:
    """How much the finding says."""
    return _RANKS[found.reason._value_]  # Python hashes the text itself; a member of an enumeration by a call.


def better(one: Found, other: Found) -> Found:
    """Of two ways in which a clause may be met the one that says more: the higher tier, and of two that are met the one
    that was met first; the earlier date, where neither is met yet."""
    difference = rank(one) - rank(other) or (one.tier or 0) - (other.tier or 0)
    if one.reason is _NOT_YET and other.reason is _NOT_YET and other.eligible_at is not None:
        return other if one.eligible_at is None or other.eligible_at < one.eligible_at else one
    if not difference and one.applies and one.fact_at is not None and other.fact_at is not None:
        return other if other.fact_at < one.fact_at else one
    return one if difference >= 0 else other
