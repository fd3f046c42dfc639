"""Hundreds of worlds, each with its own orders, journeys and faults: nothing is lost, doubled or paid early."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.simulation import campaign, filed, quiet, shrink
from tests.simulation.people import APPEALS, FATES, OVERTURNED
from tests.simulation.run import run_seed
from tests.support.sources import ROOT

SEEDS = 600
CHUNKS = 6
FILED_SEEDS = 150
FILED_CHUNKS = 2
APPEALED_SEEDS = 60
MUST_HAPPEN = (
    *("fault crash", "fault pause", "fault outage", "fault stop", "fault join", "fault broker-away"),
    *("fault database-away", "fault send-hangs", "fault send-late", "fault send-unanswered", "fault commit-unanswered"),
    *("fault payments-stopped", "fault payout-ceiling"),
    *("fault serialisation", "fault connection-lost", "fault decide-raises", "fault save-refused"),
    *("refund fails", "refund reversed", "refund silent", "refund late", "refund repeats", "woken", "paid"),
)
"""A campaign in which one of these never happened would prove little."""


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """Processes of their own, for all chunks: the kit's loggers are silenced there for good."""
    beside_others = "PYTEST_XDIST_WORKER" in os.environ  # then each of pytest's processes has such a pool
    with ProcessPoolExecutor(
        1 if beside_others else None, initializer=quiet.install, mp_context=get_context("spawn")
    ) as pool:
        yield pool


def counted(seeds: range, pool: ProcessPoolExecutor) -> Counter[str]:
    """What happened in the worlds of these seeds; the first in which something is wrong is told, small."""
    done = list(pool.map(campaign.run, campaign.parts(seeds)))
    failed = [seed for each in done for seed in each.failed]
    if failed:
        shrink.told(run_seed(failed[0]), print)
    assert failed == []
    return sum((each.counts for each in done), start=campaign.Chunk().counts)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_is_lost_doubled_or_paid_early(chunk: int, pool: ProcessPoolExecutor) -> None:
    size = SEEDS // CHUNKS
    seeds = range(chunk * size, (chunk + 1) * size)
    counts = counted(seeds, pool)
    assert [name for name in MUST_HAPPEN if not counts[name]] == []


@pytest.mark.parametrize("chunk", range(FILED_CHUNKS))
def test_claims_that_people_file_are_paid_as_worded(chunk: int, pool: ProcessPoolExecutor) -> None:
    size = FILED_SEEDS // FILED_CHUNKS
    seeds = range(filed.FILED_SEEDS + chunk * size, filed.FILED_SEEDS + (chunk + 1) * size)
    counts = counted(seeds, pool)
    assert counts["paid"] > size // 4
    assert [name for name in FATES if not counts[name]] == []


def test_what_is_decided_on_an_appeal_is_paid(pool: ProcessPoolExecutor) -> None:
    seeds = range(filed.APPEALED_SEEDS, filed.APPEALED_SEEDS + APPEALED_SEEDS)
    counts = counted(seeds, pool)
    assert [name for name in (*APPEALS, OVERTURNED) if not counts[name]] == []


def test_a_seed_tells_the_same_story_every_time() -> None:
    """Also where Python's hashes differ, and with them the order of its sets."""
    stories = [_story(seed=26, hash_seed=hash_seed) for hash_seed in ("1", "2")]
    assert stories[0] == stories[1]
    assert len(stories[0].splitlines()) > 30


def _story(seed: int, hash_seed: str) -> str:
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout
