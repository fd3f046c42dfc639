"""What the order is owed, in steps: the packages' benefits, limits, what others paid back; then what is due now."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from waybond_claims.adjudication.complaints import standing
from waybond_claims.adjudication.interpreter import Found, findings
from waybond_claims.adjudication.view import View, view
from waybond_claims.elsewhere import beside, elsewhere
from waybond_claims.given_back import given_back
from waybond_claims.state import Case, Command, Grant
from waybond_contracts.explanation import INDEMNITY, StepKind

KEPT = frozenset({"keep"})
NOT_ASKED_BACK = frozenset({"keep", "offset"})


class Stepped(Struct, frozen=True, gc=False):
    """A step of the amount, in minor units."""

    kind: StepKind
    what: str
    minor: int
    result: int


class Entitlement(Struct, frozen=True, gc=False):
    """What the facts of a case give under its wording, in minor units of the order's currency.

    `entitled` follows from the facts alone; `owed` adds what was paid before a fact took its reason away and the
    wording lets the buyer keep; `tolerated` adds what is not asked back but counts towards later benefits.
    """

    view: View
    findings: tuple[Found, ...]
    steps: tuple[Stepped, ...]
    entitled: int
    owed: int
    tolerated: int
    credits: int
    """Of `owed`, what the wording pays as a credit instead of a refund."""
    available: int
    """What the buyer paid and nobody gave back."""
    best: tuple[Found, ...]
    """The findings whose benefits were added: first the one of which most is new, since the buyer is told of that."""
    given: dict[str | None, int]
    """What came back elsewhere for each package, where anything did."""


class Due(Struct, frozen=True, gc=False):
    """What is to be commanded now (negative: to be recovered), and the steps that lead to it from `owed`."""

    command: int
    pays: str
    steps: tuple[Stepped, ...]
    difference: int
    """Owed less what was settled, is in flight and was not recovered, whether or not it can be commanded now."""


def entitlement(case: Case, now: datetime) -> Entitlement | None:
    """The entitlement, or None as long as order or policy is not known or their currencies differ."""
    seen = view(case, now)
    if seen is None or seen.cover.currency != seen.order.currency:
        return None
    found = findings(seen)
    given = _given(seen, found)
    best = _best(seen, found, given)
    benefits = {unit: _limited(seen, each, given) for unit, each in best.items()}
    in_packages = sum([minor for unit, minor in benefits.items() if unit is not None])
    if None in best and benefits[None] >= in_packages:
        chosen = [best[None]]
    else:
        chosen = [best[unit] for unit in sorted(unit for unit in best if unit is not None)]
    steps: list[Stepped] = []
    for each in chosen:
        what = "order" if each.package_id is None else f"package:{each.package_id}"
        _step(steps, StepKind.ADD, what, benefits[each.package_id])
    available = max(0, case.total - elsewhere(case))
    _step(steps, StepKind.CAP, "limit", seen.cover.limit)
    entitled = _step(steps, StepKind.CAP, "paid_less_refunded", available)
    cap = 0 if case.void else min(seen.cover.limit, available)
    # Kept can be no more than what was paid: a refund that failed leaves nothing to keep.
    grants = _kept_grants(seen, given)
    kept = min(_with(benefits, grants, KEPT), cap) - entitled if grants else 0
    owed = entitled + max(0, min(kept, net_paid(case)))
    return Entitlement(
        view=seen,
        findings=found,
        steps=tuple(steps),
        entitled=entitled,
        owed=owed,
        tolerated=max(owed, min(_with(benefits, grants, NOT_ASKED_BACK), cap)),
        credits=_credits(chosen, benefits, owed),
        available=available,
        best=_news_first(chosen, benefits, grants),
        given=given,
    )


def due(case: Case, owes: Entitlement, *, waits: bool, flying: bool = True) -> Due:
    """The difference to what was commanded already (`flying`: with what is on its way); nothing is commanded while it
    `waits`."""
    steps = list(owes.steps)
    flight = case.in_flight if flying else None
    if owes.owed > owes.entitled:
        _step(steps, StepKind.PLUS, "kept", owes.owed - owes.entitled)
    _step(steps, StepKind.LESS, "settled", case.settled)
    if flight is not None:
        _step(steps, StepKind.LESS, "in_flight", flight.minor)
    if case.recovered:
        _step(steps, StepKind.PLUS, "recovered", case.recovered)
    difference = command = steps[-1].result
    pays = "refund"
    if difference < 0:
        parts = {"offset": owes.tolerated - owes.owed, "waived": case.waived, "asked_back": case.asked_back}
        for what, minor in parts.items():
            if command < 0 < minor:
                command = _step(steps, StepKind.PLUS, what, min(minor, -command))
    elif difference > 0:
        by_refund = min(difference, owes.owed - owes.credits - _paid_by_refund(case))
        pays = "refund" if by_refund > 0 else "credit"
        if 0 < by_refund < difference:
            command = _step(steps, StepKind.LESS, "other_means", difference - by_refund)
        if waits:
            command = _step(steps, StepKind.LESS, "waits", command)
    return Due(command, pays, tuple(steps), difference)


def net_paid(case: Case) -> int:
    """What was commanded and did not come back."""
    flight = case.in_flight
    return case.settled + (flight.minor if flight is not None else 0) - case.recovered


def granted(case: Case, owes: Entitlement, command: Command) -> tuple[Grant, ...]:
    """The grants with those that this command raises, by package and by what an arrival does to the benefit: what is to
    be given back does not stand in for what may be kept, nor does what a limit or a refund elsewhere held back."""
    paid = net_paid(case) + command.minor
    standing = {(grant.package_id, grant.late_arrival): grant.minor for grant in case.standing_grants}
    raised: list[Grant] = []
    for each in owes.best:
        clause, minor = each.rule.clause, min(_limited(owes.view, each, owes.given), paid)
        if minor > standing.get((each.package_id, clause.late_arrival), 0):
            raised.append(Grant(each.package_id, clause.id, clause.late_arrival, minor, command.refund_id))
    return (*case.grants, *raised)


def _best(seen: View, found: tuple[Found, ...], given: dict[str | None, int]) -> dict[str | None, Found]:
    """The clause that gives most, by package; of two that give the same the one that stands first in the wording."""
    best: dict[str | None, Found] = {}
    for each in found:
        known = best.get(each.package_id)
        if each.applies and (known is None or _limited(seen, each, given) > _limited(seen, known, given)):
            best[each.package_id] = each
    return best


def _news_first(chosen: list[Found], benefits: dict[str | None, int], grants: tuple[Grant, ...]) -> tuple[Found, ...]:
    if len(chosen) < 2 or not grants:
        return tuple(chosen)
    before: dict[str | None, int] = {}
    for grant in grants:
        before[grant.package_id] = max(before.get(grant.package_id, 0), grant.minor)
    return tuple(sorted(chosen, key=lambda each: before.get(each.package_id, 0) - benefits[each.package_id]))


def _limited(seen: View, found: Found, given: dict[str | None, int]) -> int:
    limit = package_limit(seen, found.package_id)
    minor = found.benefit if limit is None else min(found.benefit, limit)
    if found.rule.clause.peril in INDEMNITY and given.get(found.package_id):
        return min(minor, _left(seen, found.package_id, given))
    return minor


def _left(seen: View, unit: str | None, given: dict[str | None, int]) -> int:
    """What is left to make good of the worth of a package: less what came back for it."""
    return max(0, seen.bases.get(unit, seen.cover.basis) - given.get(unit, 0))


def _given(seen: View, found: tuple[Found, ...]) -> dict[str | None, int]:
    """What came back elsewhere for each package, and for the order as a whole; empty where nothing did. It follows from
    the facts alone: what was paid does not change it."""
    refunds = beside(seen.case)
    if not refunds:
        return {}
    due: dict[str | None, int] = {}
    for each in found:
        if each.applies and each.rule.clause.peril in INDEMNITY:
            due[each.package_id] = max(due.get(each.package_id, 0), each.benefit)
    values = {unit: seen.bases.get(unit, seen.cover.basis) for unit in seen.units}
    holds: dict[str | None, tuple[tuple[str, int], ...]] = {
        unit: seen.packages[unit].lines for unit in seen.units if unit is not None
    }
    known = {line.line_id for line in seen.lines}
    lines = [*seen.lines, *(line for line in seen.order.lines if line.line_id not in known)]
    if None in values:
        holds[None] = tuple((line.line_id, line.quantity) for line in lines)
    given = given_back(refunds, values, holds, lines, due)
    return {None: sum([each.minor for each in refunds])} | given


def _kept_grants(seen: View, given: dict[str | None, int]) -> tuple[Grant, ...]:
    """What was paid and may be kept: not what came back for it elsewhere or was amended away, nor what was paid on a
    complaint that the buyer has withdrawn."""
    grants = seen.case.standing_grants
    lowered = seen.case.total < seen.order.minor
    if not grants or not (given or seen.case.disputes or lowered):
        return grants
    clauses = {rule.clause.id: rule.clause for rule in seen.terms.rules}
    kept: list[Grant] = []
    for grant in grants:
        clause = clauses.get(grant.clause_id)
        if clause is not None and clause.trigger == "claim" and not standing(seen.case, clause, grant.package_id):
            continue
        minor = grant.minor
        if clause is not None and clause.peril in INDEMNITY and (lowered or given.get(grant.package_id)):
            minor = min(minor, _left(seen, grant.package_id, given))
        kept.append(replace(grant, minor=minor))
    return tuple(kept)


def package_limit(seen: View, unit: str | None) -> int | None:
    """The policy's limit for a package; the order as a whole has none."""
    return seen.cover.package_limit if unit is not None else None


