"""Reads what the invariants need and changes nothing: the services' tables, the payment system's books, the logs."""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import asyncpg
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from waybond_claims.case.state import Case
from waybond_claims.service.codec import CaseCodec
from waybond_contracts.registry import PROGRESS_TYPE
from waybond_contracts.topics import TOPICS
from waybond_local.invariants.flow import NOT_RECORDS, Control, Kept, Log, Place, Spans
from waybond_local.invariants.money import Ledger, Moved, PaymentBooks
from waybond_local.state import CORE, SERVICES

PAYMENT_SYSTEM = "payment system"
INPUTS = {service: tuple(topic.name for topic in TOPICS if service in topic.readers) for service in SERVICES}
MAX_UNBALANCED = 20
MAX_COMPARED = 1_000
"""How many records in quarantine are looked up in the log; of the others the bytes are not loaded."""
COMPARED_AT_ONCE = 500
FETCH_MS = 1_000
SCAN_RECORDS = 5_000
MAX_SCANNED = 500_000
"""How many records of a partition are read to see that what no journal names is a control record."""
CONTROL = PROGRESS_TYPE.encode()
CASES_AT_ONCE = 1_000


@asynccontextmanager
async def reading(dsn: str, *, snapshot: bool = True) -> AsyncIterator[asyncpg.Connection]:
    """A connection of which PostgreSQL itself sees to it that it only reads; all that is read is of one instant.

    Without `snapshot` each statement sees what is there by then, and nothing is held back while one reads for long.
    """
    connection = await asyncpg.connect(dsn, server_settings={"default_transaction_read_only": "on"})
    try:
        if not snapshot:
            yield connection
            return
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    finally:
        await connection.close()


async def cases(connection: asyncpg.Connection) -> AsyncIterator[Case]:
    """Every claim file, without its wording."""
    codec = CaseCodec()
    query = "SELECT shape, state FROM claims.aggregate"
    async for row in connection.cursor(query, prefetch=CASES_AT_ONCE):
        yield codec.decode(row["shape"], row["state"], None)


async def moved(connection: asyncpg.Connection) -> list[Moved]:
    """What reached buyers, by refund, as the payment system booked it."""
    rows = await connection.fetch(
        "SELECT order_key, refund_id, currency, -sum(amount_minor)::bigint AS minor FROM sandbox.movement "
        "GROUP BY order_key, refund_id, currency"
    )
    return [Moved(**row) for row in rows]


async def waiting(connection: asyncpg.Connection) -> dict[str, int]:
    """Payments that the payment system has taken and not done, by order."""
    rows = await connection.fetch(
        "SELECT order_key, count(*) AS number FROM sandbox.payment WHERE status = 'waiting' GROUP BY order_key"
    )
    return {row["order_key"]: row["number"] for row in rows}


async def payment_books(connection: asyncpg.Connection) -> PaymentBooks:
    balances = await connection.fetch("SELECT currency, minor FROM sandbox.balance")
    sums = await connection.fetch(
        "SELECT currency, sum(amount_minor)::bigint AS minor FROM sandbox.movement GROUP BY 1"
    )
    return PaymentBooks(
        balance={row["currency"]: row["minor"] for row in balances},
        moved={row["currency"]: row["minor"] for row in sums},
        payments=await _count(connection, "sandbox.payment"),
        movements=await _count(connection, "sandbox.movement"),
    )


async def ledger(connection: asyncpg.Connection) -> Ledger:
    unbalanced = await connection.fetch(_UNBALANCED, MAX_UNBALANCED)
    accounts = await connection.fetch(
        "SELECT account, currency, sum(minor)::bigint AS minor FROM claims.posting GROUP BY 1, 2"
    )
    cash_of = await connection.fetch(
        "SELECT refund_id::text AS refund_id, sum(minor)::bigint AS minor FROM claims.posting "
        "WHERE account = 'cash' GROUP BY 1"
    )
    return Ledger(
        entries=await _count(connection, "claims.entry"),
        postings=await _count(connection, "claims.posting"),
        unbalanced=tuple(f"{row['order_key']}/{row['ordinal']}" for row in unbalanced),
        cash={row["currency"]: row["minor"] for row in accounts if row["account"] == "cash"},
        cash_of={row["refund_id"]: row["minor"] for row in cash_of},
        accounts={(row["account"], row["currency"]): row["minor"] for row in accounts},
    )


