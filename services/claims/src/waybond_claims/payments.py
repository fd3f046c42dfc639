"""Money commands: one unresolved at a time, each step and attempt under an id of its own; answers as they come.

The attempt rises only after FAILED or REVERSED. Silence is asked about, never answered by paying again.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from waybond_claims.draft import Draft, named
from waybond_claims.entitlement import Due, Entitlement, due, granted
from waybond_claims.facts import contradicted
from waybond_claims.published import explanation, money, payment
from waybond_claims.referrals import stopped
from waybond_claims.state import MAX_COMMANDS, Case, Command, put
from waybond_contracts import claims, refunds
from waybond_contracts.refunds import NARRATIVE_CHARACTERS

RECONCILE_AFTER = timedelta(hours=24)
PROLONGED_BY = timedelta(days=7)
"""Once, when the payment system says that it has the command or that it waits for somebody."""
NOT_AFTER = timedelta(days=30)
RETRY_AFTER = (timedelta(0), timedelta(hours=6), timedelta(hours=24), timedelta(hours=72))
"""Before the second, third, ... attempt of a step; after MAX_ATTEMPTS a person decides."""

STATUS: dict[type[refunds.RefundResult], str] = {
    refunds.RefundAccepted: "accepted",
    refunds.RefundPending: "pending",
    refunds.RefundSucceeded: "succeeded",
    refunds.RefundFailed: "failed",
    refunds.RefundReversed: "reversed",
    refunds.RefundCancelled: "cancelled",
}
WAITING = frozenset({"accepted", "pending"})


# answers


def answered(case: Case, event: refunds.RefundResult, now: datetime) -> Case:
    """The file with a payment system's answer; of one refund_id the highest version counts."""
    before = next((each for each in case.commands if each.refund_id == event.refund_id), None)
    if before is None:
        return contradicted(case, f"refund:{event.refund_id}")
    status = STATUS[type(event)]
    if case.order is not None and event.amount.currency != case.order.currency:
        return contradicted(case, f"currency:refund/{event.refund_id}")
    if status in WAITING:
        # What is said to wait after a terminal answer was overtaken on the way.
        return _with(case, _prolonged(before, status, now)) if before.in_flight else case
    if status == "cancelled" and before.version == 1:
        # Nobody asked for it: commanding the same again would go on for ever.
        status = "failed"
    if event.version <= before.result_version:
        said = (before.status, before.moved, before.provider_ref)
        same = event.version < before.result_version or said == (status, event.amount.minor, event.provider_refund_ref)
        return case if same else contradicted(case, f"result:{event.refund_id}/{event.version}")
    if status == "succeeded" and (before.outside or event.amount.minor != before.minor):
        case = contradicted(case, f"amount:{event.refund_id}/{event.version}")
    unpaid = event if isinstance(event, refunds.RefundFailed | refunds.RefundReversed) else None
    after = replace(
        before,
        result_version=event.version,
        provider_ref=event.provider_refund_ref,
        status=status,
        moved=event.amount.minor,
        answered_at=now,
        retryable=unpaid is not None and unpaid.retryable,
        failure=unpaid.failure_code.value if unpaid is not None else "",
    )
    return _with(case, after)


def _with(case: Case, command: Command) -> Case:
    return replace(case, commands=put(case.commands, command, "refund_id"))


def _prolonged(command: Command, status: str, now: datetime) -> Command:
    if command.prolonged:
        return replace(command, status=status)
    return replace(command, status=status, prolonged=True, patience=now + PROLONGED_BY)


# commands


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
        draft.case = _with(draft.case, replace(command, told=command.settled))


def cancel(draft: Draft, owes: Entitlement) -> None:
    """Take the unresolved command back if more is on its way than may stay, or a person wants it back."""
    flight = draft.case.in_flight
    if flight is None:
        return
    over = draft.case.settled - draft.case.recovered - draft.case.waived + flight.minor - owes.tolerated
    wanted = flight.cancel or ("owed_less" if over > 0 and flight.version == 1 else "")
    if not wanted:
        return
    after = replace(flight, version=flight.version + 1, cancel="", patience=draft.sent_at + RECONCILE_AFTER)
    draft.case = _with(draft.case, after)
    fields = {"refund_id": flight.refund_id, "version": after.version, "reason_code": wanted}
    draft.publish(refunds.CancelRefund, fields)


def waits(case: Case, now: datetime) -> bool:
    """Whether nothing new may be commanded now, whatever is owed."""
    if case.in_flight is not None or case.frozen_by_dispute or stopped(case) or len(case.commands) >= MAX_COMMANDS:
        return True
    if not case.commands:
        return False
    if any(each.exhausted for each in case.last_attempts):
        return True
    at = retry_at(case)
    return at is not None and at > now


def retry_at(case: Case) -> datetime | None:
    """From when the next attempt of a step that failed may be made."""
    failed = _failed(case)
    if failed is None or failed.answered_at is None or failed.exhausted:
        return None
    return failed.answered_at if failed.granted else failed.answered_at + RETRY_AFTER[failed.attempt - 1]


def pay(draft: Draft, owes: Entitlement) -> Command | None:
    """Command the difference, if there is one and nothing stands against it; return the command if it is news.

    Another attempt of what was approved already is no news, unless it pays by other means.
    """
    difference = due(draft.case, owes, waits=waits(draft.case, draft.now))
    if difference.command <= 0:
        return None
    again = _failed(draft.case)
    if again is not None and (again.minor, draft.case.approved) == (difference.command, owes.entitled):
        command = _issue(draft, owes, replace(difference, pays=again.pays), again)
        return command if command.pays != again.pays else None
    fields = {
        "amount": money(draft.case, difference.command),
        "entitled": money(draft.case, owes.entitled),
        "explanation": explanation(draft.case, owes, difference, draft.now),
    }
    draft.say(claims.ClaimApproved, fields, approved=owes.entitled, grants=granted(draft.case, owes))
    return _issue(draft, owes, difference, again)


def _issue(draft: Draft, owes: Entitlement, difference: Due, again: Command | None) -> Command:
    case = draft.case
    step = again.step if again is not None else max([each.step for each in case.commands], default=0) + 1
    attempt = again.attempt + 1 if again is not None else 1
    command = Command(
        step=step,
        attempt=attempt,
        refund_id=named(case.claim_id, f"{step}/{attempt}"),
        minor=difference.command,
        requested_at=draft.now,
        patience=draft.sent_at + RECONCILE_AFTER,
        decision_version=case.version,
        pays=again.again_by if again is not None and again.again_by else difference.pays,
    )
    draft.change(commands=(*case.commands, command))
    clause = owes.best[0].rule.clause if owes.best else None
    narrative = f"{case.order_key.rpartition('/')[2]} {clause.id if clause is not None else ''}"
    fields = {
        "refund_id": command.refund_id,
        "version": command.version,
        "step": step,
        "attempt": attempt,
        "amount": money(case, command.minor),
        "reason_code": clause.peril.value if clause is not None else "",
        "narrative": narrative[:NARRATIVE_CHARACTERS],
        "decision_version": command.decision_version,
        "requested_at": draft.now,
        "not_after": draft.sent_at + NOT_AFTER,
        "payment": payment(owes.view.order),
    }
    if command.pays == "refund":
        draft.publish(refunds.IssueRefund, fields)
    else:
        draft.publish(refunds.IssuePayout, {"payee": owes.view.order.buyer} | fields)
    return command


def _failed(case: Case) -> Command | None:
    """The first step whose last attempt ended without money."""
    for each in case.last_attempts:
        if each.unpaid:
            return each
    return None
