"""Ends what a run of pytest started, where the run itself does not come to it: a program that needs nothing of ours.

Ctrl-C goes to the whole process group of a terminal. Each process of pytest then closes its fixtures, which stops
servers in order and takes a few seconds. A test that is stuck in C, that waits for a broker, or that swallows the
interrupt does not come to that. Services, Kafka and PostgreSQL run in sessions of their own, where no Ctrl-C comes.

So this program runs beside pytest, in its process group. After an interrupt it waits for as long as an orderly end may
take, and then kills every process that carries the run's mark in its environment, or descends from one. It does so
too where pytest is gone without a goodbye (Scenario: `kill -9` of pytest leaves a Java process behind).
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path

MARK = "WAYBOND_TEST_RUN"
GOODBYE = b"done"
ORDERLY_SECONDS = 5.0
"""What pytest started is killed after so long."""
LAST_SECONDS = 2.5
"""So much later pytest itself: until then it says how far it came. Together well below ten."""
GOING_SECONDS = 30.0
REMOVALS = 10


def marked(mark: str, pytest: int) -> set[int]:
    """The processes that carry the mark, and all that descend from them or from pytest."""
    parents, found = dict[int, int](), {pytest}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            for variable in (folder / "environ").read_bytes().split(b"\0"):
                if variable.startswith(MARK.encode()) and mark.encode() in variable:
                    found.add(int(folder.name))
    more = True
    while more:
        more = {child for child, parent in parents.items() if parent in found} - found
        found |= more
    return found - {pytest}


def wait_for(pytest: int) -> None:
    """Wait until a process has ended, for a while."""
    until = time.monotonic() + GOING_SECONDS
    while runs(pytest) and time.monotonic() < until:
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether a process runs: one that has ended stays in the table until its parent asks for its exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def end(pids: set[int]) -> None:
    """Kill them."""
    for pid in pids - {os.getpid()}:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def main(pytest: int, mark: str, folder: str) -> None:
    """Watch the run of this process until it says goodbye, is interrupted, or is gone; then remove its folder."""
    try:
        watch(pytest, mark)
    finally:
        for _ in range(REMOVALS):  # what is being killed may still write into it
            shutil.rmtree(folder, ignore_errors=True)
            if not Path(folder).exists():
                break
            time.sleep(1.0)


def watch(pytest: int, mark: str) -> None:
    """Return once nothing of the run is left, or it has said goodbye."""
    interrupted: list[float] = []
    signal.signal(signal.SIGINT, lambda *_: interrupted.append(time.monotonic()))
    while not interrupted or time.monotonic() < interrupted[0] + ORDERLY_SECONDS:
        if select.select([sys.stdin], [], [], 0.2)[0]:
            if os.read(sys.stdin.fileno(), len(GOODBYE)) == GOODBYE:
                wait_for(pytest)  # what it does as it ends still needs its folder
                end(marked(mark, pytest))  # what a process of pytest left behind that ended in a hurry
                return
            break
    end(marked(mark, pytest))
    time.sleep(LAST_SECONDS)
    end(marked(mark, pytest) | {pytest})


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
