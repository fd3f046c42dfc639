"""Carriers' words in the canonical vocabulary, and the traps that their payloads set."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.tracking import LATE, SILENT, only, order_placed, policy_issued, scanned, story
from waybond_contracts.delays import PackageSeen
from waybond_contracts.errors import ContractError
from waybond_contracts.event import OrderRef
from waybond_contracts.shipments import Direction, HandedTo, ScanKind, ShipmentScanned
from waybond_tracking.carriers import PROVIDERS, handed_to, interval, kind_of, vocabulary_of
from waybond_tracking.payloads import MAX_ENTRIES, aftership, easypost, seventeen_track

K = ScanKind
FIXTURES = Path(__file__).parents[2] / "fixtures" / "tracking"
ORDER = OrderRef(tenant="demo", platform="shop", order_id="1001")


def payload(name: str) -> dict[str, Any]:
    return json.loads((FIXTURES / name).read_text())


@pytest.mark.parametrize(
    ("provider", "codes"),
    [
        ("17track", ["InfoReceived", "InTransit_PickedUp", "Delivered_Other"]),
        ("aftership", ["InfoReceived_001", "InTransit_002", "Delivered_001"]),
        ("easypost", ["pre_transit", None, "delivered"]),
        ("karrio", ["pending", "picked_up", "delivered"]),
        ("shippo", ["information_received", "package_accepted", "delivered"]),
        ("upu", [None, "EMA", "EMI"]),
        ("epcis", [None, None, None]),
    ],
)
def test_every_provider_has_a_table(provider: str, codes: list[str | None]) -> None:
    expected = [K.LABEL_CREATED, K.PICKED_UP, K.DELIVERED]
    assert [kind_of(provider, code) for code in codes if code] == [
        kind for code, kind in zip(codes, expected, strict=True) if code
    ]
    assert vocabulary_of(provider).codes


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_code_that_is_not_in_the_table_is_unknown(provider: str) -> None:
    assert kind_of(provider, "no such code", reason="no such reason", text="no such text") is K.UNKNOWN


def test_a_provider_without_a_table_is_refused() -> None:
    with pytest.raises(ContractError, match=r"provider: expected one of 17track, aftership"):
        kind_of("pigeon", "coo")


@pytest.mark.parametrize(
    ("provider", "code", "reason", "kind"),
    [
        ("karrio", "on_hold", "", K.HELD),
        ("karrio", "on_hold", "customs_delay", K.CUSTOMS_HELD),
        ("karrio", "delivery_failed", "consignee_refused", K.REFUSED),
        ("karrio", "delivery_failed", "consignee_not_home", K.DELIVERY_ATTEMPTED),
        ("karrio", "unknown", "carrier_parcel_lost", K.LOST),
        ("epcis", "inspecting", "damaged", K.DAMAGED),
        ("epcis", "transporting", "in_transit", K.IN_TRANSIT),
        ("epcis", "holding", "stolen", K.LOST),
        ("epcis", "receiving", "returned", K.RETURNED),
    ],
)
def test_a_reason_says_more_than_its_code(provider: str, code: str, reason: str, kind: ScanKind) -> None:
    assert kind_of(provider, code, reason=reason) is kind


def test_receiving_at_a_warehouse_is_no_delivery() -> None:
    assert kind_of("epcis", "receiving", reason="in_progress") is K.IN_TRANSIT


@pytest.mark.parametrize(("provider", "code"), [("17track", "Expired_Other"), ("aftership", "Expired_001")])
def test_a_stale_feed_is_no_evidence_of_loss(provider: str, code: str) -> None:
    stale = scanned(kind_of(provider, code), 30)
    told = story().given(order_placed(), policy_issued(LATE, SILENT), scanned(K.PICKED_UP, 3), stale)
    assert stale.kind is K.STALE
    assert only(PackageSeen, told.events) == []


def test_a_time_without_a_zone_is_an_interval_of_all_zones() -> None:
    assert interval("t", "2026-02-01T16:20:00") == (
        datetime(2026, 2, 1, 2, 20, tzinfo=UTC),
        datetime(2026, 2, 2, 4, 20, tzinfo=UTC),
    )


def test_a_time_with_its_zone_is_an_instant() -> None:
    instant = datetime(2026, 2, 1, 8, 20, tzinfo=UTC)
    assert interval("t", "2026-02-01T16:20:00+08:00") == (instant, instant)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ContractError, match=r"t: expected a date and time in ISO 8601, got yesterday"):
        interval("t", "yesterday")


@pytest.mark.parametrize("written", ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "0001-01-01T00:00:00+08:00"])
def test_a_time_at_the_end_of_the_calendar_is_refused_by_its_field(written: str) -> None:
    with pytest.raises(ContractError, match="when: expected a date and time in ISO 8601"):
        interval("when", written)


def test_an_expected_arrival_that_is_no_text_is_refused_by_its_field() -> None:
    detail = {"status": "delivered", "datetime": "2026-01-05T00:00:00Z", "est_delivery_date": 20260101}
    with pytest.raises(ContractError, match=r"tracking_details\.0\.est_delivery_date: expected a date and time"):
        easypost({"tracking_details": [detail]}, ORDER, "A")


def test_17track_the_events_stage_counts_not_the_latest_status_of_the_parcel() -> None:
    departed, ready = seventeen_track(payload("17track_event.json"), ORDER, "A")
    assert (departed.kind, departed.raw_code, departed.country) == (K.EXPORT_DEPARTED, "InTransit_Departure", "CN")
    assert (departed.occurred_at, departed.occurred_until) == (datetime(2026, 1, 28, 1, 30, tzinfo=UTC), None)
    assert (ready.kind, ready.raw_code, ready.raw_text) == (
        K.READY_FOR_PICKUP,
        "AvailableForPickup",
        "Ready at the shop",
    )
    assert ready.occurred_at == datetime(2026, 2, 13, 18, 47, tzinfo=UTC)
    assert ready.occurred_until == datetime(2026, 2, 14, 20, 47, tzinfo=UTC)


def test_aftership_each_checkpoint_counts_not_the_tag_of_the_tracking() -> None:
    picked_up, delivered, returned = aftership(payload("aftership_tracking.json"), ORDER, "A")
    assert (picked_up.kind, picked_up.occurred_until) == (K.PICKED_UP, None)
    assert (delivered.kind, delivered.handed_to) == (K.DELIVERED, HandedTo.NEIGHBOUR)
    assert delivered.occurred_until is not None
    assert (returned.kind, returned.raw_code) == (K.RETURNED, "Exception_007")


def test_aftership_the_text_says_what_became_of_an_undeliverable_parcel() -> None:
    assert kind_of("aftership", "Exception_007", text="Returned to sender") is K.RETURNED
    assert kind_of("aftership", "Exception_007", text="No such street") is K.ADDRESS_PROBLEM
    assert handed_to("aftership", "Exception_007") is None


def test_easypost_reads_a_recorded_tracker() -> None:
    announced, label = easypost(payload("easypost_tracker.json"), ORDER, "A")
    assert [announced.kind, label.kind] == [K.LABEL_CREATED] * 2
    assert (label.provider, label.raw_code, label.raw_text) == ("easypost", "pre_transit", "Shipping Label Created")
    assert label.occurred_at == datetime(2025, 4, 10, 9, 17, 17, tzinfo=UTC)
    assert (announced.carrier_eta, label.carrier_eta) == (None, datetime(2025, 5, 9, 20, 40, 17, tzinfo=UTC))


def test_easypost_the_scans_of_a_returns_tracker_say_so() -> None:
    scans = easypost(payload("easypost_tracker.json") | {"is_return": True}, ORDER, "R")
    assert {each.direction for each in scans} == {Direction.RETURN}
    assert {each.direction for each in easypost(payload("easypost_tracker.json"), ORDER, "A")} == {None}


Read = Callable[[Mapping[str, Any], OrderRef, str], tuple[ShipmentScanned, ...]]


@pytest.mark.parametrize(
    ("read", "given", "error"),
    [
        (easypost, {}, "tracking_details: expected a list of objects"),
        (easypost, {"tracking_details": ["x"]}, "tracking_details: expected a list of objects"),
        (easypost, {"tracking_details": [{}] * (MAX_ENTRIES + 1)}, "tracking_details: expected at most 500 entries"),
        (easypost, {"tracking_details": [{"status": 3}]}, "tracking_details.0.status: expected a text, got 3"),
        (easypost, {"tracking_details": [{"status": "delivered"}]}, "tracking_details.0.datetime: expected a text"),
        (aftership, {"checkpoints": [{"subtag": "X", "checkpoint_time": "soon"}]}, "checkpoints.0.checkpoint_time"),
        (aftership, {"checkpoints": [{"subtag": "X", "checkpoint_time": "1970-01-01T00:00:00Z"}]}, "occurred_at"),
        (aftership, {"checkpoints": [{"subtag": "X\n", "checkpoint_time": "2026-01-01T00:00:00Z"}]}, "raw_code"),
        (seventeen_track, {}, "providers: expected a list of objects"),
        (seventeen_track, {"tracking": {"providers": [{"events": [{}]}]}}, "tracking.providers.0.events.0.time_utc"),
    ],
)
def test_a_payload_that_cannot_be_read_names_the_field(read: Read, given: Mapping[str, Any], error: str) -> None:
    with pytest.raises(ContractError) as raised:
        read(given, ORDER, "A")
    assert str(raised.value).startswith(error)
