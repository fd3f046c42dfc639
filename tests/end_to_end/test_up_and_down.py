"""`waybond up`, `status`, `migrate` and `down` with the real services: what they say and what they leave behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.patience import bound, ended, run
from tests.support.processes import eventually, runs
from waybond_local import state
from waybond_local.paths import fresh_folder
from waybond_local.stack import MODULES
from waybond_local.state import NotRunningError, Phase

PATIENCE_SECONDS = 240
COMMAND = [sys.executable, "-m", "waybond_local.cli"]


@pytest.fixture
def folder() -> Iterator[Path]:
    path = fresh_folder("waybond-test-up-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def waybond(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WAYBOND_DATA": str(folder), "COLUMNS": "200"}
    return run([*COMMAND, *arguments], PATIENCE_SECONDS, env=environment)


def test_nothing_runs_before_up(folder: Path) -> None:
    assert waybond(folder, "status").returncode == 3
    assert "No stack runs" in waybond(folder, "down").stdout
    refused = waybond(folder, "migrate")
    assert (refused.returncode, "No stack runs" in refused.stderr) == (1, True)


@pytest.mark.servers
def test_up_says_what_runs_and_down_stops_it(folder: Path) -> None:
    up = waybond(folder, "up", "--detach")
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        found = state.running(folder)
        assert found.processes.keys() == {"postgres", "kafka", *MODULES}
        again = waybond(folder, "up", "--detach")
        assert (again.returncode, "runs already" in again.stdout) == (0, True)
        assert found.url("claims") in again.stdout
        assert state.running(folder).supervisor == found.supervisor
        assert waybond(folder, "status").returncode == 0
        assert waybond(folder, "migrate").returncode == 0
        verified = waybond(
            folder, "verify", "--patience", str(bound(30))
        )  # while shards say every second how far they have come
        assert verified.returncode == 0, verified.stdout + verified.stderr
    finally:
        down = waybond(folder, "down")
    assert (down.returncode, down.stdout) == (0, "Stopped.\n")
    assert not any(runs(each.pid) for each in found.processes.values() if each.pid)
    assert waybond(folder, "status").returncode == 3


def test_up_takes_servers_that_run_already_and_ctrl_c_ends_it(folder: Path, kafka: str, postgres: str) -> None:
    environment = {**os.environ, "WAYBOND_DATA": str(folder), "WAYBOND_KAFKA": kafka, "WAYBOND_POSTGRES": postgres}
    with subprocess.Popen([*COMMAND, "up"], env=environment, start_new_session=True) as supervisor:
        assert eventually(lambda: supervisor.poll() is not None or _phase(folder) == Phase.READY, 60)
        found = state.running(folder)
        os.killpg(supervisor.pid, signal.SIGINT)  # as a terminal does it
        assert ended(supervisor, 60) == 0
    assert found.processes.keys() == set(MODULES)
    assert (found.kafka, found.admin_dsn) == (kafka, postgres)
    assert not any(runs(each.pid) for each in found.processes.values() if each.pid)


@pytest.mark.servers
def test_ctrl_c_ends_a_detached_start_too(folder: Path) -> None:
    """S: Ctrl-C while `up --detach` waits; the stack came up all the same, with nobody knowing."""
    with socket.create_server(("127.0.0.1", 0)) as broker:  # it takes connections and never answers
        address = f"127.0.0.1:{broker.getsockname()[1]}"
        environment = {
            **os.environ,
            "WAYBOND_DATA": str(folder),
            "WAYBOND_KAFKA": address,
            "WAYBOND_POSTGRES": "postgresql://nobody@127.0.0.1:1/postgres",  # it is asked for when Kafka has answered
        }
        with subprocess.Popen([*COMMAND, "up", "--detach"], env=environment, start_new_session=True) as command:
            assert eventually(lambda: command.poll() is not None or _phase(folder) == Phase.STARTING, 60)
            supervisor = state.running(folder).supervisor
            os.killpg(command.pid, signal.SIGINT)
            assert ended(command, 150) != 0
    assert not runs(supervisor)
    assert not state.is_running(folder)


def _phase(folder: Path) -> Phase | None:
    try:
        return state.running(folder).phase
    except NotRunningError:
        return None
