"""A wording in plain sentences: what is insured, what each clause pays and when, and what is not covered."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

from waybond_contracts.business_days import BusinessDays
from waybond_contracts.money import Money
from waybond_contracts.wording import (
    ClaimWindow,
    Clause,
    Condition,
    Cover,
    DeliveredBy,
    Exclusion,
    Peril,
    Scope,
    Tier,
    Wording,
)
from waybond_local.wordings import sent_back, words
from waybond_local.wordings.claimed import asked
from waybond_local.wordings.locator import Path

_UNDONE = frozenset({Peril.LOST, Peril.RETURNED, Peril.NOT_RECEIVED})
"""What an arrival says was not so after all."""
_SOURCES = {
    "order_total": "the order's total",
    "items": "what the goods cost",
    "items_and_shipping": "what goods and shipping cost",
}
_LATE_ARRIVAL = {
    "keep": "If it arrives after that was paid, the buyer keeps it.",
    "offset": "If it arrives after that was paid, it counts towards later benefits, and nothing is asked back.",
    "return": "If it arrives after that was paid, the money is asked back.",
}


class Part(NamedTuple):
    """A heading and the sentences under it; `path` is the key of the file that they are about."""

    path: Path
    heading: str
    sentences: tuple[str, ...]


def explained(wording: Wording) -> tuple[Part, ...]:
    """Cover, sale, clauses and exclusions, in this order."""
    parts = [Part(("cover",), "Cover", tuple(_cover(wording.cover)))]
    if wording.terms is not None:
        parts.append(Part(("terms",), "Sale", tuple(_terms(wording))))
    for index, clause in enumerate(wording.clause):
        heading = _heading(clause.id, clause.title, words.PERILS[clause.peril])
        parts.append(Part(("clause", index), f"Clause {heading}", tuple(_clause(wording, clause))))
    for index, exclusion in enumerate(wording.exclusion):
        heading = _heading(exclusion.id, exclusion.title, "")
        parts.append(Part(("exclusion", index), f"Exclusion {heading}", tuple(_exclusion(exclusion))))
    return tuple(parts)


def _heading(name: str, title: Mapping[str, str], peril: str) -> str:
    said = title.get("en") or next(iter(title.values()), "")
    return name + (f" {said}" if said else "") + (f" ({peril})" if peril else "")


def _cover(cover: Cover) -> Iterator[str]:
    uplift = f" and {words.percent(cover.uplift)} more" if cover.uplift is not None else ""
    yield f"Insured is {_SOURCES[cover.basis]}{uplift}."
    package = cover.package_limit_minor
    of_package = f", and {Money.of(package, cover.limit_currency)} for one package" if package is not None else ""
    yield f"It pays at most {Money.of(cover.limit_minor, cover.limit_currency)} for an order{of_package}."
    starts = "the order is known" if cover.starts == "bound" else "somebody has the parcel in hand"
    yield f"It covers from when {starts} to {words.duration(cover.period)} after the order."
    yield f"It counts as delivered {_delivered(cover.delivered_by)}."
    moves = "moves" if cover.promise == "as_amended" else "does not move"
    yield f"A promise that is changed later {moves} the promised date."
    if cover.replacement == "nothing":
        yield "Goods that are shipped again are judged alone, and make good nothing."
    if cover.deductible is not None:
        yield f"Where a clause says nothing else, {words.deductible(cover.deductible)} stays with the buyer."


def _delivered(by: tuple[DeliveredBy, ...]) -> str:
    places = {
        DeliveredBy.DOOR: "at the door",
        DeliveredBy.NEIGHBOUR: "at a neighbour's",
        DeliveredBy.LOCKER: "in a locker",
        DeliveredBy.PICKUP_POINT: "collected at a pickup point",
        DeliveredBy.READY_FOR_PICKUP: "ready to be picked up",
        DeliveredBy.UNKNOWN: "wherever it was left, if nobody says where",
    }
    return words.listed((places[each] for each in by), "or")


def _terms(wording: Wording) -> Iterator[str]:
    terms = wording.terms
    if terms is None:
        return
    promise = " with a promised date" if terms.needs_promise else ""
    value = f" up to {words.amount(terms.max_order_value)}" if terms.max_order_value is not None else ""
    where, within = words.lanes(terms.lanes, terms.lanes_except), words.duration(terms.bind_within)
    yield f"It is sold for {where}{promise}{value}, {within} after the order at the latest."
    yield f"The premium is rated by {terms.rating}."


def _clause(wording: Wording, clause: Clause) -> Iterator[str]:
    looks = (
        "the order as a whole, which is on time only if all its packages are"
        if clause.scope is Scope.ORDER
        else "each package alone"
    )
    yield f"For {words.lanes(clause.lanes, clause.lanes_except)}; it looks at {looks}."
    yield from _met(clause)
    if clause.trigger == "claim":
        yield f"It pays only what somebody claims{_window(clause.claim_window)}."
        yield from asked(clause)
        yield from sent_back.told(clause)
    if clause.deductible is not None:
        yield f"{words.deductible(clause.deductible)} stays with the buyer.".capitalize()
    if clause.limit is not None:
        yield f"All packages together get at most {words.amount(clause.limit)}."
    if clause.ask_carrier:
        yield _asks(clause)
    if clause.delivered_by is not None:
        yield f"For this clause it counts as delivered {_delivered(clause.delivered_by)}."
    if clause.peril in _UNDONE:
        yield _LATE_ARRIVAL[clause.late_arrival]
    barred = [each.id for each in wording.exclusion if not each.perils or clause.peril in each.perils]
    if barred:
        yield f"Exclusions: {words.listed(barred)}."


def _met(clause: Clause) -> Iterator[str]:
    if clause.clock is not None:
        for tier in clause.tiers:
            when = since(tier.after, tier.after_by_lane, words.CLOCKS[clause.clock])
            yield f"Not delivered {when}: it pays {words.benefit(tier)}."
        return
    tier = clause.tiers[0]
    if clause.any_of:
        for condition in clause.any_of:
            yield f"Met {way(condition)}: it pays {words.benefit(tier)}."
    else:
        agrees = ", once a person agrees" if clause.proven != "pay" else ""
        yield f"Met by what is claimed{agrees}: it pays {words.benefit(tier)}."


def way(condition: Condition) -> str:
    """One way in which a clause is met: "by the scan LOST", "if it is not delivered 45 days after the order"."""
    where = f" (on {words.lanes(condition.lanes)})" if "*" not in condition.lanes else ""
    if condition.scan is not None:
        return f"by the scan {condition.scan}{where}"
    clock = words.CLOCKS[condition.clock] if condition.clock is not None else ""
    if condition.silent_for is None:
        return f"if it is not delivered {since(condition.after, condition.after_by_lane, clock)}{where}"
    live = [f"scans at {condition.scans_to_live} times"] if condition.scans_to_live else []
    live += [f"a scan {kind}" for kind in condition.live_kinds]
    spoke = f", once there were {words.listed(live, 'or')}" if live else ""
    silent = words.listed(_spans(condition.silent_for, condition.after_by_lane), "and")
    return f"if nothing was heard for {silent}{spoke}{where}"


def since(plain: timedelta | None, by_lane: Mapping[str, timedelta], clock: str) -> str:
    """ "60 days after the order", with durations by lane in brackets."""
    spans = _spans(plain, by_lane)
    if plain is not None and not plain and not by_lane:
        return f"by {clock}"
    return f"{words.listed(spans)} after {clock}"


def _spans(plain: timedelta | None, by_lane: Mapping[str, timedelta]) -> list[str]:
    spans = [f"{words.duration(span)} (for {words.lane(pattern)})" for pattern, span in by_lane.items()]
    if plain is not None:
        spans.append(words.duration(plain) + (" (for all others)" if by_lane else ""))
    return spans


def _window(window: ClaimWindow | None) -> str:
    if window is None:
        return ""
    clock, closing = words.CLOCKS[window.clock], words.CLOCKS[window.closes_clock or window.clock]
    opens, closes = _spans(window.opens, window.opens_by_lane), _spans(window.closes, window.closes_by_lane)
    parts = (
        f"{_business(window.opens_business, words.listed(opens))} after {clock} at the earliest" if opens else "",
        f"{_business(window.closes_business, words.listed(closes))} after {closing} at the latest" if closes else "",
    )
    said = ", " + " and ".join(part for part in parts if part) if opens or closes else f", once {clock} is known"
    other, outer = window.otherwise, window.outer
    if other is not None:
        inner = _window(ClaimWindow(clock=other.clock, opens=other.opens, closes=other.closes))
        said += f"; as long as {clock} is not known{inner}"
    last = f"; never later than {words.duration(outer.after)} after {words.CLOCKS[outer.clock]}" if outer else ""
    return said + last


def _business(business: BusinessDays | None, plain: str) -> str:
    """ "15 business days (calendar us; 21 days beyond its years)"."""
    return f"{words.business(business)} ({plain} beyond its years)" if business is not None else plain


def _asks(clause: Clause) -> str:
    within = f" within {words.duration(clause.answer_within)}" if clause.answer_within is not None else ""
    match clause.unanswered:
        case "not_met":
            then = "the clause is not met"
        case "counts" if clause.unanswered_up_to is not None:
            then = f"silence counts up to {words.amount(clause.unanswered_up_to)}, and above it a person decides"
        case "counts":
            then = "silence counts"
        case _:
            then = "a person decides"
    return f"The carrier is asked first; if it does not answer{within}, {then}."


def _exclusion(exclusion: Exclusion) -> Iterator[str]:
    what = words.listed((words.PERILS[peril] for peril in exclusion.perils), "or") if exclusion.perils else ""
    said = [
        f"for {words.lanes(exclusion.lanes)}" if exclusion.lanes else "",
        f"for goods of {words.listed(exclusion.categories, 'or')}" if exclusion.categories else "",
        _above(exclusion),
        f"if one of {words.listed(map(str, exclusion.scans), 'or')} was scanned" if len(exclusion.scans) > 1 else "",
        f"if {exclusion.scans[0]} was scanned" if len(exclusion.scans) == 1 else "",
        "while a chargeback is open" if exclusion.chargeback_open else "",
        "once the platform has given back all that it was worth" if exclusion.refunded_by_platform else "",
        f"if a person says that it was {words.spoken(exclusion.circumstance)}" if exclusion.circumstance else "",
    ]
    yield f"Nothing is paid{f' for what is {what}' if what else ''} {', '.join(each for each in said if each)}."
    if exclusion.scans or exclusion.refunded_by_platform or (exclusion.value_above and not exclusion.categories):
        if exclusion.applies == "always":
            yield "It takes a benefit away whenever that comes to hold."
        else:
            yield "It takes a benefit away only if that held when the benefit fell due."


def _above(exclusion: Exclusion) -> str:
    if exclusion.value_above is None:
        return ""
    what = "worth more than" if exclusion.categories else "for orders above"
    return f"{what} {words.amount(exclusion.value_above)}" + (" a piece" if exclusion.categories else "")


def tier_when(clause: Clause, tier: Tier) -> str:
    """When a tier of a clause with a clock is reached; empty for the others."""
    if clause.clock is None:
        return ""
    return since(tier.after, tier.after_by_lane, words.CLOCKS[clause.clock])
