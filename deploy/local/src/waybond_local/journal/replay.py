"""Makes one shard again from its topics and its journal, and says where it differs from the tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from waybond_claims.desk.audits import AuditRow
from waybond_claims.desk.inbox import Closed, Waiting
from waybond_claims.ledger import Entry
from waybond_kit.changes import JournalRow
from waybond_kit.door import Raw
from waybond_kit.rebuild import Rebuild, Replayed
from waybond_local.invariants.check import MAX_SHOWN
from waybond_local.invariants.load import reading
from waybond_local.journal import tables
from waybond_local.journal.services import Audited
from waybond_local.journal.tables import Tables
from waybond_local.journal.topics import CutError, ShardTopics, shard_topics


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service keeps its things. `dsn` is an administrator's; `prefix` stands before every topic."""

    dsn: str
    kafka: str
    partitions: int
    replay: bool
    prefix: str = ""


@dataclass(slots=True)
class Report:
    """What became of one shard of one service."""

    service: str
    shard: int
    figures: Counter[str] = field(default_factory=Counter)
    differences: int = 0
    shown: list[str] = field(default_factory=list)
    """The first MAX_SHOWN differences."""
    cut: str = ""
    """Why the shard cannot be made again, if it cannot."""
    reached: dict[str, int] = field(default_factory=dict)
    """The last offset of each topic that the journal names."""
    codes: Counter[str] = field(default_factory=Counter)
    """How many batches each version of the code wrote that is not this one. They are replayed all the same."""

    def differ(self, what: str) -> None:
        self.differences += 1
        if len(self.shown) < MAX_SHOWN:
            self.shown.append(f"{self.service}/{self.shard}: {what}")


@dataclass(frozen=True, slots=True)
class Followed:
    """One shard after its journal was followed: what was made, and what the tables held."""

    report: Report
    rebuild: Rebuild
    kept: Tables


@dataclass(slots=True)
class Beside:
    """What claims keeps beside the files, as the journal's batches leave it: digests, as in `Tables`."""

    entries: dict[tuple[str, int], bytes] = field(default_factory=dict)
    questions: dict[tuple[str, str], bytes] = field(default_factory=dict)
    audits: dict[tuple[str, str], AuditRow] = field(default_factory=dict)

    def add(self, rows: Sequence[object]) -> None:
        """The rows of one batch, in their order."""
        for each in rows:
            match each:
                case Entry():
                    self.entries[each.order_key, each.ordinal] = tables.entry_digest(each)
                case Waiting():
                    self.questions[each.order_key, each.referral_id] = tables.question_digest(each)
                case Closed():
                    self.questions.pop((each.order_key, each.referral_id), None)
                case AuditRow():
                    self._audited(each)
                case _:
                    continue

    def _audited(self, row: AuditRow) -> None:
        """Of a question that is told again the answer is new; what it is about stays as it was asked."""
        asked = self.audits.get((row.order_key, row.referral_id), row)
        self.audits[row.order_key, row.referral_id] = structs.replace(
            asked,
            choice=row.choice,
            wrong_minor=row.wrong_minor,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
        )


Observe = Callable[[JournalRow, Replayed, Rebuild], None]
"""Sees each row of the journal after it was applied."""


async def replay(
    place: Place,
    service: Audited,
    shard: int,
    *,
    step: Callable[[], None] = lambda: None,
    observe: Observe = lambda row, fold, rebuild: None,
) -> Followed:
    """Make the shard again and compare it with its tables; read only.

    The tables are read first, in one snapshot, which is let go before the journal is followed up to it. `step` is
    called once for each row of the journal.
    """
    report = Report(service.name, shard)
    definition = service.definition
    async with reading(place.dsn) as connection:
        kept = await tables.read(connection, definition, shard)
        if service.learn is not None:
            await service.learn(connection)
    rebuild = Rebuild(
        definition,
        shard,
        place.partitions,
        replay=place.replay,
        verdicts=kept.verdicts,
        knowing=service.knowing,
    )
    made = Beside()
    topics = [each.topic for each in definition.inputs]
    async with (
        reading(place.dsn, snapshot=False) as connection,
        shard_topics(place.kafka, topics, shard, place.prefix) as log,
    ):
        try:
            async for row in tables.journal(connection, service.name, shard, kept.batch_seq):
                fold = await _apply(row, log, rebuild, report)
                made.add(fold.rows)
                report.figures["wakes"] += fold.tally.woken
                if row.code != service.code:
                    report.codes[row.code] += 1
                observe(row, fold, rebuild)
                step()
        except CutError as error:
            report.cut = str(error)
    if not report.cut:
        compare(report, rebuild, made, kept)
    return Followed(report, rebuild, kept)


