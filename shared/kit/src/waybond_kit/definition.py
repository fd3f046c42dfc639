"""What a service tells the kit about itself: its topics, its decide, its storage and its routes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import asyncpg

from waybond_contracts.event import Event
from waybond_kit.aggregate import Codec, Decide, Outcome, Woken

S = TypeVar("S")

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


class InputKind(Enum):
    """Where a topic's progress and a record's `known_at` come from."""

    OUTSIDE = "outside"
    """Written by others: known when the broker appended it; progress is probed from the end offsets."""
    OWN = "own"
    """Written by another of our services: known at its `knownat`; progress is its Progress records."""
    ANSWERS = "answers"
    """Answers to what we publish, and commands of people: as OUTSIDE; waiting for Progress would close a circle."""


@dataclass(frozen=True, slots=True)
class Input:
    """One topic that the service reads."""

    topic: str
    kind: InputKind


class Storage(Protocol):
    """The service's own tables, written in the transaction of the batch that caused the rows."""

    async def save(self, connection: Connection, shard: int, rows: Sequence[object]) -> None:
        """Write all rows of a batch with a number of statements that does not depend on how many there are."""
        ...


class Known(Protocol[S]):
    """What the decisions of one batch know beside state and fact, as of when the batch began; made for that batch."""

    @property
    def text(self) -> str:
        """What it is just now, for the journal: `Knowing.again` makes it from this again. Never empty."""
        ...

    def decide(
        self, state: S | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None
    ) -> Outcome[S]:
        """The service's `decide`, told of it."""
        ...

    def accepted(self, rows: Sequence[object]) -> None:
        """An outcome with these rows counts: the next decision of the batch knows of them."""
        ...


class Knowing(Protocol[S]):
    """Reads what decisions have to know; made anew for each process."""

    async def known(self, connection: Connection, since: datetime) -> Known[S] | None:
        """What a batch is told, read within its transaction with a number of statements that does not depend on the
        batch; None where there is nothing to be told. Nothing that the batch concludes is heard before `since`."""
        ...

    def again(self, text: str) -> Known[S]:
        """What a batch was told, from the text in its row of the journal. Raises LookupError for one that names what
        is not there."""
        ...


class Figure(NamedTuple):
    """A gauge's value, with its labels' values in the order of their names."""

    name: str
    labels: tuple[str, ...]
    value: float


class Figures(Protocol):
    """What a service's own tables know and operators want to see; made anew for each process.

    `names`: of each gauge its name, what it says, and its labels.
    """

    @property
    def names(self) -> Sequence[tuple[str, str, tuple[str, ...]]]: ...

    async def count(self, pool: asyncpg.Pool, shards: Sequence[int]) -> Sequence[Figure]:
        """The figures for these shards. It is called seldom, beside the batches, and may take a while."""
        ...


class Publish(Protocol):
    """Publishes one event to its topic, keyed by its order; returns once all in-sync replicas have it.

    `cause` makes the id: publishing the same event for the same cause (an Idempotency-Key) twice gives one id.
    Raises PublishError when the broker's answer is unknown or a refusal.
    """

    async def __call__(self, event: Event, *, cause: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Resources:
    """What a service's own routes may use. `pool` connects as the service's role, `search_path` set to its schema."""

    pool: asyncpg.Pool
    publish: Publish
    settings: Any
    """The service's Settings (waybond_kit.settings.Settings or the subclass that the service runs with)."""


@dataclass(frozen=True, kw_only=True)
class Definition(Generic[S]):
    """One service. `name` is its database schema, its group `waybond-<name>` and its source `/waybond/<name>`."""

    name: str
    inputs: tuple[Input, ...]
    progress_topics: tuple[str, ...]
    """Where the service publishes how far it has come (Progress), for those of our services that read them."""
    decide: Decide[S]
    codec: Codec[S]
    migrations: Path | None = None
    """The folder of the service's own SQL files (NNNN_title.sql), applied after the kit's."""
    storage: Storage | None = None
    complete_until: Callable[[], datetime] | None = None
    """Up to when the settings that `decide` looks at are known just now; kept in the journal, for a replay."""
    knowing: Callable[[], Knowing[S]] | None = None
    """What decisions have to know beside state and fact, and the journal keeps."""
    figures: Callable[[], Figures] | None = None
    """Figures of its own for `/metrics`."""
    routes: Callable[[Resources], AsgiApp] | None = None
    """The service's own HTTP routes, served beside /health and /metrics."""
