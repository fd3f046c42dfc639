"""Ctrl-C ends a run of the tests, and all that it started, within ten seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support import guardian
from tests.support.patience import ended
from tests.support.processes import eventually
from tests.support.sources import ROOT

ENDS_WITHIN_SECONDS = 10.0
MARK = "WAYBOND_TEST_INTERRUPTED"
TESTS = """
from pathlib import Path

import pytest

from waybond_local.processes import spawn

HERE = Path(__file__).parent


@pytest.mark.xdist_group("servers")
async def test_with_servers(kafka, postgres):
    (HERE / "servers").touch()
    time.sleep(600)


@pytest.mark.xdist_group("others")
def test_that_hears_nothing(tmp_path):
    spawn(["sleep", "600"], log=tmp_path / "log")
    (HERE / "deaf").touch()
    while True:
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            pass
"""


def marked() -> set[int]:
    """Processes that carry the mark of the run of this test."""
    found: set[int] = set()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"{MARK}={os.getpid()}".encode() in environment.read_bytes().split(b"\0"):
                found.add(int(environment.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.servers
@pytest.mark.xdist_group("frozen")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
def test_nothing_outlives_a_run_that_ends_before_its_time(number: signal.Signals, tmp_path: Path) -> None:
    """In two processes, one with servers, one that is deaf; by Ctrl-C to all of them, or by SIGKILL to pytest alone."""
    (tmp_path / "test_it.py").write_text(TESTS)
    (own_temp := Path(tempfile.mkdtemp(dir=tempfile.gettempdir()))).chmod(0o711)
    command = [sys.executable, "-m", "pytest", tmp_path, "-c", ROOT / "pyproject.toml", "--rootdir", ROOT]
    plugins = ["-p", "tests.support.session", "-p", "tests.support.servers", "-p", "no:cacheprovider"]
    own = {name: value for name, value in os.environ.items() if name not in (guardian.MARK, "PYTEST_XDIST_WORKER")}
    with subprocess.Popen(
        [*command, *plugins, "--numprocesses", "2", "--dist", "loadgroup"],
        cwd=ROOT,
        env={**own, MARK: str(os.getpid()), "TMPDIR": str(own_temp)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a process group of its own, as a terminal gives it
    ) as tests:
        try:
            assert eventually(lambda: all((tmp_path / name).exists() for name in ("servers", "deaf")), 90)
            assert len(marked()) >= 6, "pytest, two processes of it, Kafka, PostgreSQL, and what was spawned"
            if number == signal.SIGINT:
                os.killpg(tests.pid, signal.SIGINT)
            else:
                tests.kill()
            assert eventually(lambda: not marked() - {tests.pid}, ENDS_WITHIN_SECONDS)
            assert ended(tests, ENDS_WITHIN_SECONDS) != 0
            assert eventually(lambda: list(own_temp.iterdir()) == [])
        finally:
            for pid in marked():
                os.kill(pid, signal.SIGKILL)
