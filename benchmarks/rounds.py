"""One round: fresh topics and a fresh database, a service on orders that exist already, a load, and what it cost."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import asyncpg

from benchmarks.broker import Broker, Record
from benchmarks.population import Order
from benchmarks.usage import Memory, cpu_seconds, machine_seconds, memory
from waybond_claims.app import DEFINITION
from waybond_contracts.envelope import Envelope
from waybond_contracts.registry import EVENT_TYPES, PROGRESS_TYPE, Progress
from waybond_contracts.topics import CLAIMS, REFUNDS, TOPICS
from waybond_kit.definition import Connection
from waybond_local.kafka import EmbeddedKafka
from waybond_local.postgres import EmbeddedPostgres
from waybond_local.processes import spawn, stop, tail
from waybond_local.provision import with_database

PARTITIONS = 8
SERVICE, POSTGRES, KAFKA = "service", "PostgreSQL", "Kafka"
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 90.0
_PUBLISHED = (CLAIMS, REFUNDS)


class RoundError(RuntimeError):
    """A service did not do what it was given; the message ends with its log."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The running Kafka and PostgreSQL, and a folder for logs."""

    kafka: EmbeddedKafka
    postgres: EmbeddedPostgres
    folder: Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service of one round works."""

    kafka: str
    dsn: str
    prefix: str
    partitions: int = PARTITIONS


class Side(Protocol):
    """A service that is measured."""

    name: str

    async def prepare(self, connection: Connection, place: Place, orders: Iterable[Order]) -> None:
        """Make the tables and fill them with what is kept of these orders, in this order."""
        ...

    def command(self, place: Place) -> tuple[Sequence[str], Mapping[str, str]]:
        """The command line and the environment beside this process's own."""
        ...

    async def applied(self, connection: Connection) -> int:
        """How many records it has applied, as its tables say."""
        ...


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time so far of each process tree, and when that was (monotonic seconds)."""

    at: float
    cpu_seconds: Mapping[str, float]
    others_seconds: float
    """CPU time of everything else on the machine but this benchmark itself."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a service did while it was watched."""

    events: int
    published: Mapping[str, int]
    """By type; all of what these events cause."""
    seconds: float
    cpu_seconds: Mapping[str, float]
    others_share: float
    """How much of the machine others used meanwhile, from 0 to 1: figures are taken on a quiet one."""
    memory: Mapping[str, Memory] = field(default_factory=dict)

    @property
    def events_per_second(self) -> float:
        return self.events / self.seconds

    @property
    def published_per_event(self) -> float:
        return sum(self.published.values()) / self.events

    def cpu_microseconds(self, name: str | None = None) -> float:
        """CPU time an event, of one process tree or of all."""
        seconds = sum(self.cpu_seconds.values()) if name is None else self.cpu_seconds[name]
        return seconds / self.events * 1e6


class Room:
    """Topics and a database of one round, and what was put into them so far."""

    def __init__(self, place: Place, broker: Broker, connection: Connection) -> None:
        self.place = place
        self.broker = broker
        self.connection = connection
        self.sent = 0
        self.expected: Counter[str] = Counter()

    async def send(self, orders: Sequence[Order]) -> Counter[str]:
        """Put the next facts of these orders into Kafka; what they will cause."""
        await self.broker.send(order.record() for order in orders)
        return self.expect(orders)

    def expect(self, orders: Sequence[Order]) -> Counter[str]:
        """Count the next facts of these orders, which somebody else puts into Kafka; what they will cause."""
        self.sent += len(orders)
        return self._expect(name for order in orders for name in order.published())

    async def send_progress(self, through: datetime) -> None:
        """Say on every input and partition that nothing known before `through` is still to come (replay mode)."""
        records = progress(through, self.place.partitions)
        await self.broker.send(records)
        self.sent += len(records)

    async def wake(self, orders: Sequence[Order], through: datetime) -> Counter[str]:
        """Let time pass until these orders wake, and no others; what they will cause."""
        await self.send_progress(through)
        return self._expect(name for order in orders for name in order.published_on_waking())

    def _expect(self, names: Iterable[str]) -> Counter[str]:
        published = Counter(names)
        self.expected += published
        return published

    async def all_published(self) -> bool:
        """Whether the topics hold as much as was expected."""
        for topic in _PUBLISHED:
            expected = sum(self.expected[name] for name, model in EVENT_TYPES.items() if model.topic == topic)
            if await self.broker.written((topic,)) < expected:
                return False
        return True


