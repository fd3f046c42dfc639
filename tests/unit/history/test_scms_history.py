"""The SCMS reader: all that the file says is there, what contradicts itself is counted, what is unreadable is kept."""

import csv
import gzip
import io
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from waybond_local.history import scms
from waybond_local.history.table import HistoryError

ROW = {
    "id": "7",
    "project code": "100-CI-T01",
    "po / so #": "SCMS-1",
    "asn/dn #": "ASN-1",
    "country": "Nigeria",
    "fulfill via": "Direct Drop",
    "shipment mode": "Air",
    "pq first sent to client date": "1/5/2013",
    "po sent to vendor date": "2/1/2013",
    "scheduled delivery date": "1-May-13",
    "delivered to client date": "9-May-13",
    "delivery recorded date": "10-May-13",
    "product group": "ARV",
    "item description": "Nevirapine 200mg, tablets, 60 Tabs",
    "line item quantity": "10",
    "line item value": "1000.5",
    "manufacturing site": "Cipla, Goa, India",
    "weight (kilograms)": "120",
    "freight cost (usd)": "88.25",
    "line item insurance (usd)": "",
}


def written(tmp_path: Path, *changes: dict[str, str]) -> Path:
    """A history file with one line for each dict of changes to ROW."""
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=list(ROW))
    table.writeheader()
    table.writerows(ROW | change for change in changes)
    file = tmp_path / "scms.csv.gz"
    file.write_bytes(gzip.compress(text.getvalue().encode()))
    return file


@pytest.fixture(scope="module")
def history() -> scms.History:
    return scms.read()


def test_the_whole_file_is_there(history: scms.History) -> None:
    packages = [package for order in history.orders for package in order.packages]

    assert history.line_count == 10_324
    assert len(packages) == 7_030
    assert len(history.orders) == 6_233
    assert len({order.destination for order in history.orders}) == 43
    assert history.rejected == ()


def test_what_the_file_says_against_itself_is_counted_and_stays(history: scms.History) -> None:
    assert history.contradictions_by_kind() == {
        "goods_without_value": 17,
        "ordered_after_arrival": 5,
        "ordered_after_promise": 4,
        "quoted_after_order": 5,
        "recorded_before_arrival": 3,
        "several_promises_in_package": 10,
    }
    lines = {line.line_id for order in history.orders for package in order.packages for line in package.lines}
    packages = {package.asn for order in history.orders for package in order.packages}
    assert {c.about for c in history.contradictions} <= lines | packages


def test_lateness_is_as_published_for_this_data(history: scms.History) -> None:
    """By line 11.5 % came late, 7.4 % more than 7 days, 2.2 % more than 30."""
    late = Counter[int]()
    for order in history.orders:
        for package in order.packages:
            for line in package.lines:
                days_late = (package.arrived_on - line.promised_on).days
                late.update(threshold for threshold in (0, 7, 30) if days_late > threshold)

    assert [round(1000 * late[days] / 10_324) for days in (0, 7, 30)] == [115, 74, 22]


def test_an_order_without_a_date_gets_one_that_is_marked_and_before_its_arrival(history: scms.History) -> None:
    derived = [order for order in history.orders if order.ordered_on_derived]

    assert len(derived) == 3_539
    for order in derived:
        assert all(order.ordered_on < min(package.arrived_on, package.promised_on) for package in order.packages)


def test_the_missing_order_date_is_the_promise_minus_the_median_lead_time_of_the_lane(tmp_path: Path) -> None:
    dated = [
        {"po / so #": f"SCMS-{n}", "asn/dn #": f"ASN-{n}", "po sent to vendor date": f"4/{n}/2013"} for n in (1, 11, 21)
    ]
    elsewhere = {"po / so #": "SCMS-30", "asn/dn #": "ASN-30", "country": "Haiti", "po sent to vendor date": "1/1/2013"}
    undated = {"po / so #": "SCMS-40", "asn/dn #": "ASN-40", "po sent to vendor date": "Date Not Captured"}

    history = scms.read(written(tmp_path, *dated, elsewhere, undated))

    order = history.orders[-1]
    assert (order.ordered_on, order.ordered_on_derived) == (date(2013, 4, 11), True)
    assert not history.orders[0].ordered_on_derived


