"""A parcel that arrives after its loss was paid, breaches that are taken back, and what is asked back."""

from datetime import timedelta

import pytest

from tests.support.claims import (
    PLAIN,
    ClaimsStory,
    answer,
    cancelled,
    complaint,
    damaged,
    day,
    delivered,
    issued,
    journey,
    late,
    line,
    lost,
    package,
    placed,
    ruling,
    silent_30_days,
    usd,
)
from waybond_claims.case.question import MAX_REFERRALS
from waybond_contracts.claims import ClaimApproved, ClaimReferred, ClaimReopened, RecoveryOpened, ReferralReason
from waybond_contracts.disputes import DisputeStage
from waybond_contracts.fields import Interval
from waybond_contracts.refunds import CancelRefund, IssueRefund

TWO = journey(package("P1", (("a", 1),)), package("P2", (("b", 1),)))


def wording_with(late_arrival: str) -> str:
    return PLAIN.replace('late_arrival = "keep"', f'late_arrival = "{late_arrival}"')


def lost_then_delivered(late_arrival: str) -> ClaimsStory:
    """Late (10 %) and then lost by silence, both paid; it arrives on day 60."""
    story = ClaimsStory()
    story.given(placed(), issued(wording_with(late_arrival)), late(0))
    story.pay(day(27.5))
    story.when(silent_30_days(day(10)))
    story.pay(day(41))
    assert story.case.settled == 10_000
    story.when(delivered(day(60)))
    return story


def test_keep_lets_the_buyer_have_both() -> None:
    """It was not lost, and 10 % are due for the delay; what was paid before the arrival was known is kept."""
    story = lost_then_delivered("keep")
    assert (story.case.entitled, story.case.owed) == (1_000, 10_000)
    assert story.named(RecoveryOpened) == []
    assert [each.after for each in story.named(ClaimReopened)] == [usd(1_000)]


def test_what_was_taken_back_in_time_is_not_kept() -> None:
    """Its loss is commanded, and cancelled when it was found again; it is late, and paid for that alone."""
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN), lost(day(22)))
    (whole,) = story.named(IssueRefund)
    story.when(lost(day(22), version=2, standing=False), day(23))
    assert story.case.owed == 10_000, "on its way, it may be kept"
    story.until(day(25))
    story.when(ruling(story.last(ClaimReferred), "cancel_and_retry", day(25)))
    story.when(answer(whole, "RefundCancelled", day(26)))
    assert story.case.owed == 0
    story.when(late(0))
    story.pay(day(28))
    story.when(delivered(day(29)))
    assert (story.case.owed, story.case.settled) == (1_000, 1_000)
    assert [each.amount for each in story.named(IssueRefund)] == [usd(10_000), usd(1_000)]


def test_what_failed_for_good_is_not_kept() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN), lost(day(22)))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(23), retryable=False))
    story.when(lost(day(22), version=2, standing=False), day(24))
    assert story.case.owed == 0
    story.when(late(0))
    story.when(ruling(story.last(ClaimReferred), "retry", day(27.5)))
    story.pay(day(28))
    story.when(delivered(day(29)))
    assert (story.case.owed, story.case.settled) == (1_000, 1_000)


def test_offset_asks_nothing_back_and_counts_towards_later_benefits() -> None:
    story = lost_then_delivered("offset")
    assert story.case.entitled == 1_000
    assert story.named(RecoveryOpened) == []
    assert story.last(ClaimReopened).after == usd(1_000)
    story.when(damaged(day(61)))
    assert story.case.entitled == 10_000
    assert len(story.named(IssueRefund)) == 2, "the damage was paid already"


def test_return_asks_the_difference_back_and_a_person_says_whether_it_came() -> None:
    story = lost_then_delivered("return")
    opened = story.last(RecoveryOpened)
    assert (opened.amount, opened.from_whom, opened.reason) == (usd(9_000), "buyer", "late_arrival")
    referred = story.last(ClaimReferred)
    assert (referred.reason, referred.amount) == (ReferralReason.RECOVERY, usd(9_000))
    story.when(ruling(referred, "recovered", day(70)))
    assert story.case.recovered == 9_000
    assert story.status == "paid"
    story.when(damaged(day(71)))
    assert story.last(ClaimApproved).amount == usd(9_000)


def test_what_came_back_is_not_taken_for_paid() -> None:
    """A refund that is due after a recovery, failed twice and is tried again in some hours, is still to be paid."""
    story = lost_then_delivered("return")
    story.when(ruling(story.last(ClaimReferred), "recovered", day(70)))
    story.when(damaged(day(71)))
    for at in (day(72), day(73)):
        story.when(answer(story.last(IssueRefund), "RefundFailed", at))
    assert story.case.in_flight is None
    assert story.status == "waiting"


