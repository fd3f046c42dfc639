"""The remainder: goods that no package holds are watched like a package, beside the packages that are known.

The order has lines of 60 (line a) and 40 (line b). Each is one piece, promised for day 20. The late clause falls due
after 7 and 15 days, that of goods that never come 45 days after the promise.
"""

from collections.abc import Iterable

import msgspec
import pytest

from tests.support.story import Story
from tests.support.tracking import (
    HEAD,
    LATE,
    booked,
    checked,
    clause,
    day,
    only,
    order_amended,
    order_line,
    order_placed,
    pieces,
    policy_issued,
    promise_changed,
    scanned,
    story,
    the,
    watch_says,
)
from waybond_contracts.delays import ContentsChanged, Feed, ShipmentDelayed, TrackingCheckRequested, WatchFellDue
from waybond_contracts.event import Event
from waybond_contracts.shipments import PackageLine, ScanKind
from waybond_contracts.wording import Scope
from waybond_tracking.codec import StateCodec
from waybond_tracking.state import State

K = ScanKind
LINES = (order_line("a", 6_000), order_line("b", 4_000))
A, B = pieces(a=1), pieces(b=1)
NEVER_CAME = clause("promised_latest", "P45D", name="LO")
TIER_1, TIER_2, LOST = "TG-1:0:0", "TG-1:0:1", "LO:0:0"


def told(*facts: Event) -> Story[State]:
    """An order of two lines, and what happens to it."""
    return story().given(order_placed(lines=LINES), policy_issued(LATE, NEVER_CAME), *facts)


def breached(events: Iterable[Event]) -> list[tuple[str, str | None]]:
    """Watches and packages (None: the remainder) that stand as broken."""
    return sorted((key for key, each in watch_says(events).items() if each.breached), key=str)


def steps(events: Iterable[Event]) -> list[tuple[str, str | None, bool]]:
    """What was told of watches, in the order in which it was."""
    return [(each.watch_id, each.package_id, each.breached) for each in only(WatchFellDue, events)]


def test_goods_that_are_never_shipped_are_late_and_lost_beside_a_package_that_arrived() -> None:
    shipped = told(booked(2, "A", lines=A), scanned(K.DELIVERED, 9, "A"))

    late = the(ShipmentDelayed, shipped.until(day(27)))
    assert (late.package_id, late.scope, late.clock_start, late.due) == (None, Scope.PACKAGE, day(20), day(27))
    assert steps(shipped.until(day(64))) == [(TIER_2, None, True)]
    assert steps(shipped.until(day(65))) == [(LOST, None, True)]
    assert shipped.until(day(199)) == ()


def test_a_late_booking_takes_over_what_was_due_for_the_remainder() -> None:
    """Package B is booked on day 28, a day after the remainder went late."""
    shipped = told(booked(2, "A", lines=A), scanned(K.DELIVERED, 9, "A"))
    shipped.until(day(27))

    published = shipped.when(booked(28, "B", lines=B))
    assert steps(published) == [(TIER_1, "B", True), (TIER_1, None, False)]
    assert [each.journey.contents_version for each in only(WatchFellDue, published)] == [2, 2]
    assert [each.package_id for each in the(ContentsChanged, published).journey.packages] == ["A", "B"]
    assert steps(shipped.until(day(35))) == [(TIER_2, "B", True)]


def test_goods_that_are_booked_in_time_are_never_told_as_late() -> None:
    shipped = told(booked(2, "A", lines=A), booked(12, "B", lines=B))
    shipped.given(scanned(K.DELIVERED, 9, "A"), scanned(K.DELIVERED, 18, "B"))
    shipped.until(day(199))
    assert only(WatchFellDue, shipped.events) == []


def test_each_package_and_the_remainder_are_late_alone() -> None:
    shipped = told(booked(2, "A", lines=A))
    shipped.until(day(27))
    assert breached(shipped.events) == [(TIER_1, "A"), (TIER_1, None)]


