"""Money commands: once, one at a time, each attempt under its own id; what payment systems answer, in any order."""

from datetime import timedelta

import pytest

from tests.support.claims import ClaimsStory, answer, day, issued, late, lost, placed, refunded, ruling, usd
from waybond_claims.case.money import MAX_ATTEMPTS, MAX_EARLY
from waybond_claims.ledger import balances
from waybond_claims.payments.retries import RETRY_AFTER
from waybond_claims.texts.catalogue import ARRIVES_WITHIN
from waybond_contracts.claims import (
    BuyerNotified,
    ClaimApproved,
    ClaimReferred,
    ClaimSettled,
    RecoveryOpened,
    ReferralReason,
)
from waybond_contracts.money import Money
from waybond_contracts.refunds import CancelRefund, IssuePayout, IssueRefund

PAID = day(27)


def commanded() -> tuple[ClaimsStory, IssueRefund]:
    """10.00 USD is on its way since day 27."""
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    return story, story.last(IssueRefund)


def test_after_an_outage_the_payer_has_its_day_from_when_the_command_can_reach_it() -> None:
    """The service was down for three days: what it commands as of the first of them is not late by the third."""
    story = ClaimsStory()
    story.sent_at = day(30)
    story.given(placed(), issued(), late(0))
    command = story.last(IssueRefund)
    assert (command.requested_at, command.not_after) == (PAID, day(60))
    assert story.last(BuyerNotified).expected_by == day(30) + ARRIVES_WITHIN["refund"]
    assert story.until(day(30.9)) == () and story.status == "paying"
    story.until(day(31))
    assert story.last(ClaimReferred).reason is ReferralReason.PAYER_SILENT


def test_accepted_and_pending_are_no_payment() -> None:
    story, command = commanded()
    assert story.when(answer(command, "RefundAccepted", day(27.1))) == ()
    assert story.when(answer(command, "RefundPending", day(27.2), version=2)) == ()
    assert story.case.settled == 0
    assert story.status == "paying"
    story.when(answer(command, "RefundSucceeded", day(27.3), version=3))
    assert story.last(ClaimSettled).settled == usd(1_000)
    assert story.status == "paid"


@pytest.mark.parametrize("refund_id", ["", "of nobody"], ids=["about its command", "before its command"])
def test_what_a_payment_system_says_while_it_works_is_no_news_if_it_is_said_again(refund_id: str) -> None:
    story, command = commanded()
    about = command.model_copy(update={"refund_id": refund_id or command.refund_id})
    said = [answer(about, "RefundAccepted", day(27.1)), answer(about, "RefundPending", day(27.11), version=2)]
    for each in said:
        story.when(each)
    before = story.case
    for each in said:
        story.when(each, day(27.12))
        assert story.case == before


def test_an_answer_that_comes_twice_counts_once() -> None:
    story, command = commanded()
    story.when(answer(command, "RefundSucceeded", day(28)))
    assert story.when(answer(command, "RefundSucceeded", day(28)), day(29)) == ()
    assert story.case.settled == 1_000


def test_an_older_answer_that_comes_later_changes_nothing() -> None:
    story, command = commanded()
    story.when(answer(command, "RefundSucceeded", day(28), version=3))
    assert story.when(answer(command, "RefundFailed", day(27.5), version=2), day(29)) == ()
    assert story.when(answer(command, "RefundPending", day(27.2), version=1), day(29)) == ()
    assert story.case.settled == 1_000


def test_a_failure_that_may_be_retried_is_another_attempt_of_the_same_step() -> None:
    story, command = commanded()
    published = story.when(answer(command, "RefundFailed", day(27.1)))
    assert [type(event) for event in published] == [IssueRefund]
    again = story.last(IssueRefund)
    assert (again.step, again.attempt, again.amount) == (1, 2, usd(1_000))
    assert again.refund_id != command.refund_id
    assert len(story.named(ClaimApproved)) == 1


def test_later_attempts_wait_longer_and_then_a_person_is_asked() -> None:
    story, command = commanded()
    at = day(27.1)
    for wait in RETRY_AFTER:
        published = story.when(answer(command, "RefundFailed", at))
        assert bool(published) is (wait == timedelta(0))
        story.until(at + wait - timedelta(seconds=1))
        story.until(at + wait)
        command = story.last(IssueRefund)
        assert command.requested_at == at + wait
        at += wait + timedelta(hours=1)
    assert command.attempt == MAX_ATTEMPTS
    story.when(answer(command, "RefundFailed", at))
    referred = story.last(ClaimReferred)
    assert (referred.reason, referred.refund_id) == (ReferralReason.REFUND_FAILED, command.refund_id)
    assert story.last(BuyerNotified).about == "refund_delayed"
    assert story.last(IssueRefund) == command


