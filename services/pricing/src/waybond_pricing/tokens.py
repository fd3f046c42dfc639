"""Quote tokens: what was quoted, signed, so that an order can be bound at that price without anything being stored.

A token is one of waybond_kit.signing, its content is JSON. A key that signed quotes is kept as long as orders bound by
them may be replayed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field, ValidationError

from waybond_contracts.fields import Code, Instant, Model, OrderId, Segment
from waybond_contracts.money import Money
from waybond_contracts.orders import FxRate
from waybond_contracts.places import Lane
from waybond_kit.signing import SigningKeys, TokenError, opened, signed

PREFIX = "wq1"
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
class QuoteKeys(SigningKeys):
    """The keys that sign quotes; `current` is None where nothing is quoted."""

    called: ClassVar[str] = "quote keys"


def sign(quote: Quote, keys: QuoteKeys) -> str:
    """The token of a quote, signed with the current key. Raises ContractError without one."""
    return signed(PREFIX, quote.model_dump_json().encode(), keys)


def verify(token: str, keys: QuoteKeys) -> Quote:
    """What the token promises. Raises TokenError; whether it has expired or fits the order is for the caller."""
    content = opened(PREFIX, token, keys, MAX_TOKEN_CHARACTERS)
    try:
        return Quote.model_validate_json(content)
    except ValidationError:
        raise TokenError("the token is signed but cannot be read") from None


def expired(quote: Quote, at: datetime) -> bool:
    """Whether the quote no longer holds at an instant (aware UTC)."""
    return at > quote.expires_at