async def present(connection: asyncpg.Connection) -> tuple[str, ...]:
    """The services that have tables here."""
    rows = await connection.fetch("SELECT nspname FROM pg_namespace WHERE nspname = ANY($1)", list(SERVICES))
    found = {row["nspname"] for row in rows}
    return tuple([each for each in SERVICES if each in found])


async def outbox_ends(connection: asyncpg.Connection, services: Sequence[str] = CORE) -> dict[str, dict[int, int]]:
    """By service and shard, the number of the last row that was committed; the payment system has one shard, 0."""
    found: dict[str, dict[int, int]] = {}
    for service in services:
        rows = await connection.fetch(f"SELECT shard, outbox_seq FROM {service}.shard")  # noqa: S608 - our own schemas
        found[service] = {row["shard"]: row["outbox_seq"] for row in rows}
    last = await connection.fetchval("SELECT max(seq) FROM sandbox.answer")
    return found | {PAYMENT_SYSTEM: {0: last or 0}}


async def outboxes(connection: asyncpg.Connection, ends: Mapping[str, Mapping[int, int]]) -> dict[str, int]:
    """Rows up to these ends that are committed and not known to be published."""
    counts: dict[str, int] = {}
    for service in [each for each in ends if each != PAYMENT_SYSTEM]:
        columns = list(ends[service]), list(ends[service].values())
        counts[service] = await connection.fetchval(_UNSENT.format(service=service), *columns) or 0
    last = ends[PAYMENT_SYSTEM][0]
    unsent = await connection.fetchval("SELECT count(*) FROM sandbox.answer WHERE seq <= $1", last)
    return counts | {PAYMENT_SYSTEM: unsent or 0}


async def _count(connection: asyncpg.Connection, table: str) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {table}") or 0)  # noqa: S608 - our own tables


async def next_offsets(connection: asyncpg.Connection, services: Sequence[str] = CORE) -> dict[Place, int]:
    """The next offset of every partition that a service, or the payment system, reads."""
    found: dict[Place, int] = {}
    for service in services:
        rows = await connection.fetch(f"SELECT topic, shard, next_offset FROM {service}.shard_input")  # noqa: S608 - our own schemas
        found |= {Place(service, row["topic"], row["shard"]): row["next_offset"] for row in rows}
    return found


async def journals(
    connection: asyncpg.Connection, logs: Mapping[Place, Log], reached: Mapping[Place, int]
) -> dict[Place, Spans]:
    """What each journal says was applied of what the logs hold; PostgreSQL sums it up, since a journal can be long."""
    found: dict[Place, Spans] = {}
    for service in dict.fromkeys(place.service for place in logs):
        gaps: dict[Place, list[tuple[int, int]]] = defaultdict(list)
        for row in await connection.fetch(_GAPS.format(service=service)):
            gaps[Place(service, row["topic"], row["shard"])].append((row["before"] + 1, row["first"] - 1))
        starts = [(place.shard, place.topic, log.start) for place, log in logs.items() if place.service == service]
        columns = [list(column) for column in zip(*starts, strict=True)] or [[], [], []]
        for row in await connection.fetch(_SPANS.format(service=service), *columns):
            place = Place(service, row["topic"], row["shard"])
            start, end = logs[place].start if place in logs else 0, reached.get(place, 0)
            around = ((start, row["first"] - 1), *gaps[place], (row["last"] + 1, end - 1))
            between = tuple((max(first, start), last) for first, last in around if max(first, start) <= last)
            found[place] = Spans(row["offsets"], row["overlaps"], between)
    for place, log in logs.items():
        if place not in found and log.start < reached.get(place, 0):
            found[place] = Spans(0, 0, ((log.start, reached[place] - 1),))
    return found


