"""Cases that users of other systems reported, told to claims. An order of 100 in one parcel; a loss pays all of it."""

import pytest

from tests.support.claims import ClaimsStory, complaint, day, issued, lost, placed, refunded, resolved, staged, usd
from waybond_claims.service.shown import shown
from waybond_contracts.claims import ClaimReferred, RecoveryOpened
from waybond_contracts.disputes import DisputeOutcome
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund, MoneyCommand

BUYER, SELLER, PAYOUT = DisputeOutcome.BUYER_FAVOUR, DisputeOutcome.SELLER_FAVOUR, DisputeOutcome.PAYOUT


def lost_parcel(*told: Event) -> ClaimsStory:
    """What was told before, and then the loss on day 12."""
    story = ClaimsStory()
    story.given(placed(), issued(), *told, lost(day(12)))
    return story


def paid() -> ClaimsStory:
    """100 were paid on day 13 for the loss of day 12."""
    story = lost_parcel()
    story.pay(day(13))
    return story


def test_no_refund_is_commanded_while_a_paypal_dispute_runs_and_all_of_it_once_it_is_reversed() -> None:
    story = lost_parcel(complaint(day(10), source="wallet", stage="CHARGEBACK", provider="paypal"))
    assert story.named(MoneyCommand) == []
    assert shown_status(story) == "waiting"
    story.when(resolved(day(20), outcome=SELLER, raw_status="RESOLVED_SELLER_FAVOUR"))
    assert story.last(IssueRefund).amount == usd(10_000)


def shown_status(story: ClaimsStory) -> str:
    return shown(story.case, story.status, day(14)).status


def test_an_inquiry_at_paypal_that_becomes_a_claim_there_stops_payments_from_then_on() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10), source="wallet", provider="paypal"))
    story.given(staged(day(11), provider="paypal", raw_status="CHARGEBACK", revision=2), lost(day(12)))
    assert story.named(MoneyCommand) == []


def test_a_direct_debit_that_the_bank_returns_after_our_refund_is_asked_back() -> None:
    """No stage at all: the chargeback is born lost. 100 came back from us and 100 from the bank."""
    story = paid()
    story.when(resolved(day(20), 10_000, outcome=BUYER, provider="stripe", raw_status="lost"))
    recovery = story.last(RecoveryOpened)
    assert (recovery.amount, recovery.reason) == (usd(10_000), "refunded_elsewhere")


def test_a_direct_debit_that_the_bank_returned_before_leaves_nothing_to_pay() -> None:
    story = lost_parcel(resolved(day(10), 10_000, outcome=BUYER, provider="stripe", raw_status="lost"))
    assert story.named(MoneyCommand) == []
    assert story.case.entitled == 0


def test_a_direct_debit_that_is_returned_without_an_amount_counts_as_all_that_was_paid() -> None:
    story = lost_parcel(resolved(day(10), outcome=BUYER))
    assert story.case.entitled == 0


@pytest.mark.parametrize("revisions", [(None, None), (1, 2)])
def test_a_dispute_that_is_lost_and_won_a_day_later_leaves_all_of_it_to_pay(
    revisions: tuple[int | None, int | None],
) -> None:
    """The buyer got 100 by it on day 14, and had to give them back on day 15: 100 are due again."""
    first, second = revisions
    story = lost_parcel(complaint(day(10), stage="CHARGEBACK"))
    story.when(resolved(day(14), 10_000, outcome=BUYER, revision=first))
    assert story.named(MoneyCommand) == []
    story.when(resolved(day(15), outcome=SELLER, revision=second))
    assert story.last(IssueRefund).amount == usd(10_000)
    assert story.named(ClaimReferred) == []


