"""The command `waybond demo`: a fresh stack, a parcel's story, a year of real shipments, and the invariants."""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.rule import Rule

from waybond_contracts.policies import PolicyIssued
from waybond_contracts.topics import TOPICS
from waybond_contracts.wording import Wording
from waybond_local import verify
from waybond_local.demo import bad, brazil, disputes, report, unshipped
from waybond_local.demo.figures import Figures
from waybond_local.demo.memory import MemoryWatch
from waybond_local.demo.record import Reader, reader
from waybond_local.demo.tell import TAIL, books, tell
from waybond_local.history import scms as scms_history
from waybond_local.invariants.check import Check
from waybond_local.journal.command import CANNOT
from waybond_local.lifecycle import signals_end_it
from waybond_local.paths import fresh_folder
from waybond_local.provision import DATABASE, with_database
from waybond_local.replay import scms
from waybond_local.replay.command import ensure_tenant
from waybond_local.replay.command import show as show_history
from waybond_local.replay.driver import ServiceWatermarks, driver
from waybond_local.replay.run import replay
from waybond_local.replay.timed import Timed, Told
from waybond_local.stack import Options, Stack
from waybond_local.state import StackState

TENANT = "demo"
YEAR = 2014
INTERRUPTED = 130  # the exit code of shells for it
PIPE_COLUMNS = 140
"""How wide the tables are where the output goes into a pipe or a file."""


@dataclass(frozen=True, slots=True)
class Part:
    """What the demo works with."""

    stack: StackState
    connection: asyncpg.Connection
    log: Reader
    console: Console


def register(app: typer.Typer) -> None:
    """Add the command to `waybond`."""
    app.command("demo", epilog="Example: [bold]waybond demo[/bold]")(command)


def command(
    whole_history: Annotated[
        bool, typer.Option("--whole-history", help="Replay 2006 to 2015 instead of 2014; takes several minutes.")
    ] = False,
    orders: Annotated[int | None, typer.Option(min=1, help="Only so many of the orders, the earliest ones.")] = None,
    partitions: Annotated[int, typer.Option(min=1, max=64, help="Partitions of each topic, so shards.")] = 2,
    keep: Annotated[
        Path | None, typer.Option(help="Keep data and logs in this folder, which must not exist yet.")
    ] = None,
) -> None:
    """Run Waybond on this machine: a parcel's story, real shipments of 2014, and the checks of the books."""
    console = _console()
    began = time.monotonic()
    folder = _made(keep) if keep else fresh_folder("waybond-demo-")
    memory = MemoryWatch()
    try:
        told = _history(None if whole_history else YEAR, orders)
        with signals_end_it(), memory:
            with Stack(folder, Options(replay=True, partitions=partitions), tell=console.print) as stack:
                console.print(f"Everything runs after {time.monotonic() - began:.1f} s.")
                checks = asyncio.run(_demo(stack.state, told, console))
                memory.sample()
            console.print(Rule("5. Two disputes, as people file them now", align="left"))
            console.print("A second stack, whose time is the wall's: people answer when they answer.", style="dim")
            with Stack(_inside(folder), Options(partitions=1, signals=False)) as stack:
                checks += asyncio.run(_disputes(stack.state, console))
                memory.sample()
    except KeyboardInterrupt:
        console.print("Stopped before its end.")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    console.print(f"Memory: {memory}")
    console.print(f"The demo took {time.monotonic() - began:.1f} s in all.")
    if not all(check.holds for check in checks):
        raise typer.Exit(1)
    if any(check.unchecked for check in checks):
        raise typer.Exit(CANNOT)


def _history(year: int | None, most: int | None) -> Told:
    """The orders of a year (None: all), at most so many."""
    history = scms_history.read()
    placed = sorted(
        (order for order in history.orders if year in (None, order.ordered_on.year)), key=lambda order: order.ordered_on
    )
    wanted = {order.po for order in placed[:most]}
    return scms.told(history, TENANT, lambda order: order.po in wanted)


