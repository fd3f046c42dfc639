"""One batch: lock the shards, load, fold, save, all in one transaction; memory follows only once it is committed."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from waybond_contracts.commands import HeldCommand
from waybond_kit.changes import Changes, InputRow, JournalRow, ShardRow, Stored, Wake
from waybond_kit.clock import Clock, watermark
from waybond_kit.definition import Definition, Known
from waybond_kit.documents import Documents
from waybond_kit.door import EPOCH, Door, Hole, Item
from waybond_kit.errors import BreakerError, FencedError, SaveError, ShapeError
from waybond_kit.fold import Aggregate, Fold, Tally, Wakes
from waybond_kit.journal import spans_json
from waybond_kit.outbox import Outbox
from waybond_kit.ports import Store, Transaction
from waybond_kit.quarantine import Line
from waybond_kit.shard import Last, Shard


@dataclass(slots=True)
class Part:
    """One shard's share of a batch: the next records of its queue, and how many wakes may fire (0: none)."""

    shard: Shard
    items: Sequence[Item]
    max_wakes: int
    poisoned: bool = False


@dataclass(slots=True)
class Work:
    """A part while its batch runs."""

    part: Part
    sent_at: datetime | None
    progress: dict[str, datetime]
    """What the records say of the progress of our own services."""
    before: datetime | None
    after: datetime | None
    """The shard's watermark ahead of the records and behind them."""
    loaded: list[Wake] = field(default_factory=list)
    limit: tuple[datetime, UUID] | None = None
    next_due: datetime | None = None
    fold: Fold[Any] = field(init=False)
    known: str = ""
    """What its decisions were told ahead of the first of them."""
    publish: datetime | None = None
    documents: dict[bytes, bytes] = field(default_factory=dict)
    inputs: list[InputRow] = field(default_factory=list)
    deleted: int = 0

    @property
    def shard(self) -> Shard:
        return self.part.shard


@dataclass(frozen=True, slots=True)
class Done:
    """What a committed part did."""

    shard: Shard
    records: int
    published: int
    tally: Tally


