"""What always holds of tracking: whatever order facts become known in, and however often, it concludes the same.

The highest versions are compared with an oracle that sees all facts at once; nothing is published before its due.
"""

import itertools
from collections.abc import Iterable, Sequence
from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.story import Known, Story
from tests.support.tracking import (
    START,
    booked,
    checked,
    day,
    order_amended,
    order_line,
    order_placed,
    pieces,
    policy_amended,
    policy_issued,
    promise_changed,
    scanned,
    seen_says,
    story,
    watch_says,
)
from tests.support.tracking_oracle import Oracle
from waybond_contracts.delays import (
    ContentsChanged,
    DelayEvent,
    PackageSeen,
    ShipmentDelivered,
    ShipmentHindered,
    TrackingCheckRequested,
    WatchFellDue,
)
from waybond_contracts.event import Event
from waybond_contracts.orders import OrderPlaced
from waybond_contracts.policies import PolicyAmended, PolicyIssued
from waybond_contracts.shipments import HandedTo, ScanKind
from waybond_contracts.watches import Watch, WatchKind
from waybond_contracts.wording import Clock, DeliveredBy, Scope
from waybond_tracking.decide import KEPT_AFTER_END, KEPT_WITH_PERIL
from waybond_tracking.journey import MAX_ETAS, MAX_ETAS_APART, MAX_STRETCHES
from waybond_tracking.state import State
from waybond_tracking.watches import ANSWER_WITHIN

K = ScanKind
ALL_KNOWN = day(120)
"""By then every fact is known."""
END = day(200)
ANSWERED = END + ANSWER_WITHIN
"""By then the carrier has answered, or not, for the last watch that fell due under cover."""
"""Cover ends; every due that matters, and every answer's time, has passed."""
QUARTERS = st.integers(0, 400).map(lambda quarters: quarters / 4)
"""Days in steps of six hours, so that dues, scans and intervals often meet exactly."""
EDGE = st.integers(0, 8)
PAID = EDGE.map(lambda quarters: quarters / 4)
"""What is paid further ahead than this is taken as paid when it became known."""
PACKAGES = st.sampled_from(["A", "B"])
REPLACES = st.sampled_from([None, None, None, "A", "B", "Z"])
GOODS = st.dictionaries(st.sampled_from(["1", "2", "gift"]), st.integers(1, 3), max_size=3)
CONTENTS = st.builds(lambda goods: pieces(**goods), GOODS) | st.just(pieces(**{"unknown": 1}))
"""What a booking says of a package: nothing, goods of the order, a line that it does not have."""
LINES = st.sampled_from(
    [
        (order_line("1", 4_000),),
        (order_line("1", 6_000), order_line("2", 4_000, 2)),
        (order_line("1", 9_000, 3), order_line("gift", 0)),
        (order_line("1", 0), order_line("2", 0)),
    ]
)
OF_CONTENTS = ("ContentsChanged", None)
NO_PERIL = ShipmentDelivered | ShipmentHindered | TrackingCheckRequested | ContentsChanged
TELLING = {K.DELIVERED, K.LOST, K.DESTROYED, K.DAMAGED, K.RETURNING, K.RETURNED}
"""Of these the service keeps the first and the last, and the oracle looks at all: two of each are told."""
MAX_TELLING = 2
MORE_OFTEN = [*K, *[K.DELIVERED, K.IN_TRANSIT, K.OUT_FOR_DELIVERY, K.READY_FOR_PICKUP] * 5]
MAX_WITH_ETA = MAX_ETAS_APART
"""Of what is mentioned more often the service forgets something, and the oracle does not."""

EXAMPLES = 45
"""To draw one takes longer than to tell it; `make fuzz` draws fresh ones for as long as it is given."""
ANCHORS = st.lists(st.integers(-80, 400), min_size=1, max_size=4)
"""Few days, in quarters, around which scans happen and watches fall due, so that they meet."""


