"""Two thousand and a half drawn cases: the product says what the oracle says, and where it does not, one is told."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import pytest
from typer.testing import CliRunner

from tests.oracle import campaign
from tests.oracle.__main__ import app
from tests.oracle.draw import draw
from tests.oracle.drive import Run
from tests.oracle.facts import Case, Fact
from tests.oracle.features import DEFAULT, FEATURES, chosen
from tests.oracle.shrink import shrunk
from tests.oracle.wordings import parsed

CASES, SEED = 2_500, 7
CHUNKS = 20
EACH = CASES // CHUNKS
MANY_ORDERS = 25


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_product_says_what_the_oracle_says(chunk: int) -> None:
    found = campaign.run(SEED, range(chunk * EACH, (chunk + 1) * EACH), DEFAULT)
    again = f"python -m tests.oracle --seed {SEED} --only NUMBER tells each of them"
    assert found.failed == [], again
    assert found.owing > EACH // 2
    assert set(found.drawn) == set(DEFAULT)


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_arrival_changes_nothing(seed: int) -> None:
    """Facts that become known at the same instant, and what tracking says at it, in each order that they can have."""
    cases = [draw(seed, number, DEFAULT) for number in range(MANY_ORDERS)]
    assert [(case.features, wrong) for case in cases if (wrong := campaign.in_every_order(case))] == []
    assert sum(len(list(islice(campaign.orders(case), 2))) == 2 for case in cases) >= 5


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_can_be_drawn_and_told(feature: str) -> None:
    cases = [draw(SEED, number, [feature]) for number in range(5)]
    assert all(case.features == (feature,) for case in cases)
    assert all(parsed(case.wording) for case in cases)
    assert cases == [draw(SEED, number, [feature]) for number in range(5)]
    assert all(isinstance(campaign.failures(case), list) for case in cases)


def test_an_unknown_feature_is_named() -> None:
    with pytest.raises(ValueError, match="no feature moon"):
        chosen("moon")


def test_a_product_that_errs_is_told_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A claims service that pays a cent less of everything above 1000 differs in a case; one clause of it is left."""
    real = campaign.drive

    def wrong(case: Case, facts: Sequence[Fact], **how: bool) -> Run:
        run = real(case, facts, **how)
        return replace(run, entitled={look: minor - (minor > 1_000) for look, minor in run.entitled.items()})

    monkeypatch.setattr(campaign, "drive", wrong)
    number = campaign.run(SEED, range(10), ()).failed[0]
    small = shrunk(draw(SEED, number, ()))
    assert len(small.wording.clauses) == len(small.looks) == 1
    told = CliRunner().invoke(app, ["--seed", str(SEED), "--features", "plain", "--only", str(number)])
    assert told.exit_code == 1
    assert "the oracle says" in told.output
    assert f"--seed {SEED} --only {number}" in told.output
    many = CliRunner().invoke(app, ["--seed", str(SEED), "--features", "plain", "--cases", "10", "--workers", "1"])
    assert many.exit_code == 1
    assert "10 cases" in many.output
