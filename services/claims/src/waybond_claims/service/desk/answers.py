"""From what a person sends to a command on `claim-commands`: checked against the file, published once, confirmed."""

from datetime import datetime
from typing import NamedTuple

from fastapi import Request
from pydantic import ValidationError

from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case
from waybond_claims.desk.decisions import Objection, objection
from waybond_claims.desk.handling import MAX_SNOOZE, has_room_for_note
from waybond_claims.desk.people import authority
from waybond_claims.service.cases import Stored, find, question
from waybond_claims.service.desk import models
from waybond_claims.service.desk.calls import ACCEPTED, Call, done_before
from waybond_claims.service.desk.models import Accepted, shown_changes
from waybond_contracts import commands
from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.event import Event, OrderRef
from waybond_kit.definition import Resources
from waybond_kit.errors import PublishError
from waybond_kit.keys import event_id
from waybond_kit.web import Problem

IDEMPOTENCY_KEY = "idempotency-key"
DONE, DECIDED, PROPOSED = "done", "decided", "proposed"

_REFUSED: dict[Objection, tuple[int, str, str]] = {
    Objection.OWN_CASE: (403, "This is a case of your own", "expected a person who neither bought nor sold the goods"),
    Objection.NOT_ASKED: (403, "The question is put to others", "expected a person of the role that is asked"),
    Objection.STALE: (409, "The case has changed", "expected a decision on the present version: look at `changes`"),
    Objection.NOT_OFFERED: (422, "The choice was not offered", "expected one of the question's choices"),
    Objection.AMOUNT_MISSING: (422, "An amount is missing", "expected `amount` with pay: it follows from no fact"),
    Objection.AMOUNT_WRONG: (422, "The amount is not possible", ""),
    Objection.SAME_AUTHOR: (403, "You proposed it yourself", "expected another person than who proposed it"),
}


class Where(NamedTuple):
    """A question as a path names it."""

    tenant: str
    platform: str
    order_id: str
    referral_id: str


class Asked(NamedTuple):
    """A question and its case."""

    stored: Stored
    referral: Referral


async def located(resources: Resources, call: Call, where: Where) -> Asked:
    """A question about an order of the caller's tenant. Raises Problem 404, in the same words for one of others, and
    ContractError for a path that names no order."""
    tenant, platform, order_id, referral_id = where
    try:
        order_key = OrderRef(tenant=tenant, platform=platform, order_id=order_id).order_key
    except ValidationError as error:
        raise contract_error(error) from None
    stored = await find(resources.pool, order_key) if call.tenant == tenant else None
    found = question(stored.case, referral_id) if stored is not None else None
    if stored is None or found is None:
        detail = "expected a question about an order of this API key's tenant"
        raise Problem(404, "no-such-referral", "There is no such question", detail)
    return Asked(stored, found)


def command_id_of(request: Request, given: str | None) -> str:
    """What names the command: the header Idempotency-Key or the body.

    Raises ContractError where it is in neither, where they differ, and for a header that is none."""
    header = request.headers.get(IDEMPOTENCY_KEY)
    if header is None and given is None:
        raise ContractError("command_id", "a name of the command, here or in the header Idempotency-Key", None)
    if header is None:
        return given or ""
    try:
        named = models.Body(command_id=header).command_id or ""
    except ValidationError as error:
        raise ContractError("header Idempotency-Key", contract_error(error).expected, header) from None
    if given is not None and given != named:
        raise ContractError("command_id", f"the same as in the header Idempotency-Key, {named}", given)
    return named


