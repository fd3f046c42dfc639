"""Where a shard is in one of its topics, and the rule for records that do not follow each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from waybond_kit.door import Raw


class Step(Enum):
    """What a run of records means for its topic."""

    ON = "on"
    """They follow."""
    SEEK = "seek"
    """There is a gap: seek to `queued` exactly and look again."""
    BACK = "back"
    """The log went back: the topic was made anew or cut, or the broker's hint was followed. Take the shard anew."""


@dataclass(slots=True)
class Position:
    """One topic of one shard. Offsets are those of the next record, as Kafka counts.

    A gap is accepted only if an exact seek shows the same gap again (compaction, transaction markers); otherwise
    records would be lost that were fetched and dropped on the way. `log_start` is the beginning of the log as it was
    asked for at that seek: a log that begins after `queued` has lost records.
    """

    applied: int
    queued: int
    suspected: int | None = None
    seeking: bool = False
    log_start: int = 0
    frontier: int = 0
    """Everything below it has been handed to the queue, or carries no record."""
    holes: list[tuple[int, int]] = field(default_factory=list)
    """Spans of offsets (first, behind the last) that the log had lost before we came; taken by the caller."""

    @classmethod
    def at(cls, offset: int) -> "Position":
        return cls(applied=offset, queued=offset, frontier=offset)

    def offer(self, run: Sequence[Raw]) -> tuple[Sequence[Raw], Step]:
        """The records of a run that may be queued, and what to do then. Offsets in a run always rise."""
        if self.seeking:
            return (), Step.ON  # fetched before the seek
        first, last = run[0].offset, run[-1].offset
        if first == self.queued and last - first + 1 == len(run):
            self.suspected = None
            self.queued = last + 1
            return run, Step.ON
        for index, raw in enumerate(run):
            if raw.offset < self.queued:
                return run[:index], Step.BACK
            if raw.offset > self.queued and raw.offset != self.suspected:
                self.suspected = raw.offset
                self.seeking = True
                return run[:index], Step.SEEK
            if raw.offset > self.queued and self.log_start > self.queued:
                self.holes.append((self.queued, min(raw.offset, self.log_start)))
            self.suspected = None
            self.queued = raw.offset + 1
        return run, Step.ON

    def sought(self, log_start: int) -> None:
        """The consumer stands at `queued` again; the log begins at `log_start`."""
        self.seeking = False
        self.log_start = log_start
        self.frontier = self.queued

    def settled(self) -> int:
        """Everything below is applied, or carries no record."""
        return max(self.applied, self.frontier) if self.applied >= self.queued else self.applied
