"""What the order is owed, in steps: the benefits of the units, limits, what others paid back, and what stays paid."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from waybond_claims.adjudication import complaints
from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.interpreter import findings
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import View, view
from waybond_claims.case.cover import Cover
from waybond_claims.case.covered import highest_limit
from waybond_claims.case.money import Elsewhere
from waybond_claims.case.state import Case
from waybond_claims.entitlement.caps import indemnifies, may_be_kept, unit_limit
from waybond_claims.entitlement.elsewhere import amended_away, beside, elsewhere
from waybond_claims.entitlement.given_back import given_back
from waybond_claims.entitlement.grants import Standing, net_paid, standing
from waybond_claims.entitlement.keys import ORDER, Key, key_of, label
from waybond_claims.entitlement.steps import Stepped, step
from waybond_contracts.explanation import StepKind

KEPT = frozenset({"keep"})
NOT_ASKED_BACK = frozenset({"keep", "offset"})


class Bounds(Struct, frozen=True, gc=False):
    """What the units' benefits are bounded by. A unit's limit and value are those of the latest version of the policy
    under which something was met for it."""

    seen: View
    covers: Mapping[Key, Cover]
    elsewhere: Mapping[Key, int]

    def cover(self, key: Key) -> Cover:
        return self.covers.get(key, self.seen.cover)

    def value(self, key: Key, cover: Cover | None = None) -> int:
        cover = cover if cover is not None else self.cover(key)
        return cover.basis if key == ORDER else self.seen.values(cover).get(key, 0)

    def gross(self, found: Found) -> int:
        """The benefit within the policy's limit for the unit, as it was when the clause was met."""
        key = key_of(found)
        limit = unit_limit(self.seen.case, found.cover or self.cover(key), key)
        return found.benefit if limit is None else min(found.benefit, limit)

    def net(self, found: Found) -> int:
        """The same, and with what came back for the goods no more than their insured value, as it was then."""
        return self.indemnity(found.rule, key_of(found), self.gross(found), found.cover)

    def indemnity(self, rule: Rule | None, key: Key, minor: int, cover: Cover | None = None) -> int:
        if rule is None or not indemnifies(rule):
            return minor
        return min(minor, max(0, self.value(key, cover) - self.elsewhere.get(key, 0)))


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
    """What the buyer paid, with the worded uplift, and nobody gave back."""
    best: tuple[Found, ...]
    """The findings whose benefits were added: first the one of which most is new, since the buyer is told of that."""
    benefits: dict[Key, int]
    """Of each unit what its best clause gives within the unit's bounds."""
    bounds: Bounds
    """The units' values and limits, and what came back for them elsewhere."""


def entitlement(case: Case, now: datetime) -> Entitlement | None:
    """The entitlement, or None as long as order or policy is not known or their currencies differ."""
    seen = view(case, now)
    if seen is None or seen.cover.currency != seen.order.currency:
        return None
    found = findings(seen)
    refunds = (*beside(case), *amended_away(case))
    covers = _covers(found) if case.covers else {}
    bounds = Bounds(seen, covers, _by_unit(seen, found, refunds))
    best = _best(found, bounds.net)
    benefits = {key: bounds.net(each) for key, each in best.items()}
    chosen = _chosen(seen, best, benefits)
    steps: list[Stepped] = []
    for each in chosen:
        key, gross = key_of(each), bounds.gross(each)
        step(steps, StepKind.ADD, label(key), gross)
        if gross > benefits[key]:
            step(steps, StepKind.LESS, f"refunded:{label(key)}", gross - benefits[key])
    available = max(0, may_be_kept(case) - elsewhere(case))
    limit = max([(each.cover or bounds.cover(key_of(each))).limit for each in chosen], default=seen.cover.limit)
    step(steps, StepKind.CAP, "limit", limit)
    entitled = step(steps, StepKind.CAP, "paid_less_refunded", available)
    cap = 0 if case.void else min(highest_limit(case), available)
    paid_before = standing(case, seen)
    kept = _kept(bounds, paid_before)
    # Kept can be no more than what was paid: a refund that failed leaves nothing to keep.
    stays = min(_with(benefits, kept, KEPT), cap) - entitled if kept else 0
    tolerated = min(_with(benefits, kept, NOT_ASKED_BACK), cap) if kept else 0
    owed = entitled + max(0, min(stays, net_paid(case))) if kept else entitled
    return Entitlement(
        view=seen,
        findings=found,
        steps=tuple(steps),
        entitled=entitled,
        owed=owed,
        tolerated=max(owed, tolerated),
        credits=_credits(chosen, benefits, owed),
        available=available,
        best=_news_first(chosen, benefits, paid_before),
        benefits=benefits,
        bounds=bounds,
    )


