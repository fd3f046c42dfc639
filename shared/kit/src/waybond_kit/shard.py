"""The memory of one shard that this process owns: its queue, where it is in each topic, its clock, what is unsent."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from waybond_kit.breaker import Breaker
from waybond_kit.changes import OutboxRow
from waybond_kit.clock import Progress, watermark
from waybond_kit.door import Door, Hole, Raw
from waybond_kit.errors import LogError
from waybond_kit.offsets import Position, Step
from waybond_kit.outbox import MAX_UNSENT_BYTES, MAX_UNSENT_ROWS, MAX_UNSENT_SECONDS

QUEUE_HIGH_RECORDS = 4_000
QUEUE_LOW_RECORDS = 1_000
QUEUE_HIGH_BYTES = 32 * 1024 * 1024
QUEUE_LOW_BYTES = 8 * 1024 * 1024
MAX_SENT_BYTES = 16 * 1024 * 1024
PROGRESS_EVERY_SECONDS = 1.0
PROGRESS_LEAP = timedelta(seconds=30)
"""So much at once is news that whoever waits for it need not wait a second for: a backlog is caught up with."""
MAX_HEEDED_RECORDS = 30
"""So many records of Progress are written down even if nothing else is."""


class Last(NamedTuple):
    """What identifies the last record applied of a topic: the time it carries, and a CRC-32 of its key and value."""

    stamp: datetime
    crc: int


@dataclass(slots=True)
class Unsent:
    """Committed outbox rows that Kafka has not confirmed yet, in order, with when they were committed (monotonic)."""

    chunks: deque[tuple[float, list[OutboxRow]]] = field(default_factory=deque)
    count: int = 0
    bytes: int = 0
    confirmed: int = 0
    """The seq up to which all rows are confirmed."""
    deleted: int = 0
    """The seq up to which they are deleted, too."""

    def add(self, rows: list[OutboxRow], now: float) -> None:
        self.chunks.append((now, rows))
        self.count += len(rows)
        self.bytes += _bytes(rows)

    def head(self, limit: int, max_bytes: int = MAX_SENT_BYTES) -> list[OutboxRow]:
        """The first rows, about `limit` of them, and no more than one where they are large."""
        rows: list[OutboxRow] = []
        for _, chunk in self.chunks:
            if rows and len(rows) + len(chunk) > limit:
                break
            rows.extend(chunk)
        rows = rows[:limit]
        while len(rows) > 1 and _bytes(rows) > max_bytes:
            rows = rows[: len(rows) // 2]
        return rows

    def confirm(self, rows: Sequence[OutboxRow]) -> None:
        """Kafka has these: they are the first ones."""
        left = len(rows)
        self.confirmed = rows[-1].seq
        self.count -= left
        self.bytes -= _bytes(rows)
        while left:
            since, chunk = self.chunks.popleft()
            if len(chunk) > left:
                self.chunks.appendleft((since, chunk[left:]))
            left -= min(left, len(chunk))

    def age(self, now: float) -> float:
        """How long the first row has waited, in seconds."""
        return now - self.chunks[0][0] if self.chunks else 0.0

    def first_seq(self) -> int | None:
        return self.chunks[0][1][0].seq if self.chunks else None


class Shard:
    """One shard in this process's hands, from its takeover until it fails or moves on."""

    def __init__(
        self,
        number: int,
        epoch: int,
        positions: Mapping[str, Position],
        progress: Mapping[str, Progress],
        *,
        batch_seq: int = 0,
        outbox_seq: int = 0,
        before: datetime | None = None,
        holding: Mapping[UUID, int] | None = None,
        next_due: datetime | None = None,
    ) -> None:
        self.number = number
        self.epoch = epoch
        self.positions = dict(positions)
        self.progress = dict(progress)
        self.batch_seq = batch_seq
        self.outbox_seq = outbox_seq
        self.watermark = before
        self.holding = dict(holding or {})
        self.next_due = next_due
        """No wake is due before it; None if none is armed."""
        self.queue: deque[Raw] = deque()
        self.queued_bytes = 0
        self.heeded = 0
        """How many records at the head of the queue are Progress that `heed` has taken up."""
        self._sizes: deque[int] = deque()
        """Of the records in the queue, in bytes."""
        self.unsent = Unsent(confirmed=outbox_seq, deleted=outbox_seq)
        self.breaker = Breaker()
        self.seeks: set[str] = set()
        """Topics to seek to where their queue ends, before the next fetch."""
        self.flowing = False
        """Its partitions are not paused."""
        self.full = False
        self.busy = False
        self.sending = False
        self.closed = False
        self.progress_sent: datetime | None = None
        self.progress_sent_at = float("-inf")
        self.seek_all()

    def seek_all(self) -> None:
        """The consumer stands anywhere: nothing it brings counts before it is sent to where the queues end."""
        self.seeks.update(self.positions)
        for position in self.positions.values():
            position.seeking = True

    def offer(self, topic: str, run: Sequence[Raw]) -> None:
        """Queue fetched records of one topic, as far as they follow what is queued; raises LogError."""
        position = self.positions[topic]
        accepted, step = position.offer(run)
        for first, behind in position.holes:
            self.put_hole(Hole(topic, first, behind - 1, run[-1].timestamp_ms))
        position.holes.clear()
        if accepted:
            sizes = [_size(raw) for raw in accepted]
            self.queue.extend(accepted)
            self._sizes.extend(sizes)
            self.queued_bytes += sum(sizes)
        if step is Step.SEEK:
            self.seeks.add(topic)
        elif step is Step.BACK:
            raise LogError(f"{topic}/{self.number} went back behind offset {position.queued}", [self.number])
        if len(self.queue) >= QUEUE_HIGH_RECORDS or self.queued_bytes >= QUEUE_HIGH_BYTES:
            self.full = True

    def put_hole(self, hole: Hole) -> None:
        """Queue what stands for records that the log had lost."""
        self.queue.append(hole)
        self._sizes.append(0)

    def heed(self, door: Door) -> bool:
        """Take up Progress at the head of the queue, in memory, as what the probes find; whether a batch is needed.

        It stays in the queue until the next batch writes it down: alone it is not worth a transaction. Who takes the
        shard over reads it again.
        """
        while self.heeded < len(self.queue):
            raw = self.queue[self.heeded]
            through = door.read(raw).through if raw.key is None else None
            if through is None:
                return True
            self.heeded += 1
            if self.progress[raw.topic].told(through):
                self.settle()
        return self.heeded >= MAX_HEEDED_RECORDS

    def heeded_of(self, topic: str) -> int:
        """How many of the records that `heed` took up are this topic's."""
        return sum(raw.topic == topic for raw in islice(self.queue, self.heeded))

    def taken(self, count: int) -> None:
        """The first records of the queue are applied."""
        for _ in range(count):
            self.queue.popleft()
            self.queued_bytes -= self._sizes.popleft()
        self.heeded = max(0, self.heeded - count)
        if len(self.queue) <= QUEUE_LOW_RECORDS and self.queued_bytes <= QUEUE_LOW_BYTES:
            self.full = False  # hysteresis: a pause throws away what was fetched ahead

    def blocked(self, now: float) -> bool:
        """Too much is unsent: nothing more is decided until Kafka takes it."""
        unsent = self.unsent
        return unsent.count > MAX_UNSENT_ROWS or unsent.bytes > MAX_UNSENT_BYTES or unsent.age(now) > MAX_UNSENT_SECONDS

    def settle(self) -> bool:
        """Take up what the probes say, now that more may be applied: whether the watermark moved."""
        for topic, position in self.positions.items():
            progress = self.progress[topic]
            if progress.probes:
                progress.settled(position.settled())
        moved = watermark(self.watermark, (each.through for each in self.progress.values()))
        if moved == self.watermark:
            return False
        self.watermark = moved
        return True

    def wakes_due(self) -> bool:
        return self.next_due is not None and self.watermark is not None and self.next_due <= self.watermark

    def progress_due(self, now: float, *, at_once: bool) -> bool:
        """Whether how far this shard has come is worth a record: once a second; at once in replay and after a leap."""
        if self.watermark is None or self.watermark == self.progress_sent:
            return False
        leaps = self.progress_sent is None or self.watermark - self.progress_sent >= PROGRESS_LEAP
        return at_once or leaps or now - self.progress_sent_at >= PROGRESS_EVERY_SECONDS


def _size(raw: Raw) -> int:
    return len(raw.value or b"") + len(raw.key or b"") + sum([len(value) for _, value in raw.headers if value])


def _bytes(rows: Sequence[OutboxRow]) -> int:
    return sum([len(row.value) for row in rows if row.value is not None])
