"""Questions to a person: which are needed follows from the case each time, and what was decided counts as a fact.

A question that falls away by itself is withdrawn. A decision made on an older version of the case, or with an answer
that was not offered, is refused: the question is published again under the case's present version.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from waybond_claims.adjudication.interpreter import Found
from waybond_claims.disputes import stuck_at, stuck_key, unheard_key, unheard_of
from waybond_claims.draft import Draft, named
from waybond_claims.elsewhere import counted
from waybond_claims.entitlement import Entitlement, due
from waybond_claims.published import money_of
from waybond_claims.questions import (
    GO_ON,
    KINDS,
    STOP,
    TAKES_AMOUNT,
    Effect,
    Question,
    kind_of,
    parsed,
)
from waybond_claims.state import MAX_COMMANDS, MAX_REFERRALS, WITHDRAWN, Case, Command, Recovery, Referral, put
from waybond_claims.told import Dispute
from waybond_contracts import claims, commands
from waybond_contracts.claims import ReferralReason
from waybond_contracts.explanation import FindingReason
from waybond_kit.aggregate import Woken

AT_ONCE = timedelta(microseconds=1)
"""The soonest that can be waited."""

_CONTRADICTIONS = {
    "order": "The order was placed twice, with different totals, lines or payments; the first one counts{}.",
    "amended": "Revision {} of the order came with two contents; the larger one counts.",
    "policy": "A second policy names this order ({}); the first one counts.",
    "platform": "The platform reported its refund {} with two amounts; the first one counts.",
    "dispute": "Dispute {} was resolved with two amounts; the later one counts.",
    "refund": "The payment system answered about refund {}, which was never commanded.",
    "result": "The payment system gave two answers as {}; the first one counts.",
    "amount": "A refund or its reversal moved another amount than was commanded, or was settled by hand before ({}).",
}


# what stops payments


def troubles(case: Case) -> Iterator[Question]:
    """What cannot be true at once, what is in another currency, what was too much: no new command until decided."""
    for key in case.contradictions:
        kind, about = parsed(key)
        match kind.name:
            case "currency":
                yield _trouble(key, f"An amount in another currency was left out: {about}.")
            case "bound":
                yield _trouble(key, f"More {about} came than are kept; the rest was left out.")
            case _:
                yield _trouble(key, _CONTRADICTIONS[kind.name].format(about))
    if len(case.commands) >= MAX_COMMANDS:
        text = f"{MAX_COMMANDS} refunds were commanded, and no more will be: settle outside what is still owed."
        yield Question(KINDS["bound"], "commands", text, choices=(STOP,))  # they cannot go on
    currency = case.order.currency if case.order is not None else None
    if currency is None:
        return
    foreign = [f"{each.by}/{each.ref}" for each in counted(case) if each.currency != currency]
    if case.amended is not None and case.amended.currency not in ("", currency):
        foreign.append("order total")
    if case.cover is not None and case.cover.currency != currency:
        foreign.append("policy")
    for what in foreign:
        text = f"An amount is not in {currency}, the order's currency, and was left out: {what}."
        yield _trouble(f"currency:{what}", text)


def stopped(case: Case) -> bool:
    """Whether something has to be decided first, or was decided to stop payments."""
    found = list(troubles(case))
    if not found:
        return False
    decided = {each.key: each.choice for each in case.referrals if each.choice not in ("", WITHDRAWN)}
    return any(decided.get(each.key) != GO_ON for each in found)


def _trouble(key: str, text: str) -> Question:
    kind, about = parsed(key)
    return Question(kind, about, f"{text} May payments go on?")


# what else a person decides


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
            if found.reason in _ASKS and found.question:
                yield _asked(found)


def next_silence(case: Case, now: datetime) -> datetime | None:
    """When a silence that nobody was asked about yet is to be asked about."""
    flight = case.in_flight
    silences = [(stuck_key(each), stuck_at(each)) for each in case.disputes if each.freezes and case.unpaid > 0]
    if flight is not None:
        silences.append((_silent_key(flight), flight.patience))
    if not silences or not _has_room(case):
        return None
    asked = {each.key for each in case.referrals if each.choice != WITHDRAWN}
    # It is concluded on a wake alone: one that a late fact has overtaken is still to come.
    return min([max(at, now + AT_ONCE) for key, at in silences if key not in asked], default=None)


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


def _asked(found: Found) -> Question:
    kind, about = parsed(found.question)
    text = _RULINGS[kind.name].format(found.rule.clause.id, found.exclusion_id)
    return Question(kind, about, text, most=found.most if "pay" in kind.choices else None)


# opening, withdrawing, deciding


def refer(draft: Draft, owes: Entitlement | None) -> tuple[Question, ...]:
    """Publish what is newly asked (or asked again), withdraw what fell away; return what was newly asked."""
    needed = {each.key: each for each in questions(draft.case, owes, draft.now)}
    if not needed and not draft.case.referrals:
        return ()
    for referral in draft.case.referrals:
        if referral.is_open and referral.key not in needed:
            gone = replace(referral, choice=WITHDRAWN, decided_at=draft.now)
            draft.change(referrals=put(draft.case.referrals, gone, "referral_id"))
    known = {each.key: each for each in draft.case.referrals if each.choice != WITHDRAWN}
    new: list[Question] = []
    for question in needed.values():
        referral = known.get(question.key)
        if question.kind.of_silence and referral is None and draft.cause != Woken.__name__:
            continue  # only a wake comes behind all answers; any other fact may have overtaken one (S: a backlog)
        if referral is None and _has_room(draft.case):
            new.append(question)
            _publish(draft, _opened(draft, question))
        elif referral is not None and referral.is_open and referral.opened_version == 0:
            _publish(draft, referral)
    return tuple(new)


def _has_room(case: Case) -> bool:
    """Whether another question can be kept: one that was withdrawn makes room."""
    return len(case.referrals) < MAX_REFERRALS or any(each.choice == WITHDRAWN for each in case.referrals)


def _opened(draft: Draft, question: Question) -> Referral:
    name = f"referral/{len(draft.case.referrals) + 1}"
    if len(draft.case.referrals) >= MAX_REFERRALS:
        name = f"referral/version/{draft.case.version + 1}"
        gone = next(each for each in draft.case.referrals if each.choice == WITHDRAWN)
        draft.change(referrals=tuple(each for each in draft.case.referrals if each is not gone))
    return Referral(
        referral_id=named(draft.case.claim_id, name),
        key=question.key,
        reason=question.kind.queue.value,
        question=question.text,
        choices=question.answers,
        opened_at=draft.now,
        opened_version=0,
        amount=question.minor,
        refund_id=question.refund_id,
        most=question.most,
    )


def _publish(draft: Draft, referral: Referral) -> None:
    case = draft.case
    currency = case.order.currency if case.order is not None else ""
    fields = {
        "referral_id": referral.referral_id,
        "reason": ReferralReason(referral.reason),
        "question": referral.question,
        "choices": referral.choices,
        "amount": money_of(referral.amount, currency) if referral.amount is not None and currency else None,
        "refund_id": referral.refund_id,
    }
    asked = replace(referral, opened_version=case.version + 1)
    draft.say(claims.ClaimReferred, fields, referrals=put(case.referrals, asked, "referral_id"))


def decided(case: Case, event: commands.DecideReferral, now: datetime) -> Case:
    """The file with a person's decision; refused ones are asked again."""
    referral = next((each for each in case.referrals if each.referral_id == event.referral_id), None)
    if referral is None or not referral.is_open:
        return case
    if not _acceptable(case, referral, event):
        return replace(case, referrals=put(case.referrals, replace(referral, opened_version=0), "referral_id"))
    done = replace(
        referral,
        choice=event.choice,
        decided_by=event.by,
        decided_at=now,
        decided_minor=event.amount.minor if event.amount is not None else None,
    )
    # A decision makes another version of the case: whoever looked at it before has to look again.
    case = replace(case, version=case.version + 1, referrals=put(case.referrals, done, "referral_id"))
    return _effect(case, done, now)


