"""What has to be published so that the highest versions say what is concluded now."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from waybond_contracts.event import Event
from waybond_contracts.shipments import ScanKind
from waybond_tracking.journey import (
    DAMAGES,
    HINDRANCES,
    LOSSES,
    MOVED,
    RETURNS,
    TOWARDS_BUYER,
    delivery,
    seen,
    seen_beside,
)
from waybond_tracking.proofs import proved
from waybond_tracking.state import Asked, Breach, Package, Policy, SaidBreach, SaidProof, SaidSeen, Scan, State
from waybond_tracking.watches import Findings, Key, unarrived
from waybond_tracking.words import breach_event, check_event, contents_event, journey_of, seen_event

SIGHTINGS: tuple[tuple[str, frozenset[ScanKind], frozenset[ScanKind]], ...] = (
    ("lost", LOSSES, MOVED),
    ("damaged", DAMAGES, frozenset()),
    ("returned", RETURNS, TOWARDS_BUYER),
    ("hindered", HINDRANCES, frozenset()),
)
"""What is seen, the scans that say so, the later scans that contradict them."""
MAX_AT_ONCE = 100
"""Events of one decision, as many as the kit publishes; what is beyond them is told at the next wake (S: 34 packages
have missed three tiers each when their policy is void from the start)."""
PERILS = frozenset({"lost", "damaged", "returned"})


def difference(
    state: State, policy: Policy, findings: Findings, now: datetime, *, contents: bool
) -> tuple[State, tuple[Event, ...], bool]:
    """Publish what is concluded and was not said, take back what was said and is not concluded any more.

    `contents`: what the packages hold has changed. Gives the state that remembers what is published now, the events,
    and whether there are more than go out at once.
    """
    if contents:
        state = replace(state, contents_version=state.contents_version + 1)
    room = MAX_AT_ONCE - contents
    all_seen = _seen(state)
    seen_now = all_seen[:room]
    all_breaches = _breaches(state, findings)
    breaches_now = all_breaches[: room - len(seen_now)]
    left_out = len(all_seen) + len(all_breaches) - len(seen_now) - len(breaches_now)
    room -= len(seen_now) + len(breaches_now)
    to_ask: list[tuple[Asked, Sequence[Package]]] = []
    kept: list[Asked] = []
    for asked in findings.asked:
        if asked not in state.asked:
            about = _asked_about(state, asked)
            if len(about) > room:
                left_out += 1
                continue
            room -= len(about)
            to_ask.append((asked, about))
        kept.append(asked)
    asked_now = tuple(kept)
    if not (seen_now or breaches_now or to_ask or contents):
        return state if asked_now == state.asked else replace(state, asked=asked_now), (), left_out > 0
    journey = journey_of(state)
    events: list[Event] = [seen_event(state, policy, each, as_of=now, journey=journey) for each in seen_now]
    for each in breaches_now:
        arrived = findings.arrived.get(_key_of(each.breach))
        events.append(breach_event(state, policy, each, arrived, as_of=state.watched_to or now, journey=journey))
    if contents:
        # Behind what is due for a package that took goods over: until that is heard, they seem to be in time.
        events.append(contents_event(state, policy, as_of=now, journey=journey))
    for asked, about in to_ask:
        events += [check_event(state, policy, asked, package) for package in about]
    renewed = {(each.kind, each.package_id) for each in seen_now}
    seen_before = (each for each in state.seen if (each.kind, each.package_id) not in renewed)
    replaced = {_key_of(each.breach) for each in breaches_now}
    said_before = (each for each in state.said if _key_of(each.breach) not in replaced)
    known = replace(state, seen=(*seen_before, *seen_now), said=(*said_before, *breaches_now), asked=asked_now)
    if seen_now:
        known = replace(known, proved=_proved(state, seen_now))
    return known, tuple(events), left_out > 0


def _seen(state: State) -> list[SaidSeen]:
    before = {(each.kind, each.package_id): each for each in state.seen}
    found: list[SaidSeen] = []
    for package in state.packages:
        for kind, scan, also in _sightings(package):
            said = before.get((kind, package.id))
            if scan is None and said is not None and said.stands:
                found.append(replace(said, version=said.version + 1, stands=False))
            elif scan is not None and (said is None or not said.stands or _differs(state, said, package, scan, also)):
                found.append(SaidSeen(kind, package.id, said.version + 1 if said else 1, True, scan, also))
    return sorted(found, key=_turn)


def _differs(state: State, said: SaidSeen, package: Package, scan: Scan, also: tuple[Scan, ...]) -> bool:
    """Whether something else is to be told than was told last."""
    if (said.scan, said.also) != (scan, also):
        return True
    if said.kind != "delivered":
        return False
    return proved(package, scan) != next((each for each in state.proved if each.package_id == package.id), None)


def _proved(state: State, told: list[SaidSeen]) -> tuple[SaidProof, ...]:
    """What is published of deliveries once these are told."""
    ids = {each.package_id for each in told if each.kind == "delivered"}
    found = [proved(each, delivery(each)) for each in state.packages if each.id in ids]
    return (
        *(each for each in state.proved if each.package_id not in ids),
        *(each for each in found if each is not None),
    )


def _turn(said: SaidSeen) -> int:
    """Which comes first, of what is concluded at once: whoever stops between two of them shall not pay what is not
    owed (S: policy, loss and arrival become known together, and the loss is paid before the arrival is heard of), nor
    take back what is."""
    arrived = said.kind not in PERILS
    return (0 if said.stands else 3) if arrived else (1 if said.stands else 2)


def _sightings(package: Package) -> Iterator[tuple[str, Scan | None, tuple[Scan, ...]]]:
    """What may be seen of a package, the scan that says so now, and those of other kinds that say so too."""
    for kind, scans, contradicted_by in SIGHTINGS:
        scan = seen(package, scans, contradicted_by)
        yield kind, scan, seen_beside(package, scan, scans, contradicted_by) if scan is not None else ()
    yield "delivered", delivery(package), ()


def _breaches(state: State, findings: Findings) -> list[SaidBreach]:
    before = {_key_of(each.breach): each for each in state.said}
    found: list[SaidBreach] = []
    for key, breach in findings.breaches.items():
        said = before.get(key)
        if said is None or not said.stands or _told(said.breach) != _told(breach):
            found.append(SaidBreach(said.version + 1 if said else 1, True, breach))
    # What is taken back goes last (S: a package becomes known; for a moment nothing is late and a refund is cancelled).
    # Claims does not count a package and the remainder that it took over twice.
    found += [
        replace(said, version=said.version + 1, stands=False)
        for key, said in before.items()
        if said.stands and key not in findings.breaches
    ]
    return found


def _told(breach: Breach) -> tuple[object, ...]:
    """What makes a breach another one; a later check of the carrier alone does not."""
    return (breach.start, breach.due, breach.arrived, breach.feed)


def _key_of(breach: Breach) -> Key:
    return (breach.watch_id, breach.package_id)


def _asked_about(state: State, asked: Asked) -> Sequence[Package]:
    if asked.package_id is not None:
        return [each for each in state.packages if each.id == asked.package_id]
    known = (*state.watches, *(each.watch for each in state.former))
    watch = next(each for each in known if each.id == asked.watch_id)
    return unarrived(state, watch, None)
