"""What people decided, as facts: whether a decision can be taken, and what it changes."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec.structs import replace

from waybond_claims.case.complaint import Dispute, Word
from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case, put
from waybond_claims.case.told import with_ruling, with_word
from waybond_claims.complaints import appeals, offers
from waybond_claims.complaints.deadlines import undecided_key, unread_key
from waybond_claims.complaints.waits import stuck_key, unheard_key
from waybond_claims.desk import eyes
from waybond_claims.desk.authority import has_authority, is_asked
from waybond_claims.desk.kinds import OFFER, OVERPAID, TAKES_AMOUNT, Effect, kind_of, parsed
from waybond_contracts import commands
from waybond_contracts.money import Money


def decided(case: Case, event: commands.DecideReferral, now: datetime) -> Case:
    """The file with a person's decision; refused ones are asked again, proposed ones of a lead."""
    referral = next((each for each in case.referrals if each.referral_id == event.referral_id), None)
    if referral is None or not referral.is_open:
        return case
    if event.case_version < referral.opened_version:
        return case  # it was asked again since: whoever answers is told of a newer version already
    found = objection(case, referral, event, now)
    if found is Objection.ABOVE_AUTHORITY:
        referral = eyes.proposed(referral, event, now)
    if found is not None:
        return replace(case, referrals=put(case.referrals, replace(referral, opened_version=0), "referral_id"))
    done = replace(
        referral,
        choice=event.choice,
        decided_by=event.by,
        decided_at=now,
        decided_minor=event.amount.minor if event.amount is not None else None,
        decided_as=event.role,
        decided_note=event.note,
        reason_code=event.reason_code.value if event.reason_code is not None else "",
        seen_version=event.case_version,
        command_id=event.command_id,
        desk=None,
    )
    # A decision makes another version of the case: whoever looked at it before has to look again.
    case = replace(case, version=case.version + 1, referrals=put(case.referrals, done, "referral_id"))
    return _effect(case, done, now)


class Objection(StrEnum):
    """Why a decision is not taken as it is."""

    OWN_CASE = "own-case"
    """Its author bought or sold the goods."""
    OWN_DECISION = "own-decision"
    """Its author made the decision that is appealed against."""
    NOT_ASKED = "not-asked"
    """The question is not put to the author's role."""
    STALE = "stale"
    """The case has another version than the author saw."""
    NOT_OFFERED = "not-offered"
    """The choice is none of the question's."""
    AMOUNT_MISSING = "amount-missing"
    """To pay is no answer without how much."""
    AMOUNT_WRONG = "amount-wrong"
    """The choice takes no amount, or not this one: another currency, nothing, or too much."""
    SAME_AUTHOR = "same-author"
    """The author proposed as much before: another person has to decide."""
    ABOVE_AUTHORITY = "above-authority"
    """It can be proposed, and another person decides."""


def objection(case: Case, referral: Referral, event: commands.DecideReferral, now: datetime) -> Objection | None:
    """Why a decision about an open question is not taken; None if it is."""
    if case.order is not None and event.by in (case.order.buyer, case.order.seller):
        return Objection.OWN_CASE
    if not is_asked(referral, event):
        return Objection.NOT_ASKED
    if event.by in appeals.deciders(case, referral):
        return Objection.OWN_DECISION
    if event.case_version != case.version:
        return Objection.STALE
    if event.choice not in referral.choices:
        return Objection.NOT_OFFERED
    if event.amount is None and (event.choice == OFFER or (event.choice == "pay" and needs_amount(referral))):
        return Objection.AMOUNT_MISSING
    if event.amount is not None and not _takes(case, referral, event.choice, event.amount, now):
        return Objection.AMOUNT_WRONG
    if eyes.is_own_proposal(referral, event):
        return Objection.SAME_AUTHOR
    if has_authority(case, referral, event, now) or eyes.confirms(referral, event):
        return None
    return Objection.ABOVE_AUTHORITY


def _takes(case: Case, referral: Referral, choice: str, amount: Money, now: datetime) -> bool:
    currency = case.order.currency if case.order is not None else None
    # To pay nothing is another choice, and a recovery of nothing would close the question and leave all of it open.
    if choice not in TAKES_AMOUNT or amount.currency != currency or amount.minor < 1:
        return False
    if choice == OFFER and not offers.may_be_offered(case, referral, amount.minor, now):
        return False
    most = referral.most
    effect = kind_of(referral.key).effect
    if effect is Effect.BRAKE:
        return False  # all of it is paid now, or waits
    if effect is Effect.RECOVERY:
        most = referral.amount
    elif effect is Effect.COMMAND:
        most = _outstanding(case, referral)
    elif choice == OVERPAID:
        most = referral.amount
    return most is None or amount.minor <= most


def _outstanding(case: Case, referral: Referral) -> int:
    """Of the refund that was asked about: what is owed and neither settled nor otherwise on its way, at most all of it.

    Scenario: 100 are commanded and fail for good. The platform refunds 60 before a person finds that the refund was
    settled by hand: 40 of it were outstanding, and are booked."""
    command = next((each for each in case.commands if each.refund_id == referral.refund_id), None)
    if command is None:
        return 0
    own = command.minor if command.in_flight else 0
    return min(command.minor, max(0, case.unpaid + own))


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
            much = referral.decided_minor if referral.decided_minor is not None else _outstanding(case, referral)
            command = replace(command, outside=True, by_hand=much)
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
    dispute = next((each for each in case.disputes if referral.key in _keys(each)), None)
    match referral.choice:
        case _ if dispute is None:
            return case
        case reason if reason in dispute.may_be:
            dispute = with_ruling(dispute, reason)
        case "wait":
            dispute = replace(dispute, patience=again_at)
        case "ended":
            dispute = with_word(dispute, Word(now, ended="ended"))
        case "ended_paid":
            much = referral.decided_minor
            if much is None:
                much = dispute.minor if dispute.minor is not None and _same_currency(case, dispute) else case.total
            dispute = replace(with_word(dispute, Word(now, ended="ended")), said=much)
        case _:
            return case
    return replace(case, disputes=put(case.disputes, dispute, "dispute_id"))


def _keys(dispute: Dispute) -> tuple[str, ...]:
    return unheard_key(dispute), stuck_key(dispute), undecided_key(dispute), unread_key(dispute)


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
