"""The kit's tables in PostgreSQL: every statement is for all rows of a batch, so their number is constant."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from waybond_kit import sql
from waybond_kit.changes import Changes, InputRow, OutboxRow, Stored, Wake
from waybond_kit.definition import Connection
from waybond_kit.errors import FencedError, LostError, SaveError, StartError
from waybond_kit.outbox import pack_headers, unpack_headers
from waybond_kit.ports import InputState, Sweep, Taken
from waybond_kit.quarantine import MAX_LINE_ROWS, LineRow

MAX_STRAYS = 1_000
"""So many of a shard are sent by one sweep; the next goes on."""

BLOCKED_SECONDS = 0.5
"""So long a takeover waits for the shard's row before it looks at who has it, and again between two looks."""
FROZEN_SECONDS = 2.0
"""A session that waits so long for its client, in the midst of a transaction, is taken for one of a frozen process."""

# What the database says of a value that it cannot store, or that a constraint or trigger of the service refuses.
VALUE_ERRORS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.RaiseError,
    asyncpg.ProgramLimitExceededError,
)

# What a lost connection, or a transaction that took too long, is told as; asyncpg calls a connection that the server
# ended in the midst of a transaction an InterfaceError ("cannot call Transaction.__aexit__()"), and one that it ended
# before the next statement an InternalClientError ("another operation is in progress").
LOST_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    asyncpg.OperatorInterventionError,
)

log = structlog.get_logger(__name__)


