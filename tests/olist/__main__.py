"""The command `python -m tests.olist`: orders of Olist through the services, compared with a computation."""

import gc
import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from tests.olist.comparison import KINDS, MAX_SHOWN, Tally, compare, kinds, sample
from tests.olist.data import DIRECTORY, our_products
from tests.olist.services import Services, told
from tests.support.olist import Order, Product, read
from waybond_local.history import olist
from waybond_local.history.table import HistoryError
from waybond_local.replay.timed import Timed

LOG_ORDERS = 1_000
"""After so many a line says how far it is, where no bar can be drawn."""
COLLECT_ORDERS = 100

console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False)
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(
    epilog="Examples: python -m tests.olist   python -m tests.olist --all --products order-protection-2026.11.1"
)
def main(
    directory: Annotated[Path, typer.Argument(help="The folder with the tables.")] = DIRECTORY,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All orders, not the sample that `make test` has.")] = False,
    products: Annotated[str, typer.Option(help="Files of products, with commas; all, if none is named.")] = "",
) -> None:
    """Compare what the services decide on orders of Olist with what the raw tables and the product file say.

    The exit code is 1 if they differ on an order, if less than 95 % of the claims end without a person, or if a parcel
    that had arrived was paid as lost.
    """
    ours = our_products()
    named = products.split(",") if products else list(ours)
    if unknown := [name for name in named if name not in ours]:
        raise typer.BadParameter(f"expected some of {', '.join(ours)}, got {', '.join(unknown)}")
    try:
        history = olist.read(directory)
    except HistoryError as error:
        raise typer.BadParameter(str(error)) from None
    whole = read(directory)
    orders = whole if everything else sample(whole)
    facts = told(history, {order.order_id for order in orders}.__contains__)
    show_kinds(orders, whole)
    tallies = {name: run(ours[name], orders, facts) for name in named}
    show(tallies)
    raise typer.Exit(0 if all(tally.good for tally in tallies.values()) else 1)


def run(by: Product, orders: list[Order], facts: dict[str, list[Timed]]) -> Tally:
    """All orders under one product, with progress."""
    services, tally = Services(), Tally()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    began = perf_counter()
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        bar = progress.add_task(by.key, total=len(orders))
        gc.disable()
        for order in orders:
            compare(order, by, facts.get(order.order_id, ()), services, tally)
            progress.advance(bar)
            if tally.orders % COLLECT_ORDERS == 0:
                gc.collect(1)
            if not console.is_terminal and tally.orders % LOG_ORDERS == 0:
                console.print(f"{by.key}: {tally.orders:,} of {len(orders):,}, {len(tally.differences)} differ")
        gc.enable()
    seconds = perf_counter() - began
    console.print(f"{by.key}: {tally.orders:,} orders in {seconds:.0f} s, {tally.orders / seconds:,.0f} a second")
    return tally


def show_kinds(orders: list[Order], whole: list[Order]) -> None:
    """Which orders are looked at."""
    here, in_all = kinds(orders), kinds(whole)
    table = Table("orders", "looked at", "in the tables", title="Olist", title_justify="left")
    for kind in KINDS:
        table.add_row(kind, f"{here[kind]:,}", f"{in_all[kind]:,}")
    table.add_row("all", f"{len(orders):,}", f"{len(whole):,}")
    console.print(table)


def show(tallies: dict[str, Tally]) -> None:
    """What came of them, by product; and the first differences."""
    table = Table("", *tallies, title="Through the services, and computed", title_justify="left")
    for what, figure in {
        "orders": lambda each: f"{each.orders:,}",
        "insured": lambda each: f"{each.insured:,}",
        "claims": lambda each: f"{each.claims:,}",
        "claims without a person": lambda each: f"{each.without_a_person:.1%}",
        "orders paid": lambda each: f"{each.paid:,}",
        "paid": lambda each: f"{each.paid_minor / 100:,.2f} BRL",
        "paid for a loss": lambda each: f"{each.lost:,}",
        "of these arrived before the payment": lambda each: f"{each.lost_though_arrived:,}",
        "paid and kept, arrived after all": lambda each: f"{each.kept:,}",
        "differences": lambda each: f"{len(each.differences):,}",
    }.items():
        table.add_row(what, *map(figure, tallies.values()))
    console.print(table)
    for name, tally in tallies.items():
        for difference in tally.differences[:MAX_SHOWN]:
            console.print(f"{name}: {difference}")


if __name__ == "__main__":
    app()
