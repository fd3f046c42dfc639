"""A service's tables in a simulated database: what is committed, and the changes that a transaction wants to commit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from msgspec.structs import astuple

from waybond_claims.brake import Paid
from waybond_claims.service import brakes
from waybond_claims.service.brakes import Entry
from waybond_claims.service.desk.rows import CLOSE, OPEN
from waybond_claims.service.storage import BOOK
from waybond_kit.changes import Changes, JournalRow, OutboxRow, QuarantineRow, Released, Stored, Wake
from waybond_kit.errors import FencedError
from waybond_kit.ports import InputState

Change = Callable[[], None]


@dataclass(slots=True)
class ShardState:
    """A row of `shard`."""

    epoch: int = 0
    owner: str = ""
    watermark: datetime | None = None
    batch_seq: int = 0
    outbox_seq: int = 0


@dataclass(frozen=True, slots=True)
class Booked:
    """A row of `posting` with what its entry says."""

    order_key: str
    ordinal: int
    account: str
    currency: str
    minor: int
    refund_id: str | None


@dataclass
class Tables:
    """What is committed. `published` keeps every outbox row that ever was, for the checks."""

    shards: dict[int, ShardState] = field(default_factory=dict)
    inputs: dict[tuple[int, str], InputState] = field(default_factory=dict)
    aggregates: dict[tuple[int, UUID], Stored] = field(default_factory=dict)
    wakes: dict[int, set[tuple[datetime, UUID]]] = field(default_factory=dict)
    outbox: dict[int, dict[int, OutboxRow]] = field(default_factory=dict)
    published: dict[tuple[int, int], OutboxRow] = field(default_factory=dict)
    quarantine: dict[tuple[int, int, int], QuarantineRow] = field(default_factory=dict)
    settled: dict[tuple[int, int, int], Released] = field(default_factory=dict)
    journal: dict[tuple[int, int], JournalRow] = field(default_factory=dict)
    documents: dict[bytes, bytes] = field(default_factory=dict)
    postings: list[Booked] = field(default_factory=list)
    entries: set[tuple[str, int]] = field(default_factory=set)
    brake: list[Entry] = field(default_factory=list)
    """Claims' history of stops and ceilings."""
    payout: dict[tuple[datetime, int, Paid], int] = field(default_factory=dict)
    """What was commanded under a ceiling, by hour and shard."""
    inbox: dict[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)
    """What waits for people: the values of each question's row after its order and id."""

    def line(self, shard: int, identity: UUID) -> list[QuarantineRow]:
        """What stands in the line of a held order, in order."""
        return [
            row
            for key, row in sorted(self.quarantine.items(), key=_key)
            if key not in self.settled and row.aggregate_id == identity and row.shard == shard
        ]

    def holding(self, shard: int) -> dict[UUID, int]:
        """Held orders and how many records stand in their line."""
        found: dict[UUID, int] = {}
        if len(self.quarantine) > len(self.settled):
            for key, row in self.quarantine.items():
                if row.shard == shard and row.aggregate_id is not None and key not in self.settled:
                    found[row.aggregate_id] = found.get(row.aggregate_id, 0) + 1
        return found

    def swept(self, shard: int, deleted: int, confirmed: int) -> None:
        """Delete the outbox rows behind `deleted` up to `confirmed`."""
        rows = self.outbox[shard]
        for seq in [seq for seq in rows if deleted < seq <= confirmed]:
            del rows[seq]


def staged(tables: Tables, changes: Changes) -> list[Change]:
    """What `save` does once its transaction commits. Raises as PostgreSQL and the kit's statements do, in their order.

    The rows belong to shards that the transaction has locked, so nobody else changes them before it commits.
    """
    journal = {(row.shard, row.seq): row for row in changes.journal}
    _unique(len(journal), changes.journal, journal.keys() & tables.journal.keys(), "journal_pkey")
    found: list[Change] = [_shards(tables, changes)]
    if changes.inserts or changes.updates or changes.deletes:
        found.append(_aggregates(tables, changes))
    if changes.wakes_gone or changes.wakes_new:
        found.append(_wakes(tables, changes))
    outbox = {(row.shard, row.seq): row for row in changes.outbox}
    _unique(len(outbox), changes.outbox, outbox.keys() & tables.published.keys(), "outbox_pkey")
    quarantine = {(row.shard, row.batch_seq, row.ordinal): row for row in changes.quarantine}
    _unique(len(quarantine), changes.quarantine, quarantine.keys() & tables.quarantine.keys(), "quarantine_pkey")

    def apply() -> None:
        for row in changes.outbox:
            tables.outbox[row.shard][row.seq] = row
        tables.published.update(outbox)
        tables.quarantine.update(quarantine)
        tables.journal.update(journal)
        tables.documents.update(changes.documents)
        for met in changes.met:
            place = met.shard, met.batch_seq, met.ordinal
            if tables.quarantine[place].reason == "waiting":
                tables.quarantine[place] = tables.quarantine[place]._replace(**met._asdict())
        for released in changes.released:
            tables.settled[released.shard, released.batch_seq, released.ordinal] = released

    return [*found, apply]


def _shards(tables: Tables, changes: Changes) -> Change:
    stale = [row.shard for row in changes.shards if tables.shards[row.shard].batch_seq != row.batch_seq - 1]
    stale += [row.shard for row in changes.inputs if tables.inputs[row.shard, row.topic].next_offset != row.expected]
    if stale:
        raise FencedError("the database has come further than memory", {row.shard for row in changes.shards})

    def apply() -> None:
        for row in changes.shards:
            state = tables.shards[row.shard]
            state.batch_seq, state.outbox_seq, state.watermark = row.batch_seq, row.outbox_seq, row.watermark
            tables.swept(row.shard, row.deleted, row.confirmed)
        for row in changes.inputs:
            tables.inputs[row.shard, row.topic] = InputState(
                row.next_offset, row.progress, row.last_stamp, row.last_crc
            )

    return apply


