"""Checks of a wording: what can never apply, on any lane or within cover, and what has no end."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from waybond_contracts.places import Lane
from waybond_contracts.times import MAX_DURATION
from waybond_contracts.wording import Clause, Exclusion
from waybond_local.wordings import heeded, words
from waybond_local.wordings.finding import Finding
from waybond_local.wordings.ground import Ground, Way, way_path
from waybond_local.wordings.lanes import closest, matching, whose
from waybond_local.wordings.locator import Path

_REMOVE = "Correct it, or leave it out."


def unreachable(ground: Ground) -> Iterator[Finding]:
    """Everything in the wording that no order can ever meet, and every benefit that does not end."""
    for path, clause in ground.clauses():
        yield from _lanes(ground, clause, path)
        yield from _durations(ground, clause, path)
        yield from _after_cover(ground, clause, path)
        yield from _endless(clause, path)
        yield from _score(clause, path)
        yield from heeded.never(clause, path)
    for path, exclusion in ground.exclusions():
        yield from _exclusion(ground, exclusion, path)
    if ground.wording.cover.period >= MAX_DURATION:
        what = f"Cover lasts {words.duration(MAX_DURATION)}, the most that can be written: in effect it never ends."
        yield Finding(
            "cover-without-end", ("cover", "period"), "cover", what, "Write for how long it is meant to last."
        )


def _score(clause: Clause, path: Path) -> Iterator[Finding]:
    score = clause.score
    if score is not None and score.highest < score.pay_from:
        what = (
            f"The table gives {score.highest} points at most, whatever is known of a delivery, and {score.pay_from} "
            "are needed: nothing is ever paid by itself."
        )
        where = (*path, "score", "pay_from")
        yield Finding("score-never-pays", where, clause.id, what, "Lower pay_from, or give more points.")


def _lanes(ground: Ground, clause: Clause, path: Path) -> Iterator[Finding]:
    covered = ground.covered[clause.id]
    if not covered:
        reached = any(map(clause.on, ground.lanes))
        what = (
            "The clause covers no lane on which the product is sold."
            if reached
            else "lanes_except takes away every lane of the clause."
        )
        yield Finding("clause-on-no-lane", (*path, "lanes"), clause.id, what, _REMOVE)
        return
    for index, pattern in enumerate(clause.lanes):
        if not _named(covered, pattern):
            what = f"{pattern} adds nothing: lanes_except takes it away, or the product is not sold there."
            yield Finding("lane-never", (*path, "lanes", index), clause.id, what, _REMOVE)
    for index, pattern in enumerate(clause.lanes_except):
        if not any(lane.matches(pattern) and matching(lane, clause.lanes) for lane in ground.sold):
            what = f"{pattern} takes nothing away: the clause does not cover it in the first place."
            yield Finding("lane-never", (*path, "lanes_except", index), clause.id, what, _REMOVE)
    for index, condition in enumerate(clause.any_of):
        if not any(map(condition.on, covered)):
            what = f"Way {index + 1} counts on {words.lanes(condition.lanes)} alone, which the clause does not cover."
            yield Finding("way-on-no-lane", (*path, "any_of", index), clause.id, what, _REMOVE)
    if clause.by_claim_alone:
        return
    bare = next((lane for lane, ways in ground.ways[clause.id].items() if not ways), None)
    if bare is not None:
        what = f"The clause covers lanes that nothing meets it on ({bare} is one)."
        do = "Write a duration for the rest (after), or name the lanes that are covered (lanes)."
        yield Finding("lane-without-way", path, clause.id, what, do)


def _named(lanes: Sequence[Lane], pattern: str) -> bool:
    """Whether the pattern names one of the lanes."""
    return any(lane.matches(pattern) for lane in lanes)


def _durations(ground: Ground, clause: Clause, path: Path) -> Iterator[Finding]:
    """Entries of a table by lane that never count: no such lane is covered, or a closer pattern always wins."""
    covered = ground.covered[clause.id]
    tables: list[tuple[Path, Mapping[str, timedelta], Sequence[Lane]]] = [
        ((*path, "tiers", index, "after_by_lane"), tier.after_by_lane, covered)
        for index, tier in enumerate(clause.tiers)
    ]
    tables += [
        ((*path, "any_of", index, "after_by_lane"), condition.after_by_lane, tuple(filter(condition.on, covered)))
        for index, condition in enumerate(clause.any_of)
    ]
    if clause.claim_window is not None:
        window = (*path, "claim_window")
        tables.append(((*window, "opens_by_lane"), clause.claim_window.opens_by_lane, covered))
        tables.append(((*window, "closes_by_lane"), clause.claim_window.closes_by_lane, covered))
    for where, by_lane, lanes in tables:
        used = {closest(lane, tuple(by_lane)) for lane in lanes}
        for pattern in by_lane:
            if lanes and pattern not in used:
                what = f"The duration for {pattern} never counts: no such lane is covered, or a closer pattern wins."
                yield Finding("duration-never-used", (*where, pattern), clause.id, what, _REMOVE)


def _after_cover(ground: Ground, clause: Clause, path: Path) -> Iterator[Finding]:
    """No clock starts before the order, and cover ends so long after it."""
    period = ground.wording.cover.period
    said: set[Path] = set()
    for lane, ways in ground.ways[clause.id].items():
        for way in ways:
            where = way_path(path, clause, way)
            if way.after is None or way.after <= period or where in said or way.clock is None:
                continue
            said.add(where)
            what = (
                f"It falls due {words.duration(way.after)} after {words.CLOCKS[way.clock]}"
                f"{whose(lane, way.by_lane)}, and cover ends {words.duration(period)} "
                "after the order: it is never due within cover."
            )
            yield Finding("after-cover", where, clause.id, what, "Shorten it, or lengthen cover.period.")


def _endless(clause: Clause, path: Path) -> Iterator[Finding]:
    for index, tier in enumerate(clause.tiers):
        if tier.per and tier.at_most is None and clause.limit is None:
            grows = f"The benefit grows with each started {words.each(tier.per)}"
            what = f"{grows} until cover ends or the policy's limit is reached."
            where = (*path, "tiers", index, "per")
            yield Finding("benefit-without-bound", where, clause.id, what, "Write at_most, or a limit of the clause.")


def _exclusion(ground: Ground, exclusion: Exclusion, path: Path) -> Iterator[Finding]:
    for index, peril in enumerate(exclusion.perils):
        if all(clause.peril is not peril for clause in ground.wording.clause):
            what = f"No clause covers the peril {peril}, which it excludes."
            yield Finding("exclusion-of-no-clause", (*path, "perils", index), exclusion.id, what, _REMOVE)
    touched = ground.touched(exclusion)
    if touched and not any(ground.excluded_on(exclusion, clause) for clause in touched):
        what = "It excludes lanes that no clause of its perils covers."
        yield Finding("exclusion-never", (*path, "lanes"), exclusion.id, what, _REMOVE)
        return
    for clause in touched:
        yield from _taken(ground, exclusion, clause, path)


def _taken(ground: Ground, exclusion: Exclusion, clause: Clause, path: Path) -> Iterator[Finding]:
    """What of a clause the exclusion takes away whatever happens."""
    if exclusion.categories or exclusion.value_above or exclusion.circumstance:
        return
    if exclusion.chargeback_open or exclusion.refunded_by_platform:
        return
    ways = ground.ways[clause.id]
    if clause.by_claim_alone:
        whole = not exclusion.scans and len(ground.excluded_on(exclusion, clause)) == len(ways)
        gone: list[Way] = []
    else:
        on = set(ground.excluded_on(exclusion, clause))
        everything = [(lane, way) for lane, each in ways.items() for way in each]
        gone = [way for lane, way in everything if lane in on and (not exclusion.scans or way.scan in exclusion.scans)]
        whole = bool(everything) and len(gone) == len(everything)
    if whole:
        what = f"It takes away all of clause {clause.id}, whatever happens."
        do = "Say more narrowly what is excluded, or leave the clause out."
        yield Finding("exclusion-takes-all", path, exclusion.id, what, do)
    elif exclusion.scans and gone:
        scans = words.listed(dict.fromkeys(str(way.scan) for way in gone))
        what = f"Clause {clause.id} is met by the scan {scans}, by which it is excluded as well."
        yield Finding("way-excluded", (*path, "scans"), exclusion.id, what, "Leave the scan out of one of the two.")
