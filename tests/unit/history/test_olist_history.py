"""The Olist reader, on a small data set of our own and, where it is at hand, on the real one."""

import gzip
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from waybond_local.history import olist
from waybond_local.history.table import HistoryError

ROOT = Path(__file__).parents[3]
REAL = Path(os.environ.get(olist.DIRECTORY_VARIABLE) or ROOT.parent / "shared" / "data" / "olist")

SMALL = {
    "olist_orders_dataset": [
        "o1,c1,delivered,2017-10-02 10:56:33,2017-10-02 11:07:15,2017-10-04 19:55:00,2017-10-10 21:25:13,2017-10-18",
        "o2,c1,canceled,2017-10-03 10:00:00,,,,2017-10-20 00:00:00",
        "o3,c1,delivered,2017-10-02 10:56:33,2017-10-05 11:07:15,2017-10-04 19:55:00,2017-10-03 21:25:13,2017-10-18",
        "o4,nobody,delivered,2017-10-02 10:56:33,,,,2017-10-18 00:00:00",
        "o5,c1,shipped,yesterday,,,,2017-10-18 00:00:00",
    ],
    "olist_order_items_dataset": [
        "o1,1,p1,s1,10.5,2.25",
        "o1,2,p1,s2,20,0",
        "o3,1,p2,s1,5,1",
        "o9,1,p1,s1,5,1",
        "o3,2,p1,s1,x,1",
    ],
    "olist_order_payments_dataset": ["o1,1,credit_card,32.75", "o3,1,boleto,7", "o3,2,voucher,-1"],
    "olist_customers_dataset": ["c1,01001,SP"],
    "olist_sellers_dataset": ["s1,13023,SP", "s2,20000,RJ"],
    "olist_products_dataset": ["p1,perfumaria,225", "p2,,"],
    "product_category_name_translation": ["perfumaria,perfumery"],
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    for name, rows in SMALL.items():
        text = "\n".join([",".join(olist.TABLES[name]), *rows]) + "\n"
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


def test_an_order_has_one_parcel_for_each_seller(small: Path) -> None:
    order = olist.read(small).orders[0]

    assert [(parcel.seller_id, parcel.seller_state, len(parcel.items)) for parcel in order.parcels] == [
        ("s1", "SP", 1),
        ("s2", "RJ", 1),
    ]
    assert order.value_brl_cents == 3_275
    assert order.payments == (olist.Payment("1", "credit_card", 3_275),)
    assert order.parcels[0].items[0].category == "perfumery"
    assert order.promised_on == date(2017, 10, 18)


def test_a_time_without_an_offset_is_a_span(small: Path) -> None:
    placed = olist.read(small).orders[0].placed

    assert placed.earliest == datetime(2017, 10, 2, 12, 56, 33, tzinfo=UTC)
    assert placed.latest == datetime(2017, 10, 2, 15, 56, 33, tzinfo=UTC)


def test_a_cancelled_order_has_no_parcel(small: Path) -> None:
    cancelled = olist.read(small).orders[1]

    assert (cancelled.status, cancelled.parcels) == ("canceled", ())


def test_contradictions_are_counted_and_the_order_stays(small: Path) -> None:
    history = olist.read(small)

    assert [order.order_id for order in history.orders] == ["o1", "o2", "o3"]
    assert history.contradictions_by_kind() == {
        "arrived_before_handed_over": 1,
        "handed_over_before_approved": 1,
        "items_without_order": 1,
        "paid_other_than_value": 1,
    }


def test_rows_that_cannot_be_read_are_kept_with_their_reason(small: Path) -> None:
    assert [(row.file, row.line, row.reason) for row in olist.read(small).rejected] == [
        ("olist_order_items_dataset.csv.gz", 6, "price: expected an amount such as 12.50, got 'x'"),
        ("olist_order_payments_dataset.csv.gz", 4, "payment_value: expected an amount from 0 to 9e13, got '-1'"),
        ("olist_orders_dataset.csv.gz", 5, "customer_id: expected a customer of olist_customers_dataset, got 'nobody'"),
        (
            "olist_orders_dataset.csv.gz",
            6,
            "order_purchase_timestamp: expected a time such as 2017-10-02 10:56:33, got 'yesterday'",
        ),
    ]


def test_a_folder_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="expected the folder of the Olist data set"):
        olist.read(tmp_path / "none")


def test_a_missing_file_is_refused_by_name(small: Path) -> None:
    (small / "olist_sellers_dataset.csv.gz").unlink()

    with pytest.raises(HistoryError, match=r"olist_sellers_dataset\.csv\.gz: expected a gzipped CSV"):
        olist.read(small)


@pytest.mark.skipif(
    not REAL.is_dir(),
    reason=f"the Olist data set may not be copied into the product, and {olist.DIRECTORY_VARIABLE} does not name it",
)
def test_the_real_data_set() -> None:
    history = olist.read(REAL)

    assert len(history.orders) == 10_000
    assert sum(len(parcel.items) for order in history.orders for parcel in order.parcels) <= 11_252
    assert history.rejected == ()
    assert history.contradictions_by_kind() == {
        "arrived_before_handed_over": 5,
        "delivered_without_arrival": 1,
        "handed_over_before_approved": 16,
        "order_without_items": 2,
        "paid_other_than_value": 59,
    }
