"""What the order is owed, in steps: the benefits of the units, limits, what others paid back, and what stays paid."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from waybond_claims.adjudication.course import is_overturned
from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.interpreter import findings, is_spoken_of, number_of, telling
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import View, view
from waybond_claims.adjudication.windows import is_claimed
from waybond_claims.case.cover import Cover
from waybond_claims.case.covered import highest_limit
from waybond_claims.case.elsewhere import amended_away, beside, elsewhere
from waybond_claims.case.given_back import given_back, split
from waybond_claims.case.money import Elsewhere
from waybond_claims.case.order import Line
from waybond_claims.case.state import Case
from waybond_claims.entitlement.caps import may_be_kept, most_of, unit_limit
from waybond_claims.entitlement.clause_limits import within_clause_limits
from waybond_claims.entitlement.keys import ORDER, Key, key_of, label
from waybond_claims.entitlement.paid import Paid, paid
from waybond_claims.entitlement.steps import Stepped, step
from waybond_contracts.explanation import StepKind

WHOLE_FINDINGS = 40
"""The findings of an order that has no more of them are always worked out, and explained, whole."""
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

    def bound(self, found: Found) -> int | None:
        """What `net` bounds it by, where it was met under another version of the policy than the unit has here."""
        key = key_of(found)
        if found.cover is None or found.cover is self.cover(key):
            return None
        limit = unit_limit(self.seen.case, found.cover, key)
        most = found.cover.limit if limit is None else limit
        return self.indemnity(found.rule, key, most, found.cover)

    def indemnity(self, rule: Rule | None, key: Key, minor: int, cover: Cover | None = None) -> int:
        if rule is None or not rule.indemnifies:
            return minor
        return min(minor, max(0, self.value(key, cover) - self.elsewhere.get(key, 0)))


class Entitlement(Struct, frozen=True, gc=False):
    """What the facts of a case give under its wording, in minor units of the order's currency.

    `entitled` follows from the facts alone; `owed` adds what was paid before a fact took its reason away and the
    wording lets the buyer keep; `tolerated` adds what is not asked back but counts towards later benefits.
    """

    view: View
    findings: tuple[Found, ...]
    """Those that give a benefit or ask somebody among them; see `of` for the others."""
    whole: bool
    """Whether they are all."""
    steps: tuple[Stepped, ...]
    entitled: int
    owed: int
    tolerated: int
    shares: dict[Key, int]
    """`owed` by unit: benefits within the bounds of all, in proportion, and with them what is kept."""
    paid: dict[Key, int]
    """What was paid for each unit, or is on its way, and did not come back."""
    credits: frozenset[Key]
    """The units for which the wording pays a credit instead of a refund."""
    available: int
    """What the buyer paid, with the worded uplift, and nobody gave back."""
    best: tuple[Found, ...]
    """The findings whose benefits were added: first the one of which most is new, since the buyer is told of that."""
    benefits: dict[Key, int]
    """Of each unit what its best clause gives within the unit's bounds."""
    bounds: Bounds
    """The units' values and limits, and what came back for them elsewhere."""

    def of(self, units: Collection[Key] | None = None) -> list[Found]:
        """All findings of these units, or of all."""
        if self.whole:
            every = self.findings
        else:
            known = {(each.rule.clause.id, key_of(each)): each for each in self.findings}
            fresh = findings(self.view, units)
            every = tuple([known.get((each.rule.clause.id, key_of(each)), each) for each in fresh])
        return [each for each in every if units is None or key_of(each) in units]


