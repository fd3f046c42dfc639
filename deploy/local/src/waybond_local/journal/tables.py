"""Reads what a service keeps of one shard, in one snapshot, small enough to hold: rows with digests of their bodies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from waybond_claims.desk.audits import AuditRow
from waybond_claims.desk.inbox import Waiting
from waybond_claims.ledger import Entry
from waybond_kit.changes import JournalRow, QuarantineRow, Stored
from waybond_kit.definition import Definition
from waybond_kit.rebuild import Verdict, stored_now
from waybond_local.journal.topics import CutError

ROWS_AT_ONCE = 1_000
DIGEST_BYTES = 16


class Row(NamedTuple):
    """A row of `aggregate`, its state as a digest."""

    order_key: str
    version: int
    shape: int
    status: str
    known_at: datetime
    armed_at: datetime | None
    wording: bytes | None
    state: bytes


class KeptRow(NamedTuple):
    """A row of `quarantine`, its record as a digest."""

    topic: str
    record_offset: int
    order_key: str | None
    aggregate_id: UUID | None
    reason: str
    known_at: datetime
    record: bytes
    released_at: datetime | None
    outcome: str | None


@dataclass(slots=True)
class Tables:
    """What the tables say of one shard, all as of one instant."""

    batch_seq: int
    journal_rows: int
    aggregates: dict[UUID, Row] = field(default_factory=dict)
    wakes: dict[UUID, datetime] = field(default_factory=dict)
    quarantine: dict[tuple[int, int], KeptRow] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    entries: dict[tuple[str, int], bytes] = field(default_factory=dict)
    """Claims' books: a digest of each entry and its postings, by order and ordinal."""
    questions: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """Claims' inbox: a digest of each open question, by order and referral."""
    audits: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """What claims' audits asked and found: a digest of each row, by order and referral."""


def digest(*parts: bytes | None) -> bytes:
    """A short hash of bytes, in which None and nothing differ."""
    made = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        made.update(b"\0" if part is None else b"\1%d:" % len(part) + part)
    return made.digest()


def row_of(stored: Stored) -> Row:
    return Row(*stored[2:9], digest(stored.state))


def kept_row(row: QuarantineRow, released_at: datetime | None, outcome: str | None) -> KeptRow:
    record = digest(row.key, row.headers, row.value)
    return KeptRow(*row[3:8], row.known_at, record, released_at, outcome)


def entry_digest(entry: Entry) -> bytes:
    postings = [(each.account, each.currency, each.minor, each.refund_id) for each in entry.postings]
    return _entry(entry.at, entry.cause, entry.product, entry.lane, postings)


def _entry(at: datetime, cause: str, product: str, lane: str, postings: Iterable[tuple[Any, ...]]) -> bytes:
    return digest(json.dumps([at.timestamp(), cause, product, lane, *postings]).encode())


def question_digest(row: Waiting) -> bytes:
    return _question(getattr(row, name) for name in _OF_QUESTION)


def _question(values: Iterable[Any]) -> bytes:
    return digest(json.dumps(list(values), default=datetime.isoformat).encode())


def audit_digest(row: AuditRow) -> bytes:
    return _question(getattr(row, name) for name in _OF_AUDIT)


async def shards(connection: asyncpg.Connection, service: str) -> dict[int, int]:
    """The number of journal rows of each shard."""
    rows = await connection.fetch(
        f"SELECT shard, (SELECT count(*) FROM {service}.journal WHERE journal.shard = shard.shard) AS rows "  # noqa: S608  # our own schemas
        f"FROM {service}.shard ORDER BY shard"
    )
    return {row["shard"]: row["rows"] for row in rows}