class Running:
    """A service at work in a room."""

    def __init__(
        self, side: Side, room: Room, *, servers: Servers, process: subprocess.Popen[bytes], log: Path
    ) -> None:
        self.room = room
        self._side = side
        self._servers = servers
        self._process = process
        self._log = log

    async def warm_up(self, orders: Sequence[Order]) -> None:
        """Let it work through these orders' facts, unmeasured."""
        await self.room.send(orders)
        await self.drained()

    async def measure(self, orders: Sequence[Order]) -> Window:
        """Put the orders' facts into Kafka while the service is stopped, let it go on, and watch until all is done."""
        return await self._measure(self.room.send(orders), len(orders))

    async def measure_wakes(self, orders: Sequence[Order], through: datetime) -> Window:
        """The same for the orders' wakes: all that are due by `through`, and no more than these."""
        return await self._measure(self.room.wake(orders, through), len(orders))

    async def _measure(self, load: Awaitable[Counter[str]], events: int) -> Window:
        self._process.send_signal(signal.SIGSTOP)
        try:
            published = await load
            before = self.usage()
        finally:
            self._process.send_signal(signal.SIGCONT)
        await self.drained()
        return window(before, self.usage(), events, published, self.memory())

    async def drained(self) -> None:
        """Return once every fact is applied and everything that it causes is published."""
        room, deadline = self.room, time.monotonic() + _PATIENCE_SECONDS
        while await self._side.applied(room.connection) < room.sent or not await room.all_published():
            if self._process.poll() is not None:
                raise self._error(f"ended with status {self._process.returncode}")
            if time.monotonic() > deadline:
                raise self._error(f"did not apply {room.sent} facts in {_PATIENCE_SECONDS:.0f} s")
            await asyncio.sleep(_POLL_SECONDS)

    def usage(self) -> Usage:
        found = {name: cpu_seconds(pid) for name, pid in self._pids().items()}
        own = time.process_time()  # not of children: the measured ones are this process's own
        return Usage(time.monotonic(), found, machine_seconds() - own - sum(found.values()))

    def memory(self) -> dict[str, Memory]:
        return {name: memory(pid) for name, pid in self._pids().items()}

    async def verify(self) -> None:
        """Hold what lies on the topics against what the facts should have caused. Raises RoundError."""
        lying = Counter(each.event_type.decode() for each in await self.room.broker.appended(_PUBLISHED))
        found = {name: count for name, count in lying.items() if name in EVENT_TYPES}
        if found != dict(self.room.expected):
            raise self._error(f"published {found}, expected {dict(self.room.expected)}")

    def _error(self, what: str) -> RoundError:
        return RoundError(f"{self._side.name} {what}.\n{tail(self._log)}")

    def _pids(self) -> dict[str, int]:
        kafka, postgres = self._servers.kafka.pid, self._servers.postgres.pid
        if kafka is None or postgres is None:
            raise RoundError("Kafka or PostgreSQL ended")
        return {SERVICE: self._process.pid, POSTGRES: postgres, KAFKA: kafka}


def progress(through: datetime, partitions: int) -> list[Record]:
    """Progress on every partition of every topic that claims reads."""
    value = Progress(through=through).model_dump_json().encode()
    envelope = Envelope(
        id=f"progress-{through.isoformat()}", type=PROGRESS_TYPE, source="/benchmark", time=through, knownat=through
    )
    return [
        Record(each.topic, None, value, envelope.headers(), partition)
        for each in DEFINITION.inputs
        for partition in range(partitions)
    ]


def window(
    before: Usage, after: Usage, events: int, published: Mapping[str, int], held: Mapping[str, Memory]
) -> Window:
    """What happened between two readings."""
    used = {name: seconds - before.cpu_seconds[name] for name, seconds in after.cpu_seconds.items()}
    seconds = after.at - before.at
    others = (after.others_seconds - before.others_seconds) / seconds / (os.cpu_count() or 1)
    return Window(events, dict(published), seconds, used, max(0.0, others), held)


@asynccontextmanager
async def running(side: Side, servers: Servers, orders: Iterable[Order]) -> AsyncIterator[Running]:
    """A service in a room that holds these orders; all of it is gone afterwards."""
    async with room(side, servers, orders) as found, process(side, servers, found) as service:
        yield service


@asynccontextmanager
async def room(side: Side, servers: Servers, orders: Iterable[Order]) -> AsyncIterator[Room]:
    """Fresh topics and a fresh database that holds these orders; all of it is gone afterwards."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    async with database(servers.postgres.dsn(), name) as dsn:
        place = Place(kafka=servers.kafka.bootstrap, dsn=dsn, prefix=f"{name}.")
        connection = await asyncpg.connect(dsn)
        try:
            await side.prepare(connection, place, orders)
            topics = [topic.name for topic in TOPICS]
            async with Broker(place.kafka, topics, prefix=place.prefix, partitions=place.partitions) as broker:
                yield Room(place, broker, connection)
        finally:
            await connection.close()


@asynccontextmanager
async def process(side: Side, servers: Servers, room: Room) -> AsyncIterator[Running]:
    """The service's process, stopped afterwards."""
    command, settings = side.command(room.place)
    log = servers.folder / f"{room.place.prefix}{side.name}.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WAYBOND_")}
    child = spawn([sys.executable, *command], log=log, environment={**inherited, **settings})
    try:
        yield Running(side, room, servers=servers, process=child, log=log)
    finally:
        await asyncio.to_thread(stop, child)


async def settings_of(servers: Servers) -> dict[str, dict[str, str]]:
    """The settings of both servers that are not their own defaults, and those that say what is durable."""
    admin = await asyncpg.connect(servers.postgres.dsn())
    try:
        rows = await admin.fetch(
            "SELECT name, current_setting(name) AS value FROM pg_settings"
            " WHERE source = 'command line' OR name = ANY($1::text[]) ORDER BY name",
            ["synchronous_commit", "fsync", "full_page_writes", "wal_compression", "data_checksums", "server_version"],
        )
    finally:
        await admin.close()
    lines = (servers.kafka.folder / "server.properties").read_text().splitlines()
    kafka = dict(line.split("=", 1) for line in lines if "=" in line and "logs" not in line)
    return {POSTGRES: {row["name"]: row["value"] for row in rows}, KAFKA: {**kafka, "acks": "all"}}


@asynccontextmanager
async def database(admin_dsn: str, name: str) -> AsyncIterator[str]:
    """A database of this name, dropped afterwards."""
    admin = await asyncpg.connect(admin_dsn)
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield with_database(admin_dsn, name)
        finally:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()
