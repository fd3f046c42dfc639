"""What lies on the topics, read back from the broker: each event with when it was appended and when it was known."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from waybond_contracts import envelope
from waybond_contracts.envelope import Envelope
from waybond_contracts.event import Event
from waybond_contracts.registry import EVENT_TYPES, decode

BATCH_RECORDS = 5_000


@dataclass(frozen=True, slots=True)
class Record:
    """One event of a topic. `appended_ms`: the broker's own stamp, in milliseconds since 1970."""

    event: Event
    envelope: Envelope
    appended_ms: int

    @property
    def known_at(self) -> datetime:
        return self.envelope.knownat or self.event.occurred_at


class Reader:
    """Reads topics on from where it stopped; control records and what cannot be read are left out."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def read(self) -> AsyncIterator[Record]:
        """What is there now and was not read yet."""
        partitions = list(self._consumer.assignment())
        ends = await self._consumer.end_offsets(partitions)
        while any([await self._consumer.position(at) < ends[at] for at in partitions]):
            for run in (await self._consumer.getmany(timeout_ms=200, max_records=BATCH_RECORDS)).values():
                for raw in run:
                    record = _record(raw)
                    if record is not None:
                        yield record


@asynccontextmanager
async def reader(bootstrap: str, topics: Iterable[str], partitions: int) -> AsyncIterator[Reader]:
    """Reads from the beginning of every partition."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        consumer.assign([TopicPartition(topic, n) for topic in topics for n in range(partitions)])
        await consumer.seek_to_beginning()
        yield Reader(consumer)


def _record(raw: ConsumerRecord) -> Record | None:
    try:
        made, data = envelope.read(raw.headers, raw.value)
        if made.type not in EVENT_TYPES:
            return None
        return Record(decode(made.type, data).event, made, raw.timestamp)
    except ValueError:
        return None
