"""The benchmark's own hands on Kafka: makes topics, fills them, asks how long they are and when records were appended.

It sends what was encoded before, in batches, so that it costs the measured processes as little as it can.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from waybond_kit.keys import partition_of
from waybond_local.provision import make_topics

_UNCONFIRMED_BATCHES = 500
_IDLE_MILLISECONDS = 2_000
_COORDINATOR_SECONDS = 30.0
_RETRY_SECONDS = 0.1


class BrokerError(RuntimeError):
    """Kafka refused something that the benchmark needs."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record, encoded; `topic` without a round's prefix. Without a key it names its partition."""

    topic: str
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]
    partition: int | None = None

    def place(self, partitions: int) -> tuple[str, int]:
        """The topic and the partition that it belongs to."""
        if self.partition is not None:
            return self.topic, self.partition
        return self.topic, partition_of(self.key or b"", partitions)


@dataclass(frozen=True, slots=True)
class Appended:
    """When Kafka appended a record, in milliseconds since 1970, and of which order and type it is."""

    key: bytes
    event_type: bytes
    milliseconds: int


class Broker:
    """Topics of one round, told from other rounds' by `prefix`; all have the same number of partitions.

    Use it as an async context manager; leaving it deletes the topics.
    """

    def __init__(self, bootstrap: str, topics: Sequence[str], *, prefix: str, partitions: int) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.partitions = partitions
        self._topics = tuple(topics)
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self._asker = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")

    async def __aenter__(self) -> Self:
        for client in (self._admin, self._asker, self._producer):
            await client.start()
        await make_topics(self.bootstrap, [self.prefix + name for name in self._topics], self.partitions)
        await self._asker.end_offsets(self._of(self._topics))  # answers once every partition has its leader
        await self._wait_for_coordinator()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._admin.delete_topics([self.prefix + name for name in self._topics])
        finally:
            await self._producer.stop()
            await self._asker.stop()
            await self._admin.close()

    async def send(self, records: Iterable[Record]) -> None:
        """Append `records`, those of one partition in their order, and return when Kafka has them."""
        waiting: dict[tuple[str, int], list[Record]] = defaultdict(list)
        for record in records:
            waiting[record.place(self.partitions)].append(record)
        unconfirmed: list[asyncio.Future[Any]] = []
        for (topic, partition), queue in waiting.items():
            batch = self._producer.create_batch()
            for record in queue:
                if self._append(batch, record):
                    continue
                unconfirmed.append(await self._send_batch(batch, topic, partition))
                batch = self._producer.create_batch()
                if not self._append(batch, record):
                    raise BrokerError(f"a record of {len(record.value)} bytes does not fit into a batch")
            unconfirmed.append(await self._send_batch(batch, topic, partition))
            if len(unconfirmed) > _UNCONFIRMED_BATCHES:
                await asyncio.gather(*unconfirmed)
                unconfirmed.clear()
        await asyncio.gather(*unconfirmed)

    async def written(self, topics: Sequence[str]) -> int:
        """How many records these topics have in all, control records included."""
        partitions = self._of(topics)
        return sum((await self._asker.end_offsets(partitions)).values())

    async def appended(self, topics: Sequence[str]) -> list[Appended]:
        """Every record of these topics with the instant at which Kafka appended it."""
        reader = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await reader.start()
        try:
            partitions = self._of(topics)
            ends = await reader.end_offsets(partitions)
            reader.assign(partitions)
            await reader.seek_to_beginning(*partitions)
            found: list[Appended] = []
            while await self._behind(reader, ends):
                for records in (await reader.getmany(timeout_ms=_IDLE_MILLISECONDS)).values():
                    found.extend(
                        Appended(record.key or b"", dict(record.headers).get("ce_type", b""), record.timestamp)
                        for record in records
                    )
            return found
        finally:
            await reader.stop()

    async def _wait_for_coordinator(self) -> None:
        """A fresh broker first makes its own topic of offsets: a consumer that comes earlier is put off."""
        async with asyncio.timeout(_COORDINATOR_SECONDS):
            while True:
                try:
                    await self._admin.find_coordinator(self.prefix)
                    return
                except GroupCoordinatorNotAvailableError:
                    await asyncio.sleep(_RETRY_SECONDS)

    def _append(self, batch: Any, record: Record) -> bool:
        added = batch.append(key=record.key, value=record.value, headers=record.headers, timestamp=None)
        return added is not None

    async def _send_batch(self, batch: Any, topic: str, partition: int) -> asyncio.Future[Any]:
        return await self._producer.send_batch(batch, self.prefix + topic, partition=partition)

    async def _behind(self, reader: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
        return any([await reader.position(partition) < end for partition, end in ends.items()])

    def _of(self, topics: Sequence[str]) -> list[TopicPartition]:
        return [TopicPartition(self.prefix + name, n) for name in topics for n in range(self.partitions)]
