"""Wakes: only they conclude from silence, up to their due; there is none when nothing can change."""

from tests.support.tracking import (
    LATE,
    SILENT,
    booked,
    day,
    order_placed,
    policy_issued,
    scanned,
    story,
    the,
    verdicts,
    watch_says,
)
from waybond_contracts.delays import ShipmentDelayed
from waybond_contracts.shipments import ScanKind
from waybond_kit.aggregate import Woken
from waybond_tracking.decide import KEPT_AFTER_END, KEPT_WITH_PERIL, TICK, decide

K = ScanKind


def test_a_fact_known_after_the_due_concludes_nothing_from_what_may_still_be_unread() -> None:
    """An order event of day 31 is read before the delivery of day 26, as both topics are read side by side."""
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    outcome = decide(told.state, booked(1.5), day(31))
    assert (verdicts(outcome.events), outcome.wake_at) == ([], day(27))
    delivered = decide(outcome.state, scanned(K.DELIVERED, 26), day(31))
    woken = decide(delivered.state, Woken(day(27)), day(31))
    assert [type(each).__name__ for each in (*delivered.events, *woken.events)] == ["ShipmentDelivered"]


def test_a_wake_concludes_up_to_its_due_not_up_to_the_last_fact() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    known = decide(told.state, scanned(K.IN_TRANSIT, 20), day(36))
    woken = decide(known.state, Woken(day(27)), day(36))
    assert the(ShipmentDelayed, woken.events).watch_id == "TG-1:0:0"
    assert woken.wake_at == day(36) + TICK
    rest = decide(woken.state, Woken(day(36) + TICK), day(36) + TICK)
    assert the(ShipmentDelayed, rest.events).watch_id == "TG-1:0:1"


def test_a_wake_that_comes_too_early_arms_the_next_one() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    assert told.wake(day(10)) == ()
    assert told.wake_at == day(27)


def test_a_wake_for_an_earlier_due_takes_nothing_back() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.until(day(27))
    assert told.wake(day(20)) == ()
    assert told.wake_at == day(35)


def test_a_wake_of_an_order_without_state_is_nothing() -> None:
    assert decide(None, Woken(day(3)), day(3)).state is None


def test_the_next_wake_is_the_earliest_due_that_is_open() -> None:
    told = story().given(order_placed(promised=20), policy_issued(LATE, SILENT), booked(2))
    assert told.wake_at == day(27)
    told.given(scanned(K.PICKED_UP, 3))
    told.until(day(27))
    assert told.wake_at == day(33)
    told.until(day(33))
    assert told.wake_at == day(35)
    told.until(day(35))
    assert told.wake_at == day(200) + KEPT_WITH_PERIL


def test_once_it_arrived_in_time_nothing_but_the_end_wakes_it() -> None:
    told = story().given(order_placed(), policy_issued(LATE, SILENT), booked(2), scanned(K.DELIVERED, 10))
    assert told.wake_at == day(200) + KEPT_AFTER_END


def test_a_wake_repeated_publishes_nothing_again() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.until(day(27))
    assert told.wake(day(27.5)) == ()
    assert watch_says(told.events)["TG-1:0:0", "A"].version == 1
