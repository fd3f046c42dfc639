"""The commands `waybond status` and `waybond down`: what stands, and its end."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from waybond_local import state
from waybond_local.paths import data_folder
from waybond_local.processes import ProcessError
from waybond_local.state import NotRunningError, Phase, StackState

NOT_RUNNING = 3  # the exit code that service managers use for it
STOP_SECONDS = 120.0
_POLL_SECONDS = 0.2

console = Console(highlight=False)

Folder = Annotated[
    Path | None,
    typer.Option("--data", help="Where data and logs are kept (else WAYBOND_DATA, else the user's)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `waybond`."""
    app.command(epilog="Example: [bold]waybond down[/bold]")(down)
    app.command(epilog="Example: [bold]waybond status || waybond up --detach[/bold]")(status)


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
        deadline = time.monotonic() + STOP_SECONDS
        while state.is_running(folder) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    if state.is_running(folder):
        os.kill(found.supervisor, signal.SIGKILL)  # the kernel then kills all that it started
        raise ProcessError(f"The stack did not stop within {STOP_SECONDS:.0f} s and was killed")
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
