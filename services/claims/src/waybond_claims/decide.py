"""Claims as one pure function: add the fact, look at the whole case again, publish the difference to what was said."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from waybond_claims import disputes, facts, ledger, notices, payments, recoveries, referrals
from waybond_claims.adjudication import growth
from waybond_claims.adjudication.interpreter import RANK, Found
from waybond_claims.adjudication.terms import terms
from waybond_claims.draft import Draft, named
from waybond_claims.entitlement import Entitlement, due, entitlement
from waybond_claims.published import explanation, money
from waybond_claims.state import Case
from waybond_contracts import claims, commands, refunds
from waybond_contracts.event import Event
from waybond_contracts.explanation import FindingReason
from waybond_kit.aggregate import Outcome, Woken

KEPT_DECLINED = timedelta(days=7)
"""An order that was declined, without a claim, leaves no state after this."""
KEPT_AFTER_END = timedelta(days=400)
"""So does one of whose policy nothing more can be heard: what is said again, or was held elsewhere, has to meet the
file (S: pricing's last send comes twice; the premium would be booked anew, and a cancelled policy cover again)."""
GOOD_ANSWERS = frozenset({refunds.RefundAccepted, refunds.RefundPending, refunds.RefundSucceeded})
"""Of a payment system: what they say of a refund changes nothing that is owed."""
KEPT_UNHEARD = timedelta(days=400)
"""Facts about an order of whose policy nobody ever speaks are dropped after this."""


def decide(state: Case | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None) -> Outcome[Case]:
    """What is owed follows from the facts, in whichever order they came; what is commanded is the difference."""
    before = state if state is not None else Case(since=now)
    case = growth.grown(payments.unasked(before, now), now) if isinstance(fact, Woken) else _added(before, fact, now)
    draft = Draft(case, now, type(fact).__name__, sent_at or now)
    if case is not before or isinstance(fact, Woken):
        _look(draft, fact)
        while (heard := payments.heard_already(draft.case, now)) is not draft.case:
            draft.case = heard
            _look(draft, fact)
    entry = ledger.entry(before, draft.case, now, draft.cause)
    if entry is not None:
        draft.change(entries=entry.ordinal)
    # Only on a wake: by then everything known so far has been read. A fact that comes late is looked at.
    ends = _droppable_at(draft.case) if isinstance(fact, Woken) else None
    return Outcome(
        None if ends is not None and now >= ends else draft.case,
        tuple(draft.events),
        wake_at=_wake_at(draft.case, now),
        rows=(entry,) if entry is not None else (),
        status=_status(draft.case),
    )


def _added(case: Case, event: Event, now: datetime) -> Case:
    if not case.order_key:
        case = replace(case, order_key=event.order_key)
    match event:
        case refunds.RefundResult():
            return payments.answered(case, event, now)
        case commands.DecideReferral():
            return referrals.decided(case, event, now)
        case _:
            return facts.added(case, event, now)


def _look(draft: Draft, fact: Event | Woken) -> None:
    """Look at the whole case and write what follows from it."""
    if not draft.case.claim_id and not _named(draft):
        return
    payments.tell_settled(draft)
    case = draft.case
    if _uneventful(case) or (type(fact) in GOOD_ANSWERS and _in_hand(case)):
        return
    owes = entitlement(case, draft.now)
    _open(draft, owes)
    if not draft.case.opened:
        return
    before, paid_now = len(draft.case.commands), False
    if owes is not None:
        _reckon(draft, owes)
        payments.cancel(draft, owes)
        recoveries.recover(draft, owes)
        command = payments.pay(draft, owes)
        paid_now = len(draft.case.commands) > before
        if command is not None:
            notices.approved(draft, command, owes.best)
        elif paid_now and payments.takes_longer(draft.case):
            notices.refund_delayed(draft, draft.case.commands[-1].minor)
        gone = payments.withdrawn(draft.case)
        if gone is not None:
            notices.refund_withdrawn(draft, gone)
    for told in disputes.answer(draft, owes, paid_now=paid_now):
        notices.denied(draft, told)
    for question in referrals.refer(draft, owes):
        flight = draft.case.in_flight
        being_cancelled = flight is not None and flight.version > 1
        if question.refund_id is not None and question.minor is not None and not being_cancelled:
            notices.refund_delayed(draft, question.minor)


def _uneventful(case: Case) -> bool:
    """Whether nothing happened that could meet a clause or needs an answer: most orders, all their life."""
    if case.opened or case.disputes or case.contradictions:
        return False
    if any(each.breached for each in case.watches) or any(each.event != "ShipmentDelivered" for each in case.seen):
        return False
    return case.policy is None or not terms(case.wording, *case.lane).heeds_journeys


def _in_hand(case: Case) -> bool:
    """Whether what is owed has arrived or is on its way, and nobody waits for anything."""
    waits = case.disputes or case.recoveries or case.contradictions or any(each.is_open for each in case.referrals)
    flight = case.in_flight
    return not waits and case.settled + (flight.minor if flight is not None else 0) == case.owed


def _named(draft: Draft) -> bool:
    """Give the claim its id once pricing has spoken, or once a dispute has waited too long for it to speak."""
    case = draft.case
    silent = draft.cause == Woken.__name__ and any(disputes.unheard_of(case, draft.now))
    if case.policy is None and not case.declined and not silent:
        return False
    namespace = case.policy.policy_id if case.policy is not None else case.order_key
    draft.change(claim_id=named(namespace, "claim"))
    return True


def _open(draft: Draft, owes: Entitlement | None) -> None:
    """Open the claim when a peril is met, somebody complains, or money moved that nobody commanded."""
    case = draft.case
    if case.opened:
        return
    met = max(owes.findings, key=_weight) if owes is not None else None
    dispute = next(disputes.open_disputes(case), None)
    if met is not None and RANK[met.reason] >= RANK[FindingReason.NEEDS_CARRIER_ANSWER]:
        cause = met.fact.partition("/")[0] or draft.cause
        fields = {"cause": cause, "peril": met.rule.clause.peril}
    elif dispute is not None:
        fields = {"cause": "DisputeOpened", "dispute_id": dispute.dispute_id}
    elif any(key.startswith("refund:") for key in case.contradictions):
        fields = {"cause": draft.cause}
    else:
        return
    draft.say(claims.ClaimOpened, fields, opened=True)


def _weight(found: Found) -> int:
    return RANK[found.reason]


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
            "explanation": explanation(case, owes, due(case, owes, waits=True), draft.now),
        }
        draft.say(claims.ClaimReopened, fields)
    draft.change(entitled=owes.entitled, owed=owes.owed)


