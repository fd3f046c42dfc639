"""API keys of tenants: made once, kept as hashes, compared in constant time, replaced with an overlap, revoked.

A key is `wb_<prefix>_<secret>`: the prefix finds its row, the secret has 256 bits. Only SHA-256 of the whole key is
kept; a slow hash would add nothing, since there is no guessing 256 random bits. Each service that serves HTTP has a
table `api_key` of its own; `waybond tenant` writes the same hashes into all of them.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import asyncpg

from waybond_kit.definition import Connection

_KEY = re.compile(r"wb_(?P<prefix>[0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_SCHEME = "Bearer "
MAX_HEADER_CHARACTERS = 256
NO_HASH = bytes(32)

_FIND = """
SELECT tenant, hash FROM api_key
WHERE prefix = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""
_ADD = "INSERT INTO api_key (prefix, tenant, hash, created_at) VALUES ($1, $2, $3, now())"
_EXPIRE = """
UPDATE api_key SET expires_at = least(expires_at, now() + $3)
WHERE tenant = $1 AND prefix <> $2 AND revoked_at IS NULL
"""
_REVOKE = "UPDATE api_key SET revoked_at = now() WHERE prefix = $1 AND revoked_at IS NULL"
_LIST = "SELECT prefix, tenant, created_at, expires_at, revoked_at FROM api_key ORDER BY tenant, created_at, prefix"


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What may be shown of a key."""

    prefix: str
    tenant: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def new_key() -> str:
    """A key that nobody has: it is shown once and cannot be shown again."""
    return f"wb_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"


def prefix_of(key: str) -> str | None:
    """The part that finds the key and may be logged; None for what is no key."""
    match = _KEY.fullmatch(key)
    return match["prefix"] if match else None


def hash_of(key: str) -> bytes:
    """SHA-256 of the key, 32 bytes."""
    return sha256(key.encode()).digest()


async def tenant_of(pool: asyncpg.Pool, authorization: str | None) -> str | None:
    """The tenant whose valid key the header `Authorization: Bearer <key>` holds; None for anything else."""
    if authorization is None or len(authorization) > MAX_HEADER_CHARACTERS or not authorization.startswith(_SCHEME):
        return None
    key = authorization[len(_SCHEME) :]
    prefix = prefix_of(key)
    if prefix is None:
        return None
    row = await pool.fetchrow(_FIND, prefix)
    matches = hmac.compare_digest(hash_of(key), row["hash"] if row else NO_HASH)
    return row["tenant"] if row is not None and matches else None


async def add_key(connection: Connection, tenant: str, key: str) -> None:
    """Let the tenant in with `key`. Raises ValueError for what is no key."""
    await connection.execute(_ADD, _prefix(key), tenant, hash_of(key))


async def rotate_key(connection: Connection, tenant: str, key: str, overlap: timedelta) -> None:
    """Let the tenant in with `key`, and with the keys it had for no longer than `overlap`. Raises ValueError."""
    async with connection.transaction():
        await add_key(connection, tenant, key)
        await connection.execute(_EXPIRE, tenant, _prefix(key), overlap)


async def revoke_key(connection: Connection, prefix: str) -> bool:
    """Let nobody in with this key from now on; False where there is no such key, or it was revoked before."""
    return (await connection.execute(_REVOKE, prefix)) != "UPDATE 0"


async def list_keys(connection: Connection) -> list[KeyRow]:
    """All keys, without their hashes."""
    return [KeyRow(**dict(row)) for row in await connection.fetch(_LIST)]


def _prefix(key: str) -> str:
    prefix = prefix_of(key)
    if prefix is None:
        raise ValueError("a key as new_key makes it was expected")
    return prefix
