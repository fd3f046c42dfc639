"""What is counted of buyers, addresses, cards and sellers: of other orders, within bounds, once."""

from datetime import timedelta

import pytest

from tests.support.signals import World, day, filed, hindered, opened, placed, refunded, returned
from waybond_contracts.shipments import ScanKind
from waybond_contracts.signals import (
    MAX_SEEN,
    Happening,
    OrderObserved,
    SignalsTold,
    SubjectAsked,
    SubjectKind,
    SubjectTold,
)
from waybond_signals.decide import decide
from waybond_signals.orders import digest
from waybond_signals.state import SubjectState
from waybond_signals.subjects import observed


def test_others_claims_are_counted_and_the_orders_own_is_not() -> None:
    world = World()
    for order in ("1", "2", "3"):
        world.given(placed(order, 0, buyer="ann"), filed(order, 20))
    assert world.facts("3")["buyer claims_90d"] == 2
    assert "buyer claims_90d" not in world.facts("1")


def test_an_answer_names_the_orders_the_newest_first() -> None:
    world = World()
    for order, at in (("1", 20), ("2", 21), ("3", 22)):
        world.given(placed(order, at - 20, address="flat"), filed(order, at))
    told = world.told("3")
    assert told is not None
    named = {(each.of, each.fact): each.orders for each in told.facts}
    assert named[SubjectKind.ADDRESS, "claims_30d"] == ("shop/2", "shop/1")


def test_a_claim_is_forgotten_after_its_window() -> None:
    """The claim of day 20 is 30 days old on day 50, and 90 days old on day 110."""
    world = World()
    world.given(placed("1", 0, buyer="ann"), filed("1", 20))
    for order, at in (("2", 49), ("3", 50), ("4", 109), ("5", 110)):
        world.given(placed(order, at, buyer="ann"), opened(order, at))
    counted = [(world.facts(order).get("buyer claims_30d"), world.facts(order)["buyer claims_90d"]) for order in "2345"]
    assert counted == [(1, 1), (1, 2), (None, 3), (1, 3)]


def test_velocity_is_counted_over_24_hours() -> None:
    world = World()
    for number, at in enumerate((0, 0.5, 1.2, 1.4)):
        world.given(placed(str(number), at, card="card"))
    world.given(opened("3", 1.45))
    assert world.facts("3")["card orders_1d"] == 2


def test_returns_and_addresses_that_nobody_finds_are_counted() -> None:
    world = World()
    world.given(placed("1", 0, address="nowhere"), hindered("1", 9, ScanKind.ADDRESS_PROBLEM), returned("1", 10))
    world.given(placed("2", 0, address="nowhere"), hindered("2", 11, ScanKind.CUSTOMS_HELD))
    world.given(placed("3", 0, address="nowhere"), opened("3", 20))
    facts = world.facts("3")
    assert (facts["address returned_90d"], facts["address undeliverable_90d"]) == (1, 1)


def test_a_payment_counts_once_the_order_is_claimed() -> None:
    """What a clock pays by itself nobody asked for."""
    world = World()
    world.given(placed("1", 0, buyer="ann"), refunded("1", 15))
    world.given(placed("2", 0, buyer="ann"), opened("2", 20))
    assert "buyer paid_90d" not in world.facts("2")
    world.given(opened("1", 30), placed("3", 31, buyer="ann"), opened("3", 40))
    assert world.facts("3")["buyer paid_90d"] == 1


def test_different_buyers_and_cards_at_one_address_are_counted() -> None:
    """Ann has ordered once more with another card: two other buyers, and three cards that are not this order's."""
    world = World()
    for order, buyer, card in (("1", "ann", "a1"), ("2", "ann", "a2"), ("3", "bob", "b"), ("4", "eve", "e")):
        world.given(placed(order, 0, buyer=buyer, address="flat", card=card))
    world.given(opened("4", 20))
    facts = world.facts("4")
    assert (facts["address buyers"], facts["address cards"]) == (2, 3)


