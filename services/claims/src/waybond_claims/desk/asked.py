"""Which questions are open as a case stands: they follow from the case each time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from waybond_claims.adjudication.complaints import is_about
from waybond_claims.adjudication.course import in_part
from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.heeded import MISSING, REFER
from waybond_claims.adjudication.view import View
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.money import Command, Recovery
from waybond_claims.case.question import MAX_AUDITS, MAX_REFERRALS, WITHDRAWN, Referral
from waybond_claims.case.state import Case
from waybond_claims.complaints import appeals
from waybond_claims.complaints.deadlines import (
    decided_by,
    is_unread,
    provider_deadline,
    undecided,
    undecided_key,
    unread_key,
)
from waybond_claims.complaints.waits import AT_ONCE, stuck_at, stuck_key, unheard_key, unheard_of
from waybond_claims.desk import audits
from waybond_claims.desk.kinds import KINDS, OFFER, Effect, Kind, Question, kind_of, parsed
from waybond_claims.desk.troubles import troubles
from waybond_claims.entitlement import Entitlement, due
from waybond_claims.events import money_of
from waybond_contracts.claims import ReferralReason
from waybond_contracts.explanation import FindingReason

_NONE = Effect.NONE
_SILENT = KINDS["silent"]
MAX_TOLD = 3
"""How often a question is told again for want of an answer; it stays open, and `waybond referral list` shows it."""


def questions(case: Case, owes: Entitlement | None, now: datetime) -> Iterator[Question]:
    """All questions that are open as the case stands now."""
    about: set[str] = set()
    for each in _questions(case, owes, now):
        about.update(each.disputes)
        yield each
    for dispute, at in undecided(case, about):
        if now >= at:
            yield _undecided(dispute)


def _questions(case: Case, owes: Entitlement | None, now: datetime) -> Iterator[Question]:
    yield from troubles(case)
    for dispute in unheard_of(case, now):
        text = f"Dispute {dispute.dispute_id} names an order of which no policy decision is known."
        yield _of(dispute, unheard_key(dispute), text)
    for dispute in case.disputes:
        if is_unread(dispute):
            yield _unread(dispute)
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
    if case.appeals:
        yield from appeals.questions(case, owes)
    if owes.entitled < min(owes.available, owes.view.cover.limit):
        for found in owes.findings:
            if found.question and found.reason in _ASKS:
                yield _asked(owes.view, found)
    yield from audits.questions(case, owes.view)


def deadlines(case: Case, now: datetime) -> Iterator[datetime]:
    """When open questions are told again for want of an answer."""
    for each in case.referrals:
        if each.is_open and each.answer_by is not None and each.told < MAX_TOLD:
            yield max(each.answer_by, now + AT_ONCE)
        if each.is_open and each.remind_at is not None:
            yield max(each.remind_at, now + AT_ONCE)


def is_overdue(referral: Referral, now: datetime) -> bool:
    """Whether nobody answered in time; ask on a wake alone, since an answer may wait in a backlog."""
    return referral.answer_by is not None and now >= referral.answer_by and referral.told < MAX_TOLD


def next_silence(case: Case, now: datetime) -> datetime | None:
    """When a silence that nobody was asked about yet is to be asked about."""
    flight = case.in_flight
    silences = _of_disputes(case) if case.disputes else []
    if flight is not None:
        silences.append((_silent_key(flight) if case.referrals else "", flight.patience))
    if not silences or not has_room(case, _SILENT):
        return None
    asked = {each.key for each in case.referrals if each.choice != WITHDRAWN}
    dates = [at for key, at in silences if key not in asked]
    # It is concluded on a wake alone: one that a late fact has overtaken is still to come.
    return max(min(dates), now + AT_ONCE) if dates else None


def _of_disputes(case: Case) -> list[tuple[str, datetime]]:
    """The silences of disputes: the key of the question about each, and when it is asked."""
    silences = [(stuck_key(each), stuck_at(each)) for each in case.disputes if each.freezes and case.unpaid > 0]
    return silences + [(undecided_key(each), at) for each, at in undecided(case, _asked_about(case))]


def _asked_about(case: Case) -> set[str]:
    """The disputes that other questions are open about."""
    return {
        each
        for referral in case.referrals
        if referral.is_open and kind_of(referral.key) is not _UNDECIDED
        for each in referral.disputes
    }


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
    return _of(dispute, stuck_key(dispute), text)


def _undecided(dispute: Dispute) -> Question:
    at = provider_deadline(dispute)
    waits = f" Its provider takes an answer until {at:%F %H:%M} UTC." if at is not None else ""
    if dispute.opened_at is None:
        text = f"Dispute {dispute.dispute_id} is at {dispute.stage}, and nobody told what is complained of."
    else:
        text = f"Dispute {dispute.dispute_id} ({dispute.reason}) is at {dispute.stage}, and has no answer of ours."
    text += f"{waits} Was it answered there, or did it end, and did the buyer get money by it (say how much)?"
    return _of(dispute, undecided_key(dispute), text)


def _unread(dispute: Dispute) -> Question:
    named = f"{dispute.raw_code} of {dispute.provider or 'a provider that was not named'}"
    text = f"Dispute {dispute.dispute_id} has the reason {named}, which may mean several things. What is complained of?"
    return replace(_of(dispute, unread_key(dispute), text), choices=dispute.may_be)


def _of(dispute: Dispute, key: str, text: str) -> Question:
    """A question about one dispute."""
    return Question(*parsed(key), text, disputes=(dispute.dispute_id,), by=decided_by(dispute))


def _failed(command: Command) -> Question:
    text = f"Refund {command.refund_id} did not reach the buyer ({command.failure}). How is it to be paid?"
    return Question(KINDS["failed"], command.refund_id, text, command.minor, command.refund_id)


def _to_recover(recovery: Recovery) -> Question:
    about = f"{recovery.ordinal}:{recovery.minor}:{recovery.recovered}:{recovery.waived}"
    text = f"More was paid than is owed ({recovery.reason}). Was it given back?"
    return Question(KINDS["recovery"], about, text, recovery.outstanding)


_UNDECIDED = KINDS["answer"]
_ASKS = frozenset(
    {
        FindingReason.NEEDS_CARRIER_ANSWER,
        FindingReason.NEEDS_CLAIM,
        FindingReason.NEEDS_PERSON,
        FindingReason.APPLIES,  # paid on one claim, and another one asks for more
    }
)
_QUEUES = {REFER: ReferralReason.SIGNALS, MISSING: ReferralReason.SIGNALS_MISSING}
_OF_COMPLAINT = frozenset({"claim", "return"})
"""Where the clause says more of claims: about the complaint, whatever unit it is about."""
_RULINGS = {
    "carrier": "Clause {}: the carrier was not heard after the clock ran out. Is its silence to be believed?",
    "claim": "Clause {} pays what somebody claims, and the buyer complained. Is it to be paid?",
    "return": "Clause {} pays once the goods are back. Is it to be paid?",
    "circumstance": "Clause {} applies unless exclusion {} does. Does it?",
    "when": "Clause {} is met by a scan whose time is not known: cover may not reach it. Is it paid?",
    "periods": "Clause {} is met, but how much is due does not follow from what is known. How much?",
    "rate": "Clause {} is met, but how much is due does not follow from what is known. How much?",
}


def _asked(view: View, found: Found) -> Question:
    kind, about = parsed(found.question)
    clause, unit = found.rule.clause, found.package_id
    text = _RULINGS[kind.name].format(clause.id, found.exclusion_id)
    if found.suggested:
        text = f"{text} {found.suggested}"
    guided = clause.guided and kind.name in _OF_COMPLAINT
    choices = (*kind.choices, OFFER) if guided and kind is KINDS["claim"] and in_part(clause) is not None else ()
    among = tuple(view.packages) if found.of_remainder and not guided else ()
    waiting = [each for each in view.case.disputes if not each.over and is_about(view, each, clause, unit)]
    for each in waiting:
        if each.asked is not None and clause.trigger == "claim":
            text += f" Claim {each.dispute_id} asks for {money_of(each.asked, each.asked_currency)}."
    dates = [at for each in waiting if (at := decided_by(each)) is not None]
    ids = tuple([each.dispute_id for each in waiting])
    return Question(
        kind,
        about,
        text,
        most=found.most,
        among=among,
        choices=choices,
        disputes=ids,
        by=min(dates, default=None),
        follows=found.score is not None or found.signals is not None,
        queue=_QUEUES[found.signals.outcome] if found.by_signals and found.signals is not None else None,
    )


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
