"""Waits grow with the machine, and end where nothing happens."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.support import machine, patience
from tests.support.machine import Speed


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Callable[[float, float], None]:
    """Sets how busy the machine was at the start, and is now."""

    def set_to(before: float, now: float) -> None:
        monkeypatch.setattr(patience, "at_start", lambda: Speed(1.0, before))
        monkeypatch.setattr(patience, "factor_now", lambda: now)

    return set_to


def test_a_bound_is_as_much_longer_as_the_machine_was_found_slower(busy: Callable[[float, float], None]) -> None:
    busy(3.0, 1.0)
    wait = patience.Wait(1_000)
    assert 2_000 < wait.left_seconds <= 3_000 and not wait.over()
    assert patience.bound(10) == 30


def test_a_bound_that_is_reached_on_a_machine_that_became_busy_is_extended(
    busy: Callable[[float, float], None],
) -> None:
    busy(0.0, 1_000.0)
    wait = patience.Wait(1.0)
    assert not wait.over()
    assert wait.left_seconds > 500


def test_what_never_happens_ends_the_wait(busy: Callable[[float, float], None]) -> None:
    busy(1.0, 1.0)
    assert not patience.eventually(lambda: False, 0.05)
    with pytest.raises(subprocess.TimeoutExpired):
        patience.run([sys.executable, "-c", "import time; time.sleep(600)"], 0.05)


async def test_a_block_that_takes_too_long_is_left(busy: Callable[[float, float], None]) -> None:
    busy(1.0, 1.0)
    with pytest.raises(TimeoutError):
        async with patience.within(0.05):
            await asyncio.Event().wait()


async def test_a_block_is_given_more_time_where_the_machine_became_busy(
    busy: Callable[[float, float], None],
) -> None:
    busy(0.0, 1_000.0)
    done = False
    async with patience.within(0.01):
        await asyncio.sleep(0.05)  # longer than it may take on a quiet machine
        done = True
    assert done


def test_a_command_gives_what_it_says() -> None:
    done = patience.run([sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr)"], 60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "err\n")


def test_the_machine_is_measured_once_a_session() -> None:
    environment: dict[str, str] = {}
    first = machine.at_start(environment)
    assert 1.0 <= first.factor <= machine.MAX_FACTOR
    assert first.slower > 0
    assert machine.at_start(environment) == first
    assert 1.0 <= machine.factor_now() <= machine.MAX_FACTOR


@pytest.mark.parametrize(
    ("speed", "told"),
    [
        (Speed(0.9, 1.0), "as fast as the reference"),
        (Speed(2.0, 2.0), "2.0 times as slow as the reference"),
        (Speed(1.0, 3.0), "busy: work takes 3.0 times as long"),
        (Speed(2.0, 3.0), "2.0 times as slow as the reference, busy: work takes 1.5 times as long"),
    ],
)
def test_the_summary_tells_a_slow_machine_from_a_busy_one(speed: Speed, told: str) -> None:
    assert str(speed) == told
