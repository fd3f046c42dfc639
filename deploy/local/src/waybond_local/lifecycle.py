"""The commands `waybond up`, `waybond down` and `waybond status`."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from waybond_local import state
from waybond_local.paths import data_folder
from waybond_local.processes import ProcessError, stop
from waybond_local.stack import Options, Stack
from waybond_local.state import NotRunningError, Phase, StackState

NOT_RUNNING = 3  # the exit code that service managers use for it
_STOP_SECONDS = 120.0
_POLL_SECONDS = 0.2

console = Console(highlight=False)

Folder = Annotated[
    Path | None,
    typer.Option("--data", help="Where data and logs are kept (else WAYBOND_DATA, else the user's)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `waybond`."""
    app.command(epilog="Example: [bold]waybond up --detach[/bold]")(up)
    app.command(epilog="Example: [bold]waybond down[/bold]")(down)
    app.command(epilog="Example: [bold]waybond status || waybond up --detach[/bold]")(status)


def up(
    data: Folder = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready; stop with `down`.")] = False,
    replay: Annotated[bool, typer.Option(help="Take time from what a replay publishes, not from the clock.")] = False,
    partitions: Annotated[int, typer.Option(min=1, max=256, help="Partitions of each topic, so shards.")] = 8,
) -> None:
    """Start PostgreSQL, Kafka, the services and the payment sandbox, and keep them running until Ctrl-C.

    WAYBOND_KAFKA (host:port) and WAYBOND_POSTGRES (an administrator's DSN) take servers that run already.
    """
    folder = data or data_folder()
    try:
        found = state.running(folder)
    except NotRunningError:
        if detach:
            _start_detached(folder, sys.argv[1:])
            show(folder, state.running(folder))
        else:
            _run(folder, Options.from_environment(partitions=partitions, replay=replay))
    else:
        if found.replay != replay:
            now, asked = ("a replay", "the clock") if found.replay else ("the clock", "a replay")
            raise ProcessError(
                f"A stack runs already on {folder} that takes its time from {now}, not from {asked}: "
                "give another folder (--data)"
            )
        console.print(f"A stack runs already, since {found.since:%Y-%m-%d %H:%M} UTC.")
        show(folder, found)


def down(data: Folder = None) -> None:
    """Stop the running stack in order: services finish their batch, then Kafka and PostgreSQL stop. Data is kept."""
    folder = data or data_folder()
    try:
        found = state.running(folder)
    except NotRunningError as nothing:
        console.print(str(nothing))
        return
    os.kill(found.supervisor, signal.SIGTERM)
    with console.status("Stopping"):
        deadline = time.monotonic() + _STOP_SECONDS
        while state.is_running(folder) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    if state.is_running(folder):
        os.kill(found.supervisor, signal.SIGKILL)  # the kernel then kills all that it started
        raise ProcessError(f"The stack did not stop within {_STOP_SECONDS:.0f} s and was killed")
    console.print("Stopped.")


def status(data: Folder = None) -> None:
    """Show what runs: exit code 0 if all is ready, 1 if something is not, 3 if nothing runs."""
    folder = data or data_folder()
    try:
        found = state.running(folder)
    except NotRunningError as nothing:
        console.print(str(nothing))
        raise typer.Exit(NOT_RUNNING) from nothing
    show(folder, found)
    if found.phase != Phase.READY or not all(each.ready for each in found.processes.values()):
        raise typer.Exit(1)


def show(folder: Path, found: StackState) -> None:
    """Print a stack's processes, with their addresses and logs."""
    mode = "replay, " if found.replay else ""
    table = Table(title=f"Waybond on {folder} ({mode}{found.partitions} shards): {found.phase}", title_justify="left")
    for column in ("process", "address", "pid", "state"):
        table.add_column(column)
    for name, each in found.processes.items():
        condition = "[green]ready[/green]" if each.ready else "[yellow]not ready[/yellow]"
        table.add_row(name, each.address, str(each.pid or ""), condition)
    console.print(table)
    console.print(
        f"Logs: {', '.join(sorted({str(each.log.parent) for each in found.processes.values()}))}", soft_wrap=True
    )


def _run(folder: Path, options: Options) -> None:
    try:
        with signals_end_it(), Stack(folder, options, tell=console.print) as stack:
            show(folder, stack.state)
            console.print("Ctrl-C stops it.")
            stack.watch()
    except KeyboardInterrupt:
        console.print("Stopped.")


@contextmanager
def signals_end_it() -> Iterator[None]:
    """SIGTERM and a closed terminal end the stack as Ctrl-C does; while it stops, further ones change nothing."""

    def raised() -> None:
        raise KeyboardInterrupt

    def interrupt(number: int, frame: object) -> None:
        for each in ends:
            signal.signal(each, signal.SIG_IGN)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raised()
        else:
            # Between two callbacks: a driver in C that is left in the middle of one crashes the process later.
            loop.call_soon_threadsafe(raised)

    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, interrupt) for each in ends}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _start_detached(folder: Path, arguments: list[str]) -> None:
    """Run this same command without --detach in a session of its own, and return when its stack is ready."""
    log = state.log_folder(folder) / "stack.log"
    kept = [each for each in arguments if each not in ("--detach", "-d")]
    with log.open("ab") as output:
        began = output.tell()
        supervisor = subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, "-m", "waybond_local.cli", *kept],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with log.open("rb") as told:
            told.seek(began)
            while not _is_ready(folder):
                ended = supervisor.poll() is not None
                console.print(told.read().decode(errors="replace"), end="", markup=False)
                if ended:
                    raise ProcessError(f"The stack did not come up; all that it said is in {log}")
                time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:  # the terminal's Ctrl-C does not reach the supervisor
        console.print("Stopping")
        stop(supervisor, patience_seconds=_STOP_SECONDS)
        raise


def _is_ready(folder: Path) -> bool:
    try:
        return state.running(folder).phase == Phase.READY
    except NotRunningError:
        return False
