"""The points of what is known of a delivery, where the buyer says that nothing came.

A score pays or asks a person. What denies is another rule of the clause, or a person: nothing here says no.
"""

from waybond_claims.adjudication.needs import units_of
from waybond_claims.adjudication.points import Scored
from waybond_claims.adjudication.terms import Rule
from waybond_claims.adjudication.view import View
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.journey import SeenFact
from waybond_contracts.received import DeliveryFact, Score

_NEAR, _FAR = DeliveryFact.NEAR.value, DeliveryFact.FAR.value
_READY = "ready_for_pickup"


def scored(view: View, rule: Rule, complaint: Dispute) -> Scored | None:
    """The points of what the complaint is about: of several packages the fewest. None where the clause has no score, or
    where tracking does not say of each package that it was delivered."""
    score = rule.clause.score
    if score is None:
        return None
    found: list[Scored] = []
    for unit in units_of(view, rule, complaint):
        packages = view.packages_of(rule, unit)
        if not packages:
            return None
        for package in packages:
            fact = view.seen.get(("ShipmentDelivered", package.package_id))
            if fact is None or not fact.standing or fact.handed_to == _READY:
                return None
            found.append(_of(score, package.package_id, fact))
    return min(found, key=_fewest, default=None)


def _of(score: Score, package_id: str, fact: SeenFact) -> Scored:
    known = list(fact.facts)
    if fact.distance_m is not None:
        known.append(_FAR if fact.distance_m >= score.far_from_m else _NEAR)
    rows = tuple([(each, score.points.get(DeliveryFact(each), 0)) for each in sorted(known)])
    return Scored(package_id, score.start, rows, score.refer_from, score.pay_from)


def _fewest(scored: Scored) -> tuple[int, str]:
    return scored.total, scored.package_id
