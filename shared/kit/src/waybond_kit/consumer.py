"""One FastStream batch subscriber a service: takes raw records, and hands them to the engine between two fetches."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any
from zlib import crc32

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import GroupAuthorizationFailedError
from aiokafka.structs import OffsetAndMetadata
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from waybond_kit import lenient
from waybond_kit.engine import Engine
from waybond_kit.errors import StartError
from waybond_kit.kafka import ClientOptions, raw_of
from waybond_kit.ports import Place

log = structlog.get_logger(__name__)

POLL_RECORDS = 2_000
BATCH_TIMEOUT_MS = 15
FETCH_WAIT_MS = 200
METADATA_AGE_MS = 30_000
LEAVE_SECONDS = 5.0
_MECHANISMS = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


class Consumer(ConsumerRebalanceListener):
    """The subscriber of a service: a Reader for its engine, and the group's listener."""

    def __init__(
        self,
        options: ClientOptions,
        prefix: str,
        topics: Sequence[str],
        *,
        group: str,
        instance: str | None,
        session_ms: int,
    ) -> None:
        self._prefix = prefix
        self._topics = {prefix + topic: topic for topic in topics}
        self._engine: Engine | None = None
        # No producer, no admin client, no acknowledgement, no typing of arguments: only the consuming loop.
        self._broker = KafkaBroker(
            **{name: options[name] for name in ("bootstrap_servers", "client_id") if name in options},
            security=security_of(options),
            metadata_max_age_ms=METADATA_AGE_MS,
            consumer_only=True,
            apply_types=False,
            logger=None,
            graceful_timeout=None,
        )
        self._subscriber = self._broker.subscriber(
            *self._topics,
            group_id=prefix + group,
            group_instance_id=instance and member_name(instance, topics),
            batch=True,
            max_records=POLL_RECORDS,
            batch_timeout_ms=BATCH_TIMEOUT_MS,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            partition_assignment_strategy=[RangePartitionAssignor],
            fetch_max_wait_ms=FETCH_WAIT_MS,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=max(session_ms // 5, 200),
            rebalance_timeout_ms=session_ms,
            listener=self,
            parser=_as_it_came,
            decoder=_as_it_is,
        )
        self._subscriber(self._handle)

    async def start(self, engine: Engine) -> None:
        """Join the group. Raises StartError if the broker does not let us in."""
        lenient.install()
        self._engine = engine
        try:
            await self._broker.start()
        except GroupAuthorizationFailedError as error:
            group = self._subscriber.group_id
            raise StartError(
                f"Kafka does not let the service into group {group}: the service's user needs READ on it"
            ) from error
        consumer = self._consumer
        fetch = consumer.getmany

        async def fetch_after_turn(*partitions: TopicPartition, **options: Any) -> Any:
            # FastStream's loop asks for more only once its handler has returned. So here everything fetched is queued,
            # and a seek cannot meet records that were fetched before it.
            await engine.turn()
            try:
                return await fetch(*partitions, **options)
            except Exception as error:
                # What it had taken from other partitions by then is gone, and their positions have moved.
                log.warning("fetch failed", error=repr(error))
                engine.missed()
                raise

        consumer.getmany = fetch_after_turn  # type: ignore[method-assign]  # the only place between two fetches

    async def stop(self) -> None:
        """Leave the group; a static member stays until its session ends, so that a restart moves no shards."""
        with suppress(TimeoutError):  # a broker that is away cannot be told
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._broker.stop()

    @property
    def _consumer(self) -> AIOKafkaConsumer:
        consumer = self._subscriber.consumer
        assert consumer is not None  # noqa: S101  # set by start, before any caller can ask
        return consumer

    # The listener ----------------------------------------------------------------------------------------------------

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        if self._engine is not None:
            self._engine.revoked()

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        if self._engine is not None:
            self._engine.assigned({self._place(partition) for partition in assigned})

    async def _handle(self, message: KafkaMessage) -> None:
        assert self._engine is not None  # noqa: S101  # set before the subscriber starts
        records: Sequence[ConsumerRecord[Any, Any]] = message.raw_message  # type: ignore[assignment]  # a batch of them
        runs = []
        for (name, partition), run in groupby(records, key=_partition):
            topic = self._topics[name]
            runs.append((Place(topic, partition), [raw_of(record, topic) for record in run]))
        # FastStream keeps a message in a cache that the message holds itself: all these records would lie there until
        # the garbage collector walks them, which then takes hundreds of milliseconds at once.
        message.raw_message = ()  # type: ignore[assignment]  # a batch subscriber's message holds a tuple
        try:
            self._engine.receive(runs)
        except Exception:
            # FastStream would go on behind these records. After an exact seek that would look like a gap of the log.
            log.exception("records not queued: they are fetched again")
            self._engine.missed()

    # The reader ------------------------------------------------------------------------------------------------------

    def pause(self, places: Iterable[Place]) -> None:
        self._consumer.pause(*self._partitions(places))

    def resume(self, places: Iterable[Place]) -> None:
        self._consumer.resume(*self._partitions(places))

    def seek(self, place: Place, offset: int) -> None:
        self._consumer.seek(self._partition(place), offset)

    async def position(self, place: Place) -> int:
        return await self._consumer.position(self._partition(place))

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        await self._consumer.commit(
            {self._partition(place): OffsetAndMetadata(offset, "") for place, offset in offsets.items()}
        )

    def highwater(self, place: Place) -> int | None:
        partition = self._partition(place)
        return self._consumer.highwater(partition) if partition in self._consumer.assignment() else None

    def _partition(self, place: Place) -> TopicPartition:
        return TopicPartition(self._prefix + place.topic, place.shard)

    def _partitions(self, places: Iterable[Place]) -> list[TopicPartition]:
        return [self._partition(place) for place in places]

    def _place(self, partition: TopicPartition) -> Place:
        return Place(self._topics[partition.topic], partition.partition)


def member_name(instance: str, topics: Sequence[str]) -> str:
    """The name of a static member: who reads other topics is another member, although it is the same process anew.

    To a static member that comes back the group gives what it had before, whatever it asks for now, and does not share
    anew (S: a release adds a topic, its partitions stay with nobody, and every shard stays closed; a release that takes
    one away is given it all the same, and ends at each start). As another member it waits for a session to end, once.
    """
    return f"{instance}.{crc32(' '.join(sorted(topics)).encode()):08x}"


def security_of(options: ClientOptions) -> BaseSecurity | None:
    """What the client's options say of TLS and SASL, in FastStream's words: its broker takes no others."""
    context = options.get("ssl_context")
    mechanism = options.get("sasl_mechanism")
    if mechanism is None:
        return BaseSecurity(context) if context is not None else None
    return _MECHANISMS[mechanism](options["sasl_plain_username"], options["sasl_plain_password"], context)


def _partition(record: ConsumerRecord[Any, Any]) -> tuple[str, int]:
    return record.topic, record.partition


async def _as_it_came(records: Sequence[ConsumerRecord[Any, Any]]) -> KafkaMessage:
    """The batch as a message, unread: one header that is not UTF-8 would fail all of it in FastStream's own parser."""
    first, last = records[0], records[-1]
    return KafkaMessage(
        body=b"",
        raw_message=records,  # type: ignore[arg-type]  # a batch subscriber's message holds a tuple
        message_id=f"{first.offset}-{last.offset}",
        correlation_id="",
        consumer=FAKE_CONSUMER,
    )


async def _as_it_is(message: KafkaMessage) -> KafkaMessage:
    """The handler takes the message itself."""
    return message
