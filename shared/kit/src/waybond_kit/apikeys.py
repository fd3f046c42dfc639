"""API keys of tenants and of people: made once, kept as hashes, compared in constant time, replaced with an overlap,
revoked.

A key is `wb_<prefix>_<secret>`: the prefix finds its row, the secret has 256 bits. Only SHA-256 of the whole key is
kept; a slow hash would add nothing, since there is no guessing 256 random bits. Each service that serves HTTP has a
table `api_key` of its own; `waybond tenant` writes the same hashes into all of them. A key of a person also says who
that is, as which role, what they may do, and how much they decide alone.
"""

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

import asyncpg

from waybond_kit.definition import Connection

_KEY = re.compile(r"wb_(?P<prefix>[0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_SCHEME = "Bearer "
MAX_HEADER_CHARACTERS = 256
NO_HASH = bytes(32)

_FIND = """
SELECT tenant, hash, author, role, scopes, limits FROM api_key
WHERE prefix = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""
_ADD = """
INSERT INTO api_key (prefix, tenant, hash, created_at, author, role, scopes, limits)
VALUES ($1, $2, $3, now(), $4, $5, $6, $7::jsonb)
"""
_EXPIRE = """
UPDATE api_key SET expires_at = least(expires_at, now() + $3)
WHERE tenant = $1 AND prefix <> $2 AND revoked_at IS NULL AND author = ''
"""
_REVOKE = "UPDATE api_key SET revoked_at = now() WHERE prefix = $1 AND revoked_at IS NULL"
_LIST = """
SELECT prefix, tenant, created_at, expires_at, revoked_at, author, role FROM api_key
ORDER BY tenant, created_at, prefix
"""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What may be shown of a key."""

    prefix: str
    tenant: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    author: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a key lets in, if it is no machine of the tenant. `limits`: minor units by currency."""

    author: str
    """A pseudonymous id."""
    role: str
    scopes: frozenset[str]
    limits: Mapping[str, int] = field(default_factory=dict)
    """How much they decide alone; empty: as much as their role."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a valid key belongs to."""

    tenant: str
    prefix: str
    person: Person | None
    """None: a machine of the tenant."""


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


async def caller_of(pool: asyncpg.Pool, authorization: str | None) -> Caller | None:
    """Whose valid key the header `Authorization: Bearer <key>` holds; None for anything else."""
    if authorization is None or len(authorization) > MAX_HEADER_CHARACTERS or not authorization.startswith(_SCHEME):
        return None
    key = authorization[len(_SCHEME) :]
    prefix = prefix_of(key)
    if prefix is None:
        return None
    row = await pool.fetchrow(_FIND, prefix)
    matches = hmac.compare_digest(hash_of(key), row["hash"] if row else NO_HASH)
    if row is None or not matches:
        return None
    person = None
    if row["author"]:
        person = Person(row["author"], row["role"], frozenset(row["scopes"]), json.loads(row["limits"]))
    return Caller(row["tenant"], prefix, person)


async def add_key(connection: Connection, tenant: str, key: str, person: Person | None = None) -> None:
    """Let the tenant in with `key`, or a person of it. Raises ValueError for what is no key."""
    author, role, scopes, limits = "", "", list[str](), "{}"
    if person is not None:
        author, role, scopes = person.author, person.role, sorted(person.scopes)
        limits = json.dumps(dict(person.limits))
    await connection.execute(_ADD, _prefix(key), tenant, hash_of(key), author, role, scopes, limits)


async def rotate_key(connection: Connection, tenant: str, key: str, overlap: timedelta) -> None:
    """Let the tenant in with `key`, and with the keys it had for no longer than `overlap`. Those of people stay.

    Raises ValueError for what is no key.
    """
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
