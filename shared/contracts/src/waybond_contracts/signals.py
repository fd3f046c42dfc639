"""Events of signals: what is seen of buyers, addresses, cards, sellers and photos over many orders.

Topic `observations`: from order to subject and back, within the service. Topic `signals`: the facts, for an order.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from waybond_contracts.event import Event
from waybond_contracts.fields import Code, Count, Id, Instant, Line, Model, Positive
from waybond_contracts.topics import OBSERVATIONS, SIGNALS

MAX_ORDERS_NAMED = 16
MAX_FACTS = 64
MAX_COMPLAINTS_NAMED = 16
MAX_PHOTOS = 8
"""Of an order; further ones are not compared."""
MAX_SEEN = 128
"""Orders of a subject that are kept one by one: enough for a household, a parcel shop or a student house. Of a larger
seller the counters by day say how many there were, and the facts name the newest."""
DETAIL_BITS = 8
"""A hash with fewer bits that are set (or clear) than this is of a picture without detail, a blank wall say: it looks
like every other one, and is not compared."""

Token = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""A digest of a platform's token: nothing can be read from it, and it means nothing outside this service."""
SubjectKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{6,32}$")]
PerceptualHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""64 bits as 16 hexadecimal digits."""


class SubjectKind(StrEnum):
    """What facts are about."""

    BUYER = "buyer"
    ADDRESS = "address"
    CARD = "card"
    SELLER = "seller"
    PHOTO = "photo"


class Happening(StrEnum):
    """What is counted of an order."""

    ORDERED = "ordered"
    """It was placed."""
    CLAIMED = "claimed"
    """Somebody complained or filed a claim."""
    PAID = "paid"
    """It was claimed, and a refund of Waybond arrived."""
    RETURNED = "returned"
    """A parcel of it was on its way back to the sender."""
    UNDELIVERABLE = "undeliverable"
    """A parcel of it met an address that does not exist, or nobody took it."""


class SubjectEvent(Event):
    """Base: from an order to one of its subjects. The record's key is tenant/`of`/`subject`, not that of the order."""

    crosses = True

    of: SubjectKind
    """What kind of subject."""
    subject: SubjectKey
    """A digest of its token; of a photo one of the four bands of its hash, as band-bits (0-ffd8)."""

    @property
    def order_key(self) -> str:
        return f"{self.tenant}/{self.of.value}/{self.subject}"

    @property
    def of_order(self) -> str:
        """The order that it is about, as platform/order_id."""
        return f"{self.platform}/{self.order_id}"


class OrderObserved(SubjectEvent, topic=OBSERVATIONS):
    """Something happened to an order of the subject; told once for each order and happening."""

    what: Happening
    """What happened."""
    buyer: Token | None = None
    """Whose order it is."""
    card: Token | None = None
    """What it was paid with."""

    @property
    def business_key(self) -> str:
        return f"{self.platform}/{self.order_id}/{self.what.value}"


class PhotoObserved(SubjectEvent, topic=OBSERVATIONS):
    """A photo with these bits was handed in for an order; told to each of the four bands of its hash."""

    perceptual_hash: PerceptualHash
    """The whole hash."""

    @property
    def business_key(self) -> str:
        return f"{self.platform}/{self.order_id}/{self.perceptual_hash}"


class SubjectAsked(SubjectEvent, topic=OBSERVATIONS):
    """What is known of the subject beside this order? SubjectTold answers it."""

    round: Positive
    """Counts the order's rounds of questions; the answer names it."""
    perceptual_hashes: Annotated[tuple[PerceptualHash, ...], Field(fail_fast=True, max_length=32)] = ()
    """Of a photo's band: the hashes that lie in it."""

    @property
    def business_key(self) -> str:
        return f"{self.platform}/{self.order_id}/{self.round}"


class SignalFact(Model):
    """One fact about a subject of an order. The order itself is not counted."""

    of: SubjectKind
    """What it is about."""
    fact: Code
    """orders_1d, orders_30d, orders_90d, claims_..., paid_..., returned_..., undeliverable_... (so many orders within
    so many days); buyers, cards (so many different ones among the newest orders); same_photo, similar_photo (so many
    orders with such a photo). More words may come."""
    value: Count
    """How many."""
    orders: Annotated[tuple[Line, ...], Field(fail_fast=True, max_length=MAX_ORDERS_NAMED)] = ()
    """The newest of these orders, as platform/order_id; not all of them where there are many."""


class SubjectTold(Event, topic=OBSERVATIONS):
    """What is known of one subject, told to the order that asked; keyed by the order."""

    crosses = True

    of: SubjectKind
    """What kind of subject."""
    subject: SubjectKey
    """The one that was asked about."""
    round: Positive
    """As it was asked."""
    facts: Annotated[tuple[SignalFact, ...], Field(fail_fast=True, max_length=MAX_FACTS)] = ()
    """Those that are not zero."""

    @property
    def business_key(self) -> str:
        return f"{self.of.value}/{self.subject}/{self.round}"


class SignalsTold(Event, topic=SIGNALS):
    """What is known of an order's buyer, address, card, seller and photos when somebody complains about it: facts, and
    no verdict. It is for adjusters, never for buyers. The highest `version` counts."""

    version: Positive
    """Counts up as tokens, photos and complaints become known."""
    disputes: Annotated[tuple[Id, ...], Field(fail_fast=True, max_length=MAX_COMPLAINTS_NAMED)]
    """The complaints that were known when it was asked."""
    asked_at: Instant
    """When it was asked."""
    facts: Annotated[tuple[SignalFact, ...], Field(fail_fast=True, max_length=MAX_FACTS)] = ()
    """Those that are not zero."""
    unknown: Annotated[tuple[SubjectKind, ...], Field(fail_fast=True, max_length=8)] = ()
    """Of these nothing was told: the order names none, or the answer did not come in time."""
    late: Annotated[tuple[SubjectKind, ...], Field(fail_fast=True, max_length=8)] = ()
    """Of these the answer did not come in time, of one of several photos perhaps; one that comes is told too."""
    photos: Annotated[tuple[PerceptualHash, ...], Field(fail_fast=True, max_length=MAX_PHOTOS)] = ()
    """The order's photos that were compared."""

    @property
    def business_key(self) -> str:
        return str(self.version)


def detailed(perceptual_hash: str) -> bool:
    """Whether the hash tells one picture from another; others are not compared."""
    return DETAIL_BITS <= int(perceptual_hash, 16).bit_count() <= 64 - DETAIL_BITS
