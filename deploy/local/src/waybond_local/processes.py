"""Start, watch and stop child processes that never outlive the process that started them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PATIENCE_SECONDS = 20.0
_POLL_SECONDS = 0.05
_LOG_TAIL_BYTES = 4096
_PR_SET_PDEATHSIG = 1
# Below the ports that systems give to outgoing connections: one of those could take a port while its server starts.
_PORTS = range(20_000, 32_000)
_PORT_ATTEMPTS = 100
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# Linux sends the parent-death signal when the *thread* that forked ends (S: a test starts a server in a worker thread,
# the thread ends, the server dies under the test). So one thread, which lives as long as the process, forks them all.
_FORKER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")


class ProcessError(RuntimeError):
    """A child process did not come up, or ended when it should not have; the message ends with its last log lines."""


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
    group: int | None = None,
    on_parent_death: signal.Signals = signal.SIGTERM,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, its output appended to `log`.

    Args:
        environment: the child's whole environment; this process's own where it is None.
        user, group: ids to run as (only root may ask for others).
        on_parent_death: what the kernel sends the child when this process ends in whatever way (Linux; elsewhere
            a child is stopped by its context manager alone).
        folder: the child's working folder.
    """
    parent = os.getpid()

    def tether() -> None:  # runs in the child, after the change of user, which would clear the setting
        if _LIBC is None:
            return
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(on_parent_death), 0, 0, 0)
        if os.getppid() != parent:  # the parent died between fork and prctl: no signal will come
            os._exit(1)

    def fork() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
                user=user,
                group=group,
                extra_groups=[] if group is not None else None,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops its children in order
                preexec_fn=tether,  # noqa: PLW1509 - it calls prctl and getppid only
            )

    return _FORKER.submit(fork).result()


def stop(
    process: subprocess.Popen[bytes],
    *,
    ask: signal.Signals = signal.SIGTERM,
    patience_seconds: float = PATIENCE_SECONDS,
) -> int:
    """Ask a process to end, kill it after `patience_seconds`, and return its exit status."""
    if process.poll() is None:
        process.send_signal(ask)
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            kill(process)
    return process.wait()


def finish(process: subprocess.Popen[bytes], *, patience_seconds: float) -> int:
    """Wait for a process that ends by itself and return its exit status; one that takes too long is killed."""
    try:
        process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        kill(process)
    except BaseException:  # Ctrl-C: nobody waits for it any more
        kill(process)
        raise
    return process.returncode


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it started, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_ready(
    process: subprocess.Popen[bytes],
    ready: Callable[[], bool],
    *,
    name: str,
    log: Path,
    patience_seconds: float,
) -> None:
    """Return when `ready()` is true.

    Raises:
        ProcessError: the process ended, or was not ready within `patience_seconds` (it is killed then).
    """
    deadline = time.monotonic() + patience_seconds
    while not ready():
        if process.poll() is not None:
            raise ProcessError(f"{name} ended with status {process.returncode} while starting.\n{tail(log)}")
        if time.monotonic() > deadline:
            kill(process)
            raise ProcessError(f"{name} was not ready after {patience_seconds:.0f} s.\n{tail(log)}")
        time.sleep(_POLL_SECONDS)


def tail(log: Path) -> str:
    """The path of a log and its last lines, for an error message."""
    if not log.exists():
        return f"It left no log at {log}."
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_TAIL_BYTES))
        text = file.read().decode(errors="replace")
    return f"The end of {log}:\n{text.strip()}"


def free_ports(names: Iterable[str], wanted: Mapping[str, int] | None = None) -> dict[str, int]:
    """A port of the loopback interface for each name: all different, free now, the `wanted` one where that is free.

    Raises:
        ProcessError: none was found free.
    """
    with contextlib.ExitStack() as held:
        return {name: _hold(held, (wanted or {}).get(name, 0)) for name in names}


def _hold(held: contextlib.ExitStack, wanted: int) -> int:
    for port in (wanted, *random.sample(_PORTS, _PORT_ATTEMPTS)):
        with contextlib.suppress(OSError), contextlib.ExitStack() as attempt:
            if port:
                each = attempt.enter_context(socket.socket())
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # in use a minute ago is free
                each.bind(("127.0.0.1", port))
                each.listen()  # only this keeps the port from others that are bound with SO_REUSEADDR too
                held.enter_context(attempt.pop_all())
                return port
    raise ProcessError(f"none of {_PORT_ATTEMPTS} ports between {_PORTS[0]} and {_PORTS[-1]} is free")
