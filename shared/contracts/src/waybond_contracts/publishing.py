"""From an event to a Kafka record: what a platform or a payment system needs to publish."""

from datetime import datetime
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from waybond_contracts.envelope import MAX_ATTRIBUTE_BYTES, Envelope, read
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.registry import decode, encode


class Message(NamedTuple):
    """A record: send it as it is, keyed, with a producer that partitions by murmur2 (Kafka's default)."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def message(
    event: Event,
    *,
    source: str,
    event_id: str | None = None,
    cause: Envelope | None = None,
    knownat: datetime | None = None,
) -> Message:
    """The record of an event that `source` (a URI reference, "/platforms/shop") publishes.

    `event_id` becomes ce_id; without one it is made from the content, so that the same event sent again carries the
    same id. `cause` is the envelope of what this event answers. `knownat` counts in a replay alone. Raises
    ContractError for an event that a reader would refuse, also one that was built without validation.
    """
    value = encode(event)
    decode(event.event_type, value, strict=True)
    for name, text in (("source", source), ("event_id", event_id)):
        if text is not None and not 0 < len(text.encode()) <= MAX_ATTRIBUTE_BYTES:
            raise ContractError(name, f"1 to {MAX_ATTRIBUTE_BYTES} bytes", text)
    envelope = Envelope(
        id=event_id or str(uuid5(NAMESPACE_URL, f"{source}\n{event.event_type}\n{value.decode()}")),
        type=event.event_type,
        source=source,
        time=event.occurred_at,
        partitionkey=event.order_key,
        knownat=knownat,
        causationid=cause.id if cause else None,
        correlationid=(cause.correlationid or cause.id) if cause else None,
        traceparent=cause.traceparent if cause else None,
    )
    headers = envelope.headers()
    read([*headers], value)
    return Message(event.topic, event.order_key.encode(), value, headers)
