"""What has arrived was not lost, and what it means that the carrier does not answer (decision 83)."""

import pytest

from tests.support.claims import (
    PLAIN,
    ClaimsStory,
    complaint,
    day,
    delivered,
    issued,
    late,
    placed,
    silent_30_days,
    usd,
)
from waybond_contracts.claims import ClaimReferred, ReferralReason
from waybond_contracts.delays import Feed
from waybond_contracts.disputes import DisputeSource, DisputeStage
from waybond_contracts.refunds import IssueRefund

FROZEN = {"source": DisputeSource.CARD_SCHEME, "stage": DisputeStage.CHARGEBACK}


def asking(unanswered: str) -> str:
    """The plain wording, which asks the carrier about silence; `unanswered` is added to the clause."""
    return PLAIN.replace('late_arrival = "keep"', f'late_arrival = "keep"\nask_carrier = true\n{unanswered}')


@pytest.mark.parametrize("late_arrival", ["keep", "offset", "return"])
def test_an_arrival_that_is_known_before_the_loss_is_commanded_defeats_it(late_arrival: str) -> None:
    """A chargeback holds the refund back from day 39 on. On day 45 it is told that the parcel came on day 44: it was
    promised for day 20, so that 30 % of 100 are due for the delay, and nothing for a loss."""
    story = ClaimsStory()
    body = PLAIN.replace('late_arrival = "keep"', f'late_arrival = "{late_arrival}"')
    story.given(placed(), issued(body), complaint(day(39), **FROZEN), silent_30_days(day(10)))
    assert (story.case.owed, story.named(IssueRefund)) == (10_000, [])
    story.when(delivered(day(44)), day(45))
    story.when(late(1), day(45))
    assert (story.case.entitled, story.case.owed) == (3_000, 3_000)


def test_an_arrival_in_time_that_is_told_late_leaves_nothing_due() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(39), **FROZEN), silent_30_days(day(10)))
    story.when(delivered(day(18)), day(41))
    assert (story.case.entitled, story.case.owed) == (0, 0)


def test_silence_counts_without_an_answer_where_the_wording_says_so() -> None:
    """Up to 100 USD: the order is worth just that."""
    story = ClaimsStory()
    counts = 'unanswered = "counts"\nunanswered_up_to = { amount = "100", currency = "USD" }'
    story.given(placed(), issued(asking(counts)), silent_30_days(day(10), feed=Feed.UNANSWERED))
    assert [each.amount for each in story.named(IssueRefund)] == [usd(10_000)]
    assert story.named(ClaimReferred) == []


def test_above_the_amount_up_to_which_silence_counts_a_person_decides() -> None:
    """100.01 USD are insured: a cent more than silence counts for."""
    story = ClaimsStory()
    counts = 'unanswered = "counts"\nunanswered_up_to = { amount = "100", currency = "USD" }'
    dear = usd(10_001)
    story.given(placed(dear), issued(asking(counts), dear), silent_30_days(day(10), feed=Feed.UNANSWERED))
    assert story.last(ClaimReferred).reason is ReferralReason.CARRIER_CHECK_UNANSWERED
    assert story.named(IssueRefund) == []


def test_without_an_exchange_rate_to_tell_by_a_person_decides() -> None:
    story = ClaimsStory()
    counts = 'unanswered = "counts"\nunanswered_up_to = { amount = "100", currency = "CHF" }'
    story.given(placed(), issued(asking(counts)), silent_30_days(day(10), feed=Feed.UNANSWERED))
    assert story.last(ClaimReferred).reason is ReferralReason.CARRIER_CHECK_UNANSWERED


def test_silence_without_an_answer_is_no_loss_where_the_wording_says_so() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(asking('unanswered = "not_met"')), silent_30_days(day(10), feed=Feed.UNANSWERED))
    assert (story.case.owed, story.named(ClaimReferred)) == (0, [])


def test_a_person_decides_where_the_wording_says_nothing() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(asking("")), silent_30_days(day(10), feed=Feed.UNANSWERED))
    assert story.last(ClaimReferred).reason is ReferralReason.CARRIER_CHECK_UNANSWERED
