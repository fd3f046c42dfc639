"""Policies: facts that wait for one, cover that ends or changes, orders that leave no state."""

import pytest

from tests.support.story import Known
from tests.support.tracking import (
    LATE,
    ORDER,
    SILENT,
    booked,
    checked,
    clause,
    day,
    only,
    order_placed,
    policy_amended,
    policy_cancelled,
    policy_declined,
    policy_issued,
    promise_changed,
    scanned,
    seen_says,
    story,
    the,
    watch_says,
)
from waybond_contracts.delays import ShipmentDelayed, ShipmentDelivered, WatchFellDue
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.orders import OrderCancelled
from waybond_contracts.shipments import ScanKind
from waybond_tracking.clocks import MAX_PROMISES
from waybond_tracking.decide import KEPT_AFTER_END, KEPT_WITH_PERIL, KEPT_WITHOUT_POLICY

K = ScanKind


def test_scans_before_their_policy_count_once_it_comes() -> None:
    told = story().given(scanned(K.PICKED_UP, -1), order_placed(), booked(1), scanned(K.DELIVERED, 2))
    assert (told.events, told.status) == ((), "no_policy")
    delivered = the(ShipmentDelivered, told.when(policy_issued(LATE), known_at=day(3)))
    assert delivered.policy_id == "policy-1001"
    assert [each.kind for each in (delivered.journey.packages[0].first_scan,) if each] == [K.PICKED_UP]


def test_a_policy_before_its_order_waits_for_the_clock() -> None:
    told = story().given(policy_issued(LATE), Known(order_placed(promised=20), day(1)))
    assert the(ShipmentDelayed, told.until(day(27))).clock_start == day(20)


@pytest.mark.parametrize(
    "fact", [order_placed(), booked(0), scanned(K.PICKED_UP, 0), checked(0), promise_changed(0, 9)]
)
def test_facts_of_which_pricing_never_speaks_are_left_in_the_end(fact: Event) -> None:
    told = story().given(fact)
    assert told.wake_at == day(0) + KEPT_WITHOUT_POLICY
    told.until(day(399))
    assert told.state is not None
    told.until(day(400))
    assert (told.state, told.wake_at) == (None, None)


def test_that_time_begins_anew_when_the_order_becomes_known() -> None:
    told = story().given(scanned(K.PICKED_UP, 1), Known(order_placed(), day(5)))
    told.until(day(404))
    assert told.state is not None
    told.until(day(405))
    assert told.state is None


def test_an_order_that_pricing_held_for_weeks_is_watched_from_its_first_day() -> None:
    told = story().given(order_placed(), booked(1), scanned(K.PICKED_UP, 2))
    told.until(day(50))
    late = watch_says(told.when(policy_issued(LATE), known_at=day(50)) + told.until(day(50.1)))
    assert late["TG-1:0:0", "A"].breached


def test_a_declined_order_leaves_no_state() -> None:
    told = story().given(order_placed(), policy_declined(0.1))
    assert (told.state, told.events) == (None, ())


def test_a_decline_of_an_unknown_order_is_nothing() -> None:
    assert story().given(policy_declined()).state is None


def test_a_decline_after_a_policy_ends_nothing() -> None:
    told = story().given(order_placed(), policy_issued(LATE), policy_declined(1))
    told.until(day(27))
    assert watch_says(told.events)["TG-1:0:0", None].breached


def test_a_watch_beyond_the_end_of_cover_is_not_watched() -> None:
    told = story().given(order_placed(), policy_issued(LATE, ends=30), booked(2))
    told.until(day(36))
    assert list(watch_says(told.events)) == [("TG-1:0:0", "A")]


def test_a_watch_that_falls_due_as_cover_ends_counts() -> None:
    told = story().given(order_placed(), policy_issued(LATE, ends=27), booked(2))
    told.until(day(34))
    assert watch_says(told.events)["TG-1:0:0", "A"].breached


def test_what_arrives_soon_after_the_end_is_still_said_then_the_order_is_left() -> None:
    told = story().given(order_placed(), policy_issued(LATE, ends=26), booked(2))
    told.given(scanned(K.DELIVERED, 30))
    assert seen_says(told.events)["ShipmentDelivered", "A"].standing
    assert told.wake_at == day(26) + KEPT_AFTER_END
    told.until(day(33))
    assert (told.state, told.wake_at) == (None, None)


def test_a_parcel_that_was_told_lost_is_told_to_arrive_long_after_the_end() -> None:
    told = story().given(order_placed(), policy_issued(SILENT), booked(2), scanned(K.LOST, 10), policy_cancelled(15))
    told.until(day(60))
    told.given(scanned(K.DELIVERED, 61))
    assert seen_says(told.events)["ShipmentDelivered", "A"].standing
    told.until(day(15) + KEPT_WITH_PERIL)
    assert (told.state, told.wake_at) == (None, None)


def test_a_policy_published_again_long_after_its_end_starts_nothing() -> None:
    told = story().given(Known(policy_issued(LATE, ends=40), day(47)), Known(order_placed(), day(47)))
    told.until(day(199))
    assert told.events == ()


