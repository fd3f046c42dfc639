"""Kafka behind the kit's interfaces: a producer that can be replaced, and a consumer of its own for questions."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    ProducerClosed,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from waybond_kit.changes import OutboxRow
from waybond_kit.door import Raw
from waybond_kit.errors import PublishError, StartError
from waybond_kit.ports import Place

T = TypeVar("T")

MAX_BATCH_BYTES = 900_000
"""Below the broker's own bound on a batch (1 MiB by default)."""
MAX_REQUEST_BYTES = 1_100_000
REQUEST_SECONDS = 20.0
CLOSE_SECONDS = 5.0
ABANDON_SECONDS = 1.0
LOOK_SECONDS = 5.0

log = structlog.get_logger(__name__)

ClientOptions = Mapping[str, Any]
"""What every client of one installation shares: bootstrap_servers and security."""


class KafkaSender:
    """Publishes with an idempotent producer, acks=all, one batch a partition where the rows fit in one."""

    def __init__(self, options: ClientOptions, prefix: str) -> None:
        self._options = options
        self._prefix = prefix
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self.generation = 0

    async def send(self, rows: Sequence[OutboxRow]) -> None:
        """Send all and wait for all in-sync replicas. An error means unknown, not failed."""
        producer = await self._started()
        by_place: dict[TopicPartition, list[OutboxRow]] = {}
        for row in rows:
            by_place.setdefault(TopicPartition(self._prefix + row.topic, row.partition), []).append(row)
        await asyncio.gather(*(_send_partition(producer, place, each) for place, each in by_place.items()))

    async def renew(self, generation: int) -> None:
        """Replace the producer: what hangs in the old one may still land, under the same ids."""
        if generation != self.generation:
            return
        self.generation += 1
        producer, self._producer = self._producer, None
        if producer is not None:
            task = asyncio.create_task(_close(producer))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def stop(self) -> None:
        """Close the producer; what it has not sent is lost to it."""
        await self.renew(self.generation)
        await asyncio.gather(*self._closing)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._options,
                    acks="all",
                    enable_idempotence=True,
                    max_batch_size=MAX_BATCH_BYTES,
                    max_request_size=MAX_REQUEST_BYTES,
                    request_timeout_ms=int(REQUEST_SECONDS * 1000),
                )
                try:
                    await producer.start()
                except BaseException:
                    await _close(producer)
                    raise
                self._producer = producer
            return self._producer


async def _send_partition(producer: AIOKafkaProducer, place: TopicPartition, rows: Sequence[OutboxRow]) -> None:
    """A batch of its own costs a future a partition instead of one a record, which halves the cost of sending."""
    futures = []
    batch = producer.create_batch()
    for row in rows:
        record = {"timestamp": None, "key": row.key, "value": row.value, "headers": list(row.headers)}
        if batch.append(**record) is None:
            futures.append(await producer.send_batch(batch, place.topic, partition=place.partition))
            batch = producer.create_batch()
            if batch.append(**record) is None:
                raise PublishError(f"a record for {place.topic} is larger than a batch may be")
    futures.append(await producer.send_batch(batch, place.topic, partition=place.partition))
    await asyncio.gather(*futures)


