"""Reads one shard's partitions in order, just as far as a journal's spans say."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition

from waybond_kit.door import Raw
from waybond_kit.kafka import raw_of

FETCH_RECORDS = 2_000
FETCH_MS = 1_000
BROKER_WAIT_MS = 20
"""All that is read lies there already: a broker that waits for more, on topics that are at their end, only delays."""
PATIENCE_FETCHES = 30
"""How often an empty answer may follow another where the log says that there is more."""


class CutError(Exception):
    """The log does not hold any more what the journal names: the state cannot be made again."""


@dataclass(slots=True)
class Bounds:
    """Where a log begins and ends."""

    start: int
    end: int


@dataclass(slots=True)
class Partition:
    """One partition while it is read on."""

    topic: str
    at: TopicPartition
    bounds: Bounds
    next_offset: int
    """Everything before it was handed out."""
    read: deque[Raw] = field(default_factory=deque)


class ShardTopics:
    """Reads the partitions of one shard; each record once, in order."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: dict[str, Partition]) -> None:
        self._consumer = consumer
        self.partitions = partitions

    async def span(self, topic: str, first: int, last: int) -> tuple[list[Raw], list[Raw]]:
        """The records from `first` to `last`, and those between what was read before and `first`.

        Raises:
            CutError: the log does not reach back to `first`, or was made anew since.
        """
        partition = self.partitions[topic]
        name = f"{topic}/{partition.at.partition}"
        if first < partition.bounds.start:
            raise CutError(f"{name} begins at {partition.bounds.start}, and the journal goes back to {first}")
        if first < partition.next_offset:
            raise CutError(f"{name}: the journal comes back to {first}: the topic was made anew, or it was read twice")
        if last >= partition.bounds.end:
            raise CutError(f"{name} ends at {partition.bounds.end}, and the journal goes on to {last}")
        found = await self.until(topic, last)
        between = sum(raw.offset < first for raw in found)
        return found[between:], found[:between]

    async def until(self, topic: str, last: int) -> list[Raw]:
        """All records up to the offset `last` that were not read before."""
        partition, found = self.partitions[topic], []
        empty = 0
        while True:
            while partition.read and partition.read[0].offset <= last:
                found.append(partition.read.popleft())
                partition.next_offset = found[-1].offset + 1
            if partition.read or partition.next_offset > last:
                break
            empty = 0 if await self._fetch(partition) else empty + 1
            if empty == PATIENCE_FETCHES:
                raise CutError(f"{topic}/{partition.at.partition} gives nothing behind {partition.next_offset}")
        partition.next_offset = max(partition.next_offset, last + 1)
        return found

    async def _fetch(self, partition: Partition) -> bool:
        answer = await self._consumer.getmany(partition.at, timeout_ms=FETCH_MS, max_records=FETCH_RECORDS)
        records = answer.get(partition.at, ())
        partition.read.extend(raw_of(record, partition.topic) for record in records)
        reached = await self._consumer.position(partition.at)
        moved = reached > partition.next_offset
        if not partition.read:
            partition.next_offset = max(partition.next_offset, reached)  # only markers up to there
        return moved or bool(records)


@asynccontextmanager
async def shard_topics(
    bootstrap: str, topics: Sequence[str], shard: int, prefix: str = "", starts: dict[str, int] | None = None
) -> AsyncIterator[ShardTopics]:
    """The partitions of a shard, from where their logs begin, or from `starts` where that is later."""
    at = {topic: TopicPartition(prefix + topic, shard) for topic in topics}
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="none",
        fetch_max_wait_ms=BROKER_WAIT_MS,
    ) as consumer:
        consumer.assign(list(at.values()))
        begins = await consumer.beginning_offsets(list(at.values()))
        ends = await consumer.end_offsets(list(at.values()))
        partitions = {}
        for topic, where in at.items():
            first = max(begins[where], (starts or {}).get(topic, 0))
            consumer.seek(where, first)
            partitions[topic] = Partition(topic, where, Bounds(begins[where], ends[where]), first)
        yield ShardTopics(consumer, partitions)
