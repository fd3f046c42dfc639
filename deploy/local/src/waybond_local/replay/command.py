"""The command `waybond replay`: a history of shipments through a running stack."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from waybond_contracts.errors import ContractError
from waybond_local import state
from waybond_local.history import olist as olist_history
from waybond_local.history import scms as scms_history
from waybond_local.provision import DATABASE, with_database
from waybond_local.replay import olist, scms
from waybond_local.replay.run import TAIL, check, replay
from waybond_local.replay.timed import Told
from waybond_local.state import StackState
from waybond_local.tenants import add_tenant, list_tenants, tenant_name, wait_until_sold

SINCE = datetime(2000, 1, 1, tzinfo=UTC)
"""A tenant of a replay may sell from the earliest instant that an event can carry."""

MAX_TAIL_DAYS = 3_650

console = Console(highlight=False)


class Format(StrEnum):
    """Histories that can be read."""

    SCMS = "scms"
    OLIST = "olist"


def register(app: typer.Typer) -> None:
    """Add the command to `waybond`."""
    app.command("replay", epilog="Example: [bold]waybond replay history/ --format scms --year 2014[/bold]")(command)


def command(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the history's files.")],
    format_: Annotated[Format, typer.Option("--format", help="What the files are.")],
    *,
    year: Annotated[int | None, typer.Option(help="Only orders placed in this year (scms).")] = None,
    tenant: Annotated[str, typer.Option(help="Whose orders they are; added where it is missing.")] = "demo",
    tail_days: Annotated[
        int, typer.Option(min=1, max=MAX_TAIL_DAYS, help="How long the clock goes on behind the last event.")
    ] = TAIL.days,
    data: Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")] = None,
) -> None:
    """Replay a history of shipments through a stack that was started with `waybond up --replay`."""
    stack = state.serving(data)
    try:
        name = tenant_name(tenant)
    except ContractError as error:
        raise typer.BadParameter(str(error), param_hint="--tenant") from error
    told = read(directory, format_, name, year)
    show(told)
    check(stack, told)  # before anything is added to a stack that is not meant for it
    asyncio.run(_replay(stack, told, tenant, timedelta(days=tail_days)))


def read(directory: Path, format_: Format, tenant: str, year: int | None) -> Told:
    """The history in a folder as events. Raises HistoryError where it cannot be read."""
    if format_ is Format.OLIST:
        if year is not None:
            raise typer.BadParameter("--year goes with --format scms")
        return olist.told(olist_history.read(directory), tenant)
    history = scms_history.read(directory / scms_history.FILE)
    return scms.told(history, tenant, (lambda order: True) if year is None else scms.placed_in(year))


def show(told: Told, to: Console = console) -> None:
    """Print what a history says, and what it says against itself."""
    if not told.facts:
        return
    to.print(f"{len(told.facts):,} events, known from {told.first:%Y-%m-%d} to {told.last:%Y-%m-%d}.")
    title = "What the data says against itself, or leaves open: it is kept, not dropped"
    table = Table("", "these orders", "whole history", title=title, title_justify="left")
    for kind, (here, in_all) in told.contradictions.items():
        table.add_row(kind.replace("_", " "), f"{here:,}", f"{in_all:,}")
    for assumption, count in told.assumptions.items():
        table.add_row(escape(assumption), f"{count:,}", "")
    table.add_row("rows that cannot be read", "", f"{told.rejected:,}")
    to.print(table)


async def ensure_tenant(stack: StackState, tenant: str, *products: str) -> None:
    """Add the tenant, from before any history on, where it is not there."""
    dsn = with_database(stack.admin_dsn, DATABASE)
    if tenant not in await list_tenants(dsn):
        key, _ = await add_tenant(dsn, tenant, products, products[0], since=SINCE)
        await wait_until_sold(stack.url("pricing"), key)


async def _replay(stack: StackState, told: Told, tenant: str, tail: timedelta) -> None:
    await ensure_tenant(stack, tenant, "order-protection", scms.PRODUCT, olist.PRODUCT)
    done = await replay(stack, told, console, tail=tail)
    console.print(
        f"{done.events:,} events, the clock up to {done.through:%Y-%m-%d}, in {done.seconds:.1f} s. "
        "[bold]waybond verify[/bold] checks the books."
    )