def _aggregates(tables: Tables, changes: Changes) -> Change:
    known = tables.aggregates
    _counted(changes.inserts, [row for row in changes.inserts if (row.shard, row.id) in known])
    for rows in (changes.updates, changes.deletes):
        _counted(rows, [row for row in rows if _version(known.get((row.shard, row.id))) != row.version])

    def apply() -> None:
        for row in changes.inserts:
            known[row.shard, row.id] = row
        for row in changes.updates:
            known[row.shard, row.id] = row._replace(version=row.version + 1)
        for row in changes.deletes:
            del known[row.shard, row.id]

    return apply


def _wakes(tables: Tables, changes: Changes) -> Change:
    gone = set(changes.wakes_gone)
    doubled = [row for row in changes.wakes_new if (row.due, row.id) in tables.wakes[row.shard] and row not in gone]
    _unique(len(set(changes.wakes_new)), changes.wakes_new, doubled, "wake_pkey")

    def apply() -> None:
        for row in changes.wakes_gone:
            tables.wakes[row.shard].discard((row.due, row.id))
        for row in changes.wakes_new:
            tables.wakes[row.shard].add((row.due, row.id))

    return apply


def booked(tables: Tables, statement: str, arguments: Sequence[Any]) -> Change:
    """What a service's own storage writes: the entries, postings and questions of claims, and what counts under a
    ceiling; refuses what PostgreSQL would."""
    if statement == brakes.COUNT:
        return _counted_payouts(tables, arguments)
    if statement in (OPEN, CLOSE):
        return _asked(tables, statement, arguments)
    if statement != BOOK:
        raise AssertionError(f"the simulated database does not know this statement: {statement}")
    _, keys, ordinals, _, _, _, _, places, _, accounts, currencies, minors, refunds = arguments
    entries = set(zip(keys, ordinals, strict=True))
    _unique(len(entries), keys, entries & tables.entries, "entry_of_order")
    rows = [
        (place, Booked(keys[place - 1], ordinals[place - 1], account, currency, minor, str(refund) if refund else None))
        for place, account, currency, minor, refund in zip(places, accounts, currencies, minors, refunds, strict=True)
    ]
    sums: dict[tuple[int, str], int] = {}
    for place, row in rows:
        sums[place, row.currency] = sums.get((place, row.currency), 0) + row.minor
    if any(sums.values()) or not all(minors):
        raise asyncpg.CheckViolationError("an entry is out of balance")

    def apply() -> None:
        tables.entries.update(entries)
        tables.postings.extend(row for _, row in rows)

    return apply


def _counted_payouts(tables: Tables, arguments: Sequence[Any]) -> Change:
    shard, oldest, *columns = arguments
    rows = list(zip(*columns, strict=True))

    def apply() -> None:
        for key in [key for key in tables.payout if key[0] < oldest and key[1] == shard]:
            del tables.payout[key]
        for hour, tenant, product, currency, minor in rows:
            key = hour, shard, Paid(tenant, product, currency)
            tables.payout[key] = tables.payout.get(key, 0) + minor

    return apply


def _asked(tables: Tables, statement: str, arguments: Sequence[Any]) -> Change:
    _, keys, referrals, *values = arguments
    names = list(zip(keys, referrals, strict=True))
    _unique(len(set(names)), names, (), "inbox_pkey")

    def apply() -> None:
        for name in names:
            tables.inbox.pop(name, None)
        if statement == OPEN:
            tables.inbox.update(zip(names, zip(*values, strict=True), strict=True))

    return apply


def asked(tables: Tables, statement: str, arguments: Sequence[Any]) -> list[Any]:
    """What a service's own reading gets: the history of the brake, and what was commanded under ceilings."""
    if statement == brakes.READ:
        return [astuple(entry) for entry in tables.brake if entry.id > arguments[0]]
    if statement != brakes.USED:
        raise AssertionError(f"the simulated database does not know this statement: {statement}")
    sums: dict[tuple[Paid, datetime], int] = {}
    for (hour, _, paid), minor in tables.payout.items():
        if hour >= arguments[0]:
            sums[paid, hour] = sums.get((paid, hour), 0) + minor
    return [(*paid, hour, minor) for (paid, hour), minor in sums.items()]


def due(tables: Tables, asked: Sequence[tuple[int, datetime, int]]) -> list[Wake]:
    """The first wakes of each shard from an instant on."""
    found = []
    for shard, since, most in sorted(asked):
        found += [Wake(shard, at, identity) for at, identity in sorted(tables.wakes[shard]) if at >= since][:most]
    return found


def copied(state: InputState) -> InputState:
    """A row as it is read: what its reader changes stays in its memory."""
    return replace(state)


def _version(row: Stored | None) -> int | None:
    return row.version if row is not None else None


def _counted(rows: Sequence[Stored], wrong: Sequence[Stored]) -> None:
    if wrong:
        raise FencedError("an aggregate's version in the database is not the one read", {row.shard for row in rows})


def _unique(distinct: int, rows: Sequence[Any], doubled: Iterable[Any], constraint: str) -> None:
    if distinct != len(rows) or any(True for _ in doubled):
        raise asyncpg.UniqueViolationError(f"duplicate key value violates unique constraint {constraint}")


def _key(item: tuple[tuple[int, int, int], QuarantineRow]) -> tuple[int, int, int]:
    return item[0]