class Batch:
    """Runs batches of a service. `monotonic` is in seconds."""

    def __init__(
        self,
        definition: Definition[Any],
        door: Door,
        store: Store,
        *,
        partitions: int,
        code: str,
        replay: bool,
        clock: Clock,
        monotonic: Callable[[], float],
    ) -> None:
        self._definition = definition
        self._door = door
        self._store = store
        self._partitions = partitions
        self._code = code
        self._replay = replay
        self._clock = clock
        self._monotonic = monotonic
        self._documents = Documents()
        self._knowing = definition.knowing() if definition.knowing is not None else None

    def forget(self) -> None:
        """A shard was taken: the database may be another one, restored or failed over, that lacks what it held."""
        self._documents = Documents()
        self._knowing = self._definition.knowing() if self._definition.knowing is not None else None

    def part(self, shard: Shard, max_records: int, max_wakes: int) -> Part:
        """The next share of a shard. It ends with a command of an operator, whose line has to be loaded."""
        items: list[Item] = []
        for raw in shard.queue:
            if len(items) == max_records:
                break
            items.append(self._door.read(raw))
            if isinstance(items[-1].event, HeldCommand):
                break
        return Part(shard, items, max_wakes)

    async def run(self, parts: Sequence[Part]) -> list[Done]:
        """Carry these parts in one transaction.

        Raises SaveError for a value that cannot be stored, FencedError and other ShardErrors naming the shards that
        cannot go on. After any other error it is unknown whether the batch is committed.
        """
        sent_at = None if self._replay else self._clock.now()
        works = [self._work(part, sent_at) for part in parts]
        changes = Changes()
        async with self._store.transaction() as transaction:
            await _lock(transaction, works)
            await self._load(transaction, works)
            known = await self._known(transaction, works)
            for work in works:
                self._fold(work, known)
                self._collect(work, changes)
            await transaction.save(changes)
            await self._save_rows(transaction, changes)
        return [self._committed(work) for work in works]

    def _work(self, part: Part, sent_at: datetime | None) -> Work:
        shard = part.shard
        throughs = {topic: each.through for topic, each in shard.progress.items()}
        told: dict[str, datetime] = {}
        for item in part.items:
            if item.through is not None:
                topic, known = item.raw.topic, throughs[item.raw.topic]
                told[topic] = throughs[topic] = item.through if known is None else max(known, item.through)
        return Work(part, sent_at, told, shard.watermark, watermark(shard.watermark, throughs.values()))

    async def _load(self, transaction: Transaction, works: Sequence[Work]) -> None:
        await self._load_wakes(transaction, works)
        wanted = {(work.shard.number, item.id) for work in works for item in work.part.items if item.id is not None}
        wanted.update((wake.shard, wake.id) for work in works for wake in work.loaded)
        stored = await transaction.load(list(wanted)) if wanted else []
        bodies = await self._load_documents(transaction, stored)
        aggregates: dict[int, dict[UUID, Aggregate[Any]]] = {work.shard.number: {} for work in works}
        holding = {work.shard.number: work.shard.holding for work in works}
        for row in stored:
            held = row.id in holding[row.shard]
            aggregates[row.shard][row.id] = self._aggregate(row, bodies, held=held)
        asked = {
            (work.shard.number, item.id): (item.event.topic_name, item.event.record_offset)
            for work in works
            for item in work.part.items
            if item.id is not None and isinstance(item.event, HeldCommand)
            if item.event.service == self._definition.name
        }
        lines = await transaction.lines([(*key, *named) for key, named in asked.items()]) if asked else {}
        for work in works:
            shard = work.shard
            work.fold = Fold(
                definition=self._definition,
                door=self._door,
                shard=shard.number,
                partitions=self._partitions,
                batch_seq=shard.batch_seq + 1,
                outbox=Outbox(self._definition.name, shard.number, shard.outbox_seq, self._partitions),
                aggregates=aggregates[shard.number],
                holding=shard.holding,
                lines={identity: Line(rows) for (number, identity), rows in lines.items() if number == shard.number},
                sent_at=work.sent_at,
                poisoned=work.part.poisoned,
            )

    async def _load_wakes(self, transaction: Transaction, works: Sequence[Work]) -> None:
        asked = []
        for work in works:
            due = work.next_due = work.shard.next_due
            if work.part.max_wakes and due is not None and work.after is not None and due <= work.after:
                asked.append((work.shard.number, due, work.part.max_wakes + 1))
        if not asked:
            return
        found: dict[int, list[Wake]] = {shard: [] for shard, _, _ in asked}
        for wake in await transaction.due(asked):
            found[wake.shard].append(wake)
        for work in works:
            if work.shard.number in found:
                _plan(work, found[work.shard.number])

    async def _load_documents(self, transaction: Transaction, stored: Sequence[Stored]) -> dict[bytes, bytes]:
        """The documents of these states; a batch may need more of them than are kept in memory."""
        wanted = {row.wording for row in stored if row.wording is not None}
        bodies = {sha256: body for sha256 in wanted if (body := self._documents.body(sha256)) is not None}
        missing = wanted - bodies.keys()
        if missing:
            for sha256, body in (await transaction.documents(list(missing))).items():
                self._documents.remember(sha256, body)
                bodies[sha256] = body
        return bodies

    async def _known(self, transaction: Transaction, works: Sequence[Work]) -> Known[Any] | None:
        if self._knowing is None:
            return None
        return await self._knowing.known(
            transaction.connection, min(work.sent_at or work.before or EPOCH for work in works)
        )

    def _aggregate(self, row: Stored, bodies: Mapping[bytes, bytes], *, held: bool) -> Aggregate[Any]:
        codec = self._definition.codec
        if row.shape > codec.shape:
            message = f"a state has shape {row.shape}, newer than the {codec.shape} of this code: deploy that code"
            raise ShapeError(message, [row.shard])
        document = bodies.get(row.wording) if row.wording is not None else None
        if row.wording is not None and document is None:
            # Going on without it would save the state as one that has no wording.
            raise ShapeError(f"the document of {row.order_key} is not in the table", [row.shard])
        try:
            state = codec.decode(row.shape, row.state, document)
        except Exception as error:  # told of its shard alone: others share the transaction
            message = f"the state of {row.order_key} cannot be read: {type(error).__name__}"
            raise ShapeError(message, [row.shard]) from error
        return Aggregate(
            id=row.id,
            order_key=row.order_key,
            version=row.version,
            state=state,
            known_at=row.known_at,
            armed_at=row.armed_at,
            wake_row=None if held else row.armed_at,
            status=row.status,
        )

    def _fold(self, work: Work, known: Known[Any] | None) -> None:
        part, fold, shard = work.part, work.fold, work.shard
        if known is not None:
            fold.known, work.known = known, known.text
        allowed = part.max_wakes > 0
        wakes = Wakes(work.before, work.after, work.limit) if allowed else Wakes()
        fold.run(part.items, wakes)
        if not shard.breaker.allows(fold.tally.faults, self._monotonic()):
            raise BreakerError(f"shard {shard.number}: too many failures within a minute", [shard.number])
        through = work.after
        complete = allowed and work.limit is None and not fold.more_wakes
        if not complete or through is None or through == shard.progress_sent or not self._definition.progress_topics:
            return
        if self._replay or shard.progress_due(self._monotonic(), at_once=False):
            fold.outbox.progress(self._definition.progress_topics, through)
            work.publish = through

    def _collect(self, work: Work, changes: Changes) -> None:
        """Turn what the fold left into rows."""
        fold, shard = work.fold, work.shard
        number = shard.number
        for aggregate in fold.aggregates.values():
            if aggregate.changed:
                self._collect_aggregate(number, aggregate, work, changes)
            wanted = None if fold.held(aggregate.id) else aggregate.armed_at
            if wanted != aggregate.wake_row:
                if aggregate.wake_row is not None:
                    changes.wakes_gone.append(Wake(number, aggregate.wake_row, aggregate.id))
                if wanted is not None:
                    changes.wakes_new.append(Wake(number, wanted, aggregate.id))
                    work.next_due = wanted if work.next_due is None else min(work.next_due, wanted)
        changes.documents.update(work.documents)
        changes.outbox.extend(fold.outbox.rows)
        changes.quarantine.extend(fold.quarantine)
        changes.released.extend(fold.released)
        changes.met.extend(fold.met)
        work.inputs = _inputs(work)
        changes.inputs.extend(work.inputs)
        if fold.rows:
            changes.rows.append((number, fold.rows))
        batch_seq, outbox_seq = shard.batch_seq + 1, fold.outbox.last_seq
        work.deleted = shard.unsent.confirmed
        changes.shards.append(ShardRow(number, batch_seq, outbox_seq, work.after, shard.unsent.deleted, work.deleted))
        if fold.tally.woken or any(item.through is None for item in work.part.items):
            changes.journal.append(self._journal(work, batch_seq))

    def _collect_aggregate(self, number: int, aggregate: Aggregate[Any], work: Work, changes: Changes) -> None:
        version, state, sha256 = aggregate.version, b"", None
        if aggregate.state is not None:
            state, sha256 = self._encoded(aggregate, work)
        row = Stored(  # by position: naming the fields would cost as much as the rest of this function
            *(number, aggregate.id, aggregate.order_key, version or 1, self._definition.codec.shape, aggregate.status),
            *(aggregate.known_at or EPOCH, aggregate.armed_at, sha256, state),
        )
        if aggregate.state is not None:
            (changes.updates if version else changes.inserts).append(row)
        elif version:
            changes.deletes.append(row)

    def _encoded(self, aggregate: Aggregate[Any], work: Work) -> tuple[bytes, bytes | None]:
        """The state as bytes, and the SHA-256 of its document, which is saved with it if it is new."""
        try:
            state, document = self._definition.codec.encode(aggregate.state)
        except Exception as error:
            raise SaveError(f"the state of {aggregate.order_key} cannot be encoded") from error
        if document is None:
            return state, None
        sha256, stored = self._documents.hash(document)
        if not stored:
            work.documents[sha256] = document
        return state, sha256

    def _journal(self, work: Work, seq: int) -> JournalRow:
        before = due = identity = None
        if work.part.max_wakes:
            before = work.before
            due, identity = work.limit or (work.after, None)
        spans = spans_json(work.part.items)
        known = self._definition.complete_until
        until = known() if known is not None else None
        number, epoch = work.shard.number, work.shard.epoch
        return JournalRow(number, seq, epoch, self._code, spans, before, due, identity, work.sent_at, until, work.known)

    async def _save_rows(self, transaction: Transaction, changes: Changes) -> None:
        if not changes.rows or self._definition.storage is None:
            return
        for number, rows in changes.rows:
            await self._definition.storage.save(transaction.connection, number, rows)

    def _committed(self, work: Work) -> Done:
        """The transaction is committed: let the shard's memory follow. No await lies between the two."""
        shard, fold, now = work.shard, work.fold, self._monotonic()
        shard.batch_seq += 1
        shard.outbox_seq = fold.outbox.last_seq
        shard.unsent.deleted = work.deleted
        shard.watermark = work.after
        shard.next_due = work.next_due
        shard.breaker.note(fold.tally.faults, now)
        for topic, through in work.progress.items():
            shard.progress[topic].told(through)
        for row in work.inputs:
            shard.positions[row.topic].applied = row.next_offset
        for identity, count in fold.holds.items():
            if count:
                shard.holding[identity] = count
            else:
                shard.holding.pop(identity, None)
        for sha256, body in work.documents.items():
            self._documents.remember(sha256, body)
        if fold.outbox.rows:
            shard.unsent.add(fold.outbox.rows, now)
        if work.publish is not None:
            shard.progress_sent, shard.progress_sent_at = work.publish, now
        shard.taken(len(work.part.items))
        shard.settle()
        return Done(shard, len(work.part.items), len(fold.outbox.rows), fold.tally)


