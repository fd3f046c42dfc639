"""The command `waybond shadow report`: what another wording would have paid for the orders that are on file."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from waybond_contracts.money import Money
from waybond_local import state
from waybond_local.errors import UNREACHABLE
from waybond_local.journal.command import CANNOT, stack_place
from waybond_local.journal.topics import CutError
from waybond_local.shadow.compare import compare
from waybond_local.shadow.difference import Difference, Pair, bars
from waybond_local.shadow.successors import Wanted, given
from waybond_pricing.files import products

app = typer.Typer(
    name="shadow",
    help="Another wording beside the one that decides: what it would change.",
    no_args_is_help=True,
    epilog="Example: [bold]waybond shadow report --successor order-protection-2026.12.1.toml[/bold]",
)
console = Console(highlight=False)


@app.callback()
def _group() -> None:
    """Keeps `report` a command of a group."""


@app.command(
    "report", epilog="Example: [bold]waybond shadow report --product order-protection --since 2026-09-01[/bold]"
)
def command(
    product: Annotated[str, typer.Option(help="Orders of this product, or of one version (NAME@VERSION). All.")] = "",
    successor: Annotated[
        Path | None,
        typer.Option(help="The other wording's product file. Without it the one that each product file names."),
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="Orders covered from then on (UTC). All.")] = None,
    tenant: Annotated[str, typer.Option(help="Orders of this tenant. All.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")] = None,
) -> None:
    """Tell the history of orders again under the wording that decides and under another one, and compare.

    Changes nothing and publishes nothing; the stack may run on meanwhile.

    Exit code 0: orders were compared. 3: there was none, no stack is ready, or a server of it cannot be reached.
    """
    wanted = Wanted(
        catalogue=products(),
        product=product,
        tenant=tenant,
        since=since.replace(tzinfo=UTC) if since is not None else None,
        given=given(successor) if successor is not None else None,
    )
    columns = SpinnerColumn(), TextColumn("{task.completed} orders")
    try:
        place = stack_place(state.serving(data))
        with Progress(*columns, console=console, transient=True, disable=as_json) as bar:
            task = bar.add_task("orders", total=None)
            found = asyncio.run(compare(place, wanted, lambda: bar.advance(task)))
    except (state.NotRunningError, CutError, *UNREACHABLE) as error:
        console.print(f"Nothing could be compared. {error}", markup=False, soft_wrap=True)
        raise typer.Exit(CANNOT) from None
    if as_json:
        typer.echo(json.dumps(figures(found), indent=2))
    else:
        show(found, console)
    if not found.orders:
        raise typer.Exit(CANNOT)


def figures(found: Difference) -> dict[str, Any]:
    """The difference as JSON takes it; amounts in minor units."""
    made: dict[str, Any] = msgspec.to_builtins(found)
    made["largest"] = [msgspec.to_builtins(each) for each in found.shown]
    return made


def show(found: Difference, to: Console) -> None:
    """Print what was compared, in tables with bars."""
    if not found.orders and not found.left_out:
        to.print(
            "No order on file was chosen. Without --successor those alone are whose product file names one under "
            "[shadow].",
            markup=False,
            soft_wrap=True,
        )
        return
    for currency, clauses in sorted(found.clauses.items()):
        _clauses(found, currency, {name: (each.orders, each.minor) for name, each in clauses.items()}, to)
    to.print(
        f"{found.orders:,} orders: {found.more:,} buyers get more, {found.less:,} less, {found.nothing:,} nothing any "
        f"more, {found.same:,} the same."
    )
    said = (
        (found.running, "orders are still covered under one of the wordings: more may follow"),
        (sum(found.declined.values()), f"orders the successor would not have taken ({_counted(found.declined)})"),
        (found.unheard, "orders hang on what a carrier would have said, whom nobody asked: it counts as silent"),
        (
            found.off_file,
            "orders have another amount on file than their history comes to (payments that failed, for one)",
        ),
        (sum(found.left_out.values()), f"orders could not be compared ({_counted(found.left_out)})"),
    )
    for number, what in said:
        if number:
            to.print(f"{number:,} {what}.", markup=False, soft_wrap=True)
    if found.asked.now or found.asked.then:
        to.print(f"Waiting for a person: {found.asked.now:,} orders now, {found.asked.then:,} under the successor.")
    if found.shown:
        table = Table("order", "now", "successor", "difference", title="Largest differences", title_justify="left")
        for each in found.shown:
            now, then, more = (_money(minor, each.currency) for minor in (each.now, each.then, each.then - each.now))
            table.add_row(escape(each.order_key), now, then, more)
        to.print(table)


def _clauses(found: Difference, currency: str, clauses: dict[str, tuple[Pair, Pair]], to: Console) -> None:
    columns = "clause", "orders now", "successor", "paid now", "successor", "difference"
    table = Table(*columns, title=currency, title_justify="left")
    money = found.currencies[currency]
    for name, (orders, minor) in clauses.items():
        table.add_row(
            name,
            f"{orders.now:,}",
            f"{orders.then:,}",
            _money(minor.now, currency),
            _money(minor.then, currency),
            _money(minor.difference, currency),
        )
    for name, pair in (("in all", money.minor), ("waits", money.waits), ("premium", money.premium)):
        now, then, more = (_money(minor, currency) for minor in (pair.now, pair.then, pair.difference))
        table.add_row(name, "", "", now, then, more)
    to.print(table)
    for name, (now, then) in bars({name: minor for name, (_, minor) in clauses.items()}).items():
        to.print(f"{name:<12} now       {now}", markup=False)
        to.print(f"{'':<12} successor {then}", markup=False)


def _money(minor: int, currency: str) -> str:
    return f"-{Money.of(-minor, currency)}" if minor < 0 else str(Money.of(minor, currency))


def _counted(reasons: dict[str, int]) -> str:
    return ", ".join(f"{number:,}: {reason}" for reason, number in sorted(reasons.items(), key=lambda each: -each[1]))
