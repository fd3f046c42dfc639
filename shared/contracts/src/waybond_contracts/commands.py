"""Decisions of people: adjusters and buyers (topic `claim-commands`), operators (topic `operator-commands`)."""

from typing import Literal

from waybond_contracts.disputes import Documents
from waybond_contracts.event import Event
from waybond_contracts.fields import Code, Count, Id, Positive, Text, TopicName
from waybond_contracts.money import Money
from waybond_contracts.topics import CLAIM_COMMANDS, OPERATOR_COMMANDS


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
    above the role's authority is refused."""


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
    service: Literal["pricing", "tracking", "claims"]
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
