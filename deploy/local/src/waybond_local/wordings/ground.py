"""A wording made ready to be looked through: its clauses by lane, each way of one with duration and benefit."""

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import NamedTuple

from waybond_contracts.places import Lane
from waybond_contracts.shipments import ScanKind
from waybond_contracts.watches import conditions
from waybond_contracts.wording import Clause, Clock, Condition, Exclusion, Tier, Wording
from waybond_local.wordings.lanes import MAX_LANES_LOOKED_AT, matching, told_apart
from waybond_local.wordings.locator import Path


class Way(NamedTuple):
    """One way in which a clause is met on a lane, and the tier that it reaches."""

    condition: Condition
    condition_index: int
    """From 0; also 0 where the clause has a clock."""
    tier: Tier
    tier_index: int
    after: timedelta | None
    """None: a scan meets it at once."""

    @property
    def scan(self) -> ScanKind | None:
        return self.condition.scan

    @property
    def clock(self) -> Clock | None:
        return self.condition.clock

    @property
    def by_lane(self) -> tuple[str, ...]:
        """The patterns that have durations of their own."""
        return tuple(self.condition.after_by_lane if self.condition.timed else self.tier.after_by_lane)


class Ground:
    """A wording and what several checks ask of it."""

    def __init__(self, wording: Wording) -> None:
        self.wording = wording
        self.lanes = told_apart(wording)
        self.cut = len(self.lanes) >= MAX_LANES_LOOKED_AT
        """Whether not all lanes are looked at."""

    @cached_property
    def sold(self) -> tuple[Lane, ...]:
        """The lanes on which the product is sold."""
        terms = self.wording.terms
        if terms is None:
            return self.lanes
        return tuple(
            lane for lane in self.lanes if matching(lane, terms.lanes) and not matching(lane, terms.lanes_except)
        )

    @cached_property
    def covered(self) -> dict[str, tuple[Lane, ...]]:
        """By clause: the lanes that it covers, of those on which the product is sold."""
        return {clause.id: tuple(filter(clause.on, self.sold)) for clause in self.wording.clause}

    @cached_property
    def ways(self) -> dict[str, dict[Lane, tuple[Way, ...]]]:
        """By clause and lane that it covers: the ways in which it is met there."""
        return {
            clause.id: {lane: tuple(_ways(clause, lane)) for lane in self.covered[clause.id]}
            for clause in self.wording.clause
        }

    def clauses(self) -> Iterator[tuple[Path, Clause]]:
        """Each clause with its key path."""
        for index, clause in enumerate(self.wording.clause):
            yield ("clause", index), clause

    def exclusions(self) -> Iterator[tuple[Path, Exclusion]]:
        """Each exclusion with its key path."""
        for index, exclusion in enumerate(self.wording.exclusion):
            yield ("exclusion", index), exclusion

    def touched(self, exclusion: Exclusion) -> list[Clause]:
        """The clauses of the exclusion's perils."""
        perils = exclusion.perils
        return [clause for clause in self.wording.clause if not perils or clause.peril in perils]

    def excluded_on(self, exclusion: Exclusion, clause: Clause) -> list[Lane]:
        """The lanes of the clause on which the exclusion counts."""
        covered = self.covered[clause.id]
        return [lane for lane in covered if not exclusion.lanes or matching(lane, exclusion.lanes)]


def way_path(path: Path, clause: Clause, way: Way) -> Path:
    """Where the way's duration stands: of a clause with a clock in its tier, else in its condition."""
    if clause.clock is not None:
        return (*path, "tiers", way.tier_index)
    return (*path, "any_of", way.condition_index)


def _ways(clause: Clause, lane: Lane) -> Iterator[Way]:
    for index, condition in enumerate(conditions(clause)):
        if not condition.on(lane):
            continue
        for tier_index, tier in enumerate(clause.tiers):
            after = condition.after_on(lane) if condition.timed else tier.after_on(lane)
            if condition.scan is not None or after is not None:
                yield Way(condition, index, tier, tier_index, None if condition.scan is not None else after)
