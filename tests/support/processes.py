"""Asking about processes and waiting for what will happen, for tests with real processes."""

from __future__ import annotations

import os
from collections.abc import Callable

from tests.support import patience

PATIENCE_SECONDS = 30.0


def runs(pid: int) -> bool:
    """Whether a process of this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(holds: Callable[[], bool], patience_seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether `holds()` becomes true in time, as the machine has it."""
    return patience.eventually(holds, patience_seconds)
