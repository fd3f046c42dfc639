"""Which questions are open as a case stands: they follow from the case each time."""

from collections.abc import Iterator
from datetime import datetime

from waybond_claims.adjudication.found import Found
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.money import Command, Recovery
from waybond_claims.case.question import MAX_AUDITS, MAX_REFERRALS, WITHDRAWN, Referral
from waybond_claims.case.state import Case
from waybond_claims.complaints.waits import AT_ONCE, stuck_at, stuck_key, unheard_key, unheard_of
from waybond_claims.desk import audits
from waybond_claims.desk.kinds import KINDS, Effect, Kind, Question, parsed
from waybond_claims.desk.troubles import troubles
from waybond_claims.entitlement import Entitlement, due
from waybond_contracts.explanation import FindingReason

_NONE = Effect.NONE
_SILENT = KINDS["silent"]
MAX_TOLD = 3
"""How often a question is told again for want of an answer; it stays open, and `waybond referral list` shows it."""


def questions(case: Case, owes: Entitlement | None, now: datetime) -> Iterator[Question]:
    """All questions that are open as the case stands now."""
    yield from troubles(case)
    for dispute in unheard_of(case, now):
        text = f"Dispute {dispute.dispute_id} names an order of which no policy decision is known."
        yield Question(*parsed(unheard_key(dispute)), text)
    flight = case.in_flight
    if flight is not None and now >= flight.patience:
        yield _silent(flight)
    for dispute in case.disputes:
        if dispute.freezes and now >= stuck_at(dispute) and case.unpaid > 0:
            yield _stuck(dispute)
    for recovery in case.recoveries:
        if recovery.outstanding:
            yield _to_recover(recovery)
    if owes is None:
        return
    exhausted = [command for command in case.last_attempts if command.exhausted]
    if exhausted and due(case, owes, waits=True).difference > 0:
        yield from map(_failed, exhausted)
    if owes.entitled < min(owes.available, owes.view.cover.limit):
        for found in owes.findings:
            if found.question and found.reason in _ASKS:
                yield _asked(found, tuple(owes.view.packages))
    yield from audits.questions(case, owes.view)


def deadlines(case: Case, now: datetime) -> Iterator[datetime]:
    """When open questions are told again for want of an answer."""
    for each in case.referrals:
        if each.is_open and each.answer_by is not None and each.told < MAX_TOLD:
            yield max(each.answer_by, now + AT_ONCE)


def is_overdue(referral: Referral, now: datetime) -> bool:
    """Whether nobody answered in time; ask on a wake alone, since an answer may wait in a backlog."""
    return referral.answer_by is not None and now >= referral.answer_by and referral.told < MAX_TOLD


def next_silence(case: Case, now: datetime) -> datetime | None:
    """When a silence that nobody was asked about yet is to be asked about."""
    flight = case.in_flight
    stuck = [each for each in case.disputes if each.freezes and case.unpaid > 0] if case.disputes else []
    if not stuck and flight is None:
        return None
    dates = [] if flight is None else [flight.patience]
    dates += [stuck_at(each) for each in stuck]
    if case.referrals:
        if not has_room(case, _SILENT):
            return None
        keys = ([] if flight is None else [_silent_key(flight)]) + [stuck_key(each) for each in stuck]
        asked = {each.key for each in case.referrals if each.choice != WITHDRAWN}
        dates = [at for key, at in zip(keys, dates, strict=True) if key not in asked]
    # It is concluded on a wake alone: one that a late fact has overtaken is still to come.
    return max(min(dates), now + AT_ONCE) if dates else None


def _silent_key(flight: Command) -> str:
    return f"silent:{flight.refund_id}:{flight.patience:%Y-%m-%dT%H:%M}"


def _silent(flight: Command) -> Question:
    text = f"The payment system has not said what became of refund {flight.refund_id} since {flight.requested_at:%F}."
    kind, about = parsed(_silent_key(flight))
    return Question(kind, about, f"{text} Ask there, then decide.", flight.minor, flight.refund_id)


def _stuck(dispute: Dispute) -> Question:
    since = dispute.stage_at or dispute.known_at
    text = (
        f"Dispute {dispute.dispute_id} stops payments, and nothing was heard of it since {since:%F}. "
        "Does it still run, or did it end, and did the buyer get money by it (say how much)?"
    )
    return Question(*parsed(stuck_key(dispute)), text)


def _failed(command: Command) -> Question:
    text = f"Refund {command.refund_id} did not reach the buyer ({command.failure}). How is it to be paid?"
    return Question(KINDS["failed"], command.refund_id, text, command.minor, command.refund_id)


def _to_recover(recovery: Recovery) -> Question:
    about = f"{recovery.ordinal}:{recovery.minor}:{recovery.recovered}:{recovery.waived}"
    text = f"More was paid than is owed ({recovery.reason}). Was it given back?"
    return Question(KINDS["recovery"], about, text, recovery.outstanding)


_ASKS = frozenset({FindingReason.NEEDS_CARRIER_ANSWER, FindingReason.NEEDS_CLAIM, FindingReason.NEEDS_PERSON})
_RULINGS = {
    "carrier": "Clause {}: the carrier was not heard after the clock ran out. Is its silence to be believed?",
    "claim": "Clause {} pays what somebody claims, and the buyer complained. Is it to be paid?",
    "circumstance": "Clause {} applies unless exclusion {} does. Does it?",
    "when": "Clause {} is met by a scan whose time is not known: cover may not reach it. Is it paid?",
    "periods": "Clause {} is met, but how much is due does not follow from what is known. How much?",
    "rate": "Clause {} is met, but how much is due does not follow from what is known. How much?",
}


def _asked(found: Found, packages: tuple[str, ...]) -> Question:
    kind, about = parsed(found.question)
    text = _RULINGS[kind.name].format(found.rule.clause.id, found.exclusion_id)
    return Question(kind, about, text, most=found.most, among=packages if found.of_remainder else ())


def has_room(case: Case, kind: Kind) -> bool:
    """Whether another question of this kind can be kept: one that was withdrawn makes room."""
    kept = beside(case, kind)
    return len(kept) < most_of(kind) or any(each.choice == WITHDRAWN for each in kept)


def beside(case: Case, kind: Kind) -> list[Referral]:
    """The questions that share their room with those of this kind: audits have one of their own."""
    is_audit = kind.effect is _NONE
    return [each for each in case.referrals if each.is_audit is is_audit]


def most_of(kind: Kind) -> int:
    """How many questions are kept in that room."""
    return MAX_AUDITS if kind.effect is _NONE else MAX_REFERRALS
