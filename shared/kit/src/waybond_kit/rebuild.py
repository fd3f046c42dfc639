"""Makes a shard's state again, in memory, from its journal and its topics: with the same fold, and what it was told.

What a fold did not conclude from records and wakes alone is taken from where it was kept: that a record could not be
decided on or saved, and when it was released, from quarantine; up to when settings were known, from the journal. So
code that is newer than a journal's row can follow it too.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from typing import Any, NamedTuple
from uuid import UUID

from waybond_contracts.commands import HeldCommand
from waybond_contracts.event import Event
from waybond_kit.aggregate import Woken
from waybond_kit.changes import JournalRow, QuarantineRow, Released, Stored
from waybond_kit.definition import Definition
from waybond_kit.door import EPOCH, Door, Item, Raw, Reason, Refusal
from waybond_kit.fold import WAKE_TOPIC, Aggregate, Fold, Wakes
from waybond_kit.outbox import Cause, Outbox
from waybond_kit.quarantine import MAX_LINE_ROWS, Line, LineRow

Place = tuple[int, int]
"""A row of quarantine: (batch_seq, ordinal)."""


class Verdict(NamedTuple):
    """What the table `quarantine` says of one record or wake; `released_at` is None while it is not settled."""

    batch_seq: int
    ordinal: int
    topic: str
    record_offset: int
    aggregate_id: UUID | None
    reason: str
    field: str
    detail: str
    known_at: datetime
    released_at: datetime | None
    outcome: str | None

    @property
    def refusal(self) -> Refusal:
        return Refusal(Reason(self.reason), self.field, self.detail)


class Applied(NamedTuple):
    """One fact or wake that `decide` took: what it was, when it was known, and the event that it came as."""

    id: UUID
    order_key: str
    fact: Event | Woken
    at: datetime
    cause: Cause
    released: bool
    """It had stood in a line."""


_AT_THE_DOOR = {Reason.UNREADABLE.value, Reason.UNKNOWN_TYPE.value}
_FAILED = {Reason.DECIDE.value, Reason.SAVE.value}


@dataclass
class Replayed(Fold[Any]):
    """The fold of a batch that was saved once. Not slotted: a slotted dataclass loses its way to its base."""

    failed: dict[object, Refusal] = field(default_factory=dict)
    """What was not decided on then: facts by identity, wakes by (aggregate, due)."""
    settled_at: dict[Place, datetime | None] = field(default_factory=dict)
    """When each row of quarantine was settled."""
    applied: list[Applied] = field(default_factory=list)
    forgotten: set[UUID] = field(default_factory=set)
    """Orders that a fact left without a state, if only for a moment."""

    def _decide(
        self, aggregate: Aggregate[Any], fact: Event | Woken, at: datetime, cause: Cause, floor: datetime | None
    ) -> Refusal | None:
        refusal = self.failed.get((aggregate.id, fact.due) if isinstance(fact, Woken) else id(fact))
        if refusal is None:
            refusal = super()._decide(aggregate, fact, at, cause, floor)
        if refusal is None:
            if aggregate.state is None:
                self.forgotten.add(aggregate.id)
            self.applied.append(Applied(aggregate.id, aggregate.order_key, fact, at, cause, floor is not None))
        return refusal

    def _again(self, row: LineRow, aggregate: Aggregate[Any], at: datetime) -> bool:
        place = row.batch_seq, row.ordinal
        if place in self.settled_at and self.settled_at[place] != at:
            return False  # it was tried then too, and failed again
        return super()._again(row, aggregate, at)


class Rebuild:
    """One shard's tables in memory, empty at first: `apply` the journal's rows in their order.

    `knowing` is called ahead of each batch with what the journal says of the service's settings.
    """

    def __init__(
        self,
        definition: Definition[Any],
        shard: int,
        partitions: int,
        *,
        replay: bool,
        verdicts: Iterable[Verdict] = (),
        knowing: Callable[[datetime | None], None] = lambda until: None,
    ) -> None:
        self._definition = definition
        self._shard = shard
        self._partitions = partitions
        self._knowing = knowing
        self._knows = definition.knowing() if definition.knowing is not None else None
        self.door = Door(definition.inputs, replay=replay)
        self._said: dict[int, list[Verdict]] = defaultdict(list)
        self._settled_at: dict[Place, datetime | None] = {}
        self._met: dict[Place, Verdict] = {}
        for verdict in verdicts:
            self._said[verdict.batch_seq].append(verdict)
            self._settled_at[verdict.batch_seq, verdict.ordinal] = verdict.released_at
            if verdict.reason != Reason.WAITING.value:
                self._met[verdict.batch_seq, verdict.ordinal] = verdict
        self.aggregates: dict[UUID, Stored] = {}
        self.forgotten: set[UUID] = set()
        """Orders that a fact left without a state: one that is here afterwards does not know what it was told."""
        self.documents: dict[bytes, bytes] = {}
        self._hashes: dict[bytes, bytes] = {}
        self.wakes: dict[UUID, datetime] = {}
        """The wake of each order that is armed and not held."""
        self._queue: list[tuple[datetime, UUID]] = []
        self.quarantine: dict[Place, QuarantineRow] = {}
        self.settled: dict[Place, Released] = {}
        self.holding: dict[UUID, int] = {}
        self._open: dict[UUID, dict[Place, QuarantineRow]] = defaultdict(dict)
        self._beside: dict[tuple[str, int], dict[Place, QuarantineRow]] = defaultdict(dict)

    def apply(self, row: JournalRow, raws: Sequence[Raw]) -> Replayed:
        """Apply one row of the journal: its records, in the order of its spans, and its wakes."""
        said = self._said.get(row.seq, [])
        items = [self.door.read(raw) for raw in raws]
        failed = _imposed(items, said)
        limit = None if row.wake_due is None or row.wake_id is None else (row.wake_due, row.wake_id)
        wakes = Wakes(row.wake_before, row.wake_due, limit)
        self._knowing(row.complete_until)
        fold = self._fold(row.seq, items, self._due(wakes), failed)
        fold.sent_at = row.sent_at
        if row.known and self._knows is not None:
            fold.known = self._knows.again(row.known)
        fold.poisoned = any(verdict.reason == Reason.SAVE.value for verdict in said)
        fold.run(items, wakes)
        self._keep(fold)
        return fold

    def once_more(self, items: Sequence[Item]) -> Replayed:
        """Fold these records over the state as it is, and keep nothing of it: what it would change is in the fold."""
        self._knowing(None)
        fold = self._fold(0, items, [], {})
        fold.run(items, Wakes())
        return fold

    def row_of(self, aggregate: Aggregate[Any]) -> Stored:
        """An aggregate that has a state, as the row that is stored; raises what the codec raises."""
        state, document = self._definition.codec.encode(aggregate.state)
        sha256 = None
        if document is not None:
            sha256 = self._hashes.get(document)
            if sha256 is None:
                sha256 = self._hashes[document] = hashlib.sha256(document).digest()
                self.documents[sha256] = document
        return Stored(
            shard=self._shard,
            id=aggregate.id,
            order_key=aggregate.order_key,
            version=aggregate.version + 1,
            shape=self._definition.codec.shape,
            status=aggregate.status,
            known_at=aggregate.known_at or EPOCH,
            armed_at=aggregate.armed_at,
            wording=sha256,
            state=state,
        )

    def _fold(self, seq: int, items: Sequence[Item], due: Sequence[UUID], failed: dict[object, Refusal]) -> Replayed:
        wanted = {*due, *(item.id for item in items if item.id is not None)}
        return Replayed(
            definition=self._definition,
            door=self.door,
            shard=self._shard,
            partitions=self._partitions,
            batch_seq=seq,
            outbox=Outbox(self._definition.name, self._shard, 0, self._partitions),
            aggregates={identity: self._loaded(identity) for identity in wanted if identity in self.aggregates},
            holding=self.holding,
            lines={
                item.id: self._line(item.id, item.event)
                for item in items
                if item.id is not None and isinstance(item.event, HeldCommand)
            },
            failed=failed,
            settled_at=self._settled_at,
        )

    def _loaded(self, identity: UUID) -> Aggregate[Any]:
        row = self.aggregates[identity]
        document = self.documents[row.wording] if row.wording is not None else None
        state = self._definition.codec.decode(row.shape, row.state, document)
        wake_row = None if identity in self.holding else row.armed_at
        return Aggregate(
            identity, row.order_key, row.version, state, row.known_at, row.armed_at, wake_row, row.status, False
        )

    def _line(self, identity: UUID, command: HeldCommand) -> Line:
        standing = self._open.get(identity, {})
        rows = {place: standing[place] for place in sorted(standing)[:MAX_LINE_ROWS]}
        rows |= self._beside.get((command.topic_name, command.record_offset), {})
        return Line([LineRow.of(rows[place]._asdict()) for place in sorted(rows)])

    def _due(self, wakes: Wakes) -> list[UUID]:
        """The orders whose wakes may fire. They leave the queue; `_keep` puts those back that are armed still."""
        until = max((each for each in (wakes.before, wakes.after) if each is not None), default=None)
        found = []
        while self._queue and wakes.allow(*self._queue[0], until):
            due, identity = heappop(self._queue)
            if self.wakes.get(identity) == due:
                del self.wakes[identity]
                found.append(identity)
        return found

    def _arm(self, identity: UUID, due: datetime | None) -> None:
        if due is None:
            self.wakes.pop(identity, None)
        elif self.wakes.get(identity) != due:
            self.wakes[identity] = due
            heappush(self._queue, (due, identity))

    def _keep(self, fold: Replayed) -> None:
        for aggregate in fold.aggregates.values():
            if aggregate.changed and aggregate.state is not None:
                self.aggregates[aggregate.id] = self.row_of(aggregate)
            elif aggregate.changed:
                self.aggregates.pop(aggregate.id, None)
            self._arm(aggregate.id, None if fold.held(aggregate.id) else aggregate.armed_at)
        self.forgotten |= fold.forgotten
        for identity, count in fold.holds.items():
            if count:
                self.holding[identity] = count
            else:
                self.holding.pop(identity, None)
        for row in fold.quarantine:
            place = row.batch_seq, row.ordinal
            self.quarantine[place] = self._in_the_end(place, row)
            if row.aggregate_id is not None:
                self._open[row.aggregate_id][place] = row
            elif row.order_key is not None:
                self._beside[row.topic, row.record_offset][place] = row
        for released in fold.released:
            self._settle(released)

    def _in_the_end(self, place: Place, row: QuarantineRow) -> QuarantineRow:
        """A record that waited, with what was wrong with it when its turn came, if that is known."""
        verdict = self._met.get(place)
        if verdict is None or row.reason != Reason.WAITING.value:
            return row
        return row._replace(reason=verdict.reason, field=verdict.field, detail=verdict.detail)

    def _settle(self, released: Released) -> None:
        place = released.batch_seq, released.ordinal
        self.settled[place] = released
        row = self.quarantine[place]
        if row.aggregate_id is not None:
            self._open[row.aggregate_id].pop(place, None)
        else:
            self._beside[row.topic, row.record_offset].pop(place, None)


def _imposed(items: Sequence[Item], said: Sequence[Verdict]) -> dict[object, Refusal]:
    """What quarantine says of this batch: refusals of the door are put into the items, the others are returned."""
    failed: dict[object, Refusal] = {}
    at = {(item.raw.topic, item.raw.offset): item for item in items}
    for verdict in said:
        item = at.get((verdict.topic, verdict.record_offset))
        if verdict.topic == WAKE_TOPIC and verdict.aggregate_id is not None:
            failed[verdict.aggregate_id, verdict.known_at] = verdict.refusal
        elif item is not None and verdict.reason in _AT_THE_DOOR and item.refusal is None:
            item.event, item.refusal = None, verdict.refusal
        elif item is not None and verdict.reason in _FAILED:
            failed[id(item.event)] = verdict.refusal
    return failed


def stored_now(row: Stored, definition: Definition[Any], documents: dict[bytes, bytes]) -> Stored:
    """A row that older code wrote, in the shape that this code writes."""
    codec = definition.codec
    if row.shape >= codec.shape:
        return row
    document = documents[row.wording] if row.wording is not None else None
    state, _ = codec.encode(codec.decode(row.shape, row.state, document))
    return row._replace(shape=codec.shape, state=state)
