"""Decisions of people: adjusters and buyers (topic `claim-commands`), operators (topic `operator-commands`)."""

from typing import Annotated, Literal

from pydantic import Field

from waybond_contracts.event import Event
from waybond_contracts.fields import Code, Count, Id, Positive, Text
from waybond_contracts.money import Money
from waybond_contracts.topics import CLAIM_COMMANDS, OPERATOR_COMMANDS


class ClaimCommand(Event):
    """Base: a decision on one claim by `by`, who saw `case_version`; one made on an older version is refused."""

    command_id: Id
    claim_id: Id
    case_version: Positive
    by: Id

    @property
    def business_key(self) -> str:
        return self.command_id


class DecideReferral(ClaimCommand, topic=CLAIM_COMMANDS):
    """An adjuster's answer: one of the choices that the referral offered."""

    referral_id: Id
    choice: Code
    amount: Money | None = None
    note: Text = ""


class AcceptOffer(ClaimCommand, topic=CLAIM_COMMANDS):
    """The buyer takes the offer."""

    offer_id: Id


class DeclineOffer(ClaimCommand, topic=CLAIM_COMMANDS):
    """The buyer does not take the offer."""

    offer_id: Id


class Appeal(ClaimCommand, topic=CLAIM_COMMANDS):
    """The buyer asks for another look."""

    statement: Text = ""


class HeldCommand(Event):
    """Base: about the record at `topic_name`/`record_offset` of this order, held or quarantined by `service`."""

    command_id: Id
    service: Literal["pricing", "tracking", "claims"]
    topic_name: Annotated[str, Field(max_length=64)]
    record_offset: Count
    by: Id
    note: Text = ""

    @property
    def business_key(self) -> str:
        return self.command_id


class ReleaseHeld(HeldCommand, topic=OPERATOR_COMMANDS):
    """Try the record again, then what waits behind it."""


class DiscardHeld(HeldCommand, topic=OPERATOR_COMMANDS):
    """Leave the record out, then go on with what waits behind it."""
