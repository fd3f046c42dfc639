"""Adds what platforms say of an order to the claim file."""

from collections.abc import Sequence

from msgspec.structs import astuple, replace

from waybond_claims.case.order import MAX_TOTALS, Amended, Line, Order, Payment, Total
from waybond_claims.case.state import Case
from waybond_claims.facts.contradictions import contradicted
from waybond_contracts import orders


def placed(case: Case, event: orders.OrderPlaced) -> Case:
    order = Order(
        placed_at=event.occurred_at,
        currency=event.total.currency,
        minor=event.total.minor,
        lines=_lines(event.lines),
        language=event.language.value,
        time_zone=event.time_zone,
        buyer=event.buyer_ref,
        payment=Payment(event.payment.provider, event.payment.kind, event.payment.reference, event.payment.paid_at),
        promised_latest=event.promise.latest if event.promise else None,
        seller=event.seller_ref,
    )
    if case.order is None:
        return replace(case, order=order)
    before = case.order
    same = (order.currency, order.minor, order.lines, order.payment) == (
        before.currency,
        before.minor,
        before.lines,
        before.payment,
    )
    return case if same else contradicted(case, "order")


def _lines(lines: Sequence[orders.OrderLine]) -> tuple[Line, ...]:
    return tuple(Line(each.line_id, each.quantity, each.total.minor, each.category) for each in lines)


def amended(case: Case, event: orders.OrderAmended) -> Case:
    """Of each field the highest revision counts. Of a revision that came with two contents the larger one does, as it
    does for pricing, until a person has looked."""
    before = after = case.amended or Amended()
    doubled = False
    if event.total is not None:
        total = event.total
        doubled = event.revision == before.total_revision and (total.minor, total.currency) != (
            before.minor,
            before.currency,
        )
        if (event.revision, total.minor, total.currency) > (before.total_revision, before.minor, before.currency):
            after = replace(after, total_revision=event.revision, minor=total.minor, currency=total.currency)
        totals = _with_total(after.totals, Total(event.revision, event.occurred_at, total.minor, total.currency))
        after = after if totals is after.totals else replace(after, totals=totals)
    if event.lines is not None:
        lines = _lines(event.lines)
        doubled = doubled or (event.revision == before.lines_revision and lines != before.lines)
        if (event.revision, _ranked(lines)) > (before.lines_revision, _ranked(before.lines)):
            after = replace(after, lines_revision=event.revision, lines=lines)
    case = case if after is before else replace(case, amended=after)
    return contradicted(case, f"amended:{event.revision}") if doubled else case


def _with_total(totals: tuple[Total, ...], made: Total) -> tuple[Total, ...]:
    """By revision; of one that came twice the larger total."""
    by_revision = {each.revision: each for each in totals}
    known = by_revision.get(made.revision)
    if known is None or (made.minor, made.currency) > (known.minor, known.currency):
        by_revision[made.revision] = made
    found = tuple(by_revision[revision] for revision in sorted(by_revision)[-MAX_TOTALS:])
    return totals if found == totals else found


def _ranked(lines: tuple[Line, ...]) -> tuple[int, list[tuple[str, int, int, str]]]:
    return sum(line.minor for line in lines), [astuple(line) for line in lines]


def promise_changed(case: Case, event: orders.PromiseChanged) -> Case:
    before = case.amended or Amended()
    if event.revision <= before.promise_revision:
        return case
    after = replace(before, promise_revision=event.revision, promised_latest=event.promise.latest)
    return replace(case, amended=after)
