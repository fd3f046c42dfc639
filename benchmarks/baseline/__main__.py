"""Runs the baseline: `python -m benchmarks.baseline`, told by the environment where Kafka and PostgreSQL are."""

import hashlib
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import uvloop
from aiokafka import ConsumerRecord
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from waybond_claims.app import DEFINITION
from waybond_contracts import envelope, registry
from waybond_contracts.envelope import Envelope
from waybond_contracts.event import Event
from waybond_kit.keys import event_id

PREFIX = os.environ["BASELINE_TOPIC_PREFIX"]
# Messages are not logged one by one: a service under load would not.
broker = KafkaBroker(os.environ["BASELINE_KAFKA"], acks="all", log_level=logging.DEBUG)
pool: asyncpg.Pool


@asynccontextmanager
async def database() -> AsyncIterator[None]:
    global pool  # as the tutorial keeps what handlers share
    async with asyncpg.create_pool(os.environ["BASELINE_DATABASE"], min_size=1, max_size=4) as pool:
        yield


app = FastStream(broker, lifespan=database)


async def decoded(message: KafkaMessage) -> tuple[Envelope, Event]:
    """The event as its pydantic model."""
    read, data = envelope.read(record_of(message).headers, message.body)
    return read, registry.decode(read.type, data).event


def record_of(message: KafkaMessage) -> ConsumerRecord[Any, Any]:
    assert isinstance(message.raw_message, ConsumerRecord)
    return message.raw_message


@broker.subscriber(
    *(PREFIX + each.topic for each in DEFINITION.inputs),
    group_id=os.environ["BASELINE_GROUP"],
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.MANUAL,
    decoder=decoded,
)
async def handle(received: Any, message: KafkaMessage) -> None:
    """Apply one message, publish what came of it, commit its offset."""
    read, event = received
    known_at = read.knownat or datetime.fromtimestamp(record_of(message).timestamp / 1000, UTC)
    async with pool.acquire() as connection, connection.transaction():
        if not await first_time(connection, read.id):
            await message.ack()
            return
        events, now = await decide(connection, event, known_at)
    for each in events:
        await publish(each, read, now)
    await message.ack()


async def first_time(connection: Any, message_id: str) -> bool:
    inserted = await connection.fetchval(
        "INSERT INTO seen (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true", message_id
    )
    return inserted is not None


async def decide(connection: Any, event: Event, known_at: datetime) -> tuple[tuple[Event, ...], datetime]:
    row = await connection.fetchrow(
        "SELECT known_at, shape, state, body FROM claim LEFT JOIN wording ON wording = sha256"
        " WHERE order_key = $1 FOR UPDATE OF claim",
        event.order_key,
    )
    state = DEFINITION.codec.decode(row["shape"], row["state"], row["body"]) if row else None
    now = max(known_at, row["known_at"]) if row else known_at
    outcome = DEFINITION.decide(state, event, now)
    if outcome.state is None:
        await connection.execute("DELETE FROM claim WHERE order_key = $1", event.order_key)
    else:
        await save(connection, event.order_key, outcome, now)
    if outcome.rows and DEFINITION.storage:
        await DEFINITION.storage.save(connection, 0, outcome.rows)
    return outcome.events, now


async def save(connection: Any, order_key: str, outcome: Any, now: datetime) -> None:
    state, document = DEFINITION.codec.encode(outcome.state)
    sha256 = None
    if document is not None:
        sha256 = hashlib.sha256(document).digest()
        await connection.execute("INSERT INTO wording VALUES ($1, $2) ON CONFLICT DO NOTHING", sha256, document)
    await connection.execute(
        "INSERT INTO claim VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (order_key) DO UPDATE SET"
        " status = excluded.status, known_at = excluded.known_at, wake_at = excluded.wake_at,"
        " shape = excluded.shape, wording = excluded.wording, state = excluded.state",
        *(order_key, outcome.status, now, outcome.wake_at, DEFINITION.codec.shape, sha256, state),
    )


async def publish(event: Event, cause: Envelope, now: datetime) -> None:
    headers = Envelope(
        id=event_id(cause.id, event.event_type, event.business_key),
        type=event.event_type,
        source="/baseline",
        time=event.occurred_at,
        partitionkey=event.order_key,
        knownat=now,
        causationid=cause.id,
        correlationid=cause.correlationid or cause.id,
    ).headers()
    await broker.publish(
        registry.encode(event),
        topic=PREFIX + event.topic,
        key=event.order_key.encode(),
        headers={name: value.decode() for name, value in headers},
    )


if __name__ == "__main__":
    uvloop.run(app.run())
