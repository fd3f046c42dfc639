"""A process that has imported everything, and forks the services: one is there in a fraction of a second.

    python -m tests.support.nursery MODULE      forks processes that call MODULE.run(service)

On standard input comes a line of JSON for each process to start, on standard output goes one for each that was started
({"ask": n, "pid": p}) or has ended ({"pid": p, "status": s}). At the end of the input everything it forked is killed.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

REAP_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1


def main(run: Callable[[str], object]) -> None:
    """Serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()  # what is shared with the children stays shared
    libc = ctypes.CDLL(None)
    pids: set[int] = set()
    buffer = b""
    while True:
        ready, _, _ = select.select([0], [], [], REAP_SECONDS)
        if ready:
            read = os.read(0, 65_536)
            if not read:
                break
            *lines, buffer = (buffer + read).split(b"\n")
            for line in lines:
                ask = json.loads(line)
                pid = _fork(ask, run, libc)
                pids.add(pid)
                _say({"ask": ask["ask"], "pid": pid})
        _reap(pids)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _fork(ask: dict[str, Any], run: Callable[[str], object], libc: ctypes.CDLL) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        _become(ask, run)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _become(ask: dict[str, Any], run: Callable[[str], object]) -> NoReturn:
    os.setsid()
    log = os.open(ask["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(ask["environment"])
    run(ask["service"])
    sys.exit(0)


def _reap(pids: set[int]) -> None:
    while pids:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        pids.discard(pid)
        _say({"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def _say(what: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(import_module(sys.argv[1]).run)
