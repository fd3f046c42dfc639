"""Tells signals what happens, and routes what it says to itself: orders and their subjects, in one process."""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from waybond_contracts.delays import Journey, ScanSeen, ShipmentHindered, ShipmentReturned
from waybond_contracts.disputes import (
    ClaimFiled,
    DisputeOpened,
    DisputeReason,
    DisputeSource,
    Document,
    DocumentKind,
    Party,
)
from waybond_contracts.event import Event
from waybond_contracts.fields import Interval
from waybond_contracts.money import Money
from waybond_contracts.orders import OrderLine, OrderPlaced, Payment
from waybond_contracts.refunds import RefundSucceeded
from waybond_contracts.shipments import ScanKind
from waybond_contracts.signals import SignalsTold
from waybond_contracts.topics import OBSERVATIONS
from waybond_kit.aggregate import Woken
from waybond_signals.codec import StateCodec
from waybond_signals.decide import decide
from waybond_signals.state import State

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
PRICE = Money(minor=5_000, currency="USD", exponent=2)
CODEC = StateCodec()


def day(days: float) -> datetime:
    return START + timedelta(days=days)


class World:
    """Every order and subject of a tenant. Each state goes through the codec, as in the service."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.wakes: dict[str, datetime] = {}
        self.published: list[Event] = []
        self.deaf: set[str] = set()
        """Kinds of subjects whose records are not read just now."""
        self.kept: list[Event] = []
        """What lies on the topic for them."""

    def given(self, *events: Event) -> list[Event]:
        """These become known when they occurred; what is published then."""
        published: list[Event] = []
        for event in events:
            published += self._apply(event, event.occurred_at)
        return published

    def until(self, now: datetime) -> list[Event]:
        """Time passes; what is published by wakes."""
        published: list[Event] = []
        while self.wakes and min(self.wakes.values()) <= now:
            key = min(self.wakes, key=self.wakes.__getitem__)
            published += self._apply(Woken(self.wakes.pop(key)), None, key)
        return published

    def heard_again(self, now: datetime) -> list[Event]:
        """The subjects that were not read are read again, from where they were."""
        self.deaf, kept, self.kept = set(), self.kept, []
        return [each for event in kept for each in self._apply(event, now)]

    def state(self, key: str) -> State | None:
        found = self.states.get(key)
        return CODEC.decode(1, found, None) if found is not None else None

    def told(self, order: str) -> SignalsTold | None:
        """The newest word about an order."""
        words = (each for each in reversed(self.published) if isinstance(each, SignalsTold) and each.order_id == order)
        return next(words, None)

    def facts(self, order: str) -> dict[str, int]:
        """What was told of it last, as "of fact" -> value."""
        told = self.told(order)
        return {f"{each.of.value} {each.fact}": each.value for each in told.facts} if told else {}

    def _apply(self, fact: Event | Woken, now: datetime | None, key: str = "") -> list[Event]:
        queue: deque[tuple[str, Event | Woken]] = deque([(key or getattr(fact, "order_key", ""), fact)])
        published: list[Event] = []
        while queue:
            key, fact = queue.popleft()
            if isinstance(fact, Event) and key.split("/")[1] in self.deaf:
                self.kept.append(fact)
                continue
            at = fact.due if isinstance(fact, Woken) else now or fact.occurred_at
            outcome = decide(self.state(key), fact, at)
            self._keep(key, outcome.state, outcome.wake_at)
            published += outcome.events
            queue += [(each.order_key, each) for each in outcome.events if each.topic == OBSERVATIONS]
        self.published += published
        return published

    def _keep(self, key: str, state: State | None, wake_at: datetime | None) -> None:
        if state is None:
            self.states.pop(key, None)
            self.wakes.pop(key, None)
            return
        self.states[key] = CODEC.encode(state)[0]
        if wake_at is not None and (key not in self.wakes or wake_at < self.wakes[key]):
            self.wakes[key] = wake_at


def order_fields(order: str, at: float) -> dict[str, Any]:
    return {"tenant": "demo", "platform": "shop", "order_id": order, "occurred_at": day(at)}


def placed(
    order: str, at: float, *, buyer: str = "", address: str | None = None, card: str | None = None, seller: str = "s"
) -> OrderPlaced:
    return OrderPlaced(
        **order_fields(order, at),
        buyer_ref=buyer or f"buyer of {order}",
        seller_ref=seller,
        total=PRICE,
        lines=(OrderLine(line_id="1", sku="LAMP", quantity=1, total=PRICE),),
        origin="CN",
        destination="BR",
        payment=Payment(provider="pay", reference=f"ch {order}"),
        address_token=address,
        card_token=card,
    )


def filed(order: str, at: float, *photos: str, dispute: str = "d") -> ClaimFiled:
    return ClaimFiled(
        **order_fields(order, at),
        dispute_id=dispute,
        by=Party.BUYER,
        reason=DisputeReason.DAMAGED if photos else DisputeReason.NOT_RECEIVED,
        documents=tuple(map(photo, photos)),
    )


def opened(order: str, at: float, dispute: str = "d") -> DisputeOpened:
    return DisputeOpened(
        **order_fields(order, at),
        dispute_id=dispute,
        source=DisputeSource.PLATFORM,
        reason=DisputeReason.NOT_RECEIVED,
    )


def photo(perceptual_hash: str) -> Document:
    return Document(
        kind=DocumentKind.PHOTO_OF_DAMAGE,
        sha256=perceptual_hash * 4,
        media_type="image/jpeg",
        size_bytes=1,
        perceptual_hash=perceptual_hash,
    )


def returned(order: str, at: float) -> ShipmentReturned:
    return ShipmentReturned(**_seen(order, at, ScanKind.RETURNING))


def hindered(order: str, at: float, kind: ScanKind) -> ShipmentHindered:
    return ShipmentHindered(**_seen(order, at, kind))


def refunded(order: str, at: float) -> RefundSucceeded:
    return RefundSucceeded(
        **order_fields(order, at),
        refund_id=f"r {order}",
        attempt=1,
        version=1,
        provider_refund_ref=f"re {order}",
        amount=PRICE,
    )


def _seen(order: str, at: float, kind: ScanKind) -> dict[str, Any]:
    when = Interval.at(day(at))
    return order_fields(order, at) | {
        "policy_id": "p",
        "package_id": "A",
        "version": 1,
        "as_of": day(at),
        "journey": Journey(),
        "when": when,
        "scan": ScanSeen(kind=kind, when=when),
    }


def flipped(perceptual_hash: str, bits: Sequence[int]) -> str:
    """The hash with these bits changed, counted from the lowest."""
    return f"{int(perceptual_hash, 16) ^ sum(1 << bit for bit in bits):016x}"
