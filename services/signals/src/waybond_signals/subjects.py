"""Counts the orders of a buyer, an address, a card or a seller."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from waybond_contracts.signals import MAX_ORDERS_NAMED, MAX_SEEN, Happening, OrderObserved, SignalFact, SubjectKind
from waybond_signals.state import HAPPENINGS, Day, Seen, SubjectState

KEPT_DAYS = 90
WINDOWS_DAYS = (30, 90)
DAY_SECONDS = 86_400
COUNTED = {Happening.CLAIMED: "claims", Happening.ORDERED: "orders"}
"""What a fact is called; the other happenings are called as they are."""


def observed(state: SubjectState | None, fact: OrderObserved, now: datetime) -> SubjectState:
    """The state with this happening; told again it changes nothing."""
    known = state or SubjectState(fact.tenant, fact.of, fact.subject)
    order = fact.of_order
    place = HAPPENINGS.index(fact.what)
    before = next((each for each in known.seen if each.order == order), None) or Seen(order, (0,) * len(HAPPENINGS))
    if before.at[place]:
        return known
    at = (*before.at[:place], int(now.timestamp()), *before.at[place + 1 :])
    seen = Seen(order, at, before.buyer or fact.buyer or "", before.card or fact.card or "")
    others = tuple(each for each in known.seen if each.order != order)
    return replace(known, seen=(*others, seen)[-MAX_SEEN:], days=_counted(known.days, place, now))


def pruned(state: SubjectState, now: datetime) -> SubjectState | None:
    """The state without what is older than 90 days; None if nothing is left."""
    oldest = now.timestamp() - KEPT_DAYS * DAY_SECONDS
    seen = tuple(each for each in state.seen if max(each.at) > oldest)
    days = tuple(each for each in state.days if each.day > now.toordinal() - KEPT_DAYS)
    return replace(state, seen=seen, days=days) if seen else None


def kept_until(state: SubjectState) -> datetime:
    """When nothing of it counts any more."""
    newest = max(max(each.at) for each in state.seen)
    return datetime.fromtimestamp(newest, UTC) + timedelta(days=KEPT_DAYS + 1)


def facts(state: SubjectState, order: str, now: datetime) -> tuple[SignalFact, ...]:
    """What is known of the subject's other orders; only what is not zero."""
    own = next((each for each in state.seen if each.order == order), None)
    others = [each for each in reversed(state.seen) if each.order != order]
    found = []
    for place, what in enumerate(HAPPENINGS):
        word = COUNTED.get(what, what.value)
        recent = [each for each in others if each.at[place] > now.timestamp() - DAY_SECONDS]
        found.append(_fact(state.of, f"{word}_1d", len(recent), recent))
        for window in WINDOWS_DAYS:
            first = now.toordinal() - window
            mine = own is not None and _day(own.at[place]) > first
            counted = sum(each.counts[place] for each in state.days if each.day > first) - mine
            named = [each for each in others if _day(each.at[place]) > first]
            found.append(_fact(state.of, f"{word}_{window}d", counted, named))
    if state.of in (SubjectKind.ADDRESS, SubjectKind.CARD):
        found.append(_different(state.of, "buyers", others, own, lambda each: each.buyer))
    if state.of in (SubjectKind.ADDRESS, SubjectKind.BUYER):
        found.append(_different(state.of, "cards", others, own, lambda each: each.card))
    return tuple(each for each in found if each.value > 0)


def _counted(days: tuple[Day, ...], place: int, now: datetime) -> tuple[Day, ...]:
    today = now.toordinal()
    if not days or days[-1].day < today:
        days = (*days, Day(today, (0,) * len(HAPPENINGS)))
    counts = days[-1].counts
    newest = Day(days[-1].day, (*counts[:place], counts[place] + 1, *counts[place + 1 :]))
    return (*(each for each in days[:-1] if each.day > today - KEPT_DAYS), newest)


def _fact(of: SubjectKind, word: str, value: int, orders: Sequence[Seen]) -> SignalFact:
    return SignalFact(of=of, fact=word, value=value, orders=tuple(each.order for each in orders[:MAX_ORDERS_NAMED]))


def _different(
    of: SubjectKind, word: str, others: Sequence[Seen], own: Seen | None, token: Callable[[Seen], str]
) -> SignalFact:
    """How many others than the order's own there are among the orders that are kept, each with its newest order."""
    mine = token(own) if own is not None else ""
    newest: dict[str, Seen] = {}
    for each in others:
        name = token(each)
        if name and name != mine:
            newest.setdefault(name, each)
    return _fact(of, word, len(newest), list(newest.values()))


_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()


def _day(seconds: int) -> int:
    """The day of an instant, as an ordinal."""
    return _EPOCH_DAY + seconds // DAY_SECONDS
