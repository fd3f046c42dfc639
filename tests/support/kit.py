"""A world for tests of the kit: topics and schemas on real servers, toy services in it, and what they left behind."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.support.machine import at_start
from tests.support.patience import POLL_SECONDS, Wait
from tests.support.servers import create_topics
from tests.support.toys import Toy
from waybond_contracts.commands import DiscardHeld, ReleaseHeld
from waybond_contracts.envelope import Envelope
from waybond_contracts.event import Event
from waybond_contracts.orders import OrderAmended
from waybond_contracts.registry import PROGRESS_TYPE, Progress
from waybond_contracts.topics import TOPICS
from waybond_kit import database
from waybond_kit.definition import Definition
from waybond_kit.keys import event_id
from waybond_kit.service import Running, Settings, serving

T = TypeVar("T")

_PREPARING: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""Roles are the server's own: of two worlds that change one at once, one would fail."""

PASSWORD = "toy"
PARTITIONS = 4
START = datetime(2026, 3, 1, tzinfo=UTC)
PATIENCE_SECONDS = 40.0
SESSION_SECONDS = 6.0
MAX_SESSION_FACTOR = 3.0
FETCH_WAIT_MS = 20
"""All that is read lies there already."""


def amended(order: str, revision: int, reason: str = "", at: datetime = START, tenant: str = "acme") -> OrderAmended:
    """An amendment of an order; `reason` instructs the toys."""
    return OrderAmended(
        tenant=tenant, platform="shop", order_id=order, occurred_at=at, revision=revision, reason=reason
    )


async def eventually(
    look: Callable[[], Awaitable[T]], holds: Callable[[T], bool], seconds: float = PATIENCE_SECONDS
) -> T:
    """Look until it holds; fails with what was seen last, in seconds of the reference machine."""
    wait = Wait(seconds)
    while True:
        seen = await look()
        if holds(seen):
            return seen
        assert not wait.over(), f"after {wait.passed_seconds:.0f} s still: {seen!r:.2000}"
        await asyncio.sleep(POLL_SECONDS)