async def _apply(row: JournalRow, log: ShardTopics, rebuild: Rebuild, report: Report) -> Replayed:
    raws: list[Raw] = []
    for topic, first, last in json.loads(row.spans):
        records, skipped = await log.span(topic, first, last)
        raws += records
        report.reached[topic] = last
        _expect_control(skipped, rebuild, report)
    report.figures["batches"] += 1
    report.figures["records"] += len(raws)
    return rebuild.apply(row, raws)


def _expect_control(skipped: Sequence[Raw], rebuild: Rebuild, report: Report) -> None:
    """What lies between two spans says how far a shard has come, and nothing else."""
    for raw in skipped:
        if rebuild.door.read(raw).through is None:
            report.differ(f"{raw.topic} at {raw.offset}: the journal does not say that this record was applied")


def compare(report: Report, rebuild: Rebuild, beside: Beside, kept: Tables) -> None:
    """Byte by byte: states, wakes, quarantine, and the books, the inbox and the audits of claims."""
    made = {identity: tables.row_of(row) for identity, row in rebuild.aggregates.items()}
    names = {identity: row.order_key for each in (made, kept.aggregates) for identity, row in each.items()}
    quarantine = {}
    for where, row in rebuild.quarantine.items():
        settled = rebuild.settled.get(where)
        quarantine[where] = tables.kept_row(
            row, settled.released_at if settled else None, settled.outcome if settled else None
        )
    _compare(report, "orders", made, kept.aggregates, lambda identity: names[identity])
    _compare(report, "wakes", rebuild.wakes, kept.wakes, lambda identity: names.get(identity, str(identity)))
    _compare(report, "quarantined", quarantine, kept.quarantine, lambda where: f"batch {where[0]}, {where[1]}")
    if report.service == "claims":
        _compare(report, "ledger entries", beside.entries, kept.entries, lambda where: f"{where[0]}, entry {where[1]}")
        _compare(report, "questions", beside.questions, kept.questions, lambda where: f"{where[0]}, {where[1]}")
        audits = {where: tables.audit_digest(row) for where, row in beside.audits.items()}
        _compare(report, "audits", audits, kept.audits, lambda where: f"{where[0]}, {where[1]}")


def _compare(report: Report, what: str, made: Any, kept: Any, name: Callable[[Any], str]) -> None:
    report.figures[f"{what} compared"] += len(kept)
    for key in kept.keys() | made.keys():
        mine, theirs = made.get(key), kept.get(key)
        if mine == theirs:
            continue
        if theirs is None:
            report.differ(f"{what}: {name(key)} is not in the table")
        elif mine is None:
            report.differ(f"{what}: {name(key)} is in the table, and nothing made it")
        else:
            report.differ(f"{what}: {name(key)} differs: {_difference(mine, theirs)}")


def _difference(mine: Any, theirs: Any) -> str:
    if not hasattr(mine, "_fields"):
        return f"made {_said(mine)}, kept {_said(theirs)}"
    pairs = zip(mine._fields, mine, theirs, strict=True)
    return ", ".join(f"{name} made {_said(a)}, kept {_said(b)}" for name, a, b in pairs if a != b)


def _said(value: object) -> str:
    return value.hex()[:12] if isinstance(value, bytes) else str(value)
