"""Adds what is told of refunds elsewhere and of disputes to the claim file, whichever word of them comes first.

What was told is kept as it was told. Which of it is the same money, and what an outcome without an amount counts as, is
worked out from all of it each time (case/elsewhere.py): a word that comes later may say so.
"""

from datetime import datetime

from msgspec.structs import replace

from waybond_claims.case.complaint import MAX_DISPUTES, WON, Dispute
from waybond_claims.case.elsewhere import unsaid
from waybond_claims.case.money import MAX_ELSEWHERE, Elsewhere
from waybond_claims.case.state import Case, put
from waybond_claims.facts.contradictions import contradicted
from waybond_contracts import disputes, orders


def refunded(case: Case, event: orders.OrderRefunded) -> Case:
    """The file with a refund of the platform; the same one with another amount is a contradiction."""
    told = Elsewhere(
        event.refund_ref,
        "platform",
        event.amount.minor,
        event.amount.currency,
        event.occurred_at,
        event.provider_refund_ref or "",
        event.dispute_id or "",
        _lines(event.lines),
    )
    known = next((each for each in case.elsewhere if (each.ref, each.by) == (told.ref, told.by)), None)
    if known is None:
        return _kept(case, told)
    if (known.minor, known.currency) != (told.minor, told.currency):
        return contradicted(case, f"platform:{told.ref}")
    # What it is for may be told later, or again: the most that was told of it counts.
    fuller = max(known, told, key=_told)
    return case if fuller == known else _kept(_without(case, known), fuller)


def _told(each: Elsewhere) -> tuple[bool, bool, bool, str, str, str, float]:
    words = each.provider_ref, each.dispute_id, str(each.lines)
    since = -each.at.timestamp() if each.at is not None else float("-inf")
    return bool(each.lines), bool(each.provider_ref), bool(each.dispute_id), *words, since


def _lines(lines: tuple[orders.RefundedLine, ...]) -> tuple[tuple[str, int | None, int | None], ...]:
    return tuple((each.line_id, each.quantity, each.amount.minor if each.amount else None) for each in lines)


def _kept(case: Case, told: Elsewhere) -> Case:
    if len(case.elsewhere) >= MAX_ELSEWHERE:
        return contradicted(case, "bound:elsewhere")
    # Sorted: which came first must not show in the file.
    return replace(case, elsewhere=tuple(sorted((*case.elsewhere, told), key=_ref)))


def _without(case: Case, gone: Elsewhere) -> Case:
    return replace(case, elsewhere=tuple(each for each in case.elsewhere if _ref(each) != _ref(gone)))


def _ref(each: Elsewhere) -> tuple[str, str]:
    return each.by, each.ref


# disputes


def disputed(case: Case, event: disputes.DisputeEvent, now: datetime) -> Case:
    """The file with a word about a dispute."""
    before = next((each for each in case.disputes if each.dispute_id == event.dispute_id), None)
    if before is None:
        if len(case.disputes) >= MAX_DISPUTES:
            return contradicted(case, "bound:disputes")
        before = Dispute(dispute_id=event.dispute_id, known_at=now)
    after = before
    match event:
        case disputes.DisputeOpened() | disputes.ClaimFiled():
            after = _opened(before, event)
        case disputes.DisputeStageChanged():
            after = _staged(before, event.stage.value, event.occurred_at)
        case disputes.DisputeWithdrawn():
            after = _ended(before, "withdrawn", event.occurred_at)
        case disputes.DisputeResolved():
            return _resolved(case, before, event)
        case _:  # What is handed in and what sellers say is kept beside it (facts/handed_in.py).
            return case
    return case if after == before and before in case.disputes else _with(case, after)


def _with(case: Case, dispute: Dispute) -> Case:
    return replace(case, disputes=put(case.disputes, dispute, "dispute_id"))


def _opened(before: Dispute, event: disputes.DisputeOpened | disputes.ClaimFiled) -> Dispute:
    if isinstance(event, disputes.ClaimFiled):
        by_buyer = event.by is disputes.Party.BUYER
        source = disputes.DisputeSource.BUYER if by_buyer else disputes.DisputeSource.PLATFORM
        stage = disputes.DisputeStage.INQUIRY
    else:
        source, stage = event.source, event.stage
    if before.opened_at is not None:
        if before.minor is None and event.amount is not None:  # The amount is told later, or by another source.
            return replace(before, minor=event.amount.minor, currency=event.amount.currency)
        return before
    named = replace(
        before,
        opened_at=event.occurred_at,
        source=source.value,
        reason=event.reason.value,
        package_id=event.package_id,
        minor=event.amount.minor if event.amount is not None else None,
        currency=event.amount.currency if event.amount is not None else "",
    )
    return _staged(named, stage.value, event.occurred_at)


def _staged(before: Dispute, stage: str, at: datetime) -> Dispute:
    if before.stage_at is not None and (at, stage) <= (before.stage_at, before.stage):
        return before
    return replace(before, stage=stage, stage_at=at)


def _ended(before: Dispute, how: str, at: datetime) -> Dispute:
    """The dispute with an end in it; the latest one counts."""
    if before.ended_at is not None and (at, how) <= (before.ended_at, before.ended):
        return before
    return replace(before, ended=how, ended_at=at)


def _resolved(case: Case, before: Dispute, event: disputes.DisputeResolved) -> Case:
    """Of several resolutions the latest says what the buyer got: after an appeal that is news, else one is wrong. One
    that gave the buyer something and names no amount says nothing of how much."""
    at, before = event.occurred_at, unsaid(case, before)
    after = _ended(before, event.outcome.value, at)
    if event.refunded is None and event.outcome.value in WON:
        after = replace(after, won_at=max(filter(None, (after.won_at, at))))
        return case if after in case.disputes else _with(case, after)
    minor = event.refunded.minor if event.refunded else 0
    known = before.resolved_at
    if before.refunded is not None and known is not None:
        appealed = before.stage_at is not None and before.stage_at > min(known, at)
        if before.refunded != minor and not appealed:
            case = contradicted(case, f"dispute:{event.dispute_id}")
        if (at, minor) < (known, before.refunded):
            return case if after in case.disputes else _with(case, after)
    said = before.said if (at, minor) == (known, before.refunded) else None
    case = _with(case, replace(after, refunded=minor, resolved_at=at, said=said))
    return _amount_told(case, event, same=(at, minor) == (known, before.refunded))


def _amount_told(case: Case, event: disputes.DisputeResolved, *, same: bool) -> Case:
    """The file with the resolution's amount in place of an earlier one; `same`: told again, perhaps with more words."""
    known = next((each for each in case.elsewhere if _ref(each) == ("dispute", event.dispute_id)), None)
    told = None
    if event.refunded is not None:
        told = Elsewhere(
            event.dispute_id,
            "dispute",
            event.refunded.minor,
            event.refunded.currency,
            event.occurred_at,
            event.provider_refund_ref or "",
            event.dispute_id,
            _lines(event.lines),
        )
    if same:
        told = max(filter(None, (known, told)), key=_told, default=None)
    if told == known:
        return case
    if known is not None:
        case = _without(case, known)
    return case if told is None else _kept(case, told)