def entitlement(case: Case, now: datetime) -> Entitlement | None:
    """The entitlement, or None as long as order or policy is not known or their currencies differ."""
    seen = view(case, now)
    if seen is None or seen.cover.currency != seen.order.currency:
        return None
    whole = number_of(seen) <= WHOLE_FINDINGS or is_spoken_of(seen)
    found = findings(seen) if whole else telling(seen)
    refunds = (*beside(case), *amended_away(case))
    covers = _covers(found) if case.covers else {}
    bounds = Bounds(seen, covers, _by_unit(seen, found, refunds))
    found, best = within_clause_limits(found, _best(found, bounds.net), bounds.net)
    benefits = {key: bounds.net(each) for key, each in best.items()}
    chosen = _chosen(seen, best, benefits)
    steps: list[Stepped] = []
    for each in chosen:
        key, gross = key_of(each), bounds.gross(each)
        step(steps, StepKind.ADD, label(key), gross)
        if gross > benefits[key]:
            step(steps, StepKind.LESS, f"refunded:{label(key)}", gross - benefits[key])
    available = max(0, may_be_kept(case) - elsewhere(case))
    step(steps, StepKind.CAP, "limit", _limit(bounds, chosen, benefits))
    entitled = step(steps, StepKind.CAP, "paid_less_refunded", available)
    shares = _in_parts(entitled, {key_of(each): benefits[key_of(each)] for each in chosen})
    paid_before = paid(case, seen)
    owed = tolerated = entitled
    by_unit: dict[Key, int] = {}
    if paid_before:
        for each in paid_before:
            by_unit[each.key] = by_unit.get(each.key, 0) + each.minor
        cap = 0 if case.void else min(highest_limit(case), available)
        kept = _kept(bounds, paid_before)
        under = {key_of(each): each.rule.clause.id for each in chosen}
        stays = _stays(seen, kept, KEPT, shares, under)
        owed = max(entitled, min(_with(shares, stays), cap))
        tolerated = max(owed, min(_with(shares, _stays(seen, kept, NOT_ASKED_BACK, shares, under)), cap))
        if owed > entitled:
            more = {key: minor - shares.get(key, 0) for key, minor in stays.items() if minor > shares.get(key, 0)}
            shares |= {key: shares.get(key, 0) + part for key, part in split(owed - entitled, more).items()}
    return Entitlement(
        view=seen,
        findings=found,
        whole=whole,
        steps=tuple(steps),
        entitled=entitled,
        owed=owed,
        tolerated=tolerated,
        shares=shares,
        paid=by_unit,
        credits=frozenset([key_of(each) for each in chosen if each.amounts and each.amounts.pays == "credit"]),
        available=available,
        best=_news_first(chosen, benefits, by_unit),
        benefits=benefits,
        bounds=bounds,
    )


def _limit(bounds: Bounds, chosen: Sequence[Found], benefits: Mapping[Key, int]) -> int:
    """The most that is paid in all: what was met under one version of the policy is together no more than its limit,
    and all is no more than the highest of these limits."""
    covers = {each.version: each for each in (each.cover or bounds.cover(key_of(each)) for each in chosen)}
    if len(covers) < 2:
        return next(iter(covers.values()), bounds.seen.cover).limit
    sums = dict.fromkeys(covers, 0)
    for each in chosen:
        sums[(each.cover or bounds.cover(key_of(each))).version] += benefits[key_of(each)]
    together = sum(min(minor, covers[version].limit) for version, minor in sums.items())
    return min(together, max(each.limit for each in covers.values()))


def _covers(found: tuple[Found, ...]) -> dict[Key, Cover]:
    """For each unit to which something applies the latest version of the policy under which it was met."""
    latest: dict[Key, Cover] = {}
    for each in found:
        key = key_of(each)
        if each.applies and each.cover is not None and (key not in latest or latest[key].version < each.cover.version):
            latest[key] = each.cover
    return latest


def _in_parts(entitled: int, benefits: dict[Key, int]) -> dict[Key, int]:
    """What is entitled by unit: where the bounds of all take something away, from each in proportion."""
    if len(benefits) == 1:
        return dict.fromkeys(benefits, entitled)
    return benefits if sum(benefits.values()) == entitled else split(entitled, benefits)


def _kept(bounds: Bounds, paid_before: tuple[Paid, ...]) -> tuple[Paid, ...]:
    """What was paid and may stay: of goods that are made good no more than their insured value, less what came back for
    them, and nothing that was paid on a complaint which the buyer has withdrawn, unless another one stands, or that
    another decision took the place of.

    Scenario: the order was amended from 100 to 60 before the loss, and pricing's word of it comes after 100 were paid.
    No more than 60 may stay."""
    case = bounds.seen.case
    if not (bounds.elsewhere or case.disputes or case.covers):
        return paid_before
    kept = [each for each in paid_before if not _withdrawn(bounds.seen, each)]
    return tuple([replace(each, stays=bounds.indemnity(each.rule, each.key, each.stays)) for each in kept])


