"""Adds what tracking concludes of a package to the claim file."""

from datetime import datetime

from msgspec.structs import replace

from waybond_claims.case.journey import MAX_WATCH_FACTS, SeenFact, WatchFact
from waybond_claims.case.state import Case, put
from waybond_claims.facts.contradictions import contradicted
from waybond_claims.facts.deliveries import facts_of
from waybond_claims.facts.journeys import interval
from waybond_contracts import delays


def fell_due(case: Case, event: delays.WatchFellDue) -> Case:
    for known in case.watches:
        if known.watch_id == event.watch_id and known.package_id == event.package_id:
            if event.version <= known.version:
                return case
            break
    else:
        if len(case.watches) >= MAX_WATCH_FACTS:
            return contradicted(case, "bound:watches")
    fact = WatchFact(
        event.watch_id,
        event.package_id,
        event.version,
        type(event).__name__,
        event.breached,
        event.clock.value,
        event.clock_start,
        event.clock_source,
        event.due,
        event.as_of,
        event.feed.value,
        interval(event.arrived) if event.arrived else None,
        event.checked_as_of,
    )
    return replace(case, watches=put(case.watches, fact, "watch_id", "package_id"))


def seen(case: Case, event: delays.PackageSeen) -> Case:
    name = type(event).__name__
    for known in case.seen:
        if known.event == name and known.package_id == event.package_id and event.version <= known.version:
            return case
    fact = SeenFact(
        name,
        event.package_id,
        event.version,
        event.standing,
        interval(event.when),
        event.scan.kind.value if event.scan else "",
        event.handed_to.value if isinstance(event, delays.ShipmentDelivered) else "",
        tuple((each.kind.value, interval(each.when)) for each in event.also),
    )
    if isinstance(event, delays.ShipmentDelivered):
        distance = event.proof.distance_m if event.proof is not None else None
        fact = replace(fact, facts=facts_of(event), distance_m=distance)
    return replace(case, seen=put(case.seen, fact, "event", "package_id"))


def deadlines(case: Case) -> list[datetime]:
    """When a watch falls due that tracking says is broken: whoever says so, nothing is paid before."""
    return [fact.due for fact in case.watches if fact.breached]
