"""Claims as one pure function: add the fact, look at the whole case again, publish the difference to what was said."""

from datetime import datetime

from msgspec.structs import replace

from waybond_claims import giveback, ledger, notices, opening
from waybond_claims.adjudication import growth
from waybond_claims.brake import Brake
from waybond_claims.case.keeping import droppable_at, next_look
from waybond_claims.case.offer import MAX_OFFERS
from waybond_claims.case.state import Case
from waybond_claims.complaints import appeals, follow, offers, waits
from waybond_claims.complaints.answers import answer
from waybond_claims.desk import asked, audits, changes, decisions, handling, inbox, referrals
from waybond_claims.draft import Draft
from waybond_claims.entitlement import Entitlement, due, entitlement, told
from waybond_claims.events import explanation, money
from waybond_claims.facts import verdicts
from waybond_claims.facts.added import added
from waybond_claims.payments import answers, braked, cancel, commands, retries
from waybond_contracts import claims, refunds
from waybond_contracts.commands import AcceptOffer, Appeal, DecideReferral, DeclineOffer
from waybond_contracts.disputes import EvidenceSubmitted
from waybond_contracts.event import Event
from waybond_kit.aggregate import Outcome, Woken

GOOD_ANSWERS = frozenset({refunds.RefundAccepted, refunds.RefundPending, refunds.RefundSucceeded})
"""Of a payment system: what they say of a refund changes nothing that is owed."""


def decide(
    state: Case | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None, brake: Brake | None = None
) -> Outcome[Case]:
    """What is owed follows from the facts, in whichever order they came; what is commanded is the difference, as far as
    the brake lets it pass."""
    before = state if state is not None else Case(since=now)
    case = _passed(before, now) if isinstance(fact, Woken) else _added(before, fact, now)
    draft = Draft(case, now, type(fact).__name__, sent_at or now, brake=brake)
    if isinstance(fact, DecideReferral):
        notices.appeal_decided(draft, fact, before)
    if isinstance(fact, Woken) or (case is not before and type(fact) not in handling.COMMANDS):
        _look(draft, fact)
        while (heard := answers.heard_already(draft.case, now)) is not draft.case:
            draft.case = heard
            _look(draft, fact)
    changes.note(before, draft)
    entry = ledger.entry(before, draft.case, now, draft.cause)
    if entry is not None:
        draft.change(entries=entry.ordinal)
    # Only on a wake: by then everything known so far has been read. A fact that comes late is looked at.
    ends = droppable_at(draft.case) if isinstance(fact, Woken) else None
    after = None if ends is not None and now >= ends else draft.case
    return Outcome(
        after,
        tuple(draft.events),
        wake_at=_wake_at(draft),
        rows=_rows(entry, draft, (*inbox.changed(before, after), *audits.rows(before, draft.case))),
        status=draft.case.status,
    )


def _rows(entry: ledger.Entry | None, draft: Draft, asked_for: tuple[object, ...]) -> tuple[object, ...]:
    """What is written beside the file: the entry, what counts under a ceiling, and the questions that changed."""
    found = (*draft.commanded, *asked_for) if draft.commanded or asked_for else ()
    return (entry, *found) if entry is not None else found


def _passed(case: Case, now: datetime) -> Case:
    """The file with what time alone has changed by this wake."""
    return follow.timed_out(growth.grown(answers.unasked(case, now), now), now)


def _added(case: Case, event: Event, now: datetime) -> Case:
    if not case.order_key:
        case = replace(case, order_key=event.order_key)
    if type(event) in handling.COMMANDS:  # looked up: to ask for a base class costs each fact more
        return handling.handled(case, event)
    match event:
        case refunds.RefundResult():
            return answers.answered(case, event, now)
        case DecideReferral():
            return decisions.decided(case, event, now)
        case AcceptOffer() | DeclineOffer():
            return offers.answered(case, event, now)
        case Appeal():
            return appeals.appealed(case, event, now)
        case _:
            return added(case, event, now)


