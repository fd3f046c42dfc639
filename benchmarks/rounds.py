"""One round: fresh topics and a fresh database, a service on orders that exist already, a load, and what it cost."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import asyncpg

from benchmarks.broker import Broker
from benchmarks.population import Population, Stage
from benchmarks.usage import Memory, cpu_seconds, memory
from waybond_contracts.registry import EVENT_TYPES
from waybond_contracts.topics import CLAIMS, REFUNDS, TOPICS
from waybond_kit.definition import Connection
from waybond_local.kafka import EmbeddedKafka
from waybond_local.postgres import EmbeddedPostgres
from waybond_local.processes import spawn, stop, tail
from waybond_local.provision import with_database

PARTITIONS = 8
SERVICE, POSTGRES, KAFKA = "service", "PostgreSQL", "Kafka"
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 180.0
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

    async def prepare(self, connection: Connection, population: Population, orders: "Orders") -> None:
        """Make the tables and fill them with what is kept of these orders."""
        ...

    def command(self, place: Place) -> tuple[Sequence[str], Mapping[str, str]]:
        """The command line and the environment beside this process's own."""
        ...

    def group(self, place: Place) -> str:
        """The consumer group that it commits as."""
        ...


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders by number; in mixed stages, or all in one."""

    numbers: range
    stage: Stage | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time so far of each process tree, and when that was (monotonic seconds)."""

    at: float
    cpu_seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Window:
    """What a service did while it was watched."""

    events: int
    published: Mapping[str, int]
    """By type; all of what these events cause."""
    seconds: float
    cpu_seconds: Mapping[str, float]
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


class Running:
    """A service at work in a place of its own."""

    def __init__(
        self, side: Side, place: Place, *, servers: Servers, broker: Broker, process: subprocess.Popen[bytes], log: Path
    ) -> None:
        self.broker = broker
        self.place = place
        self._side = side
        self._servers = servers
        self._process = process
        self._log = log
        self._sent = 0
        self._expected: Counter[str] = Counter()

    async def warm_up(self, population: Population, orders: Orders) -> None:
        """Let it work through these orders' facts, unmeasured."""
        await self._send(population, orders)
        await self.drained()

    async def measure(self, population: Population, orders: Orders) -> Window:
        """Put the orders' facts into Kafka while the service is stopped, let it go on, and watch until all is done."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            published = await self._send(population, orders)
            before = self.usage()
        finally:
            self._process.send_signal(signal.SIGCONT)
        await self.drained()
        return window(before, self.usage(), len(orders.numbers), published, self.memory())

    async def drained(self) -> None:
        """Return once every fact is applied and committed, and everything that it causes is published."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        group = self._side.group(self.place)
        while await self.broker.committed(group) < self._sent or not await self._all_published():
            if self._process.poll() is not None:
                raise self._error(f"ended with status {self._process.returncode}")
            if time.monotonic() > deadline:
                raise self._error(f"did not apply {self._sent} facts in {_PATIENCE_SECONDS:.0f} s")
            await asyncio.sleep(_POLL_SECONDS)

    def usage(self) -> Usage:
        return Usage(time.monotonic(), {name: cpu_seconds(pid) for name, pid in self._pids().items()})

    def memory(self) -> dict[str, Memory]:
        return {name: memory(pid) for name, pid in self._pids().items()}

    def expect(self, sent: int, published: Counter[str]) -> None:
        """Count facts that somebody else put into Kafka."""
        self._sent += sent
        self._expected += published

    async def verify(self) -> None:
        """Hold what lies on the topics against what the facts should have caused. Raises RoundError."""
        lying = Counter(each.event_type.decode() for each in await self.broker.appended(_PUBLISHED))
        found = {name: count for name, count in lying.items() if name in self._expected}
        if found != dict(self._expected):
            raise RoundError(
                f"{self._side.name} published {found}, expected {dict(self._expected)}.\n{tail(self._log)}"
            )

    def _error(self, what: str) -> RoundError:
        return RoundError(f"{self._side.name} {what}.\n{tail(self._log)}")

    async def _send(self, population: Population, orders: Orders) -> Counter[str]:
        published = population.published(orders.numbers, orders.stage)
        self.expect(len(orders.numbers), published)
        await self.broker.send(population.record(number, orders.stage) for number in orders.numbers)
        return published

    async def _all_published(self) -> bool:
        return await self.broker.written((CLAIMS,)) >= sum(self._expected[name] for name in _types_of(CLAIMS)) and (
            await self.broker.written((REFUNDS,)) >= sum(self._expected[name] for name in _types_of(REFUNDS))
        )

    def _pids(self) -> dict[str, int]:
        kafka, postgres = self._servers.kafka.pid, self._servers.postgres.pid
        if kafka is None or postgres is None:
            raise RoundError("Kafka or PostgreSQL ended")
        return {SERVICE: self._process.pid, POSTGRES: postgres, KAFKA: kafka}


def window(
    before: Usage, after: Usage, events: int, published: Mapping[str, int], held: Mapping[str, Memory]
) -> Window:
    """What happened between two readings."""
    used = {name: seconds - before.cpu_seconds[name] for name, seconds in after.cpu_seconds.items()}
    return Window(events, published, after.at - before.at, used, held)


@asynccontextmanager
async def running(
    side: Side, servers: Servers, population: Population, kept: Iterable[Orders]
) -> AsyncIterator[Running]:
    """A service on fresh topics and a fresh database that holds these orders; all of it is gone afterwards."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    async with database(servers.postgres.dsn(), name) as dsn:
        place = Place(kafka=servers.kafka.bootstrap, dsn=dsn, prefix=f"{name}.")
        await _prepare(side, dsn, population, kept)
        topics = [topic.name for topic in TOPICS]
        async with (
            Broker(place.kafka, topics, prefix=place.prefix, partitions=place.partitions) as broker,
            process(side, servers, broker, place) as found,
        ):
            yield found


@asynccontextmanager
async def process(side: Side, servers: Servers, broker: Broker, place: Place) -> AsyncIterator[Running]:
    """The service's process, stopped afterwards."""
    command, settings = side.command(place)
    log = servers.folder / f"{place.prefix}{side.name}.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WAYBOND_")}
    child = spawn([sys.executable, *command], log=log, environment={**inherited, **settings})
    try:
        yield Running(side, place, servers=servers, broker=broker, process=child, log=log)
    finally:
        await asyncio.to_thread(stop, child)


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


async def _prepare(side: Side, dsn: str, population: Population, kept: Iterable[Orders]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for orders in kept:
            await side.prepare(connection, population, orders)
    finally:
        await connection.close()


def _types_of(topic: str) -> list[str]:
    return [name for name, model in EVENT_TYPES.items() if model.topic == topic]
