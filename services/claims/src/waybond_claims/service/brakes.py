"""Reads the brake for the batches, and writes what supervisors set: a history that is only added to.

Each batch reads within its own transaction: what was set, if that was read more than READ_EVERY_SECONDS ago, and what
was commanded under the ceilings, if there are any. So no batch decides by a reading that is older, whatever else
of the process hangs.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec
from msgspec import Struct

from waybond_claims.brake import Brake, Commanded, Paid, Stop, hour_of
from waybond_claims.case.state import Case
from waybond_claims.decide import decide
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_kit.aggregate import Outcome, Woken
from waybond_kit.definition import Connection

READ_EVERY_SECONDS = 1.0
MAX_IN_FORCE = 200
"""How many stops and ceilings may be in force at once: each batch is told of all of them."""
COUNTS_KEPT = timedelta(days=2)
"""How long counts of past hours are kept."""

READ = """
SELECT id, kind, tenant, product, currency, minor, released, author, reason, written_at FROM brake WHERE id > $1
ORDER BY id
"""
USED = """
SELECT tenant, product, currency, hour, sum(minor)::bigint AS minor FROM payout WHERE hour >= $1
GROUP BY tenant, product, currency, hour
"""
HOUR_NOW = "SELECT date_trunc('hour', now(), 'UTC')"
COUNT = """
WITH gone AS (DELETE FROM payout WHERE shard = $1 AND hour < $2)
INSERT INTO payout (hour, shard, tenant, product, currency, minor)
SELECT hour, $1, tenant, product, currency, minor
FROM unnest($3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::bigint[])
  AS given (hour, tenant, product, currency, minor)
