"""Money commands: the difference to what is owed, each step and attempt under an id of its own."""

from datetime import timedelta

from msgspec.structs import replace

from waybond_claims.case.money import Command
from waybond_claims.draft import Draft, named
from waybond_claims.entitlement import Due, Entitlement, due, rows, told
from waybond_claims.events import explanation, money, paid_rows, payment
from waybond_claims.payments import braked
from waybond_claims.payments.answers import with_command
from waybond_claims.payments.holds import waits
from waybond_claims.payments.retries import failed_step
from waybond_contracts import claims, refunds
from waybond_contracts.refunds import NARRATIVE_CHARACTERS

RECONCILE_AFTER = timedelta(hours=24)
NOT_AFTER = timedelta(days=30)


def tell_settled(draft: Draft) -> None:
    """Say once for each refund that it was confirmed."""
    for command in draft.case.commands:
        if command.settled == command.told:
            continue
        if command.settled > command.told:
            fields = {
                "refund_id": command.refund_id,
                "amount": money(draft.case, command.settled),
                "settled": money(draft.case, draft.case.settled),
            }
            draft.say(claims.ClaimSettled, fields)
        draft.case = with_command(draft.case, replace(command, told=command.settled))


def pay(draft: Draft, owes: Entitlement) -> Command | None:
    """Command the difference, if there is one and nothing stands against it; return the command if it is news.

    Another attempt of what was approved already is no news, unless it pays by other means or the buyer was told that it
    does not come.
    """
    difference = due(draft.case, owes, waits=waits(draft.case, draft.now))
    if difference.command <= 0:
        return None
    again = failed_step(draft.case)
    if draft.brake is not None and braked.stands_against(draft, difference.command, again):
        return None
    known = again is not None and draft.case.withdrawn < len(draft.case.commands)
    if again is not None and known and (again.minor, draft.case.approved) == (difference.command, owes.entitled):
        command = _issue(draft, owes, _made(draft, owes, replace(difference, pays=again.pays), again))
        return command if command.pays != again.pays else None
    command = _made(draft, owes, difference, again)
    said = told(draft.case, owes)
    fields = {
        "amount": money(draft.case, difference.command),
        "entitled": money(draft.case, owes.entitled),
        "explanation": explanation(draft.case, owes, difference, draft.now, said),
        "rows": paid_rows(draft.case, command),
    }
    draft.say(claims.ClaimApproved, fields, approved=owes.entitled, explained=said.remembered)
    return _issue(draft, owes, replace(command, decision_version=draft.case.version))


def _made(draft: Draft, owes: Entitlement, difference: Due, again: Command | None) -> Command:
    """The command of what is due: another attempt, or the next step."""
    case = draft.case
    step = again.step if again is not None else max([each.step for each in case.commands], default=0) + 1
    attempt = again.attempt + 1 if again is not None else 1
    pays = again.again_by if again is not None and again.again_by else difference.pays
    return Command(
        step=step,
        attempt=attempt,
        refund_id=named(case.claim_id, f"{step}/{attempt}"),
        minor=difference.command,
        requested_at=draft.now,
        patience=draft.sent_at + RECONCILE_AFTER,
        decision_version=case.version,
        pays=pays,
        rows=rows(case, owes, difference.parts, difference.command, pays),
    )


def _issue(draft: Draft, owes: Entitlement, command: Command) -> Command:
    """Publish the command, and note it in the file."""
    case = draft.case
    draft.change(commands=(*case.commands, command))
    clause = owes.best[0].rule.clause if owes.best else None
    narrative = f"{case.order_key.rpartition('/')[2]} {clause.id if clause is not None else ''}"
    fields = {
        "refund_id": command.refund_id,
        "version": command.version,
        "step": command.step,
        "attempt": command.attempt,
        "amount": money(case, command.minor),
        "reason_code": clause.peril.value if clause is not None else "",
        "narrative": narrative[:NARRATIVE_CHARACTERS],
        "decision_version": command.decision_version,
        "requested_at": draft.now,
        "not_after": draft.sent_at + NOT_AFTER,
        "payment": payment(owes.view.order),
        "rows": paid_rows(case, command),
    }
    if command.pays == "refund":
        draft.publish(refunds.IssueRefund, fields)
    else:
        draft.publish(refunds.IssuePayout, {"payee": owes.view.order.buyer} | fields)
    return command
