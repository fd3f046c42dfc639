"""What the buyer got back elsewhere counts for the goods that it was for, once, and never for more than was told."""

from itertools import permutations

import pytest
from pydantic import ValidationError

from tests.support.claims import (
    KEY,
    ClaimsStory,
    answer,
    complaint,
    day,
    fell_due,
    issued,
    journey,
    late,
    line,
    lost,
    package,
    placed,
    refunded,
    resolved,
    ruling,
    usd,
)
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.case.state import Case
from waybond_contracts.claims import ClaimApproved, ClaimReferred, RecoveryOpened
from waybond_contracts.disputes import DisputeOutcome, DisputeStage, DisputeStageChanged
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import OrderAmended, RefundedLine
from waybond_contracts.refunds import CancelRefund, IssueRefund

TWO = journey(package("P1", (("a", 1),)), package("P2", (("b", 1),)))
LINES = (line("a", 6_000), line("b", 4_000))
WON = DisputeOutcome.BUYER_FAVOUR


def two_parcels() -> ClaimsStory:
    """An order of 100: line a of 60 in P1, line b of 40 in P2."""
    story = ClaimsStory()
    story.given(placed(lines=LINES), issued())
    return story


def lost_and_paid() -> ClaimsStory:
    """Line a of 60 is lost and paid."""
    story = two_parcels()
    story.when(lost(day(10), package_id="P1", journey=TWO))
    assert story.last(IssueRefund).amount == usd(6_000)
    story.pay(day(11))
    return story


def whole_lost() -> ClaimsStory:
    """An order of 100 is lost and paid."""
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(10)))
    story.pay(day(11))
    return story


def asked_back(case: Case) -> int:
    return sum(each.outstanding for each in case.recoveries)


# by goods


def test_a_line_that_the_platform_refunds_too_is_asked_back() -> None:
    """60 was paid for line a and 60 came back for it: of its worth of 60 nothing is left to pay."""
    story = lost_and_paid()
    story.when(refunded("R1", 6_000, day(12), lines=("a",)))
    assert (story.case.owed, asked_back(story.case)) == (0, 6_000)
    assert story.last(RecoveryOpened).reason == "refunded_elsewhere"


def test_a_line_that_is_amended_away_after_it_was_paid_is_asked_back() -> None:
    """With line a the amendment took 60 off the total: the buyer has 60 back, and 60 from us."""
    story = lost_and_paid()
    story.when(OrderAmended(**KEY, occurred_at=day(12), revision=1, total=usd(4_000), lines=LINES[1:]))
    assert (story.case.owed, asked_back(story.case)) == (0, 6_000)


def test_a_line_that_is_refunded_and_then_amended_away_is_asked_back_once() -> None:
    """The refund of 60 is off the total of 40 already: line b, late by a week, is owed 10 % of 40 all the same."""
    story = lost_and_paid()
    story.when(refunded("R1", 6_000, day(12), lines=("a",)))
    story.when(OrderAmended(**KEY, occurred_at=day(13), revision=1, total=usd(4_000), lines=LINES[1:]))
    assert (story.case.owed, asked_back(story.case), elsewhere(story.case)) == (0, 6_000, 0)
    story.when(late(0, package_id="P2", journey=TWO))
    assert story.case.owed > 0


def test_a_half_that_the_platform_paid_first_is_not_paid_again() -> None:
    """Line a came back before it was lost: 60 - 60 = 0."""
    story = two_parcels()
    story.given(refunded("R1", 6_000, day(5), lines=("a",)), lost(day(10), package_id="P1", journey=TWO))
    assert (story.case.owed, story.named(IssueRefund)) == (0, [])


def test_a_refund_for_other_goods_changes_nothing() -> None:
    """40 came back for line b: the loss of line a is worth 60 as before."""
    story = lost_and_paid()
    story.when(refunded("R1", 4_000, day(12), lines=("b",)))
    assert (story.case.owed, asked_back(story.case)) == (6_000, 0)


def test_a_refund_that_names_no_line_counts_where_worth_was_lost() -> None:
    """70 came back for nothing in particular: 60 of it for the lost line a, 10 for line b."""
    story = lost_and_paid()
    story.when(refunded("R1", 7_000, day(12)))
    assert (story.case.owed, asked_back(story.case)) == (0, 6_000)


def test_a_delay_is_not_lowered_by_what_came_back_for_goods() -> None:
    """Line b is late: 10 % of 40, although 30 came back for it and 60 for line a; 10 of the 100 are still paid."""
    story = two_parcels()
    for ref, minor, named in (("R1", 6_000, "a"), ("R2", 3_000, "b")):
        story.when(refunded(ref, minor, day(5), lines=(named,)))
    story.when(late(0, package_id="P2", journey=TWO))
    assert story.last(IssueRefund).amount == usd(400)


def test_the_buyer_keeps_no_more_than_was_paid_of_all() -> None:
    """99 of 100 came back: of the 10 for a delay 1 is left."""
    story = ClaimsStory()
    story.given(placed(), issued(), refunded("R1", 9_900, day(5)), late(0))
    assert story.last(IssueRefund).amount == usd(100)


