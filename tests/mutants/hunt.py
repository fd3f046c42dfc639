"""Hunts one mutant: by the simulation, seed after seed, or by a named test; says what caught it."""

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.mutants import child
from tests.mutants.table import Mutant, mutated
from tests.support.patience import Wait

MAX_ANSWER_SECONDS = 300.0
"""A seed, or a test, that takes longer has met a loop that never ends."""
TOLD_CHARACTERS = 4_000
INVARIANT = re.compile(r"I\d+\b")
UNNUMBERED = {
    "the wakes are": "armed orders have their wakes",
    "a decision on an old version counted": "old case versions",
    "was committed under epoch": "one writer",
    "no rest after": "comes to rest",
    "at rest, but": "comes to rest",
}
"""Words of the simulation's checks that have no number in the design, and what they check."""
PASSED, FAILED = 0, 1
"""Exit codes of pytest; any other says that the test did not run."""

# Imported once, and never what a mutant may change: each child is a copy of a process that has these already.
PRELOADED = (
    *("pytest", "hypothesis", "hypothesis.strategies", "typer", "rich.progress", "httpx", "yaml", "jgo", "cjdk"),
    *("faststream.kafka", "fastapi", "aiokafka", "asyncpg", "structlog", "prometheus_client", "pydantic_settings"),
    *("babel", "babel.numbers", "stamina", "uvloop", "uvicorn", "waybond_contracts.registry"),
)
_context = get_context("forkserver")
_context.set_forkserver_preload(list(PRELOADED))


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


def by_seeds(mutant: Mutant, seeds: Sequence[int], tick: Callable[[], None] = lambda: None) -> Caught | None:
    """Run the worlds of these seeds, in order, until one fails; `tick` is called with each."""
    for tried, (_, (seed, wrong)) in enumerate(_answers(mutant, "seed", len(seeds), seeds=seeds), start=1):
        tick()
        if wrong:
            return Caught(checks_of(wrong), seed, tried, wrong[0])
    return None


def by_test(mutant: Mutant) -> Caught | None:
    """Run the test that is said to catch it."""
    return by_tests(mutant, [mutant.test]) if mutant.test else None


def by_tests(mutant: Mutant, tests: Sequence[str]) -> Caught | None:
    """Run these, one after the other in one process, until one fails."""
    ((_, (code, said)),) = _answers(mutant, "test", 1, tests=tests)
    if code not in (PASSED, FAILED):
        raise HuntError(f"{mutant.name}: {', '.join(tests)} did not run: {said[-TOLD_CHARACTERS:]}")
    failed = (line.removeprefix("FAILED ") for line in said.splitlines() if line.startswith("FAILED "))
    return Caught(test=mutant.test, said=next(failed, "")) if code == FAILED else None


def known_first(mutant: Mutant, seeds: int) -> Sequence[int]:
    """The seed that is known to catch it, and then all of them in order."""
    known = [mutant.seed] if mutant.seed is not None else []
    return list(dict.fromkeys([*known, *range(seeds)]))


def checks_of(wrong: Sequence[str]) -> tuple[str, ...]:
    """The checks that failed: invariants by their number, others by what they are about."""
    return tuple(sorted({_check_of(line) for line in wrong}, key=lambda name: (len(name), name)))


def _check_of(line: str) -> str:
    if match := INVARIANT.match(line):
        return match.group()
    return next((name for words, name in UNNUMBERED.items() if words in line), "other")


def _answers(
    mutant: Mutant, kind: str, count: int, *, seeds: Sequence[int] = (), tests: Sequence[str] = ()
) -> Iterator[Any]:
    """What a child says that has the mutant first on its path: so many answers of this kind, or HuntError."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        packages = mutated(mutant, Path(folder))
        receiver, sender = _context.Pipe(duplex=False)
        process = _context.Process(target=child.run, args=(sender, folder, packages, seeds, tests), daemon=True)
        process.start()
        sender.close()
        try:
            for _ in range(count):
                wait = Wait(MAX_ANSWER_SECONDS)
                while not receiver.poll(wait.left_seconds):
                    if wait.over():
                        raise HuntError(f"{mutant.name}: no answer within {wait.passed_seconds:.0f} s")
                answer = receiver.recv()
                if answer[0] != kind:
                    raise HuntError(f"{mutant.name}: {answer[1]}")
                yield answer
        except EOFError:
            raise HuntError(f"{mutant.name}: the process ended too soon") from None
        finally:
            process.kill()
            process.join()
            receiver.close()