def test_the_remainder_keeps_its_key_from_when_it_was_the_whole_order() -> None:
    shipped = told()
    shipped.until(day(27))
    assert steps(shipped.when(booked(28, "A", lines=A))) == [(TIER_1, "A", True)]
    assert breached(shipped.events) == [(TIER_1, "A"), (TIER_1, None)]


@pytest.mark.parametrize(
    "bookings",
    [
        pytest.param([booked(2, "A")], id="a package of which nobody says what it holds"),
        pytest.param([booked(2, "A", packages=1)], id="the only package that is announced"),
        pytest.param([booked(2, "A", lines=[*A, *B])], id="all lines"),
        pytest.param([booked(2, "A", lines=[*B, *A])], id="all lines, said the other way round"),
        pytest.param([booked(2, "A", lines=pieces(a=1, x=1))], id="a line that the order does not have"),
        pytest.param(
            [booked(2, "A", lines=A), booked(2, "B")], id="one that holds something, one of which nobody knows"
        ),
        pytest.param([booked(2, "A", lines=A), booked(2, "B", lines=B, packages=3)], id="more announced than there is"),
        pytest.param([booked(2, "A", packages=2), booked(2, "B", packages=2)], id="as many as are announced"),
        pytest.param([scanned(K.PICKED_UP, 2, "A")], id="a package that nobody booked"),
    ],
)
def test_nothing_is_left_beside(bookings: list[Event]) -> None:
    shipped = told(*bookings)
    shipped.until(day(27))
    assert (TIER_1, None) not in breached(shipped.events)


@pytest.mark.parametrize(
    "bookings",
    [
        pytest.param([booked(2, "A", lines=B)], id="the dearer line"),
        pytest.param([booked(2, "A", packages=2)], id="a package that is announced and not booked"),
        pytest.param([booked(2, "A", lines=pieces(x=1), packages=2)], id="unknown lines, another package announced"),
        pytest.param([booked(2, "A", lines=A), booked(2, "B", packages=3)], id="a third package that is announced"),
        pytest.param([booked(2, "A", lines=A), booked(3, "B", lines=A)], id="one line twice"),
        pytest.param([booked(2, "A", lines=[*A, *B]), booked(3, "A", lines=A)], id="booked again with less"),
    ],
)
def test_something_is_left_beside(bookings: list[Event]) -> None:
    shipped = told(*bookings)
    shipped.until(day(27))
    assert (TIER_1, None) in breached(shipped.events)


def test_a_line_in_pieces_is_left_until_its_last_piece_is_booked() -> None:
    shipped = story().given(order_placed(lines=[order_line("a", 9_000, 3)]), policy_issued(LATE))
    shipped.given(booked(2, "A", lines=pieces(a=1)), booked(3, "B", lines=pieces(a=1)))
    shipped.until(day(27))
    assert (TIER_1, None) in breached(shipped.events)
    assert (TIER_1, None, False) in steps(shipped.when(booked(28, "C", lines=pieces(a=1))))


def test_a_line_that_cost_nothing_is_not_missed() -> None:
    shipped = story().given(order_placed(lines=[order_line("a", 6_000), order_line("gift", 0)]), policy_issued(LATE))
    shipped.given(booked(2, "A", lines=A), scanned(K.DELIVERED, 9, "A"))
    shipped.until(day(199))
    assert only(WatchFellDue, shipped.events) == []


def test_an_order_that_cost_nothing_has_packages_of_unknown_contents() -> None:
    free = order_placed(lines=[order_line("a", 0), order_line("b", 0)])
    shipped = story().given(free, policy_issued(LATE), booked(2, "A", lines=A))
    shipped.until(day(27))
    assert breached(shipped.events) == [(TIER_1, "A")]


def test_the_newest_lines_of_the_order_count() -> None:
    shipped = told(booked(2, "A", lines=A), order_amended(3, LINES[0], order_line("c", 1_000), revision=2))
    shipped.given(order_amended(4, LINES[0], revision=1))
    shipped.until(day(27))
    assert breached(shipped.events) == [(TIER_1, "A"), (TIER_1, None)]
    # The line is amended away: nothing is missing any more.
    assert steps(shipped.when(order_amended(28, LINES[0], revision=3))) == [(TIER_1, None, False)]


