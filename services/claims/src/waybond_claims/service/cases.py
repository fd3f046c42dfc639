"""Reads cases from the service's tables, by their orders."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case
from waybond_claims.service.codec import CaseCodec
from waybond_kit.definition import Connection
from waybond_kit.keys import aggregate_id, partition_of

_CODEC = CaseCodec()
_COLUMNS = """
aggregate.shard, order_key, shape, status, known_at, state, body
FROM aggregate LEFT JOIN wording ON sha256 = wording
"""
_SHARDS = "SELECT count(*) FROM shard"
_ONE = f"SELECT {_COLUMNS} WHERE aggregate.shard = $1 AND id = $2 AND order_key = $3"

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


def _read(row: asyncpg.Record) -> Stored:
    case = _CODEC.decode(row["shape"], row["state"], row["body"])
    return Stored(case, row["shard"], row["status"], row["known_at"])


def question(case: Case, referral_id: str) -> Referral | None:
    """A question of the case, open or closed; None if it has no such one (any more)."""
    return next((each for each in case.referrals if each.referral_id == referral_id), None)
