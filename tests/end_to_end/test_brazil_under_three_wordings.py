"""The parcel that took three months to Brazil, watched by tracking and adjudicated by claims, under three wordings."""

from datetime import datetime, timedelta

import pytest

from tests.support.claims import KEY, ClaimsStory, day, issued, placed, usd, wording
from tests.support.story import Known, Story
from waybond_contracts.claims import ClaimApproved
from waybond_contracts.delays import DelayEvent
from waybond_contracts.refunds import MoneyCommand
from waybond_contracts.shipments import HandedTo, ScanKind, ShipmentBooked, ShipmentScanned
from waybond_tracking.codec import StateCodec
from waybond_tracking.decide import decide as track

BOOKED = day(2)
ARRIVED = day(92)


def scanned(kind: ScanKind, at: datetime, **fields: object) -> ShipmentScanned:
    known = {"occurred_at": at, "package_id": "P1", "kind": kind, "provider": "carrier-x"}
    return ShipmentScanned.model_validate(KEY | known | fields)


JOURNEY = (
    ShipmentBooked(**KEY, occurred_at=BOOKED, package_id="P1", carrier="X", tracking_number="LX1", packages_in_order=1),
    scanned(ScanKind.PICKED_UP, day(3)),
    scanned(ScanKind.EXPORT_DEPARTED, day(8)),
    scanned(ScanKind.IMPORT_ARRIVED, day(25)),
    scanned(ScanKind.CUSTOMS_PRESENTED, day(47)),
    scanned(ScanKind.CUSTOMS_RELEASED, day(75)),
    scanned(ScanKind.DELIVERED, ARRIVED, handed_to=HandedTo.DOOR),
)


def told(name: str) -> ClaimsStory:
    """Tracking and claims hear the same order; each refund is confirmed an hour after its command."""
    tracking = Story(track, StateCodec())
    tracking.given(placed(), issued(wording(name)), *JOURNEY)
    tracking.until(day(170))
    story = ClaimsStory()
    story.given(placed(), issued(wording(name)))
    for known in tracking.published:
        if isinstance(known.event, DelayEvent):
            story.when(Known(known.event, known.at))
            if story.case.in_flight is not None:
                story.pay(known.at + timedelta(hours=1))
    story.until(day(170))
    return story


def payments(story: ClaimsStory) -> list[tuple[datetime, int]]:
    return [(each.requested_at, each.amount.minor) for each in story.named(MoneyCommand)]


@pytest.mark.parametrize(
    ("name", "paid"),
    [
        ("wish", [(day(29), 10_000)]),
        ("seel", [(BOOKED + timedelta(days=30), 500), (BOOKED + timedelta(days=60), 9_500)]),
        ("aliexpress", []),
    ],
)
def test_each_wording_pays_on_its_day(name: str, paid: list[tuple[datetime, int]]) -> None:
    story = told(name)
    assert payments(story) == paid
    assert story.case.recoveries == ()


def test_under_aliexpress_it_would_have_been_paid_on_day_120_had_it_not_come() -> None:
    tracking = Story(track, StateCodec())
    tracking.given(placed(), issued(wording("aliexpress")), *JOURNEY[:-1])
    tracking.until(day(170))
    story = ClaimsStory()
    story.given(placed(), issued(wording("aliexpress")))
    for known in tracking.published:
        if isinstance(known.event, DelayEvent):
            story.when(Known(known.event, known.at))
    assert payments(story) == [(day(120), 10_000)]
    assert story.last(ClaimApproved).entitled == usd(10_000)
