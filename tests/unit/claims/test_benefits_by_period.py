"""Benefits by period grow as time passes, are paid as they grow, and end with the arrival, their bound or cover."""

from __future__ import annotations

from datetime import timedelta

from tests.support.claims import ClaimsStory, amended, day, delivered, fell_due, issued, only, placed, usd
from waybond_contracts.places import Lane
from waybond_contracts.refunds import IssueRefund

BODY = only("""
[[clause]]
id = "T"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P7D", amount = { amount = "2" }, per = "P1D", at_most = { amount = "30" } }]
""")


def late_from_day_27(ends: float = 240) -> ClaimsStory:
    story = ClaimsStory()
    story.given(placed(), issued(BODY, ends_at=day(ends)), fell_due("T:0:0", day(27), timedelta(days=7)))
    return story


def paid_until(story: ClaimsStory, last: int) -> None:
    """Each refund is confirmed half a day after its period began."""
    for number in range(27, last):
        story.until(day(number, 6))
        if story.case.in_flight is not None:
            story.pay(day(number, 12))
    story.until(day(last))


def test_two_a_day_are_paid_as_they_grow_and_no_more_than_their_bound() -> None:
    """It never arrives: 2 on day 27, 4 on day 28, ... 30 on day 41, and then no more."""
    story = late_from_day_27()
    assert story.last(IssueRefund).amount == usd(200)
    paid_until(story, 30)
    assert [each.amount for each in story.named(IssueRefund)] == [usd(200)] * 3
    paid_until(story, 60)
    assert (story.case.entitled, story.case.settled) == (3_000, 3_000)
    assert len(story.named(IssueRefund)) == 15


def test_the_last_period_pays_what_is_left_of_the_bound() -> None:
    """3 a day and 20 at most: 18 on day 32, and the seventh period pays 2 on day 33."""
    body = BODY.replace('amount = "2"', 'amount = "3"').replace('amount = "30"', 'amount = "20"')
    story = ClaimsStory()
    story.given(placed(), issued(body), fell_due("T:0:0", day(27), timedelta(days=7)))
    paid_until(story, 33)
    assert story.case.settled == 1_800
    story.armed_at = story.wake_at  # An earlier wish may still wake a case, and need not.
    paid_until(story, 45)
    assert (story.case.entitled, story.case.settled) == (2_000, 2_000)


def test_they_end_with_cover() -> None:
    """Cover ends on day 30: the periods that began on days 27, 28 and 29 are 6."""
    story = late_from_day_27(ends=30)
    paid_until(story, 45)
    assert story.case.settled == 600


def test_they_end_with_the_arrival() -> None:
    """It arrives on day 29.5: the periods of days 27, 28 and 29 are 6."""
    story = late_from_day_27()
    paid_until(story, 29)
    story.when(delivered(day(29.5)))
    story.until(day(60))
    assert story.case.entitled == 600


def test_they_grow_on_the_lane_that_the_order_went_on_when_they_fell_due() -> None:
    """Late from day 27 on a lane with cover for it, amended on day 29 to one without: still 2 a day, 30 in all."""
    story = ClaimsStory()
    story.given(placed(), issued(BODY.replace('peril = "late"', 'peril = "late"\nlanes = ["*-BR"]')))
    story.given(fell_due("T:0:0", day(27), timedelta(days=7)))
    paid_until(story, 29)
    story.when(amended(2, occurred_at=day(29), lane=Lane(origin="CN", destination="AR")))
    paid_until(story, 60)
    assert (story.case.entitled, story.case.settled) == (3_000, 3_000)


def test_a_fact_that_is_no_wake_makes_no_period() -> None:
    story = late_from_day_27()
    story.pay(day(27.5))
    story.armed_at = None
    story.when(fell_due("T:0:0", day(27), timedelta(days=7), version=2, as_of=day(27)), day(35))
    assert story.case.entitled == 200
