"""Folds `decide` over one shard's share of a batch: records and wakes in, changes out; no clock, no input or output."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from waybond_contracts.commands import DiscardHeld, HeldCommand
from waybond_contracts.event import Event
from waybond_kit.aggregate import Outcome, Woken
from waybond_kit.changes import Met, QuarantineRow, Released
from waybond_kit.definition import Definition, Known
from waybond_kit.door import Door, Item, Reason, Refusal
from waybond_kit.keys import partition_of, wake_id
from waybond_kit.outbox import Cause, Outbox, Outgoing, fits, pack_headers
from waybond_kit.quarantine import Line, LineRow, met, row_of

S = TypeVar("S")

MAX_STATUS_CHARACTERS = 32
MAX_WAKES_IN_A_ROW = 100
WAKE_TOPIC = "wake"
WAKES_ADDRESSED = 100_000
"""A wake has no offset: its batch times this, plus its place in the batch, is what an operator calls it by."""


@dataclass(slots=True)
class Aggregate(Generic[S]):
    """One order's state while a batch works on it. `version` is the stored one, 0 if none is stored."""

    id: UUID
    order_key: str
    version: int = 0
    state: S | None = None
    known_at: datetime | None = None
    armed_at: datetime | None = None
    """When it will be woken; while it is held, when it would be."""
    wake_row: datetime | None = None
    """The wake that the table holds for it."""
    status: str = ""
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Wakes:
    """Which wakes a batch may fire: those due by `before` ahead of its records, those due by `after` behind them.

    `limit` cuts both where more are due than one batch takes: nothing behind it fires.
    """

    before: datetime | None = None
    after: datetime | None = None
    limit: tuple[datetime, UUID] | None = None

    def allow(self, due: datetime, identity: UUID, until: datetime | None) -> bool:
        """Whether this wake may fire now that everything known up to `until` is applied."""
        return until is not None and due <= until and (self.limit is None or (due, identity) <= self.limit)


@dataclass(slots=True)
class Tally:
    """What happened in a batch, for metrics, logs and the breaker."""

    faults: int = 0
    """Failures of `decide` or save, and unreadable records of our own making."""
    refused: list[QuarantineRow] = field(default_factory=list)
    woken: int = 0
    forwarded: int = 0
    unknown_fields: int = 0
    ignored_commands: int = 0


