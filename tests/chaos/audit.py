"""The audit of a campaign, I7 to I12: in a process of its own, with the newest code that wrote a journal, bounded."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from tests.chaos.releases import MENDED, release_of
from waybond_kit import rebuild
from waybond_local.invariants.check import Check
from waybond_local.state import StackState
from waybond_local.verify import audit

MAX_SECONDS = 900.0
MAX_MEMORY_BYTES = 6 * 1024**3
"""Of address space. What the audit holds grows with the campaign; beyond this it fails by name."""


class Audited(NamedTuple):
    """All checks, and what they cost."""

    checks: list[Check]
    seconds: float
    peak_bytes: int


async def audited(state: StackState, checks: Sequence[Check], patience_seconds: float) -> Audited:
    """Add I7 to I12 to the `checks` of I1 to I6.

    Raises:
        TimeoutError: it takes longer than MAX_SECONDS.
        MemoryError: it takes more than MAX_MEMORY_BYTES.
    """
    context = multiprocessing.get_context("spawn")  # its memory is its own, and the flow's loop goes on meanwhile
    pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
    try:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, _follow, state, list(checks), patience_seconds)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    """The mended release reads all that the others do, and what a bad one wrote; so the audit reads as it does."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    rebuild.Door = release_of(MENDED).door  # type: ignore[misc]  # a rebuild makes its own


def _follow(state: StackState, checks: list[Check], patience_seconds: float) -> Audited:
    async def bounded() -> list[Check]:
        async with asyncio.timeout(MAX_SECONDS):
            return await audit(state, checks, None, patience_seconds=patience_seconds)

    began = time.monotonic()
    more = asyncio.run(bounded())
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Audited([*checks, *more], time.monotonic() - began, peak_bytes)
