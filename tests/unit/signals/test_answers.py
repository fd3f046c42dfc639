"""An order is told what is known in time, and the rest when it comes."""

from datetime import timedelta

from tests.support.signals import World, day, filed, opened, placed
from waybond_contracts.signals import MAX_PHOTOS, SignalsTold, SubjectKind
from waybond_signals.orders import ANSWER_WITHIN

TICK = timedelta(microseconds=1)


def told(events: list) -> list[SignalsTold]:
    return [each for each in events if isinstance(each, SignalsTold)]


def silent_addresses() -> World:
    """Whoever keeps addresses is down; the buyer has claimed once before."""
    world = World()
    world.given(placed("1", 0, buyer="ann", address="flat"), opened("1", 10))
    world.deaf = {SubjectKind.ADDRESS.value}
    assert not told(world.given(placed("2", 0, buyer="ann", address="flat"), opened("2", 20)))
    return world


def test_what_is_known_after_20_seconds_is_told_then() -> None:
    world = silent_addresses()
    assert not told(world.until(day(20) + ANSWER_WITHIN - TICK))
    (word,) = told(world.until(day(20) + ANSWER_WITHIN))
    assert SubjectKind.ADDRESS in word.unknown
    assert word.late == (SubjectKind.ADDRESS,), "the card is unknown too: the order names none"
    assert world.facts("2")["buyer claims_90d"] == 1


def test_an_answer_that_comes_late_is_told_too() -> None:
    world = silent_addresses()
    world.until(day(21))
    (word,) = told(world.heard_again(day(21)))
    assert (word.version, SubjectKind.ADDRESS in word.unknown, word.late) == (2, False, ())
    assert world.facts("2")["address claims_90d"] == 1


def test_each_complaint_is_answered() -> None:
    world = World()
    (first,) = told(world.given(placed("1", 0), opened("1", 20)))
    (second,) = told(world.given(opened("1", 21, dispute="e")))
    assert [first.disputes, second.disputes] == [("d",), ("d", "e")]
    assert not told(world.given(opened("1", 21, dispute="e")))


def test_an_order_is_answered_before_its_placing_is_known() -> None:
    world = World()
    (word,) = told(world.given(opened("1", 20)))
    assert (word.facts, word.unknown) == ((), tuple(SubjectKind))


def test_photos_beyond_the_bound_are_left_out_and_counted() -> None:
    world = World()
    world.given(placed("1", 0), filed("1", 20, *(f"0f1e2d3c4b5a{number:04x}" for number in range(MAX_PHOTOS + 2))))
    state = world.state("demo/shop/1")
    assert getattr(state, "dropped", None) == 2
    word = world.told("1")
    assert word is not None and len(word.photos) == MAX_PHOTOS