class PostgresTransaction:
    """One transaction of one batch."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def lock(self, epochs: Mapping[int, int]) -> set[int]:
        rows = await self.connection.fetch(sql.LOCK, list(epochs), list(epochs.values()))
        return {row[0] for row in rows}

    async def due(self, asked: Sequence[tuple[int, datetime, int]]) -> list[Wake]:
        rows = await self.connection.fetch(sql.DUE, *_columns(asked, 3))
        return [Wake(*row) for row in rows]

    async def load(self, wanted: Sequence[tuple[int, UUID]]) -> list[Stored]:
        rows = await self.connection.fetch(sql.LOAD, *_columns(wanted, 2))
        return [Stored(*row) for row in rows]

    async def documents(self, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        rows = await self.connection.fetch(sql.DOCUMENTS, hashes)
        return {row[0]: row[1] for row in rows}

    async def lines(self, asked: Sequence[tuple[int, UUID, str, int]]) -> dict[tuple[int, UUID], list[LineRow]]:
        found: dict[tuple[int, UUID], list[LineRow]] = {(shard, identity): [] for shard, identity, _, _ in asked}
        for row in await self.connection.fetch(sql.LINES, *_columns(asked, 4), MAX_LINE_ROWS):
            found[row["shard"], row["asked_id"]].append(LineRow.of(row))
        return found

    async def save(self, changes: Changes) -> None:
        try:
            await self._save_shards(changes)
            await self._save_aggregates(changes)
            await self._save_outbox(changes)
            if changes.quarantine:
                await self.connection.execute(sql.QUARANTINE, *_columns(changes.quarantine, 14))
            if changes.released:
                await self.connection.execute(sql.RELEASE, *_columns(changes.released, 5))
            if changes.met:
                await self.connection.execute(sql.MET, *_columns(changes.met, 6))
        except VALUE_ERRORS as error:
            raise SaveError(str(error)) from error

    async def _save_aggregates(self, changes: Changes) -> None:
        execute = self.connection.execute
        if changes.documents:
            # In the order of their hashes: two batches that add the same ones would wait for each other in turn.
            await execute(sql.ADD_DOCUMENTS, *_columns(sorted(changes.documents.items()), 2))
        if changes.inserts:
            _count(await execute(sql.INSERT, *_columns(changes.inserts, 10)), changes.inserts)
        if changes.updates:
            _count(await execute(sql.UPDATE, *_columns(changes.updates, 10)), changes.updates)
        if changes.deletes:
            columns = _columns([(row.shard, row.id, row.version) for row in changes.deletes], 3)
            _count(await execute(sql.DELETE, *columns), changes.deletes)
        if changes.wakes_gone or changes.wakes_new:
            await execute(sql.WAKES, *_columns(changes.wakes_gone, 3), *_columns(changes.wakes_new, 3))

    async def _save_outbox(self, changes: Changes) -> None:
        if changes.outbox:
            # COPY, since these rows are large and many: both sides need a quarter less time than with arrays.
            rows = [(*row[:5], pack_headers(row.headers), row.value) for row in changes.outbox]
            await self.connection.copy_records_to_table("outbox", records=rows, columns=OutboxRow._fields)

    async def _save_shards(self, changes: Changes) -> None:
        inputs, journal = _columns(changes.inputs, 7), _columns(changes.journal, 11)
        row = await self.connection.fetchrow(sql.SHARDS, *_columns(changes.shards, 6), *inputs, *journal)
        if row is None or row["shards"] != len(changes.shards) or row["inputs"] != len(changes.inputs):
            raise FencedError("the database has come further than memory", {each.shard for each in changes.shards})


class PostgresStore:
    """The service's own schema, through a pool whose connections have it as their search_path.

    A takeover looks at what blocks it through `aside`, a pool of its own: all connections of `pool` may be waiting for
    the same lock. Where none is given it is `pool`.
    """

    def __init__(self, pool: asyncpg.Pool, aside: asyncpg.Pool | None = None) -> None:
        self._pool = pool
        self._aside = aside or pool
        # Takeovers may wait for a lock: they leave connections to the batches of the shards that are open.
        self._takeovers = asyncio.Semaphore(max(1, pool.get_max_size() // 2))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        try:
            with _lost():
                async with self._pool.acquire() as connection, connection.transaction():
                    yield PostgresTransaction(connection)
        except VALUE_ERRORS as error:  # from the service's own storage, or a constraint that is checked at the end
            raise SaveError(str(error)) from error

    async def prepare(self, partitions: int) -> None:
        """Make a row for each shard; raises StartError if the topics' partitions are not as many as there were."""
        await self._pool.execute(sql.ADD_SHARDS, partitions)
        count = await self._pool.fetchval(sql.COUNT_SHARDS)
        if count != partitions:
            raise StartError(
                f"the topics have {partitions} partitions, the database was made for {count}: an order's key would "
                "mean another shard than the one that holds its state"
            )

    async def offsets(self, shard: int) -> dict[str, int]:
        return {row["topic"]: row["next_offset"] for row in await self._pool.fetch(sql.INPUTS, shard)}

    async def take(self, shard: int, owner: str) -> Taken:
        """Raise the epoch. Sessions of this role that keep the shard's row while their client is frozen are ended.

        Scenario: a process is paused (a container, a virtual machine) in the midst of a statement of a batch. Its
        session then neither runs nor is idle, so that PostgreSQL bounds it late or, before version 17, never.
        """
        async with self._takeovers, self._pool.acquire() as connection:
            unblocking = asyncio.create_task(self._unblock(shard, connection.get_server_pid()))
            try:
                return await self._take(connection, shard, owner)
            finally:
                unblocking.cancel()

    async def _unblock(self, shard: int, waiting: int) -> None:
        """End frozen sessions that the one with this process id waits for, for as long as it waits."""
        while True:
            await asyncio.sleep(BLOCKED_SECONDS)
            try:
                rows = await self._aside.fetch(sql.END_FROZEN, waiting, FROZEN_SECONDS)
            except Exception as error:  # whatever it is, the takeover still waits
                log.warning("blocked takeover: cannot look at who blocks it", shard=shard, error=repr(error))
                continue
            for row in rows:
                log.warning("frozen session ended", shard=shard, **row)

    async def _take(self, connection: Connection, shard: int, owner: str) -> Taken:
        async with connection.transaction():
            row = await connection.fetchrow(sql.TAKE, shard, owner)
            assert row is not None  # noqa: S101  # `prepare` made a row for every shard
            inputs = await connection.fetch(sql.INPUTS, shard)
            holding = await connection.fetch(sql.HOLDING, shard)
            next_due = await connection.fetchval(sql.NEXT_DUE, shard)
        return Taken(
            epoch=row["epoch"],
            batch_seq=row["batch_seq"],
            outbox_seq=row["outbox_seq"],
            watermark=row["watermark"],
            inputs={
                each["topic"]: InputState(each["next_offset"], each["progress"], each["last_stamp"], each["last_crc"])
                for each in inputs
            },
            holding={each["aggregate_id"]: each["count"] for each in holding},
            next_due=next_due,
        )

    async def add_inputs(self, epoch: int, rows: Sequence[InputRow]) -> None:
        shard = rows[0].shard
        async with self._owned(shard, epoch) as connection:
            columns = _columns([(row.shard, row.topic, row.next_offset, row.progress) for row in rows], 4)
            await connection.execute(sql.ADD_INPUTS, *columns)

    async def leftovers(self, shard: int, limit: int) -> list[OutboxRow]:
        return _outbox(await self._pool.fetch(sql.LEFTOVERS, shard, limit))

    async def confirm(self, shard: int, epoch: int, through: int) -> None:
        async with self._owned(shard, epoch) as connection:
            await connection.execute(sql.CONFIRM, shard, through)

    async def sweep(self, asked: Sequence[Sweep]) -> tuple[set[int], list[OutboxRow]]:
        async with self._pool.acquire() as connection, connection.transaction():
            epochs = [each.shard for each in asked], [each.epoch for each in asked]
            ours = {row[0] for row in await connection.fetch(sql.OWNED, *epochs)}
            idle = {row[0] for row in await connection.fetch(sql.LOCK_IDLE, *epochs)}
            columns = _columns([(s.shard, s.deleted, s.confirmed, s.before) for s in asked if s.shard in idle], 4)
            await connection.execute(sql.SWEEP_CONFIRMED, *columns[:3])
            strays = await connection.fetch(sql.SWEEP_STRAYS, columns[0], columns[3], MAX_STRAYS)
        return ours, _outbox(strays)

    async def wakes_due(self, shards: Sequence[int], at: datetime, limit: int) -> dict[int, int]:
        rows = await self._pool.fetch(sql.WAKES_DUE, shards, at, limit)
        return {row["shard"]: row["count"] for row in rows}

    @asynccontextmanager
    async def _owned(self, shard: int, epoch: int) -> AsyncIterator[Connection]:
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetch(sql.LOCK, [shard], [epoch]):
                raise FencedError(f"shard {shard} was taken by another process", [shard])
            yield connection


@contextmanager
def _lost() -> Iterator[None]:
    """Name what ended a transaction, which asyncpg's own error may only have as its context."""
    try:
        yield
    except LOST_ERRORS as error:
        cause = error.__context__ if isinstance(error, asyncpg.InterfaceError) and error.__context__ else error
        raise LostError(f"the transaction was lost: {cause or repr(cause)}") from cause


def _columns(rows: Iterable[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    """Rows as one array a column, for `unnest`."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    return columns or [()] * width


def _count(status: str, rows: Sequence[Stored]) -> None:
    """Check that every row was written: another writer would have changed its version."""
    if int(status.rsplit(" ", 1)[1]) != len(rows):
        raise FencedError("an aggregate's version in the database is not the one read", {row.shard for row in rows})


def _outbox(rows: Iterable[Any]) -> list[OutboxRow]:
    return [OutboxRow._make((*row[:5], unpack_headers(row["headers"]), row["value"])) for row in rows]
