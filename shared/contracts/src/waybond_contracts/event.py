"""What every event has: its type, its topic, the order that it is about, when it happened."""

from typing import Any, ClassVar

from waybond_contracts.fields import Instant, Model, OrderId, Segment

TYPE_PREFIX = "io.waybond."


class Event(Model):
    """A fact about one order; frozen. Subclasses register themselves under their type.

    `event_type` is the CloudEvents type ("io.waybond.OrderPlaced"), `topic` where it is published.
    """

    event_type: ClassVar[str] = ""
    topic: ClassVar[str] = ""
    crosses: ClassVar[bool] = False
    """Published by aggregates of another key than its own: it is sent to the shard of its key."""
    registered: ClassVar[dict[str, type["Event"]]] = {}

    tenant: Segment
    """Whose cover it is; the first segment of the record's key, and the one that decides."""
    platform: Segment
    """Where the order was placed; the second segment of the record's key."""
    order_id: OrderId
    """The platform's own id of the order; the rest of the record's key."""
    occurred_at: Instant
    """When it happened, by its source; the wording's clocks run on it."""

    def __init_subclass__(cls, topic: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if topic:
            cls.topic = topic
            cls.event_type = TYPE_PREFIX + cls.__name__
            Event.registered[cls.event_type] = cls

    @property
    def order_key(self) -> str:
        """The record's key: tenant/platform/order_id."""
        return f"{self.tenant}/{self.platform}/{self.order_id}"

    @property
    def business_key(self) -> str:
        """What makes two messages the same fact; unique within the order and the type."""
        return self.occurred_at.isoformat()


class OrderRef(Model):
    """The order that an event is about, as its key names it."""

    tenant: Segment
    """Whose cover it is."""
    platform: Segment
    """Where it was placed."""
    order_id: OrderId
    """The platform's own id."""

    @property
    def order_key(self) -> str:
        return f"{self.tenant}/{self.platform}/{self.order_id}"