def _withdrawn(seen: View, paid: Paid) -> bool:
    rule, unit = paid.rule, paid.key or None
    if rule is None or not rule.claimed:
        return False
    return not is_claimed(seen, rule, unit) or (rule.guided and is_overturned(seen, rule, unit))


def _stays(
    seen: View, kept: Iterable[Paid], arrivals: frozenset[str], shares: Mapping[Key, int], under: Mapping[Key, str]
) -> dict[Key, int]:
    """By unit what was paid under clauses of these kinds, and may stay although its reason fell away; `shares` is what
    the units are entitled to, `under` by which clause.

    A clause pays no more than its limit in all, with what stays. Scenario: A (60) is lost under a limit of 60, and 60
    are paid. Then B (40) is lost: 36 and 24 are due. Nothing of A's 60 is kept beside that."""
    found: dict[Key, Paid] = {}
    for each in kept:
        if each.late_arrival in arrivals and (each.key not in found or found[each.key].stays < each.stays):
            found[each.key] = each
    stays = {key: each.stays for key, each in found.items()}
    for rule in seen.terms.rules:
        most = most_of(seen, rule)
        if most is None:
            continue
        parts = {key: stays[key] - shares.get(key, 0) for key, each in found.items() if each.rule is rule}
        more = {key: minor for key, minor in parts.items() if minor > 0}
        used = sum([minor for key, minor in shares.items() if under.get(key) == rule.clause.id])
        left = min(sum(more.values()), max(0, most - used))
        stays |= {key: shares.get(key, 0) + part for key, part in split(left, more).items()}
    return stays


def _with(shares: Mapping[Key, int], stays: Mapping[Key, int]) -> int:
    """What is owed in all where that stays. What was paid for the order as a whole counts for any unit."""
    keys = {**shares, **stays}
    units = sum([max(shares.get(key, 0), stays.get(key, 0)) for key in keys if key != ORDER])
    return max(units, shares.get(ORDER, 0), sum(stays.values()))


def _by_unit(seen: View, found: tuple[Found, ...], refunds: tuple[Elsewhere, ...]) -> dict[Key, int]:
    """What came back elsewhere, by unit: what names no goods first for those to which an indemnity is due. It follows
    from the facts alone: what was paid does not change it. For the order all of it counts."""
    if not refunds:
        return {}
    due: dict[str | None, int] = {}
    for each in found:
        if each.applies and each.rule.indemnifies and not each.rule.of_order:
            due[each.package_id] = max(due.get(each.package_id, 0), each.benefit)
    values = seen.values(seen.cover)
    known = {line.line_id for line in seen.lines}
    lines = [*seen.lines, *(line for line in seen.order.lines if line.line_id not in known)]
    return {ORDER: elsewhere(seen.case)} | given_back(refunds, values, _holds(seen, lines), lines, due)


def _holds(seen: View, lines: Sequence[Line]) -> dict[Key, tuple[tuple[str, int], ...]]:
    """The pieces that each unit has of its own, as far as they are known: a line that was amended away is still where
    it was, and what is shipped again is where it was first."""
    names = {line.line_id for line in lines}
    holds: dict[Key, tuple[tuple[str, int], ...]] = {
        None: tuple((line.line_id, count) for line, count in seen.units.left)
    }
    for name, package in seen.packages.items():
        if name not in seen.units.valueless:
            booked = tuple(each for each in package.lines if each[0] in names)
            holds[name] = seen.units.held.get(name, booked)
            if name not in seen.units.held:
                holds.pop(None, None)  # Nobody knows which of the goods that are left it has.
    return holds


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


def _news_first(chosen: list[Found], benefits: Mapping[Key, int], paid_before: Mapping[Key, int]) -> tuple[Found, ...]:
    if len(chosen) < 2 or not paid_before:
        return tuple(chosen)
    return tuple(sorted(chosen, key=lambda each: paid_before.get(key_of(each), 0) - benefits[key_of(each)]))