def test_a_failure_for_good_asks_a_person_who_may_order_another_attempt() -> None:
    story, command = commanded()
    story.when(answer(command, "RefundFailed", day(28), retryable=False))
    assert story.last(IssueRefund) == command
    referred = story.last(ClaimReferred)
    assert referred.choices == ("retry", "payout", "settled_outside")
    story.when(ruling(referred, "retry", day(29)))
    assert (story.last(IssueRefund).step, story.last(IssueRefund).attempt) == (1, 2)


def test_a_payment_that_cannot_be_refunded_may_be_paid_out() -> None:
    story, command = commanded()
    story.when(answer(command, "RefundFailed", day(28), retryable=False))
    story.when(ruling(story.last(ClaimReferred), "payout", day(29)))
    payout = story.last(IssuePayout)
    assert (payout.attempt, payout.amount, payout.payee) == (2, usd(1_000), "buyer-7")
    story.when(answer(payout, "RefundSucceeded", day(30)))
    assert story.case.settled == 1_000
    assert story.status == "paid"


def test_a_refund_that_came_back_is_paid_again_under_another_id() -> None:
    story, command = commanded()
    story.pay(day(28))
    published = story.when(answer(command, "RefundReversed", day(35), version=2))
    assert [type(event) for event in published] == [IssueRefund, BuyerNotified]
    assert story.case.settled == 0
    story.pay(day(36))
    assert story.last(ClaimSettled).settled == usd(1_000)
    assert len(story.named(ClaimSettled)) == 2


def test_a_success_of_an_attempt_that_was_given_up_cancels_the_next_one() -> None:
    story, first = commanded()
    story.when(answer(first, "RefundFailed", day(27.1)))
    second = story.last(IssueRefund)
    story.when(answer(first, "RefundSucceeded", day(27.2), version=2))
    cancel = story.last(CancelRefund)
    assert (cancel.refund_id, cancel.version) == (second.refund_id, 2)
    story.when(answer(second, "RefundCancelled", day(27.3)))
    assert story.case.settled == 1_000
    assert story.named(RecoveryOpened) == []
    assert story.last(IssueRefund) == second


def test_a_cancellation_that_came_too_late_opens_a_recovery() -> None:
    story, first = commanded()
    story.when(answer(first, "RefundFailed", day(27.1)))
    second = story.last(IssueRefund)
    story.when(answer(first, "RefundSucceeded", day(27.2), version=2))
    story.when(answer(second, "RefundSucceeded", day(27.3)))
    assert story.case.settled == 2_000
    assert story.last(RecoveryOpened).amount == usd(1_000)
    assert story.last(ClaimReferred).reason is ReferralReason.RECOVERY


def test_what_others_paid_back_meanwhile_takes_the_command_back() -> None:
    story, command = commanded()
    story.when(refunded("R1", 9_500, day(27.5)))
    assert story.last(CancelRefund).refund_id == command.refund_id
    story.when(answer(command, "RefundCancelled", day(27.6)))
    assert story.last(IssueRefund).amount == usd(500)
    assert story.last(IssueRefund).step == 2
    assert len(story.named(CancelRefund)) == 1


def test_a_cancellation_that_nobody_asked_for_is_not_repeated_for_ever() -> None:
    story, command = commanded()
    story.when(answer(command, "RefundCancelled", day(28)))
    assert story.last(IssueRefund) == command
    assert story.last(ClaimReferred).reason is ReferralReason.REFUND_FAILED
    assert "(cancelled_unasked)" in story.last(ClaimReferred).question


def test_silence_asks_a_person_after_24_hours_and_pays_nothing_again() -> None:
    story, command = commanded()
    story.until(PAID + timedelta(hours=23, minutes=59))
    assert story.named(ClaimReferred) == []
    story.until(PAID + timedelta(hours=24))
    referred = story.last(ClaimReferred)
    assert (referred.reason, referred.refund_id) == (ReferralReason.PAYER_SILENT, command.refund_id)
    story.until(day(120))
    assert story.last(IssueRefund) == command
    assert {each.referral_id for each in story.named(ClaimReferred)} == {referred.referral_id}


def test_a_fact_that_overtakes_the_answer_concludes_no_silence() -> None:
    """Topics are read side by side: a delay of day 28 may be decided before the answer of day 27."""
    story, command = commanded()
    story.when(late(1), PAID + timedelta(hours=24))
    assert story.named(ClaimReferred) == []
    assert story.armed_at is not None, "the wake that asks is still to come"
    story.when(answer(command, "RefundSucceeded", PAID + timedelta(hours=3)))
    story.until(PAID + timedelta(hours=25))
    assert [each for each in story.named(ClaimReferred) if each.refund_id == command.refund_id] == []


def test_a_silence_that_a_fact_overtook_is_asked_about_all_the_same() -> None:
    story, command = commanded()
    story.when(late(1), PAID + timedelta(hours=30))
    story.until(PAID + timedelta(hours=31))
    assert story.last(ClaimReferred).refund_id == command.refund_id


