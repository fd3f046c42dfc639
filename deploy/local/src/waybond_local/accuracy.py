"""The command `waybond accuracy`: how often payments and denials that no person decided were found wrong by audits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from waybond_claims.desk.audits import ABOVE, DENIAL, SHARE
from waybond_claims.service.accuracy import Rate, counted, rates
from waybond_local import state
from waybond_local.invariants.load import reading
from waybond_local.journal.command import stack_place

SAMPLES = {SHARE: "payments, by lot", ABOVE: "payments above the amount, all", DENIAL: "denials, by lot"}

console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command to `waybond`."""
    app.command("accuracy", epilog="Example: [bold]waybond accuracy --product order-protection[/bold]")(command)


def command(
    product: Annotated[str, typer.Option(help="This product alone.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rates as JSON.")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")] = None,
) -> None:
    """Show how often audits found payments and denials wrong, with Wilson's interval of 95 %."""
    found = asyncio.run(_rates(stack_place(state.serving(data)).dsn))
    chosen = [each for each in found if product in ("", each.product)]
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(chosen), indent=2))
    elif not chosen:
        console.print("No audit has asked anything: a product says under [audit] what is looked at.", markup=False)
    else:
        console.print(table(chosen))


async def _rates(dsn: str) -> list[Rate]:
    async with reading(dsn) as connection, connection.transaction():
        await connection.execute("SET LOCAL search_path TO claims")
        return rates(await counted(connection))


def table(found: Sequence[Rate]) -> Table:
    """The rates as a table."""
    made = Table("product", "sample", "found", "asked", "answered", "wrong", "rate", "95 %")
    for each in found:
        rate = f"{each.rate:.2%}" if each.rate is not None else ""
        bounds = f"{each.low:.2%} to {each.high:.2%}" if each.rate is not None else ""
        made.add_row(
            each.product,
            SAMPLES[each.sample],
            each.wrong,
            f"{each.asked:,}",
            f"{each.answered:,}",
            f"{each.found:,}",
            rate,
            bounds,
        )
    return made
