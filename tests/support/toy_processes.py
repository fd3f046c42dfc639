"""Toy services as processes of their own: forked, looked at, and none left behind."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.kit import World, eventually
from tests.support.patience import bound
from tests.support.sources import ROOT
from waybond_contracts.topics import POLICIES

START_SECONDS = 60.0
"""The first one waits for the nursery's imports."""


class Forked:
    """A process of the nursery; as `subprocess.Popen`, as far as tests ask."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = threading.Event()
        self._status = 0

    def has_ended(self, status: int) -> None:
        """Note its exit status."""
        self._status = status
        self._ended.set()

    def poll(self) -> int | None:
        return self._status if self._ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended; below 0 a signal's number. Raises TimeoutExpired."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return self._status

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Nursery:
    """Forks toys: each starts in a fraction of a second, where a new interpreter takes two for its imports."""

    def __init__(self, log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.nursery", "tests.support.toys"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )
        self._asks = 0
        self._started: dict[int, Forked] = {}
        self._running: dict[int, Forked] = {}
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, service: str, environment: Mapping[str, str], log: Path) -> Forked:
        """A process of this service, with this environment and nothing else in it."""
        assert self._process.stdin is not None
        self._asks += 1
        ask = {"ask": self._asks, "service": service, "environment": dict(environment), "log": str(log)}
        self._process.stdin.write(json.dumps(ask).encode() + b"\n")
        self._process.stdin.flush()
        with self._news:
            assert self._news.wait_for(lambda: self._asks in self._started, bound(START_SECONDS)), "nothing was forked"
            return self._started.pop(self._asks)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said: dict[str, int] = json.loads(line)
            with self._news:
                if "ask" in said:
                    self._started[said["ask"]] = self._running[said["pid"]] = Forked(said["pid"])
                    self._news.notify_all()
                else:
                    self._running.pop(said["pid"]).has_ended(said["status"])

    def close(self) -> None:
        """End it, and with it whatever it forked."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    made = Nursery(tmp_path_factory.mktemp("nursery") / "log")
    yield made
    made.close()


class Processes:
    """Toy processes; none outlives its test."""

    def __init__(self, nursery: Nursery, folder: Path) -> None:
        self.folder = folder
        self.running: list[Forked] = []
        self._nursery = nursery

    async def said(self, process: Forked, event: str) -> bool:
        """Whether its log has a line of this event."""
        return f'"event": "{event}"' in (self.folder / f"{self.running.index(process)}.log").read_text()

    def start(self, world: World, also: Mapping[str, str] | None = None, **given: Any) -> Forked:
        """A process with these settings, and `also` in its environment."""
        environment = {**os.environ, **world.environment("pricing", **given), **(also or {})}
        process = self._nursery.start("pricing", environment, self.folder / f"{len(self.running)}.log")
        self.running.append(process)
        return process

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


@pytest.fixture
def processes(nursery: Nursery, tmp_path: Path) -> Iterator[Processes]:
    made = Processes(nursery, tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.wait()


async def owners(world: World) -> dict[int, str]:
    rows = await world.query("pricing", "SELECT shard, owner FROM shard")
    return {row["shard"]: row["owner"].rsplit(":", 1)[-1] for row in rows}


async def spread_over(world: World, *held_by: Forked) -> None:
    """Wait until exactly these processes own the shards."""
    wanted = {str(process.pid) for process in held_by}
    await eventually(lambda: owners(world), lambda seen: set(seen.values()) == wanted, seconds=90)


async def applied(world: World, orders: int, revisions: int) -> None:
    """Wait until every order has all revisions, in order; then look that each was answered, once or by the same id."""
    states = await eventually(
        lambda: world.states("pricing"),
        lambda seen: len(seen) == orders and all(len(toy.revisions) == revisions for toy in seen.values()),
        seconds=90,
    )
    assert all(toy.revisions == tuple(range(revisions)) for toy in states.values())
    await eventually(lambda: world.ids(POLICIES), lambda ids: len(set(ids)) == orders * revisions)
    booked = await world.query("pricing", "SELECT order_key, count(*) FROM toy_row GROUP BY 1")
    assert {row["count"] for row in booked} == {revisions}, "each fact was booked once"


async def old_batches(world: World, epochs: dict[int, int]) -> int:
    """How many batches were written under an epoch below these."""
    rows = await world.query("pricing", "SELECT shard, epoch FROM journal")
    return sum(row["epoch"] < epochs[row["shard"]] for row in rows)


def stands_still(pid: int) -> bool:
    """Whether the process was stopped by a signal (Linux: state T, behind the name in parentheses)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:  # it has ended
        return False