def _with(benefits: dict[str | None, int], grants: Iterable[Grant], arrivals: frozenset[str]) -> int:
    """The sum where what was granted under clauses of these kinds stays although its reason fell away."""
    amounts = dict(benefits)
    for grant in grants:
        if grant.late_arrival in arrivals:
            amounts[grant.package_id] = max(amounts.get(grant.package_id, 0), grant.minor)
    whole_order = amounts.pop(None, 0)
    return max(whole_order, sum(amounts.values()))


def _credits(chosen: list[Found], benefits: dict[str | None, int], owed: int) -> int:
    left, by_credit = owed, 0
    for each in chosen:
        part = min(left, benefits[each.package_id])
        left -= part
        if each.amounts is not None and each.amounts.pays == "credit":
            by_credit += part
    return by_credit


def _paid_by_refund(case: Case) -> int:
    moved = sum(
        each.settled or (each.minor if each.in_flight else 0) for each in case.commands if each.pays == "refund"
    )
    return moved - case.recovered


def _step(steps: list[Stepped], kind: StepKind, what: str, minor: int) -> int:
    before = steps[-1].result if steps else 0
    signed = -minor if kind is StepKind.LESS else minor
    result = min(before, minor) if kind is StepKind.CAP else before + signed
    steps.append(Stepped(kind, what, minor, result))
    return result