def test_a_part_of_the_lost_goods_that_came_back_leaves_the_rest_due() -> None:
    """20 came back for line a: 60 - 20 = 40. The explanation says so, and the amount follows from it."""
    story = two_parcels()
    story.given(refunded("R1", 2_000, day(5), lines=("a",)), lost(day(10), package_id="P1", journey=TWO))
    approved = story.last(ClaimApproved)
    assert approved.amount == usd(4_000)
    told = {each.package_id: each.elsewhere for each in approved.explanation.packages}
    assert told["P1"] == usd(2_000)


def test_a_delay_counts_where_it_gives_more_than_what_is_left_of_a_loss() -> None:
    """Of the loss of 60 nothing is left, and the parcel was a week late before: 10 % of 60."""
    story = two_parcels()
    story.given(refunded("R1", 6_000, day(5), lines=("a",)), late(0, package_id="P1", journey=TWO))
    story.when(lost(day(30), package_id="P1", journey=TWO))
    assert story.case.owed == 600


# the same money


def test_a_payout_that_is_told_twice_counts_once() -> None:
    """The scheme pays 30 and the platform reports the same 30: of a loss of 100 there are 70 to pay."""
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(3), stage=DisputeStage.CHARGEBACK))
    story.given(
        resolved(day(5), 3_000, provider_refund_ref="re_9"), refunded("R1", 3_000, day(6), provider_refund_ref="re_9")
    )
    story.when(lost(day(10)))
    assert story.last(IssueRefund).amount == usd(7_000)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_word_about_one_money_counts_in_whichever_order_they_come(order: tuple[int, ...]) -> None:
    """The dispute ended with 30; the refund that names it, a day later, says 25."""
    words: list[Event] = [
        complaint(day(3), stage=DisputeStage.CHARGEBACK),
        resolved(day(5), 3_000),
        refunded("R1", 2_500, day(6), dispute_id="D-1"),
    ]
    story = ClaimsStory()
    story.given(placed(), issued())
    for index in order:
        story.when(words[index], day(7))
    assert elsewhere(story.case) == 2_500


def test_two_refunds_of_one_reference_are_one() -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    for ref in ("R1", "R2"):
        story.when(refunded(ref, 3_000, day(5), provider_refund_ref="re_9"))
    assert elsewhere(story.case) == 3_000


@pytest.mark.parametrize("by_reference", [True, False])
def test_an_echo_of_our_own_refund_is_asked_back_from_nobody(by_reference: bool) -> None:
    """We paid 100, and the platform reports that refund by our id, or by the payment system's."""
    story = whole_lost()
    ref = "platform-1" if by_reference else story.last(IssueRefund).refund_id
    story.when(refunded(ref, 10_000, day(12), provider_refund_ref="re_1" if by_reference else None))
    assert (story.named(RecoveryOpened), elsewhere(story.case), story.case.owed) == ([], 0, 10_000)


def test_an_echo_that_comes_before_the_payment_systems_answer_is_none_afterwards() -> None:
    """It looks like money from elsewhere until the answer names the same reference; then nothing is asked back."""
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(10)))
    command = story.last(IssueRefund)
    story.when(refunded("platform-1", 10_000, day(10.5), provider_refund_ref="re_1"))
    assert story.last(CancelRefund).refund_id == command.refund_id
    story.when(answer(command, "RefundSucceeded", day(11), version=2))
    assert (elsewhere(story.case), story.case.owed, asked_back(story.case)) == (0, 10_000, 0)


def test_a_dispute_that_our_own_refund_settled_gave_nothing_more() -> None:
    story = whole_lost()
    story.given(complaint(day(12)), resolved(day(13), 10_000, provider_refund_ref="re_1"))
    assert (elsewhere(story.case), asked_back(story.case)) == (0, 0)


def test_a_refund_of_ours_that_is_part_of_an_outcome_is_taken_off_it() -> None:
    """The dispute ended with 100 in all; 10 of it are our own refund, which the platform reports for the dispute."""
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    story.given(complaint(day(29)), refunded("P1", 1_000, day(30), provider_refund_ref="re_1", dispute_id="D-1"))
    story.when(resolved(day(31), 10_000))
    assert elsewhere(story.case) == 9_000


def test_what_a_refund_is_for_may_be_told_later() -> None:
    """The same refund of 60 is told again with the line that it was for."""
    story = two_parcels()
    story.given(lost(day(10), package_id="P1", journey=TWO), refunded("R1", 4_000, day(12)))
    assert story.case.owed == 2_000
    story.when(refunded("R1", 4_000, day(12), lines=("b",)), day(13))
    assert (story.case.owed, story.case.contradictions) == (6_000, ())


# outcomes without an amount