def _acceptable(case: Case, referral: Referral, event: commands.DecideReferral) -> bool:
    if event.case_version != case.version or event.choice not in referral.choices:
        return False
    if event.amount is None:
        return not (event.choice == "pay" and needs_amount(referral))
    currency = case.order.currency if case.order is not None else None
    # To pay nothing is another choice, and a recovery of nothing would close the question and leave all of it open.
    if event.choice not in TAKES_AMOUNT or event.amount.currency != currency or event.amount.minor < 1:
        return False
    most = referral.most
    if kind_of(referral.key).effect is Effect.RECOVERY:
        most = referral.amount
    return most is None or event.amount.minor <= most


def needs_amount(referral: Referral) -> bool:
    """Whether to pay is no answer without how much."""
    return kind_of(referral.key).needs_amount


def _effect(case: Case, referral: Referral, now: datetime) -> Case:
    """What a decision changes beside being known; rulings on clauses and troubles are read where they count."""
    kind, about = parsed(referral.key)
    again_at = now + (kind.again_after or timedelta(0))
    match kind.effect:
        case Effect.RECOVERY:
            return _recovered(case, referral, int(about.split(":")[0]))
        case Effect.DISPUTE:
            return _waited_for(case, referral, now, again_at)
        case Effect.COMMAND:
            return _commanded(case, referral, again_at)
        case _:
            return case


def _commanded(case: Case, referral: Referral, again_at: datetime) -> Case:
    command = next((each for each in case.commands if each.refund_id == referral.refund_id), None)
    if command is None:
        return case
    match referral.choice:
        case "keep_waiting":
            command = replace(command, patience=again_at)
        case "settled_outside":
            command = replace(command, outside=True)
        case "cancel_and_retry":
            command = replace(command, cancel="payer_silent")
        case "retry":
            command = replace(command, granted=True)
        case "payout":
            command = replace(command, granted=True, again_by="credit")
        case _:
            return case
    return replace(case, commands=put(case.commands, command, "refund_id"))


def _waited_for(case: Case, referral: Referral, now: datetime, again_at: datetime) -> Case:
    dispute = next((each for each in case.disputes if referral.key in (unheard_key(each), stuck_key(each))), None)
    match referral.choice:
        case _ if dispute is None:
            return case
        case "wait":
            dispute = replace(dispute, patience=again_at)
        case "ended":
            dispute = replace(dispute, ended="ended", ended_at=now)
        case "ended_paid":
            much = referral.decided_minor
            if much is None:
                much = dispute.minor if dispute.minor is not None and _same_currency(case, dispute) else case.total
            dispute = replace(dispute, ended="ended", ended_at=now, said=much)
        case _:
            return case
    return replace(case, disputes=put(case.disputes, dispute, "dispute_id"))


def _same_currency(case: Case, dispute: Dispute) -> bool:
    return case.order is not None and dispute.currency == case.order.currency


def _recovered(case: Case, referral: Referral, ordinal: int) -> Case:
    recovery = next(each for each in case.recoveries if each.ordinal == ordinal)
    minor = recovery.outstanding if referral.decided_minor is None else referral.decided_minor
    minor = min(minor, recovery.outstanding)
    if referral.choice == "recovered":
        recovery = replace(recovery, recovered=recovery.recovered + minor)
    else:
        recovery = replace(recovery, waived=recovery.waived + minor)
    return replace(case, recoveries=put(case.recoveries, recovery, "ordinal"))