def test_an_answer_that_is_not_final_prolongs_once_by_a_week() -> None:
    story, command = commanded()
    story.when(answer(command, "RefundAccepted", PAID + timedelta(hours=2)))
    story.when(answer(command, "RefundPending", PAID + timedelta(days=3), version=2))
    story.until(PAID + timedelta(days=7, hours=1))
    assert story.named(ClaimReferred) == []
    story.until(PAID + timedelta(days=7, hours=2))
    assert story.last(ClaimReferred).reason is ReferralReason.PAYER_SILENT


def test_an_answer_withdraws_the_question() -> None:
    story, command = commanded()
    story.until(day(29))
    story.when(answer(command, "RefundSucceeded", day(30)))
    assert [each.choice for each in story.case.referrals] == ["withdrawn"]
    assert story.status == "paid"


def test_a_person_waits_longer() -> None:
    story, command = commanded()
    story.until(day(29))
    story.when(ruling(story.last(ClaimReferred), "keep_waiting", day(29)))
    story.until(day(35.9))
    assert len(story.named(ClaimReferred)) == 1
    story.until(day(36))
    assert len(story.named(ClaimReferred)) == 2
    assert story.last(IssueRefund) == command


def test_a_person_says_that_it_was_settled_outside() -> None:
    story, command = commanded()
    story.until(day(29))
    story.when(ruling(story.last(ClaimReferred), "settled_outside", day(29)))
    assert story.last(ClaimSettled).settled == usd(1_000)
    assert story.case.in_flight is None
    story.when(late(1))
    assert story.last(IssueRefund).amount == usd(2_000)
    assert story.last(IssueRefund) != command


def test_a_success_after_it_was_settled_outside_is_a_contradiction_and_counts_once() -> None:
    story, command = commanded()
    story.until(day(29))
    story.when(ruling(story.last(ClaimReferred), "settled_outside", day(29)))
    story.when(answer(command, "RefundSucceeded", day(30)))
    assert story.case.settled == 1_000
    assert story.last(ClaimReferred).reason is ReferralReason.CONTRADICTION


def test_a_person_has_it_cancelled_and_paid_again_only_once_that_is_confirmed() -> None:
    story, command = commanded()
    story.until(day(29))
    published = story.when(ruling(story.last(ClaimReferred), "cancel_and_retry", day(29)))
    assert [type(event) for event in published] == [CancelRefund]
    assert story.last(CancelRefund).version == 2
    story.until(day(29.9))
    assert story.last(IssueRefund) == command
    story.when(answer(command, "RefundCancelled", day(29.95)))
    again = story.last(IssueRefund)
    assert (again.step, again.attempt, again.amount) == (2, 1, usd(1_000))


def test_a_cancellation_that_is_not_answered_is_asked_about_too() -> None:
    story, _ = commanded()
    story.until(day(29))
    story.when(ruling(story.last(ClaimReferred), "cancel_and_retry", day(29)))
    story.until(day(30))
    assert len(story.named(ClaimReferred)) == 2
    story.when(ruling(story.last(ClaimReferred), "cancel_and_retry", day(31)))
    assert story.last(CancelRefund).version == 3


def test_an_amount_that_is_not_the_commanded_one_is_booked_as_it_is_and_stops_payments() -> None:
    story, command = commanded()
    story.when(answer(command, "RefundSucceeded", day(28), amount=usd(400)))
    assert story.last(ClaimSettled).amount == usd(400)
    assert story.last(ClaimReferred).reason is ReferralReason.CONTRADICTION
    assert story.last(IssueRefund) == command
    story.when(ruling(story.last(ClaimReferred), "go_on", day(29)))
    assert story.last(IssueRefund).amount == usd(600)


@pytest.mark.parametrize("said", [["RefundSucceeded", "RefundReversed"], ["RefundReversed", "RefundSucceeded"]])
def test_of_a_refund_that_came_back_in_part_the_part_is_paid_again_once_a_person_agrees(said: list[str]) -> None:
    story, command = commanded()
    answers = {
        "RefundSucceeded": answer(command, "RefundSucceeded", day(28)),
        "RefundReversed": answer(command, "RefundReversed", day(28), version=2, amount=usd(400)),
    }
    for name in (*said, *said):
        story.when(answers[name])
    assert [each.reason for each in story.named(ClaimReferred)] == [ReferralReason.CONTRADICTION]
    assert story.named(IssueRefund) == [command]
    story.when(ruling(story.last(ClaimReferred), "go_on", day(29)))
    again = story.last(IssueRefund)
    assert (again.amount, again.refund_id != command.refund_id) == (usd(400), True)
    story.pay(day(30))
    cash = {key[2]: minor for key, minor in balances(story.case).items() if key[0] == "cash"}
    assert cash == {command.refund_id: -600, again.refund_id: -400}, "what the payment system's books say"


