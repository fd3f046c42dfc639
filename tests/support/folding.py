"""One shard in memory: what a batch leaves is what the next one finds, as with the tables, to test the fold alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.support.kit import START, envelope_of
from waybond_contracts.event import Event
from waybond_kit.changes import QuarantineRow
from waybond_kit.definition import Definition, Known
from waybond_kit.door import Door, Item, Raw
from waybond_kit.fold import Aggregate, Fold, Wakes
from waybond_kit.keys import aggregate_id
from waybond_kit.outbox import Outbox, unpack_headers
from waybond_kit.quarantine import Line, LineRow


class Memory:
    """Shard 0 of 1, in replay: every event carries when it was known."""

    def __init__(self, definition: Definition[Any]) -> None:
        self.definition = definition
        self.door = Door(definition.inputs, replay=True)
        self.aggregates: dict[UUID, Aggregate[Any]] = {}
        self.holding: dict[UUID, int] = {}
        self.quarantine: list[QuarantineRow] = []
        self.settled: dict[tuple[int, int], str] = {}
        self.published: list[tuple[str, bytes | None, dict[str, bytes | None], bytes | None]] = []
        self.rows: list[object] = []
        self.batches = 0
        self.offset = 0
        self.woken = 0

    def item(self, event: Event, known_at: datetime = START) -> Item:
        """The event as the next record of its topic."""
        self.offset += 1
        headers = envelope_of(event, known_at).headers()
        key, value = event.order_key.encode(), event.model_dump_json().encode()
        return self.door.read(Raw(event.topic, self.offset, 0, key, value, headers))

    def unreadable(self, topic: str, order: str) -> Item:
        """Bytes that nobody can read, under the order's key, as the next record of a topic."""
        self.offset += 1
        return self.door.read(Raw(topic, self.offset, 0, f"acme/shop/{order}".encode(), b"\xff", ()))

    def batch(
        self,
        *items: Item,
        wakes: Wakes | None = None,
        poisoned: bool = False,
        sent_at: datetime | None = None,
        known: Known[Any] | None = None,
    ) -> Fold[Any]:
        """One batch, and what it leaves."""
        self.batches += 1
        fold = Fold(
            definition=self.definition,
            door=self.door,
            shard=0,
            partitions=1,
            batch_seq=self.batches,
            outbox=Outbox(self.definition.name, 0, len(self.published)),
            aggregates={key: self._loaded(each) for key, each in self.aggregates.items()},
            holding=self.holding,
            lines=self._lines(),
            sent_at=sent_at,
            poisoned=poisoned,
            known=known,
        )
        fold.run(items, wakes or Wakes())
        self._keep(fold)
        return fold

    def state(self, order: str) -> Any:
        """The order's state, None if there is none."""
        found = self.aggregates.get(aggregate_id(f"acme/shop/{order}"))
        return found.state if found is not None else None

    def line(self, order: str) -> list[str]:
        """The reasons of what stands in the order's line."""
        return [row.reason for row in self._open(aggregate_id(f"acme/shop/{order}"))]

    def _open(self, identity: UUID) -> list[QuarantineRow]:
        return [
            row
            for row in self.quarantine
            if row.aggregate_id == identity and (row.batch_seq, row.ordinal) not in self.settled
        ]

    def _loaded(self, each: Aggregate[Any]) -> Aggregate[Any]:
        wake_row = None if each.id in self.holding else each.armed_at
        return Aggregate(
            each.id, each.order_key, 1, each.state, each.known_at, each.armed_at, wake_row, each.status, False
        )

    def _lines(self) -> dict[UUID, Line]:
        found: dict[UUID, list[LineRow]] = {}
        for row in self.quarantine:
            if row.order_key is None or (row.batch_seq, row.ordinal) in self.settled:
                continue
            fields = row._asdict() | {"headers": row.headers}
            found.setdefault(aggregate_id(row.order_key), []).append(LineRow.of(fields))
        return {identity: Line(rows) for identity, rows in found.items()}

    def _keep(self, fold: Fold[Any]) -> None:
        for identity, each in fold.aggregates.items():
            if each.state is None:
                self.aggregates.pop(identity, None)
            else:
                self.aggregates[identity] = each
        for identity, count in fold.holds.items():
            self.holding[identity] = count
            if not count:
                del self.holding[identity]
        met = {(each.batch_seq, each.ordinal): each._asdict() for each in fold.met}
        self.quarantine = [
            row._replace(**met.get((row.batch_seq, row.ordinal), {})) if row.reason == "waiting" else row
            for row in [*self.quarantine, *fold.quarantine]
        ]
        self.settled |= {(row.batch_seq, row.ordinal): row.outcome for row in fold.released}
        for identity in {*self.aggregates, *self.holding}:
            assert len(self._open(identity)) == self.holding.get(identity, 0), "memory and table disagree on a line"
        self.rows += fold.rows
        self.woken += fold.tally.woken
        for row in fold.outbox.rows:
            self.published.append((row.topic, row.key, dict(row.headers), row.value))


def headers(row: QuarantineRow) -> Sequence[tuple[str, bytes | None]]:
    """A quarantined record's headers."""
    return unpack_headers(row.headers or b"")
