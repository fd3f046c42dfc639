"""What watches a run of the tests tells who runs from who has ended."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support import guardian
from tests.support.patience import eventually


def test_a_process_that_has_ended_does_not_run_although_nobody_asked_for_its_exit_status() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert guardian.runs(child.pid)
        assert child.stdin is not None
        child.stdin.close()
        assert eventually(lambda: not guardian.runs(child.pid), 60)
        os.kill(child.pid, 0)  # it is in the table still


def test_a_process_that_is_not_there_does_not_run() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not guardian.runs(child.pid)
