"""The door: one raw record in, one item out: a fact, a control record, or a refusal that names the field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from waybond_contracts import envelope
from waybond_contracts.envelope import Envelope
from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.event import Event
from waybond_contracts.registry import EVENT_TYPES, PROGRESS_TYPE, Progress, decode
from waybond_contracts.topics import MAX_RECORD_BYTES
from waybond_kit.definition import Input, InputKind
from waybond_kit.keys import aggregate_id, read_key

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_TIMESTAMP_MS = 4_102_444_800_000
"""The year 2100: a producer may write anything into a record of a topic that keeps the producer's time."""


class Raw(NamedTuple):
    """A record as the broker gave it. `topic` is the product's name for it, without a prefix of the installation."""

    topic: str
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]

    @property
    def appended(self) -> datetime:
        """The record's timestamp: on topics of others, when the broker appended it."""
        return datetime.fromtimestamp(min(max(self.timestamp_ms, 0), MAX_TIMESTAMP_MS) / 1000, UTC)


class Hole(Raw):
    """Stands in the queue for records that the log had lost: those from `first` to its own offset."""

    first: int

    def __new__(cls, topic: str, first: int, last: int, timestamp_ms: int) -> "Hole":
        made = super().__new__(cls, topic, last, timestamp_ms, None, None, ())
        made.first = first
        return made


class Reason(Enum):
    """Why a record is in quarantine."""

    UNREADABLE = "unreadable"
    UNKNOWN_TYPE = "unknown-type"
    DECIDE = "decide"
    """`decide` failed on it."""
    SAVE = "save"
    """What `decide` made of it could not be stored."""
    WAKE = "wake"
    """`decide` failed on a wake."""
    WAITING = "waiting"
    """It came behind a record that holds its order."""
    LOST = "lost"
    """Not a record but a hole: the log began later than where we had to go on."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record is not applied: the field and what was expected of it."""

    reason: Reason
    field: str
    detail: str


@dataclass(slots=True)
class Item:
    """One record, read. Either `event`, or `through` (Progress), or `refusal` is set.

    `known_at` is when we learned it. `order_key` and `id` are set if the record's key names an order.
    """

    raw: Raw
    known_at: datetime
    order_key: str | None = None
    id: UUID | None = None
    event: Event | None = None
    envelope: Envelope | None = None
    through: datetime | None = None
    refusal: Refusal | None = None
    unknown_fields: int = 0
    ours: bool = False
    """It was written by one of our services."""
    floor: datetime | None = None
    """What it causes is known no earlier than this: set when it is released from a line."""


class Door:
    """Reads the records of a service's inputs.

    In replay every input carries its own time: `knownat` says when a record was known, Progress how far a topic is.
    """

    def __init__(self, inputs: Sequence[Input], *, replay: bool) -> None:
        self._kinds: Mapping[str, InputKind] = {each.topic: each.kind for each in inputs}
        self._replay = replay

    def read(self, raw: Raw) -> Item:
        """The record as an item; what is wrong with it becomes a refusal, never an exception."""
        if isinstance(raw, Hole):
            return _hole(raw)
        # A record in line may be of a topic that this release reads no longer.
        item = Item(raw, raw.appended, ours=self._kinds.get(raw.topic) is InputKind.OWN)
        try:
            self._fill(item)
        except ContractError as error:
            _refuse(item, Refusal(Reason.UNREADABLE, error.field, f"expected {error.expected}, got {error.got}"))
        return item

    def _fill(self, item: Item) -> None:
        raw = item.raw
        if raw.value is not None and len(raw.value) > MAX_RECORD_BYTES:
            raise ContractError("value", f"at most {MAX_RECORD_BYTES} bytes", f"{len(raw.value)} bytes")
        if not raw.value:
            raise ContractError("value", "data; a record without a value carries no event", "nothing")
        item.envelope, data = envelope.read(raw.headers, raw.value)
        carries_time = item.ours or self._replay
        if item.envelope.type == PROGRESS_TYPE and carries_time:
            item.through = _through(data)
            return
        model = EVENT_TYPES.get(item.envelope.type)
        if model is None:
            _refuse(item, Refusal(Reason.UNKNOWN_TYPE, "type", f"no event of Waybond is called {item.envelope.type}"))
            return
        if model.topic != raw.topic:
            # Who may write a topic is the broker's to say, so a type counts on its own topic alone.
            raise ContractError("type", f"a type of topic {raw.topic}", item.envelope.type)
        decoded = decode(item.envelope.type, data)
        order_key = decoded.event.order_key
        if raw.key != order_key.encode():
            raise ContractError("key", f"the order of the payload, {order_key}", read_key(raw.key))
        if carries_time:
            if item.envelope.knownat is None:
                raise ContractError("header ce_knownat", "when the event became known", "nothing")
            item.known_at = item.envelope.knownat
        item.event = decoded.event
        item.order_key = order_key
        item.id = aggregate_id(order_key)
        item.unknown_fields = len(decoded.unknown_fields)


def _hole(hole: Hole) -> Item:
    detail = f"records {hole.first} to {hole.offset} were gone from the log before they were read"
    return Item(hole, hole.appended, refusal=Refusal(Reason.LOST, "offset", detail))


def _through(data: bytes) -> datetime:
    try:
        return Progress.model_validate_json(data).through
    except ValidationError as error:
        raise contract_error(error) from None


def _refuse(item: Item, refusal: Refusal) -> None:
    item.refusal = refusal
    try:
        item.order_key = read_key(item.raw.key)
    except ContractError:
        return  # the key names no order: nothing to hold
    item.id = aggregate_id(item.order_key)