@pytest.mark.parametrize("outcome", [WON, DisputeOutcome.ACCEPTED, DisputeOutcome.PAYOUT])
def test_a_chargeback_that_was_won_without_an_amount_counts_as_all(outcome: DisputeOutcome) -> None:
    """Nobody says how much: 100 - 100 = 0, until an amount of 40 is told: 100 - 40 = 60."""
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(3), stage=DisputeStage.CHARGEBACK))
    story.given(resolved(day(5), outcome=outcome), lost(day(10)))
    assert (story.case.owed, story.named(IssueRefund)) == (0, [])
    story.when(resolved(day(6), 4_000))
    assert (story.last(IssueRefund).amount, story.case.contradictions) == (usd(6_000), ())


def test_a_chargeback_that_was_won_without_an_amount_counts_as_what_was_disputed() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(3), stage=DisputeStage.CHARGEBACK, amount=usd(2_500)))
    story.given(resolved(day(5), outcome=WON), lost(day(10)))
    assert story.last(IssueRefund).amount == usd(7_500)


def test_a_disputed_amount_that_is_told_after_the_dispute_counts() -> None:
    """Opened without an amount, told again with 25: 100 - 25 = 75."""
    story = ClaimsStory()
    told = complaint(day(4), stage=DisputeStage.CHARGEBACK, amount=usd(2_500))
    story.given(placed(), issued(), complaint(day(3), stage=DisputeStage.CHARGEBACK), told)
    story.given(resolved(day(5), outcome=WON), lost(day(10)))
    assert story.last(IssueRefund).amount == usd(7_500)


def test_a_disputed_amount_in_another_currency_is_referred() -> None:
    story = ClaimsStory()
    euros = Money.of(2_500, "EUR")
    story.given(placed(), issued(), complaint(day(3), stage=DisputeStage.CHARGEBACK, amount=euros))
    story.given(resolved(day(5), outcome=WON), lost(day(10)))
    assert story.named(IssueRefund) == []
    assert story.last(ClaimReferred).reason == "currency_differs"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_amount_that_was_told_stands_until_an_appeal(order: tuple[int, ...]) -> None:
    """Won with 30, appealed, won again without a word about the amount: all of it."""
    steps: list[Event] = [
        resolved(day(5), 3_000),
        DisputeStageChanged(**KEY, occurred_at=day(6), dispute_id="D-1", stage=DisputeStage.ARBITRATION),
        resolved(day(8), outcome=WON),
    ]
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(3), stage=DisputeStage.CHARGEBACK))
    for index in order:
        story.when(steps[index], day(9))
    assert elsewhere(story.case) == 10_000
    again = ClaimsStory()
    again.given(placed(), issued(), complaint(day(3)), steps[0], steps[2])
    assert elsewhere(again.case) == 3_000


def test_a_seller_who_won_gave_nothing() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(3), stage=DisputeStage.CHARGEBACK, amount=usd(2_500)))
    story.given(resolved(day(5)), lost(day(10)))
    assert story.last(IssueRefund).amount == usd(10_000)


def never_ended() -> tuple[ClaimsStory, ClaimReferred]:
    """An order of 100 was lost, and a chargeback stops its payment of which nothing was heard for 120 days."""
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10), stage=DisputeStage.CHARGEBACK), lost(day(12)))
    story.until(day(130))
    return story, story.last(ClaimReferred)


def test_who_is_asked_about_a_dispute_that_never_ended_can_say_what_it_gave() -> None:
    """100 - 70 = 30; the scheme's own word, 65, comes later: 100 - 65 = 35, 5 more."""
    story, asked = never_ended()
    assert asked.choices == ("wait", "ended", "ended_paid")
    story.when(ruling(asked, "ended_paid", day(131), amount=usd(7_000)))
    assert story.last(IssueRefund).amount == usd(3_000)
    story.pay(day(132))
    story.when(resolved(day(30), 6_500), day(133))
    assert (story.last(IssueRefund).amount, story.case.contradictions) == (usd(500), ())


def test_a_dispute_that_ended_with_money_and_no_amount_gave_all() -> None:
    story, asked = never_ended()
    story.when(ruling(asked, "ended_paid", day(131)))
    assert (elsewhere(story.case), story.case.owed) == (10_000, 0)


# contracts


def test_a_refund_names_each_line_once_in_its_own_currency() -> None:
    with pytest.raises(ValidationError, match=r"lines\.1\.line_id"):
        refunded("R1", 100, day(5), lines=("a", "a"))
    line = RefundedLine(line_id="a", amount=Money.of(100, "EUR"))
    with pytest.raises(ValidationError, match=r"lines\.0\.amount\.currency"):
        resolved(day(5), 100, lines=(line,))


def test_a_delay_of_the_whole_order_is_not_lowered_by_a_refund() -> None:
    """30 of 100 came back; the order is a week late: 10 of 100."""
    story = ClaimsStory()
    story.given(placed(), issued(), refunded("R1", 3_000, day(5)))
    story.when(fell_due("TG-1:0:0", day(27), day(27) - day(20), package_id=None))
    assert story.last(IssueRefund).amount == usd(1_000)
