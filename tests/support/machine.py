"""Measures how slow this machine is, and how busy: against the machine that docs/performance.md was measured on.

A bound on a wait is right on one machine alone. So bounds are written for the reference machine, and are multiplied by
what is measured here. A fixed piece of work is done a few times; it takes a tenth of a second.

- Its time on the processor says how slow the machine is.
- Its time by the clock says how busy it is as well: who waits for a processor takes longer.

Scenario: the suite runs beside another build. The work takes three times as long by the clock, so a test that waits
40 s for a takeover waits up to 120 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from statistics import median

REFERENCE_WORK_SECONDS = 0.035
"""Processor time of `_work` on the machine of docs/performance.md: least of 40, Python 3.11, two cores.

It changes its speed by the hour, by a quarter and more. A wait allows for much more than that.
"""
REFERENCE_START_SECONDS = 0.022
"""By the clock, until a process of Python has started there and ended: least of 40."""
ROUNDS = 5
MAX_FACTOR = 15.0
"""Beyond it a machine does not run the suite; a wait that ends nowhere would take hours."""
_VARIABLE = "WAYBOND_TEST_MACHINE"


@dataclass(frozen=True, slots=True)
class Speed:
    """`slower`: by the processor alone. `factor`: by the clock, so with what others take; never below 1."""

    slower: float
    factor: float

    def __str__(self) -> str:
        busy = self.factor / max(1.0, self.slower)
        told = [f"{self.slower:.1f} times as slow as the reference"] if self.slower >= 1.05 else []
        told += [f"busy: work takes {busy:.1f} times as long"] if busy >= 1.05 else []
        return ", ".join(told) or "as fast as the reference"


def _work() -> int:
    """What tests do most: make text, look it up, count."""
    told: dict[str, int] = {}
    for number in range(60_000):
        key = f"order-{number % 997}"
        told[key] = told.get(key, 0) + number * number % 7
    return sum(told.values())


def measured(rounds: int = ROUNDS) -> Speed:
    """The machine as it is now, with the start of processes."""
    used, passed, starts = [], [], []
    for _ in range(rounds):
        on_processor, by_clock = time.process_time(), time.perf_counter()
        _work()
        used.append(time.process_time() - on_processor)
        passed.append(time.perf_counter() - by_clock)
        began = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True)
        starts.append(time.perf_counter() - began)
    factor = max(median(passed) / REFERENCE_WORK_SECONDS, median(starts) / REFERENCE_START_SECONDS, _load())
    return Speed(min(used) / REFERENCE_WORK_SECONDS, min(MAX_FACTOR, max(1.0, factor)))


def factor_now() -> float:
    """How much longer things take now, and took in the last minute: the load is a mean, and remembers."""
    passed = []
    for _ in range(3):
        began = time.perf_counter()
        _work()
        passed.append(time.perf_counter() - began)
    return min(MAX_FACTOR, max(1.0, median(passed) / REFERENCE_WORK_SECONDS, _load()))


def at_start(environment: MutableMapping[str, str] = os.environ) -> Speed:
    """The machine as this session found it: measured once, and told to all processes that it starts."""
    if _VARIABLE not in environment:
        found = measured()
        environment[_VARIABLE] = f"{found.slower} {found.factor}"
    slower, factor = environment[_VARIABLE].split()
    return Speed(float(slower), float(factor))


def _load() -> float:
    """How many want each processor, as a mean over the last minute."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)
