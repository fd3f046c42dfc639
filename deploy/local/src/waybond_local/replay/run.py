"""Runs one replay against a running stack: begin, tell, let the clocks run out, wait until everything is worked on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from waybond_local.provision import DATABASE, with_database
from waybond_local.replay.driver import Pace, ReplayError, ServiceWatermarks, driver
from waybond_local.replay.timed import Told
from waybond_local.state import StackState

TAIL = timedelta(days=45)
"""How long the clock goes on behind the last event: for what still has to fall due, be paid, come back."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay took, on the wall clock."""

    events: int
    through: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A progress bar of facts and one of days; where nobody looks (a pipe) they are left out."""

    progress: Progress
    facts: TaskID
    days: TaskID

    def told(self, through: datetime, count: int) -> None:
        self.progress.update(self.facts, advance=count, at=f"{through:%Y-%m-%d}")

    def reached(self, first: datetime, at: datetime) -> None:
        self.progress.update(self.days, completed=(at - first).days, at=f"{at:%Y-%m-%d}")


@contextmanager
def bar(console: Console, told: Told, end: datetime) -> Iterator[Bar]:
    """Show how far the replay has come."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[at]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with progress:
        facts = progress.add_task("events", total=len(told.facts), at="")
        days = progress.add_task("days  ", total=(end - told.first).days, at="")
        yield Bar(progress, facts, days)


def check(stack: StackState, told: Told) -> None:
    """Raise ReplayError where nothing can be replayed: the stack takes its time from the clock, or there is nothing."""
    if not stack.replay:
        raise ReplayError("The stack takes its time from the clock: start it with `waybond up --replay`")
    if not told.facts:
        raise ReplayError("The history holds no event that was asked for")


async def replay(
    stack: StackState, told: Told, console: Console, *, pace: Pace | None = None, tail: timedelta = TAIL
) -> Replayed:
    """Replay on a stack that runs in replay mode.

    Raises ReplayError where `check` does, or the stack has been told a later time, or stands still.
    """
    check(stack, told)
    pace = pace or Pace()
    end = told.last + tail
    began = time.monotonic()
    connection = await asyncpg.connect(with_database(stack.admin_dsn, DATABASE))
    try:
        watermarks = ServiceWatermarks(connection)
        async with driver(stack.kafka, stack.partitions, watermarks, told.first) as drives:
            with bar(console, told, end) as shown:
                await drives.tell(told.facts, pace, shown.told)
                reached = partial(shown.reached, told.first)
                await drives.pass_time(end, pace, reached)
                await drives.wait(end, pace.patience_seconds, reached)
    finally:
        await connection.close()
    return Replayed(len(told.facts), end, time.monotonic() - began)