@pytest.mark.parametrize("revisions", [(None, None), (1, 2)])
def test_a_dispute_that_is_won_and_then_lost_claws_the_refund_back(revisions: tuple[int | None, int | None]) -> None:
    """The seller won on day 14 and 100 were paid by us. On day 20 the bank gives the buyer 100 after all."""
    first, second = revisions
    story = lost_parcel(complaint(day(10), stage="CHARGEBACK"))
    story.when(resolved(day(14), outcome=SELLER, revision=first))
    story.pay(day(15))
    story.when(resolved(day(20), 10_000, outcome=BUYER, revision=second))
    assert story.last(RecoveryOpened).amount == usd(10_000)
    assert story.case.asked_back == 10_000


def test_won_lost_and_won_again_leaves_nothing_asked_back() -> None:
    story = lost_parcel(complaint(day(10), stage="CHARGEBACK"))
    story.when(resolved(day(14), outcome=SELLER, revision=1))
    story.pay(day(15))
    story.when(resolved(day(20), 10_000, outcome=BUYER, revision=2))
    story.when(resolved(day(22), outcome=SELLER, revision=3))
    assert story.case.asked_back == 0
    assert story.case.settled == 10_000
    assert len(story.named(MoneyCommand)) == 1


def test_an_outcome_that_gives_a_part_is_no_total_loss() -> None:
    """PayPal paid 40 out of 100: 60 are left."""
    story = lost_parcel(complaint(day(10), source="wallet", stage="CHARGEBACK", provider="paypal"))
    story.when(resolved(day(20), 4_000, outcome=PAYOUT, raw_status="RESOLVED_WITH_PAYOUT"))
    assert story.last(IssueRefund).amount == usd(6_000)


def test_a_part_of_the_order_that_is_disputed_counts_as_that_part() -> None:
    """35 of 100 are disputed, and the buyer wins without a word of how much: 65 are left."""
    story = lost_parcel(complaint(day(10), source="wallet", stage="CHARGEBACK", amount=usd(3_500)))
    story.when(resolved(day(20), outcome=BUYER))
    assert story.last(IssueRefund).amount == usd(6_500)


def test_a_dispute_of_which_nobody_told_that_it_was_opened_is_asked_about_after_a_day() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), staged(day(10), provider="visa"))
    assert story.until(day(10, hours=23.9)) == ()
    story.until(day(11))
    assert "nobody told what is complained of" in story.last(ClaimReferred).question


def test_a_list_that_is_polled_again_says_nothing_new() -> None:
    """A connector without a webhook tells all disputes again each hour."""
    polled = [
        complaint(day(10), stage="CHARGEBACK", provider="braintree"),
        staged(day(11), "PRE_ARBITRATION", revision=2),
        resolved(day(12), 4_000, revision=3),
    ]
    story = ClaimsStory()
    story.given(placed(), issued(), *polled)
    before, file = len(story.events), story.case
    for hour in range(3):
        for each in polled:
            story.when(each, day(13, hours=hour))
    assert len(story.events) == before
    assert story.case == file


def test_the_fee_of_a_dispute_is_no_part_of_what_the_buyer_got() -> None:
    """The buyer got 100 by a chargeback that cost the seller 15 more: 100 came back, and the books have no fee."""
    story = paid()
    story.given(complaint(day(14), stage="CHARGEBACK", amount=usd(10_000)), resolved(day(20), 10_000, outcome=BUYER))
    assert story.last(RecoveryOpened).amount == usd(10_000)
    assert {account for account, _, _ in story.books} <= {
        "premium_receivable",
        "premium_written",
        "premium_tax",
        "claims_incurred",
        "outstanding",
        "cash",
        "bank",
        "in_flight",
        "recovery_receivable",
    }


def test_the_platforms_refund_and_the_outcome_that_it_paid_are_one_money() -> None:
    """The platform refunds 60 on day 13 and the dispute ends with them: 60 came back of 100, not 120."""
    story = lost_parcel(complaint(day(10), stage="CHARGEBACK"))
    story.when(refunded("R1", 6_000, day(13), dispute_id="D-1"))
    story.when(resolved(day(14), 6_000, outcome=BUYER))
    assert story.last(IssueRefund).amount == usd(4_000)
