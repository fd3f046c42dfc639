"""Checks of a wording: clauses and exclusions beside which another one always counts."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations, permutations

from waybond_contracts.places import Lane
from waybond_contracts.wording import Clause, Exclusion, Wording
from waybond_local.wordings.contradictions import pays_less
from waybond_local.wordings.finding import Finding
from waybond_local.wordings.ground import Ground, Way


def overlaps(ground: Ground) -> Iterator[Finding]:
    """Of two clauses of one peril the one that can never give more: of one package the highest clause is paid."""
    seen: set[str] = set()
    numbered = list(ground.clauses())
    for (_, wide), (path, narrow) in permutations(numbered, 2):
        if wide.id in seen or narrow.id in seen or not _covers(ground, wide, narrow):
            continue
        seen.add(narrow.id)
        what = f"Wherever {narrow.id} is met, {wide.id} is met as early and gives as much: {narrow.id} never counts."
        do = "Leave one of the two out, or write in what they differ."
        yield Finding("clause-covered-by-another", path, narrow.id, what, do)
    for (_, one), (path, other) in combinations(list(ground.exclusions()), 2):
        if _bare(one) == _bare(other):
            what = f"{other.id} excludes what {one.id} excludes already."
            yield Finding("exclusion-twice", path, other.id, what, "Leave one of the two out.")


def _bare(exclusion: Exclusion) -> Exclusion:
    return exclusion.model_copy(update={"id": "", "title": {}})


def _covers(ground: Ground, wide: Clause, narrow: Clause) -> bool:
    """Whether `wide` is met on every lane of `narrow` whenever that is, and never gives less."""
    if not _as_open(ground.wording, wide, narrow):
        return False
    lanes = ground.ways[narrow.id]
    return bool(lanes) and any(lanes.values()) and all(_covers_on(ground, wide, narrow, lane) for lane in lanes)


def _as_open(wording: Wording, wide: Clause, narrow: Clause) -> bool:
    """Whether all but ways and benefits asks no more of `wide`."""
    if (wide.peril, wide.scope) != (narrow.peril, narrow.scope) or wide.by_claim_alone or narrow.by_claim_alone:
        return False
    if wide.trigger == "claim" and (narrow.trigger != "claim" or wide.claim_window != narrow.claim_window):
        return False
    if wide.late_arrival not in ("keep", narrow.late_arrival):
        return False
    deductible = wide.deductible or wording.cover.deductible
    if deductible is not None and deductible != (narrow.deductible or wording.cover.deductible):
        return False
    if wide.limit is not None:
        return False  # What one package used of it is left of the other clause.
    counted = set(wide.delivered_by or wording.cover.delivered_by)
    if not counted <= set(narrow.delivered_by or wording.cover.delivered_by):
        return False
    asked = (wide.ask_carrier, wide.answer_within, wide.unanswered, wide.unanswered_up_to)
    return not wide.ask_carrier or asked == (
        narrow.ask_carrier, narrow.answer_within, narrow.unanswered, narrow.unanswered_up_to
    )  # fmt: skip


def _covers_on(ground: Ground, wide: Clause, narrow: Clause, lane: Lane) -> bool:
    others = ground.ways[wide.id].get(lane, ())
    return all(any(_as_good(other, way) for other in others) for way in ground.ways[narrow.id][lane])


def _as_good(way: Way, than: Way) -> bool:
    """Whether `way` is met no later than the other, and gives no less."""
    if (way.scan, way.clock) != (than.scan, than.clock):
        return False
    if (way.condition.silent_for is None) != (than.condition.silent_for is None):
        return False
    if (way.after or timedelta(0)) > (than.after or timedelta(0)):
        return False
    if way.condition.scans_to_live > than.condition.scans_to_live or (
        way.condition.live_kinds and way.condition.live_kinds != than.condition.live_kinds
    ):
        return False
    one, other = way.tier, than.tier
    if one.pays != other.pays or one.per != other.per:
        return False
    comparable = (one.amount is None) == (other.amount is None)
    if one.amount is not None and other.amount is not None:
        comparable = one.amount.currency == other.amount.currency
    return comparable and not pays_less(one, other)
