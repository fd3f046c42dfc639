"""What came back is divided in whole minor units that add up, whoever holds what."""

from hypothesis import given, settings
from hypothesis import strategies as st

from waybond_claims.case.given_back import Unit, given_back, split
from waybond_claims.case.money import Elsewhere
from waybond_claims.case.order import Line

UNITS: tuple[Unit, ...] = ("P1", "P2", "P3", None)
LINE_IDS = ("a", "b", "c")

amounts = st.integers(0, 10**9)
lines = st.tuples(*(st.builds(Line, st.just(each), st.integers(1, 9), amounts) for each in LINE_IDS))
contents = st.lists(st.tuples(st.sampled_from(LINE_IDS), st.integers(1, 9)), max_size=3)
named = st.lists(
    st.tuples(st.sampled_from((*LINE_IDS, "gone")), st.none() | st.integers(1, 9), st.none() | amounts),
    max_size=3,
    unique_by=lambda each: each[0],
)
refunds = st.lists(
    st.builds(lambda minor, of: Elsewhere("R", "platform", minor, "USD", lines=tuple(of)), amounts, named)
)


@settings(max_examples=300)
@given(
    refunds,
    st.dictionaries(st.sampled_from(UNITS), amounts, min_size=1),
    st.dictionaries(st.sampled_from(UNITS), contents),
    lines,
    st.dictionaries(st.sampled_from(UNITS), amounts),
)
def test_it_adds_up_and_does_not_depend_on_the_order_of_refunds(
    told: list[Elsewhere],
    values: dict[Unit, int],
    holds: dict[Unit, list[tuple[str, int]]],
    known: tuple[Line, ...],
    due: dict[Unit, int],
) -> None:
    given = given_back(told, values, holds, known, due)
    whole = sum(each.minor for each in told)
    assert set(given) == set(values)
    assert all(minor >= 0 for minor in given.values())
    assert sum(given.values()) <= whole
    if any(not holds.get(unit) and value for unit, value in values.items()) or not any(each.lines for each in told):
        assert sum(given.values()) == whole, "where contents are unknown, or no line is named, nothing is left out"
    assert given_back(told[::-1], values, holds, known, due) == given


@given(amounts, st.dictionaries(st.text(max_size=3), amounts))
def test_parts_add_up_and_are_off_by_less_than_one(minor: int, weights: dict[str, int]) -> None:
    parts = split(minor, weights)
    whole = sum(weights.values())
    assert sum(parts.values()) == (minor if whole else 0)
    for key, part in parts.items():
        assert abs(part * whole - minor * weights[key]) < whole
