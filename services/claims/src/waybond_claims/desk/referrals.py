"""Questions to a person: which are needed follows from the case each time, and what was decided counts as a fact.

A question that falls away by itself is withdrawn. One that nobody answers in time is told again, to a lead. A
decision made on an older version of the case, with an answer that was not offered, or by a role without the authority
is refused: the question is published again under the case's present version.
"""

from typing import Any

from msgspec.structs import replace

from waybond_claims.case.question import WITHDRAWN, Referral
from waybond_claims.case.state import Case, put
from waybond_claims.complaints.deadlines import REMINDED_BEFORE
from waybond_claims.desk.asked import beside, has_room, is_overdue, most_of, questions
from waybond_claims.desk.authority import asked_role
from waybond_claims.desk.kinds import Effect, Question, Role, kind_of
from waybond_claims.draft import Draft, named
from waybond_claims.entitlement import Entitlement
from waybond_claims.events import money_of
from waybond_contracts import claims
from waybond_contracts.claims import ReferralReason
from waybond_kit.aggregate import Woken


def refer(draft: Draft, owes: Entitlement | None) -> tuple[Question, ...]:
    """Publish what is newly asked (or asked again), withdraw what fell away; return what was newly asked."""
    needed = {each.key: each for each in questions(draft.case, owes, draft.now)}
    if draft.braked is not None:
        needed[draft.braked.key] = draft.braked
    if not needed and not draft.case.referrals:
        return ()
    for referral in draft.case.referrals:
        if referral.is_open and referral.key not in needed:
            gone = replace(referral, choice=WITHDRAWN, decided_at=draft.now, desk=None)
            draft.change(referrals=put(draft.case.referrals, gone, "referral_id"))
    known = {each.key: each for each in draft.case.referrals if each.choice != WITHDRAWN}
    new: list[Question] = []
    for question in needed.values():
        referral = known.get(question.key)
        if question.kind.of_silence and referral is None and draft.cause != Woken.__name__:
            continue  # only a wake comes behind all answers; in a backlog any other fact may have overtaken one
        if referral is None and has_room(draft.case, question.kind):
            new.append(question)
            _publish(draft, _opened(draft, question))
        elif referral is not None and referral.is_open:
            if referral.opened_version == 0:
                _publish(draft, referral)
            elif draft.cause == Woken.__name__ and is_overdue(referral, draft.now):
                _tell(draft, _dated(draft, replace(referral, role=Role.LEAD.value, told=referral.told + 1), question))
            elif question.by != referral.by:
                # The provider moved its deadline, or another dispute waits for the same answer.
                _tell(draft, replace(_dated(draft, referral, question), disputes=question.disputes))
            elif question.follows and question.text != referral.question:
                told = replace(referral, question=question.text, reason=question.reason.value)
                _tell(draft, replace(told, disputes=question.disputes))
            elif question.disputes != referral.disputes:
                same = replace(referral, disputes=question.disputes)
                draft.change(referrals=put(draft.case.referrals, same, "referral_id"))
            elif draft.cause == Woken.__name__ and referral.remind_at is not None and draft.now >= referral.remind_at:
                _tell(draft, replace(referral, remind_at=None))
    return tuple(new)


def _tell(draft: Draft, referral: Referral) -> None:
    """Publish the question again. The case stays at its version: whoever is about to answer still can."""
    draft.change(referrals=put(draft.case.referrals, referral, "referral_id"))
    draft.publish(claims.ClaimReferred, {"version": draft.case.version} | _fields(draft.case, referral))


def _dated(draft: Draft, referral: Referral, question: Question) -> Referral:
    """The question with its deadline: of its kind's time and what the provider of a dispute leaves us the earlier one,
    and with a reminder before it where a provider waits. What a provider left us is over: the kind's time counts."""
    own, by = draft.sent_at + question.kind.answer_within, question.by
    if by is None or by <= draft.sent_at:
        return replace(referral, answer_by=own, by=by, remind_at=None)
    answer_by = min(own, by)
    remind_at = answer_by - REMINDED_BEFORE
    return replace(referral, answer_by=answer_by, by=by, remind_at=remind_at if remind_at > draft.sent_at else None)


def _opened(draft: Draft, question: Question) -> Referral:
    kind = question.kind
    kept = beside(draft.case, kind)
    audit = kind.effect is Effect.NONE
    name = f"audit/version/{draft.case.version + 1}" if audit else f"referral/{len(kept) + 1}"
    if len(kept) >= most_of(kind):
        name = name if audit else f"referral/version/{draft.case.version + 1}"
        gone = next(each for each in kept if each.choice == WITHDRAWN)
        draft.change(referrals=tuple(each for each in draft.case.referrals if each is not gone))
    about = question.minor if question.minor is not None else question.most
    stake = None if audit else about  # it commits nobody to anything: no authority is needed
    referral = Referral(
        referral_id=named(draft.case.claim_id, name),
        key=question.key,
        reason=question.reason.value,
        question=question.text,
        choices=question.answers,
        opened_at=draft.now,
        opened_version=0,
        amount=question.minor,
        refund_id=question.refund_id,
        most=question.most,
        role=asked_role(draft.case, kind.role, stake, draft.now).value,
        among=question.among,
        disputes=question.disputes,
    )
    return _dated(draft, referral, question)


def _publish(draft: Draft, referral: Referral) -> None:
    case = draft.case
    asked = replace(referral, opened_version=case.version + 1)
    draft.say(claims.ClaimReferred, _fields(case, referral), referrals=put(case.referrals, asked, "referral_id"))


def _fields(case: Case, referral: Referral) -> dict[str, Any]:
    currency = case.order.currency if case.order is not None else ""
    return {
        "referral_id": referral.referral_id,
        "reason": ReferralReason(referral.reason),
        "question": referral.question,
        "choices": referral.choices,
        "amount": money_of(referral.amount, currency) if referral.amount is not None and currency else None,
        "refund_id": referral.refund_id,
        "role": referral.role or kind_of(referral.key).role.value,
        "answer_by": referral.answer_by,
    }
