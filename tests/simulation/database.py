"""A simulated database: sessions with row locks on shards, transactions that end in every way, and the port Store."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg

from tests.simulation import tables as t
from tests.simulation.faults import Armed, AwayError
from tests.simulation.loop import OWNER, Owner
from tests.simulation.network import Network, refuse, resolve
from tests.simulation.tables import Change, ShardState, Tables
from waybond_claims.service.storage import BOOK
from waybond_kit.changes import Changes, InputRow, OutboxRow, Stored, Wake
from waybond_kit.errors import FencedError, SaveError
from waybond_kit.ports import InputState, Sweep, Taken
from waybond_kit.quarantine import MAX_LINE_ROWS, LineRow
from waybond_kit.store import VALUE_ERRORS

IDLE_IN_TRANSACTION_SECONDS = 1.5
NOTICES_DEATH_SECONDS = 0.05
Work = Callable[[], Any]


class Database:
    """One service's schema on its server."""

    def __init__(self, network: Network, armed: Armed, service: str, partitions: int) -> None:
        self.network = network
        self.armed = armed
        self.service = service
        self.away = False
        self.tables = Tables()
        for shard in range(partitions):
            self.tables.shards[shard] = ShardState()
            self.tables.wakes[shard] = set()
            self.tables.outbox[shard] = {}
        self.refused_orders: set[str] = set()
        """Entries of these are refused by a constraint."""
        self.sessions: list[Session] = []
        self.locks: dict[int, Session] = {}
        self.waiting: list[tuple[Session, int, Callable[[], None]]] = []
        self.folded: Callable[[Owner], Any] = lambda _: ()
        """Called when a save begins; what it returns comes with `committing`."""
        self.committing: Callable[[Session, Changes, Any], None] = lambda *_: None
        """Called with every save just before it takes effect."""

    def lock(self, session: "Session", shards: Sequence[int], then: Callable[[], None]) -> None:
        """Take the row locks in order, waiting for whoever has them, then go on."""
        for index, shard in enumerate(shards):
            holder = self.locks.setdefault(shard, session)
            if holder is not session:
                self.waiting.append((session, shard, partial(self.lock, session, shards[index:], then)))
                return
        then()

    def end(self, session: "Session") -> None:
        """A session's transaction is over: its locks go to whoever waits."""
        session.open = False
        if session in self.sessions:
            self.sessions.remove(session)
        free = [shard for shard, holder in self.locks.items() if holder is session]
        for shard in free:
            del self.locks[shard]
        self.waiting = [each for each in self.waiting if each[0] is not session]
        for shard in free:
            following = next((each for each in self.waiting if each[1] == shard), None)
            if following is not None:
                self.waiting.remove(following)
                following[2]()

    def go_away(self) -> None:
        """The server stops: what is not committed is gone."""
        self.away = True
        for session in list(self.sessions):
            self.end(session)

    def died(self, owner: Owner) -> None:
        """A process is no more; the server soon sees its connections closed."""
        for session in [each for each in self.sessions if each.owner is owner]:
            self.network.loop.later(self.network.random() * NOTICES_DEATH_SECONDS, self._cut, session)

    def paused(self, owner: Owner) -> None:
        """A process sleeps: its open transactions are ended after a while."""
        for session in [each for each in self.sessions if each.owner is owner]:
            self.network.loop.later(IDLE_IN_TRANSACTION_SECONDS, self._too_idle, session, session.statements)

    def _cut(self, session: "Session") -> None:
        if session.open and not session.committing:
            self.end(session)

    def _too_idle(self, session: "Session", statements: int) -> None:
        if session.open and session.statements == statements and session.owner.paused and not session.committing:
            self.end(session)


