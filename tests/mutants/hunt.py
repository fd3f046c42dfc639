"""Hunts one mutant: by the simulation, seed after seed, and by named tests; says what caught it."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from tests.mutants.table import Mutant, mutated
from tests.support.sources import ROOT

MAX_HUNT_SECONDS = 1_800.0
"""A child that runs longer has met a loop that never ends: the hunt is an error."""
TOLD_CHARACTERS = 4_000
INVARIANT = re.compile(r"I\d+\b")
PASSED, FAILED = 0, 1
"""Exit codes of pytest; any other says that the tests did not run."""


class HuntError(Exception):
    """The hunt itself went wrong: it says nothing about the mutant."""


@dataclass(frozen=True, slots=True)
class Caught:
    """What caught a mutant: checks of the simulation, after how many seeds, or a test."""

    checks: tuple[str, ...] = ()
    seed: int | None = None
    seeds: int = 0
    said: str = ""
    test: str = ""


def by_seeds(mutant: Mutant, seeds: int, *, known_first: bool, tick: Callable[[], None] = lambda: None) -> Caught | None:
    """Run worlds until one fails, the known seed first or all in order; `tick` is called with each."""
    tried = 0
    known = str(mutant.seed) if known_first and mutant.seed is not None else "-"
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder, tempfile.TemporaryFile("w+") as errors:
        command = _child(mutant, Path(folder), "seeds", known, str(seeds))
        child = subprocess.Popen(
            command, cwd=ROOT, env=_environment(folder), stdout=subprocess.PIPE, stderr=errors, text=True
        )
        timer = Timer(MAX_HUNT_SECONDS, child.kill)
        timer.start()
        try:
            assert child.stdout is not None
            for line in child.stdout:
                tried += 1
                tick()
                found = json.loads(line)
                if found["wrong"]:
                    return Caught(checks_of(found["wrong"]), found["seed"], tried, found["wrong"][0])
        finally:
            timer.cancel()
            child.kill()
            child.wait()
        errors.seek(0)
        said = errors.read()[-TOLD_CHARACTERS:]
        if child.returncode or tried < seeds:
            raise HuntError(f"{mutant.name}: the simulation ended with {child.returncode} after {tried} seeds: {said}")
    return None


def by_tests(mutant: Mutant) -> Caught | None:
    """Run the tests that are said to catch it: each of them alone, so that each has to fail."""
    for name in mutant.tests:
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            command = _child(mutant, Path(folder), "tests", name)
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=_environment(folder),
                capture_output=True,
                text=True,
                timeout=MAX_HUNT_SECONDS,
                check=False,
            )
        if done.returncode == PASSED:
            return None
        if done.returncode != FAILED:
            raise HuntError(f"{mutant.name}: {name} did not run: {(done.stdout + done.stderr)[-TOLD_CHARACTERS:]}")
    return Caught(test=", ".join(mutant.tests)) if mutant.tests else None


def checks_of(wrong: Sequence[str]) -> tuple[str, ...]:
    """The invariants that were found broken; where a check has no number, how its first word names it."""
    found = [match.group() if (match := INVARIANT.match(line)) else "unnumbered" for line in wrong]
    return tuple(sorted(set(found)))


def _child(mutant: Mutant, folder: Path, *arguments: str) -> list[str]:
    packages = ",".join(mutated(mutant, folder))
    return [sys.executable, "-m", "tests.mutants.child", str(folder), packages, *arguments]


def _environment(folder: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": folder}
