"""Links by which a buyer sees an order: signed, for a time, and taken back for all that were made before an instant.

Nothing of a link is stored; what is stored are the orders whose links were revoked. Both instants are the database's:
the clocks of two processes may differ.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import asyncpg
from pydantic import ValidationError

from waybond_contracts.event import OrderRef
from waybond_contracts.fields import Instant
from waybond_kit.signing import SigningKeys, TokenError, opened, signed

PREFIX = "ws1"
MAX_LINK_CHARACTERS = 2_048
MAX_VALID_DAYS = 90
VALID_DAYS = 30
"""How long a link shows something, if it is not said."""

_NOW = "SELECT clock_timestamp()"
_REVOKED = "SELECT revoked_at FROM status_link_revocation WHERE order_key = $1"
_REVOKE = """
WITH needless AS (
  DELETE FROM status_link_revocation WHERE revoked_at < clock_timestamp() - $2::interval AND order_key <> $1
)
INSERT INTO status_link_revocation (order_key, revoked_at) VALUES ($1, clock_timestamp())
ON CONFLICT (order_key) DO UPDATE SET revoked_at = excluded.revoked_at
"""


class StatusLink(OrderRef):
    """What a link's token says."""

    issued_at: Instant
    expires_at: Instant


@dataclass(frozen=True, slots=True, repr=False)
class LinkKeys(SigningKeys):
    """The keys that sign links; `current` is None where none are made."""

    called: ClassVar[str] = "status keys"


def sign(link: StatusLink, keys: LinkKeys) -> str:
    """The token of a link, signed with the current key. Raises ContractError without one."""
    return signed(PREFIX, link.model_dump_json().encode(), keys)


def verify(token: str, keys: LinkKeys, now: datetime) -> StatusLink | None:
    """What the token of a link says; None for one that is not ours, or has expired. It asks nobody."""
    try:
        link = StatusLink.model_validate_json(opened(PREFIX, token, keys, MAX_LINK_CHARACTERS))
    except (TokenError, ValidationError):
        return None
    return link if now < link.expires_at else None


async def made(pool: asyncpg.Pool, order: OrderRef, keys: LinkKeys, valid: timedelta) -> tuple[str, StatusLink]:
    """A token that shows this order from now on for so long, and what it says. Raises ContractError without a key."""
    now = await pool.fetchval(_NOW)
    link = StatusLink(
        tenant=order.tenant,
        platform=order.platform,
        order_id=order.order_id,
        issued_at=now,
        expires_at=now + valid,
    )
    return sign(link, keys), link


async def revoke(pool: asyncpg.Pool, order_key: str) -> None:
    """Take back all links of the order that were made until now."""
    await pool.execute(_REVOKE, order_key, timedelta(days=MAX_VALID_DAYS))


async def revoked(pool: asyncpg.Pool, link: StatusLink) -> bool:
    """Whether the link was taken back."""
    at = await pool.fetchval(_REVOKED, link.order_key)
    return at is not None and link.issued_at <= at
