"""Names of things: the order that a record's key means, its shard, and the ids of what we publish."""

import hashlib
from datetime import datetime
from uuid import NAMESPACE_URL, UUID

from aiokafka.partitioner import murmur2
from asyncpg.pgproto import pgproto
from pydantic import ValidationError

from waybond_contracts.errors import ContractError
from waybond_contracts.event import OrderRef

FastUUID = pgproto.UUID
"""The uuid.UUID that asyncpg returns; it is made in a fifth of the time."""
_NAMESPACE = NAMESPACE_URL.bytes


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Kafka's default partitioner (murmur2) gives a key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def aggregate_id(order_key: str) -> UUID:
    """The id of an order's aggregate: short, and spread evenly over the index."""
    return FastUUID(hashlib.blake2b(order_key.encode(), digest_size=16).digest())


def read_key(key: bytes | None) -> str:
    """The order that a record's key names, as `tenant/platform/order_id`; raises ContractError."""
    if not key:
        raise ContractError("key", "tenant/platform/order_id", "nothing")
    try:
        text = key.decode()
    except UnicodeDecodeError:
        raise ContractError("key", "UTF-8", key) from None
    parts = text.split("/")
    if len(parts) != 3:
        raise ContractError("key", "tenant/platform/order_id", text)
    try:
        OrderRef(tenant=parts[0], platform=parts[1], order_id=parts[2])
    except ValidationError:
        raise ContractError("key", "tenant/platform/order_id", text) from None
    return text


def event_id(cause: str, event_type: str, business_key: str) -> str:
    """The ce_id of what `cause` makes us publish: uuid5, so that a replay publishes the same ids.

    `business_key` has to name the order too, where there is one: the ids of causes are their platforms' own, and two
    platforms may count alike.
    """
    name = f"{cause}|{event_type}|{business_key}".encode()
    digest = bytearray(hashlib.sha1(_NAMESPACE + name, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return str(FastUUID(bytes(digest)))


def wake_id(service: str, order_key: str, due: datetime) -> str:
    """The id of a wake, as the cause of what it publishes."""
    return event_id(f"{service}/{order_key}", "wake", due.isoformat())