def test_a_recovery_may_come_in_parts() -> None:
    story = lost_then_delivered("return")
    story.when(ruling(story.last(ClaimReferred), "recovered", day(70), amount=usd(4_000)))
    again = story.last(ClaimReferred)
    assert again.amount == usd(5_000)
    story.when(ruling(again, "waived", day(71)))
    assert [each.outstanding for each in story.case.recoveries] == [0]
    story.wake(day(80))
    assert len(story.named(RecoveryOpened)) == 1


def test_an_arrival_that_the_watch_tells_undoes_a_loss_as_well() -> None:
    """A watch that is told again with an arrival names the way that its clause counts: a pickup point, say."""
    story = ClaimsStory()
    story.given(placed(), issued(wording_with("return")), silent_30_days(day(10)))
    story.pay(day(41))
    story.when(silent_30_days(day(10), version=2, arrived=Interval.at(day(60)), as_of=day(60)), day(60))
    assert story.case.entitled == 0
    assert story.last(RecoveryOpened).amount == usd(10_000)


def test_what_came_back_and_is_owed_again_is_not_called_paid() -> None:
    story = lost_then_delivered("return")
    story.when(ruling(story.last(ClaimReferred), "recovered", day(70)))
    story.given(complaint(day(71), stage=DisputeStage.CHARGEBACK), damaged(day(72)))
    assert (story.case.owed, story.case.settled, story.case.recovered) == (10_000, 10_000, 9_000)
    assert story.status == "waiting"


def test_what_was_waived_in_part_is_asked_for_again() -> None:
    story = lost_then_delivered("return")
    story.when(ruling(story.last(ClaimReferred), "waived", day(70), amount=usd(4_000)))
    assert story.last(ClaimReferred).amount == usd(5_000)
    assert story.status == "referred"


def test_nothing_recovered_is_no_answer() -> None:
    story = lost_then_delivered("return")
    referred = story.last(ClaimReferred)
    story.when(ruling(referred, "recovered", day(70), amount=usd(0)))
    assert story.last(ClaimReferred).referral_id == referred.referral_id
    assert story.last(ClaimReferred).version > referred.version
    assert story.status == "referred"


def test_more_than_is_asked_back_cannot_be_recovered() -> None:
    story = lost_then_delivered("return")
    referred = story.last(ClaimReferred)
    story.when(ruling(referred, "recovered", day(70), amount=usd(9_001)))
    assert story.case.recovered == 0
    assert story.last(ClaimReferred).referral_id == referred.referral_id
    assert story.last(ClaimReferred).version > referred.version


def test_a_recovery_shrinks_when_more_is_owed_again() -> None:
    story = lost_then_delivered("return")
    story.when(late(1, as_of=day(61)), day(61))
    assert [each.outstanding for each in story.case.recoveries] == [7_000]
    story.when(damaged(day(62)))
    assert [each.outstanding for each in story.case.recoveries] == [0]
    assert all(not each.is_open for each in story.case.referrals)


@pytest.mark.parametrize("late_arrival", ["keep", "offset", "return"])
def test_the_entitlement_does_not_depend_on_which_came_first(late_arrival: str) -> None:
    after = lost_then_delivered(late_arrival)
    before = ClaimsStory()
    before.given(placed(), issued(wording_with(late_arrival)))
    for fact in (delivered(day(60)), silent_30_days(day(10)), late(0)):
        before.when(fact, day(60))
    assert before.case.entitled == after.case.entitled


def test_found_before_the_clock_ran_out_is_no_late_arrival() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(30)), delivered(day(25)))
    assert story.case.entitled == 0
    unsure = ClaimsStory()
    when = Interval(earliest=day(29.8), latest=day(30.2))
    unsure.given(placed(), issued(), lost(day(30)))
    unsure.when(delivered(day(30.2), when=when))
    assert (unsure.case.entitled, unsure.case.owed) == (0, 10_000), "it was paid before the arrival was known"


@pytest.mark.parametrize(("late_arrival", "recovered"), [("keep", 0), ("offset", 0), ("return", 10_000)])
def test_a_loss_that_is_taken_back_after_it_was_paid(late_arrival: str, recovered: int) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(wording_with(late_arrival)), silent_30_days(day(10)))
    story.pay(day(41))
    story.when(silent_30_days(day(10), version=2, breached=False, as_of=day(43)), day(43))
    assert story.case.entitled == 0
    assert sum(each.outstanding for each in story.case.recoveries) == recovered
    assert story.last(ClaimReopened).before == usd(10_000)


def test_what_the_buyer_keeps_is_not_counted_towards_later_benefits() -> None:
    story = ClaimsStory()
    lines = (line("a", 5_000), line("b", 5_000))
    story.given(placed(lines=lines), issued(), lost(day(12), package_id="P1", journey=TWO))
    story.pay(day(13))
    story.when(lost(day(14), package_id="P1", version=2, standing=False, journey=TWO))
    assert (story.case.entitled, story.case.owed) == (0, 5_000)
    story.when(damaged(day(15), package_id="P2", journey=TWO))
    assert story.last(ClaimApproved).amount == usd(5_000)
    kept = next(step for step in story.last(ClaimApproved).explanation.steps if step.what == "kept")
    assert kept.amount == usd(5_000)


