"""The sandbox's plan: a pure function of seed and refund, with the fates in the proportions that were asked for."""

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from waybond_local.sandbox.plan import Act, Fate, Odds, plan
from waybond_local.sandbox.settings import Settings

NEVER = dict.fromkeys([fate.value for fate in Fate], 0)
TERMINAL = {Act.PAY, Act.FAIL, Act.REVERSE}


@given(st.text(), st.text(min_size=1))
def test_the_same_refund_has_the_same_plan(seed: str, refund_id: str) -> None:
    assert plan(seed, refund_id, Odds()) == plan(seed, refund_id, Odds())


@given(st.text(), st.text(min_size=1))
def test_steps_come_in_the_order_of_their_time(seed: str, refund_id: str) -> None:
    steps = plan(seed, refund_id, Odds()).steps
    assert [step.after for step in steps] == sorted(step.after for step in steps)


def test_another_seed_gives_other_fates() -> None:
    fates = {seed: [plan(seed, f"r-{n}", Odds()).fate for n in range(200)] for seed in ("a", "b")}
    assert fates["a"] != fates["b"]


def test_fates_come_in_their_proportions() -> None:
    drawn = Counter(plan("seed", f"r-{n}", Odds()).fate for n in range(20_000))
    for fate, weight in Odds().weights():
        assert drawn[fate] / 20_000 == pytest.approx(weight / 1_000, rel=0.35)


@pytest.mark.parametrize("fate", list(Fate))
def test_a_fate_of_its_own_is_the_only_one(fate: Fate) -> None:
    odds = Odds(**(NEVER | {fate.value: 1}))
    assert {plan("seed", f"r-{n}", odds).fate for n in range(50)} == {fate}


@pytest.mark.parametrize("fate", [Fate.PAID, Fate.DECLINED, Fate.REFUSED, Fate.REVERSED, Fate.REPEATED])
def test_an_ordinary_refund_is_answered_for_good_within_a_day(fate: Fate) -> None:
    for n in range(200):
        steps = plan("seed", f"r-{n}", Odds(), payment_reference=f"fate:{fate}").steps
        assert min(step.after for step in steps if step.act in TERMINAL) < timedelta(days=1)


def test_a_late_one_says_nothing_for_more_than_a_day() -> None:
    for n in range(200):
        steps = plan("seed", f"r-{n}", Odds(), payment_reference="fate:late").steps
        assert [step.act for step in steps] == [Act.PAY]
        assert steps[0].after > timedelta(days=1)


def test_the_payment_can_say_the_fate_of_each_attempt() -> None:
    fates = [
        plan("seed", f"r-{n}", Odds(), attempt=n, payment_reference="fate:declined,reversed,paid").fate
        for n in (1, 2, 3, 4)
    ]
    assert fates == [Fate.DECLINED, Fate.REVERSED, Fate.PAID, Fate.PAID]


def test_an_unknown_fate_is_an_ordinary_reference() -> None:
    assert plan("seed", "r-1", Odds(), payment_reference="fate:nobody") == plan("seed", "r-1", Odds())


def test_odds_that_are_all_zero_are_refused() -> None:
    with pytest.raises(ValidationError, match="one weight above zero was expected"):
        Odds(**NEVER)


def test_the_environment_sets_a_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBOND_SANDBOX_ODDS__SILENT", "0")
    settings = Settings(kafka="k", database=SecretStr("d"))
    assert settings.sandbox_odds == Odds(silent=0)


def test_a_wrong_setting_is_named_and_ends_the_process() -> None:
    environment = {**os.environ, "WAYBOND_KAFKA": "k", "WAYBOND_DATABASE": "d", "WAYBOND_HTTP_PORT": "no"}
    command = [sys.executable, "-m", "waybond_local.sandbox"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "WAYBOND_HTTP_PORT: Input should be a valid integer" in done.stderr
    assert "Traceback" not in done.stderr
