"""The parcel from China to Brazil that took three months, watched under wordings from the field."""

from pathlib import Path

import pytest

from tests.support.tracking import booked, day, only, order_placed, policy_issued, scanned, seen_says, story, watch_says
from waybond_contracts.delays import ShipmentStalled, WatchFellDue
from waybond_contracts.fields import Interval
from waybond_contracts.shipments import ScanKind

K = ScanKind
WORDINGS = Path(__file__).parents[2] / "fixtures" / "wordings"
QUIET = """
[[clause]]
id = "QUIET-1"
peril = "stalled"
any_of = [{ clock = "last_scan", silent_for = "P20D" }]
tiers = [{ share = "0.10" }]
"""
JOURNEY = (
    booked(0, tracking_number="LX123456785CN"),
    scanned(K.LABEL_CREATED, 0.5, raw_code="InfoReceived"),
    scanned(K.PICKED_UP, 3, raw_code="InTransit_PickedUp"),
    scanned(K.EXPORT_DEPARTED, 7, raw_code="InTransit_Departure"),
    scanned(K.IMPORT_ARRIVED, 24, until=24.2, raw_code="InTransit_Arrival"),
    scanned(K.CUSTOMS_PRESENTED, 26, raw_code="InTransit_CustomsProcessing"),
    scanned(K.CUSTOMS_HELD, 31, raw_code="InTransit_CustomsRequiringInformation"),
    scanned(K.CUSTOMS_RELEASED, 68, raw_code="InTransit_CustomsReleased"),
    scanned(K.IN_TRANSIT, 75, raw_code="InTransit_Other"),
    scanned(K.OUT_FOR_DELIVERY, 91, raw_code="OutForDelivery_Other"),
    scanned(K.DELIVERED, 91.3, raw_code="Delivered_Other"),
)


@pytest.mark.parametrize(
    ("wording", "dues"),
    [
        ("wish", {"LIABLE-1:0:0": 29}),
        ("seel", {"DELAY-2:0:0": 30, "LOSS-1:2:0": 60}),
        ("aliexpress", {}),
    ],
)
def test_the_parcel_that_took_three_months(wording: str, dues: dict[str, float]) -> None:
    body = (WORDINGS / f"{wording}.toml").read_text()
    told = story().given(order_placed(promised=35), policy_issued(body=body), *JOURNEY)
    told.until(day(199))
    first = {
        each.event.watch_id: each.at
        for each in told.published
        if isinstance(each.event, WatchFellDue) and each.event.version == 1
    }
    assert first == {name: day(due) for name, due in dues.items()}
    arrived = Interval.at(day(91.3))
    assert seen_says(told.events)["ShipmentDelivered", "A"].when == arrived
    late = watch_says(told.events)
    assert {name for name, _ in late} == set(dues)
    assert all(each.breached and each.arrived == arrived for each in late.values())


def test_under_a_guarantee_of_120_days_a_parcel_that_never_comes_is_due_then() -> None:
    body = (WORDINGS / "aliexpress.toml").read_text()
    told = story().given(order_placed(), policy_issued(body=body), *JOURNEY[:-1])
    assert told.until(day(119.9)) == ()
    told.until(day(120))
    assert watch_says(told.events)["GUARANTEE-1:0:0", "A"].breached


def test_thirty_seven_days_at_customs_are_a_silence() -> None:
    told = story().given(order_placed(promised=35), policy_issued(QUIET), *JOURNEY)
    stalled = only(ShipmentStalled, told.events)
    assert [(each.due, each.clock_source) for each in stalled] == [(day(51), "ShipmentScanned/CUSTOMS_HELD")] * 2
