"""An order of which one line is never shipped, told to tracking and claims as one stream.

100.00 USD, promised for day 20: line 1 costs 60, line 2 costs 40. A delay of 7 days pays 10 %, of 15 days 30 % of the
insured value, a loss (45 days after the promise) all of it.
"""

from datetime import datetime, timedelta

from tests.support.claims import KEY, ClaimsStory, day, issued, line, placed
from tests.support.story import Known, Story
from waybond_contracts.delays import DelayEvent
from waybond_contracts.event import Event
from waybond_contracts.refunds import MoneyCommand
from waybond_contracts.shipments import HandedTo, PackageLine, ScanKind, ShipmentBooked, ShipmentScanned
from waybond_tracking.codec import StateCodec
from waybond_tracking.decide import decide as track

LINES = (line("1", 6_000), line("2", 4_000))
END = day(230)


def booked(at: datetime, package_id: str, *lines: str, replaces: str | None = None) -> ShipmentBooked:
    return ShipmentBooked(
        **KEY,
        occurred_at=at,
        package_id=package_id,
        carrier="X",
        tracking_number=f"LX{package_id}",
        lines=tuple(PackageLine(line_id=each, quantity=1) for each in lines),
        replaces=replaces,
    )


def delivered(at: datetime, package_id: str) -> ShipmentScanned:
    return ShipmentScanned(
        **KEY, occurred_at=at, package_id=package_id, kind=ScanKind.DELIVERED, handed_to=HandedTo.DOOR, provider="x"
    )


def told(*facts: Event) -> ClaimsStory:
    """What tracking publishes reaches claims at once; each refund is confirmed an hour after its command."""
    order = (placed(lines=LINES), issued())
    tracking = Story(track, StateCodec())
    tracking.given(*order, *facts)
    tracking.until(END)
    story = ClaimsStory()
    story.given(*order)
    for known in tracking.published:
        if isinstance(known.event, DelayEvent):
            story.when(Known(known.event, known.at))
            if story.case.in_flight is not None:
                story.pay(known.at + timedelta(minutes=1))
    story.until(END)
    return story


def payments(story: ClaimsStory) -> list[tuple[datetime, int]]:
    return [(each.requested_at, each.amount.minor) for each in story.named(MoneyCommand)]


def test_a_line_that_is_never_shipped_goes_late_and_is_lost() -> None:
    """4 of 40 on day 27, 12 in all on day 35, 40 in all on day 65."""
    story = told(booked(day(2), "A", "1"), delivered(day(9), "A"))
    assert payments(story) == [(day(27), 400), (day(35), 800), (day(65), 2_800)]


def test_what_was_paid_for_the_remainder_counts_for_the_package_that_brings_it() -> None:
    """B is booked with line 2 on day 28 and arrives on day 33: the 4 of day 27 are all that is due."""
    story = told(booked(day(2), "A", "1"), delivered(day(9), "A"), booked(day(28), "B", "2"), delivered(day(33), "B"))
    assert payments(story) == [(day(27), 400)]
    assert story.case.recoveries == ()


def test_a_package_that_takes_over_goes_on_where_the_remainder_was() -> None:
    """B is booked on day 28 and never comes: 4 on day 27, 8 more on day 35, 28 more on day 65."""
    story = told(booked(day(2), "A", "1"), delivered(day(9), "A"), booked(day(28), "B", "2"))
    assert payments(story) == [(day(27), 400), (day(35), 800), (day(65), 2_800)]


def test_goods_that_are_booked_in_time_cost_nothing() -> None:
    story = told(booked(day(2), "A", "1"), delivered(day(9), "A"), booked(day(12), "B", "2"), delivered(day(20), "B"))
    assert payments(story) == []


def test_a_replacement_in_time_makes_good_and_the_other_line_goes_late() -> None:
    """A never arrives, R brings line 1 again in time; line 2 is never shipped."""
    story = told(booked(day(2), "A", "1"), booked(day(10), "R", "1", replaces="A"), delivered(day(19), "R"))
    assert payments(story) == [(day(27), 400), (day(35), 800), (day(65), 2_800)]
