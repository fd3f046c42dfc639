"""Events of disputes and chargebacks (topic `disputes`)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from waybond_contracts.event import Event
from waybond_contracts.fields import Code, Id, Instant, Text
from waybond_contracts.money import ZeroOrMore
from waybond_contracts.orders import RefundedLines, check_refunded_lines
from waybond_contracts.topics import DISPUTES

MAX_DOCUMENTS = 20


class DisputeSource(StrEnum):
    """Who runs the dispute."""

    BUYER = "buyer"
    PLATFORM = "platform"
    CARD_SCHEME = "card_scheme"
    WALLET = "wallet"


class DisputeReason(StrEnum):
    """Canonical reasons; the provider's code is kept beside them."""

    NOT_RECEIVED = "NOT_RECEIVED"
    LATE = "LATE"
    NOT_AS_DESCRIBED = "NOT_AS_DESCRIBED"
    DAMAGED = "DAMAGED"
    DIFFERENT = "DIFFERENT"
    MISSING_PARTS = "MISSING_PARTS"
    COUNTERFEIT = "COUNTERFEIT"
    MISREPRESENTED = "MISREPRESENTED"
    CREDIT_NOT_PROCESSED = "CREDIT_NOT_PROCESSED"
    DUPLICATE_OR_PAID_OTHERWISE = "DUPLICATE_OR_PAID_OTHERWISE"
    AMOUNT_ERROR = "AMOUNT_ERROR"
    UNAUTHORIZED = "UNAUTHORIZED"
    RECURRING_CANCELLED = "RECURRING_CANCELLED"
    PROCESSING_OR_AUTH = "PROCESSING_OR_AUTH"
    OTHER = "OTHER"


class DisputeStage(StrEnum):
    """How far it has gone (PayPal's words)."""

    INQUIRY = "INQUIRY"
    CHARGEBACK = "CHARGEBACK"
    PRE_ARBITRATION = "PRE_ARBITRATION"
    ARBITRATION = "ARBITRATION"


class DisputeOutcome(StrEnum):
    """How it ended."""

    BUYER_FAVOUR = "BUYER_FAVOUR"
    SELLER_FAVOUR = "SELLER_FAVOUR"
    PAYOUT = "PAYOUT"
    CANCELLED = "CANCELLED"
    ACCEPTED = "ACCEPTED"
    DENIED = "DENIED"
    NONE = "NONE"


class DisputeEvent(Event):
    """Base: something happened to one dispute; `dispute_id` is its source's own id."""

    dispute_id: Id
    """Its source's own id; unique within the order."""

    @property
    def business_key(self) -> str:
        return self.dispute_id


class DisputeOpened(DisputeEvent, topic=DISPUTES):
    """A buyer complained or charged back."""

    source: DisputeSource
    """Who runs it."""
    reason: DisputeReason
    """Why, in the canonical vocabulary."""
    stage: DisputeStage = DisputeStage.INQUIRY
    """How far it has gone."""
    amount: ZeroOrMore | None = None
    """What is disputed; without it all that was paid. What the buyer got, where the outcome names no amount."""
    package_id: Id | None = None
    """The package that it is about, where it is about one."""
    provider: Code = ""
    """Who reported it."""
    raw_code: Code = ""
    """The provider's own reason."""
    statement: Text = ""
    """The buyer's words, without personal data."""
    answer_by: Instant | None = None
    """By when the source wants an answer."""


class EvidenceSubmitted(DisputeEvent, topic=DISPUTES):
    """Somebody handed in evidence; documents are named by reference and hash, their bytes travel elsewhere."""

    evidence_id: Id
    """Unique within the dispute."""
    kind: Code
    """What it is (photo, invoice, ...)."""
    by: Code
    """Who handed it in (buyer, seller, ...)."""
    documents: Annotated[tuple[Id, ...], Field(fail_fast=True, max_length=MAX_DOCUMENTS)] = ()
    """References or hashes of the documents."""
    note: Text = ""
    """A word about them."""

    @property
    def business_key(self) -> str:
        return f"{self.dispute_id}/{self.evidence_id}"


class DisputeStageChanged(DisputeEvent, topic=DISPUTES):
    """The dispute went to another stage."""

    stage: DisputeStage
    """The new stage."""

    @property
    def business_key(self) -> str:
        return f"{self.dispute_id}/{self.stage}/{self.occurred_at.isoformat()}"


class DisputeWithdrawn(DisputeEvent, topic=DISPUTES):
    """The buyer withdrew it."""


class DisputeResolved(DisputeEvent, topic=DISPUTES):
    """It was decided; `refunded` is what the buyer got by it, beside Waybond.

    BUYER_FAVOUR, ACCEPTED and PAYOUT without `refunded` count as the disputed amount until an amount is told.
    """

    outcome: DisputeOutcome
    """Who won."""
    refunded: ZeroOrMore | None = None
    """What the buyer got by it, beside Waybond."""
    provider_refund_ref: Id | None = None
    """The payment system's own id of that refund: an OrderRefunded that names it tells the same money."""
    lines: RefundedLines = ()
    """What it is for, as [{line_id, quantity or amount}]; none: for no goods in particular."""

    @model_validator(mode="after")
    def _consistent(self) -> "DisputeResolved":
        check_refunded_lines(self.lines, self.refunded.currency if self.refunded is not None else None)
        return self
