"""What we publish, as rows that are saved with their cause and sent afterwards."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from waybond_contracts.envelope import JSON, MAX_HEADERS
from waybond_contracts.event import Event
from waybond_contracts.registry import PROGRESS_TYPE, Progress, encode
from waybond_contracts.topics import MAX_RECORD_BYTES
from waybond_kit.changes import OutboxRow
from waybond_kit.door import Item
from waybond_kit.keys import event_id, partition_of

MAX_UNSENT_ROWS = 10_000
MAX_UNSENT_SECONDS = 30.0
MAX_UNSENT_BYTES = 64 * 1024 * 1024
MAX_EVENTS_PER_OUTCOME = 100
MAX_FORWARDED_HEADER_BYTES = 32_768

Headers = Sequence[tuple[str, bytes | None]]

pack_headers = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[tuple[str, bytes | None]])


def unpack_headers(packed: bytes) -> list[tuple[str, bytes | None]]:
    """Headers as they are kept in `outbox` and `quarantine`."""
    return _unpack.decode(packed)


class Cause(NamedTuple):
    """What made us publish: the id of the record or wake, and what is carried on from it."""

    id: str
    correlation: str
    traceparent: str | None = None


def fits(item: Item) -> bool:
    """Whether a record may be sent on as it is: one that no broker takes would stop the shard's outbox for good."""
    raw = item.raw
    if len(raw.value or b"") > MAX_RECORD_BYTES or len(raw.headers) > MAX_HEADERS:
        return False  # a million empty headers are two megabytes, which compressed came in as a few hundred bytes
    return sum(len(name.encode()) + len(value or b"") for name, value in raw.headers) <= MAX_FORWARDED_HEADER_BYTES


class TooLargeError(ValueError):
    """What `decide` wants to publish is larger than a topic takes."""


class Outgoing(NamedTuple):
    """A record to publish, not yet numbered."""

    topic: str
    partition: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    value: bytes | None


_Address = tuple[bytes, int, Sequence[tuple[str, bytes | None]]]
"""Key and partition of a record, and the headers that follow from them."""


class Outbox:
    """The rows that one shard publishes in one batch, numbered in order.

    `partitions` of each topic: events that cross (`Event.crosses`) go to the shard of their own key. Without it there
    can be none.
    """

    def __init__(self, service: str, shard: int, last_seq: int, partitions: int = 0) -> None:
        self._service = service
        self._shard = shard
        self._partitions = partitions
        self._fixed: list[tuple[str, bytes | None]] = [
            ("content-type", JSON.encode()),
            ("ce_specversion", b"1.0"),
            ("ce_source", f"/waybond/{service}".encode()),
        ]
        self.last_seq = last_seq
        self.rows: list[OutboxRow] = []

    def prepared(self, order_key: str, events: Sequence[Event], cause: Cause, known_at: datetime) -> list[Outgoing]:
        """Records for these events; raises TooLargeError or ValueError for what must not go out."""
        if len(events) > MAX_EVENTS_PER_OUTCOME:
            raise TooLargeError(f"{len(events)} events at once: at most {MAX_EVENTS_PER_OUTCOME} are published")
        if not events:
            return []
        records = []
        known = _stamp(known_at)
        own_address = address = _address(order_key, self._shard, cause, known)
        for event in events:
            named = event.order_key
            if named == order_key:
                address = own_address
            elif event.crosses and self._partitions:
                address = _address(named, partition_of(named.encode(), self._partitions), cause, known)
            else:
                raise ValueError(f"{type(event).__name__} is about another order than the one decided on")
            value = encode(event)
            if len(value) > MAX_RECORD_BYTES:
                raise TooLargeError(f"{type(event).__name__} has {len(value)} bytes: at most {MAX_RECORD_BYTES}")
            own: list[tuple[str, bytes | None]] = [
                ("ce_id", event_id(cause.id, event.event_type, f"{named}/{event.business_key}").encode()),
                ("ce_type", event.event_type.encode()),
                ("ce_time", known if event.occurred_at == known_at else _stamp(event.occurred_at)),
            ]
            key, partition, carried = address
            records.append(Outgoing(event.topic, partition, key, [*self._fixed, *own, *carried], value))
        return records

    def add(self, records: Sequence[Outgoing]) -> None:
        """Publish these behind all others."""
        for record in records:
            self.last_seq += 1
            self.rows.append(OutboxRow(self._shard, self.last_seq, *record))

    def forward(self, item: Item, partition: int) -> None:
        """Send a record on to the shard that its key belongs to, as it came."""
        raw = item.raw
        self.add([Outgoing(raw.topic, partition, raw.key, raw.headers, raw.value)])

    def progress(self, topics: Sequence[str], through: datetime) -> None:
        """Publish, behind everything that it caused, how far this shard has come."""
        value = Progress(through=through).model_dump_json().encode()
        cause, stamp = f"{self._service}/{self._shard}", _stamp(through)
        for topic in topics:
            own: list[tuple[str, bytes | None]] = [
                ("ce_id", event_id(cause, PROGRESS_TYPE, f"{topic}/{through.isoformat()}").encode()),
                ("ce_type", PROGRESS_TYPE.encode()),
                ("ce_time", stamp),
                ("ce_knownat", stamp),
            ]
            self.add([Outgoing(topic, self._shard, None, [*self._fixed, *own], value)])


def _address(key: str, partition: int, cause: Cause, known: bytes) -> _Address:
    encoded = key.encode()
    return encoded, partition, _carried(encoded, cause, known)


def _carried(key: bytes, cause: Cause, known: bytes) -> list[tuple[str, bytes | None]]:
    """The headers that all events of one cause share. Envelope.headers() says the same at three times the cost."""
    headers: list[tuple[str, bytes | None]] = [
        ("ce_partitionkey", key),
        ("ce_knownat", known),
        ("ce_causationid", cause.id.encode()),
        ("ce_correlationid", cause.correlation.encode()),
    ]
    if cause.traceparent is not None:
        headers.append(("ce_traceparent", cause.traceparent.encode()))
    return headers


def _stamp(instant: datetime) -> bytes:
    return instant.isoformat().replace("+00:00", "Z").encode()
