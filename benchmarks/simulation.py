"""Measures how many simulated worlds run in a second of one core."""

import gc
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from tests.simulation import quiet
from tests.simulation.plan import Plan
from tests.simulation.run import run_plan

WARM_UP_SEEDS = 20


@dataclass(frozen=True, slots=True)
class Worlds:
    """So many worlds of one kind, and what they took on one core."""

    kind: str
    seeds: int
    failed: int
    cpu_seconds: float
    callbacks: int

    @property
    def per_second(self) -> float:
        """Worlds a second of CPU time."""
        return self.seeds / self.cpu_seconds


@dataclass(frozen=True, slots=True)
class Simulation:
    """Small worlds (one order, one shard, one process a service), and worlds as `make simulate` draws them."""

    small: Worlds
    drawn: Worlds


def measure_simulation(*, quick: bool) -> Simulation:
    """Run both kinds in a process of their own, one after the other: its loggers are silenced for good."""
    seeds = 100 if quick else 1_000
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=quiet.install) as pool:
        small = pool.submit(_run, "small", seeds).result()
        return Simulation(small, pool.submit(_run, "drawn", seeds).result())


def _run(kind: str, seeds: int) -> Worlds:
    small = kind == "small"
    for seed in range(WARM_UP_SEEDS):
        run_plan(Plan.of(seed, small=small))
    gc.collect()
    gc.freeze()
    gc.disable()
    failed = callbacks = 0
    started = time.process_time()
    for seed in range(seeds):
        report = run_plan(Plan.of(seed, small=small))
        failed += report.failed
        callbacks += report.counts["callbacks"]
        gc.collect(1)  # as a campaign does: while what is left of the world lies in the processor's caches
    return Worlds(kind, seeds, failed, time.process_time() - started, callbacks)