class Session:
    """One connection in one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.owner = OWNER.get()
        self.open = True
        self.committing = False
        self.statements = 0
        self.changes: list[Change] = []
        database.sessions.append(self)

    def ask(self, work: Work, *, locks: Callable[[], Sequence[int]] | None = None) -> asyncio.Future[Any]:
        """A statement; `locks` says which rows it locks before `work` looks at them."""
        return self.database.network.look(lambda future: self._arrives(future, work, locks))

    def _arrives(self, future: asyncio.Future[Any], work: Work, locks: Callable[[], Sequence[int]] | None) -> None:
        database = self.database
        self.statements += 1
        if database.armed.strikes(database.service, "connection-lost") and self.open:
            database.end(self)
        if database.away or not self.open:
            refuse(future, asyncpg.ConnectionDoesNotExistError("connection was closed"))
        elif locks is None:
            _do(future, work)
        else:
            database.lock(self, locks(), partial(_do, future, work))

    def commit(self) -> asyncio.Future[Any]:
        """Commit; the answer may be lost on the way back."""
        return self.database.network.ask(self._commits)

    def _commits(self, future: asyncio.Future[Any]) -> None:
        database, network = self.database, self.database.network
        fault = database.armed.strikes(database.service, "commit-unanswered", "commit-lost")
        if database.away or not self.open or (fault is not None and fault.kind == "commit-lost"):
            database.end(self)
            network.refuse(future, asyncpg.ConnectionDoesNotExistError("connection was closed"))
            return
        for change in self.changes:
            change()
        database.end(self)
        if fault is not None:
            network.refuse(future, asyncpg.ConnectionDoesNotExistError("committed, but nobody heard"))
        else:
            network.answer(future)

    # `async with`: a block that fails rolls back, any other commits.

    async def __aenter__(self) -> "Session":
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        if kind is None:
            self.committing = True
            await self.commit()
        else:
            self.database.network.loop.later(self.database.network.delay(), self.database.end, self)


def _do(future: asyncio.Future[Any], work: Work) -> None:
    """Do a statement's work, and answer."""
    try:
        result = work()
    except Exception as error:
        refuse(future, error)
    else:
        resolve(future, result)


