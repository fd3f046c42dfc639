"""The simulated database and broker answer as the real ones do: the same script of operations, told to both."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.simulation.broker import Broker, SimulatedLog, SimulatedSender
from tests.simulation.clocks import Calendar, HostClock
from tests.simulation.database import Database, SimulatedStore
from tests.simulation.faults import Armed
from tests.simulation.group import Group, Member
from tests.simulation.loop import Owner, SimulatedLoop
from tests.simulation.network import Network
from tests.support.kit import PASSWORD
from tests.support.patience import within
from tests.support.pools import pool_of
from tests.support.servers import create_topics
from waybond_claims.app import DEFINITION as CLAIMS
from waybond_claims.brake import Commanded, Paid
from waybond_claims.ledger import Entry, Posting
from waybond_claims.service import brakes
from waybond_contracts.topics import ORDERS, SHIPMENTS
from waybond_kit import database as databases
from waybond_kit.changes import (
    Changes,
    InputRow,
    JournalRow,
    Met,
    OutboxRow,
    QuarantineRow,
    Released,
    ShardRow,
    Stored,
    Wake,
)
from waybond_kit.consumer import Consumer
from waybond_kit.door import Raw
from waybond_kit.errors import FencedError, SaveError
from waybond_kit.kafka import KafkaLog, KafkaSender
from waybond_kit.keys import aggregate_id
from waybond_kit.ports import Place, Store, Sweep
from waybond_kit.store import PostgresStore

AT = datetime(2026, 3, 1, tzinfo=UTC)
KEY = "acme/shop/1"
ID = aggregate_id(KEY)
PARTITIONS = 3
PAID = Paid("acme", "p", "USD")
COMMANDED = [Commanded(PAID, AT, 30), Commanded(PAID, AT, 12), Commanded(PAID, AT + timedelta(hours=1), 5)]
LATER = Commanded(PAID, AT + timedelta(days=3), 1)
"""By then what was counted before is gone."""
VIRTUAL_SECONDS = 60.0
LONGER_SECONDS = 0.3
"""Than an operation takes that waits for nothing."""

Script = Callable[["Told"], Awaitable[None]]


class Told:
    """What a script was answered, in order; an error by the name of what the kit makes of it."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, Any]] = []

    async def ask(self, name: str, question: Awaitable[Any]) -> Any:
        try:
            answer = await question
        except (FencedError, SaveError) as error:
            answer = type(error).__name__
        self.answers.append((name, _plain(answer)))
        return answer


def _plain(answer: Any) -> Any:
    """Without the differences that do not count: tuples and lists, UUIDs of two kinds, records that equal tuples."""
    if isinstance(answer, dict):
        return sorted((str(key), _plain(value)) for key, value in answer.items())
    if isinstance(answer, list | tuple):
        return [_plain(each) for each in answer]
    if hasattr(answer, "__dataclass_fields__"):
        return [(name, _plain(getattr(answer, name))) for name in answer.__dataclass_fields__]
    return answer if answer is None or isinstance(answer, int | bytes | bool) else str(answer)


# the database


def changes(batch_seq: int, expected: int, **rows: Any) -> Changes:
    """A batch of shard 0 that applies one record of `orders`."""
    made = Changes(**rows)
    last = made.outbox[-1].seq if made.outbox else 0
    made.shards.append(ShardRow(0, batch_seq, last, AT, 0, 0))
    made.inputs.append(InputRow(0, ORDERS, expected, expected + 1, AT, AT, 7))
    made.journal.append(JournalRow(0, batch_seq, 1, "1", '[["orders",0,0]]', None, AT, None, AT))
    return made


def state(version: int, body: bytes = b"state") -> Stored:
    return Stored(0, ID, KEY, version, 1, "open", AT, AT + timedelta(days=1), b"hash", body)


def outgoing(seq: int) -> OutboxRow:
    return OutboxRow(0, seq, "claims", 0, KEY.encode(), [("ce_id", b"1"), ("none", None)], b"{}")


def held(ordinal: int, aggregate: bool) -> QuarantineRow:
    identity = ID if aggregate else None
    return QuarantineRow(0, 1, ordinal, ORDERS, ordinal, KEY, identity, "decide", "f", "d", AT, b"k", None, b"v")


def entry(ordinal: int, off: int = 0) -> Entry:
    sides = (Posting("cash", "USD", -100), Posting("claims_incurred", "USD", 100 + off))
    return Entry(KEY, ordinal, AT, "Woken", "p", "CN-BR", sides)


