"""Events of disputes and chargebacks (topic `disputes`)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from waybond_contracts.charges import Charge, check_charged
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.fields import MAX_LINES, Code, Count, Id, Instant, Model, Positive, Sha256, Text
from waybond_contracts.money import ZeroOrMore
from waybond_contracts.orders import RefundedLines, check_refunded_lines
from waybond_contracts.shipments import PackageLine
from waybond_contracts.topics import DISPUTES

MAX_DOCUMENTS = 20
MAX_WISHES = 8


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


class Party(StrEnum):
    """Who says something in a dispute."""

    BUYER = "buyer"
    SELLER = "seller"
    PLATFORM = "platform"


class Wish(StrEnum):
    """What somebody who complains would like; the wording says what they can get."""

    REFUND = "refund"
    PART_REFUND = "part_refund"
    RESHIP = "reship"
    CREDIT = "credit"
    RETURN = "return"


class DocumentKind(StrEnum):
    """What a document shows."""

    PHOTO_OF_GOODS = "photo_of_goods"
    PHOTO_OF_DAMAGE = "photo_of_damage"
    PHOTO_OF_PACKAGE = "photo_of_package"
    PHOTO_OF_LABEL = "photo_of_label"
    VIDEO = "video"
    STATEMENT = "statement"
    INVOICE = "invoice"
    PROOF_OF_VALUE = "proof_of_value"
    LISTING = "listing"
    """What was promised: the page of the goods as it was when they were bought."""
    MESSAGES = "messages"
    """What buyer and seller wrote to each other."""
    CARRIER_REPORT = "carrier_report"
    PROOF_OF_SHIPMENT = "proof_of_shipment"
    PROOF_OF_DELIVERY = "proof_of_delivery"
    SIGNATURE = "signature"
    CUSTOMS_PAPER = "customs_paper"
    POLICE_REPORT = "police_report"
    EXPERT_OPINION = "expert_opinion"
    PROOF_OF_RETURN = "proof_of_return"
    PROOF_OF_REFUND = "proof_of_refund"
    OTHER = "other"


class Document(Model):
    """A document that lies elsewhere: what it is, and by what it is known again. Its bytes never travel here."""

    kind: DocumentKind
    """What it shows."""
    sha256: Sha256
    """Of its bytes."""
    media_type: Annotated[str, Field(max_length=128, pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")]
    """Such as image/jpeg."""
    size_bytes: Positive
    """How many bytes it has."""
    perceptual_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    """Of a picture: 64 bits that pictures which look alike share for the most part, as 16 hexadecimal digits."""
    taken_at: Instant | None = None
    """When it was made, as the document itself says."""
    ref: Id | None = None
    """Where the one who sent it finds it."""


Documents = Annotated[tuple[Document, ...], Field(fail_fast=True, max_length=MAX_DOCUMENTS)]


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
    """The provider's own reason. With the reason OTHER the tables of `waybond_contracts.providers` may say more."""
    raw_category: Code = ""
    """What the provider says beside its code (a sub-reason): it decides where one code is of several reasons."""
    statement: Text = ""
    """The buyer's words, without personal data."""
    answer_by: Instant | None = None
    """By when the source wants an answer."""
    charge: Charge | None = None
    """The charge that is disputed, where it paid for several orders: `amount` is of all of them, and this order
    has its part of it by what each paid. Each event of the dispute names it, to each of the orders."""

    @model_validator(mode="after")
    def _charged(self) -> "DisputeOpened":
        check_charged(self.charge, self.order_id)
        return self


class ClaimFiled(DisputeEvent, topic=DISPUTES):
    """Somebody asks for what the policy promises. `dispute_id` is the platform's dispute where there is one, and else
    an id that whoever files it chose. Filed again under the same id it is completed: what was told stays told."""

    by: Party
    """Who files it: the buyer, the seller or the platform."""
    reason: DisputeReason
    """What is complained of, in the canonical vocabulary."""
    provider: Code = ""
    """Whose word `raw_code` is."""
    raw_code: Code = ""
    """The reason as it was given. With the reason OTHER the tables of `waybond_contracts.providers` may say more."""
    raw_category: Code = ""
    """What is said beside the code (a sub-reason)."""
    package_id: Id | None = None
    """The package that it is about, where it is about one."""
    lines: RefundedLines = ()
    """The goods that it is about, as [{line_id, quantity or amount}]; none: all goods of the package or order."""
    amount: ZeroOrMore | None = None
    """What is asked for; without it what the wording gives."""
    wishes: Annotated[tuple[Wish, ...], Field(fail_fast=True, max_length=MAX_WISHES)] = ()
    """What would be accepted, the best liked first; none: a refund."""
    statement: Text = ""
    """What happened, in the words of who files it, without personal data."""
    documents: Documents = ()
    """What is handed in with it."""

    @model_validator(mode="after")
    def _consistent(self) -> "ClaimFiled":
        check_refunded_lines(self.lines, self.amount.currency if self.amount is not None else None)
        return self


