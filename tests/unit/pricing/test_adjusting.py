"""A policy follows its order: amended, cancelled, refunded; as its product says."""

from datetime import datetime, timedelta

import pytest

from tests.support.pricing import (
    GUARANTEE,
    KNOWN_AT,
    PARCEL,
    PLACED_AT,
    PROMISED,
    Deciding,
    amended,
    asked_for,
    cancelled,
    catalogue,
    changed,
    placed,
    promise_changed,
    refunded,
    settings,
    token,
    usd,
)
from tests.support.story import Story
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.policies import DeclineReason, PolicyAmended, PolicyCancelled, PolicyDeclined, PolicyIssued
from waybond_pricing.catalogue import Catalogue
from waybond_pricing.state import MAX_REFUNDS, State, StateCodec
from waybond_pricing.terms import unearned

A_DAY_LATER = KNOWN_AT + timedelta(days=1)


def in_force(known: Catalogue | None = None, order: Event | None = None) -> Story[State]:
    telling = Story(Deciding(known), StateCodec())
    (issued,) = telling.when(order or placed(), KNOWN_AT)
    assert isinstance(issued, PolicyIssued)
    return telling


def sold_with(*rules: tuple[str, str], product: str = PARCEL) -> Catalogue:
    """A catalogue whose tenant sells the product under other rules."""
    key = f"{product.partition('@')[0]}@2026.11.99"
    return catalogue(settings(key, default=key), extra=(changed(product, *rules),))


def amendment(telling: Story[State], fact: Event, at: datetime = A_DAY_LATER) -> PolicyAmended:
    (event,) = telling.when(fact, at)
    assert isinstance(event, PolicyAmended), event
    return event


def cancellation(telling: Story[State], fact: Event, at: datetime = A_DAY_LATER) -> PolicyCancelled:
    (event,) = telling.when(fact, at)
    assert isinstance(event, PolicyCancelled), event
    return event


def test_an_amended_total_is_rated_again() -> None:
    telling = in_force()
    first = telling.events[0]
    assert isinstance(first, PolicyIssued)

    event = amendment(telling, amended(1, 12_000))

    assert (event.version, event.basis, event.reason) == (2, usd(12_000), "order_amended")
    assert event.premium.total.minor > first.premium.total.minor
    assert (event.policy_id, event.ends_at, event.watches) == (first.policy_id, first.ends_at, first.watches)


def test_an_amended_destination_gives_the_watches_of_its_lane() -> None:
    telling = in_force(order=placed(origin="BR"))

    event = amendment(telling, amended(1, destination="AR"))

    assert {watch.id for watch in event.watches} >= {"LO-2:0:0"}
    assert str(event.lane) == "BR-AR"


def test_a_product_may_keep_the_premium_of_an_amended_order() -> None:
    telling = in_force(sold_with(('on_amend = "rate_again"', 'on_amend = "keep_premium"')))
    first = telling.events[0]
    assert isinstance(first, PolicyIssued)

    event = amendment(telling, amended(1, 12_000))

    assert (event.basis, event.premium.total) == (usd(12_000), first.premium.total)


def test_an_order_amended_back_has_its_quoted_price_again() -> None:
    telling = in_force(order=placed(cover=asked_for(token=token())))

    assert amendment(telling, amended(1, 12_000)).premium.total != usd(333)
    assert amendment(telling, amended(2, 6_000)).premium.total == usd(333)


def test_an_amendment_that_changes_nothing_insured_is_silent() -> None:
    telling = in_force()

    assert telling.when(amended(1, 6_000), A_DAY_LATER) == ()
    assert telling.when(amended(2), A_DAY_LATER) == ()


def test_an_older_revision_changes_nothing() -> None:
    telling = in_force()
    amendment(telling, amended(2, 12_000))

    assert telling.when(amended(1, 9_000), A_DAY_LATER) == ()


