"""What changes from one wording to another, in sentences: for whom, and which way for the buyer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from waybond_contracts.business_days import Calendar
from waybond_contracts.money import Money
from waybond_contracts.wording import Clause, Cover, Exclusion, Wording
from waybond_local.wordings import words
from waybond_local.wordings.change import Change, Way, gained, instead, rising, shown
from waybond_local.wordings.diff_clause import RENDERED as OF_CLAUSE
from waybond_local.wordings.diff_clause import deductible, delivered_by

Said = tuple[str, Way]
Renderer = Callable[[Any, Any, Any, Any], Iterator[Said]]
"""From the old and the new value of a field, and the old and the new part that has it."""


def difference(old: Wording, new: Wording) -> tuple[Change, ...]:
    """Every field in which the two differ; empty only if they say the same."""
    return tuple(_difference(old, new))


def _difference(old: Wording, new: Wording) -> Iterator[Change]:
    parts = ("cover", "clause", "exclusion", "terms", "authority", "calendar")
    heads = [name for name in Wording.model_fields if name not in parts]
    for name in heads:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Change("Product", instead(words.spoken(name), before, after), Way.OTHER)
    yield from _of_part("Cover", old.cover, new.cover, _OF_COVER)
    yield from _by_id("Clause", old.clause, new.clause, OF_CLAUSE, _new_clause)
    yield from _by_id("Exclusion", old.exclusion, new.exclusion, _OF_EXCLUSION, _new_exclusion)
    yield from _by_id("Calendar", old.calendar, new.calendar, _OF_CALENDAR, _new_calendar)
    yield from _optional("Sale", old.terms, new.terms, _OF_TERMS)
    yield from _optional("Authority", old.authority, new.authority, {})


def _of_part(about: str, old: BaseModel, new: BaseModel, rendered: Mapping[str, Renderer]) -> Iterator[Change]:
    """What differs field by field; a field without words of its own is named with both values."""
    for name in type(old).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        renderer = rendered.get(name)
        said = list(renderer(before, after, old, new)) if renderer is not None else []
        for what, way in said or [(instead(words.spoken(name), before, after), Way.OTHER)]:
            yield Change(about, what, way)


def _optional(
    about: str, old: BaseModel | None, new: BaseModel | None, rendered: Mapping[str, Renderer]
) -> Iterator[Change]:
    if old is not None and new is not None:
        yield from _of_part(about, old, new, rendered)
    elif new is not None:
        yield Change(about, f"New: {shown(new)}", Way.OTHER)
    elif old is not None:
        yield Change(about, f"Gone: {shown(old)}", Way.OTHER)


def _by_id(
    kind: str,
    old: Sequence[Clause] | Sequence[Exclusion] | Sequence[Calendar],
    new: Sequence[Clause] | Sequence[Exclusion] | Sequence[Calendar],
    rendered: Mapping[str, Renderer],
    added: Callable[[Any], Said],
) -> Iterator[Change]:
    before, after = {each.id: each for each in old}, {each.id: each for each in new}
    for name, each in before.items():
        about = f"{kind} {name}"
        if name in after:
            yield from _of_part(about, each, after[name], rendered)
        else:
            what, way = added(each)
            yield Change(about, f"Gone: {what}", way.turned())
    for name, each in after.items():
        if name not in before:
            what, way = added(each)
            yield Change(f"{kind} {name}", f"New: {what}", way)
    both = [name for name in before if name in after], [name for name in after if name in before]
    if both[0] != both[1]:
        what = f"They stand in another order: {words.listed(both[1])}. Nothing is decided otherwise by it."
        yield Change(f"{kind}s", what, Way.OTHER)


def _new_clause(clause: Clause) -> Said:
    benefits = words.listed(map(words.benefit, clause.tiers), "or")
    where = words.lanes(clause.lanes, clause.lanes_except)
    return f"{words.PERILS[clause.peril]}, for {where}: it pays {benefits}", Way.MORE


def _new_exclusion(exclusion: Exclusion) -> Said:
    bare = exclusion.model_copy(update={"title": {}})
    given = {name: each for name, each in bare if name != "id" and each != type(bare).model_fields[name].get_default()}
    return ", ".join(f"{words.spoken(name)} {shown(each)}" for name, each in given.items() if each), Way.LESS


def _new_calendar(calendar: Calendar) -> Said:
    return f"business days of {calendar.zone} from {calendar.first} to {calendar.last}", Way.OTHER


def _dates(name: str) -> Renderer:
    """Dates of a calendar, of which whose clock runs decides what they are to the buyer."""

    def render(old: Any, new: Any, _: Any, __: Any) -> Iterator[Said]:
        more, gone = gained(old, new)
        if more:
            yield f"{name}: also {words.listed(more)}", Way.OTHER
        if gone:
            yield f"{name}: no longer {words.listed(gone)}", Way.OTHER

    return render


_OF_CALENDAR: Mapping[str, Renderer] = {name: _dates(name) for name in ("holidays", "worked")}


def _rises(name: str) -> Renderer:
    """A field of which more is more for the buyer; without it there is no bound, so the most."""

    def render(old: Any, new: Any, _: Any, __: Any) -> Iterator[Said]:
        way = Way.MORE if new is None else Way.LESS if old is None else rising(old, new)
        yield instead(name, old, new), way

    return render


def _limit_of_policy(old: int, new: int, before: Cover, after: Cover) -> Iterator[Said]:
    same = before.limit_currency == after.limit_currency
    yield (
        f"limit: {_money(new, after)} instead of {_money(old, before)}",
        rising(old, new) if same else Way.OTHER,
    )


def _limit_of_package(old: int | None, new: int | None, before: Cover, after: Cover) -> Iterator[Said]:
    way = Way.MORE if new is None else Way.LESS if old is None else rising(old, new)
    same = before.limit_currency == after.limit_currency
    text = f"{_money(new, after)} instead of {_money(old, before)}"
    yield f"limit for a package: {text}", way if same else Way.OTHER


def _money(minor: int | None, cover: Cover) -> str:
    return str(Money.of(minor, cover.limit_currency)) if minor is not None else "none"


def _uplift(old: str | None, new: str | None, _: Cover, __: Cover) -> Iterator[Said]:
    more = Decimal(new or 0) > Decimal(old or 0)
    less = Decimal(new or 0) < Decimal(old or 0)
    texts = [words.percent(each) if each else "none" for each in (new, old)]
    yield f"uplift: {texts[0]} instead of {texts[1]}", Way.MORE if more else Way.LESS if less else Way.OTHER


def _starts(old: str, new: str, _: Cover, __: Cover) -> Iterator[Said]:
    said = {"bound": "when the order is known", "first_scan": "with the first scan"}
    yield f"cover starts {said[new]} instead of {said[old]}", Way.MORE if new == "bound" else Way.LESS


def _listing(name: str, way: Way) -> Renderer:
    """A list of an exclusion: what is added to it takes more away. Empty it asks nothing."""

    def render(old: Any, new: Any, _: Any, __: Any) -> Iterator[Said]:
        if not old or not new:
            yield instead(name, old, new), Way.OTHER
            return
        more, gone = gained(old, new)
        if more:
            yield f"{name}: also {words.listed(more)}", way
        if gone:
            yield f"{name}: no longer {words.listed(gone)}", way.turned()

    return render


def _sold_where(old: Any, new: Any, _: Any, __: Any) -> Iterator[Said]:
    more, gone = gained(old, new)
    if more:
        yield f"sold for {words.lanes(more)} too", Way.MORE
    if gone:
        yield f"no longer sold for {words.lanes(gone)}", Way.LESS


def _not_sold_where(old: Any, new: Any, _: Any, __: Any) -> Iterator[Said]:
    more, gone = gained(old, new)
    if more:
        yield f"not sold for {words.lanes(more)} any more", Way.LESS
    if gone:
        yield f"sold for {words.lanes(gone)} too", Way.MORE


def _needs_promise(_: Any, new: bool, __: Any, ___: Any) -> Iterator[Said]:
    text = "orders without a promise are declined now" if new else "orders without a promise are taken now"
    yield text, Way.LESS if new else Way.MORE


def _value_above(old: Any, new: Any, _: Any, __: Any) -> Iterator[Said]:
    """An exclusion of dearer orders or goods alone takes less away than one of all."""
    way = Way.LESS if new is None else Way.MORE if old is None else rising(old, new)
    yield instead("for a value above", old, new), way


def _applies(_: Any, new: str, __: Any, ___: Any) -> Iterator[Said]:
    if new == "always":
        yield "it takes a benefit away whenever it comes to hold", Way.LESS
    else:
        yield "it takes a benefit away only if it held when that fell due", Way.MORE


_OF_COVER: Mapping[str, Renderer] = {
    "limit_minor": _limit_of_policy,
    "package_limit_minor": _limit_of_package,
    "uplift": _uplift,
    "starts": _starts,
    "period": _rises("cover after the order"),
    "delivered_by": delivered_by,
    "deductible": deductible,
}
_OF_EXCLUSION: Mapping[str, Renderer] = {
    "perils": _listing("of the perils", Way.LESS),
    "lanes": _listing("on the lanes", Way.LESS),
    "categories": _listing("for goods of", Way.LESS),
    "scans": _listing("after the scans", Way.LESS),
    "value_above": _value_above,
    "applies": _applies,
}
_OF_TERMS: Mapping[str, Renderer] = {
    "bind_within": _rises("time to bind after the order"),
    "lanes": _sold_where,
    "lanes_except": _not_sold_where,
    "max_order_value": _rises("orders are taken up to"),
    "needs_promise": _needs_promise,
}