class Connection:
    """What a service's own storage gets."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def execute(self, statement: str, *arguments: Any) -> str:
        session, database = self._session, self._session.database

        def work() -> None:
            if statement == BOOK and not database.refused_orders.isdisjoint(arguments[1]):
                raise asyncpg.CheckViolationError("refused by a constraint")
            session.changes.append(t.booked(database.tables, statement, arguments))

        await session.ask(work)
        return "INSERT"

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        session, tables = self._session, self._session.database.tables
        if not tables.brake and not tables.payout:
            return []  # at once: worlds without a brake go as they went before there was one
        return await session.ask(lambda: t.asked(tables, statement, arguments))


class SimulatedTransaction:
    """The port Transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tables = session.database.tables
        self.connection: Any = Connection(session)

    async def lock(self, epochs: Mapping[int, int]) -> set[int]:
        shards = self._tables.shards

        def matching() -> list[int]:
            return sorted(shard for shard, epoch in epochs.items() if shards[shard].epoch == epoch)

        return await self._session.ask(lambda: set(matching()), locks=matching)

    async def due(self, asked: Sequence[tuple[int, datetime, int]]) -> list[Wake]:
        return await self._session.ask(lambda: t.due(self._tables, asked))

    async def load(self, wanted: Sequence[tuple[int, UUID]]) -> list[Stored]:
        known = self._tables.aggregates
        return await self._session.ask(lambda: [known[key] for key in sorted(wanted) if key in known])

    async def documents(self, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        known = self._tables.documents
        return await self._session.ask(lambda: {sha256: known[sha256] for sha256 in hashes if sha256 in known})

    async def lines(self, asked: Sequence[tuple[int, UUID, str, int]]) -> dict[tuple[int, UUID], list[LineRow]]:
        return await self._session.ask(lambda: {each[:2]: self._line(*each) for each in asked})

    def _line(self, shard: int, identity: UUID, topic: str, offset: int) -> list[LineRow]:
        found = []
        for key, row in sorted(self._tables.quarantine.items()):
            named = row.aggregate_id is None and row.order_key is not None
            beside = named and (row.topic, row.record_offset) == (topic, offset)
            if row.shard == shard and key not in self._tables.settled and (row.aggregate_id == identity or beside):
                found.append(LineRow.of(row._asdict()))
        return found[:MAX_LINE_ROWS]

    async def save(self, changes: Changes) -> None:
        session, database = self._session, self._session.database
        calls = database.folded(session.owner)

        def work() -> None:
            if database.armed.strikes(database.service, "serialisation"):
                raise asyncpg.SerializationError("could not serialize access")
            found = t.staged(database.tables, changes)
            session.changes.append(lambda: database.committing(session, changes, calls))
            session.changes.extend(found)

        try:
            await session.ask(work, locks=lambda: sorted(row.shard for row in changes.shards))
        except VALUE_ERRORS as error:
            raise SaveError(str(error)) from error


class TransactionScope:
    """`async with store.transaction()`: what PostgreSQL says of a value becomes a SaveError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __aenter__(self) -> SimulatedTransaction:
        self._session = Session(self._database)  # BEGIN travels with the first statement
        return SimulatedTransaction(self._session)

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        await self._session.__aexit__(kind, error, trace)
        if isinstance(error, VALUE_ERRORS):
            raise SaveError(str(error)) from error


class SimulatedStore:
    """The port Store of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables = database.tables

    def transaction(self) -> Any:
        return TransactionScope(self._database)

    async def offsets(self, shard: int) -> dict[str, int]:
        return await self._alone(
            lambda: {topic: row.next_offset for (number, topic), row in self._tables.inputs.items() if number == shard}
        )

    async def take(self, shard: int, owner: str) -> Taken:
        tables, session = self._tables, Session(self._database)
        row = tables.shards[shard]

        def work() -> Taken:
            def apply() -> None:
                row.epoch, row.owner = row.epoch + 1, owner

            session.changes.append(apply)
            return Taken(
                epoch=row.epoch + 1,
                batch_seq=row.batch_seq,
                outbox_seq=row.outbox_seq,
                watermark=row.watermark,
                inputs={topic: t.copied(each) for (number, topic), each in tables.inputs.items() if number == shard},
                holding=tables.holding(shard),
                next_due=min((at for at, _ in tables.wakes[shard]), default=None),
            )

        async with session:
            return await session.ask(work, locks=lambda: [shard])

    async def add_inputs(self, epoch: int, rows: Sequence[InputRow]) -> None:
        inputs = self._tables.inputs

        def apply() -> None:
            for row in rows:
                inputs.setdefault((row.shard, row.topic), InputState(row.next_offset, row.progress))

        await self._owned(rows[0].shard, epoch, apply)

    async def leftovers(self, shard: int, limit: int) -> list[OutboxRow]:
        return await self._alone(lambda: [row for _, row in sorted(self._tables.outbox[shard].items())][:limit])

    async def confirm(self, shard: int, epoch: int, through: int) -> None:
        await self._owned(shard, epoch, lambda: self._tables.swept(shard, 0, through))

    async def sweep(self, asked: Sequence[Sweep]) -> tuple[set[int], list[OutboxRow]]:
        tables, session, locks = self._tables, Session(self._database), self._database.locks

        def owned() -> list[int]:
            return [each.shard for each in asked if tables.shards[each.shard].epoch == each.epoch]

        def idle() -> list[int]:
            return [shard for shard in owned() if locks.get(shard, session) is session]

        def work() -> tuple[set[int], list[OutboxRow]]:
            mine = set(idle())
            found = []
            for each in asked:
                if each.shard in mine:
                    session.changes.append(lambda e=each: tables.swept(e.shard, e.deleted, e.confirmed))
                    rows = tables.outbox[each.shard]
                    gone = range(each.deleted + 1, each.confirmed + 1)
                    found += [rows[seq] for seq in sorted(rows) if seq < each.before and seq not in gone]
            return set(owned()), found

        async with session:
            return await session.ask(work, locks=idle)

    async def wakes_due(self, shards: Sequence[int], at: datetime, limit: int) -> dict[int, int]:
        def work() -> dict[int, int]:
            counts = {shard: sum(due <= at for due, _ in self._tables.wakes[shard]) for shard in shards}
            return {shard: min(count, limit) for shard, count in counts.items() if count}

        return await self._alone(work)

    async def _owned(self, shard: int, epoch: int, apply: Change) -> None:
        shards, session = self._tables.shards, Session(self._database)

        def matching() -> list[int]:
            return [shard] if shards[shard].epoch == epoch else []

        async with session:
            if not await session.ask(matching, locks=matching):
                raise FencedError(f"shard {shard} was taken by another process", [shard])
            session.changes.append(apply)

    def _alone(self, work: Work) -> asyncio.Future[Any]:
        """A statement outside of a transaction."""
        database = self._database

        def arrives(future: asyncio.Future[Any]) -> None:
            if database.away:
                refuse(future, AwayError("database"))
            else:
                resolve(future, work())

        return database.network.look(arrives)
