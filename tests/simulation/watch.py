"""Watches every call of `decide` and every commit, and notes what must never be."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tests.simulation.broker import Broker
from tests.simulation.database import Database, Session
from tests.simulation.loop import Owner
from waybond_contracts.event import Event
from waybond_contracts.registry import PROGRESS_TYPE
from waybond_kit.aggregate import Decide, Woken
from waybond_kit.changes import Changes
from waybond_kit.definition import Definition, InputKind
from waybond_kit.door import Raw
from waybond_kit.keys import partition_of
from waybond_kit.outbox import unpack_headers
from waybond_kit.ports import Place

PROGRESS = PROGRESS_TYPE.encode()
COMMANDS = tuple(f"io.waybond.{name}".encode() for name in ("IssueRefund", "IssuePayout"))
STOPPED_WITHIN_SECONDS = 10.0
"""A second until the next batch reads, and the batches that had read: their process may sleep in them for as long as a
transaction may be idle, and the database be slow."""


class BadReleaseError(Exception):
    """What `decide` raises on an order that a fault names."""


class Call(NamedTuple):
    """One call of `decide` within a batch."""

    order_key: str
    due: datetime | None
    """Of a wake; None for a fact."""
    failed: bool


class Fired(NamedTuple):
    """A wake that fired, and how far its service had applied each of its inputs by then."""

    service: str
    order_key: str
    due: datetime
    reached: Mapping[Place, int]


class Watch:
    """What was seen that must never be, in `wrong`."""

    def __init__(
        self, broker: Broker, databases: Mapping[str, Database], definitions: Mapping[str, Definition[Any]]
    ) -> None:
        self.wrong: list[str] = []
        self.decided = 0
        self.stopped_since: float | None = None
        """Since when all payments are stopped, on the loop's clock."""
        self.woken = 0
        self._fired: list[Fired] = []
        self._broker = broker
        self._definitions = definitions
        self._calls: dict[Owner, list[Call]] = {}
        self.heard: dict[str, list[datetime]] = {}
        self.amended: dict[str, list[datetime]] = {}
        """When pricing amended each order's policy: from then on it covers what is met."""
        """When claims applied that a policy was amended or ended, by order."""
        self._said: set[bytes | None] = set()
        """The ids of what it applied of that: a send without an answer lays an event on the topic twice."""
        for service, database in databases.items():
            database.folded = self._folded
            database.committing = self._committing(service, database)

    # decide ----------------------------------------------------------------------------------------------------------

    def decide(  # noqa: PLR0917  # as the kit calls it
        self,
        process: Any,
        state: Any,
        fact: Event | Woken,
        now: datetime,
        sent_at: datetime | None,
        told: Decide[Any] | None = None,
        *,
        failing: set[str],
    ) -> Any:
        """The service's own `decide`, or a failure."""
        service = process.site.definition.name
        due = fact.due if isinstance(fact, Woken) else None
        order_key = fact.order_key if isinstance(fact, Event) else _order_of(state)
        failed = order_key in failing
        self._calls.setdefault(process.owner, []).append(Call(order_key, due, failed))
        self.decided += 1
        self.woken += due is not None
        if failed:
            raise BadReleaseError(f"{service} cannot decide on {order_key}")
        if service == "pricing":
            return process.desk(state, fact, now, sent_at)
        return (told or self._definitions[service].decide)(state, fact, now, sent_at)

    def _folded(self, owner: Owner) -> Sequence[Call]:
        """The calls of the batch that is about to be saved."""
        return self._calls.pop(owner, ())

    # commits ---------------------------------------------------------------------------------------------------------

    def _committing(self, service: str, database: Database) -> Any:
        def committing(session: Session, changes: Changes, calls: Sequence[Call]) -> None:
            self._one_writer(service, database, changes)
            self._stopped(database, changes)
            if service == "claims":
                self._hears(database, changes)
            self._holds(service, database, changes, calls)
            for call in calls:
                if call.due is not None and not call.failed:
                    self._wake_fires(service, database, changes, call.order_key, call.due)

        return committing

    def _hears(self, database: Database, changes: Changes) -> None:
        for row in changes.inputs:
            if row.topic == "policies":
                for record in self._broker.logs[Place("policies", row.shard)].records[row.expected : row.next_offset]:
                    if record is None or record.key is None or not _changes_policy(record):
                        continue
                    event_id = dict(record.headers)["ce_id"]
                    if event_id not in self._said:
                        self._said.add(event_id)
                        key = record.key.decode()
                        self.heard.setdefault(key, []).append(self._broker.clock.now())
                        if (dict(record.headers)["ce_type"] or b"").endswith(b"PolicyAmended"):
                            made = datetime.fromisoformat(json.loads(record.value or b"{}")["occurred_at"])
                            self.amended.setdefault(key, []).append(made)

    def _one_writer(self, service: str, database: Database, changes: Changes) -> None:
        for row in changes.journal:
            epoch = database.tables.shards[row.shard].epoch
            if row.epoch != epoch:
                self.wrong.append(f"{service}: a batch of epoch {row.epoch} was committed under epoch {epoch}")

    def _stopped(self, database: Database, changes: Changes) -> None:
        """Nothing is commanded long after all payments were stopped."""
        since, now = self.stopped_since, database.network.loop.time()
        if since is None or now < since + STOPPED_WITHIN_SECONDS:
            return
        for row in changes.outbox:
            if row.topic == "refunds" and dict(row.headers).get("ce_type") in COMMANDS:
                self.wrong.append(f"{row.key!r} is paid {now - since:.1f} s after all payments were stopped")

    def _holds(self, service: str, database: Database, changes: Changes, calls: Sequence[Call]) -> None:
        """I10: nothing of a held order changes unless its line moves."""
        tables = database.tables
        released = {
            tables.quarantine[row.shard, row.batch_seq, row.ordinal].aggregate_id
            for row in changes.released
            if (row.shard, row.batch_seq, row.ordinal) in tables.quarantine
        }
        held: dict[Any, str] = {}
        for shard in {row.shard for row in changes.shards}:
            for identity in tables.holding(shard):
                if identity not in released:
                    held[identity] = str(identity)
        for row in (*changes.inserts, *changes.updates, *changes.deletes):
            if row.id in held:
                self.wrong.append(f"I10 {service}: {row.order_key} is held, and changed")
        failed: set[str] = set()
        for call in calls:
            if call.order_key in failed and not changes.released:
                self.wrong.append(f"I10 {service}: {call.order_key} was decided on behind the record that holds it")
            if call.failed:
                failed.add(call.order_key)

    def _wake_fires(self, service: str, database: Database, changes: Changes, order_key: str, due: datetime) -> None:
        """How far each input was applied when the wake fired, with this batch."""
        shard = partition_of(order_key.encode(), self._broker.partitions)
        applied = {row.topic: row.next_offset for row in changes.inputs if row.shard == shard}
        reached: dict[Place, int] = {}
        for each in self._definitions[service].inputs:
            state = database.tables.inputs.get((shard, each.topic))
            before = state.next_offset if state is not None else 0
            reached[Place(each.topic, shard)] = applied.get(each.topic, before)
        self._fired.append(Fired(service, order_key, due, reached))

    def too_early(self) -> Iterator[str]:
        """I9: what was known of an order by a wake's due was applied before it fired, also what came after that and
        that the broker's clock, behind others, says was known."""
        for service, order_key, due, reached in self._fired:
            yield from self._unread(service, order_key, due, reached)

    def _unread(self, service: str, order_key: str, due: datetime, reached: Mapping[Place, int]) -> Iterator[str]:
        key = order_key.encode()
        kinds = {each.topic: each.kind for each in self._definitions[service].inputs}
        for place, since in reached.items():
            for record in self._broker.logs[place].records[since:]:
                if record is None or record.key != key:
                    continue
                known_at = known_at_of(record, own=kinds[place.topic] is InputKind.OWN)
                if known_at <= due and not self._seen_before(place, record):
                    yield (
                        f"I9 {service}: the wake of {order_key} due {due} fired before "
                        f"{place.topic}/{place.shard} at {record.offset}, known {known_at}, was applied"
                    )

    def _seen_before(self, place: Place, record: Raw) -> bool:
        """Whether it is a copy of an earlier record: a send that landed late, or again."""
        for earlier in self._broker.logs[place].records[: record.offset]:
            if earlier is not None and earlier[3:] == record[3:]:
                return True
        return False


def known_at_of(record: Raw, *, own: bool) -> datetime:
    """When a record became known: at its append, or when our own services say."""
    if own:
        stamp = dict(record.headers).get("ce_knownat")
        if stamp is not None:
            return datetime.fromisoformat(stamp.decode())
    return record.appended


def is_progress(record: Raw) -> bool:
    """Whether it only says how far a shard has come."""
    return any(name == "ce_type" and value == PROGRESS for name, value in record.headers)


def _changes_policy(record: Raw) -> bool:
    kind = dict(record.headers).get("ce_type") or b""
    return kind.endswith((b"PolicyAmended", b"PolicyCancelled"))


def unpacked(headers: bytes | None) -> tuple[tuple[str, bytes | None], ...]:
    """A quarantined record's headers."""
    return tuple(unpack_headers(headers)) if headers is not None else ()


def _order_of(state: Any) -> str:
    """The order that a state of any service is about."""
    key = getattr(state, "order_key", None)
    return key if key is not None else f"{state.tenant}/{state.platform}/{state.order_id}"
