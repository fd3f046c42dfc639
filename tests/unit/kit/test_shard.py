"""A shard's memory: its queue's bounds, what is unsent, when progress is worth a record."""

from datetime import datetime, timedelta

import pytest

from tests.support.kit import START
from waybond_contracts.envelope import Envelope
from waybond_contracts.registry import PROGRESS_TYPE
from waybond_contracts.registry import Progress as Told
from waybond_kit import shard as shards
from waybond_kit.changes import OutboxRow
from waybond_kit.clock import Progress
from waybond_kit.definition import Input, InputKind
from waybond_kit.door import Door, Hole, Raw
from waybond_kit.errors import LogError
from waybond_kit.offsets import Position
from waybond_kit.outbox import MAX_UNSENT_ROWS
from waybond_kit.shard import PROGRESS_LEAP, Shard, Unsent


def shard() -> Shard:
    made = Shard(3, 1, {"orders": Position.at(0)}, {"orders": Progress()}, outbox_seq=10)
    made.seeks.clear()
    made.positions["orders"].sought(0)
    return made


def raws(first: int, count: int, size: int = 1) -> list[Raw]:
    return [Raw("orders", first + number, 0, b"k", b"v" * size, ()) for number in range(count)]


OWN = (Input("orders", InputKind.OUTSIDE), Input("policies", InputKind.OWN))


def behind_pricing() -> Shard:
    """A shard of a service that reads orders, of which everything is known, and what pricing says."""
    progress = {"orders": Progress(START + timedelta(days=9)), "policies": Progress()}
    made = Shard(3, 1, {topic: Position.at(0) for topic in progress}, progress)
    for position in made.positions.values():
        position.sought(0)
    return made


def told(offset: int, through: datetime, key: bytes | None = None, topic: str = "policies") -> Raw:
    """Pricing says that all it knew up to `through` is published."""
    envelope = Envelope(id="p", type=PROGRESS_TYPE, source="/waybond/pricing", time=through, knownat=through)
    return Raw(topic, offset, 0, key, Told(through=through).model_dump_json().encode(), envelope.headers())


def rows(first: int, count: int) -> list[OutboxRow]:
    return [OutboxRow(3, first + number, "policies", 3, b"k", (), b"v") for number in range(count)]


def test_a_full_queue_pauses_and_resumes_only_when_it_is_nearly_empty() -> None:
    it = shard()
    it.offer("orders", raws(0, shards.QUEUE_HIGH_RECORDS))
    assert it.full
    it.taken(shards.QUEUE_HIGH_RECORDS - shards.QUEUE_LOW_RECORDS - 1)
    assert it.full
    it.taken(1)
    assert not it.full


def test_large_records_fill_a_queue_too() -> None:
    it = shard()
    it.offer("orders", raws(0, 40, size=1_000_000))
    assert it.full
    it.taken(40)
    assert not it.full and it.queued_bytes == 0


def test_large_headers_fill_a_queue_too() -> None:
    it = shard()
    header = ("anything", b"h" * 1_000_000)
    it.offer("orders", [Raw("orders", number, 0, b"k", b"v", (header,)) for number in range(40)])
    assert it.full
    it.taken(40)
    assert not it.full and it.queued_bytes == 0


def test_large_rows_are_sent_a_few_at_a_time_and_too_many_of_them_block_a_shard() -> None:
    it = shard()
    large = [OutboxRow(3, 11 + number, "policies", 3, b"k", (), b"v" * 1_000_000) for number in range(70)]
    it.unsent.add(large, now=0.0)
    assert it.blocked(0.0)
    chunk = it.unsent.head(1_000)
    assert 1 < len(chunk) <= shards.MAX_SENT_BYTES // 1_000_000
    it.unsent.confirm(chunk)
    assert not it.blocked(0.0)
    huge = [OutboxRow(3, 1, "policies", 3, b"k", (), b"v" * (shards.MAX_SENT_BYTES + 1))] * 2
    alone = Unsent()
    alone.add(huge, now=0.0)
    assert len(alone.head(1_000)) == 1, "what is too large for a chunk goes alone, or nothing would go any more"


def test_what_is_fetched_before_the_consumer_was_sent_to_its_place_is_dropped() -> None:
    it = shard()
    it.seek_all()
    it.offer("orders", raws(0, 5))
    assert not it.queue and it.seeks == {"orders"}


def test_a_log_that_went_back_is_an_error_that_names_the_shard() -> None:
    it = shard()
    it.offer("orders", raws(0, 5))
    with pytest.raises(LogError) as raised:
        it.offer("orders", raws(2, 1))
    assert raised.value.shards == {3}


