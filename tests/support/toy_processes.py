"""Toy services as processes of their own: started, looked at, and none left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.kit import World, eventually
from tests.support.sources import ROOT
from waybond_contracts.topics import POLICIES
from waybond_local.processes import spawn


class Processes:
    """Toy processes; none outlives its test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    async def said(self, process: subprocess.Popen[bytes], event: str) -> bool:
        """Whether its log has a line of this event."""
        return f'"event": "{event}"' in (self.folder / f"{self.running.index(process)}.log").read_text()

    def start(self, world: World, also: Mapping[str, str] | None = None, **given: Any) -> subprocess.Popen[bytes]:
        """A process with these settings, and `also` in its environment."""
        settings = world.environment("pricing", **given)
        environment = {**os.environ, **settings, "PYTHONPATH": str(ROOT), **(also or {})}
        command = [sys.executable, "-m", "tests.support.toys", "pricing"]
        log = self.folder / f"{len(self.running)}.log"
        process = spawn(command, log=log, environment=environment, folder=ROOT, on_parent_death=signal.SIGKILL)
        self.running.append(process)
        return process

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    made = Processes(tmp_path)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
        process.wait()


async def owners(world: World) -> dict[int, str]:
    rows = await world.query("pricing", "SELECT shard, owner FROM shard")
    return {row["shard"]: row["owner"].rsplit(":", 1)[-1] for row in rows}


async def spread_over(world: World, *held_by: subprocess.Popen[bytes]) -> None:
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
