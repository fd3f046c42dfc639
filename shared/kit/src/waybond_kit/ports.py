"""The narrow interfaces behind which the broker and the database are, so that a simulation can stand in for them."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from waybond_kit.changes import Changes, InputRow, OutboxRow, Stored, Wake
from waybond_kit.definition import Connection
from waybond_kit.door import Raw
from waybond_kit.quarantine import LineRow


class Place(NamedTuple):
    """One partition of one topic: the shard's part of it."""

    topic: str
    shard: int


class Reader(Protocol):
    """The running consumer. All but `commit` and `position` are called between two fetches, and take effect at once."""

    def pause(self, places: Iterable[Place]) -> None: ...

    def resume(self, places: Iterable[Place]) -> None: ...

    def seek(self, place: Place, offset: int) -> None: ...

    async def position(self, place: Place) -> int:
        """The offset of the next record that will be fetched; it steps over markers."""
        ...

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        """Tell the group how far we applied. Raises where the group no longer takes us for the owner."""
        ...

    def highwater(self, place: Place) -> int | None:
        """Where the log ended at the last fetch, for telemetry."""
        ...


class Log(Protocol):
    """Questions about the topics, asked by a consumer of its own: the running one waits behind parked fetches."""

    async def beginnings(self, places: Sequence[Place]) -> dict[Place, int]: ...

    async def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """The offsets behind the last records, those of open transactions included."""
        ...

    async def records_at(self, offsets: Mapping[Place, int]) -> dict[Place, Raw]:
        """The records at exactly these offsets; none where there is a marker or a compacted record."""
        ...


class Sender(Protocol):
    """Publishes records."""

    generation: int
    """How many producers there were: a failure under an earlier one is already mended."""

    async def send(self, rows: Sequence[OutboxRow]) -> None:
        """Send all, in order within each partition. An error, or silence, means unknown, not failed."""
        ...

    async def renew(self, generation: int) -> None:
        """Replace the producer of `generation`, if it is still the current one."""
        ...


@dataclass(slots=True)
class InputState:
    """A row of `shard_input`."""

    next_offset: int
    progress: datetime | None = None
    last_stamp: datetime | None = None
    last_crc: int | None = None


@dataclass(slots=True)
class Taken:
    """What the database knows of a shard that was just taken."""

    epoch: int
    batch_seq: int
    outbox_seq: int
    watermark: datetime | None
    inputs: dict[str, InputState] = field(default_factory=dict)
    holding: dict[UUID, int] = field(default_factory=dict)
    next_due: datetime | None = None


class Sweep(NamedTuple):
    """Asks to delete the outbox rows behind `deleted` up to `confirmed`, and for any other before `before`."""

    shard: int
    epoch: int
    deleted: int
    confirmed: int
    before: int


class Transaction(Protocol):
    """One transaction; every statement is for all of its shards."""

    connection: Connection
    """For the service's own storage."""

    async def lock(self, epochs: Mapping[int, int]) -> set[int]:
        """Lock the shards that still have these epochs, in order; those that have not are missing in the answer."""
        ...

    async def due(self, asked: Sequence[tuple[int, datetime, int]]) -> list[Wake]:
        """The first wakes of each (shard, from this instant on, at most so many), ordered by shard, due and id."""
        ...

    async def load(self, wanted: Sequence[tuple[int, UUID]]) -> list[Stored]: ...

    async def documents(self, hashes: Sequence[bytes]) -> dict[bytes, bytes]: ...

    async def lines(self, asked: Sequence[tuple[int, UUID, str, int]]) -> dict[tuple[int, UUID], list[LineRow]]:
        """For each (shard, aggregate, topic, offset): the order's line, and the unsettled row of that record."""
        ...

    async def save(self, changes: Changes) -> None:
        """Write everything; raises SaveError for a value that cannot be stored, FencedError for a stale version."""
        ...


class Store(Protocol):
    """The service's own schema."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]: ...

    async def offsets(self, shard: int) -> dict[str, int]:
        """How far the shard's topics are applied, without taking it."""
        ...

    async def take(self, shard: int, owner: str) -> Taken:
        """Raise the epoch; waits for the transaction of whoever holds the shard."""
        ...

    async def add_inputs(self, epoch: int, rows: Sequence[InputRow]) -> None:
        """Note where the shard begins in topics that it has not read before."""
        ...

    async def leftovers(self, shard: int, limit: int) -> list[OutboxRow]: ...

    async def confirm(self, shard: int, epoch: int, through: int) -> None:
        """Delete the outbox rows up to `through`; raises FencedError if the shard has moved on."""
        ...

    async def sweep(self, asked: Sequence[Sweep]) -> tuple[set[int], list[OutboxRow]]:
        """The shards that are still ours, and rows that should not be there any more of those that nobody works on."""
        ...

    async def wakes_due(self, shards: Sequence[int], at: datetime, limit: int) -> dict[int, int]:
        """How many wakes are due, for telemetry."""
        ...
