"""The replay's driver: publishes facts with when they became known, and Progress behind them, never too far ahead."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import asyncpg
from aiokafka import AIOKafkaProducer

from waybond_contracts.envelope import Envelope
from waybond_contracts.registry import PROGRESS_TYPE, Progress
from waybond_contracts.topics import OUTSIDE, REFUND_RESULTS
from waybond_local.replay.timed import Timed, windows

SERVICES = ("pricing", "tracking", "claims")
DRIVEN = tuple(sorted(OUTSIDE - {REFUND_RESULTS}))
"""The payment sandbox answers on refund-results, and says there how far its answers have come."""
MAX_IN_FLIGHT = 5_000
POLL_SECONDS = 0.02
MOMENT = timedelta(microseconds=1)
_IDS = uuid.UUID("0f1f8a54-5a0c-4d1e-9a8e-0c8b6a5c2f7d")


class ReplayError(RuntimeError):
    """A replay that cannot begin or does not come to its end; says what was expected and what is there."""


class Watermarks(Protocol):
    """How far the services have come."""

    async def least(self) -> datetime | None:
        """The earliest watermark of all shards of all services; None while one has none."""
        ...


class ServiceWatermarks:
    """Reads the watermarks from the services' own tables."""

    def __init__(self, connection: asyncpg.Connection, services: Sequence[str] = SERVICES) -> None:
        self._connection = connection
        self._statement = " UNION ALL ".join(
            f"SELECT count(*) AS shards, count(watermark) AS told, min(watermark) AS least FROM {service}.shard"  # noqa: S608 - our own schemas
            for service in services
        )

    async def least(self) -> datetime | None:
        rows = await self._connection.fetch(self._statement)
        if any(row["shards"] == 0 or row["told"] < row["shards"] for row in rows):
            return None
        return min(row["least"] for row in rows)


@dataclass(frozen=True, slots=True)
class Pace:
    """`grain`: facts known within it are published together, with Progress ahead of them. `lead`: how far ahead of the
    slowest service facts are published; with zero everything known before has been worked on. `step`: time that passes
    without a fact passes in steps of at most so long. `patience_seconds`: how long the slowest service may stand still.

    Services read several topics, and none waits for another: with a lead, a fact may overtake what it did not know of
    by so much. What is owed in the end is the same, its date may be later by as much.
    """

    grain: timedelta = timedelta(days=1)
    lead: timedelta = timedelta(days=3)
    step: timedelta = timedelta(days=3)
    patience_seconds: float = 180.0  # many services on a busy machine join their groups one after another


STRICT = Pace(grain=timedelta(seconds=1), lead=timedelta(0), step=timedelta(days=10))


class Driver:
    """Publishes to one broker. Use `driver(...)`."""

    def __init__(
        self, producer: AIOKafkaProducer, partitions: int, watermarks: Watermarks, told: datetime, prefix: str
    ) -> None:
        self._producer = producer
        self._partitions = partitions
        self._watermarks = watermarks
        self._told = told
        self._prefix = prefix

    async def tell(self, facts: Sequence[Timed], pace: Pace, done: Callable[[datetime, int], None]) -> None:
        """Publish facts, window by window; `done` hears up to which instant, and how many.

        Raises ReplayError where a service stands still for longer than the pace allows.
        """
        for window in windows(facts, pace.grain):
            await self.pass_time(window[0].known_at - MOMENT, pace)
            await self.publish(window)
            done(window[-1].known_at, len(window))

    async def publish(self, facts: Sequence[Timed]) -> None:
        """Publish facts; a later `pass_time` says that nothing else was known."""
        for start in range(0, len(facts), MAX_IN_FLIGHT):
            await _sent([await self._send(fact) for fact in facts[start : start + MAX_IN_FLIGHT]])

    async def pass_time(self, through: datetime, pace: Pace, done: Callable[[datetime], None] | None = None) -> None:
        """Say that nothing else is known up to `through`, and return when services have come as far, less the lead.

        `done` hears how far they have come. Raises ReplayError where the slowest stands still.
        """
        while self._told < through:
            self._told = min(through, self._told + pace.step)
            await self.progress(self._told, DRIVEN)
            await self.wait(self._told - pace.lead, pace.patience_seconds, done)

    async def wait(self, at: datetime, patience_seconds: float, done: Callable[[datetime], None] | None = None) -> None:
        """Return when every service has worked on everything known up to `at`.

        Raises ReplayError where the slowest one stands still for `patience_seconds`.
        """
        before = await self._watermarks.least()
        moved_at = asyncio.get_running_loop().time()
        while before is None or before < at:
            await asyncio.sleep(POLL_SECONDS)
            now = await self._watermarks.least()
            if now != before:
                before, moved_at = now, asyncio.get_running_loop().time()
                if done is not None and now is not None:
                    done(now)
            elif asyncio.get_running_loop().time() - moved_at > patience_seconds:
                raise ReplayError(
                    f"The slowest service stands at {before} for {patience_seconds:.0f} s; {at} was expected. "
                    "`waybond status` shows which processes run, their logs say why"
                )

    async def _send(self, fact: Timed) -> asyncio.Future[object]:
        event = fact.event
        envelope = Envelope(
            id=str(uuid.uuid5(_IDS, f"{event.order_key}|{event.event_type}|{event.business_key}")),
            type=event.event_type,
            source=f"/platforms/{event.platform}",
            time=event.occurred_at,
            subject=event.order_key,
            partitionkey=event.order_key,
            knownat=fact.known_at,
        )
        return await self._producer.send(
            self._prefix + event.topic,
            key=event.order_key.encode(),
            value=event.model_dump_json().encode(),
            headers=envelope.headers(),
        )

    async def progress(self, through: datetime, topics: Iterable[str]) -> None:
        """Publish on every partition of these topics that nothing else is known up to `through`."""
        value = Progress(through=through).model_dump_json().encode()
        envelope = Envelope(
            id=str(uuid.uuid5(_IDS, through.isoformat())),
            type=PROGRESS_TYPE,
            source="/replay",
            time=through,
            knownat=through,
        )
        await _sent(
            [
                await self._producer.send(self._prefix + topic, value=value, headers=envelope.headers(), partition=n)
                for topic in topics
                for n in range(self._partitions)
            ]
        )


async def _sent(futures: Sequence[asyncio.Future[object]]) -> None:
    await asyncio.gather(*futures)


@asynccontextmanager
async def driver(
    bootstrap: str, partitions: int, watermarks: Watermarks, begin: datetime, prefix: str = ""
) -> AsyncIterator[Driver]:
    """A driver with a producer of its own, the clock started on every topic from outside a moment before `begin`.

    Keyed records go to the partition that murmur2 gives their key. Raises ReplayError where the services have been told
    a later time already: a watermark never goes back.
    """
    told = await watermarks.least()
    if told is not None and told >= begin:
        raise ReplayError(
            f"This stack was told the time up to {told:%Y-%m-%d %H:%M}, and the replay begins on {begin:%Y-%m-%d}: "
            "begin on a fresh folder (waybond up --replay --data FOLDER)"
        )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=2)
    async with producer:
        drives = Driver(producer, partitions, watermarks, begin - MOMENT, prefix)
        await drives.progress(begin - MOMENT, sorted(OUTSIDE))
        yield drives
