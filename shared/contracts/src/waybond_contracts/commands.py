"""Decisions of people: adjusters and buyers (topic `claim-commands`), operators (topic `operator-commands`)."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

from waybond_contracts.disputes import Documents
from waybond_contracts.event import Event
from waybond_contracts.fields import Code, Count, Id, Instant, Positive, Text, TopicName
from waybond_contracts.money import Money, ZeroOrMore
from waybond_contracts.topics import CLAIM_COMMANDS, OPERATOR_COMMANDS

MAX_NOTE_CHARACTERS = 500


class ClaimCommand(Event):
    """Base: a decision on one claim by `by`, who saw `case_version`; one made on an older version is refused."""

    command_id: Id
    """Names the decision; the same id twice is one decision."""
    claim_id: Id
    """The claim that it is about."""
    case_version: Positive
    """The case version that the author saw."""
    by: Id
    """Who decided: a pseudonymous id."""

    @property
    def business_key(self) -> str:
        return self.command_id


class DecisionReason(StrEnum):
    """Why a person decided as they did. More words may come."""

    FACTS_AGREE = "facts_agree"
    """What is on file says it."""
    EVIDENCE_ACCEPTED = "evidence_accepted"
    """Somebody showed it, and it is believed."""
    EVIDENCE_MISSING = "evidence_missing"
    """Somebody claims it, and shows nothing that is believed."""
    WORDING_COVERS = "wording_covers"
    """The clause means a case like this."""
    WORDING_EXCLUDES = "wording_excludes"
    """The clause, or an exclusion, does not mean a case like this."""
    PAID_ELSEWHERE = "paid_elsewhere"
    """The buyer has the money from somebody else, or by hand."""
    CONFIRMED_BY_OTHERS = "confirmed_by_others"
    """A payment system, a card scheme or a carrier was asked, and said so."""
    NOT_ANSWERED = "not_answered"
    """Whoever was asked said nothing."""
    DUPLICATE = "duplicate"
    """The same thing was told twice."""
    FRAUD_SUSPECTED = "fraud_suspected"
    """Somebody may be lying."""
    SMALL_AMOUNT = "small_amount"
    """To find out would cost more."""
    OTHER = "other"
    """The note says it."""


class DecideReferral(ClaimCommand, topic=CLAIM_COMMANDS):
    """An adjuster's answer: one of the choices that the referral offered."""

    referral_id: Id
    """Of ClaimReferred."""
    choice: Code
    """One of the choices offered."""
    amount: Money | None = None
    """Where the choice needs one."""
    note: Text = ""
    """Why."""
    role: Code = ""
    """As which role they decide (adjuster, payments, lead); none: as the one that such questions are put to. What is
    above the role's authority is proposed: another person decides it."""
    reason_code: DecisionReason | None = None
    """Why, in a word. More words may come."""
    authority: ZeroOrMore | None = None
    """How much the author decides alone, where whoever let them in knows it; what is above is proposed."""


class ReferralCommand(Event):
    """Base: somebody handles a question that is open. Nothing that is owed follows from it, and the case keeps its
    version. Of two words about the same thing the one that was said later (`occurred_at`) counts."""

    command_id: Id
    """Names the command; the same id twice is one command."""
    claim_id: Id
    """The claim that the question belongs to."""
    referral_id: Id
    """Of ClaimReferred."""
    by: Id
    """Who: a pseudonymous id."""

    @property
    def business_key(self) -> str:
        return self.command_id


class AssignReferral(ReferralCommand, topic=CLAIM_COMMANDS):
    """Somebody is to answer it."""

    assignee: Code = ""
    """Who: a pseudonymous id; empty: nobody any more."""


class SnoozeReferral(ReferralCommand, topic=CLAIM_COMMANDS):
    """It need not be looked at for a while. Its deadline stays."""

    until: Instant | None = None
    """Until when, at most 30 days ahead; none: it is to be looked at again."""


class BoostReferral(ReferralCommand, topic=CLAIM_COMMANDS):
    """It is to be looked at ahead of others."""

    boosted: bool = True
    """False: no longer."""


class NoteReferral(ReferralCommand, topic=CLAIM_COMMANDS):
    """Somebody writes down what they found out. A question keeps its first 16 notes."""

    note: Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE_CHARACTERS, pattern=r"^[^\x00]*$")]
    """What was found out; nothing that names a person."""


class AcceptOffer(ClaimCommand, topic=CLAIM_COMMANDS):
    """The buyer takes the offer. One that cannot be taken is answered with CommandRefused."""

    offer_id: Id
    """Of OfferMade."""


class DeclineOffer(ClaimCommand, topic=CLAIM_COMMANDS):
    """The buyer does not take the offer."""

    offer_id: Id
    """Of OfferMade."""


class Appeal(ClaimCommand, topic=CLAIM_COMMANDS):
    """The buyer asks for another look at a decision, on facts that were not known when it was made. It decides nothing,
    so it may name an older version of the case."""

    statement: Text = ""
    """Why, in the buyer's words."""
    dispute_id: Id | None = None
    """The complaint whose answer is appealed against; none: the one that was answered last."""
    documents: Documents = ()
    """What is new."""


class HeldCommand(Event):
    """Base: about the record at `topic_name`/`record_offset` of this order, held or quarantined by `service`."""

    command_id: Id
    """Names the decision."""
    service: Literal["pricing", "tracking", "claims", "signals"]
    """Which service holds the record."""
    topic_name: TopicName
    """The topic on which the record lies."""
    record_offset: Count
    """Its offset on the order's partition."""
    by: Id
    """Who decided: a pseudonymous id."""
    note: Text = ""
    """Why."""

    @property
    def business_key(self) -> str:
        return self.command_id


class ReleaseHeld(HeldCommand, topic=OPERATOR_COMMANDS):
    """Try the record again, then what waits behind it."""


class DiscardHeld(HeldCommand, topic=OPERATOR_COMMANDS):
    """Leave the record out, then go on with what waits behind it."""
