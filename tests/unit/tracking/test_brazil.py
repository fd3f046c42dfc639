"""The parcel from China to Brazil that took three months, watched under three wordings of the trade at once."""

from tests.support.tracking import booked, day, only, order_placed, policy_issued, scanned, seen_says, story, watch_says
from waybond_contracts.delays import ShipmentDelayed, ShipmentStalled
from waybond_contracts.fields import Interval
from waybond_contracts.shipments import ScanKind

K = ScanKind
SELLER_LIABLE = """
[[clause]]
id = "W"
peril = "late"
clock = "order"
tiers = [{ after = "P40D", after_by_lane = { "*-BR" = "P29D", "*-US" = "P15D" }, share = "1.00" }]
"""
DELAY_THEN_LOSS = """
[[clause]]
id = "S-DELAY"
peril = "late"
clock = "fulfilment"
tiers = [{ after = "P10D", after_by_lane = { "international" = "P30D" }, amount = { amount = "5" } }]

[[clause]]
id = "S-LOSS"
peril = "lost"
any_of = [
  { scan = "LOST" },
  { clock = "fulfilment", after = "P30D", after_by_lane = { "international" = "P60D" } },
]
tiers = [{ share = "1.00" }]
"""
GUARANTEE = """
[[clause]]
id = "A"
peril = "late"
clock = "fulfilment"
tiers = [{ after = "P60D", after_by_lane = { "*-BR" = "P120D" }, share = "1.00" }]
"""
QUIET = """
[[clause]]
id = "Q"
peril = "stalled"
any_of = [{ clock = "last_scan", silent_for = "P20D" }]
tiers = [{ share = "0.10" }]
"""
JOURNEY = (
    booked(2, tracking_number="LX123456785CN"),
    scanned(K.LABEL_CREATED, 2, raw_code="InfoReceived"),
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


def test_the_parcel_that_took_three_months() -> None:
    told = story().given(
        order_placed(promised=35),
        policy_issued(SELLER_LIABLE, DELAY_THEN_LOSS, GUARANTEE, QUIET),
        *JOURNEY,
    )
    told.until(day(199))
    first = {
        each.event.watch_id: (each.at, each.event.due)
        for each in told.published
        if isinstance(each.event, ShipmentDelayed | ShipmentStalled) and each.event.version == 1
    }
    assert first == {
        "W:0:0": (day(29), day(29)),
        "S-DELAY:0:0": (day(32), day(32)),
        "Q:0:0": (day(51), day(51)),
        "S-LOSS:1:0": (day(62), day(62)),
    }
    arrived = Interval.at(day(91.3))
    said = watch_says(told.events)
    assert {name for name, _ in said} == set(first)
    assert all(each.breached and each.arrived == arrived and each.version == 2 for each in said.values())
    assert seen_says(told.events)["ShipmentDelivered", "A"].when == arrived
    assert [each.clock_source for each in only(ShipmentStalled, told.events)] == ["ShipmentScanned/CUSTOMS_HELD"] * 2