ON CONFLICT (hour, shard, tenant, product, currency) DO UPDATE SET minor = payout.minor + excluded.minor
"""
# Behind every other writer: ids rise in the order of commits, so that a reader who knows one knows all before it.
_LOCK = "LOCK TABLE brake IN SHARE ROW EXCLUSIVE MODE"
_LOCK_TOLD = "LOCK TABLE brake_told IN SHARE ROW EXCLUSIVE MODE"
_WRITE = """
INSERT INTO brake (kind, tenant, product, currency, minor, released, author, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING id, kind, tenant, product, currency, minor, released, author, reason, written_at
"""

Place = tuple[str, str | None, str | None, str | None]


class Entry(Struct, frozen=True):
    """One line of the history: a stop or a ceiling that was set (or released), by whom and why."""

    id: int
    kind: str
    """stop or ceiling."""
    tenant: str | None
    product: str | None
    currency: str | None
    minor: int | None
    """Of a ceiling: minor units an hour."""
    released: bool
    author: str
    reason: str
    written_at: datetime

    @property
    def place(self) -> Place:
        """What it is about: a later entry with the same place replaces it."""
        return self.kind, self.tenant, self.product, self.currency

    @property
    def paid(self) -> Paid:
        """Whose money a ceiling bounds."""
        return Paid(self.tenant or "", self.product or "", self.currency or "")


def in_force(entries: Iterable[Entry]) -> list[Entry]:
    """Of each place the last entry, where that is no release; in the order of their ids."""
    last = {each.place: each for each in entries}
    return sorted((each for each in last.values() if not each.released), key=lambda each: each.id)


class Told(Struct, frozen=True):
    """What a batch was told, as its row of the journal keeps it."""

    entry: int
    """The last entry of the history that was known."""
    since: datetime
    used: tuple[tuple[Paid, datetime, int], ...] = ()


class Braked:
    """What one batch knows of the brake (waybond_kit.definition.Known); its own commands count at once."""

    def __init__(
        self, entry: int, forced: Sequence[Entry], told: Iterable[tuple[Paid, datetime, int]], since: datetime
    ):
        self._entry = entry
        stops = tuple(Stop(each.id, each.tenant, each.product) for each in forced if each.kind == "stop")
        ceilings = {each.paid: each.minor or 0 for each in forced if each.kind == "ceiling"}
        self._used = {(paid, hour): minor for paid, hour, minor in told if paid in ceilings}
        self.brake = Brake(stops, ceilings, since, self._used)

    @property
    def text(self) -> str:
        used = tuple((paid, hour, minor) for (paid, hour), minor in self._used.items())
        return msgspec.json.encode(Told(self._entry, self.brake.since, used)).decode()

    def decide(
        self, state: Case | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None
    ) -> Outcome[Case]:
        return decide(state, fact, now, sent_at, self.brake)

    def accepted(self, rows: Sequence[object]) -> None:
        for each in rows:
            if isinstance(each, Commanded):
                key = each.paid, each.hour
                self._used[key] = self._used.get(key, 0) + each.minor


class Brakes:
    """Reads the brake for the batches of one process (waybond_kit.definition.Knowing)."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._forced: list[Entry] = []
        self._read_at = float("-inf")

    async def known(self, connection: Connection, since: datetime) -> Braked | None:
        now = asyncio.get_running_loop().time()
        if now - self._read_at >= READ_EVERY_SECONDS:
            await self.learn(connection)
            self._read_at = now
        if not self._forced:
            return None
        since = hour_of(since)
        rows = []
        if any(each.kind == "ceiling" for each in self._forced):
            rows = await connection.fetch(USED, since)
        used = [(Paid(*row[:3]), *row[3:]) for row in rows]
        return Braked(self._last, self._forced, used, since)

    def again(self, text: str) -> Braked:
        told = msgspec.json.decode(text, type=Told)
        known = [each for each in self._entries if each.id <= told.entry]
        if not known or known[-1].id != told.entry:
            raise LookupError(f"entry {told.entry} of the brake's history is not there")
        return Braked(told.entry, in_force(known), told.used, told.since)

    async def learn(self, connection: Connection) -> None:
        """Read what was added to the history since the last time."""
        news = await read(connection, self._last)
        # Another batch of this process may have read meanwhile.
        self._entries += [each for each in news if each.id > self._last]
        if news:
            self._forced = in_force(self._entries)

    @property
    def _last(self) -> int:
        return self._entries[-1].id if self._entries else 0


async def read(connection: Connection | asyncpg.Pool, after: int = 0) -> list[Entry]:
    """The history behind an entry, in order."""
    return [Entry(*row) for row in await connection.fetch(READ, after)]


async def write(connection: Connection, place: Place, minor: int | None, *, author: str, reason: str) -> Entry:
    """Set a stop or a ceiling (`minor`, in the place's currency); within a transaction, which it locks the history for.

    Raises ContractError for a stop that is in force already, and above MAX_IN_FORCE.
    """
    forced = await _locked(connection)
    before = forced.get(place)
    if place[0] == "stop" and before is not None:
        expected = f"payments that are not stopped: {before.author} stopped them at {before.written_at:%F %T}"
        raise ContractError("brake", expected, _said(place))
    if before is None and len(forced) >= MAX_IN_FORCE:
        raise ContractError("brake", f"at most {MAX_IN_FORCE} stops and ceilings in force", _said(place))
    return Entry(*await _written(connection, place, minor, author, reason, released=False))


async def release(connection: Connection, place: Place, *, author: str, reason: str) -> Entry:
    """Release what is in force; within a transaction. Raises ContractError where nothing is."""
    if place not in await _locked(connection):
        raise ContractError("brake", "what is in force, as `waybond brake show` shows it", _said(place))
    return Entry(*await _written(connection, place, None, author, reason, released=True))


async def untold(connection: Connection) -> list[Entry]:
    """What was not published yet, in order, and nobody else publishes now; within a transaction."""
    await connection.execute(_LOCK_TOLD)
    told = {row["id"] for row in await connection.fetch("SELECT id FROM brake_told")}
    return [each for each in await read(connection) if each.id not in told]


async def mark_told(connection: Connection, ids: Sequence[int]) -> None:
    """These were published."""
    await connection.execute("INSERT INTO brake_told (id) SELECT unnest($1::bigint[])", ids)


async def count(connection: Connection, shard: int, commanded: Sequence[Commanded]) -> None:
    """Add what a batch commanded under ceilings, in one statement."""
    sums: Counter[tuple[Paid, datetime]] = Counter()
    for each in commanded:
        sums[each.paid, each.hour] += each.minor
    columns = zip(*[(hour, *paid, minor) for (paid, hour), minor in sums.items()], strict=True)
    oldest = min(hour for _, hour in sums) - COUNTS_KEPT
    await connection.execute(COUNT, shard, oldest, *columns)


async def _locked(connection: Connection) -> dict[Place, Entry]:
    """What is in force; until the transaction ends nobody else writes."""
    await connection.execute(_LOCK)
    return {each.place: each for each in in_force(await read(connection))}


async def _written(
    connection: Connection, place: Place, minor: int | None, author: str, reason: str, *, released: bool
) -> asyncpg.Record:
    row = await connection.fetchrow(_WRITE, *place, minor, released, author, reason)
    if row is None:
        raise RuntimeError("an insert without a row")
    return row


def _said(place: Place) -> str:
    return " ".join(each for each in place if each is not None)
