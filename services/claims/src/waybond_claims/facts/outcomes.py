"""Adds what is told of refunds elsewhere and of disputes to the claim file, whichever word of them comes first.

What was told is kept as it was told. Which of it is the same money, and what an outcome without an amount counts as, is
worked out from all of it each time (case/elsewhere.py): a word that comes later may say so.
"""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from waybond_claims.case.complaint import MAX_DISPUTES, MAX_TELLINGS, Dispute, Opening, Word
from waybond_claims.case.elsewhere import unsaid
from waybond_claims.case.money import MAX_ELSEWHERE, Elsewhere
from waybond_claims.case.state import Case, put
from waybond_claims.case.told import latest, with_opening, with_word
from waybond_claims.facts.contradictions import contradicted
from waybond_contracts import disputes, orders
from waybond_contracts.charges import Charge
from waybond_contracts.money import Money


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
    told = _told_by(event)
    if told is None:  # Evidence and what a seller answers change nothing that is owed.
        return case
    before = next((each for each in case.disputes if each.dispute_id == event.dispute_id), None)
    if before is None:
        if len(case.disputes) >= MAX_DISPUTES:
            return contradicted(case, "bound:disputes")
        before = Dispute(dispute_id=event.dispute_id, known_at=now)
    before = unsaid(case, before)
    after = with_opening(before, told) if isinstance(told, Opening) else with_word(before, told)
    if after is before:
        return case
    if len(after.openings) + len(after.words) > MAX_TELLINGS:
        return contradicted(case, "bound:disputes")
    case = replace(case, disputes=put(case.disputes, after, "dispute_id"))
    # A word may also move an earlier one on the line of revisions.
    tells = isinstance(told, Word) and any(each.decides for each in after.words)
    return _amount_told(case, after) if tells else case


def _told_by(event: disputes.DisputeEvent) -> Opening | Word | None:
    at = event.occurred_at
    match event:
        case disputes.DisputeOpened():
            return Opening(at, source=event.source.value, stage=event.stage.value, **_complaint(event))
        case disputes.ClaimFiled():
            return Opening(at, by=event.by.value, lines=_lines(event.lines), **_complaint(event))
        case disputes.DisputeStageChanged():
            said = _amount(_part(event.amount, event.charge, event.order_id))
            return Word(at, event.revision, event.stage.value, answer_by=event.answer_by, raw=event.raw_status, **said)
        case disputes.DisputeWithdrawn():
            return Word(at, ended="withdrawn")
        case disputes.DisputeResolved():
            return Word(
                at,
                event.revision,
                ended=event.outcome.value,
                ref=event.provider_refund_ref or "",
                lines=_lines(event.lines),
                raw=event.raw_status,
                appeal_by=event.appeal_by,
                **_amount(_part(event.refunded, event.charge, event.order_id)),
            )
        case _:
            return None


def _complaint(event: disputes.DisputeOpened | disputes.ClaimFiled) -> dict[str, Any]:
    opened = event if isinstance(event, disputes.DisputeOpened) else None
    return {
        "reason": event.reason.value,
        "package_id": event.package_id,
        "provider": event.provider,
        "raw_code": event.raw_code,
        "raw_category": event.raw_category,
        "answer_by": opened.answer_by if opened is not None else None,
        **_amount(_part(event.amount, opened.charge if opened is not None else None, event.order_id)),
    }


def _part(amount: Money | None, charge: Charge | None, order_id: str) -> Money | None:
    """What of the amount is this order's: its part, where a charge paid for several orders."""
    return amount if charge is None or amount is None else charge.part(amount, order_id)


def _amount(amount: Money | None) -> dict[str, Any]:
    return {"minor": amount.minor, "currency": amount.currency} if amount is not None else {}


def _amount_told(case: Case, dispute: Dispute) -> Case:
    """The file with the amount of the dispute's newest outcome in place of an earlier one."""
    known = next((each for each in case.elsewhere if _ref(each) == ("dispute", dispute.dispute_id)), None)
    at, words = latest(dispute)
    found = [
        Elsewhere(
            dispute.dispute_id, "dispute", word.minor, word.currency, at, word.ref, dispute.dispute_id, word.lines
        )
        for word in words
        if word.minor is not None and word.currency
    ]
    kept = [known] if known is not None and (known.at, known.minor) == (at, words[0].gave) else []
    told = max([*found, *kept], key=_told, default=None)
    if told == known:
        return case
    if known is not None:
        case = _without(case, known)
    return case if told is None else _kept(case, told)