def test_a_part_that_was_paid_and_came_back_whole_is_no_second_question() -> None:
    story, command = commanded()
    story.when(answer(command, "RefundSucceeded", day(28), amount=usd(400)))
    story.when(ruling(story.last(ClaimReferred), "go_on", day(29)))
    story.pay(day(30))
    story.when(answer(command, "RefundReversed", day(31), version=2, amount=usd(400)))
    assert [each.reason for each in story.named(ClaimReferred)] == [ReferralReason.CONTRADICTION]
    assert story.last(IssueRefund).amount == usd(400)


def test_an_answer_in_another_currency_is_not_counted() -> None:
    story, command = commanded()
    story.when(answer(command, "RefundSucceeded", day(28), amount=Money.of(1_000, "EUR")))
    assert story.case.settled == 0
    assert ReferralReason.CURRENCY_DIFFERS in [each.reason for each in story.named(ClaimReferred)]


def test_an_answer_about_a_refund_that_was_never_commanded_is_a_contradiction() -> None:
    story = ClaimsStory()
    stranger, command = commanded()
    assert stranger.case.settled == 0
    story.given(placed(), issued())
    assert story.when(answer(command, "RefundSucceeded", day(28))) == ()
    story.until(day(28, 1))
    assert story.last(ClaimReferred).reason is ReferralReason.CONTRADICTION
    story.when(lost(day(30)))
    assert story.named(IssueRefund) == []
    story.when(ruling(story.last(ClaimReferred), "go_on", day(31)))
    assert story.last(IssueRefund).amount == usd(10_000)


@pytest.mark.parametrize("names", [["RefundSucceeded"], ["RefundAccepted", "RefundFailed"], ["RefundReversed"]])
def test_an_answer_that_comes_before_its_command_counts_once_it_is_commanded(names: list[str]) -> None:
    """Tables restored from a backup: what was answered since is read before what it was commanded for."""
    straight, command = commanded()
    answers = [answer(command, name, PAID, version=number) for number, name in enumerate(names, 1)]
    straight.given(*answers)
    restored = ClaimsStory()
    restored.given(placed(), issued())
    for each in answers:
        assert restored.when(each) == ()
    restored.when(late(0), PAID)
    for story in (straight, restored):
        story.until(day(60))
    assert [(each.refund_id, each.amount) for each in restored.named(IssueRefund)] == [
        (each.refund_id, each.amount) for each in straight.named(IssueRefund)
    ]
    assert restored.case.settled == straight.case.settled
    assert restored.case.early == ()
    assert balances(restored.case) == balances(straight.case)
    assert not restored.case.contradictions


def test_of_early_answers_about_one_refund_the_last_one_counts() -> None:
    _, command = commanded()
    story = ClaimsStory()
    story.given(placed(), issued())
    story.when(answer(command, "RefundSucceeded", PAID))
    story.when(answer(command, "RefundReversed", PAID, version=2))
    story.when(answer(command, "RefundPending", PAID, version=3))
    story.when(late(0), PAID)
    assert [each.attempt for each in story.named(IssueRefund)] == [1, 2]
    assert story.case.settled == 0


def test_early_answers_are_bounded() -> None:
    _, command = commanded()
    story = ClaimsStory()
    story.given(placed(), issued())
    for number in range(MAX_EARLY + 1):
        other = command.model_copy(update={"refund_id": f"r-{number}"})
        story.when(answer(other, "RefundSucceeded", day(28)))
    assert (len(story.case.early), story.case.contradictions) == (MAX_EARLY, ("bound:answers",))
    story.until(day(29))
    assert {each.reason for each in story.named(ClaimReferred)} == {
        ReferralReason.BOUND_REACHED,
        ReferralReason.CONTRADICTION,
    }


def test_two_different_answers_of_one_version_are_a_contradiction() -> None:
    story, command = commanded()
    story.when(answer(command, "RefundSucceeded", day(28)))
    story.when(answer(command, "RefundFailed", day(28)), day(29))
    assert story.case.settled == 1_000
    assert story.last(ClaimReferred).reason is ReferralReason.CONTRADICTION


@pytest.mark.parametrize("name", ["RefundSucceeded", "RefundFailed", "RefundCancelled"])
def test_after_a_final_answer_nothing_is_asked(name: str) -> None:
    story, command = commanded()
    if name == "RefundCancelled":
        story.when(refunded("R1", 10_000, day(27.1)))
    story.when(answer(command, name, day(27.2), **({"retryable": False} if name == "RefundFailed" else {})))
    story.until(day(60))
    assert [each for each in story.named(ClaimReferred) if each.reason is ReferralReason.PAYER_SILENT] == []
