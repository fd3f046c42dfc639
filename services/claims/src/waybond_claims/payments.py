"""Money commands: one unresolved at a time, each step and attempt under an id of its own; answers as they come.

The attempt rises only after FAILED or REVERSED. Silence is asked about, never answered by paying again.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from waybond_claims.contradictions import contradicted
from waybond_claims.draft import Draft, named
from waybond_claims.entitlement import Due, Entitlement, due, granted
from waybond_claims.published import explanation, money, payment
from waybond_claims.referrals import stopped
from waybond_claims.state import MAX_COMMANDS, MAX_EARLY, Answer, Case, Command, put
from waybond_contracts import claims, refunds
from waybond_contracts.refunds import NARRATIVE_CHARACTERS

RECONCILE_AFTER = timedelta(hours=24)
PROLONGED_BY = timedelta(days=7)
"""Once, when the payment system says that it has the command or that it waits for somebody."""
EARLY = timedelta(hours=1)
"""How long the answer about a refund that is not commanded waits for the command."""
NOT_AFTER = timedelta(days=30)
UNTOLD = timedelta(days=1)
"""So much later than they were told may buyers have their money without another word."""
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
    """The file with a payment system's answer; of one refund_id the highest version counts.

    An answer may come before its command: claims whose tables were restored reads the answers to what it commands anew
    from another topic than the facts that it commands it for. It is kept until the command is there.
    """
    answer = _read(event, now)
    command = next((each for each in case.commands if each.refund_id == event.refund_id), None)
    return _kept(case, answer) if command is None else _applied(case, command, answer, now)


def heard_already(case: Case, now: datetime) -> Case:
    """The file with the answers to its commands that came before them."""
    for answer in case.early:
        command = next((each for each in case.commands if each.refund_id == answer.refund_id), None)
        if command is not None:
            case = replace(case, early=tuple(each for each in case.early if each is not answer))
            case = _applied(case, command, answer, now)
    return case


def unasked(case: Case, now: datetime) -> Case:
    """The file in which answers about what was never commanded are contradictions; call it on a wake alone.

    By then everything is read that was known when the answer came, so that its command would be there.
    """
    for answer in case.early:
        if now >= answer.known_at + EARLY:
            case = replace(case, early=tuple(each for each in case.early if each is not answer))
            case = contradicted(case, f"refund:{answer.refund_id}")
    return case


def _read(event: refunds.RefundResult, now: datetime) -> Answer:
    unpaid = event if isinstance(event, refunds.RefundFailed | refunds.RefundReversed) else None
    return Answer(
        refund_id=event.refund_id,
        status=STATUS[type(event)],
        version=event.version,
        minor=event.amount.minor,
        currency=event.amount.currency,
        provider_ref=event.provider_refund_ref,
        known_at=now,
        retryable=unpaid is not None and unpaid.retryable,
        failure=unpaid.failure_code.value if unpaid is not None else "",
    )


def _kept(case: Case, answer: Answer) -> Case:
    before = next((each for each in case.early if each.refund_id == answer.refund_id), None)
    if before is None and len(case.early) == MAX_EARLY:
        return contradicted(case, "bound:answers")
    if before is not None and _known_by(before, answer):
        return case
    return replace(case, early=put(case.early, answer, "refund_id"))


def _known_by(before: Answer, answer: Answer) -> bool:
    """Whether the answer is a repetition, or was overtaken by the one that is kept."""
    if before.status in WAITING:
        return answer.status == before.status or (answer.status == "accepted" and before.status == "pending")
    return answer.status in WAITING or answer.version <= before.version


def _applied(case: Case, before: Command, answer: Answer, now: datetime) -> Case:
    status = answer.status
    if case.order is not None and answer.currency != case.order.currency:
        return contradicted(case, f"currency:refund/{answer.refund_id}")
    if status in WAITING:
        # What is said to wait after a terminal answer was overtaken on the way.
        return _with(case, _prolonged(before, status, now)) if before.in_flight else case
    if status == "cancelled" and before.version == 1:
        # Nobody asked for it: commanding the same again would go on for ever.
        status = "failed"
    if answer.version <= before.result_version:
        known = ("reversed", before.returned) if before.returned else (before.status, before.moved)
        said = (status, answer.minor, answer.provider_ref)
        same = answer.version < before.result_version or said == (*known, before.provider_ref)
        return case if same else contradicted(case, f"result:{answer.refund_id}/{answer.version}")
    expected = before.moved if (before.status, status) == ("succeeded", "reversed") else before.minor
    other_amount = status in ("succeeded", "reversed") and answer.minor != expected
    if other_amount or (status == "succeeded" and before.outside):
        case = contradicted(case, f"amount:{answer.refund_id}/{answer.version}")
    # Where a part came back the buyer has the rest (S: all of it is paid again, and the rest is kept twice).
    part = status == "reversed" and 0 < answer.minor < expected
    after = replace(
        before,
        result_version=answer.version,
        provider_ref=answer.provider_ref,
        status="succeeded" if part else status,
        moved=expected - answer.minor if part else answer.minor,
        returned=answer.minor if part else 0,
        answered_at=now,
        retryable=answer.retryable,
        failure=answer.failure or ("cancelled_unasked" if status == "failed" else ""),
    )
    return _with(case, after)


def _with(case: Case, command: Command) -> Case:
    return replace(case, commands=put(case.commands, command, "refund_id"))


def _prolonged(command: Command, status: str, now: datetime) -> Command:
    if command.prolonged:
        # Taken is what it was before it waited for somebody, also where that is said again.
        return command if command.status == "pending" else replace(command, status=status)
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

    Another attempt of what was approved already is no news, unless it pays by other means or the buyer was told that it
    does not come.
    """
    difference = due(draft.case, owes, waits=waits(draft.case, draft.now))
    if difference.command <= 0:
        return None
    again = _failed(draft.case)
    known = again is not None and draft.case.withdrawn < len(draft.case.commands)
    if again is not None and known and (again.minor, draft.case.approved) == (difference.command, owes.entitled):
        command = _issue(draft, owes, replace(difference, pays=again.pays), again)
        return command if command.pays != again.pays else None
    fields = {
        "amount": money(draft.case, difference.command),
        "entitled": money(draft.case, owes.entitled),
        "explanation": explanation(draft.case, owes, difference, draft.now),
    }
    draft.say(claims.ClaimApproved, fields, approved=owes.entitled)
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
    draft.change(commands=(*case.commands, command), grants=granted(case, owes.view, owes.best, owes.benefits, command))
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