def test_a_package_gathers_its_rows_and_resolves_what_refers_to_another_row(tmp_path: Path) -> None:
    refers = {
        "id": "8",
        "line item value": "2000",
        "manufacturing site": "BMS Meymac, France",
        "weight (kilograms)": "See ASN-1 (ID#:7)",
        "freight cost (usd)": "See ASN-1 (ID#:7)",
    }

    history = scms.read(written(tmp_path, {}, refers))

    (order,) = history.orders
    (package,) = order.packages
    assert (package.weight_kg, package.freight_usd_cents) == (120, 8_825)
    assert (package.value_usd_cents, package.days_late, package.mode) == (300_050, 8, "air")
    assert (order.destination, order.origin_hint) == ("NG", "FR")
    assert history.contradictions == ()


def test_a_reference_to_no_row_of_its_package_is_a_contradiction(tmp_path: Path) -> None:
    history = scms.read(written(tmp_path, {"freight cost (usd)": "See ASN-9 (ID#:99)"}))

    assert history.contradictions_by_kind() == {"freight_refers_to_no_row_of_its_package": 1}
    assert history.orders[0].packages[0].freight_usd_cents is None


def test_freight_that_is_told_in_words_stays_in_words(tmp_path: Path) -> None:
    history = scms.read(written(tmp_path, {"freight cost (usd)": "Freight Included in Commodity Cost"}))

    package = history.orders[0].packages[0]
    assert (package.freight_usd_cents, package.freight_note) == (None, "Freight Included in Commodity Cost")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scheduled delivery date": "31-Feb-13"}, "scheduled delivery date: expected a date such as 2-Jun-06, got"),
        ({"po sent to vendor date": "soon"}, "po sent to vendor date: expected a date such as 8/27/2014"),
        ({"line item value": "1.005"}, "line item value: expected an amount with at most 2 decimals, got '1.005'"),
        ({"line item value": "-1"}, "line item value: expected an amount from 0"),
        ({"line item value": "NaN"}, "line item value: expected an amount with at most 2 decimals, got 'NaN'"),
        ({"line item quantity": "ten"}, "line item quantity: expected a whole number, got 'ten'"),
        ({"country": "Atlantis"}, "country: expected a country named in scms_places.toml, got 'Atlantis'"),
        ({"manufacturing site": "?"}, "manufacturing site: expected a site named in scms_places.toml"),
        ({"shipment mode": "Rail"}, "shipment mode: expected one of Air, Air Charter, Ocean, Truck or nothing"),
    ],
)
def test_a_row_that_cannot_be_read_is_kept_with_its_reason_beside_the_good_ones(
    tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    history = scms.read(written(tmp_path, change, {"id": "8", "po / so #": "SCMS-2"}))

    (rejected,) = history.rejected
    assert rejected.reason.startswith(reason)
    assert (rejected.file, rejected.line) == ("scms.csv.gz", 2)
    assert rejected.cells == tuple((ROW | change).values())
    assert [order.po for order in history.orders] == ["SCMS-2"]
    assert history.line_count == 2


def test_a_row_with_too_few_cells_is_kept_with_its_reason(tmp_path: Path) -> None:
    file = written(tmp_path, {})
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + b"9,8\n"))

    history = scms.read(file)

    assert [(row.reason, row.cells) for row in history.rejected] == [("expected 20 cells, got 2", ("9", "8"))]
    assert len(history.orders) == 1


def test_a_file_without_a_needed_column_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "scms.csv.gz"
    file.write_bytes(gzip.compress(b"id,country\n1,Haiti\n"))

    with pytest.raises(HistoryError, match=r"scms\.csv\.gz: expected the columns project code, po / so #"):
        scms.read(file)


def test_a_file_that_is_no_gzip_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "scms.csv.gz"
    file.write_bytes(b"id,country\n")

    with pytest.raises(HistoryError, match="expected a gzipped CSV in UTF-8"):
        scms.read(file)


def test_a_file_that_was_damaged_on_its_way_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "scms.csv.gz"
    whole = bytearray(scms.bundled().read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 8] = b"\xff" * 8
    file.write_bytes(whole)

    with pytest.raises(HistoryError, match="expected a gzipped CSV in UTF-8"):
        scms.read(file)
