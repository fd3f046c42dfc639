"""The steady flow: orders placed at a fixed rate, their lives told, each record sent until the broker has it."""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zlib import crc32

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from tests.chaos.lives import REPEATED, Life, Said, life
from tests.chaos.meter import Meter
from waybond_contracts.event import Event
from waybond_contracts.publishing import message

SOURCE = "/platforms/shop"
SEND_SECONDS = 20.0
AGAIN_SECONDS = 0.5
MAX_IN_FLIGHT = 2_000
BATCH_BYTES = 500_000
"""A partition takes one batch at a time: small ones would make a hundred thousand records last for minutes."""
MAX_UNPLACED = 200
"""Orders that wait for a broker; with so many a shop takes no more."""
TURN_SECONDS = 0.02
KEEPS_UP_SECONDS = 5.0
"""While an order waits longer for its answer, nothing more is poured among the orders."""
KEEPS_UP_POLL_SECONDS = 0.2
MARGIN = timedelta(seconds=1)

Record = tuple[str, bytes | None, bytes | None, Sequence[tuple[str, bytes | None]], int | None]
"""Topic, key, value, headers, and the partition where it is not the key's."""

log = logging.getLogger(__name__)


class Flow:
    """Places `rate` orders a second for as long as it is not paused. `meter` hears what has to be answered."""

    def __init__(
        self, bootstrap: str, meter: Meter, rate: float, seed: int, partitions: int, *, haste: float = 1.0
    ) -> None:
        self.meter = meter
        self.rate = rate
        self._haste = haste
        self.misplaced = False
        """Its producer takes librdkafka's default partitioner, so that most records come to a wrong shard."""
        self._partitions = partitions
        self.sent: Counter[str] = Counter()
        """Records that a broker has, by topic."""
        self.placed = 0
        self._bootstrap = bootstrap
        self._draw = random.Random(seed)
        self._producer: AIOKafkaProducer | None = None
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._ordinal = 0
        self._unplaced = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._running: asyncio.Task[None] | None = None
        self._going = asyncio.Event()

    async def start(self) -> None:
        """Begin to place orders."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=int(SEND_SECONDS * 1000),
            retry_backoff_ms=100,
            max_request_size=4_000_000,
            max_batch_size=BATCH_BYTES,
        )
        await self._producer.start()
        self._running = asyncio.create_task(self._run())
        self._going.set()

    @property
    def producer(self) -> AIOKafkaProducer:
        """The producer, for what is sent beside the flow."""
        assert self._producer is not None, "the flow has not begun"
        return self._producer

    async def pause(self) -> None:
        """Place no more orders until `resume`; what is left of the lives of those that are placed is told at once."""
        self._going.clear()
        while self._tasks or self._later:
            while self._later:
                heapq.heappop(self._later)[2]()
            await asyncio.sleep(TURN_SECONDS)

    def resume(self) -> None:
        """Go on."""
        self._going.set()

    async def stop(self) -> None:
        """End; what is on its way may be lost."""
        for task in (*self._tasks, *([self._running] if self._running else [])):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._producer is not None:
            with suppress(Exception):  # a broker may be away
                async with asyncio.timeout(SEND_SECONDS):
                    await self._producer.stop()

    async def _run(self) -> None:
        next_at = time.monotonic()
        while True:
            now = time.monotonic()
            while self._later and self._later[0][0] <= now:
                heapq.heappop(self._later)[2]()
            if not self._going.is_set():
                next_at = now
            elif next_at <= now:
                next_at = max(next_at + 1 / self.rate, now - 1)  # what a busy machine missed is not caught up with
                if self._unplaced < MAX_UNPLACED:
                    self._spawn(self._live())
            await asyncio.sleep(TURN_SECONDS)

    async def _live(self) -> None:
        """Place one order; once it is known, all else follows."""
        self._ordinal += 1
        drawn = life(self._draw, f"o{self._ordinal:07d}", self._haste)
        self._unplaced += 1
        event = drawn.order.placed(datetime.now(UTC), drawn.due_in)
        self.meter.expect(event.order_key, pays=drawn.pays)
        try:
            known = await self.publish(event)
        finally:
            self._unplaced -= 1
        self.placed += 1
        in_time = not self.misplaced and _in_time(drawn, event.occurred_at, known)
        self.meter.known(event.order_key, pays=drawn.pays and (drawn.due_in is None or in_time))
        for said in drawn.said:
            self._tell_later(said, repeated=self._draw.random() < REPEATED / len(drawn.said))

    def _tell_later(self, said: Said, *, repeated: bool) -> None:
        def say() -> None:
            event = said.build(datetime.now(UTC))
            self._spawn(self.publish(event))
            if repeated:  # platforms repeat themselves, word for word
                self._at(self._draw.uniform(0, 5) / self._haste, lambda: self._spawn(self.publish(event)))

        self._at(said.after_seconds / self._haste, say)

    def _at(self, after_seconds: float, say: Callable[[], None]) -> None:
        self._ordinal += 1
        heapq.heappush(self._later, (time.monotonic() + after_seconds, self._ordinal, say))

    async def publish(self, event: Event) -> RecordMetadata:
        """Send an event until a broker has it."""
        record = message(event, source=SOURCE)
        partition = crc32(record.key) % self._partitions if self.misplaced else None
        return await self.send(*record, partition=partition)

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        partition: int | None = None,
    ) -> RecordMetadata:
        """Send a record until a broker has it: where the outcome is unknown it is sent again, under the same id."""
        while True:
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    known = await self.producer.send_and_wait(
                        topic, value, key=key, headers=list(headers), partition=partition
                    )
            except (KafkaError, TimeoutError) as error:
                log.debug("sent to %s again: %r", topic, error)
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            self.sent[topic] += 1
            return known

    async def pour(self, records: Iterable[Record]) -> int:
        """Send many, as fast as the brokers take them, a bounded number at a time; how many they were."""
        count, records = 0, iter(records)
        while chunk := list(islice(records, MAX_IN_FLIGHT)):
            await asyncio.gather(*(self.send(*record) for record in chunk))
            count += len(chunk)
        return count

    async def pour_among(self, records: Iterable[Record]) -> int:
        """As `pour`, but no faster than the services answer the orders beside it."""
        count, records = 0, iter(records)
        while poured := await self.pour(islice(records, MAX_IN_FLIGHT)):
            count += poured
            while self.meter.unanswered(time.monotonic() - KEEPS_UP_SECONDS):
                await asyncio.sleep(KEEPS_UP_POLL_SECONDS)
        return count

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _in_time(drawn: Life, placed_at: datetime, known: RecordMetadata) -> bool:
    """Whether its clock ran out after the order was known: cover excludes what had happened by then."""
    known_at = datetime.fromtimestamp((known.timestamp or 0) / 1000, UTC)
    return drawn.due_in is not None and placed_at + drawn.due_in > known_at + MARGIN
