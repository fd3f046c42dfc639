"""I7, I9 and I10, seen while a journal is followed: what a replay changes, which wakes came early, what was held."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from waybond_contracts.commands import HeldCommand
from waybond_contracts.refunds import IssuePayout, IssueRefund
from waybond_contracts.signals import SubjectAsked
from waybond_contracts.topics import REFUNDS
from waybond_kit.aggregate import Woken
from waybond_kit.changes import JournalRow, OutboxRow
from waybond_kit.definition import InputKind
from waybond_kit.door import Item
from waybond_kit.rebuild import Rebuild, Replayed
from waybond_local.invariants.check import Check
from waybond_local.journal.replay import Followed, Place, Report, replay
from waybond_local.journal.services import Audited
from waybond_local.journal.topics import shard_topics

AGAIN_RECORDS = 500
MAX_AGAIN = 100_000
"""How many records of a partition, the newest, are folded a second time."""
MONEY = frozenset({IssueRefund.event_type.encode(), IssuePayout.event_type.encode()})


class Commanded(NamedTuple):
    """What identifies a money command, as it travels."""

    order_key: str
    refund_id: str
    version: int
    amount: tuple[int, str]
    """Minor units and their currency."""


def read_command(value: bytes) -> Commanded:
    """From the payload of an IssueRefund or IssuePayout."""
    said = json.loads(value)
    order_key = f"{said['tenant']}/{said['platform']}/{said['order_id']}"
    amount = said["amount"]
    return Commanded(order_key, said["refund_id"], said["version"], (amount["minor"], amount["currency"]))


@dataclass(slots=True)
class Audit:
    """What the journals of all services say, in the end, of three invariants and of what must lie on our topics."""

    replays: Check = field(default_factory=lambda: Check("I7", "replaying topics and journal changes nothing"))
    wakes: Check = field(default_factory=lambda: Check("I9", "no wake overtook what it had to know"))
    holds: Check = field(default_factory=lambda: Check("I10", "a held order moves no money"))
    commands: dict[tuple[str, int], Commanded] = field(default_factory=dict)
    """Every money command that the journal of claims makes, by refund_id and version."""
    made: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    """Hashes of the ids of events that must lie on a topic and partition."""

    def begin(self) -> None:
        """Show figures that stay zero, too."""
        for check, names in (
            (self.replays, ("orders the same", "records folded again", "batches that other code wrote")),
            (self.wakes, ("wakes", "facts")),
            (self.holds, ("orders that were held", "money commands")),
        ):
            for name in names:
                check.count(name, 0)

    @property
    def checks(self) -> list[Check]:
        return [self.replays, self.wakes, self.holds]


@dataclass(slots=True)
class Watcher:
    """Sees one shard's journal as it is followed."""

    audit: Audit
    service: Audited
    shard: int
    kinds: Mapping[str, InputKind]
    replay: bool
    woken: dict[UUID, datetime] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    lines: dict[UUID, int] = field(default_factory=dict)
    """How many records stand in each held order's line, by the journal so far."""

    def see(self, row: JournalRow, fold: Replayed, rebuild: Rebuild) -> None:
        """One row of the journal, applied."""
        before = self.lines.keys() & {each.id for each in fold.applied}
        released = {(each.batch_seq, each.ordinal) for each in fold.released}
        for kept in fold.quarantine:
            if kept.aggregate_id is not None:
                if kept.aggregate_id not in self.lines:
                    self.audit.holds.count("orders that were held")
                self.lines[kept.aggregate_id] = self.lines.get(kept.aggregate_id, 0) + 1
        for place in released:
            held = rebuild.quarantine[place].aggregate_id
            if held is not None:
                self.lines[held] -= 1
                if not self.lines[held]:
                    del self.lines[held]
        self._holds(row, fold, before & self.lines.keys())
        self._wakes(row, fold)
        for outgoing in fold.outbox.rows:
            self._made(outgoing)

    def _holds(self, row: JournalRow, fold: Replayed, still: set[UUID]) -> None:
        """An order that was held before and is held behind a batch: nothing but its line may have moved."""
        for each in fold.applied:
            if each.id in still and not each.released:
                what = type(each.fact).__name__
                self.audit.holds.violate(f"{self._where(row)}: {each.order_key} was held, and {what} was decided on")

    def _wakes(self, row: JournalRow, fold: Replayed) -> None:
        """A fact that was known before a wake's due, and came behind it, was overtaken.

        One that lies on its topic twice was not; nor, in a replay, an answer, which may come later than it was known.
        """
        for each in fold.applied:
            identity = hash((each.id, each.cause.id))
            if isinstance(each.fact, Woken):
                self.audit.wakes.count("wakes")
                self.woken[each.id] = each.fact.due
                continue
            self.audit.wakes.count("facts")
            due = self.woken.get(each.id)
            late = due is not None and each.at < due and not each.released and identity not in self.seen
            if late and not (self.replay and self.kinds[each.fact.topic] is InputKind.ANSWERS):
                self.audit.wakes.violate(
                    f"{self._where(row)}: {each.order_key} was woken at {due}, and {type(each.fact).__name__}, known "
                    f"at {each.at}, came behind it"
                )
            self.seen.add(identity)

    def _made(self, row: OutboxRow) -> None:
        if row.topic in self.kinds:
            return  # forwarded to the shard of its key
        headers = dict(row.headers)
        self.audit.made.setdefault((row.topic, row.partition), set()).add(hash(headers["ce_id"]))
        if row.topic == REFUNDS and headers["ce_type"] in MONEY and row.value is not None:
            command = read_command(row.value)
            self.audit.commands[command.refund_id, command.version] = command
            self.audit.holds.count("money commands")

    def _where(self, row: JournalRow) -> str:
        return f"{self.service.name}/{self.shard}, batch {row.seq}"