def unread(logs: Mapping[Place, Log], reached: Mapping[Place, int]) -> dict[Place, Spans]:
    """What lies between where each reader is and where the logs ended, as spans of nothing that was applied."""
    return {
        place: Spans(0, 0, ((max(reached.get(place, 0), log.start), log.end - 1),))
        for place, log in logs.items()
        if reached.get(place, 0) < log.end
    }


async def between(bootstrap: str, spans: Mapping[Place, Spans], prefix: str = "") -> dict[Place, Control]:
    """What lies at the offsets that are in no span, the newest MAX_SCANNED of each partition."""
    events: dict[tuple[str, int], tuple[int, array[int]]] = {}
    for topic, partition in sorted({(place.topic, place.shard) for place in spans}):
        bounds = [
            gap
            for place, each in spans.items()
            if (place.topic, place.shard) == (topic, partition)
            for gap in each.between
        ]
        if bounds:
            last = max(last for _, last in bounds)
            first = max(min(first for first, _ in bounds), last - MAX_SCANNED + 1)
            events[topic, partition] = (
                first,
                await _events(bootstrap, TopicPartition(prefix + topic, partition), first, last),
            )
    found: dict[Place, Control] = {}
    for place, each in spans.items():
        scanned, offsets = events.get((place.topic, place.shard), (0, array("q")))
        seen = [(max(first, scanned), last) for first, last in each.between if last >= scanned]
        total = sum(last - first + 1 for first, last in each.between)
        looked = sum(last - first + 1 for first, last in seen)
        carrying = sum(bisect_right(offsets, last) - bisect_left(offsets, first) for first, last in seen)
        found[place] = Control(control=looked - carrying, events=carrying, unseen=total - looked)
    return found


async def _events(bootstrap: str, at: TopicPartition, first: int, last: int) -> "array[int]":
    """The offsets from `first` to `last`, or to the log's end, at which something else than a control record lies."""
    found: array[int] = array("q")
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        consumer.assign([at])
        # S: the topic was made anew; what it does not hold never comes, and this would wait for it for ever.
        last = min(last, (await consumer.end_offsets([at]))[at] - 1)
        if first > last:
            return found
        consumer.seek(at, first)
        while await consumer.position(at) <= last:
            for record in (await consumer.getmany(at, timeout_ms=FETCH_MS, max_records=SCAN_RECORDS)).get(at, ()):
                if record.offset <= last and ("ce_type", CONTROL) not in record.headers:
                    found.append(record.offset)
    return found


# An entry without postings is none: it is found as well.
_UNBALANCED = """
SELECT order_key, ordinal FROM claims.entry LEFT JOIN claims.posting
  ON posting.shard = entry.shard AND posting.entry_id = entry.id
GROUP BY order_key, ordinal, currency HAVING coalesce(sum(minor), 1) <> 0 ORDER BY 1, 2 LIMIT $1
"""

_UNSENT = """
SELECT count(*) FROM {service}.outbox LEFT JOIN unnest($1::int[], $2::bigint[]) AS known (shard, last)
  ON outbox.shard = known.shard
WHERE known.shard IS NULL OR outbox.seq <= known.last
"""

_QUARANTINE = """
SELECT shard, topic, record_offset, reason, detail, aggregate_id,
  CASE WHEN ordinal_number <= $1 THEN key END AS key, CASE WHEN ordinal_number <= $1 THEN value END AS value
FROM (
  SELECT *, row_number() OVER (ORDER BY shard, topic, record_offset) AS ordinal_number FROM {service}.quarantine
) AS kept ORDER BY shard, topic, record_offset
"""