async def _close(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    with suppress(Exception):  # a broker that is away does not answer its last request
        async with asyncio.timeout(CLOSE_SECONDS):
            await client.stop()
            return
    if isinstance(client, AIOKafkaProducer):
        await _abandon(client)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """End what `stop` gave up on: its connections, its sender and its batches would wait for the broker for ever.

    While a broker is away there is another producer every half minute (S: after some hours the process has no sockets
    left; once the broker is back, each of them sends what was sent long ago). The client has no way of its own.
    """
    sender, pending = producer._sender.sender_task, producer._message_accumulator._pending_batches
    for _ in range(2):  # once it waits for the requests that run, twice it ends them
        if sender is not None:
            sender.cancel()
        with suppress(Exception):
            async with asyncio.timeout(ABANDON_SECONDS):
                await producer.client.close()
        if sender is not None:
            await asyncio.wait([sender], timeout=ABANDON_SECONDS)
    pending.update(chain.from_iterable(producer._message_accumulator._batches.values()))  # whence a done one is taken
    for batch in list(pending):
        if not batch.future.done():
            batch.future.set_exception(ProducerClosed())
            batch.future.exception()  # looked at: whoever waited for it may have given up


class KafkaLog:
    """Asks about topics with a consumer of its own, outside any group; made anew after a failure."""

    def __init__(self, options: ClientOptions, prefix: str) -> None:
        self._options = options
        self._prefix = prefix
        self._consumer: AIOKafkaConsumer | None = None
        self._lock = asyncio.Lock()

    async def beginnings(self, places: Sequence[Place]) -> dict[Place, int]:
        """Where the logs begin."""
        async with self._lock:
            return self._places(await self._asked(lambda c: c.beginning_offsets(self._partitions(places))))

    async def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """Where the logs end, open transactions included."""
        async with self._lock:
            return self._places(await self._asked(lambda c: c.end_offsets(self._partitions(places))))

    async def records_at(self, offsets: Mapping[Place, int]) -> dict[Place, Raw]:
        """The records at exactly these offsets, where there are any."""
        async with self._lock:
            return await self._asked(lambda c: self._look(c, offsets))

    async def stop(self) -> None:
        """Close the consumer."""
        if self._consumer is not None:
            await _close(self._consumer)
            self._consumer = None

    async def _look(self, consumer: AIOKafkaConsumer, offsets: Mapping[Place, int]) -> dict[Place, Raw]:
        wanted = {TopicPartition(self._prefix + place.topic, place.shard): place for place in offsets}
        found: dict[Place, Raw] = {}
        consumer.assign(list(wanted))
        for partition, place in wanted.items():
            consumer.seek(partition, offsets[place])
        ends = await consumer.end_offsets(list(wanted))
        async with asyncio.timeout(LOOK_SECONDS):
            while wanted:
                for partition, records in (await consumer.getmany(timeout_ms=50)).items():
                    place = wanted.pop(partition, None)
                    if place is not None and records[0].offset == offsets[place]:
                        found[place] = raw_of(records[0], place.topic)
                    consumer.pause(partition)
                for partition in list(wanted):
                    if await consumer.position(partition) >= ends[partition]:
                        del wanted[partition]  # only markers from there to the end
        return found

    async def _asked(self, question: Any) -> Any:
        try:
            if self._consumer is None:
                consumer = AIOKafkaConsumer(
                    **self._options, max_partition_fetch_bytes=65_536, request_timeout_ms=int(REQUEST_SECONDS * 1000)
                )
                self._consumer = consumer
                await consumer.start()
            return await question(self._consumer)
        except BaseException:
            await self.stop()
            raise

    def _partitions(self, places: Sequence[Place]) -> list[TopicPartition]:
        return [TopicPartition(self._prefix + place.topic, place.shard) for place in places]

    def _places(self, offsets: Mapping[TopicPartition, int]) -> dict[Place, int]:
        return {Place(each.topic.removeprefix(self._prefix), each.partition): at for each, at in offsets.items()}


def raw_of(record: ConsumerRecord[Any, Any], topic: str) -> Raw:
    """A record without what the kit has no use for."""
    return Raw(topic, record.offset, record.timestamp, record.key, record.value, record.headers)


async def check_topics(options: ClientOptions, prefix: str, topics: Sequence[str], outside: Sequence[str]) -> int:
    """The number of partitions of all these topics.

    Raises StartError if a topic is missing, if their numbers differ (an order would be in two shards), or if records
    of an outside topic do not carry the broker's append time (a platform could date its own facts).
    """
    admin = AIOKafkaAdminClient(**options)
    try:
        await admin.start()
        described = {
            each["topic"].removeprefix(prefix): each for each in await admin.describe_topics(_named(prefix, topics))
        }
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in _named(prefix, outside)]
        answers = await admin.describe_configs(resources) if resources else []
    except KafkaError as error:
        raise StartError(f"Kafka at {options['bootstrap_servers']} does not answer: {error!r}") from error
    finally:
        with suppress(Exception):
            await admin.close()
    counts = {topic: partitions_of(prefix + topic, described.get(topic)) for topic in topics}
    if len(set(counts.values())) != 1:
        raise StartError(f"all topics need the same number of partitions, but there are {counts}")
    settings = _settings(answers)
    for name in _named(prefix, outside):
        value = settings.get((name, "message.timestamp.type"))
        if value is None:
            raise StartError(f"Kafka does not tell how topic {name} is set: the service's user needs DESCRIBE_CONFIGS")
        if value != "LogAppendTime":
            raise StartError(f"topic {name} needs message.timestamp.type=LogAppendTime, but has {value}")
    return next(iter(counts.values()))


def partitions_of(name: str, described: Mapping[str, Any] | None) -> int:
    """How many partitions a topic has, as the broker describes it. Raises StartError if it does not."""
    code = described["error_code"] if described is not None else UnknownTopicOrPartitionError.errno
    if code == UnknownTopicOrPartitionError.errno:
        raise StartError(f"topic {name} does not exist: make it, with as many partitions as the others")
    if code == TopicAuthorizationFailedError.errno:
        raise StartError(f"Kafka does not let the service see topic {name}: the service's user needs DESCRIBE on it")
    if described is None or code:
        raise StartError(f"Kafka does not tell of topic {name}: {for_code(code).__name__}")
    return len(described["partitions"])


def _named(prefix: str, topics: Sequence[str]) -> list[str]:
    return [prefix + topic for topic in topics]


def _settings(answers: Sequence[Any]) -> dict[tuple[str, str], str]:
    """(topic, setting) -> value. A topic that the broker keeps to itself has none, beside an error code."""
    return {
        (name, entry[0]): entry[1]
        for answer in answers
        for _, _, _, name, entries in answer.resources
        for entry in entries
    }
