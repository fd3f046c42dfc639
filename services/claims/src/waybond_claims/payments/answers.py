"""Answers of payment systems: of one refund the highest version counts, also where it comes before its command."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from waybond_claims.case.money import MAX_EARLY, Answer, Command
from waybond_claims.case.state import Case, put
from waybond_claims.complaints.waits import AT_ONCE
from waybond_claims.facts.contradictions import contradicted
from waybond_contracts import refunds

PROLONGED_BY = timedelta(days=7)
"""Once, when the payment system says that it has the command or that it waits for somebody."""
EARLY = timedelta(hours=1)
"""How long the answer about a refund that is not commanded waits for the command."""
STATUS: dict[type[refunds.RefundResult], str] = {
    refunds.RefundAccepted: "accepted",
    refunds.RefundPending: "pending",
    refunds.RefundSucceeded: "succeeded",
    refunds.RefundFailed: "failed",
    refunds.RefundReversed: "reversed",
    refunds.RefundCancelled: "cancelled",
}
WAITING = frozenset({"accepted", "pending"})


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


def deadlines(case: Case, now: datetime) -> list[datetime]:
    """When an answer that came before its command has waited long enough."""
    return [max(answer.known_at + EARLY, now + AT_ONCE) for answer in case.early]


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
        return with_command(case, _prolonged(before, status, now)) if before.in_flight else case
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
    # Where a part came back the buyer has the rest (Scenario: all of it is paid again, and the rest is kept twice).
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
    return with_command(case, after)


def with_command(case: Case, command: Command) -> Case:
    return replace(case, commands=put(case.commands, command, "refund_id"))


def _prolonged(command: Command, status: str, now: datetime) -> Command:
    if command.prolonged:
        # Taken is what it was before it waited for somebody, also where that is said again.
        return command if command.status == "pending" else replace(command, status=status)
    return replace(command, status=status, prolonged=True, patience=now + PROLONGED_BY)