def takes_longer(case: Case) -> bool:
    """Whether the last command, another attempt of what the buyer was told of, makes what was said of its arrival
    untrue; once, and not where a question about it has said so."""
    last = case.commands[-1]
    told: list[Command] = []  # The attempt that the buyer was told of, and those that were made since for the same.
    for each in reversed(case.commands):
        if each.step == last.step:
            if each.minor != last.minor:
                break
            told.append(each)
    asked = {each.refund_id for each in case.referrals}
    if len(told) < 2 or any(each.refund_id in asked for each in told):
        return False
    first, before = told[-1].requested_at, told[1].requested_at
    return before <= first + UNTOLD < last.requested_at


def withdrawn(case: Case) -> Command | None:
    """The last command, if the buyer waits for its money in vain: none came, and nothing is owed that would follow (S:
    it was cancelled since the parcel had arrived in time). Once."""
    if len(case.commands) <= case.withdrawn or case.unpaid > 0:
        return None
    last = case.commands[-1]
    attempts = (each for each in case.commands if each.step == last.step)
    return None if any(each.in_flight or each.settled for each in attempts) else last


def _failed(case: Case) -> Command | None:
    """The first step whose last attempt ended without money."""
    for each in case.last_attempts:
        if each.unpaid:
            return each
    return None