@dataclass(slots=True)
class Fold(Generic[S]):
    """The work of one shard in one batch. Nothing of the shard's memory is changed here: the batch may still fail."""

    definition: Definition[S]
    door: Door
    shard: int
    partitions: int
    batch_seq: int
    outbox: Outbox
    aggregates: dict[UUID, Aggregate[S]]
    """Those that the batch's records and wakes are about, as they are stored."""
    holding: Mapping[UUID, int]
    """Held orders and how many records stand in their line."""
    lines: Mapping[UUID, Line]
    """The lines of the orders that the batch's commands are about."""
    sent_at: datetime | None = None
    """When the batch runs: nothing that it concludes is sent before. None in replay, where facts carry all time."""
    poisoned: bool = False
    """The batch has one record or wake, and what came of it could not be saved."""
    known: Known[S] | None = None
    """What the decisions are told beside state and fact, if anything."""
    rows: list[object] = field(default_factory=list)
    quarantine: list[QuarantineRow] = field(default_factory=list)
    released: list[Released] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)
    """Records in line whose turn came, and that cannot be applied: what an operator sees is no longer that they wait.
    """
    holds: dict[UUID, int] = field(default_factory=dict)
    """How `holding` changes."""
    freed: dict[UUID, datetime] = field(default_factory=dict)
    """Orders whose line this batch has emptied, and when the command for it was known. Wakes that waited until then
    are known no earlier: how far the shard has come was published meanwhile."""
    tally: Tally = field(default_factory=Tally)
    more_wakes: bool = False

    def run(self, items: Sequence[Item], wakes: Wakes) -> None:
        """Fire what was due before, apply the records in order, fire what is due after them."""
        self._fire(wakes, wakes.before)
        for item in items:
            self._apply(item)
        self._fire(wakes, wakes.after)

    def held(self, identity: UUID) -> int:
        """How many records stand in this order's line; 0 if it is not held."""
        changed = self.holds.get(identity)
        return self.holding.get(identity, 0) if changed is None else changed

    def _apply(self, item: Item) -> None:
        self.tally.unknown_fields += item.unknown_fields
        if item.through is not None:
            return
        if item.id is not None and self._misplaced(item, item.id):
            return
        if isinstance(item.event, HeldCommand):
            self._command(item, item.event)
        elif item.id is not None and self.held(item.id):
            self._quarantine(item, _WAITS, hold=True)
        elif item.refusal is not None:
            self.tally.faults += item.ours
            has_state = item.id is not None and self._aggregate(item).state is not None
            self._quarantine(item, item.refusal, hold=has_state)
        else:
            refusal = self._decide_fact(item)
            if refusal is not None:
                self.tally.faults += 1
                self._quarantine(item, refusal, hold=True)

    def _misplaced(self, item: Item, identity: UUID) -> bool:
        """Forward a record of another shard: some clients' default partitioner is not Kafka's."""
        known = self.aggregates.get(identity)
        if item.raw.key is None or (known is not None and known.version) or self.held(identity):
            return False  # an order that is here already belongs here
        partition = partition_of(item.raw.key, self.partitions)
        if partition == self.shard or not fits(item):
            return False
        self.outbox.forward(item, partition)
        self.tally.forwarded += 1
        return True

    def _aggregate(self, item: Item) -> Aggregate[S]:
        assert item.id is not None and item.order_key is not None  # noqa: S101  # set together by the door
        found = self.aggregates.get(item.id)
        if found is None:
            found = self.aggregates[item.id] = Aggregate(item.id, item.order_key)
        return found

    def _decide_fact(self, item: Item) -> Refusal | None:
        """Apply a fact; what makes it impossible, else None."""
        assert item.event is not None and item.envelope is not None  # noqa: S101  # no refusal, so the door set both
        if self.poisoned:
            return _SAVE_FAILED
        aggregate = self._aggregate(item)
        envelope = item.envelope
        cause = Cause(envelope.id, envelope.correlationid or envelope.id, envelope.traceparent)
        return self._decide(aggregate, item.event, item.known_at, cause, item.floor)

    def _decide(
        self, aggregate: Aggregate[S], fact: Event | Woken, at: datetime, cause: Cause, floor: datetime | None
    ) -> Refusal | None:
        now = at if aggregate.known_at is None else max(at, aggregate.known_at)
        try:
            known_at = now if floor is None else max(now, floor)
            sent_at = known_at if self.sent_at is None else max(known_at, self.sent_at)
            decide = self.definition.decide if self.known is None else self.known.decide
            outcome = decide(aggregate.state, fact, now, sent_at)
            _check(outcome, fact, now)
            records = self.outbox.prepared(aggregate.order_key, outcome.events, cause, known_at)
        except Exception as error:  # whatever it is, it is this order's alone
            reason = Reason.WAKE if isinstance(fact, Woken) else Reason.DECIDE
            return Refusal(reason, type(error).__name__, str(error))
        self._accept(aggregate, outcome, records, now)
        return None

    def _accept(self, aggregate: Aggregate[S], outcome: Outcome[S], records: list[Outgoing], now: datetime) -> None:
        aggregate.changed = True
        aggregate.state = outcome.state
        aggregate.status = outcome.status
        if outcome.state is None:
            aggregate.known_at = aggregate.armed_at = None
        else:
            aggregate.known_at = now
            if outcome.wake_at is not None and (aggregate.armed_at is None or outcome.wake_at < aggregate.armed_at):
                aggregate.armed_at = outcome.wake_at
        if records:
            self.outbox.add(records)
        if outcome.rows:
            self.rows.extend(outcome.rows)
            if self.known is not None:
                self.known.accepted(outcome.rows)

    def _fire(self, wakes: Wakes, until: datetime | None) -> None:
        due = [
            (each.armed_at, each.id)
            for each in self.aggregates.values()
            if each.armed_at is not None and wakes.allow(each.armed_at, each.id, until) and not self.held(each.id)
        ]
        for _, identity in sorted(due):
            self._wake(self.aggregates[identity], wakes, until)

    def _wake(self, aggregate: Aggregate[S], wakes: Wakes, until: datetime | None) -> None:
        for _ in range(MAX_WAKES_IN_A_ROW):
            due = aggregate.armed_at
            if due is None or not wakes.allow(due, aggregate.id, until):
                return
            aggregate.armed_at = None
            identity = wake_id(self.definition.name, aggregate.order_key, due)
            cause = Cause(identity, aggregate.order_key)
            floor = self.freed.get(aggregate.id)
            refusal = _SAVE_FAILED if self.poisoned else self._decide(aggregate, Woken(due), due, cause, floor)
            self.tally.woken += 1
            if refusal is not None:
                self.tally.faults += 1
                aggregate.armed_at = due
                self._hold_wake(aggregate, due, refusal)
                return
        self.more_wakes = True

    def _hold_wake(self, aggregate: Aggregate[S], due: datetime, refusal: Refusal) -> None:
        row = row_of(self.shard, self.batch_seq, len(self.quarantine), refusal, due)
        self._keep(
            row._replace(
                topic=WAKE_TOPIC,
                record_offset=self.batch_seq * WAKES_ADDRESSED + len(self.quarantine),
                order_key=aggregate.order_key,
                aggregate_id=aggregate.id,
            )
        )
        self.holds[aggregate.id] = 1

    def _quarantine(self, item: Item, refusal: Refusal, *, hold: bool) -> None:
        raw = item.raw
        row = row_of(self.shard, self.batch_seq, len(self.quarantine), refusal, item.known_at)
        self._keep(
            row._replace(
                topic=raw.topic,
                record_offset=raw.offset,
                order_key=item.order_key,
                aggregate_id=item.id if hold else None,
                key=raw.key,
                headers=pack_headers(list(raw.headers)),
                value=raw.value,
            )
        )
        if hold and item.id is not None:
            self.holds[item.id] = self.held(item.id) + 1

    def _keep(self, row: QuarantineRow) -> None:
        self.quarantine.append(row)
        self.tally.refused.append(row)

    def _command(self, item: Item, command: HeldCommand) -> None:
        """Release or discard a held or quarantined record of this order."""
        assert item.id is not None  # noqa: S101  # a command is an event of an order
        if command.service != self.definition.name:
            return
        if self.poisoned:
            self._quarantine(item, _SAVE_FAILED, hold=False)
            return
        line = self._line(item.id)
        standing = len(line.rows)
        named = line.find(command)
        if named is None:
            self.tally.ignored_commands += 1
            return
        aggregate = self._aggregate(item)
        if isinstance(command, DiscardHeld):
            self._settle(named, item.known_at, "discarded")
            line.remove(named)
            if named.topic == WAKE_TOPIC:
                aggregate.armed_at = None
                aggregate.changed = aggregate.version > 0
        elif not named.stands_in_line and self._again(named, aggregate, item.known_at):
            line.remove(named)
        if named.stands_in_line:
            self._go_on(line, aggregate, item.known_at)
            self.holds[item.id] = self.held(item.id) - (standing - len(line.rows))
            if not self.holds[item.id]:
                self.freed[item.id] = item.known_at

    def _line(self, identity: UUID) -> Line:
        """The order's line as it is loaded, and, if that is all of it, what this batch has put behind it."""
        line = self.lines.get(identity, Line(()))
        if len(line.rows) == self.holding.get(identity, 0):
            line.rows += [LineRow.of(row._asdict()) for row in self.quarantine if row.aggregate_id == identity]
        return line

    def _go_on(self, line: Line, aggregate: Aggregate[S], at: datetime) -> None:
        """Apply what stands in line, in order, up to the first that fails again."""
        while line.rows and self._again(line.rows[0], aggregate, at):
            line.remove(line.rows[0])

    def _again(self, row: LineRow, aggregate: Aggregate[S], at: datetime) -> bool:
        """Whether a record in line can be applied now.

        One that cannot is no fault that the breaker counts: its order is held as before (S: a platform's bad records
        hold thirty orders; the commands that settle them meet the next bad ones, the shard stops, meets the same
        commands again, and never comes back).
        """
        if row.topic != WAKE_TOPIC:  # a wake stays armed, and fires when the order is free
            item = self.door.read(row.raw)
            item.floor = at
            refusal = item.refusal
            if item.event is not None:
                refusal = self._decide_fact(item)
            if refusal is not None:
                self.met.append(met(self.shard, row, refusal))
                return False
        self._settle(row, at, "released")
        return True

    def _settle(self, row: LineRow, at: datetime, outcome: str) -> None:
        self.released.append(Released(self.shard, row.batch_seq, row.ordinal, at, outcome))


_SAVE_FAILED = Refusal(Reason.SAVE, "outcome", "what decide made of it could not be stored")
_WAITS = Refusal(Reason.WAITING, "order", "it is held")


def _check(outcome: Outcome[Any], fact: Event | Woken, now: datetime) -> None:
    """Refuse an outcome that the kit cannot carry out."""
    if len(outcome.status) > MAX_STATUS_CHARACTERS:
        raise ValueError(f"status has {len(outcome.status)} characters: at most {MAX_STATUS_CHARACTERS}")
    if outcome.wake_at is None:
        return
    if outcome.wake_at.tzinfo is None:
        raise ValueError("wake_at has no time zone")
    if isinstance(fact, Woken) and outcome.wake_at <= now:
        raise ValueError(f"woken at {now}, it wants to be woken at {outcome.wake_at}: for ever")