async def follow(place: Place, service: Audited, shard: int, audit: Audit) -> Report:
    """Follow one shard's journal, and fold its topics once more over what came of it."""
    kinds = {each.topic: each.kind for each in service.definition.inputs}
    watcher = Watcher(audit, service, shard, kinds, place.replay)
    followed = await replay(place, service, shard, observe=watcher.see)
    report = followed.report
    for check in audit.checks:
        if report.cut:
            check.unchecked = f"{service.name}/{shard}: {report.cut}"
    check = audit.replays
    check.count("batches that other code wrote", report.codes.total())
    by = f" (part of this journal was written by code {', '.join(sorted(report.codes))})" if report.codes else ""
    for difference in report.shown:
        check.violate(difference + by)
    check.violations += report.differences - len(report.shown)
    if not report.cut:
        check.count("orders the same", report.figures["orders compared"] if not report.differences else 0)
        await again(place, followed, check)
    return report


async def again(place: Place, followed: Followed, check: Check) -> None:
    """Each topic a second time, over the state as it is: nothing may be said, booked or changed."""
    report, rebuild = followed.report, followed.rebuild
    if not report.reached:
        return
    unapplied = {(each.topic, each.record_offset) for each in followed.kept.verdicts if each.outcome != "released"}
    starts = {topic: last - MAX_AGAIN + 1 for topic, last in report.reached.items()}
    async with shard_topics(place.kafka, list(report.reached), report.shard, place.prefix, starts) as log:
        for topic, last in report.reached.items():
            first = log.partitions[topic].next_offset
            check.count("records too old to fold again", max(0, first - log.partitions[topic].bounds.start))
            for begin in range(first, last + 1, AGAIN_RECORDS):
                raws = await log.until(topic, min(last, begin + AGAIN_RECORDS - 1))
                items = [rebuild.door.read(raw) for raw in raws if (topic, raw.offset) not in unapplied]
                items = [item for item in items if _counts(item, rebuild)]
                check.count("records folded again", len(items))
                where = f"{report.service}/{report.shard}: {topic} once more"
                _judge(where, rebuild, rebuild.once_more(items), check)


def _counts(item: Item, rebuild: Rebuild) -> bool:
    """Facts of orders that are here still and go on; a command about a held record is about a line that is gone, and a
    question of signals is answered as often as it is asked.

    What an order was told before its state was dropped (a scan, long before it was placed) would be news to it.
    """
    if item.event is None or isinstance(item.event, HeldCommand | SubjectAsked) or item.id in rebuild.forgotten:
        return False
    return item.id in rebuild.aggregates and item.id not in rebuild.holding


def _judge(where: str, rebuild: Rebuild, fold: Replayed, check: Check) -> None:
    for row in fold.outbox.rows:
        kind = dict(row.headers).get("ce_type") or b""
        check.violate(f"{where} says {kind.decode()} of {(row.key or b'').decode()}")
    for kept in fold.quarantine:
        check.violate(f"{where}: {kept.topic} at {kept.record_offset} cannot be applied: {kept.reason}")
    if fold.rows:
        check.violate(f"{where} books {len(fold.rows)} rows")
    for aggregate in fold.aggregates.values():
        before = rebuild.aggregates[aggregate.id]
        if not aggregate.changed:
            continue
        if aggregate.state is None:
            check.violate(f"{where} removes {aggregate.order_key}")
            continue
        after = rebuild.row_of(aggregate)
        if (after.state, after.wording) != (before.state, before.wording):
            check.violate(f"{where} changes {aggregate.order_key}")