def test_a_hole_in_the_log_stands_in_the_queue_at_its_place() -> None:
    it = shard()
    it.offer("orders", raws(0, 2))
    it.offer("orders", raws(9, 1))
    it.positions["orders"].sought(log_start=8)
    it.offer("orders", raws(9, 1))
    assert [raw.offset for raw in it.queue] == [0, 1, 7, 9]
    hole = it.queue[2]
    assert isinstance(hole, Hole) and hole.first == 2


def test_rows_are_confirmed_from_the_first_on() -> None:
    unsent = Unsent()
    unsent.add(rows(1, 3), now=10.0)
    unsent.add(rows(4, 3), now=20.0)
    assert [row.seq for row in unsent.head(4)] == [1, 2, 3]
    assert [row.seq for row in unsent.head(2)] == [1, 2]
    assert [row.seq for row in unsent.head(100)] == [1, 2, 3, 4, 5, 6]
    unsent.confirm(unsent.head(2))
    assert (unsent.count, unsent.confirmed, unsent.first_seq(), unsent.age(30.0)) == (4, 2, 3, 20.0)
    unsent.confirm(unsent.head(100))
    assert (unsent.count, unsent.confirmed, unsent.first_seq(), unsent.age(30.0)) == (0, 6, None, 0.0)


def test_too_many_or_too_old_unsent_rows_block_a_shard() -> None:
    it = shard()
    it.unsent.add(rows(11, 1), now=0.0)
    assert not it.blocked(30.0) and it.blocked(30.1)
    it.unsent.add(rows(12, MAX_UNSENT_ROWS), now=30.0)
    assert it.blocked(30.0)


def test_progress_is_published_at_most_once_a_second_in_replay_and_after_a_leap_at_once() -> None:
    it = shard()
    assert not it.progress_due(0.0, at_once=True)
    it.watermark = START
    assert it.progress_due(0.0, at_once=False)
    it.progress_sent, it.progress_sent_at = START, 0.0
    assert not it.progress_due(5.0, at_once=True), "it has not moved"
    it.watermark = START + timedelta(seconds=1)
    assert not it.progress_due(0.5, at_once=False)
    assert it.progress_due(0.5, at_once=True) and it.progress_due(1.0, at_once=False)
    it.watermark = START + PROGRESS_LEAP
    assert it.progress_due(0.1, at_once=False), "a backlog was caught up with: who waits for it need not wait longer"


def test_progress_alone_lets_time_pass_and_waits_for_a_batch_that_is_worth_it() -> None:
    it, door = behind_pricing(), Door(OWN, replay=False)
    for number in range(3):
        it.offer("policies", [told(number, START + timedelta(seconds=number))])
        assert not it.heed(door), "nothing needs a batch"
        assert it.watermark == START + timedelta(seconds=number)
    assert (len(it.queue), it.positions["policies"].applied) == (3, 0), "the next batch writes it down"
    assert (it.heeded_of("policies"), it.heeded_of("orders")) == (3, 0)
    it.taken(2)
    assert (len(it.queue), it.heeded) == (1, 1)


def test_progress_behind_a_record_waits_for_it() -> None:
    it, door = behind_pricing(), Door(OWN, replay=False)
    fact = told(1, START, key=b"acme/shop/o")  # refused by its key: a record all the same, which a batch has to carry
    it.offer("policies", [told(0, START), fact, told(2, START + timedelta(seconds=1))])
    assert it.heed(door) and it.heeded == 1 and it.watermark == START
    it.taken(2)
    assert not it.heed(door) and it.watermark == START + timedelta(seconds=1)


def test_what_only_looks_like_progress_needs_a_batch() -> None:
    it, door = behind_pricing(), Door(OWN, replay=False)
    it.offer("orders", [told(0, START, topic="orders")])
    assert it.heed(door) and it.watermark is None, "nobody outside says how far a topic is"
    it.taken(1)
    it.offer("policies", [Raw("policies", 0, 0, None, b"{", told(0, START).headers)])
    assert it.heed(door) and it.watermark is None


def test_much_progress_is_written_down_although_nothing_else_is() -> None:
    it, door = behind_pricing(), Door(OWN, replay=False)
    run = [told(number, START) for number in range(shards.MAX_HEEDED_RECORDS)]
    it.offer("policies", run[:-1])
    assert not it.heed(door)
    it.offer("policies", run[-1:])
    assert it.heed(door)