@pytest.mark.parametrize(
    "facts",
    [
        (amended(4, 0, total=Money.of(1, "EUR")), amended(4, 1)),
        (refunded("R1", 100, currency="EUR"), refunded("R1", 100)),
    ],
)
def test_of_one_amount_in_two_currencies_it_does_not_count_which_came_first(facts: tuple[Event, Event]) -> None:
    one, other = in_force(), in_force()
    for n in range(2):
        one.when(facts[n], A_DAY_LATER + timedelta(seconds=n))
        other.when(facts[1 - n], A_DAY_LATER + timedelta(seconds=n))
    assert one.state is not None and other.state is not None
    assert (one.state.total, one.state.refunds) == (other.state.total, other.state.refunds)


def test_an_amendment_beyond_the_product_ends_the_policy_and_returns_what_is_unearned() -> None:
    telling = in_force()

    event = cancellation(telling, amended(1, 50_001))

    assert (event.reason, event.from_start, event.version) == ("value_over_limit", False, 2)
    assert event.premium_returned.minor > 0
    assert telling.status == "ended"


@pytest.mark.parametrize(
    ("second", "reason"), [(cancelled(), "order_cancelled"), (refunded("r1", 50_001), "order_refunded")]
)
def test_a_second_ending_neither_prolongs_cover_nor_takes_back_what_was_returned(second: Event, reason: str) -> None:
    telling = in_force()
    first = cancellation(telling, amended(1, 50_001), KNOWN_AT + timedelta(days=10))

    event = cancellation(telling, second, KNOWN_AT + timedelta(days=15))

    assert (event.reason, event.version) == (reason, 3)
    assert event.occurred_at == first.occurred_at == KNOWN_AT + timedelta(days=10)
    assert event.premium_returned == first.premium_returned
    assert event.premium_returned.minor > 0


def test_an_ending_that_gives_back_more_does_so_from_the_first_ending_on() -> None:
    telling = in_force()
    first = cancellation(telling, refunded("r1", 6_000), KNOWN_AT + timedelta(days=10))
    assert first.premium_returned == usd(0)

    event = cancellation(telling, cancelled(), KNOWN_AT + timedelta(days=15))

    issued = telling.events[0]
    assert isinstance(issued, PolicyIssued)
    assert event.occurred_at == first.occurred_at
    assert event.premium_returned == unearned(
        issued.premium.total, issued.attached_at, issued.ends_at, first.occurred_at
    )


def test_a_policy_that_was_put_in_force_again_ends_when_it_ends() -> None:
    telling = in_force()
    first = cancellation(telling, amended(1, 50_001), KNOWN_AT + timedelta(days=10))
    amendment(telling, amended(2, 6_000), KNOWN_AT + timedelta(days=12))

    event = cancellation(telling, cancelled(), KNOWN_AT + timedelta(days=30))

    assert event.occurred_at == KNOWN_AT + timedelta(days=30)
    assert event.premium_returned.minor < first.premium_returned.minor


def test_an_order_amended_back_into_the_product_is_in_force_again() -> None:
    telling = in_force()
    cancellation(telling, amended(1, 50_001))

    event = amendment(telling, amended(2, 40_000))

    assert (event.version, event.reason, event.basis) == (3, "reinstated", usd(40_000))
    assert telling.status == "in_force"


def test_an_amendment_in_another_currency_ends_the_policy() -> None:
    telling = in_force()

    event = cancellation(telling, amended(1, 1, total=Money.of(6_000, "EUR")))

    assert event.reason == "not_offered"


@pytest.mark.parametrize(
    ("rule", "from_start", "share"),
    [("refund_premium", True, 1), ("refund_unearned", False, 0.5), ("keep_premium", False, 0)],
)
def test_a_cancelled_order_ends_the_policy_as_the_product_says(rule: str, from_start: bool, share: float) -> None:
    known = sold_with(('on_cancel = "refund_unearned"', f'on_cancel = "{rule}"'))
    telling = in_force(known, placed(cover=asked_for()))
    issued = telling.events[0]
    assert isinstance(issued, PolicyIssued)
    half_way = issued.attached_at + (issued.ends_at - issued.attached_at) / 2

    event = cancellation(telling, cancelled(), half_way)

    assert (event.reason, event.from_start) == ("order_cancelled", from_start)
    assert abs(event.premium_returned.minor - share * issued.premium.total.minor) <= 0.5
    assert event.occurred_at == half_way