@pytest.mark.parametrize("first", [0, 1])
def test_lines_of_an_amendment_that_is_known_before_the_order_or_twice_are_the_same(first: int) -> None:
    """Of two amendments of one revision the larger counts, as in claims; a person looks at it there."""
    both = [order_amended(1, LINES[0]), order_amended(1, *LINES)]
    shipped = story().given(both[first], both[1 - first], policy_issued(LATE), booked(2, "A", lines=A))
    shipped.when(order_placed(lines=[LINES[0]]), known_at=day(3))
    shipped.until(day(27))
    assert (TIER_1, None) in breached(shipped.events)


# replacements


def test_what_is_shipped_again_takes_nothing_over() -> None:
    """A is lost; R ships line a once more, and says so. Line b is still nowhere."""
    shipped = told(booked(2, "A", lines=A), booked(30, "R", lines=A, replaces="A"))
    shipped.until(day(65))
    assert (LOST, None) in breached(shipped.events)


def test_pieces_that_a_replacement_brings_beside_are_no_longer_missing() -> None:
    shipped = told(booked(2, "A", lines=A), booked(3, "R", lines=[*A, *B], replaces="A"))
    shipped.until(day(27))
    assert breached(shipped.events) == [(TIER_1, "A"), (TIER_1, "R")]


def test_of_a_line_in_pieces_a_replacement_does_not_take_those_that_are_still_to_come() -> None:
    """Three pieces are ordered, one is shipped as A and once more as R: two are still to come."""
    shipped = story().given(order_placed(lines=[order_line("a", 9_000, 3)]), policy_issued(LATE))
    shipped.given(booked(2, "A", lines=pieces(a=1)), booked(3, "R", lines=pieces(a=1), replaces="A"))
    shipped.given(booked(4, "B", lines=pieces(a=1)), booked(5, "S", lines=pieces(a=1), replaces="R"))
    shipped.until(day(27))
    assert (TIER_1, None) in breached(shipped.events)
    assert (TIER_1, None, False) in steps(shipped.when(booked(28, "C", lines=pieces(a=1))))


@pytest.mark.parametrize("of_original", [(), pieces(a=1, b=1)])
def test_a_replacement_of_which_nobody_says_what_it_holds_is_not_an_announced_package(
    of_original: tuple[PackageLine, ...],
) -> None:
    """Two packages are announced. R is the first one once more, so the second is still to come, unless nothing is left
    for it."""
    shipped = told(booked(2, "A", lines=of_original, packages=2), booked(3, "R", replaces="A"))
    shipped.until(day(27))
    assert ((TIER_1, None) in breached(shipped.events)) is (not of_original)


@pytest.mark.parametrize("names", [("Z", None), ("A", None), ("B", "A")])
def test_a_replacement_of_nothing_is_a_package_like_any_other(names: tuple[str, str | None]) -> None:
    """A names a package that is not there, itself, or B, which names A."""
    shipped = told(booked(2, "A", lines=A, replaces=names[0]), booked(3, "B", lines=B, replaces=names[1]))
    shipped.until(day(27))
    assert breached(shipped.events) == [(TIER_1, "A"), (TIER_1, "B")]


# clocks and carriers


def test_the_clocks_of_a_package_do_not_run_for_the_remainder() -> None:
    of_packages = ["fulfilment", "label", "first_scan", "carrier_eta", "delivered"]
    of_order = ["order", "payment", "promised_latest"]
    clauses = [clause(clock, "P30D", name=f"C{i}") for i, clock in enumerate((*of_packages, *of_order))]
    shipped = story().given(order_placed(paid=0.5, lines=LINES), policy_issued(*clauses), booked(2, "A", lines=A))
    shipped.given(scanned(K.LABEL_CREATED, 2, "A", eta=8), scanned(K.PICKED_UP, 3, "A"), scanned(K.DELIVERED, 90, "A"))
    shipped.until(day(199))
    late = {each.clock.value for (_, unit), each in watch_says(shipped.events).items() if unit is None}
    assert late == {*of_order}