async def _lock(transaction: Transaction, works: Sequence[Work]) -> None:
    epochs: Mapping[int, int] = {work.shard.number: work.shard.epoch for work in works}
    gone = epochs.keys() - await transaction.lock(epochs)
    if gone:
        raise FencedError(f"shards {sorted(gone)} were taken by another process", gone)


def _plan(work: Work, found: Sequence[Wake]) -> None:
    """Which of the first wakes fire, and when the next one is due. One more was asked for than may fire."""
    assert work.after is not None  # noqa: S101  # wakes are only asked for behind a watermark
    due = [wake for wake in found if wake.due <= work.after]
    work.loaded = list(due[: work.part.max_wakes])
    if len(due) > work.part.max_wakes:
        work.limit = (work.loaded[-1].due, work.loaded[-1].id)
        work.next_due = due[-1].due
    else:
        work.next_due = found[len(due)].due if len(due) < len(found) else None


def _inputs(work: Work) -> list[InputRow]:
    """How far each topic is applied after this batch."""
    lasts: dict[str, Item] = {item.raw.topic: item for item in work.part.items}
    rows = []
    for topic, item in lasts.items():
        shard, raw = work.shard, item.raw
        progress = work.progress.get(topic, shard.progress[topic].through)
        last = None if isinstance(raw, Hole) else last_of(item)
        rows.append(
            InputRow(
                shard=shard.number,
                topic=topic,
                expected=shard.positions[topic].applied,
                next_offset=raw.offset + 1,
                progress=progress,
                last_stamp=last.stamp if last else None,
                last_crc=last.crc if last else None,
            )
        )
    return rows


def last_of(item: Item) -> Last:
    """What identifies a record if its topic is read again: its timestamp, and a CRC-32 of its key and value."""
    raw = item.raw
    return Last(raw.appended, zlib.crc32(raw.value or b"", zlib.crc32(raw.key or b"")))