@st.composite
def watches(draw: st.DrawFn, around: list[int]) -> tuple[Watch, ...]:
    """Up to five watches of any clock."""
    quarters = st.integers(0, 240) | st.builds(lambda at, more: abs(at) + more, st.sampled_from(around), EDGE)
    found = []
    for i in range(draw(st.integers(1, 5))):
        silence = draw(st.booleans())
        found.append(
            Watch(
                id=f"W-{i}:0:0",
                clock=Clock.LAST_SCAN if silence else draw(st.sampled_from(Clock)),
                kind=WatchKind.SILENCE if silence else WatchKind.DEADLINE,
                after=timedelta(hours=6) * draw(quarters),
                scope=draw(st.sampled_from(Scope)),
                delivered_by=tuple(draw(st.sets(st.sampled_from(DeliveredBy), min_size=1))),
                follow_promise=draw(st.booleans()),
                ask_carrier=draw(st.booleans()),
                live_after=draw(st.integers(0, 4)) if silence else 0,
                live_kinds=tuple(draw(st.sets(st.sampled_from(K), max_size=2))) if silence else (),
            )
        )
    return tuple(found)


@st.composite
def scans(draw: st.DrawFn, around: list[int]) -> list[Event]:
    """Up to 14 scans of two packages, close to few days, some of them intervals, few of a kind that tells something.
    The carrier expects the packages at up to three times, so it often repeats itself, and at one instant says two."""
    found: list[Event] = []
    told: dict[tuple[str, ScanKind], int] = {}
    etas = draw(st.lists(st.builds(int.__add__, st.sampled_from(around), st.integers(-20, 80)), min_size=1, max_size=3))
    with_eta = 0
    for _ in range(draw(st.integers(0, 14))):
        package, kind, at = draw(PACKAGES), draw(st.sampled_from(MORE_OFTEN)), draw(st.sampled_from(around))
        at = (at + draw(EDGE)) / 4
        told[package, kind] = told.get((package, kind), 0) + 1
        if kind in TELLING and told[package, kind] > MAX_TELLING:
            continue
        with_eta += (expected := with_eta < MAX_WITH_ETA and draw(st.booleans()))
        width = draw(st.sampled_from([0, 0.25, 1]))
        eta = draw(st.sampled_from(etas)) / 4 if expected else None
        handed_to = draw(st.sampled_from([*HandedTo, None])) if kind is K.DELIVERED else None
        found.append(scanned(kind, at, package, until=at + width if width else None, handed_to=handed_to, eta=eta))
    return found


@st.composite
def facts(draw: st.DrawFn) -> list[Event]:
    """All that ever happens to one order."""
    around = draw(ANCHORS)
    issued = policy_issued(attached=draw(st.integers(0, 20)) / 4).model_copy(update={"watches": draw(watches(around))})
    found: list[Event] = [
        order_placed(promised=draw(st.none() | QUARTERS), paid=draw(st.none() | PAID), lines=draw(LINES)),
        issued,
        *draw(scans(around)),
    ]
    for i, package in enumerate(draw(st.lists(PACKAGES, max_size=5))):
        promised = draw(st.none() | QUARTERS)
        packages = draw(st.sampled_from([None, None, 1, 2, 3]))
        said = {"packages": packages, "promised": promised, "tracking_number": f"LB{i}CN"}
        said |= {"lines": draw(CONTENTS), "replaces": draw(REPLACES)}
        found.append(booked(draw(QUARTERS), package, **said))
    found += [promise_changed(draw(QUARTERS), draw(QUARTERS), revision=i) for i in range(draw(st.integers(0, 3)))]
    found += [order_amended(draw(PAID), *draw(LINES), revision=i) for i in range(draw(st.integers(0, 2)))]
    found += [checked(draw(QUARTERS), draw(PACKAGES)) for _ in range(draw(st.integers(0, 3)))]
    if draw(st.booleans()):
        found.append(policy_amended(at=1).model_copy(update={"watches": draw(watches(around))}))
    return found


