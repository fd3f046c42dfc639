"""The services' processes: started, watched, and started again whenever one ends, as any supervisor would."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.sources import ROOT

RESTART_SECONDS = 0.25
RESTART_AFTER_ERROR_SECONDS = 1.0
STOP_SECONDS = 20.0


@dataclass(eq=False)
class Member:
    """One process of one service. `wanted` says whether it is to run."""

    name: str
    service: str
    environment: dict[str, str]
    log: Path
    wanted: bool = True
    pid: int | None = None
    starting: bool = False
    starts: int = 0
    once: dict[str, str] = field(default_factory=dict)
    """Added to the environment of its next start alone."""
    down: asyncio.Event = field(default_factory=asyncio.Event)
    """It has ended and was not started again yet."""

    def send(self, number: signal.Signals) -> bool:
        """Send it a signal; whether it ran."""
        if self.pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
            return True
        return False


class Crew:
    """All members, forked by one nursery. `ended` counts by what they ended: a signal's name, or an exit code."""

    def __init__(self, folder: Path) -> None:
        self.members: dict[str, Member] = {}
        self.ended: dict[str, int] = {}
        self._folder = folder
        self._nursery: asyncio.subprocess.Process | None = None
        self._asked: dict[int, asyncio.Future[int]] = {}
        self._asks = 0
        self._by_pid: dict[int, Member] = {}
        self._listening: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self) -> None:
        """Start the nursery."""
        with (self._folder / "nursery.log").open("ab") as errors:
            self._nursery = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.support.nursery", "tests.chaos.entry"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )
        self._listening = asyncio.create_task(self._listen())

    async def add(self, name: str, service: str, environment: Mapping[str, str]) -> Member:
        """A new member, started."""
        member = Member(name, service, dict(environment), self._folder / f"{name}.log")
        self.members[name] = member
        await self.up(member)
        return member

    async def up(self, member: Member) -> None:
        """Start a member that does not run."""
        member.wanted = True
        if member.pid is not None or member.starting or self._stopping:
            return
        member.starting = True
        self._asks += 1
        answer = self._asked[self._asks] = asyncio.get_running_loop().create_future()
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("WAYBOND_")}
        environment = {**inherited, **member.environment, **member.once}
        member.once = {}
        ask = {"ask": self._asks, "service": member.service, "environment": environment, "log": str(member.log)}
        assert self._nursery is not None
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(json.dumps(ask).encode() + b"\n")
        pid = member.pid = await answer
        member.starting = False
        member.down.clear()
        member.starts += 1
        self._by_pid[pid] = member

    async def remove(self, member: Member, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop a member for good; one that does not stop in time is killed."""
        member.wanted = False
        if member.send(number):
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await member.down.wait()
            except TimeoutError:
                member.send(signal.SIGKILL)
                await member.down.wait()
        self.members.pop(member.name, None)

    def of(self, *services: str) -> list[Member]:
        """The members of these services, or all."""
        return [each for each in self.members.values() if not services or each.service in services]

    async def stop(self) -> None:
        """Stop all in order, then the nursery."""
        self._stopping = True
        for member in self.members.values():
            member.wanted = False
            member.send(signal.SIGCONT)
            member.send(signal.SIGTERM)
        running = [asyncio.create_task(each.down.wait()) for each in self.members.values() if each.pid is not None]
        if running:
            _, late = await asyncio.wait(running, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
        for task in self._tasks:
            task.cancel()
        if self._nursery is not None and self._nursery.stdin is not None:
            self._nursery.stdin.close()
            await self._nursery.wait()
        if self._listening is not None:
            self._listening.cancel()

    async def _listen(self) -> None:
        assert self._nursery is not None
        assert self._nursery.stdout is not None
        async for line in self._nursery.stdout:
            said: dict[str, Any] = json.loads(line)
            if "ask" in said:
                self._asked.pop(said["ask"]).set_result(said["pid"])
            else:
                # The answer that names the pid may be read in the same turn, and its member be noted only in the next.
                await asyncio.sleep(0)
                self._ended(self._by_pid.pop(said["pid"]), said["status"])

    def _ended(self, member: Member, status: int) -> None:
        how = signal.Signals(-status).name if status < 0 else f"exit {status}"
        self.ended[how] = self.ended.get(how, 0) + 1
        member.pid = None
        member.down.set()
        if member.wanted and not self._stopping:
            task = asyncio.create_task(
                self._again(member, RESTART_AFTER_ERROR_SECONDS if status > 0 else RESTART_SECONDS)
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _again(self, member: Member, pause_seconds: float) -> None:
        await asyncio.sleep(pause_seconds)
        if member.wanted:
            await self.up(member)
