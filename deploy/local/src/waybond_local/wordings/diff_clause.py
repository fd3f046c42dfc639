"""What changes in a clause, in sentences."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import zip_longest
from typing import Any

from waybond_contracts.places import Lane, countries
from waybond_contracts.wording import Clause, Clock, Condition, Tier, duration_on
from waybond_local.wordings import sent_back, words
from waybond_local.wordings.change import Way, gained, instead, rising, shown
from waybond_local.wordings.contradictions import pays_less
from waybond_local.wordings.explained import tier_when, way

Said = tuple[str, Way]


def deductible(old: Any, new: Any, _: Any, __: Any) -> Iterator[Said]:
    """What stays with the buyer."""
    way = Way.MORE if new is None else Way.LESS if old is None else Way.OTHER
    yield instead("deductible", old, new), way


def delivered_by(old: Any, new: Any, _: Any, __: Any) -> Iterator[Said]:
    """The fewer ways count as delivery, the sooner something is late."""
    if old is None or new is None:
        yield instead("counts as delivered", old, new), Way.OTHER
        return
    more, gone = gained(old, new)
    if more:
        yield f"counts as delivered now: {shown(tuple(more))}", Way.LESS
    if gone:
        yield f"counts as delivered no longer: {shown(tuple(gone))}", Way.MORE


def _tiers(old: tuple[Tier, ...], new: tuple[Tier, ...], before: Clause, after: Clause) -> Iterator[Said]:
    one_of = len(old) > 1 or len(new) > 1
    for number, (was, now) in enumerate(zip_longest(old, new), 1):
        name = f"tier {number}: " if one_of else ""
        if was is None:
            yield f"New: {name}{_whole_tier(after, now)}", Way.MORE
        elif now is None:
            yield f"Gone: {name}{_whole_tier(before, was)}", Way.LESS
        elif was != now:
            clock = after.clock or before.clock
            counted = f" (from {words.CLOCKS[clock]})" if clock is not None else ""
            yield from _durations(
                name, after, (was.after, was.after_by_lane), (now.after, now.after_by_lane), f"after {{}}{counted}"
            )
            yield from _benefit(name, was, now)


def _whole_tier(clause: Clause, tier: Tier) -> str:
    when = tier_when(clause, tier)
    return f"{when}, {words.benefit(tier)}" if when else words.benefit(tier)


def _benefit(name: str, was: Tier, now: Tier) -> Iterator[Said]:
    bare = {"after": None, "after_by_lane": {}}
    if was.model_copy(update=bare) == now.model_copy(update=bare):
        return
    less, more = pays_less(now, was), pays_less(was, now)
    way = Way.OTHER if less == more else Way.LESS if less else Way.MORE
    texts = words.benefit(now), words.benefit(was)
    if texts[0] == texts[1]:  # the same sum written otherwise ("0.1" and "0.10"), or refund and credit
        texts = f"{texts[0]} ({_written(now)})", f"{texts[1]} ({_written(was)})"
    yield f"{name}it pays {texts[0]} instead of {texts[1]}", way


def _written(tier: Tier) -> str:
    return tier.share or (tier.amount.amount if tier.amount is not None else "")


Spans = tuple[timedelta | None, dict[str, timedelta]]


def _durations(name: str, clause: Clause, was: Spans, now: Spans, form: str) -> Iterator[Said]:
    """By lane: "Orders to Brazil: lost after 45 days instead of 60 days". Shorter is more for the buyer."""
    peril = words.PERILS[clause.peril]
    where = words.lanes(clause.lanes, clause.lanes_except)
    rest = " not named" if was[1] or now[1] else ""
    if was[0] != now[0]:
        yield _duration(f"{where}{rest}: {name}{peril} {form}", was[0], now[0])
    for pattern in dict.fromkeys((*was[1], *now[1])):
        if was[1].get(pattern) == now[1].get(pattern):
            continue
        lane = _lane_of(pattern, {*was[1], *now[1]})
        spans = duration_on(lane, *was), duration_on(lane, *now)
        yield _duration(f"{words.lane(pattern)}: {name}{peril} {form}", *spans)


def _duration(form: str, was: timedelta | None, now: timedelta | None) -> Said:
    text = form[0].upper() + form[1:]
    if now is None:
        return f"{text.format('no time')} instead of {shown(was)}: never any more", Way.LESS
    if was is None:
        return f"{text.format(words.duration(now))}, for which there was nothing", Way.MORE
    same = " as before, which now stands there by name" if was == now else f" instead of {words.duration(was)}"
    return text.format(words.duration(now)) + same, rising(was, now).turned()


def _lane_of(pattern: str, patterns: set[str]) -> Lane:
    """A lane that the pattern names, and as few others as can be."""
    named = {part for each in patterns for part in each.split("-")}
    free = [code for code in countries() if code not in named]
    if "-" in pattern:
        origin, destination = pattern.split("-")
        return Lane(
            origin=origin if origin != "*" else free[0], destination=destination if destination != "*" else free[1]
        )
    return Lane(origin=free[0], destination=free[0] if pattern == "domestic" else free[1])


def _ways(old: tuple[Condition, ...], new: tuple[Condition, ...], _: Clause, after: Clause) -> Iterator[Said]:
    """Ways are the same if they wait for the same, on the same lanes."""
    left = list(old)
    added: list[Condition] = []
    for now in new:
        was = next((each for each in left if _kind(each) == _kind(now)), None)
        if was is None:
            added.append(now)
        else:
            left.remove(was)
            yield from _way(was, now, after)
    for each in added:
        yield f"New: met {way(each)}", Way.MORE
    for each in left:
        yield f"Gone: met {way(each)}", Way.LESS
    if not left and not added and sorted(map(repr, old)) == sorted(map(repr, new)):
        yield "Its ways stand in another order. Nothing is decided otherwise by it.", Way.OTHER


def _kind(condition: Condition) -> tuple[object, ...]:
    return condition.scan, condition.clock, condition.silent_for is not None, condition.lanes


def _way(was: Condition, now: Condition, clause: Clause) -> Iterator[Said]:
    if was == now:
        return
    where = f" on {words.lanes(now.lanes)}" if "*" not in now.lanes else ""
    silent = now.silent_for is not None
    clock = words.CLOCKS[now.clock or Clock.ORDER]
    form = f"after {{}} of silence{where}" if silent else f"after {{}}{where} (from {clock})"
    plain = (was.silent_for, now.silent_for) if silent else (was.after, now.after)
    yield from _durations("", clause, (plain[0], was.after_by_lane), (plain[1], now.after_by_lane), form)
    if was.scans_to_live != now.scans_to_live:
        text = f"silence counts after scans at {now.scans_to_live} times instead of {was.scans_to_live}"
        yield text, rising(was.scans_to_live, now.scans_to_live).turned()
    elif was.live_after != now.live_after:
        yield instead("live after", was.live_after, now.live_after), Way.OTHER
    if was.live_kinds != now.live_kinds:
        yield instead("live kinds", was.live_kinds, now.live_kinds), Way.OTHER


def _lanes(old: tuple[str, ...], new: tuple[str, ...], _: Clause, __: Clause) -> Iterator[Said]:
    more, gone = gained(old, new)
    if more:
        yield f"covers {words.lanes(more)} now", Way.MORE
    if gone:
        yield f"covers {words.lanes(gone)} no longer by name", Way.LESS


def _lanes_except(old: tuple[str, ...], new: tuple[str, ...], _: Clause, __: Clause) -> Iterator[Said]:
    more, gone = gained(old, new)
    if more:
        yield f"leaves out {words.lanes(more)} now", Way.LESS
    if gone:
        yield f"leaves out {words.lanes(gone)} no longer", Way.MORE


def _trigger(_: Any, new: str, __: Clause, ___: Clause) -> Iterator[Said]:
    if new == "claim":
        yield "pays only what somebody claims, not by itself", Way.LESS
    else:
        yield "pays by itself, without a claim", Way.MORE


def _window(old: Any, new: Any, _: Clause, __: Clause) -> Iterator[Said]:
    if old is None or new is None or old.clock is not new.clock:
        way = Way.MORE if new is None else Way.LESS if old is None else Way.OTHER
        yield instead("time to claim", old, new), way
        return
    for name in ("opens", "closes"):
        spans = [(getattr(each, name), getattr(each, f"{name}_by_lane")) for each in (old, new)]
        text = f"the time to claim {name} {{}} after {words.CLOCKS[new.clock]} instead of {{}}"
        if spans[0][0] != spans[1][0]:
            yield text.format(shown(spans[1][0]), shown(spans[0][0])), _longer(name, spans[0][0], spans[1][0])
        for pattern in dict.fromkeys((*spans[0][1], *spans[1][1])):
            was, now = (each[1].get(pattern, each[0]) for each in spans)
            if spans[0][1].get(pattern) != spans[1][1].get(pattern):
                yield f"{words.lane(pattern)}: {text.format(shown(now), shown(was))}", _longer(name, was, now)
    for name in ("opens_business", "closes_business", "closes_clock", "otherwise", "outer"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield instead(f"time to claim, {words.spoken(name)}", before, after), Way.OTHER


def _longer(name: str, was: timedelta | None, now: timedelta | None) -> Way:
    """Of a window that opens or closes so long after its clock's start: without a time it opens at once, and never
    closes."""
    if was is None or now is None:
        return Way.OTHER if was is now else Way.MORE if now is None else Way.LESS
    way = rising(was, now)
    return way.turned() if name == "opens" else way


def _limit(old: Any, new: Any, _: Clause, __: Clause) -> Iterator[Said]:
    yield (
        instead("limit of the clause", old, new),
        Way.MORE if new is None else Way.LESS if old is None else rising(old, new),
    )


def _late_arrival(old: str, new: str, _: Clause, __: Clause) -> Iterator[Said]:
    rank = ("return", "offset", "keep")
    said = {"keep": "is kept", "offset": "counts towards later benefits", "return": "is asked back"}
    way = rising(rank.index(old), rank.index(new))
    yield f"if it arrives after it was paid, the money {said[new]} instead: before, it {said[old]}", way


def _ask_carrier(_: Any, new: bool, __: Clause, ___: Clause) -> Iterator[Said]:
    if new:
        yield "the carrier is asked before silence is believed", Way.LESS
    else:
        yield "the carrier is not asked any more before silence is believed", Way.MORE


def _unanswered(old: str, new: str, _: Clause, __: Clause) -> Iterator[Said]:
    rank = ("not_met", "refer", "counts")
    said = {"counts": "silence counts", "not_met": "the clause is not met", "refer": "a person decides"}
    way = rising(rank.index(old), rank.index(new))
    yield f"if the carrier does not answer, {said[new]}; before, {said[old]}", way


def _unanswered_up_to(old: Any, new: Any, _: Clause, __: Clause) -> Iterator[Said]:
    way = Way.MORE if new is None else Way.LESS if old is None else rising(old, new)
    yield instead("silence counts without an answer up to", old, new), way


def _remedies(old: Any, new: Any, _: Clause, __: Clause) -> Iterator[Said]:
    yield from sent_back.changed(old, new)


RENDERED: Mapping[str, Callable[[Any, Any, Any, Any], Iterator[Said]]] = {
    "tiers": _tiers,
    "any_of": _ways,
    "lanes": _lanes,
    "lanes_except": _lanes_except,
    "trigger": _trigger,
    "claim_window": _window,
    "deductible": deductible,
    "limit": _limit,
    "late_arrival": _late_arrival,
    "delivered_by": delivered_by,
    "ask_carrier": _ask_carrier,
    "unanswered": _unanswered,
    "unanswered_up_to": _unanswered_up_to,
    "remedies": _remedies,
}
"""How a change of a field is said, from its old and new value, and the clause as it was and is."""
