"""Waits whose bound grows with the machine: a busy or slow one takes longer and does not fail.

Every bound in the tests is written in seconds of the reference machine (`machine.py`). It is multiplied by what was
measured as the session began. Where it is reached, the machine is measured again: a bound that was too short for it is
extended. So a test fails by time only where something does not happen at all.

Scenario: the session begins on a quiet machine, and somebody starts a build five minutes later. A wait of 40 s ends
there after 40 s; the measurement says 3, and the wait goes on for 80 s more.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from tests.support.machine import at_start, factor_now

POLL_SECONDS = 0.05
SHORTEST_SECONDS = 0.01


class Waited(Protocol):
    """A process, of whichever kind, that can be waited for as for `subprocess.Popen`."""

    def wait(self, timeout: float | None = None) -> int: ...


class Wait:
    """A wait that has begun."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = time.monotonic()
        self._bound = seconds * at_start().factor

    @property
    def passed_seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def left_seconds(self) -> float:
        """Until it has to be asked again; never nothing."""
        return max(SHORTEST_SECONDS, self._bound - self.passed_seconds)

    def over(self) -> bool:
        """Whether its bound is reached, on the machine as it is now."""
        if self.passed_seconds < self._bound:
            return False
        self._bound = max(self._bound, self._seconds * factor_now())
        return self.passed_seconds >= self._bound


def bound(seconds: float) -> float:
    """As many seconds as the machine needs now, for what takes a number: a setting, a method of the product."""
    return seconds * max(at_start().factor, factor_now())


def eventually(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether `holds()` becomes true in time."""
    wait = Wait(seconds)
    while not holds():
        if wait.over():
            return holds()  # it may have become true while the machine was measured
        time.sleep(POLL_SECONDS)
    return True


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`: TimeoutError if the block is not done in time."""
    wait, loop = Wait(seconds), asyncio.get_running_loop()
    async with asyncio.timeout(None) as timeout:

        def look() -> None:
            nonlocal timer
            if wait.over():
                timeout.reschedule(loop.time())
            else:
                timer = loop.call_later(wait.left_seconds, look)

        timer = loop.call_later(wait.left_seconds, look)
        try:
            yield
        finally:
            timer.cancel()


def ended(process: Waited, seconds: float) -> int:
    """The exit status of a process that ends by itself; TimeoutExpired if it does not in time."""
    wait = Wait(seconds)
    while True:
        try:
            return process.wait(wait.left_seconds)
        except subprocess.TimeoutExpired:
            if wait.over():
                raise


def run(command: Sequence[str | Path], seconds: float, **given: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and take what it says; it is killed, with TimeoutExpired, if it does not end in time."""
    wait = Wait(seconds)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **{**pipes, **given}) as process:
        while True:
            try:
                out, err = process.communicate(timeout=wait.left_seconds)
            except subprocess.TimeoutExpired:
                if wait.over():
                    process.kill()
                    raise
            except BaseException:
                process.kill()
                raise
            else:
                return subprocess.CompletedProcess(command, process.returncode, out, err)
