"""Runs the jobs of several legs side by side until the time is over, each core on the leg that had the least so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from tests.fuzz.legs import Found, Job, Leg
from tests.support.sources import ROOT
from waybond_local.processes import kill, spawn

GRACE_SECONDS = 120.0
"""What is found is made small before it is told, so a job may end so much later than the search."""
POLL_SECONDS = 0.2
MAX_SEED = 2**31


class Search:
    """A search of so many seconds. `tell` is called with each thing that is found, as it is found."""

    def __init__(
        self,
        legs: Sequence[Leg],
        seconds: float,
        seed: int,
        folder: Path,
        tell: Callable[[Leg, Found], None],
    ) -> None:
        self.legs = legs
        self.ends_at = time.monotonic() + seconds
        self.cut_off = 0
        self._folder = folder
        self._tell = tell
        self._draws = {leg.name: Random(f"{seed}/{leg.name}") for leg in legs}
        self._running: dict[tuple[int, str], float] = {}
        self._numbers = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @property
    def left_seconds(self) -> float:
        return max(0.0, self.ends_at - time.monotonic())

    def run(self, workers: int, tick: Callable[[], None]) -> None:
        """Search; `tick` is called a few times a second. Ctrl-C ends all jobs and is raised again."""
        with ThreadPoolExecutor(workers) as pool:
            running = [pool.submit(self._work) for _ in range(workers)]
            try:
                while not all(each.done() for each in running):
                    tick()
                    time.sleep(POLL_SECONDS)
            finally:
                self._stopped.set()
        for each in running:
            each.result()

    def _work(self) -> None:
        while self.left_seconds and not self._stopped.is_set():
            with self._lock:
                leg = min(self.legs, key=self._taken)
                self._numbers += 1
                job = Job(leg, self._draws[leg.name].randrange(MAX_SEED), self._folder / f"{self._numbers}.jsonl")
                number, began = self._numbers, time.monotonic()
                self._running[number, leg.name] = began
            status, output = self._ended(job)
            with self._lock:
                del self._running[number, leg.name]
                if status is None:
                    self.cut_off += 1
                    continue
                for found in leg.ended(job, status, output, time.monotonic() - began):
                    self._tell(leg, found)

    def _taken(self, leg: Leg) -> float:
        """Seconds that a leg had, those of its jobs that run included."""
        now = time.monotonic()
        return leg.seconds + sum(now - began for (_, name), began in self._running.items() if name == leg.name)

    def _ended(self, job: Job) -> tuple[int | None, str]:
        """The exit status of the job and what it said; None if it was cut off."""
        log = job.notes.with_suffix(".log")
        process = spawn(job.leg.command(job), log=log, folder=ROOT)
        try:
            while process.poll() is None:
                late = time.monotonic() > self.ends_at + GRACE_SECONDS
                if late or self._stopped.wait(POLL_SECONDS):
                    return None, ""
        finally:
            kill(process)  # with what it started
        return process.returncode, log.read_text(errors="replace")