async def batch(store: Store, epoch: int, what: Changes | None, *, entries: Sequence[object] = ()) -> Any:
    """One transaction, as the kit makes it."""
    async with store.transaction() as transaction:
        locked = await transaction.lock({0: epoch})
        if not locked or what is None:
            return locked
        found = [
            await transaction.due([(0, AT, 5)]),
            await transaction.load([(0, ID)]),
            await transaction.documents([b"hash"]),
            await transaction.lines([(0, ID, ORDERS, 1)]),
            sorted(tuple(row) for row in await transaction.connection.fetch(brakes.USED, AT)),
            [tuple(row) for row in await transaction.connection.fetch(brakes.READ, 0)],
        ]
        await transaction.save(what)
        if entries:
            assert CLAIMS.storage is not None
            await CLAIMS.storage.save(transaction.connection, 0, entries)
        return found


async def one_writer(told: Told, store: Store) -> None:
    """What a process does with its shard, and what it may not."""
    await told.ask("nothing is known", store.offsets(0))
    await told.ask("take", store.take(0, "first"))
    await told.ask("inputs", store.add_inputs(1, [InputRow(0, ORDERS, 0, 0, None, None, None)]))
    await told.ask("inputs of another epoch", store.add_inputs(9, [InputRow(0, SHIPMENTS, 0, 0, None, None, None)]))
    wake = Wake(0, AT + timedelta(days=1), ID)
    first = {
        "inserts": [state(1)],
        "documents": {b"hash": b"body"},
        "wakes_new": [wake],
        "outbox": [outgoing(1), outgoing(2)],
        "quarantine": [held(0, aggregate=True), held(1, aggregate=False)],
    }
    await told.ask("first batch", batch(store, 1, changes(1, 0, **first), entries=[entry(1)]))
    await told.ask("again", batch(store, 1, changes(1, 0)))
    await told.ask("a stale offset", batch(store, 1, changes(2, 0)))
    await told.ask("a stale version", batch(store, 1, changes(2, 1, updates=[state(5)])))
    await told.ask("an insert of what is there", batch(store, 1, changes(2, 1, inserts=[state(1)])))
    await told.ask("an outbox row twice", batch(store, 1, changes(2, 1, outbox=[outgoing(2)])))
    await told.ask("a wake twice", batch(store, 1, changes(2, 1, wakes_new=[wake])))
    await told.ask("books out of balance", batch(store, 1, changes(2, 1), entries=[entry(2, off=1)]))
    await told.ask("an entry twice", batch(store, 1, changes(2, 1), entries=[entry(1)]))
    await told.ask("offsets after what failed", store.offsets(0))
    later = Wake(0, AT + timedelta(days=2), ID)
    second = {
        "updates": [state(1, b"more")],
        "wakes_gone": [wake],
        "wakes_new": [later],
        "outbox": [outgoing(3)],
        "released": [Released(0, 1, 0, AT, "released")],
        "met": [Met(0, 1, 1, "unreadable", "f", "d")],
    }
    await told.ask("second batch", batch(store, 1, changes(2, 1, **second), entries=[entry(2)]))
    await told.ask("third batch", batch(store, 1, changes(3, 2, deletes=[state(2)]), entries=COMMANDED))
    await told.ask("fourth batch", batch(store, 1, changes(4, 3), entries=[*COMMANDED[:1], entry(3)]))
    await told.ask("fifth batch", batch(store, 1, changes(5, 4), entries=[LATER]))
    await told.ask("sixth batch", batch(store, 1, changes(6, 5)))
    await told.ask("wakes due", store.wakes_due([0, 1], AT + timedelta(days=9), 10))
    await told.ask("leftovers", store.leftovers(0, 2))
    await told.ask("confirm", store.confirm(0, 1, 1))
    await told.ask("confirm of another epoch", store.confirm(0, 9, 2))
    await told.ask("sweep", store.sweep([Sweep(0, 1, 1, 2, 4), Sweep(1, 5, 0, 0, 1)]))
    await told.ask("leftovers after the sweep", store.leftovers(0, 9))


async def two_writers(told: Told, store: Store) -> None:
    """Who waits for whom, and who is fenced."""
    await store.take(0, "first")
    await store.add_inputs(1, [InputRow(0, ORDERS, 0, 0, None, None, None)])
    async with store.transaction() as transaction:
        await transaction.lock({0: 1})
        taking = asyncio.ensure_future(store.take(0, "second"))
        also = asyncio.ensure_future(batch(store, 1, None))
        await asyncio.sleep(LONGER_SECONDS)  # that nothing happens is what is looked for
        told.answers.append(("both wait", [taking.done(), also.done()]))
        await told.ask("a sweep does not", store.sweep([Sweep(0, 1, 0, 9, 1)]))
        await transaction.save(changes(1, 0, outbox=[outgoing(1)]))
        await told.ask("nothing is seen yet", store.leftovers(0, 9))
    taken = await told.ask("it is taken behind the commit", taking)
    await also  # it locked the shard before or behind the takeover: both are right
    told.answers.append(("epoch", taken.epoch))
    await told.ask("the first one is fenced", batch(store, 1, changes(2, 1)))
    with suppress(ZeroDivisionError):
        async with store.transaction() as transaction:
            await transaction.lock({0: 2})
            await transaction.save(changes(2, 1, outbox=[outgoing(2)]))
            raise ZeroDivisionError
    await told.ask("nothing of what failed is there", store.leftovers(0, 9))
    await told.ask("the second one writes", batch(store, 2, changes(2, 1, outbox=[outgoing(2)])))
    await told.ask("and keeps what was left", store.leftovers(0, 9))


