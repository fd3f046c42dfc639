"""What holds for a whole run of pytest: its cases, the machine it runs on, its summary, and its end by Ctrl-C.

`make test` draws the same cases each time. Three things could change them: Hypothesis's seed (cases.py), the order of
Python's sets of text (PYTHONHASHSEED, set here for every process that a run starts and in the Makefile for its first),
and the day on which it runs (no test asks for the date to decide what it checks).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import pytest

from tests.support import cases, guardian
from tests.support.machine import at_start, measured

BUDGET_MINUTES = 12
"""The whole suite takes at most so long on a quiet machine as fast as the reference."""
_RUN = pytest.StashKey["subprocess.Popen[bytes]"]()

os.environ.setdefault("PYTHONHASHSEED", "0")
# A process of pytest-xdist has the size of a terminal that it does not write to; tables would be cut to it.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)
cases.register()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return  # a process of pytest-xdist: what it needs to know is in its environment
    at_start()
    mark, folder = uuid.uuid4().hex, _own_folder()
    command = [sys.executable, "-I", "-S", guardian.__file__, str(os.getpid()), mark, folder]
    environment = {each: value for each, value in os.environ.items() if each != guardian.MARK}
    os.environ[guardian.MARK] = f"{os.environ.get(guardian.MARK, '')}/{mark}"  # a run within a run belongs to both
    config.stash[_RUN] = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)


def pytest_unconfigure(config: pytest.Config) -> None:
    watching = config.stash.get(_RUN, None)
    if watching is not None:
        assert watching.stdin is not None
        watching.stdin.write(guardian.GOODBYE)  # all went in order: it removes what is left once we are gone
        watching.stdin.close()
        watching.returncode = 0  # nobody waits for it


def _own_folder() -> str:
    """A folder for what this run puts into the system's temporary folder, but for what pytest keeps on purpose."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    folder = tempfile.mkdtemp(prefix="waybond-run-")
    Path(folder).chmod(0o711)  # PostgreSQL runs as another user where we are root
    os.environ["TMPDIR"] = folder
    tempfile.tempdir = None  # it is looked up again
    return folder


def pytest_report_header(config: pytest.Config) -> str:
    speed = at_start()
    return f"machine: {speed}; waits are bounded by {speed.factor:.1f} times what they say"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if os.environ.get(guardian.MARK, "").count("/") > 1:
        return  # a run within a run: the outer one says how the machine was
    before, after = at_start(), measured()
    terminalreporter.write_line(f"machine: {before}; at the end {after}")
    factor = max(before.factor, after.factor)
    if factor >= 1.05:
        terminalreporter.write_line(
            f"machine: slower by the factor {factor:.1f}; the suite may take {BUDGET_MINUTES * factor:.0f} min here "
            f"for {BUDGET_MINUTES} on the reference, quiet"
        )
