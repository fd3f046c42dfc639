"""Commands to payment systems (topic `refunds`) and their answers (topic `refund-results`)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from waybond_contracts.event import Event
from waybond_contracts.fields import Code, Id, Instant, Positive
from waybond_contracts.money import MoreThanZero, ZeroOrMore
from waybond_contracts.orders import Payment
from waybond_contracts.rows import PaidRows
from waybond_contracts.topics import REFUND_RESULTS, REFUNDS

NARRATIVE_CHARACTERS = 140


class RefundCommand(Event):
    """Base of what a payment system is told about one refund; `refund_id` is its idempotency key."""

    refund_id: Id
    """The idempotency key: the same id is one movement of money, however often it comes."""
    claim_id: Id
    """The claim that pays."""
    policy_id: Id
    """The policy that it is paid under."""
    version: Positive
    """Version of the command: an IssueRefund is dead once a CancelRefund of a higher version came."""

    @property
    def business_key(self) -> str:
        return f"{self.refund_id}/{self.version}"


class MoneyCommand(RefundCommand):
    """Base: pay `amount`, once for each `refund_id`, not after `not_after`."""

    step: Positive
    """The command's ordinal in the claim."""
    attempt: Positive
    """Rises only after the payment system said FAILED or REVERSED."""
    amount: MoreThanZero
    """What to pay, in the currency that the buyer paid."""
    reason_code: Code
    """Why (the peril)."""
    narrative: Annotated[str, Field(max_length=NARRATIVE_CHARACTERS, pattern=r"^[^\x00]*$")]
    """For the buyer's statement."""
    decision_version: Positive
    """The case version that decided it."""
    requested_at: Instant
    """When it was decided."""
    not_after: Instant
    """After this it must not be paid any more."""
    rows: PaidRows = ()
    """What `amount` is for, unit by unit; together they are `amount`. A payment system may leave it aside. None: it was
    not told."""


class IssueRefund(MoneyCommand, topic=REFUNDS):
    """Refund the buyer to the payment that the order was paid with."""

    payment: Payment
    """The payment to refund."""


class IssuePayout(MoneyCommand, topic=REFUNDS):
    """Pay where no payment can be refunded (a credit, or a payment that is too old)."""

    payee: Code
    """Whom to pay: the `buyer_ref` of the order."""
    payment: Payment | None = None
    """The payment that could not be refunded."""


class CancelRefund(RefundCommand, topic=REFUNDS):
    """Do not pay `refund_id` if it is not paid yet; answered by RefundCancelled, or by RefundSucceeded if too late."""

    reason_code: Code
    """Why: owed_less, payer_silent."""


class FailureCode(StrEnum):
    """Why a payment system could not pay; its own code is kept in `failure_raw`."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_OR_CANCELED_CARD = "expired_or_canceled_card"
    LOST_OR_STOLEN_CARD = "lost_or_stolen_card"
    CHARGE_DISPUTED = "charge_disputed"
    DECLINED = "declined"
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"


class RefundResult(Event):
    """Base of answers. Of the same refund_id the highest `version` wins; `amount` is what moved or would move."""

    refund_id: Id
    """Of the command."""
    attempt: Positive
    """Of the command."""
    version: Positive
    """Counts up with each answer about this refund_id."""
    provider_refund_ref: Id
    """The payment system's own id of the refund."""
    amount: ZeroOrMore
    """What moved or would move."""

    @property
    def business_key(self) -> str:
        return f"{self.refund_id}/{self.version}"


class RefundAccepted(RefundResult, topic=REFUND_RESULTS):
    """The command was taken."""


class RefundPending(RefundResult, topic=REFUND_RESULTS):
    """It is on its way, or waits for somebody (`waits_for`)."""

    waits_for: Code = ""
    """Whom it waits for."""


class RefundSucceeded(RefundResult, topic=REFUND_RESULTS):
    """The money moved. FAILED or REVERSED can still follow."""


class RefundFailed(RefundResult, topic=REFUND_RESULTS):
    """The money did not move, finally, for this refund_id."""

    failure_code: FailureCode
    """Why, in the canonical vocabulary."""
    failure_raw: Code = ""
    """The provider's own code."""
    retryable: bool
    """Whether another attempt, under a new refund_id, can succeed."""


class RefundReversed(RefundResult, topic=REFUND_RESULTS):
    """The money had moved and came back; `amount` is how much of it."""

    failure_code: FailureCode = FailureCode.UNKNOWN
    """Why, in the canonical vocabulary."""
    failure_raw: Code = ""
    """The provider's own code."""
    retryable: bool
    """Whether another attempt, under a new refund_id, can succeed."""


class RefundCancelled(RefundResult, topic=REFUND_RESULTS):
    """It was cancelled before money moved."""
