"""Events of claims (topic `claims`): what was decided, and what the buyer is told."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from waybond_contracts.event import Event
from waybond_contracts.explanation import Explanation
from waybond_contracts.fields import Code, Count, Id, Instant, Line, Model, Positive, Text
from waybond_contracts.money import Money
from waybond_contracts.orders import Language
from waybond_contracts.rows import PaidRows
from waybond_contracts.topics import CLAIMS
from waybond_contracts.wording import Peril

MAX_NOTICE_CHARACTERS = 1_000


class ClaimEvent(Event):
    """Base: a step of one claim. `version` is the case's version that it was decided at."""

    claim_id: Id
    """Of the order's one claim."""
    policy_id: Id | None = None
    """Of the policy; none where the order has no policy."""
    version: Positive
    """The case's version; a command names the one that its author saw."""

    @property
    def business_key(self) -> str:
        return f"{self.claim_id}/{self.version}"


class ClaimOpened(ClaimEvent, topic=CLAIMS):
    """A peril was met, or somebody complained."""

    cause: Code
    """The fact that opened it (ShipmentDelayed, DisputeOpened, ...)."""
    peril: Peril | None = None
    """What the cause points to, where it points to one."""
    dispute_id: Id | None = None
    """With a complaint: its id."""


class Needed(Model):
    """One thing that is missing."""

    any_of: Annotated[tuple[Code, ...], Field(fail_fast=True, min_length=1, max_length=16)]
    """One document of these kinds is enough."""
    answer_by: Instant
    """By when."""
    absent: Code = ""
    """What follows if it does not come: close, pay, refer, nothing. More words may come."""


class EvidenceRequested(ClaimEvent, topic=CLAIMS):
    """Somebody is asked for evidence."""

    of: Code
    """Who is asked (buyer, seller, carrier, ...)."""
    kinds: Annotated[tuple[Code, ...], Field(fail_fast=True, min_length=1, max_length=16)]
    """What is asked for (photo_of_damage, invoice, ...); `answer`: the seller's word, as SellerResponded."""
    answer_by: Instant
    """By when; then it is decided without. Of several the earliest."""
    dispute_id: Id | None = None
    """The complaint that it is for."""
    clause_id: Code = ""
    """The clause of the wording that needs it."""
    needed: Annotated[tuple[Needed, ...], Field(fail_fast=True, max_length=16)] = ()
    """Exactly what is missing now: all of these. It is published again when that changes; the newest counts."""

    @property
    def business_key(self) -> str:
        return f"{self.claim_id}/{self.version}/{self.of}"


class ReturnAwaited(ClaimEvent, topic=CLAIMS):
    """A step of a return is open: goods are to come back before a complaint is paid. Published when a step opens; of a
    complaint and clause the newest counts, and it is over with the decision."""

    dispute_id: Id
    """The complaint."""
    clause_id: Code
    """The clause of the wording that wants the goods back."""
    step: Code
    """What is waited for: label (a package with the direction return is booked), handed_in (the carrier's first scan),
    back (it is delivered), acknowledged (ReturnReceived). More words may come."""
    of: Code
    """Who has to act: seller, buyer or carrier."""
    until: Instant
    """By when."""
    otherwise: Code = ""
    """What follows if it does not come: pay, refer, close. More words may come."""


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
    PAYOUT_CEILING = "payout_ceiling"
    PAYMENTS_STOPPED = "payments_stopped"
    AUDIT = "audit"
    SIGNALS = "signals"
    SIGNALS_MISSING = "signals_missing"


class ClaimReferred(ClaimEvent, topic=CLAIMS):
    """A person decides, by DecideReferral with this referral_id and the case version that they saw.

    It comes again, under the same referral_id, when a decision was refused, and to a lead when nobody answered by
    `answer_by`, then under the version that the case has; the newest counts."""

    referral_id: Id
    """Names the question; DecideReferral carries it back."""
    reason: ReferralReason
    """Why a person is needed. More words may come."""
    question: Text
    """What is asked."""
    choices: Annotated[tuple[Code, ...], Field(fail_fast=True, min_length=1, max_length=8)]
    """The answers that are accepted."""
    amount: Money | None = None
    """What is at stake."""
    refund_id: Id | None = None
    """The refund that the question is about, if any."""
    role: Code = ""
    """Who is asked: adjuster, payments, or lead, who decides what is above the others' authority or was not answered
    in time. More words may come."""
    answer_by: Instant | None = None
    """By when an answer is expected; without one the question is told again."""

    @property
    def business_key(self) -> str:
        return self.referral_id


class OfferMade(ClaimEvent, topic=CLAIMS):
    """The buyer is offered something that settles a complaint. One offer is open at a time; OfferClosed ends it."""

    offer_id: Id
    """AcceptOffer and DeclineOffer carry it back."""
    amount: Money
    """What is offered."""
    expires_at: Instant
    """Until when it can be accepted."""
    dispute_id: Id | None = None
    """The complaint that it settles."""
    clause_id: Code = ""
    """The clause of the wording that it is made under."""
    remedy: Code = ""
    """part_refund, keep (a part refund, and the goods stay with the buyer), credit or reship. More words may come."""
    offered_by: Code = ""
    """Whose idea it is: wording, seller or person. More words may come."""
    gives_up: Code = ""
    """What the buyer gives up by accepting it: `rest_of_claim` (nothing more is paid for this complaint; what is paid
    without one, for a delay say, still is). More words may come."""

    @property
    def business_key(self) -> str:
        return self.offer_id


