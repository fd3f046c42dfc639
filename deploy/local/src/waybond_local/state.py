"""What a running stack says of itself: a file that the commands read, and a lock that says whether it is true."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from waybond_local.paths import data_folder

_LOCK_RETRY_SECONDS = 0.1
SIGNALS = "signals"
CORE = ("pricing", "tracking", "claims")
"""The services without which no order comes to its end."""
SERVICES = (*CORE, SIGNALS)
"""Those that can run: signals is left out of a replay, and where nobody wants it."""


class Phase(StrEnum):
    """Where a stack stands."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


class ProcessState(BaseModel):
    """One process of a stack; `address` is a URL (services) or host:port (servers), `pid` None while it is down."""

    address: str
    pid: int | None
    log: Path
    ready: bool


class StackState(BaseModel):
    """A running stack. It holds passwords (in the DSNs), so its file can be read by its owner alone."""

    supervisor: int
    phase: Phase
    since: datetime
    replay: bool
    partitions: int
    kafka: str = ""
    admin_dsn: str = ""
    dsns: dict[str, str] = {}
    processes: dict[str, ProcessState] = {}

    @property
    def services(self) -> tuple[str, ...]:
        """The services that run here."""
        return tuple(each for each in SERVICES if each in self.dsns)

    def url(self, service: str) -> str:
        """The base address of a service's HTTP, without a slash at the end."""
        return self.processes[service].address


class NotRunningError(RuntimeError):
    """No stack runs on this folder."""


class AlreadyRunningError(RuntimeError):
    """A stack runs on this folder already."""


def running(folder: Path | None = None) -> StackState:
    """The stack that runs on `folder` (the data folder where none is given).

    Raises:
        NotRunningError: there is none; a file that a crash left behind does not count, not even while the next stack
            has the lock and has not written its own.
    """
    folder = folder or data_folder()
    path = _state_path(folder)
    if path.exists() and is_running(folder):
        found = StackState.model_validate_json(path.read_bytes())
        if _lives(found.supervisor):
            return found
    raise NotRunningError(f"No stack runs on {folder}; start one with: waybond up")


def serving(folder: Path | None = None) -> StackState:
    """The stack that runs on `folder` and has its servers: whoever wants to ask them takes this one.

    Raises NotRunningError, also where it is only starting.
    """
    found = running(folder)
    if not (found.kafka and found.admin_dsn and found.dsns):
        place = folder or data_folder()
        raise NotRunningError(f"The stack on {place} is {found.phase.value}: `waybond status` shows when it is ready")
    return found


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return True


def write(folder: Path, state: StackState) -> None:
    """Replace the state at once: a reader sees the old one or the new one."""
    draft = _state_path(folder).with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(state.model_dump_json(indent=2))
    draft.rename(_state_path(folder))


def quote_keys(folder: Path) -> str:
    """The key that signs pricing's quotes, made once: a quote outlives a restart."""
    return _keys(folder / "quote-keys")


def status_keys(folder: Path) -> str:
    """The key that signs buyers' links, made once: a link outlives a restart."""
    return _keys(folder / "status-keys")


def _keys(path: Path) -> str:
    """A key in a file that is for its owner alone."""
    if not path.exists():
        draft = path.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(f"k1:{secrets.token_hex(32)}")
        draft.rename(path)
    return path.read_text()


def last(folder: Path) -> StackState | None:
    """What the last stack on this folder said of itself; None if there was none, or none that can be read."""
    try:
        return StackState.model_validate_json(_state_path(folder).read_bytes())
    except (OSError, ValidationError):
        return None


def ports_of(stack: StackState | None) -> dict[str, int]:
    """The port of each process of a stack, so that the next one can have the same addresses."""
    return {
        name: port
        for name, each in (stack.processes if stack else {}).items()
        if (port := urlsplit(f"//{each.address.removeprefix('http://')}").port)
    }


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder for one stack; the kernel lets it go when this process ends, in whatever way.

    Raises:
        AlreadyRunningError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _lock_path(folder).open("a") as file:
        if not _taken(file):
            raise AlreadyRunningError(f"A stack runs on {folder} already")
        yield


def is_running(folder: Path) -> bool:
    """Whether a stack holds the folder."""
    if not _lock_path(folder).exists():
        return False
    with _lock_path(folder).open("a") as file:
        return not _taken(file, attempts=1)


def _taken(file: IO[str], *, attempts: int = 5) -> bool:
    """Take the lock of an open file. It is tried again, since whoever merely asks holds it for a moment too."""
    for attempt in range(attempts):
        if attempt:
            time.sleep(_LOCK_RETRY_SECONDS)
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


def _lock_path(folder: Path) -> Path:
    return folder / "stack.lock"


def _state_path(folder: Path) -> Path:
    return folder / "stack.json"


def log_folder(folder: Path) -> Path:
    """Where the processes of a stack write what they say."""
    path = folder / "logs"
    path.mkdir(parents=True, exist_ok=True)
    return path