async def read(connection: asyncpg.Connection, definition: Definition[Any], shard: int) -> Tables:
    """What the tables say; call it in a transaction that reads one snapshot.

    Raises:
        CutError: the service has never opened this shard.
    """
    service = definition.name
    row = await connection.fetchrow(_SHARD.format(service=service), shard)
    if row is None:
        raise CutError(f"{service} has no shard {shard}: it never ran here with as many")
    tables = Tables(row["batch_seq"], row["journal_rows"])
    documents = {}
    async for stored in aggregates(connection, service, shard):
        if stored.shape < definition.codec.shape and stored.wording is not None and stored.wording not in documents:
            documents |= await bodies(connection, service, [stored.wording])
        tables.aggregates[stored.id] = row_of(stored_now(stored, definition, documents))
    for wake in await connection.fetch(f"SELECT id, due FROM {service}.wake WHERE shard = $1", shard):  # noqa: S608  # our own schemas
        tables.wakes[wake["id"]] = wake["due"]
    async for kept in connection.cursor(_QUARANTINE.format(service=service), shard, prefetch=ROWS_AT_ONCE):
        place = kept["batch_seq"], kept["ordinal"]
        said = {name: kept[name] for name in KeptRow._fields if name != "record"}
        tables.quarantine[place] = KeptRow(record=digest(kept["key"], kept["headers"], kept["value"]), **said)
        tables.verdicts.append(Verdict(*(kept[name] for name in Verdict._fields)))
    if service == "claims":
        async for entry in connection.cursor(_ENTRIES, shard, prefetch=ROWS_AT_ONCE):
            postings = json.loads(entry["postings"])
            tables.entries[entry["order_key"], entry["ordinal"]] = _entry(
                entry["occurred_at"], entry["cause"], entry["product"], entry["lane"], postings
            )
        async for row in connection.cursor(_QUESTIONS, shard, prefetch=ROWS_AT_ONCE):
            tables.questions[row["order_key"], row["referral_id"]] = _question(row.values())
        async for row in connection.cursor(_AUDITS, shard, prefetch=ROWS_AT_ONCE):
            tables.audits[row["order_key"], row["referral_id"]] = _question(row.values())
    return tables


async def aggregates(connection: asyncpg.Connection, service: str, shard: int) -> AsyncIterator[Stored]:
    """Every aggregate of a shard."""
    query = f"SELECT {', '.join(Stored._fields)} FROM {service}.aggregate WHERE shard = $1"  # noqa: S608  # our own schemas
    async for row in connection.cursor(query, shard, prefetch=ROWS_AT_ONCE):
        yield Stored(*row)


async def bodies(connection: asyncpg.Connection, service: str, hashes: list[bytes]) -> dict[bytes, bytes]:
    """Documents by their SHA-256."""
    rows = await connection.fetch(f"SELECT sha256, body FROM {service}.wording WHERE sha256 = ANY($1)", hashes)  # noqa: S608  # our own schemas
    return {row["sha256"]: row["body"] for row in rows}


async def journal(connection: asyncpg.Connection, service: str, shard: int, through: int) -> AsyncIterator[JournalRow]:
    """The journal's rows up to a batch, in order. They never change, so each page is a statement of its own."""
    after = 0
    while True:
        rows = await connection.fetch(_JOURNAL.format(service=service), shard, after, through, ROWS_AT_ONCE)
        for row in rows:
            yield JournalRow(*row)
        if len(rows) < ROWS_AT_ONCE:
            return
        after = rows[-1]["seq"]


_SHARD = """
SELECT batch_seq, (SELECT count(*) FROM {service}.journal WHERE journal.shard = shard.shard) AS journal_rows
FROM {service}.shard WHERE shard = $1
"""

_QUARANTINE = "SELECT * FROM {service}.quarantine WHERE shard = $1 ORDER BY batch_seq, ordinal"

_ENTRIES = """
SELECT order_key, ordinal, occurred_at, cause, product, lane,
  coalesce((SELECT json_agg(json_build_array(account, currency, minor, refund_id::text) ORDER BY line)
    FROM claims.posting WHERE posting.shard = entry.shard AND entry_id = entry.id), '[]') AS postings
FROM claims.entry WHERE shard = $1
"""

# What a question's file suggests is left out: rows of before do not have it until something else changes in them.
_OF_QUESTION = (
    *("order_key", "referral_id", "reason", "role", "minor", "currency", "answer_by", "opened_at", "version"),
    *("question", "choices", "assignee", "snoozed_until", "boosted", "notes", "proposed_by"),
)
_QUESTIONS = f"SELECT {', '.join(_OF_QUESTION)} FROM claims.inbox WHERE shard = $1"  # noqa: S608  # our own names

_OF_AUDIT = (
    *("order_key", "referral_id", "product", "product_version", "sample", "minor", "currency", "asked_at"),
    *("choice", "wrong_minor", "decided_by", "decided_at"),
)
_AUDITS = f"SELECT {', '.join(_OF_AUDIT)} FROM claims.audit WHERE shard = $1".replace(  # noqa: S608  # our own names
    " referral_id,", " referral_id::text AS referral_id,"
)

_JOURNAL = """
SELECT shard, seq, epoch, code, spans, wake_before, wake_due, wake_id, sent_at, complete_until, known
FROM {service}.journal WHERE shard = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4
"""
