"""A shard made again from rows of a journal: pricing decides each batch under the settings that were known to it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.support.folding import Memory
from tests.support.kit import START, amended, envelope_of
from tests.support.pricing import KNOWN_AT, PARCEL, PLACED_AT, placed
from tests.support.toys import PRICING
from tests.unit.kit.test_fold import Numbering, command
from waybond_contracts.commands import DiscardHeld
from waybond_contracts.topics import ORDERS
from waybond_kit.changes import JournalRow
from waybond_kit.door import EPOCH, Raw
from waybond_kit.rebuild import Rebuild, Verdict
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


class Numbered:
    """Reads nothing: a batch is told the number that its row of the journal has."""

    async def known(self, connection: object, since: datetime) -> None:
        return None

    def again(self, text: str) -> Numbering:
        return Numbering(int(text))


def test_what_a_batch_was_told_its_replay_is_told_again() -> None:
    shard = Memory(PRICING)
    made = Rebuild(replace(PRICING, knowing=Numbered), 0, 1, replay=True)
    raws = [shard.item(amended("a", 1)).raw, shard.item(amended("b", 1)).raw]
    made.apply(row(1, None)._replace(known="41"), raws)
    assert sorted(each.status for each in made.aggregates.values()) == ["41", "42"]
    untold = made.apply(row(2, None), [shard.item(amended("c", 1)).raw])
    assert untold.known is None


def test_what_failed_when_its_turn_came_is_so_in_the_replay_too() -> None:
    shard = Memory(PRICING)
    bad = [shard.item(amended("o", 1, "raise")), shard.item(amended("o", 2, "raise")), shard.unreadable(ORDERS, "o")]
    shard.batch(*bad)
    batches = [[each.raw for each in bad]]
    for each in bad[:2]:
        discard = shard.item(command(DiscardHeld, "o", ORDERS, each.raw.offset))
        shard.batch(discard)
        batches.append([discard.raw])
    assert [kept.reason for kept in shard.quarantine] == ["decide", "decide", "unreadable"]
    verdicts = []
    for kept in shard.quarantine:
        outcome = shard.settled.get((kept.batch_seq, kept.ordinal))
        said = (kept.batch_seq, kept.ordinal, kept.topic, kept.record_offset, kept.aggregate_id, kept.reason)
        verdicts.append(Verdict(*said, kept.field, kept.detail, kept.known_at, START if outcome else None, outcome))
    made = Rebuild(PRICING, 0, 1, replay=True, verdicts=verdicts)
    for seq, raws in enumerate(batches, 1):
        made.apply(row(seq, None), raws)
    assert list(made.quarantine.values()) == shard.quarantine
    assert {place: each.outcome for place, each in made.settled.items()} == shard.settled


def test_the_same_record_once_more_says_nothing() -> None:
    made = rebuild()
    made.apply(row(1, KNOWN_AT), [order()])
    before = only(made)
    fold = made.once_more([made.door.read(order())])
    assert fold.outbox.rows == []
    assert only(made) == before