_SPAN = """
WITH span AS (
  SELECT shard, seq, place, part->>0 AS topic, (part->>1)::bigint AS first, (part->>2)::bigint AS last
  FROM {service}.journal, jsonb_array_elements(spans) WITH ORDINALITY AS each (part, place)
), step AS (
  SELECT *, lag(last) OVER (PARTITION BY shard, topic ORDER BY seq, place) AS before FROM span
)
"""
_SPANS = (
    _SPAN
    + """SELECT shard, topic, min(first) AS first, max(last) AS last,
  sum(greatest(last - greatest(first, coalesce(start, 0)) + 1, 0))::bigint AS offsets,
  count(*) FILTER (WHERE first <= before) AS overlaps
FROM step LEFT JOIN unnest($1::int[], $2::text[], $3::bigint[]) AS log (shard, topic, start) USING (shard, topic)
GROUP BY shard, topic"""
)
_GAPS = f"{_SPAN} SELECT shard, topic, before, first FROM step WHERE first > before + 1"  # noqa: S608 - our own tables


async def logs(bootstrap: str, partitions: int, prefix: str = "", services: Sequence[str] = CORE) -> dict[Place, Log]:
    """The broker's offsets of everything that services read."""
    names = sorted({topic for service in services for topic in INPUTS[service]})
    at = {TopicPartition(prefix + topic, n): (topic, n) for topic in names for n in range(partitions)}
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        consumer.assign(list(at))
        starts = await consumer.beginning_offsets(list(at))
        ends = await consumer.end_offsets(list(at))
    bounds = {where: Log(starts[each], ends[each]) for each, where in at.items()}
    return {
        Place(service, topic, n): bounds[topic, n]
        for service in services
        for topic in INPUTS[service]
        for n in range(partitions)
    }


async def quarantined(
    connection: asyncpg.Connection, bootstrap: str, prefix: str = "", services: Sequence[str] = CORE
) -> list[Kept]:
    """Rows of quarantine, each with what the log holds at its offset."""
    rows: list[tuple[str, asyncpg.Record]] = []
    for service in services:
        found = await connection.fetch(_QUARANTINE.format(service=service), MAX_COMPARED)
        rows += [(service, row) for row in found]
    times = Counter((service, *_identity(row)) for service, row in rows)
    asked = [_place(row) for _, row in rows[:MAX_COMPARED] if row["reason"] not in NOT_RECORDS]
    logged = await _look_up(bootstrap, prefix, asked)
    return [
        Kept(
            place=Place(service, row["topic"], row["shard"]),
            offset=row["record_offset"],
            reason=row["reason"],
            detail=row["detail"],
            times=times[service, *_identity(row)],
            bytes_=(row["key"], row["value"]),
            logged=logged.get(_place(row)) if number < MAX_COMPARED else None,
        )
        for number, (service, row) in enumerate(rows)
    ]


def _place(row: asyncpg.Record) -> tuple[str, int, int]:
    return row["topic"], row["shard"], row["record_offset"]


def _identity(row: asyncpg.Record) -> tuple[object, ...]:
    """What a row is about; wakes have no offset, and an order whose wake failed once more has another row."""
    if row["reason"] in NOT_RECORDS:
        return (row["shard"], row["topic"], row["record_offset"], row["aggregate_id"])
    return (row["shard"], row["topic"], row["record_offset"], None)


async def _look_up(
    bootstrap: str, prefix: str, asked: Sequence[tuple[str, int, int]]
) -> Mapping[tuple[str, int, int], tuple[bytes | None, bytes | None]]:
    """Key and value of the records at these offsets; one that the log has not any more is left out."""
    found: dict[tuple[str, int, int], tuple[bytes | None, bytes | None]] = {}
    if not asked:
        return found
    wanted: dict[tuple[str, int], set[int]] = defaultdict(set)
    for topic, partition, offset in asked:
        wanted[topic, partition].add(offset)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        for (topic, partition), offsets in wanted.items():
            at = TopicPartition(prefix + topic, partition)
            consumer.assign([at])
            behind = 0
            for offset in sorted(offsets):
                if offset < behind:
                    continue  # it was read, or is not there, with one before it
                consumer.seek(at, offset)
                batch = await consumer.getmany(at, timeout_ms=FETCH_MS, max_records=COMPARED_AT_ONCE)
                run = batch.get(at, ())
                found |= {
                    (topic, partition, each.offset): (each.key, each.value) for each in run if each.offset in offsets
                }
                behind = run[-1].offset + 1 if run else offset + 1
    return found
