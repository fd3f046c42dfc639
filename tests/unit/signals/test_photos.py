"""Photos that look alike are found by their hashes: the same ones surely, similar ones mostly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.signals import World, day, filed, flipped, placed
from waybond_contracts.signals import PhotoObserved, SubjectKind
from waybond_signals.photos import MAX_PICTURES, SAME_BITS, bands, observed
from waybond_signals.state import BandState

HASH = "0f1e2d3c4b5a6978"


def facts_of(*hashes: str) -> dict[str, int]:
    """What is told of the last of so many orders, each with one photo."""
    world = World()
    for number, each in enumerate(hashes):
        world.given(placed(str(number), 0), filed(str(number), 20 + number, each))
    return {name: value for name, value in world.facts(str(len(hashes) - 1)).items() if name.startswith("photo")}


@given(bits=st.sets(st.integers(0, 63), min_size=0, max_size=SAME_BITS))
@settings(max_examples=50)
def test_hashes_that_differ_in_three_bits_share_a_band(bits: set[int]) -> None:
    assert set(bands(HASH)) & set(bands(flipped(HASH, sorted(bits))))


@pytest.mark.parametrize(
    ("bits", "found"),
    [
        ((), {"photo same_photo": 1}),
        ((0, 17, 33), {"photo same_photo": 1}),
        ((0, 1, 2, 3), {"photo similar_photo": 1}),
        (range(8), {"photo similar_photo": 1}),
        (range(9), {}),
        ((0, 16, 32, 48), {}),  # one bit in each band: four bits can hide it
    ],
)
def test_how_far_photos_may_differ(bits: tuple[int, ...], found: dict[str, int]) -> None:
    assert facts_of(HASH, flipped(HASH, bits)) == found


def test_a_photo_in_four_bands_is_one() -> None:
    assert facts_of(HASH, HASH, HASH) == {"photo same_photo": 2}


def test_a_photo_of_the_same_order_is_no_signal() -> None:
    world = World()
    world.given(placed("1", 0), filed("1", 20, HASH), filed("1", 21, HASH, dispute="e"))
    assert not [name for name in world.facts("1") if name.startswith("photo")]


def test_a_picture_without_detail_is_not_compared() -> None:
    assert facts_of("0000000000000001", "0000000000000001") == {}
    assert facts_of("ffffffffffffffff", "ffffffffffffffff") == {}


def test_a_photo_that_is_handed_in_later_is_asked_about_then() -> None:
    world = World()
    world.given(placed("1", 0), filed("1", 20, HASH), placed("2", 0), filed("2", 21))
    assert "photo same_photo" not in world.facts("2")
    world.given(filed("2", 22, HASH))
    told = world.told("2")
    assert told is not None
    assert (told.version, world.facts("2")["photo same_photo"]) == (2, 1)


def test_a_photo_is_forgotten_after_400_days() -> None:
    world = World()
    world.given(placed("1", 0), filed("1", 20, HASH))
    world.until(day(420))
    assert world.states == {}


def test_a_band_keeps_its_newest_photos() -> None:
    state = None
    for number in range(MAX_PICTURES + 1):
        fact = PhotoObserved(
            tenant="demo",
            platform="shop",
            order_id=str(number),
            occurred_at=day(0),
            of=SubjectKind.PHOTO,
            subject=bands(HASH)[0],
            perceptual_hash=HASH,
        )
        state = observed(state, fact, day(0))
    assert isinstance(state, BandState)
    assert [state.pictures[0].order, state.pictures[-1].order] == ["shop/1", f"shop/{MAX_PICTURES}"]
