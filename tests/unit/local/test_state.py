"""What a stack says of itself, and when that is believed."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from waybond_local import state
from waybond_local.cli import app
from waybond_local.processes import ProcessError
from waybond_local.stack import Options, Stack
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


@pytest.mark.parametrize("replay", [True, False])
def test_a_folder_keeps_its_kind_of_time(replay: bool, tmp_path: Path) -> None:
    """S: `up --replay` on the folder of a live stack; every order that is published then goes to quarantine."""
    state.write(tmp_path, left_behind(tmp_path).model_copy(update={"replay": replay, "dsns": {"claims": "x"}}))
    with pytest.raises(ProcessError, match="give another folder"), Stack(tmp_path, Options(replay=not replay)):
        pass
    assert state.last(tmp_path) is not None
    assert not state.is_running(tmp_path)


@pytest.mark.parametrize("replay", [True, False])
def test_up_beside_a_stack_with_the_other_kind_of_time_is_refused(replay: bool, tmp_path: Path) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    state.write(
        tmp_path, StackState(supervisor=os.getpid(), phase=Phase.READY, since=since, replay=not replay, partitions=8)
    )
    with state.only_one(tmp_path):
        answer = CliRunner().invoke(app, ["up", "--data", str(tmp_path), *["--replay"] * replay])
    assert answer.exit_code == 1
    assert "give another folder" in str(answer.exception)


def test_a_stack_that_only_starts_cannot_be_asked(tmp_path: Path) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    starting = StackState(supervisor=os.getpid(), phase=Phase.STARTING, since=since, replay=False, partitions=8)
    state.write(tmp_path, starting)
    with state.only_one(tmp_path):
        assert state.running(tmp_path).phase is Phase.STARTING
        with pytest.raises(NotRunningError, match="is starting: `waybond status` shows when it is ready"):
            state.serving(tmp_path)


def test_invariants_of_no_stack_are_not_checked_which_is_no_violation(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["verify", "--data", str(tmp_path)])
    assert (answer.exit_code, "Nothing could be checked" in answer.output) == (3, True)
