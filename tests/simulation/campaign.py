"""Runs many seeds in a process, and counts what happened in their worlds."""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.simulation.run import run_seed

CHUNK_SEEDS = 25


@dataclass
class Chunk:
    """What came of some seeds."""

    seeds: int = 0
    failed: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def parts(seeds: Sequence[int]) -> Iterator[Sequence[int]]:
    """The seeds in chunks."""
    return (seeds[first : first + CHUNK_SEEDS] for first in range(0, len(seeds), CHUNK_SEEDS))


def run(seeds: Sequence[int]) -> Chunk:
    """Run these. The garbage collector looks in between: within a world, it would look again and again at all of it."""
    chunk = Chunk()
    gc.disable()
    try:
        for seed in seeds:
            report = run_seed(seed)
            chunk.seeds += 1
            chunk.counts += report.counts
            if report.failed:
                chunk.failed.append(seed)
            gc.collect(1)
    finally:
        gc.enable()
    return chunk