def test_two_platforms_buyers_of_one_name_are_two() -> None:
    one, other = (digest("demo", platform, SubjectKind.BUYER, "17") for platform in ("shop", "mall"))
    assert one != other


@pytest.mark.parametrize("first", ["order", "complaint"])
def test_the_order_in_which_facts_come_does_not_matter(first: str) -> None:
    world = World()
    world.given(placed("1", 0, buyer="ann"), opened("1", 20))
    facts = [placed("2", 21, buyer="ann"), opened("2", 21)]
    world.given(*(facts if first == "order" else reversed(facts)))
    assert world.facts("2")["buyer claims_90d"] == 1


def test_what_is_told_twice_counts_once() -> None:
    world = World()
    world.given(*[placed("1", 0, buyer="ann"), opened("1", 20), opened("1", 20)] * 2)
    world.given(placed("2", 21, buyer="ann"), opened("2", 22))
    assert (world.facts("2")["buyer claims_90d"], world.facts("2")["buyer orders_90d"]) == (1, 1)


def test_a_copy_of_an_observation_counts_once() -> None:
    state = observed(observed(None, happening("1"), day(1)), happening("1"), day(2))
    assert [each.counts for each in state.days] == [(1, 0, 0, 0, 0)]


def test_more_orders_than_are_kept_one_by_one_are_still_counted() -> None:
    state = None
    for number in range(MAX_SEEN + 50):
        state = observed(state, happening(str(number)), day(1))
    assert state is not None
    assert len(state.seen) == MAX_SEEN
    outcome = decide(state, asked("another"), day(2))
    (told,) = outcome.events
    assert isinstance(told, SubjectTold)
    assert {each.fact: each.value for each in told.facts}["orders_90d"] == MAX_SEEN + 50


def test_nothing_is_kept_of_a_subject_91_days_after_its_last_order() -> None:
    world = World()
    world.given(placed("1", 0, buyer="ann"), placed("2", 40, buyer="ann"))
    key = f"demo/buyer/{digest('demo', 'shop', SubjectKind.BUYER, 'ann')}"
    world.until(day(130))
    left = world.state(key)
    assert isinstance(left, SubjectState)
    assert [each.order for each in left.seen] == ["shop/2"]
    world.until(day(131))
    assert world.state(key) is None


def test_an_order_without_tokens_is_told_what_is_unknown_of_it() -> None:
    world = World()
    world.given(placed("1", 0), opened("1", 20))
    told = world.told("1")
    assert told is not None
    assert told.unknown == (SubjectKind.ADDRESS, SubjectKind.CARD, SubjectKind.PHOTO)


def test_no_word_about_an_order_that_nobody_complains_about() -> None:
    world = World()
    published = world.given(placed("1", 0, buyer="ann"), returned("1", 20), refunded("1", 30))
    assert not [each for each in published if isinstance(each, SignalsTold)]


def test_no_token_of_a_platform_is_published() -> None:
    world = World()
    world.given(placed("1", 0, buyer="token-of-ann", address="token-of-flat", card="token-of-card"), opened("1", 20))
    assert not [each for each in world.published if "token-of" in each.model_dump_json()]


def test_a_fact_for_another_kind_of_state_is_refused() -> None:
    world = World()
    world.given(placed("1", 0))
    with pytest.raises(TypeError, match="OrderObserved is not for OrderState"):
        decide(world.state("demo/shop/1"), happening("1"), day(1) + timedelta(1))


def happening(order: str) -> OrderObserved:
    return OrderObserved(**subject(order), what=Happening.ORDERED)


def asked(order: str) -> SubjectAsked:
    return SubjectAsked(**subject(order), round=1)


def subject(order: str) -> dict:
    fields = {"tenant": "demo", "platform": "shop", "order_id": order, "occurred_at": day(0)}
    return fields | {"of": SubjectKind.SELLER, "subject": "0" * 32}