async def told_by_postgres(admin_dsn: str, script: Callable[[Told, Store], Awaitable[None]]) -> Told:
    await databases.prepare(admin_dsn, "claims", PASSWORD)
    await databases.migrate(admin_dsn, "claims", CLAIMS.migrations)
    told = Told()
    async with await pool_of(admin_dsn, "claims", PASSWORD) as first:
        store = PostgresStore(first)
        await store.prepare(2)
        async with await pool_of(admin_dsn, "claims", PASSWORD) as second:
            # Both have two connections: what waits needs one each.
            await script(told, _Spread(store, PostgresStore(second)))
    return told


class _Spread(PostgresStore):
    """A store whose transactions and other statements have pools of their own."""

    def __init__(self, transactions: PostgresStore, others: PostgresStore) -> None:
        super().__init__(others._pool)
        self.transaction = transactions.transaction  # type: ignore[method-assign]  # of the other pool


class Simulated:
    """A loop, a broker and a database of claims."""

    def __init__(self) -> None:
        self.loop = SimulatedLoop(Random(5))
        network, armed = Network(self.loop, Random(5)), Armed()
        self.clock = HostClock(Calendar(self.loop), 0.0)
        self.broker = Broker(network, self.clock, armed, PARTITIONS)
        self.store = SimulatedStore(Database(network, armed, "claims", 2))

    def run(self, *scripts: Awaitable[None]) -> None:
        tasks = [self.loop.spawn(Owner(f"script-{n}"), script) for n, script in enumerate(scripts)]  # type: ignore[arg-type]  # coroutines
        self.loop.run_for(VIRTUAL_SECONDS)
        for task in tasks:
            task.result()


async def test_one_writer_is_answered_alike(database: str) -> None:
    simulated, told = Simulated(), Told()
    real = await told_by_postgres(database, one_writer)
    await asyncio.to_thread(lambda: simulated.run(one_writer(told, simulated.store)))
    assert told.answers == real.answers
    assert ("a stale version", "FencedError") in real.answers and ("books out of balance", "SaveError") in real.answers


async def test_two_writers_are_answered_alike(database: str) -> None:
    simulated, told = Simulated(), Told()
    real = await told_by_postgres(database, two_writers)
    await asyncio.to_thread(lambda: simulated.run(two_writers(told, simulated.store)))
    assert told.answers == real.answers
    assert ("both wait", [False, False]) in real.answers


# the broker


