"""Checks of a wording: what facts it lives on that not every platform or carrier gives."""

from collections.abc import Iterator

from waybond_claims.adjudication.ways import SEEN_BY_SCAN
from waybond_contracts.wording import Clause, Clock, Condition
from waybond_local.wordings import words
from waybond_local.wordings.finding import Finding
from waybond_local.wordings.ground import Ground
from waybond_local.wordings.lanes import MAX_LANES_LOOKED_AT
from waybond_local.wordings.locator import Path
from waybond_pricing.catalogue import amounts_of
from waybond_pricing.files import ratings
from waybond_pricing.rating import parse_rating


def needs(ground: Ground) -> Iterator[Finding]:
    """Everything that has to be known of orders and parcels so that the wording works as it reads."""
    for path, clause in ground.clauses():
        yield from _clocks(ground, clause, path)
        for index, condition in enumerate(clause.any_of):
            yield from _condition(clause, condition, (*path, "any_of", index))
        yield from _deductible(clause, path)
        yield from _periods(clause, path)
    for path, exclusion in ground.exclusions():
        if exclusion.categories:
            what = "It is of goods of categories: an order counts whose lines carry a category."
            yield Finding(
                "needs-categories",
                (*path, "categories"),
                exclusion.id,
                what,
                "Agree on the categories with the platform.",
            )
        if exclusion.circumstance:
            named = words.spoken(exclusion.circumstance)
            what = f"Whether it was {named} only a person can say: each such claim is referred."
            do = "Name the scans or goods that make it likely, so that fewer claims wait."
            yield Finding("needs-person", (*path, "circumstance"), exclusion.id, what, do)
    yield from _rates(ground)
    if ground.cut:
        what = f"The wording names so many lanes that the first {MAX_LANES_LOOKED_AT} combinations were looked at."
        yield Finding("too-many-lanes", ("clause",), "lanes", what, "Try the others on a story.")


def _clocks(ground: Ground, clause: Clause, path: Path) -> Iterator[Finding]:
    places: list[tuple[Path, Clock]] = [
        ((*path, "any_of", index, "clock"), condition.clock)
        for index, condition in enumerate(clause.any_of)
        if condition.clock is not None
    ]
    if clause.clock is not None:
        places.append(((*path, "clock"), clause.clock))
    window = clause.claim_window
    if window is not None and window.otherwise is None and clause.trigger == "claim":
        places.append(((*path, "claim_window", "clock"), window.clock))
    for where, clock in places:
        if clock is Clock.CARRIER_ETA:
            what = "Its clock starts when the carrier expects to deliver: not every feed says so."
            yield Finding("needs-eta", where, clause.id, what, "Add a way that runs on another clock.")
        terms = ground.wording.terms
        if clock is Clock.PROMISED_LATEST and (terms is None or not terms.needs_promise):
            what = "Its clock starts with the promised date: of an order without a promise it never runs."
            yield Finding(
                "needs-promise",
                where,
                clause.id,
                what,
                "Write needs_promise = true into [terms] to decline such orders.",
            )


def _condition(clause: Clause, condition: Condition, path: Path) -> Iterator[Finding]:
    if condition.silent_for is not None:
        if condition.scans_to_live > 1:
            times = condition.scans_to_live
            what = f"Silence counts after scans at {times} times: of a feed that tells fewer it never does."
            yield Finding("needs-live-feed", path, clause.id, what, "Add a way that runs on another clock.")
        if condition.scans_to_live == 0 and not condition.live_kinds:
            what = "Silence counts after any one scan: a feed that tells hand-over and arrival alone looks silent."
            yield Finding("silence-counts-at-once", (*path, "live_after"), clause.id, what, "Write live_after = 2.")
    if condition.scan is not None and condition.scan not in SEEN_BY_SCAN:
        what = f"When {condition.scan} was scanned is known of a first or last scan alone: else a person is asked."
        yield Finding(
            "scan-without-time", (*path, "scan"), clause.id, what, "Meet the clause by a clock, if that says it too."
        )


def _deductible(clause: Clause, path: Path) -> Iterator[Finding]:
    if clause.deductible is not None and clause.deductible.categories:
        what = "Its deductible is of goods of categories: an order counts whose lines carry a category."
        where = (*path, "deductible", "categories")
        yield Finding("needs-categories", where, clause.id, what, "Agree on the categories with the platform.")


def _periods(clause: Clause, path: Path) -> Iterator[Finding]:
    silent = any(condition.silent_for is not None for condition in clause.any_of)
    scanned = any(condition.scan is not None for condition in clause.any_of)
    for index, tier in enumerate(clause.tiers):
        if tier.per and (silent or scanned or clause.by_claim_alone):
            what = "For how many periods it is due no clock says: a person is asked each time."
            do = "Pay a sum that does not grow, or meet the clause by a clock that waits for the delivery."
            yield Finding("periods-by-hand", (*path, "tiers", index, "per"), clause.id, what, do)


def _rates(ground: Ground) -> Iterator[Finding]:
    """An order comes with one exchange rate at most."""
    wording = ground.wording
    named = {each.currency for each in amounts_of(wording)} - {"order"}
    named.add(wording.cover.limit_currency)
    body = ratings().get(wording.terms.rating) if wording.terms is not None else None
    if body is not None:
        named.add(parse_rating(body).currency)
    spoken = words.listed(sorted(named))
    where = ("cover", "limit_currency")
    if len(named) > 2:
        what = f"The product names {spoken}: an order comes with one exchange rate, so that every order is declined."
        yield Finding("no-rate-is-enough", where, "cover", what, "Write all sums in one currency.")
    elif len(named) == 2:
        what = f"The product names {spoken}: only orders in one of them, with a rate to the other, can be bound."
        yield Finding("needs-two-rates", where, "cover", what, "Write all sums in one currency.")
    else:
        what = (
            f"Its sums are in {spoken}: an order in another currency needs its rate (settlement_rate), or is declined."
        )
        yield Finding("needs-rate", where, "cover", what, "Agree on it with platforms that sell in other currencies.")
