"""A shard made again from rows of a journal: pricing decides each batch under the settings that were known to it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.support.kit import envelope_of
from tests.support.pricing import KNOWN_AT, PARCEL, PLACED_AT, placed
from waybond_contracts.topics import ORDERS
from waybond_kit.changes import JournalRow
from waybond_kit.door import EPOCH, Raw
from waybond_kit.rebuild import Rebuild
from waybond_pricing.app import definition
from waybond_pricing.catalogue import TenantSettings
from waybond_pricing.desk import Desk

SOLD = TenantSettings(PLACED_AT - timedelta(days=1), (PARCEL,), PARCEL)


def rebuild() -> Rebuild:
    desk = Desk()
    settings = replace(desk.catalogue, tenants={"acme": (SOLD,)})

    def knowing(until: datetime | None) -> None:
        desk.catalogue = replace(settings, complete_until=until or KNOWN_AT + timedelta(days=1))

    return Rebuild(definition(desk), 0, 1, replay=False, knowing=knowing)


def order() -> Raw:
    event = placed()
    age_ms = int((KNOWN_AT - EPOCH).total_seconds() * 1000)
    headers = envelope_of(event).headers()
    return Raw(ORDERS, 0, age_ms, event.order_key.encode(), event.model_dump_json().encode(), headers)


def row(seq: int, until: datetime | None, *, wakes: datetime | None = None) -> JournalRow:
    return JournalRow(0, seq, 1, "1", '[["orders",0,0]]', None, wakes, None, None, until)


def only(made: Rebuild) -> Any:
    (found,) = made.aggregates.values()
    return found


def test_an_order_that_waited_for_settings_waits_in_the_replay_too() -> None:
    made = rebuild()
    made.apply(row(1, KNOWN_AT - timedelta(seconds=1)), [order()])
    assert only(made).status == "waiting"
    assert list(made.wakes.values()) == [only(made).armed_at]
    fold = made.apply(row(2, KNOWN_AT + timedelta(minutes=1), wakes=KNOWN_AT + timedelta(minutes=1)), [])
    assert (fold.tally.woken, only(made).version) == (1, 2)
    assert only(made).status != "waiting"


def test_an_order_whose_settings_were_known_is_bound_at_once() -> None:
    for until in (KNOWN_AT, None):  # None: a row from before the column was there
        made = rebuild()
        made.apply(row(1, until), [order()])
        assert only(made).status != "waiting"
        assert only(made).version == 1


def test_the_same_record_once_more_says_nothing() -> None:
    made = rebuild()
    made.apply(row(1, KNOWN_AT), [order()])
    before = only(made)
    fold = made.once_more([made.door.read(order())])
    assert fold.outbox.rows == []
    assert only(made) == before
