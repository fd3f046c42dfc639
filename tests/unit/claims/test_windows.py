"""When a claim can be filed and answered: business days, two clocks, another clock, and an outer limit.

An order of 100 USD, placed on Thursday, 1 January 2026, at 12:00 UTC, promised for day 20."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.calendars import calendar
from tests.support.claims import ClaimsStory, complaint, day, delivered, issued, only, placed
from waybond_contracts.claims import ClaimDenied, ClaimReferred, DenialReason, EvidenceRequested

SECOND = timedelta(seconds=1)
CLAUSE = '\n[[clause]]\nid = "C-1"\nperil = "{peril}"\ntrigger = "claim"\ntiers = [{{ share = "1.00" }}]\n{rest}\n'
FIVE_DAYS = 'claim_window = { clock = "delivered", closes = "P9D", closes_business = { days = 5, calendar = "NAME" } }'
# After Visa 13.1: 120 days from the promised day, never later than 540 days after the order; without a promise nobody
# claims in the first 15 days after the order, and 120 days are counted from there.
VISA = (
    'claim_window = { clock = "promised_latest", closes = "P120D", '
    'otherwise = { clock = "order", opens = "P15D", closes = "P135D" }, outer = { clock = "order", after = "P540D" } }'
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(rest: str, peril: str = "damaged", *, period: str = "P240D", **order: Any) -> ClaimsStory:
    """The order under a wording whose one clause pays what somebody claims."""
    story = ClaimsStory()
    body = only(CLAUSE.format(peril=peril, rest=rest)).replace('period = "P240D"', f'period = "{period}"')
    story.given(placed(**order), issued(body))
    return story


def is_taken(story: ClaimsStory, at: datetime, reason: str) -> bool:
    """Whether a person is asked about a complaint of then; else it is denied."""
    story.when(complaint(at, reason))
    if story.named(ClaimReferred):
        return True
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED
    return False


@pytest.mark.parametrize(("at", "taken"), [(-SECOND, True), (timedelta(0), True), (SECOND, False)])
def test_five_business_days_in_brazil_end_over_good_friday(at: timedelta, taken: bool) -> None:
    # Delivered on Thursday, 2 April. Friday is Good Friday: 6, 7, 8, 9 and 10 April, which ends at 03:00 UTC.
    story = told(FIVE_DAYS.replace("NAME", "br") + calendar("br"))
    story.given(delivered(utc("2026-04-02T12:00")))
    assert is_taken(story, utc("2026-04-11T03:00") + at, "DAMAGED") is taken


@pytest.mark.parametrize(("at", "taken"), [(timedelta(0), True), (SECOND, False)])
def test_beyond_the_calendars_years_the_plain_duration_counts(at: timedelta, taken: bool) -> None:
    # Five business days after 2 April end on the 9th, which the calendar does not know any more: 9 days, to the 11th.
    short = calendar("plain").replace("2030-12-31", "2026-04-08")
    story = told(FIVE_DAYS.replace("NAME", "plain") + "\n" + short)
    story.given(delivered(utc("2026-04-02T12:00")))
    assert is_taken(story, utc("2026-04-11T12:00") + at, "DAMAGED") is taken


def test_who_claims_before_the_last_business_day_is_told_the_day() -> None:
    # Fifteen after New Year's Day: 2, 5 to 9, 12 to 16 January, then, but for Martin Luther King's day, 20 to 23.
    window = 'claim_window = { clock = "order", opens = "P21D", opens_business = { days = 15, calendar = "us" } }\n'
    story = told(window + calendar("us"), "not_received")
    story.when(complaint(day(5)))
    assert story.last(ClaimDenied).eligible_at == utc("2026-01-24T05:00")
    story.until(utc("2026-01-24T04:59"))
    assert not story.named(ClaimReferred)
    story.until(utc("2026-01-24T05:00"))
    assert story.named(ClaimReferred)


def test_the_seller_has_business_days_to_answer() -> None:
    # The buyer complains on Friday, 13 February: Saturday is worked, and the Spring Festival is over on the 24th.
    story = told('seller = { answers_within = "P5D", business = { days = 2, calendar = "cn" } }\n' + calendar("cn"))
    story.when(complaint(utc("2026-02-13T12:00"), "DAMAGED"))
    assert story.last(EvidenceRequested).answer_by == utc("2026-02-24T16:00")


@pytest.mark.parametrize(("claimed", "taken"), [(139, True), (140, True), (140 + 1 / 86_400, False)])
def test_after_visa_120_days_from_the_promised_day(claimed: float, taken: bool) -> None:
    assert is_taken(told(VISA, "not_received"), day(claimed), "NOT_RECEIVED") is taken


@pytest.mark.parametrize(("claimed", "taken"), [(135, True), (136, False)])
def test_after_visa_without_a_promise_it_is_counted_from_the_order(claimed: float, taken: bool) -> None:
    assert is_taken(told(VISA, "not_received", promise=None), day(claimed), "NOT_RECEIVED") is taken


def test_after_visa_without_a_promise_the_buyer_waits_15_days() -> None:
    story = told(VISA, "not_received", promise=None)
    story.when(complaint(day(14)))
    assert story.last(ClaimDenied).eligible_at == day(15)
    story.until(day(15))
    assert story.named(ClaimReferred)


@pytest.mark.parametrize(("claimed", "taken"), [(540, True), (540 + 1 / 86_400, False)])
def test_after_visa_nothing_is_claimed_540_days_after_the_order(claimed: float, taken: bool) -> None:
    # A promise for day 430 would leave time until day 550.
    promise = placed().promise.model_copy(update={"latest": day(430)})
    story = told(VISA, "not_received", period="P600D", promise=promise)
    assert is_taken(story, day(claimed), "NOT_RECEIVED") is taken


@pytest.mark.parametrize(("claimed", "taken"), [(60, True), (61, False)])
def test_a_window_may_open_by_one_clock_and_close_by_another(claimed: float, taken: bool) -> None:
    # From the fifth day after delivery (day 25) to 60 days after the order.
    story = told('claim_window = { clock = "delivered", opens = "P5D", closes_clock = "order", closes = "P60D" }')
    story.given(delivered(day(20)))
    assert is_taken(story, day(claimed), "DAMAGED") is taken


def test_the_clock_that_opens_a_window_is_not_the_one_that_closes_it() -> None:
    story = told('claim_window = { clock = "delivered", opens = "P5D", closes_clock = "order", closes = "P60D" }')
    story.given(delivered(day(20)))
    story.when(complaint(day(24), "DAMAGED"))
    assert story.last(ClaimDenied).eligible_at == day(25)
