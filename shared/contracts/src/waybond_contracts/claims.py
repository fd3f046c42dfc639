"""Events of claims (topic `claims`): what was decided, and what the buyer is told."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from waybond_contracts.event import Event
from waybond_contracts.explanation import Explanation
from waybond_contracts.fields import Code, Count, Id, Instant, Model, Positive, Text
from waybond_contracts.money import Money
from waybond_contracts.orders import Language
from waybond_contracts.topics import CLAIMS
from waybond_contracts.wording import Peril

MAX_NOTICE_CHARACTERS = 1_000


class ClaimEvent(Event):
    """Base: a step of one claim. `version` is the case's version that it was decided at."""

    claim_id: Id
    policy_id: Id | None = None
    version: Positive

    @property
    def business_key(self) -> str:
        return f"{self.claim_id}/{self.version}"


class ClaimOpened(ClaimEvent, topic=CLAIMS):
    """A peril was met, or somebody complained."""

    cause: Code
    peril: Peril | None = None
    dispute_id: Id | None = None


class EvidenceRequested(ClaimEvent, topic=CLAIMS):
    """Somebody is asked for evidence."""

    of: Code
    kinds: Annotated[tuple[Code, ...], Field(min_length=1, max_length=16)]
    answer_by: Instant


class ReferralReason(StrEnum):
    """What a person has to decide."""

    PAYER_SILENT = "payer_silent"
    CARRIER_CHECK_UNANSWERED = "carrier_check_unanswered"
    CONTRADICTION = "contradiction"
    REFUND_FAILED = "refund_failed"
    RECOVERY = "recovery"
    BOUND_REACHED = "bound_reached"
    CURRENCY_DIFFERS = "currency_differs"
    ANSWER_MISSING = "answer_missing"


class ClaimReferred(ClaimEvent, topic=CLAIMS):
    """A person decides, by DecideReferral with this referral_id and the case version that they saw."""

    referral_id: Id
    reason: ReferralReason
    question: Text
    choices: Annotated[tuple[Code, ...], Field(min_length=1, max_length=8)]
    amount: Money | None = None
    refund_id: Id | None = None

    @property
    def business_key(self) -> str:
        return self.referral_id


class OfferMade(ClaimEvent, topic=CLAIMS):
    """The buyer is offered an amount."""

    offer_id: Id
    amount: Money
    expires_at: Instant


class ClaimApproved(ClaimEvent, topic=CLAIMS):
    """The order is owed `entitled` in all; `amount` more is commanded now."""

    amount: Money
    entitled: Money
    explanation: Explanation


class DenialReason(StrEnum):
    """Why a complaint gets no money now."""

    NOT_COVERED = "not_covered"
    NO_POLICY = "no_policy"
    ALREADY_PAID = "already_paid"
    TOO_EARLY = "too_early"
    EXCLUDED = "excluded"


class ClaimDenied(ClaimEvent, topic=CLAIMS):
    """Nothing (more) is owed now. TOO_EARLY carries the date on which it is decided again, by itself."""

    reason: DenialReason
    dispute_id: Id | None = None
    eligible_at: Instant | None = None
    paid: Money | None = None
    explanation: Explanation | None = None
    clauses: Annotated[tuple[Code, ...], Field(max_length=64)] = ()


class ClaimSettled(ClaimEvent, topic=CLAIMS):
    """A refund was confirmed by the payment system and booked; `settled` is the sum of all."""

    refund_id: Id
    amount: Money
    settled: Money


class ClaimReopened(ClaimEvent, topic=CLAIMS):
    """A later fact changed what is owed."""

    cause: Code
    before: Money
    after: Money


class RecoveryOpened(ClaimEvent, topic=CLAIMS):
    """More was paid than is owed; `amount` is asked back as the wording says."""

    recovery_id: Id
    from_whom: Code
    amount: Money
    reason: Code

    @property
    def business_key(self) -> str:
        return self.recovery_id


class Notice(Model):
    """One text for the buyer."""

    language: Language
    subject: Annotated[str, Field(max_length=200)]
    body: Annotated[str, Field(max_length=MAX_NOTICE_CHARACTERS)]


class BuyerNotified(ClaimEvent, topic=CLAIMS):
    """What the platform tells the buyer, in all four languages; `language` is the buyer's."""

    notice_id: Id
    about: Code
    language: Language
    texts: Annotated[tuple[Notice, ...], Field(min_length=1, max_length=4)]
    amount: Money | None = None
    expected_by: Instant | None = None
    ordinal: Count = 0

    @property
    def business_key(self) -> str:
        return self.notice_id