def _look(draft: Draft, fact: Event | Woken) -> None:
    """Look at the whole case and write what follows from it, stage by stage."""
    draft.braked = None
    if not draft.case.claim_id and not opening.named_claim(draft):
        return
    commands.tell_settled(draft)
    follow.tell_refused(draft)
    case = draft.case
    if opening.uneventful(case) or (type(fact) in GOOD_ANSWERS and _in_hand(case) and not audits.due(case, draft.now)):
        return
    owes = entitlement(case, draft.now)
    opening.opened(draft, owes)
    if not draft.case.opened:
        return
    # Only complaints go a way of their own: what clocks and scans decide is not held up by it.
    began = len(draft.events)
    for _ in range(MAX_OFFERS):
        if not draft.case.disputes or owes is None or not follow.follow(draft, owes):
            break
        owes = entitlement(draft.case, draft.now)
    followed = notices.steps(draft, began)
    commanded = len(draft.case.commands)
    if owes is not None:
        for stage in (_reckon, cancel.cancel, giveback.recover, _pay):
            stage(draft, owes)
    _answer(draft, owes, paid_now=len(draft.case.commands) > commanded)
    if draft.case.disputes and owes is not None:
        follow.remember(draft, owes)
        notices.steps(draft, followed)
    _ask(draft, owes)
    if isinstance(fact, EvidenceSubmitted):
        notices.received(draft, fact, began)


def _in_hand(case: Case) -> bool:
    """Whether what is owed has arrived or is on its way, and nobody waits for anything."""
    waiting = case.disputes or case.recoveries or case.contradictions or any(each.is_open for each in case.referrals)
    flight = case.in_flight
    return not waiting and case.settled + (flight.minor if flight is not None else 0) == case.owed


def _reckon(draft: Draft, owes: Entitlement) -> None:
    """Note what is owed now; say so if it is less than what was approved."""
    case = draft.case
    if (owes.entitled, owes.owed) == (case.entitled, case.owed):
        return
    if owes.entitled < case.entitled and case.approved:
        fields = {
            "cause": draft.cause,
            "before": money(case, case.entitled),
            "after": money(case, owes.entitled),
            "explanation": explanation(case, owes, due(case, owes, waits=True), draft.now, told(case, owes)),
        }
        draft.say(claims.ClaimReopened, fields)
    draft.change(entitled=owes.entitled, owed=owes.owed)


def _pay(draft: Draft, owes: Entitlement) -> None:
    """Command what is due, and tell the buyer what comes of it, or that it does not come after all."""
    before = len(draft.case.commands)
    command = commands.pay(draft, owes)
    if command is not None:
        notices.approved(draft, command, owes.best)
    elif len(draft.case.commands) > before and retries.takes_longer(draft.case):
        notices.refund_delayed(draft, draft.case.commands[-1].minor)
    gone = retries.withdrawn(draft.case)
    if gone is not None:
        notices.refund_withdrawn(draft, gone)


def _answer(draft: Draft, owes: Entitlement | None, *, paid_now: bool) -> None:
    """Answer the complaints."""
    for dispute, found in answer(draft, owes, paid_now=paid_now):
        notices.denied(draft, dispute, found)


def _ask(draft: Draft, owes: Entitlement | None) -> None:
    """Ask people, and tell the buyer of a refund that has to wait for them."""
    untold = braked.untold(draft)
    asked_now = referrals.refer(draft, owes)
    if draft.case.disputes and asked_now:
        notices.asked_a_person(draft, asked_now)
    for question in asked_now:
        if question is draft.braked:
            if untold:
                notices.refund_delayed(draft, question.minor or 0)
            continue
        flight = draft.case.in_flight
        being_cancelled = flight is not None and flight.version > 1
        if question.refund_id is not None and question.minor is not None and not being_cancelled:
            notices.refund_delayed(draft, question.minor)


def _wake_at(draft: Draft) -> datetime | None:
    """When time alone changes something the next time, as each part of the case has it."""
    case, now = draft.case, draft.now
    dates = [next_look(case, now), retries.retry_at(case), asked.next_silence(case, now)]
    if case.watches:
        dates += (growth.next_period(case, now), *verdicts.deadlines(case))
    if case.referrals:
        dates += asked.deadlines(case, now)
    if case.early:
        dates += answers.deadlines(case, now)
    if case.disputes:
        dates += (*waits.deadlines(case, now), *follow.deadlines(case, now))
    if draft.braked is not None:
        dates.append(braked.next_look(draft))
    return min([each for each in dates if each is not None and each > now], default=None)