def test_a_cancellation_told_twice_ends_the_policy_once() -> None:
    telling = in_force()
    cancellation(telling, cancelled())

    assert telling.when(cancelled(), A_DAY_LATER + timedelta(hours=1)) == ()
    assert telling.when(amended(3, 7_000), A_DAY_LATER + timedelta(hours=1)) == ()


def test_an_order_that_was_cancelled_before_it_was_known_gets_no_cover() -> None:
    telling = Story(Deciding(), StateCodec())
    assert telling.when(cancelled(), PLACED_AT) == ()

    (event,) = telling.when(placed(), KNOWN_AT)

    assert isinstance(event, PolicyDeclined)
    assert event.reason is DeclineReason.ALREADY_ENDED


def test_an_amendment_that_comes_before_its_order_is_applied_to_it() -> None:
    telling = Story(Deciding(), StateCodec())
    telling.when(amended(1, 12_000), PLACED_AT)

    issued, event = telling.when(placed(), KNOWN_AT)

    assert isinstance(issued, PolicyIssued)
    assert isinstance(event, PolicyAmended)
    assert (issued.basis, event.basis, event.version) == (usd(6_000), usd(12_000), 2)


def test_a_partial_refund_changes_nothing_here_and_a_full_one_ends_the_policy() -> None:
    telling = in_force()

    assert telling.when(refunded("r1", 5_999), A_DAY_LATER) == ()
    assert telling.when(refunded("r1", 5_999), A_DAY_LATER) == ()
    event = cancellation(telling, refunded("r2", 1))

    assert (event.reason, event.premium_returned) == ("order_refunded", usd(0))


def test_a_product_may_return_the_unearned_premium_of_a_refunded_order() -> None:
    telling = in_force(catalogue(settings(GUARANTEE, default=GUARANTEE)))

    assert cancellation(telling, refunded("r1", 6_000)).premium_returned.minor > 0


def test_of_one_refund_told_with_two_amounts_the_larger_counts() -> None:
    telling = in_force()

    telling.when(refunded("r1", 6_000), A_DAY_LATER)
    assert telling.status == "ended"
    assert telling.when(refunded("r1", 100), A_DAY_LATER) == ()
    assert telling.status == "ended"


def test_a_refund_in_another_currency_does_not_count() -> None:
    telling = in_force()

    assert telling.when(refunded("r1", 9_999_999, currency="JPY"), A_DAY_LATER) == ()


def test_more_refunds_than_an_order_may_have_are_refused_by_name() -> None:
    telling = in_force(order=placed(50_000))
    for n in range(MAX_REFUNDS):
        telling.when(refunded(f"r{n}", 1), A_DAY_LATER)

    with pytest.raises(ContractError, match=r"refund_ref: expected at most 100 refunds of one order, got one-too-many"):
        telling.when(refunded("one-too-many", 1), A_DAY_LATER)


def test_a_changed_promise_changes_neither_policy_nor_price() -> None:
    telling = in_force()

    assert telling.when(promise_changed(1, PROMISED + timedelta(days=30)), A_DAY_LATER) == ()
    assert Story(Deciding(), StateCodec()).when(promise_changed(1, PROMISED), PLACED_AT) == ()


def test_facts_without_an_order_leave_no_state_after_thirty_days() -> None:
    telling = Story(Deciding(), StateCodec())
    telling.when(refunded("r1", 10), KNOWN_AT)

    telling.until(KNOWN_AT + timedelta(days=30))

    assert telling.state is None


def test_a_policy_goes_on_by_the_text_it_was_bound_under_though_the_file_is_gone() -> None:
    deciding = Deciding(sold_with(("max_order_value", "# higher than before\nmax_order_value")))
    telling = Story(deciding, StateCodec())
    telling.when(placed(), KNOWN_AT)
    deciding.catalogue = catalogue()

    assert amendment(telling, amended(1, 12_000)).basis == usd(12_000)


def test_an_event_that_is_none_of_an_order_is_refused_by_name() -> None:
    telling = in_force()

    with pytest.raises(ContractError, match=r"type: expected an event of an order, got io\.waybond\.PolicyIssued"):
        telling.when(telling.events[0], A_DAY_LATER)
