"""The command `waybond journal replay`: makes services' states again from topics and journal, and compares them."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from waybond_local import state
from waybond_local.errors import UNREACHABLE
from waybond_local.invariants.load import reading
from waybond_local.journal import tables
from waybond_local.journal.replay import Place, Report, replay
from waybond_local.journal.services import audited
from waybond_local.journal.topics import CutError
from waybond_local.paths import data_folder
from waybond_local.provision import with_database
from waybond_local.state import SERVICES, StackState

CANNOT = 3
"""Exit code: no stack, no server, or a topic that does not hold any more what the journal names."""

app = typer.Typer(
    name="journal",
    help="What was applied, in which order: the audit.",
    no_args_is_help=True,
    epilog="Example: [bold]waybond journal replay --service claims[/bold]",
)
console = Console(highlight=False)


@app.callback()
def _group() -> None:
    """Keeps `replay` a command of a group."""


@app.command("replay", epilog="Example: [bold]waybond journal replay --service claims --shard 3[/bold]")
def command(
    service: Annotated[
        list[str] | None, typer.Option("--service", help=f"One of {', '.join(SERVICES)}; may be given again. All.")
    ] = None,
    shard: Annotated[list[int] | None, typer.Option("--shard", help="One shard; may be given again. All.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")] = None,
) -> None:
    """Make each service's state again from its topics and its journal, and compare it byte by byte with its tables.

    Changes nothing; the stack may run on meanwhile. Quotes need the keys that signed them: the stack's own, and
    those of WAYBOND_QUOTE_KEYS.

    Exit code 0: all is the same. 1: something differs. 3: a topic does not hold any more what the journal names, no
    stack is ready, or a server of it cannot be reached.
    """
    unknown = sorted(set(service or ()) - set(SERVICES))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: one of {', '.join(SERVICES)}", param_hint="--service")
    try:
        stack = state.serving(data)
        chosen = service or list(stack.services)
        missing = sorted(set(chosen) - set(stack.services))
        if missing:
            raise typer.BadParameter(f"{', '.join(missing)} does not run here", param_hint="--service")
        if shard and not set(shard) <= set(range(stack.partitions)):
            raise typer.BadParameter(f"shards are 0 to {stack.partitions - 1}", param_hint="--shard")
        keys = state.quote_keys(data or data_folder())
        reports = asyncio.run(run(stack_place(stack), chosen, shard or list(range(stack.partitions)), keys, console))
    except (state.NotRunningError, CutError, *UNREACHABLE) as error:  # nothing was found to differ
        console.print(f"Nothing could be compared. {error}", markup=False, soft_wrap=True)
        raise typer.Exit(CANNOT) from None
    show(reports, console)
    if any(report.differences for report in reports):
        raise typer.Exit(1)
    if any(report.cut for report in reports):
        raise typer.Exit(CANNOT)


def stack_place(stack: StackState) -> Place:
    """Where a stack on this machine keeps its things."""
    dsn = with_database(stack.admin_dsn, urlsplit(stack.dsns["claims"]).path.removeprefix("/"))
    return Place(dsn, stack.kafka, stack.partitions, stack.replay)


async def run(
    place: Place, services: list[str], shards: list[int], quote_keys: str | None, to: Console
) -> list[Report]:
    """Replay shard by shard, with a bar that counts the journal's rows."""
    reports = []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=to, transient=True) as bar:
        for name in services:
            async with reading(place.dsn) as connection:
                one = await audited(connection, name, quote_keys)
                rows = await tables.shards(connection, name)
            task = bar.add_task(name, total=sum(rows.get(shard, 0) for shard in shards))
            for shard in shards:
                followed = await replay(place, one, shard, step=lambda task=task: bar.advance(task))
                reports.append(followed.report)
    return reports


def show(reports: list[Report], to: Console) -> None:
    """Print what was compared, and what differs or cannot be made again."""
    table = Table("service", "shards", "figures", "", title="Journal replay", title_justify="left")
    for service in dict.fromkeys(report.service for report in reports):
        mine = [report for report in reports if report.service == service]
        figures: Counter[str] = Counter()
        for report in mine:
            figures.update(report.figures)
        differences, cut = sum(report.differences for report in mine), sum(bool(report.cut) for report in mine)
        outcome = "[green]the same[/green]"
        if differences:
            outcome = f"[bold red]{differences} DIFFERENCES[/bold red]"
        elif cut:
            outcome = f"[yellow]{cut} shards cannot be made again[/yellow]"
        said = ", ".join(f"{what} {number:,}" for what, number in figures.items())
        table.add_row(service, str(len(mine)), said, outcome)
    to.print(table)
    for report in reports:
        for difference in report.shown:
            to.print(f"[red]{escape(difference)}[/red]", soft_wrap=True)
        if report.differences > len(report.shown):
            to.print(f"[red]{report.service}/{report.shard}: {report.differences - len(report.shown)} more[/red]")
        if report.differences and report.codes:
            to.print(
                f"{report.service}/{report.shard}: part of the journal was written by code "
                f"{', '.join(sorted(report.codes))}: it may have decided otherwise"
            )
        if report.cut:
            to.print(f"[yellow]{report.service}/{report.shard}: {escape(report.cut)}[/yellow]", soft_wrap=True)
