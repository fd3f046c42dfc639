"""Quote tokens: what was quoted, signed, so that an order can be bound at that price without anything being stored.

A token is `wq1.<key id>.<content>.<HMAC-SHA256>`, the last two in unpadded base64url. The content is JSON, and what is
signed are the three parts before the signature. A key is rotated by putting a new one in front: the first signs, all of
them verify. A key that signed quotes is kept as long as orders bound by them may be replayed.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, ValidationError

from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Code, Instant, Model, OrderId, Segment
from waybond_contracts.money import Money
from waybond_contracts.orders import FxRate
from waybond_contracts.places import Lane

PREFIX = "wq1"
MIN_SECRET_BYTES = 32
MAX_TOKEN_CHARACTERS = 4_096


class Quote(Model):
    """What a token promises: this premium, for this order with all that it was rated by, until then."""

    tenant: Segment
    platform: Segment
    order_id: OrderId
    product: Segment
    version: Annotated[str, Field(max_length=32)]
    premium: Money
    value: Money
    lane: Lane
    expires_at: Instant
    service: Code | None = None
    """None, like `basis`: from before tokens said it. Such orders may still be replayed."""
    basis: Money | None = None
    """What shares are taken of."""
    season: Code | None = None
    """The season of the promised arrival. None where none was promised: then it was rated for the day of the quote."""
    exchange: FxRate | None = None
    """The rate between the order's currency and that of rating and limit, if there was one: the policy keeps it."""


@dataclass(frozen=True, slots=True, repr=False)
class QuoteKeys:
    """The secrets by key id; `current` signs, None where nothing is quoted. Not shown in logs."""

    current: str | None
    secrets: Mapping[str, bytes]

    @classmethod
    def none(cls) -> "QuoteKeys":
        """No key: nothing can be signed, and no token is ours."""
        return cls(current=None, secrets=MappingProxyType({}))

    @classmethod
    def parse(cls, text: str) -> "QuoteKeys":
        """Read "id:hex,id:hex", the current key first. Raises ContractError; the error never shows a secret."""
        secrets: dict[str, bytes] = {}
        for entry in text.split(","):
            key_id, _, secret = entry.strip().partition(":")
            expected = (
                f"id:secret, a secret being at least {MIN_SECRET_BYTES} bytes in hexadecimal, separated by commas"
            )
            if not key_id.isalnum() or key_id in secrets:
                raise ContractError("quote keys", f"{expected}; each id is letters and digits and used once")
            try:
                secrets[key_id] = bytes.fromhex(secret)
            except ValueError:
                raise ContractError("quote keys", expected) from None
            if len(secrets[key_id]) < MIN_SECRET_BYTES:
                raise ContractError("quote keys", expected)
        return cls(current=next(iter(secrets)), secrets=MappingProxyType(secrets))


class TokenError(ValueError):
    """A token that was not made by us, or not as it stands."""


def sign(quote: Quote, keys: QuoteKeys) -> str:
    """The token of a quote, signed with the current key. Raises ContractError without one."""
    if keys.current is None:
        raise ContractError("quote keys", "a key to sign with")
    content = _text(quote.model_dump_json().encode())
    signed = f"{PREFIX}.{keys.current}.{content}"
    return f"{signed}.{_text(_mac(signed, keys.secrets[keys.current]))}"


def verify(token: str, keys: QuoteKeys) -> Quote:
    """What the token promises. Raises TokenError; whether it has expired or fits the order is for the caller."""
    signed, _, signature = token.rpartition(".")
    parts = signed.split(".")
    if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii() or len(parts) != 3 or parts[0] != PREFIX:
        raise TokenError("this is no quote token")
    secret = keys.secrets.get(parts[1])
    if secret is None:
        raise TokenError("the token names a key that is not known")
    # Compared as text: base64 has several spellings of the same bytes, and only ours is a token.
    if not hmac.compare_digest(signature, _text(_mac(signed, secret))):
        raise TokenError("the signature does not fit what the token says")
    try:
        return Quote.model_validate_json(_bytes(parts[2]))
    except (binascii.Error, ValidationError):
        raise TokenError("the token is signed but cannot be read") from None


def expired(quote: Quote, at: datetime) -> bool:
    """Whether the quote no longer holds at an instant (aware UTC)."""
    return at > quote.expires_at


def _mac(signed: str, secret: bytes) -> bytes:
    return hmac.new(secret, signed.encode(), sha256).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
