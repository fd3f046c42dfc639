"""What is measured of disputes is what the product really does."""

from datetime import UTC, datetime

from benchmarks.disputes import FILED, PARAMETRIC, PROVEN, Disputes, measure_disputes


def test_each_fact_is_measured_in_each_round() -> None:
    """That the facts pay and ask as their names say is checked as they are made."""
    found = measure_disputes(datetime.now(UTC), quick=True)
    assert {name: len(rounds) for name, rounds in found.rounds.items()} == {PARAMETRIC: 3, FILED: 3, PROVEN: 3}
    assert all(figure > 0 for rounds in found.rounds.values() for figure in rounds)


def test_the_dearer_of_the_two_facts_counts() -> None:
    assert Disputes({PARAMETRIC: [100, 200], FILED: [150, 500], PROVEN: [250, 300]}).ratios() == [2.5, 2.5]
