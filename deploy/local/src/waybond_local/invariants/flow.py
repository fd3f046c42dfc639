"""I3, I4 and I5: everything that was produced is applied or quarantined, outboxes drain, bad messages are kept once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from waybond_local.invariants.check import Check

NOT_RECORDS = frozenset({"wake", "lost"})
"""Rows of quarantine that are about no record of a log: a wake that failed, a hole in the log."""


@dataclass(frozen=True, slots=True)
class Place:
    """A partition of a topic, as one of its readers sees it."""

    service: str
    topic: str
    shard: int

    def __str__(self) -> str:
        return f"{self.service} on {self.topic}/{self.shard}"


@dataclass(frozen=True, slots=True)
class Log:
    """The broker's offsets of one partition."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spans:
    """What a journal says was applied of one partition: the first and the last offset, how many offsets its spans
    hold, how many spans begin before the one before them ended, and how many offsets lie between spans."""

    first: int
    last: int
    offsets: int
    overlaps: int
    gaps: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of quarantine and the record that lies at its offset, None where the log has none there any more."""

    place: Place
    offset: int
    reason: str
    detail: str
    times: int
    """How many rows there are about this record."""
    bytes_: tuple[bytes | None, bytes | None]
    """Key and value, as they are kept."""
    logged: tuple[bytes | None, bytes | None] | None


def applied(
    logs: Mapping[Place, Log], next_offsets: Mapping[Place, int], journal: Mapping[Place, Spans], kept: Iterable[Kept]
) -> Check:
    """I3: of each partition and reader, what was produced is what was applied and what is quarantined.

    `logs` were read before the rest, so a reader may be further by now than they say.
    """
    check = Check("I3", "produced = applied + quarantined, by topic and partition")
    quarantined = Counter(each.place for each in kept if each.reason not in NOT_RECORDS)
    for place, log in logs.items():
        reached = next_offsets.get(place, 0)
        spans = journal.get(place)
        check.expect(reached >= log.end, f"{place}: {log.end} records were produced, {reached} are worked on")
        if log.end == log.start and spans is None:
            continue
        if spans is None:
            check.violate(f"{place}: {log.end - log.start} records were produced, the journal knows none")
            continue
        check.count("produced", max(log.end, reached) - min(spans.first, log.start))
        check.count("applied", spans.offsets - quarantined[place])
        check.count("quarantined", quarantined[place])
        check.expect(spans.first <= log.start, f"{place}: the journal begins at {spans.first}, the log at {log.start}")
        check.expect(spans.last + 1 == reached, f"{place}: the journal ends at {spans.last}, the next is {reached}")
        check.expect(not spans.overlaps, f"{place}: {spans.overlaps} records were applied twice")
        check.expect(not spans.gaps, f"{place}: {spans.gaps} records were neither applied nor quarantined")
    for place in journal.keys() - logs.keys():
        check.violate(f"{place}: the journal knows a partition that the broker does not")
    return check


def drained(outboxes: Mapping[str, int]) -> Check:
    """I4: nothing waits to be published."""
    check = Check("I4", "the outboxes are empty")
    for name, rows in outboxes.items():
        check.count(f"unsent of {name}", rows)
        check.expect(rows == 0, f"{name}: {rows} messages are not published")
    return check


def kept_once(kept: Sequence[Kept]) -> Check:
    """I5: each bad message is quarantined once, with its bytes and the reason."""
    check = Check("I5", "each bad message is quarantined once, with its bytes and reason")
    check.count("quarantined", 0)
    for each in kept:
        check.count("quarantined")
        where = f"{each.place} at {each.offset}"
        check.expect(each.times == 1, f"{where}: quarantined {each.times} times")
        check.expect(bool(each.reason and each.detail), f"{where}: without a reason")
        if each.reason in NOT_RECORDS:
            continue
        if each.logged is None:
            check.count("gone from the log")
        else:
            check.count("compared with the log")
            check.expect(each.logged == each.bytes_, f"{where}: other bytes than those that were sent")
    return check