def check_against_oracle(told: Story[State], told_facts: Sequence[Event]) -> None:
    oracle = Oracle(told_facts)
    standing = {key: each for key, each in watch_says(told.events).items() if each.breached}
    assert {key: (each.due, each.arrived, each.feed.value) for key, each in standing.items()} == oracle.broken()
    told_last = [each.journey for each in told.events if isinstance(each, ContentsChanged)][-1:]
    contents = {
        each.package_id: (each.lines, each.contents_as_of, each.replaces, each.booked_at)
        for journey in told_last
        for each in journey.packages
    }
    assert contents == oracle.contents()
    assert [journey.packages_in_order for journey in told_last] == [oracle.in_order()] * len(told_last)
    seen = {key: each for key, each in seen_says(told.events).items() if each.standing}
    assert {key: (each.when, each.scan and each.scan.kind) for key, each in seen.items()} == oracle.seen()


def check_publications(told: Story[State]) -> None:
    """Nothing before its due, versions without gaps, and nothing left to wake for but the end."""
    versions: dict[tuple[str, str | None], list[int]] = {}
    contents: object = ()
    for each in told.published:
        event = each.event
        if isinstance(event, DelayEvent):
            assert (event.journey.contents_version or 0) >= len(versions.get(OF_CONTENTS, ()))
        if isinstance(event, WatchFellDue):
            assert event.due <= event.as_of <= each.at
            versions.setdefault((event.watch_id, event.package_id), []).append(event.version)
        elif isinstance(event, PackageSeen):
            versions.setdefault((type(event).__name__, event.package_id), []).append(event.version)
        elif isinstance(event, ContentsChanged):
            versions.setdefault(OF_CONTENTS, []).append(event.version)
            assert contents_of(event) != contents, "the same contents were told twice"
            contents = contents_of(event)
    assert all(each == list(range(1, len(each) + 1)) for each in versions.values())
    peril = any(not isinstance(each, NO_PERIL) for each in told.events)
    assert told.wake_at == END + (KEPT_WITH_PERIL if peril else KEPT_AFTER_END)


def contents_of(event: ContentsChanged) -> object:
    """All that a ContentsChanged may be told for."""
    packages = event.journey.packages
    known = [(each.package_id, each.lines, each.booked_at, each.contents_as_of, each.replaces) for each in packages]
    return known, event.journey.packages_in_order


def as_it_happens(draw: st.DrawFn, told_facts: Iterable[Event]) -> list[Known]:
    """Each fact becomes known some time after it occurred and the order was placed; its policy within a week, each
    version behind the one before it."""
    found: list[Known] = []
    policy_known = START
    for fact in told_facts:
        early = isinstance(fact, OrderPlaced | PolicyIssued | PolicyAmended)
        delay = timedelta(hours=6) * draw(st.integers(0, 7 if early else 80))
        known_at = max(START, fact.occurred_at + delay)
        if isinstance(fact, PolicyIssued | PolicyAmended):
            known_at = policy_known = max(policy_known, known_at)
        found.append(Known(fact, known_at))
    return found


@st.composite
def known_as_they_happen(draw: st.DrawFn) -> list[Known]:
    """Facts, each with when it becomes known."""
    return as_it_happens(draw, draw(facts()))


@st.composite
def known_repeatedly(draw: st.DrawFn) -> list[Known]:
    """Facts, some of them more than once, each with when it becomes known."""
    found = draw(facts())
    return as_it_happens(draw, [*found, *draw(st.lists(st.sampled_from(found), max_size=8))])


