"""What a stack says of itself, and when that is believed."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from waybond_local import state
from waybond_local.state import NotRunningError, Phase, StackState


def left_behind(folder: Path) -> StackState:
    """The file of a stack whose supervisor was killed."""
    with subprocess.Popen([sys.executable, "-c", ""]) as supervisor:
        supervisor.wait()
    since = datetime(2026, 1, 1, tzinfo=UTC)
    found = StackState(supervisor=supervisor.pid, phase=Phase.READY, since=since, replay=False, partitions=8)
    state.write(folder, found)
    return found


def test_what_a_crash_left_behind_is_not_taken_for_the_stack_that_starts(tmp_path: Path) -> None:
    """S: `down` sends SIGTERM to whoever has the old supervisor's number; `up --detach` says ready at once."""
    left_behind(tmp_path)
    with state.only_one(tmp_path), pytest.raises(NotRunningError):
        state.running(tmp_path)


def test_without_the_lock_nothing_runs_whatever_the_file_says(tmp_path: Path) -> None:
    left_behind(tmp_path)
    with pytest.raises(NotRunningError, match="start one with: waybond up"):
        state.running(tmp_path)