def test_what_is_offset_is_counted_towards_later_benefits() -> None:
    story = ClaimsStory()
    lines = (line("a", 5_000), line("b", 5_000))
    story.given(placed(lines=lines), issued(wording_with("offset")), lost(day(12), package_id="P1", journey=TWO))
    story.pay(day(13))
    story.when(lost(day(14), package_id="P1", version=2, standing=False, journey=TWO))
    story.when(damaged(day(15), package_id="P2", journey=TWO))
    assert story.case.entitled == 5_000
    assert len(story.named(IssueRefund)) == 1


@pytest.mark.parametrize("loss_first", [False, True])
def test_what_may_be_kept_is_kept_although_more_was_paid_that_goes_back(loss_first: bool) -> None:
    """Late (keep) and then lost (return) were paid; both are taken back."""
    story = ClaimsStory()
    story.given(placed(), issued(wording_with("return")), late(0))
    story.pay(day(27.5))
    story.when(silent_30_days(day(10)))
    story.pay(day(41))
    retracted = [
        silent_30_days(day(10), version=2, breached=False, as_of=day(43)),
        late(0, version=2, breached=False, as_of=day(43)),
    ]
    for fact in retracted if loss_first else reversed(retracted):
        story.when(fact, day(43))
    assert (story.case.entitled, story.case.owed) == (0, 1_000)
    assert sum(each.outstanding for each in story.case.recoveries) == 9_000


def test_what_failed_is_not_kept() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    command = story.last(IssueRefund)
    story.when(late(0, version=2, breached=False, as_of=day(27.1)), day(27.1))
    assert story.case.owed == 1_000
    story.when(answer(command, "RefundFailed", day(27.2)))
    assert story.case.owed == 0
    story.until(day(40))
    assert len(story.named(IssueRefund)) == 1


def test_of_what_came_back_in_part_no_more_is_kept_than_is_there() -> None:
    """100 were paid for a loss, 60 of them came back, and the parcel arrives: the buyer keeps the 40 that are there."""
    story = ClaimsStory()
    story.given(placed(), issued(), silent_30_days(day(10)))
    command = story.last(IssueRefund)
    story.pay(day(40.2))
    story.when(answer(command, "RefundReversed", day(40.4), version=2, amount=usd(6_000)))
    story.when(delivered(day(41)))
    assert (story.case.settled, story.case.entitled, story.case.owed) == (4_000, 0, 4_000)
    assert (len(story.named(IssueRefund)), story.named(RecoveryOpened)) == (1, [])


def test_a_command_is_taken_back_where_the_wording_asks_for_the_return() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(wording_with("return")), silent_30_days(day(10)))
    command = story.last(IssueRefund)
    story.when(delivered(day(40.5)))
    assert story.last(CancelRefund).refund_id == command.refund_id
    story.when(answer(command, "RefundSucceeded", day(40.6)))
    assert story.last(RecoveryOpened).amount == usd(10_000)


def test_a_policy_that_turns_out_void_asks_everything_back() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    story.when(cancelled(day(30), from_start=True, returned=150))
    assert (story.last(RecoveryOpened).amount, story.last(RecoveryOpened).reason) == (usd(1_000), "policy_void")


def test_a_late_parcel_that_arrives_was_late_all_the_same() -> None:
    body = PLAIN.replace('tiers = [{ after = "P7D"', 'late_arrival = "return"\ntiers = [{ after = "P7D"')
    story = ClaimsStory()
    story.given(placed(), issued(body), late(0))
    story.pay(day(28))
    story.when(delivered(day(28) + timedelta(hours=1)))
    assert story.case.entitled == 1_000
    assert story.named(RecoveryOpened) == []


def test_a_feed_that_takes_its_word_back_again_and_again_neither_grows_the_file_nor_silences_the_question() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(wording_with("return")), lost(day(5)))
    story.pay(day(6))
    for version in range(1, 2 * MAX_REFERRALS + 4):
        story.when(delivered(day(7, version / 60), version=version, standing=version % 2 == 1))
    assert [each.outstanding for each in story.case.recoveries] == [10_000]
    assert len(story.case.referrals) == MAX_REFERRALS
    asked = story.named(ClaimReferred)
    assert len({each.referral_id for each in asked}) == len(asked) == MAX_REFERRALS + 2
    assert len({each.recovery_id for each in story.named(RecoveryOpened)}) == len(asked)
    story.when(ruling(asked[-1], "recovered", day(13)))
    assert story.case.recovered == 10_000