class OfferClosed(ClaimEvent, topic=CLAIMS):
    """An offer cannot be accepted any more."""

    offer_id: Id
    """Of OfferMade."""
    how: Code
    """accepted, declined, expired (nobody answered) or withdrawn (what it rests on changed). More words may come."""
    dispute_id: Id | None = None
    """The complaint that it was to settle."""
    amount: Money | None = None
    """What was offered."""

    @property
    def business_key(self) -> str:
        return self.offer_id


class CommandRefused(ClaimEvent, topic=CLAIMS):
    """A buyer's command changed nothing; a person's decision that is refused comes again as ClaimReferred."""

    command_id: Id
    """Of the command."""
    command: Code
    """AcceptOffer, DeclineOffer or Appeal."""
    reason: Code
    """stale (the case is at `version` by now: look again), unknown_offer, unknown_complaint, closed (the offer is),
    too_late (it has run out), settled (an accepted offer settled the complaint), not_decided (nothing was decided that
    can be appealed against), no_appeal (the wording has none), too_many. More words may come."""

    @property
    def business_key(self) -> str:
        return self.command_id


class ClaimApproved(ClaimEvent, topic=CLAIMS):
    """The order is owed `entitled` in all; `amount` more is commanded now."""

    amount: Money
    """What is commanded now."""
    entitled: Money
    """What the order is owed in all (cumulative)."""
    explanation: Explanation
    """From which the amounts can be derived again."""
    rows: PaidRows = ()
    """What `amount` is for; together they are `amount`. None: it was not told."""


class DenialReason(StrEnum):
    """Why a complaint gets no money now."""

    NOT_COVERED = "not_covered"
    NO_POLICY = "no_policy"
    ALREADY_PAID = "already_paid"
    TOO_EARLY = "too_early"
    EXCLUDED = "excluded"


class ClaimDenied(ClaimEvent, topic=CLAIMS):
    """Nothing (more) is owed now. TOO_EARLY carries the date from which it can be decided again, by itself."""

    reason: DenialReason
    """Why nothing (more) is paid."""
    dispute_id: Id | None = None
    """The dispute that this answers."""
    eligible_at: Instant | None = None
    """From when it can be decided again, by itself; with too_early, where the clock that counts has started."""
    paid: Money | None = None
    """What has been paid already."""
    explanation: Explanation | None = None
    """Clauses, facts and clocks that were looked at."""
    clauses: Annotated[tuple[Code, ...], Field(fail_fast=True, max_length=64)] = ()
    """Ids of the clauses that decided."""
    detail: Code = ""
    """A nearer word for it: with not_covered `no_evidence` (what was asked for did not come), `not_returned` (nor did
    the goods), `appeal_too_late`, `nothing_new` (an appeal without a fact, document or statement that was not known).
    More words may come."""
    exclusions: Annotated[tuple[Code, ...], Field(fail_fast=True, max_length=64)] = ()
    """With excluded: ids of the exclusions that took away what the clauses give."""


class ClaimSettled(ClaimEvent, topic=CLAIMS):
    """A refund was confirmed by the payment system and booked; `settled` is the sum of all."""

    refund_id: Id
    """The refund that was confirmed."""
    amount: Money
    """What it moved."""
    settled: Money
    """The sum of all refunds confirmed so far."""


class ClaimReopened(ClaimEvent, topic=CLAIMS):
    """A later fact changed what is owed."""

    cause: Code
    """The fact that changed it."""
    before: Money
    """What was owed before it."""
    after: Money
    """What is owed now."""
    explanation: Explanation | None = None
    """From which `after` can be derived again."""


class RecoveryOpened(ClaimEvent, topic=CLAIMS):
    """More was paid than is owed; `amount` is asked back as the wording says."""

    recovery_id: Id
    """Names the recovery."""
    from_whom: Code
    """Who is asked (buyer, seller, carrier, platform)."""
    amount: Money
    """What is asked back."""
    reason: Code
    """Why (late_arrival, withdrawn_breach, appeal, ...)."""
    explanation: Explanation | None = None
    """From which the amount can be derived again: its `command` is the amount, below zero."""

    @property
    def business_key(self) -> str:
        return self.recovery_id


class Notice(Model):
    """One text for the buyer."""

    language: Language
    """Of this text."""
    subject: Line
    """One line."""
    body: Annotated[str, Field(max_length=MAX_NOTICE_CHARACTERS, pattern=r"^[^\x00]*$")]
    """Plain text."""


class BuyerNotified(ClaimEvent, topic=CLAIMS):
    """What the platform tells the buyer, in all four languages; `language` is the buyer's."""

    notice_id: Id
    """Names the notice; one that comes twice is delivered once."""
    about: Code
    """What is told: `approved` (money is on its way), `refund_delayed`, `refund_withdrawn` (none comes after all);
    the answer to a complaint, as ClaimDenied gives it: `too_early`, `already_paid`, `not_covered`, `excluded`,
    `no_policy`; a step of a complaint: `referred` (a person looks at it), `evidence_requested`, `evidence_received`,
    `seller_asked`, `offer_made`, `offer_accepted`, `offer_declined`, `offer_expired`, `offer_withdrawn`,
    `return_requested`, `return_received`, `claim_closed` (for want of an answer), `appeal_received`, `appeal_upheld`,
    `appeal_lowered` (less is due than was decided), `appeal_rejected`. More words may come."""
    language: Language
    """The buyer's: the text to show first."""
    texts: Annotated[tuple[Notice, ...], Field(fail_fast=True, min_length=1, max_length=4)]
    """The same notice in each language."""
    amount: Money | None = None
    """What is paid, if anything."""
    expected_by: Instant | None = None
    """When the buyer should have the money."""
    ordinal: Count = 0
    """Counts the notices of the case from 0."""
    act_by: Instant | None = None
    """Until when the buyer can do what the notice asks for (accept, send, hand in), if it asks for something."""

    @property
    def business_key(self) -> str:
        return self.notice_id