def test_the_remainder_follows_changed_promises_where_the_wording_does() -> None:
    cover = HEAD.replace('period = "P200D"', 'period = "P200D", promise = "as_amended"')
    follows = policy_issued(body=cover + LATE)
    shipped = story().given(order_placed(lines=LINES), follows, booked(2, "A", lines=A, promised=10))
    shipped.given(promise_changed(5, 40))
    shipped.until(day(46))
    assert (TIER_1, None) not in breached(shipped.events)
    shipped.until(day(47))
    assert watch_says(shipped.events)[TIER_1, None].due == day(47)


def test_nobody_can_be_asked_about_goods_that_nobody_booked() -> None:
    asks = policy_issued(clause("promised_latest", "P7D", extra="ask_carrier = true"))
    shipped = story().given(order_placed(lines=LINES), asks, booked(2, "A", lines=A))
    shipped.given(scanned(K.DELIVERED, 9, "A"), checked(28, "A"))
    assert only(TrackingCheckRequested, shipped.events) == []
    shipped.until(day(29))
    assert watch_says(shipped.events)["C:0:0", None].feed is Feed.UNANSWERED


def test_with_scope_order_an_order_of_which_goods_are_left_has_not_arrived() -> None:
    whole = policy_issued(clause("promised_latest", "P7D", extra='scope = "order"'))
    shipped = story().given(order_placed(lines=LINES), whole, booked(2, "A", lines=A), scanned(K.DELIVERED, 9, "A"))
    shipped.until(day(199))
    assert breached(shipped.events) == [("C:0:0", None)]


@pytest.mark.parametrize("clock", ["first_scan", "fulfilment"])
def test_goods_that_are_shipped_again_do_not_start_the_orders_clock_anew(clock: str) -> None:
    """A is on its way since day 4 and due 21 days later. R ships the same goods once more, on day 19."""
    whole = policy_issued(clause(clock, "P21D", extra='scope = "order"'))
    shipped = story().given(order_placed(lines=LINES), whole, booked(4, "A", lines=[*A, *B]))
    shipped.given(scanned(K.PICKED_UP, 4, "A"), booked(17, "R", lines=A, replaces="A"), scanned(K.PICKED_UP, 19, "R"))
    shipped.until(day(30))
    assert watch_says(shipped.events)["C:0:0", None].due == day(25)


def test_a_package_that_brings_something_beside_what_it_ships_again_has_a_clock_of_its_own() -> None:
    whole = policy_issued(clause("first_scan", "P21D", extra='scope = "order"'))
    shipped = story().given(order_placed(lines=LINES), whole, booked(4, "A", lines=A), scanned(K.PICKED_UP, 4, "A"))
    shipped.given(booked(17, "R", lines=[*A, *B], replaces="A"), scanned(K.PICKED_UP, 19, "R"))
    shipped.until(day(45))
    assert watch_says(shipped.events)["C:0:0", None].due == day(40)


# orders that became known before tracking kept their lines


def test_an_order_whose_lines_were_not_kept_has_no_remainder_beside_a_package() -> None:
    before = story().given(order_placed(lines=LINES), policy_issued(LATE)).state
    assert before is not None
    raw = msgspec.json.decode(StateCodec().encode(before)[0])
    for name in ("lines", "free", "contents_version"):
        raw.pop(name, None)
    shipped = story()
    shipped.state = StateCodec().decode(4, msgspec.json.encode(raw), StateCodec().encode(before)[1])
    shipped.now = day(1)
    shipped.given(booked(2, "A", lines=A), scanned(K.DELIVERED, 9, "A"))
    shipped.until(day(199))
    assert only(WatchFellDue, shipped.events) == []
