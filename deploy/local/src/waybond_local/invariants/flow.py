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
    """What a journal says was applied of one partition: how many offsets its spans hold from where the log begins, how
    many spans begin before the one before them ended, and which offsets (first, last) from there on up to `next_offset`
    lie in no span."""

    offsets: int
    overlaps: int
    between: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Control:
    """Of the offsets that lie in no span: how many are control records, which a journal leaves out, how many carry an
    event, and how many were not looked at."""

    control: int
    events: int
    unseen: int = 0


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
    logs: Mapping[Place, Log],
    next_offsets: Mapping[Place, int],
    journal: Mapping[Place, Spans],
    between: Mapping[Place, Control],
    kept: Iterable[Kept],
    *,
    since: Mapping[Place, Log] | None = None,
    ahead: Mapping[Place, Control] | None = None,
) -> Check:
    """I3: of each partition and reader, what was produced is what was applied, what is quarantined and what only says
    how far a shard has come. What a log does not hold any more is left aside.

    `logs` were read before the rest, so a reader may be further by now than they say, but not further than `since`,
    which was read behind it. `ahead` is what lies between where a reader is and the log's end, as far as that was
    looked at: a reader that has nothing to do writes down only now and then that others say how far they are.
    """
    check = Check("I3", "produced = applied + quarantined, by topic and partition")
    starts = {place: log.start for place, log in logs.items()}
    quarantined = Counter(
        each.place for each in kept if each.reason not in NOT_RECORDS and each.offset >= starts.get(each.place, 0)
    )
    for place, log in (since or {}).items():
        reached = next_offsets.get(place, 0)
        what = f"{place}: the log ends at {log.end}, and {reached} are worked on: it was made anew, or has lost its end"
        check.expect(reached <= log.end, what)
    for place, log in logs.items():
        reached = next_offsets.get(place, 0)
        spans = journal.get(place, Spans(0, 0, ()))
        skipped = between.get(place, Control(0, 0))
        produced = max(log.end, reached) - log.start
        rest = (ahead or {}).get(place)
        idle = rest is not None and not rest.events and not rest.unseen
        check.expect(reached >= log.end or idle, f"{place}: {log.end} records were produced, {reached} are worked on")
        check.expect(not spans.overlaps, f"{place}: {spans.overlaps} records were applied twice")
        check.expect(not skipped.events, f"{place}: {skipped.events} events were neither applied nor quarantined")
        accounted = spans.offsets + skipped.control + skipped.events + skipped.unseen
        if reached >= log.end:
            check.expect(accounted == produced, f"{place}: {produced} records were produced, {accounted} are known")
        check.count("produced", produced)
        check.count("applied", spans.offsets - quarantined[place])
        check.count("quarantined", quarantined[place])
        check.count("progress alone", skipped.control)
        if skipped.unseen:
            check.count("too old to look at", skipped.unseen)
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