class Reading:
    """Stands where an engine does: notes what the group says and the consumer brings, and seeks and reads once."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.assigned_places: frozenset[Place] = frozenset()
        self.revoked_times = 0
        self.got: dict[tuple[Place, int], bytes | None] = {}
        self._seek = False

    def revoked(self) -> None:
        self.revoked_times += 1

    def assigned(self, places: Iterable[Place]) -> None:
        self.assigned_places = frozenset(places)
        self.got.clear()
        self.reader.pause(self.assigned_places)
        self._seek = True

    async def turn(self) -> None:
        if self._seek:
            self._seek = False
            for place in self.assigned_places:
                self.reader.seek(place, 1 if place == Place(ORDERS, 0) else 0)
            self.reader.resume([place for place in self.assigned_places if place.topic == ORDERS])

    def receive(self, runs: Iterable[tuple[Place, Sequence[Raw]]]) -> None:
        for place, run in runs:
            self.got.update({(place, raw.offset): raw.value for raw in run})

    def missed(self) -> None:
        self._seek = True


def rows(topic: str, partition: int, *values: bytes) -> list[OutboxRow]:
    return [
        OutboxRow(partition, n, topic, partition, b"key", [("h", b"1"), ("n", None)], v) for n, v in enumerate(values)
    ]


async def published(told: Told, sender: Any, log: Any) -> None:
    """What is sent, and what the topics say of it."""
    places = [Place(ORDERS, 0), Place(ORDERS, 1), Place(SHIPMENTS, 2)]
    await told.ask("begin", log.beginnings(places))
    await told.ask("send", sender.send([*rows(ORDERS, 0, b"a", b"b", b"c"), *rows(ORDERS, 1, b"d")]))
    await told.ask("end", log.ends(places))
    found = await log.records_at({Place(ORDERS, 0): 1, Place(ORDERS, 1): 0})
    told.answers.append(
        ("records", sorted((tuple(p), r.offset, r.key, r.value, list(r.headers)) for p, r in found.items()))
    )
    await told.ask("no record", log.records_at({Place(ORDERS, 1): 5}))
    before = sender.generation
    await sender.renew(before)
    await sender.renew(before)
    told.answers.append(("renewed once", sender.generation - before))
    await told.ask("send again", sender.send(rows(ORDERS, 0, b"e")))
    await told.ask("end again", log.ends(places))


def shared(readings: Sequence[Reading]) -> bool:
    """Whether the group has settled: each partition has one owner."""
    owned = [place for each in readings for place in each.assigned_places]
    return all(each.assigned_places for each in readings) and len(owned) == len(set(owned)) == 2 * PARTITIONS


async def read(told: Told, readings: Sequence[Reading], until: Callable[[Callable[[], bool]], Awaitable[None]]) -> None:
    """What two members of a group get, and may commit."""
    await until(lambda: shared(readings))
    shares = [sorted({place.shard for place in each.assigned_places}) for each in readings]
    told.answers.append(("shares", sorted(shares)))
    whole = [len(each.assigned_places) == 2 * len(share) for each, share in zip(readings, shares, strict=True)]
    told.answers.append(("each shard with all its topics", whole))
    await until(lambda: sum(len(each.got) for each in readings) >= 4)
    got = [item for each in readings for item in each.got.items()]
    told.answers.append(("records", sorted((tuple(place), offset, value) for (place, offset), value in got)))
    owner = next(each for each in readings if Place(ORDERS, 0) in each.assigned_places)
    other = next(each for each in readings if each is not owner)
    told.answers.append(("position", await owner.reader.position(Place(ORDERS, 0))))
    told.answers.append(("paused", await owner.reader.position(Place(SHIPMENTS, 0))))
    told.answers.append(("highwater", owner.reader.highwater(Place(ORDERS, 0))))
    await owner.reader.commit({Place(ORDERS, 0): 4})
    refused = 0
    for attempt in (lambda: other.reader.seek(Place(ORDERS, 0), 0), lambda: other.reader.pause([Place(ORDERS, 0)])):
        try:
            attempt()
        except Exception:  # each client has an error of its own for what is not assigned to it
            refused += 1
    told.answers.append(("refused", refused))


async def told_by_kafka(bootstrap: str, prefix: str) -> Told:
    await create_topics(bootstrap, [prefix + ORDERS, prefix + SHIPMENTS], PARTITIONS)
    told, options = Told(), {"bootstrap_servers": bootstrap}
    sender, log = KafkaSender(options, prefix), KafkaLog(options, prefix)
    consumers = [
        Consumer(options, prefix, [ORDERS, SHIPMENTS], group="parity", instance=None, session_ms=6_000)
        for _ in range(2)
    ]
    readings = [Reading(consumer) for consumer in consumers]

    async def until(holds: Callable[[], bool]) -> None:
        async with within(60):
            while not holds():  # noqa: ASYNC110  # nobody would set an event: the clients do not know of the test
                await asyncio.sleep(0.05)

    try:
        await published(told, sender, log)
        for consumer, reading in zip(consumers, readings, strict=True):
            await consumer.start(reading)  # type: ignore[arg-type]  # what stands in for an engine
        await read(told, readings, until)
    finally:
        for each in (*consumers, sender, log):
            await each.stop()
    return told


def told_by_simulation() -> Told:
    simulated, told = Simulated(), Told()
    broker = simulated.broker
    group = Group(broker, [ORDERS, SHIPMENTS])
    members = [Member(group, Owner(name), name) for name in ("claims-1", "claims-2")]
    readings = [Reading(member) for member in members]

    async def until(holds: Callable[[], bool]) -> None:
        while not holds():  # noqa: ASYNC110  # as with the real ones
            await asyncio.sleep(0.05)

    async def script() -> None:
        await published(told, SimulatedSender(broker, "claims"), SimulatedLog(broker, "claims"))
        for member, reading in zip(members, readings, strict=True):
            simulated.loop.spawn(member.owner, member.membership(reading))  # type: ignore[arg-type]  # as above
            simulated.loop.spawn(member.owner, member.consume(reading))  # type: ignore[arg-type]  # as above
        await read(told, readings, until)

    simulated.run(script())
    return told


async def test_the_broker_answers_alike(kafka: str, topic_prefix: str) -> None:
    real = await told_by_kafka(kafka, topic_prefix)
    simulated = await asyncio.to_thread(told_by_simulation)
    assert simulated.answers == real.answers
    assert ("shares", [[0, 1], [2]]) in real.answers