async def handle(resources: Resources, call: Call, asked: Asked, body: models.Body, now: datetime) -> Accepted:
    """Publish how an open question is handled. Raises Problem and ContractError."""
    case, referral = asked.stored.case, asked.referral
    tenant, platform, order_id = case.order_key.split("/", 2)
    about = {
        **{"tenant": tenant, "platform": platform, "order_id": order_id, "occurred_at": now},
        **{"command_id": call.command_id, "claim_id": case.claim_id, "referral_id": referral.referral_id},
        "by": call.person.author,
    }
    event: commands.ReferralCommand
    match body:
        case models.AssignBody():
            event = commands.AssignReferral(**about, assignee=body.assignee)
        case models.SnoozeBody():
            if body.until is not None and not now < body.until <= now + MAX_SNOOZE:
                raise ContractError("until", f"an instant within the next {MAX_SNOOZE.days} days", str(body.until))
            event = commands.SnoozeReferral(**about, until=body.until)
        case models.BoostBody():
            event = commands.BoostReferral(**about, boosted=body.boosted)
        case models.NoteBody():
            event = commands.NoteReferral(**about, note=body.note)
        case _:
            raise TypeError(f"no command is made of {type(body).__name__}")
    before = await done_before(resources.pool, call)
    if before is not None:
        return _accepted(call, event, before)
    _expect_open(case, referral)
    if isinstance(event, commands.NoteReferral) and not has_room_for_note(referral):
        raise Problem(409, "notes-full", "The question keeps no more notes")
    return await _publish(resources, call, event, DONE)


async def decide(resources: Resources, call: Call, asked: Asked, body: models.DecideBody, now: datetime) -> Accepted:
    """Publish a person's decision, or what they propose. Raises Problem and ContractError."""
    case, referral = asked.stored.case, asked.referral
    event = decision(call, case, referral, body, now)
    before = await done_before(resources.pool, call)
    if before is not None:
        return _accepted(call, event, before)
    _expect_open(case, referral)
    found = objection(case, referral, event, asked.stored.known_at)
    if found is not None and found is not Objection.ABOVE_AUTHORITY:
        raise _refused(found, case, referral, body)
    return await _publish(resources, call, event, DECIDED if found is None else PROPOSED)


def decision(
    call: Call, case: Case, referral: Referral, body: models.DecideBody, now: datetime
) -> commands.DecideReferral:
    """The command: author, role and authority are those of the key."""
    tenant, platform, order_id = case.order_key.split("/", 2)
    person = call.person
    return commands.DecideReferral(
        tenant=tenant,
        platform=platform,
        order_id=order_id,
        occurred_at=now,
        command_id=call.command_id,
        claim_id=case.claim_id,
        case_version=body.case_version,
        by=person.author,
        referral_id=referral.referral_id,
        choice=body.choice,
        amount=body.amount,
        note=body.note,
        role=person.role,
        reason_code=body.reason_code,
        authority=authority(person.limits, case.order.currency) if case.order is not None else None,
    )


def _expect_open(case: Case, referral: Referral) -> None:
    if not referral.is_open:
        raise Problem(
            409,
            "closed",
            "The question is closed",
            case_version=case.version,
            choice=referral.choice,
            decided_by=referral.decided_by,
        )


def _refused(found: Objection, case: Case, referral: Referral, body: models.DecideBody) -> Problem:
    status, title, detail = _REFUSED[found]
    if found is Objection.STALE:
        changes = [each.model_dump(mode="json") for each in shown_changes(case, body.case_version)]
        return Problem(status, found.value, title, detail, case_version=case.version, changes=changes)
    if found is Objection.NOT_OFFERED:
        return Problem(status, found.value, title, detail, choices=list(referral.choices))
    if found is Objection.AMOUNT_WRONG:
        detail = (
            f"expected no amount with {body.choice}, or one in the order's currency that is above zero and possible"
        )
    return Problem(status, found.value, title, detail)


async def _publish(resources: Resources, call: Call, event: Event, outcome: str) -> Accepted:
    if resources.settings.replay:  # there, time is what the records say
        detail = "expected a stack that does not replay history; there, `waybond referral decide` decides"
        raise Problem(409, "replay", "History is replayed here", detail)
    try:
        await resources.publish(event, cause=call.command_id)
    except PublishError:
        detail = "it may or may not have been published; send it again under the same command id"
        raise Problem(503, "not-confirmed", "The command was not confirmed", detail) from None
    return _accepted(call, event, outcome)


def _accepted(call: Call, event: Event, outcome: str) -> Accepted:
    call.outcome, call.status = outcome, ACCEPTED
    identity = event_id(call.command_id, event.event_type, f"{event.order_key}/{event.business_key}")
    return Accepted(command_id=call.command_id, event_id=identity, outcome=outcome)
