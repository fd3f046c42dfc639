"""What one batch changes: rows for the kit's tables, ready to be written with a constant number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Stored(NamedTuple):
    """A row of `aggregate`."""

    shard: int
    id: UUID
    order_key: str
    version: int
    shape: int
    status: str
    known_at: datetime
    armed_at: datetime | None
    wording: bytes | None
    state: bytes


class Wake(NamedTuple):
    """A row of `wake`."""

    shard: int
    due: datetime
    id: UUID


class OutboxRow(NamedTuple):
    """A row of `outbox`: a record to publish. `partition` is the shard's own unless a record is forwarded."""

    shard: int
    seq: int
    topic: str
    partition: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    value: bytes | None


class QuarantineRow(NamedTuple):
    """A row of `quarantine`."""

    shard: int
    batch_seq: int
    ordinal: int
    topic: str
    record_offset: int
    order_key: str | None
    aggregate_id: UUID | None
    reason: str
    field: str
    detail: str
    known_at: datetime
    key: bytes | None
    headers: bytes | None
    value: bytes | None


class Released(NamedTuple):
    """A row of `quarantine` that is settled: `outcome` is released or discarded."""

    shard: int
    batch_seq: int
    ordinal: int
    released_at: datetime
    outcome: str


class Met(NamedTuple):
    """A row of `quarantine` that waited: why it cannot be applied, now that its turn has come."""

    shard: int
    batch_seq: int
    ordinal: int
    reason: str
    field: str
    detail: str


class InputRow(NamedTuple):
    """A row of `shard_input`; `expected` is the next_offset that it must replace."""

    shard: int
    topic: str
    expected: int
    next_offset: int
    progress: datetime | None
    last_stamp: datetime | None
    last_crc: int | None


class ShardRow(NamedTuple):
    """What a batch changes of a row of `shard`, and which outbox rows go: those behind `deleted` up to `confirmed`."""

    shard: int
    batch_seq: int
    outbox_seq: int
    watermark: datetime | None
    deleted: int
    confirmed: int


class JournalRow(NamedTuple):
    """A row of `journal`. `spans` is JSON: [topic, first offset, last offset] in the order of application."""

    shard: int
    seq: int
    epoch: int
    code: str
    spans: str
    wake_before: datetime | None
    wake_due: datetime | None
    wake_id: UUID | None
    sent_at: datetime | None
    complete_until: datetime | None = None
    known: str = ""


@dataclass(slots=True)
class Changes:
    """All that a batch changes, of one or of several shards."""

    inserts: list[Stored] = field(default_factory=list)
    updates: list[Stored] = field(default_factory=list)
    """`version` is the one that was read."""
    deletes: list[Stored] = field(default_factory=list)
    documents: dict[bytes, bytes] = field(default_factory=dict)
    wakes_gone: list[Wake] = field(default_factory=list)
    wakes_new: list[Wake] = field(default_factory=list)
    outbox: list[OutboxRow] = field(default_factory=list)
    quarantine: list[QuarantineRow] = field(default_factory=list)
    released: list[Released] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)
    inputs: list[InputRow] = field(default_factory=list)
    shards: list[ShardRow] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    rows: list[tuple[int, Sequence[object]]] = field(default_factory=list)
    """The service's own rows, by shard."""