def _covers(found: tuple[Found, ...]) -> dict[Key, Cover]:
    """For each unit to which something applies the latest version of the policy under which it was met."""
    latest: dict[Key, Cover] = {}
    for each in found:
        key = key_of(each)
        if each.applies and each.cover is not None and (key not in latest or latest[key].version < each.cover.version):
            latest[key] = each.cover
    return latest


def _kept(bounds: Bounds, paid_before: tuple[Standing, ...]) -> tuple[Standing, ...]:
    """What was paid and may stay: of goods that are made good no more than their insured value, less what came back for
    them, and nothing that was paid on a complaint which the buyer has withdrawn.

    Scenario: the order was amended from 100 to 60 before the loss, and pricing's word of it comes after 100 were paid.
    No more than 60 may stay."""
    case = bounds.seen.case
    if not paid_before or not (bounds.elsewhere or case.disputes or case.covers):
        return paid_before
    kept = [each for each in paid_before if not _withdrawn(case, each)]
    return tuple([replace(each, minor=bounds.indemnity(each.rule, each.key, each.minor)) for each in kept])


def _withdrawn(case: Case, paid: Standing) -> bool:
    clause = paid.rule.clause if paid.rule is not None else None
    unit = paid.key or None
    return clause is not None and clause.trigger == "claim" and not complaints.standing(case, clause, unit)


def _by_unit(seen: View, found: tuple[Found, ...], refunds: tuple[Elsewhere, ...]) -> dict[Key, int]:
    """What came back elsewhere, by unit: what names no goods first for those to which an indemnity is due. It follows
    from the facts alone: what was paid does not change it. For the order all of it counts."""
    if not refunds:
        return {}
    due: dict[str | None, int] = {}
    for each in found:
        if each.applies and indemnifies(each.rule) and not each.rule.of_order:
            due[each.package_id] = max(due.get(each.package_id, 0), each.benefit)
    values = seen.values(seen.cover)
    held = {each: seen.packages[each].lines for each in values if each is not None}
    holds = held | {None: tuple((line.line_id, count) for line, count in seen.units.left)}
    known = {line.line_id for line in seen.lines}
    lines = [*seen.lines, *(line for line in seen.order.lines if line.line_id not in known)]
    whole = elsewhere(seen.case)
    return {ORDER: whole} | given_back(refunds, values, holds, lines, due)


def _best(found: tuple[Found, ...], worth: Callable[[Found], int]) -> dict[Key, Found]:
    """The clause that gives most, by unit; of two that give the same the one that stands first in the wording."""
    best: dict[Key, Found] = {}
    for each in found:
        if not each.applies:
            continue
        known = best.get(key_of(each))
        if known is None or worth(each) > worth(known):
            best[key_of(each)] = each
    return best


def _chosen(seen: View, best: Mapping[Key, Found], benefits: Mapping[Key, int]) -> list[Found]:
    """The findings that are paid: those of the units, or the order's where it gives no less."""
    if not best:
        return []
    of_units = sum([minor for key, minor in benefits.items() if key != ORDER])
    if ORDER in best and benefits[ORDER] >= of_units:
        return [best[ORDER]]
    return [best[unit] for unit in seen.ids if unit in best]


def _news_first(
    chosen: list[Found], benefits: Mapping[Key, int], paid_before: tuple[Standing, ...]
) -> tuple[Found, ...]:
    if len(chosen) < 2 or not paid_before:
        return tuple(chosen)
    before: dict[Key, int] = {}
    for each in paid_before:
        before[each.key] = max(before.get(each.key, 0), each.minor)
    return tuple(sorted(chosen, key=lambda each: before.get(key_of(each), 0) - benefits[key_of(each)]))


def _with(benefits: Mapping[Key, int], paid: Iterable[Standing], arrivals: frozenset[str]) -> int:
    """The sum where what was paid under clauses of these kinds stays although its reason fell away."""
    amounts = dict(benefits)
    for each in paid:
        if each.late_arrival in arrivals:
            amounts[each.key] = max(amounts.get(each.key, 0), each.minor)
    whole_order = amounts.pop(ORDER, 0)
    return max(whole_order, sum(amounts.values()))


def _credits(chosen: list[Found], benefits: Mapping[Key, int], owed: int) -> int:
    left, by_credit = owed, 0
    for each in chosen:
        part = min(left, benefits[key_of(each)])
        left -= part
        if each.amounts is not None and each.amounts.pays == "credit":
            by_credit += part
    return by_credit
