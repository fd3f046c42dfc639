"""What lies on the topics, read back from the broker: each event with when it was appended and when it was known."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from waybond_contracts import envelope
from waybond_contracts.envelope import Envelope
from waybond_contracts.event import Event
from waybond_contracts.registry import EVENT_TYPES, decode
from waybond_contracts.topics import OUTSIDE

BATCH_RECORDS = 5_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Record:
    """One event of a topic. `appended_ms`: the broker's own stamp, in milliseconds since 1970.

    Where time is the wall's (not `replay`), what others wrote was known when the broker had it, whatever they say.
    """

    event: Event
    envelope: Envelope
    appended_ms: int
    replay: bool = True

    @property
    def known_at(self) -> datetime:
        told = self.envelope.knownat
        if told is not None and (self.replay or self.event.topic not in OUTSIDE):
            return told
        return EPOCH + timedelta(milliseconds=self.appended_ms)


class Reader:
    """Reads topics on from where it stopped; control records, and what no service would take, are left out."""

    def __init__(self, consumer: AIOKafkaConsumer, *, replay: bool = True) -> None:
        self._consumer = consumer
        self._replay = replay

    async def read(self) -> AsyncIterator[Record]:
        """What is there now and was not read yet."""
        partitions = list(self._consumer.assignment())
        ends = await self._consumer.end_offsets(partitions)
        while any([await self._consumer.position(at) < ends[at] for at in partitions]):
            for run in (await self._consumer.getmany(timeout_ms=200, max_records=BATCH_RECORDS)).values():
                for raw in run:
                    record = record_of(raw, replay=self._replay)
                    if record is not None:
                        yield record


@asynccontextmanager
async def reader(
    bootstrap: str, topics: Iterable[str], partitions: int, *, replay: bool = True
) -> AsyncIterator[Reader]:
    """Reads from the beginning of every partition."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        consumer.assign([TopicPartition(topic, n) for topic in topics for n in range(partitions)])
        await consumer.seek_to_beginning()
        yield Reader(consumer, replay=replay)


def record_of(raw: ConsumerRecord, *, replay: bool) -> Record | None:
    """The event of a record. None where it is none, lies on another topic than its type, or has another order's key:
    services take none of these, whoever may write the topic."""
    try:
        made, data = envelope.read(raw.headers, raw.value)
        if made.type not in EVENT_TYPES:
            return None
        event = decode(made.type, data).event
    except ValueError:
        return None
    if event.topic != raw.topic or raw.key != event.order_key.encode():
        return None
    return Record(event, made, raw.timestamp, replay)
