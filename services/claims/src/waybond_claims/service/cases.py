"""Reads cases from the service's tables: one by its order, or those that wait for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from waybond_claims.case.state import Case
from waybond_claims.service.codec import CaseCodec
from waybond_kit.definition import Connection
from waybond_kit.keys import aggregate_id, partition_of

MAX_LISTED = 500

_CODEC = CaseCodec()
_COLUMNS = """
aggregate.shard, order_key, shape, status, known_at, state, body
FROM aggregate LEFT JOIN wording ON sha256 = wording
"""
_SHARDS = "SELECT count(*) FROM shard"
_ONE = f"SELECT {_COLUMNS} WHERE aggregate.shard = $1 AND id = $2 AND order_key = $3"
# No index: nothing that changes on an aggregate is indexed, and a person asks rarely. Audits, for which nothing waits,
# stand behind all that waits.
_REFERRED = f"""
SELECT {_COLUMNS} WHERE status IN ('referred', 'audit') AND position($2::bytea IN state) > 0
ORDER BY status = 'audit', known_at LIMIT $1
"""
_WAITING = """
SELECT shape, state FROM aggregate WHERE shard = ANY($1::int[]) AND status IN ('referred', 'audit')
ORDER BY status = 'audit', known_at LIMIT $2
"""

Reader = asyncpg.Pool | Connection


@dataclass(frozen=True, slots=True)
class Stored:
    """A case as it is stored."""

    case: Case
    shard: int
    status: str
    known_at: datetime


async def find(reader: Reader, order_key: str) -> Stored | None:
    """The case of an order, as tenant/platform/order_id; None if there is none, or none any more."""
    shards = await reader.fetchval(_SHARDS)
    if not shards:
        return None
    shard = partition_of(order_key.encode(), shards)
    row = await reader.fetchrow(_ONE, shard, aggregate_id(order_key), order_key)
    return _read(row) if row is not None else None


async def referred(reader: Reader, beginning: str = "") -> Sequence[Stored]:
    """The cases that wait for a person, the longest waiting first, and behind them audits; at most MAX_LISTED.

    With the `beginning` of a referral's id, those alone whose file has text that begins so: a few more than are meant.
    """
    text = opening(beginning) if beginning else b""
    return [_read(row) for row in await reader.fetch(_REFERRED, MAX_LISTED, text)]


def opening(beginning: str) -> bytes:
    """How text that begins so begins in a file, which is JSON: with its quotation mark."""
    return msgspec.json.encode(beginning).removesuffix(b'"')


async def waiting(reader: Reader, shards: Sequence[int], limit: int) -> list[Case]:
    """The cases of these shards that wait for a person, without their wordings, the longest waiting first."""
    rows = await reader.fetch(_WAITING, shards, limit)
    return [_CODEC.decode(row["shape"], row["state"], None) for row in rows]


def _read(row: asyncpg.Record) -> Stored:
    case = _CODEC.decode(row["shape"], row["state"], row["body"])
    return Stored(case, row["shard"], row["status"], row["known_at"])
