"""The benchmark's arithmetic."""

import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import Bar, Spread, percentile, ratios

finite = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


def test_the_median_of_an_odd_and_an_even_number() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(median=2.0, lowest=1.0, highest=3.0, count=3)
    assert Spread.of([4.0, 1.0, 2.0, 3.0]).median == 2.5


def test_nothing_measured_has_no_median_and_no_percentile() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Spread.of([])
    with pytest.raises(ValueError, match="at least one"):
        percentile([], 0.5)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.50) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.99) == 7


@given(finite, st.floats(0, 1))
def test_at_least_the_share_lies_at_or_below_the_percentile(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_ratios_are_taken_pair_by_pair() -> None:
    assert ratios([100.0, 90.0], [2.0, 1.0]) == [50.0, 90.0]
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("figure", "sense", "met"),
    [(80.0, "at least", True), (79.9, "at least", False), (80.0, "at most", True), (80.1, "at most", False)],
)
def test_a_bar_is_met_on_its_limit(figure: float, sense: Literal["at least", "at most"], met: bool) -> None:
    assert Bar("events/s", figure, 80.0, sense).met is met


def test_what_was_not_measured_meets_no_bar() -> None:
    assert not Bar("p99", None, 300, "at most").met
    assert not Bar("p99", math.nan, 300, "at most").met