def _wake_at(case: Case, now: datetime) -> datetime | None:
    """When time alone changes something."""
    ends = _droppable_at(case)
    wishes = [now + KEPT_DECLINED if ends is not None and ends <= now else ends, payments.retry_at(case)]
    wishes += [fact.due for fact in case.watches if fact.breached]
    wishes.append(referrals.next_silence(case, now))
    wishes.append(growth.next_period(case, now))
    wishes += [max(answer.known_at + payments.EARLY, now + referrals.AT_ONCE) for answer in case.early]
    for dispute in disputes.open_disputes(case):
        if case.policy is None and not case.declined:
            heard_by = disputes.heard_by(dispute)
            wishes.append(heard_by if case.claim_id else max(heard_by, now + referrals.AT_ONCE))
        elif dispute.answer == claims.DenialReason.TOO_EARLY:
            wishes += [case.ends_at, dispute.eligible_at]
        elif dispute.package_id is not None:
            wishes.append(disputes.heard_by(dispute))
    return min([wish for wish in wishes if wish is not None and wish > now], default=None)


def _droppable_at(case: Case) -> datetime | None:
    """From when an order without a claim leaves no state; one with a claim is kept."""
    if case.opened or case.commands or case.early:
        return None
    if case.policy is None:
        return case.declined_at + KEPT_DECLINED if case.declined_at is not None else case.since + KEPT_UNHEARD
    if case.void and case.ended is not None:  # It covers nothing from its start, and yet ended only then.
        return case.ended.at + KEPT_AFTER_END
    ends = case.ends_at
    return ends + terms(case.wording, *case.lane).heard_after + KEPT_AFTER_END if ends is not None else None


def _status(case: Case) -> str:
    """The case in a word, for people."""
    if any(each.is_open for each in case.referrals):
        return "referred"
    if case.in_flight is not None:
        return "paying"
    if case.unpaid > 0:
        return "waiting"
    if case.settled > case.recovered:
        return "paid"
    if case.opened:
        return "open"
    if case.policy is not None:
        return "covered"
    return "declined" if case.declined else ""