@dataclass
class World:
    """Topics under a prefix, one database, and the means to look at both."""

    kafka: str
    admin_dsn: str
    prefix: str
    partitions: int = PARTITIONS
    dsns: dict[str, str] = field(default_factory=dict)
    producer: AIOKafkaProducer = field(init=False)
    _sessions: dict[tuple[str, str], asyncpg.Connection] = field(default_factory=dict)
    """By DSN and schema. What is waited for is asked for twenty times a second, mostly in vain: to connect each time
    would cost more than what is tested."""
    _consumer: AIOKafkaConsumer | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def ready(self, *definitions: Definition[Any], topics: Sequence[str] = ()) -> AsyncIterator["World"]:
        """Topics, roles, schemas and tables made; closed again afterwards."""
        names = [self.prefix + name for name in topics or [topic.name for topic in TOPICS]]
        await create_topics(self.kafka, names, self.partitions)
        for definition in definitions:
            async with _PREPARING.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
                self.dsns[definition.name] = await database.prepare(self.admin_dsn, definition.name, PASSWORD)
            await database.migrate(self.admin_dsn, definition.name, definition.migrations)
        self.producer = AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all", max_request_size=4_000_000)
        await self.producer.start()
        try:
            yield self
        finally:
            await self.producer.stop()
            await self.hang_up()
            await self._stop_consumer()
            await self._forget(names)

    async def hang_up(self) -> None:
        """Close the sessions of `query`."""
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def _forget(self, names: list[str]) -> None:
        """Delete the topics: the broker that all tests share has memory for a few thousand partitions."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka, request_timeout_ms=5_000)
        with suppress(KafkaError):  # a test may leave its own broker stopped, or have deleted a topic itself
            await admin.start()
            await admin.delete_topics(names)
        await admin.close()

    async def delete(self, topic: str) -> None:
        """Delete a topic, and wait until the broker knows it no more: it could not be made anew before."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        try:
            await admin.delete_topics([self.prefix + topic])
            await eventually(admin.list_topics, lambda names: self.prefix + topic not in names)
        finally:
            await admin.close()

    def settings(self, name: str, **given: Any) -> Settings:
        """Settings of a service in this world: quick, and without an allowance for clocks.

        Sessions last longer on a slow machine: there a member that lives would be taken for a dead one.
        """
        return Settings(
            **{
                "kafka": self.kafka,
                "database": self.dsns[name],
                "topic_prefix": self.prefix,
                "http_port": 0,
                "session_seconds": SESSION_SECONDS * min(MAX_SESSION_FACTOR, at_start().factor),
                "idle_in_transaction_seconds": 2.0,
                "clock_allowance_seconds": 0.0,
                "probe_seconds": 0.2,
                "log_level": "DEBUG",
                **given,
            }
        )

    def environment(self, name: str, **given: Any) -> dict[str, str]:
        """The same as environment variables, for a process."""
        settings = self.settings(name, **given)
        found = {key: value for key, value in settings.model_dump().items() if key in settings.model_fields_set}
        found["database"] = settings.database.get_secret_value()
        return {f"WAYBOND_{key.upper()}": str(value) for key, value in found.items() if value is not None}

    @asynccontextmanager
    async def running(self, definition: Definition[Any], **given: Any) -> AsyncIterator[Running]:
        """A service in this process, with all of its shards open."""
        async with serving(definition, self.settings(definition.name, **given)) as service:
            yield service

    async def open(self, *services: Running) -> None:
        """Wait until these services together have every shard open."""

        async def numbers() -> list[int]:
            return sorted(shard.number for service in services for shard in service.engine.shards())

        await eventually(numbers, lambda seen: seen == list(range(self.partitions)))

    # What goes in ----------------------------------------------------------------------------------------------------

    async def publish(self, *events: Event, known_at: datetime | None = None) -> None:
        """Publish events as a platform would; with `known_at`, as a replay does."""
        futures = []
        for event in events:
            headers = envelope_of(event, known_at).headers()
            value = event.model_dump_json().encode()
            futures.append(await self.send(event.topic, event.order_key.encode(), value, headers))
        await asyncio.gather(*futures)

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        partition: int | None = None,
    ) -> Any:
        """Publish raw bytes; returns the producer's future."""
        return await self.producer.send(self.prefix + topic, value, key=key, headers=list(headers), partition=partition)

    async def progress(self, through: datetime, *topics: str, shards: Iterable[int] | None = None) -> None:
        """Publish Progress on every partition of these topics, as the driver of a replay does."""
        value = Progress(through=through).model_dump_json().encode()
        envelope = Envelope(id=f"p{through.isoformat()}", type=PROGRESS_TYPE, source="/driver", knownat=through)
        for topic in topics:
            for shard in range(self.partitions) if shards is None else shards:
                await (await self.send(topic, None, value, envelope.headers(), shard))

    async def release(
        self,
        order: str,
        service: str,
        topic: str,
        offset: int,
        *,
        discard: bool = False,
        known_at: datetime | None = None,
    ) -> None:
        """Command to release (or discard) a held record."""
        kind = DiscardHeld if discard else ReleaseHeld
        await self.publish(
            kind(
                tenant="acme",
                platform="shop",
                order_id=order,
                occurred_at=datetime.now(UTC),
                command_id=f"{order}-{offset}-{time.monotonic_ns()}",
                service=service,  # type: ignore[arg-type]  # one of the toys' names
                topic_name=topic,
                record_offset=offset,
                by="operator",
            ),
            known_at=known_at,
        )

    # What came out ---------------------------------------------------------------------------------------------------

    async def records(self, topic: str) -> list[ConsumerRecord[Any, Any]]:
        """Everything on a topic, by partition and offset."""
        async with self._asking:
            try:
                found = await self._read(topic)
            except BaseException:  # it may be left anywhere
                await self._stop_consumer()
                raise
        return sorted(found, key=lambda record: (record.partition, record.offset))

    async def _read(self, topic: str) -> list[ConsumerRecord[Any, Any]]:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                bootstrap_servers=self.kafka, auto_offset_reset="earliest", fetch_max_wait_ms=FETCH_WAIT_MS
            )
            await self._consumer.start()
        consumer, found = self._consumer, []
        places = [TopicPartition(self.prefix + topic, number) for number in range(self.partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
        consumer.unsubscribe()  # or it would go on fetching
        return found

    async def _stop_consumer(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()

    async def ids(self, topic: str) -> list[str]:
        """The ce_id of every event on a topic, control records left out; duplicates included."""
        found = []
        for record in await self.records(topic):
            headers = dict(record.headers)
            if headers["ce_type"] != PROGRESS_TYPE.encode():
                found.append(headers["ce_id"].decode())
        return found

    async def through(self, topic: str) -> dict[int, list[datetime]]:
        """The Progress records of each partition, in order."""
        found: dict[int, list[datetime]] = {number: [] for number in range(self.partitions)}
        for record in await self.records(topic):
            if dict(record.headers)["ce_type"] == PROGRESS_TYPE.encode():
                found[record.partition].append(Progress.model_validate_json(record.value or b"").through)
        return found

    async def query(self, name: str, statement: str, *arguments: object) -> list[Any]:
        """Rows from a service's schema."""
        async with self._asking:
            session = self._sessions.get((self.admin_dsn, name))
            if session is None or session.is_closed():  # the server may have been away
                session = await asyncpg.connect(self.admin_dsn, server_settings={"search_path": name})
                self._sessions[self.admin_dsn, name] = session
            return await session.fetch(statement, *arguments)

    async def execute(self, name: str, statement: str, *arguments: object) -> None:
        """Change something behind a service's back."""
        connection = await asyncpg.connect(self.admin_dsn, server_settings={"search_path": name})
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()

    async def states(self, name: str) -> dict[str, Toy]:
        """The toys' states by order id."""
        rows = await self.query(name, "SELECT order_key, state FROM aggregate")
        return {row["order_key"].rsplit("/", 1)[1]: msgspec.json.decode(row["state"], type=Toy) for row in rows}

    async def quarantine(self, name: str) -> list[Any]:
        """What is in quarantine, in order."""
        return await self.query(name, "SELECT * FROM quarantine ORDER BY shard, batch_seq, ordinal")


def envelope_of(event: Event, known_at: datetime | None = None) -> Envelope:
    """An outsider's envelope."""
    return Envelope(
        id=event_id("outside", event.event_type, f"{event.order_key}/{event.business_key}"),
        type=event.event_type,
        source="/acme/shop",
        time=event.occurred_at,
        knownat=known_at,
    )


def days(count: float) -> timedelta:
    """So many days."""
    return timedelta(days=count)


def headers_of(record: ConsumerRecord[Any, Any]) -> Mapping[str, str]:
    """A record's headers as text."""
    return {name: value.decode() for name, value in record.headers}