def test_cancelled_cover_watches_until_then() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2), policy_cancelled(28))
    told.until(day(34.9))
    assert list(watch_says(told.events)) == [("TG-1:0:0", "A")]
    assert watch_says(told.events)["TG-1:0:0", "A"].breached
    assert told.wake_at == day(28) + KEPT_WITH_PERIL


def test_a_cancellation_learned_late_takes_back_what_fell_due_after_it() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.until(day(28))
    told.when(policy_cancelled(25), known_at=day(28))
    assert not watch_says(told.events)["TG-1:0:0", "A"].breached


def test_cover_that_never_was_takes_everything_back() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.until(day(28))
    told.given(policy_cancelled(28, from_start=True))
    assert not watch_says(told.events)["TG-1:0:0", "A"].breached
    assert told.wake_at is not None


def test_a_cancellation_before_its_policy_is_kept_for_it() -> None:
    told = story().given(order_placed(), policy_cancelled(0.5), Known(policy_issued(LATE), day(1)))
    told.until(day(199))
    assert (told.events, told.state) == ((), None)


def test_what_is_put_in_force_again_weeks_later_is_watched_on() -> None:
    """Cancelled on day 3, in force again on day 30. It was promised for day 20: it is late by 15 days on day 35."""
    told = story().given(order_placed(), policy_issued(LATE), booked(2), policy_cancelled(3))
    told.until(day(29))
    told.given(policy_amended(LATE, at=30, version=3))
    told.until(day(36))
    assert watch_says(told.events)["TG-1:0:1", "A"].due == day(35)


def test_a_later_version_of_the_terms_revives_a_cancelled_policy() -> None:
    told = story().given(
        order_placed(), policy_issued(LATE), policy_cancelled(3), policy_amended(LATE, at=4, version=3)
    )
    assert the(ShipmentDelayed, told.until(day(27))).breached


def test_new_watches_replace_the_old_ones() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.given(policy_amended(clause("promised_latest", "P9D", name="TG-1"), at=10))
    told.until(day(199))
    assert [(each.watch_id, each.due) for each in only(ShipmentDelayed, told.events)] == [("TG-1:0:0", day(29))]


def test_what_was_missed_before_its_watch_was_gone_stays_missed() -> None:
    """Late on day 27; on day 28 the order goes where nothing is promised. That it is late by 15 days on day 35 is said
    of nobody any more."""
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.until(day(28))
    assert told.when(policy_amended(SILENT, at=28)) == ()
    told.until(day(60))
    assert watch_says(told.events).keys() == {("TG-1:0:0", "A")}
    assert watch_says(told.events)["TG-1:0:0", "A"].breached


def test_what_is_missed_before_its_watch_is_gone_is_told_though_the_amendment_is_known_first() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.until(day(26))
    told.when(policy_amended(SILENT, at=28), known_at=day(26))
    told.until(day(60))
    assert watch_says(told.events).keys() == {("TG-1:0:0", "A")}


def test_an_arrival_that_is_told_late_takes_back_what_was_missed_under_a_watch_that_is_gone() -> None:
    told = story().given(order_placed(), policy_issued(LATE), booked(2))
    told.until(day(28))
    told.when(policy_amended(SILENT, at=28))
    told.when(scanned(K.DELIVERED, 26), known_at=day(29))
    assert not watch_says(told.events)["TG-1:0:0", "A"].breached


def test_an_older_version_of_the_terms_changes_nothing() -> None:
    told = story().given(order_placed(), policy_amended(SILENT, at=2, version=3), Known(policy_issued(LATE), day(3)))
    told.until(day(199))
    assert only(WatchFellDue, told.events) == []
    assert told.state is not None
    assert told.state.policy is not None
    assert (told.state.policy.version, told.state.policy.attached_at) == (3, day(0))


def test_a_second_policy_for_an_order_is_refused() -> None:
    told = story().given(order_placed(), policy_issued(LATE))
    other = policy_issued(LATE).model_copy(update={"policy_id": "policy-2"})
    with pytest.raises(ContractError, match=r"policy_id: expected the order's one policy policy-1001"):
        told.when(other)


def test_events_that_say_nothing_of_parcels_change_nothing() -> None:
    cancelled = OrderCancelled(**ORDER, occurred_at=day(1))
    assert story().given(cancelled).state is None
    told = story().given(order_placed(), policy_issued(LATE))
    before = (told.state, told.wake_at)
    assert told.when(cancelled) == ()
    assert (told.state, told.wake_at) == before


def test_only_so_many_promises_are_kept_and_the_status_says_so() -> None:
    told = story().given(order_placed(), policy_issued(LATE, cover='promise = "as_amended"'))
    told.given(*(promise_changed(1 + i / 100, 20 + i, revision=i) for i in range(MAX_PROMISES + 2)))
    assert told.status == "watching/dropped"
    assert the(ShipmentDelayed, told.until(day(27 + MAX_PROMISES + 1))).clock_start == day(20 + MAX_PROMISES + 1)