def _made(folder: Path) -> Path:
    if folder.exists():
        raise typer.BadParameter(f"{folder} exists: the demo begins with an empty folder")
    folder.mkdir(parents=True)
    return folder


def _inside(folder: Path) -> Path:
    """A folder in the demo's own that servers may enter."""
    inside = folder / "disputes"
    inside.mkdir(mode=0o711)
    return inside


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_COLUMNS)


async def _demo(stack: StackState, told: Told, console: Console) -> list[Check]:
    connection = await asyncpg.connect(with_database(stack.admin_dsn, DATABASE))
    try:
        await ensure_tenant(stack, TENANT, "order-protection", scms.PRODUCT)
        async with reader(stack.kafka, [topic.name for topic in TOPICS], stack.partitions) as log:
            part = Part(stack, connection, log, console)
            await _stories(part, told.first.year - 1)
            await _shipments(part, told)
            return await _invariants(part)
    finally:
        await connection.close()


async def _stories(part: Part, year: int) -> None:
    console = part.console
    console.print(Rule("1. A parcel from China to Brazil", align="left"))
    console.print(
        f"One clock runs through the whole demo, so both stories are set in {year}, before the shipments.",
        style="dim",
    )
    await _story(part, brazil.told(year, TENANT), brazil.order_key(TENANT))
    console.print(Rule("2. An order of which one line is never shipped", align="left"))
    facts = unshipped.told(year, TENANT)
    tail = facts[0].known_at + unshipped.TOLD_FOR - facts[-1].known_at
    await _story(part, facts, unshipped.order_key(TENANT), tail=tail)


async def _story(part: Part, facts: tuple[Timed, ...], order_key: str, *, tail: timedelta = TAIL) -> None:
    watermarks = ServiceWatermarks(part.connection)
    async with driver(part.stack.kafka, part.stack.partitions, watermarks, facts[0].known_at) as drives:
        await tell(drives, part.log, facts, order_key, part.console, tail=tail)
    await books(part.connection, order_key, part.console)


async def _shipments(part: Part, told: Told) -> None:
    console = part.console
    console.print(Rule("3. Real shipments: the SCMS delivery history, published by USAID", align="left"))
    show_history(told, console)
    sent = await bad.send(part.stack.kafka)
    console.print(f"{sent} messages that nobody can read are sent along: {', '.join(what for what, *_ in bad.BAD)}.")
    replayed = await replay(part.stack, told, console)
    figures, wording = await _counted(part)
    by_lane = await report.lanes(part.connection, f"{TENANT}/{scms.PLATFORM}", "USD")
    report.show(figures, by_lane, wording, replayed, console)


async def _counted(part: Part) -> tuple[Figures, Wording]:
    figures, wording = Figures(TENANT, scms.PLATFORM), None
    async for record in part.log.read():
        figures.add(record)
        if wording is None and isinstance(record.event, PolicyIssued) and record.event.product == scms.PRODUCT:
            wording = record.event.wording.parsed()
    if wording is None:
        raise RuntimeError("no policy was bound for any shipment")
    return figures, wording


async def _disputes(stack: StackState, console: Console) -> list[Check]:
    """Both disputes, and what their books are checked for; shown where something does not hold."""
    await disputes.tell(stack, TENANT, console)
    checks = await verify.verify(stack)
    checks += await verify.audit(stack, checks, None)  # no order came with a quote
    if all(check.holds for check in checks):
        names = ", ".join(check.name for check in checks if not check.unchecked)
        console.print(f"The books of both agree as well: {names}.")
    else:
        verify.show(checks, console)
    return checks


async def _invariants(part: Part) -> list[Check]:
    part.console.print(Rule("4. Do the books agree?", align="left"))
    checks = await verify.verify(part.stack)
    checks += await verify.audit(part.stack, checks, None)  # no order of the demo came with a quote
    verify.show(checks, part.console)
    return checks