@st.composite
def in_two_sequences(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """Facts, and the same ones in another sequence; pricing's words about a policy lie on one topic, in their order."""
    found = draw(facts())
    other = draw(st.permutations(found))
    words = (each for each in found if isinstance(each, PolicyIssued | PolicyAmended))
    return found, [next(words) if isinstance(each, PolicyIssued | PolicyAmended) else each for each in other]


def with_etas(*mentions: tuple[float, float], package_ids: str = "A", scope: Scope = Scope.ORDER) -> list[Event]:
    """The carrier expects the packages, at the first of each pair, at the second; the policy as amended watches it."""
    watch = Watch(
        id="W-0:0:0",
        clock=Clock.CARRIER_ETA,
        kind=WatchKind.DEADLINE,
        after=timedelta(0),
        scope=scope,
        delivered_by=(DeliveredBy.DOOR,),
    )
    amended = policy_amended(at=1).model_copy(update={"watches": (watch,)})
    names = itertools.cycle(package_ids)
    scans = [scanned(K.LABEL_CREATED, said, next(names), eta=eta) for said, eta in mentions]
    return [order_placed(), policy_issued(), *scans, amended]


TWO_ETAS_AT_ONE_INSTANT = [*with_etas((0, 0), (0, -0.25)), *[scanned(K.LABEL_CREATED, 0)] * 10]
TWO_ETAS_OF_ONE_PACKAGE = with_etas((3, 4), (3, 2), scope=Scope.PACKAGE)
TWO_ETAS_OF_TWO_PACKAGES = with_etas((3, 2), (3, 4), package_ids="AB")
AN_ETA_THAT_IS_REPEATED = with_etas((2, 20), (3, 4), (3.5, 20), (5, 20))


def at_once(told_facts: list[Event]) -> list[Known]:
    """Each fact becomes known when it occurs, none before the order."""
    return [Known(fact, max(START, fact.occurred_at)) for fact in told_facts]


@settings(max_examples=EXAMPLES, deadline=None)
@given(known_as_they_happen())
@example(at_once(TWO_ETAS_AT_ONE_INSTANT))
@example(at_once(TWO_ETAS_OF_ONE_PACKAGE))
@example(at_once(TWO_ETAS_OF_TWO_PACKAGES))
@example(at_once(AN_ETA_THAT_IS_REPEATED))
def test_facts_learned_as_they_happen_lead_to_the_truth(known: list[Known]) -> None:
    told = story().given(*known)
    told.until(ANSWERED)
    check_against_oracle(told, [each.event for each in known])
    check_publications(told)


@settings(max_examples=EXAMPLES, deadline=None)
@given(known_repeatedly(), st.lists(QUARTERS, max_size=8))
def test_repetitions_and_wakes_for_nothing_change_nothing(known: list[Known], at: list[float]) -> None:
    wakes = sorted(at)
    told = story()
    for each in sorted(known, key=lambda each: each.at):
        while wakes and day(wakes[0]) <= each.at:
            told.wake(day(wakes.pop(0)))
        told.when(each)
    told.until(ANSWERED)
    check_against_oracle(told, [each.event for each in known])
    check_publications(told)


@settings(max_examples=EXAMPLES, deadline=None)
@given(in_two_sequences())
@example((TWO_ETAS_AT_ONE_INSTANT, TWO_ETAS_AT_ONE_INSTANT[::-1]))
@example((TWO_ETAS_OF_ONE_PACKAGE, TWO_ETAS_OF_ONE_PACKAGE[::-1]))
@example((TWO_ETAS_OF_TWO_PACKAGES, TWO_ETAS_OF_TWO_PACKAGES[::-1]))
@example((AN_ETA_THAT_IS_REPEATED, [*AN_ETA_THAT_IS_REPEATED[:3], *AN_ETA_THAT_IS_REPEATED[:2:-1]]))
def test_any_order_leads_to_the_same_facts_and_the_truth(in_two: tuple[list[Event], list[Event]]) -> None:
    one, other = story(), story()
    for told, told_facts in zip((one, other), in_two, strict=True):
        for fact in told_facts:
            told.when(fact, known_at=ALL_KNOWN)
    assert one.state is not None
    assert other.state is not None
    assert (one.state.packages, one.state.promises) == (other.state.packages, other.state.promises)
    for told in (one, other):
        told.until(ANSWERED)
        check_against_oracle(told, in_two[0])
        check_publications(told)


@settings(max_examples=50, deadline=None)
@given(st.data(), st.lists(st.tuples(QUARTERS, st.sampled_from(K)), max_size=120))
def test_what_is_kept_of_any_number_of_scans_is_bounded(
    data: st.DataObject, many: list[tuple[float, ScanKind]]
) -> None:
    told = story().given(order_placed(), policy_issued())
    for at, kind in many:
        told.when(scanned(kind, at, eta=at + data.draw(st.integers(0, 100))), known_at=ALL_KNOWN)
    assert told.state is not None
    for package in told.state.packages:
        assert len(package.scans) <= 2 * (len(K) + len(HandedTo))
        assert len(package.heard) <= MAX_STRETCHES
        assert len(package.etas) <= MAX_ETAS
    assert told.status.endswith("/dropped") is (told.state.dropped > 0)