class SellerResponse(StrEnum):
    """What a seller says to a complaint."""

    ACCEPT = "accept"
    CONTEST = "contest"
    OFFER = "offer"


class SellerResponded(DisputeEvent, topic=DISPUTES):
    """The seller accepts what is asked for, contests it, or offers something else."""

    response_id: Id
    """Unique within the dispute; the same id twice is one response."""
    response: SellerResponse
    """What the seller says."""
    amount: ZeroOrMore | None = None
    """With an offer of money: how much."""
    remedy: Wish | None = None
    """With an offer: what is offered; none: a part refund."""
    statement: Text = ""
    """Why, without personal data."""
    documents: Documents = ()
    """What is handed in with it."""

    @property
    def business_key(self) -> str:
        return f"{self.dispute_id}/{self.response_id}"

    @model_validator(mode="after")
    def _consistent(self) -> "SellerResponded":
        offered = self.amount is not None or self.remedy is not None
        if offered != (self.response is SellerResponse.OFFER):
            expected = "an amount or a remedy" if not offered else "no amount and no remedy, or the response offer"
            raise ContractError("response", expected, self.response.value)
        return self


class ReturnCondition(StrEnum):
    """How goods came back."""

    RECEIVED = "received"
    """As they were sent."""
    DAMAGED = "damaged"
    EMPTY = "empty"
    """The parcel came, and nothing was in it."""
    MISSING = "missing"
    """Goods were not in it, or it never came."""
    OTHER_ITEM = "other_item"
    """Something else was in it."""


class ReturnReceived(DisputeEvent, topic=DISPUTES):
    """The seller, or whoever takes returns in for the seller, says how goods came back. What that means for the refund
    is in the wording. It is a fact about goods and no answer to the complaint, so it is no SellerResponded: it may come
    once for each parcel or line, and again when the parcel was looked into."""

    receipt_id: Id
    """Unique within the dispute; the same id twice is one receipt."""
    condition: ReturnCondition
    """How they came back. Of two receipts for the same package and lines the later one counts."""
    package_id: Id | None = None
    """The return package that it is about; none: all that was sent back."""
    lines: Annotated[tuple[PackageLine, ...], Field(fail_fast=True, max_length=MAX_LINES)] = ()
    """The goods that it is about; none: all of the package."""
    by: Literal["seller", "platform"] = "seller"
    """Who says so: the seller, or the platform for the seller; never the buyer, who sent it."""
    statement: Text = ""
    """What was found, without personal data."""
    documents: Documents = ()
    """What is handed in with it, such as photos of the opened parcel."""

    @property
    def business_key(self) -> str:
        return f"{self.dispute_id}/{self.receipt_id}"


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
    details: Documents = ()
    """The same documents with what they are; the more useful word."""

    @property
    def business_key(self) -> str:
        return f"{self.dispute_id}/{self.evidence_id}"


class DisputeStageChanged(DisputeEvent, topic=DISPUTES):
    """The dispute went to another stage."""

    stage: DisputeStage
    """The new stage."""
    revision: Count | None = None
    """Counts what its source said of the dispute; of two words the higher one is the newer. None: by `occurred_at`."""
    amount: ZeroOrMore | None = None
    """What is disputed from now on, where that changed."""
    answer_by: Instant | None = None
    """By when the source wants an answer at this stage."""
    provider: Code = ""
    """Whose word `raw_status` is."""
    raw_status: Code = ""
    """The state as it was given."""
    charge: Charge | None = None
    """The charge that is disputed, where it paid for several orders: `amount` is of all of them, and this order
    has its part of it by what each paid. Each event of the dispute names it, to each of the orders."""

    @model_validator(mode="after")
    def _charged(self) -> "DisputeStageChanged":
        check_charged(self.charge, self.order_id)
        return self

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
    revision: Count | None = None
    """Counts what its source said of the dispute; of two outcomes the one with the higher revision counts (won, then
    lost, then won). None: by `occurred_at`."""
    provider: Code = ""
    """Whose word `raw_status` is."""
    raw_status: Code = ""
    """The outcome as it was given."""
    appeal_by: Instant | None = None
    """Until when somebody can appeal against it at the source."""
    charge: Charge | None = None
    """The charge that is disputed, where it paid for several orders: `refunded` is of all of them, and this order
    has its part of it by what each paid. Each event of the dispute names it, to each of the orders."""

    @model_validator(mode="after")
    def _consistent(self) -> "DisputeResolved":
        check_refunded_lines(self.lines, self.refunded.currency if self.refunded is not None else None)
        check_charged(self.charge, self.order_id)
        return self
