"""The command `waybond verify`: checks the invariants on a running stack, reads only, and exits with 1 if one fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from waybond_contracts.money import Money
from waybond_local import state
from waybond_local.invariants import load
from waybond_local.invariants.check import Check
from waybond_local.invariants.flow import Log, Place, applied, drained, kept_once
from waybond_local.invariants.money import Limits, Owed, balanced
from waybond_local.provision import with_database
from waybond_local.state import StackState

PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.5

console = Console(highlight=False)


def command(
    data: Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")] = None,
    patience: Annotated[
        float, typer.Option(min=0, help="How many seconds what is on its way may take to arrive.")
    ] = PATIENCE_SECONDS,
) -> None:
    """Check the invariants I1 to I6 of a running stack against Kafka and the payment system. Changes nothing."""
    checks = asyncio.run(verify(state.running(data), patience_seconds=patience))
    show(checks, console)
    if not all(check.holds for check in checks):
        raise typer.Exit(1)


async def verify(stack: StackState, *, patience_seconds: float = PATIENCE_SECONDS) -> list[Check]:
    """All checks, in their order.

    What is on its way looks like a violation. So a check that fails is made again until it holds, for at most
    `patience_seconds`; what was produced when this began must have been worked on by then, and what was to be
    published must be. Where time is the wall's, shards publish how far they have come for as long as they run.
    """
    deadline = time.monotonic() + patience_seconds
    logs = await load.logs(stack.kafka, stack.partitions)
    async with load.reading(_dsn(stack)) as connection:
        ends = await load.outbox_ends(connection)
    held: dict[str, Check] = {}
    while True:
        checks = await check_all(stack, logs, ends)
        held |= {check.name: check for check in checks if check.holds}
        if len(held) == len(checks) or time.monotonic() >= deadline:
            return [held.get(check.name, check) for check in checks]
        await asyncio.sleep(_POLL_SECONDS)


async def check_all(
    stack: StackState, logs: Mapping[Place, Log], ends: Mapping[str, Mapping[int, int]] | None = None
) -> list[Check]:
    """All checks, once, on one snapshot of the database; of the outboxes up to their `ends`, else whole."""
    async with load.reading(_dsn(stack)) as connection:
        moved = await load.moved(connection)
        ledger = await load.ledger(connection)
        owed = Owed(moved, await load.waiting(connection))
        limits = Limits(moved)
        async for case in load.cases(connection):
            owed.add(case)
            limits.add(case)
        kept = await load.quarantined(connection, stack.kafka)
        reached = await load.next_offsets(connection)
        journal = await load.journals(connection, logs, reached)
        between = await load.between(stack.kafka, journal)
        return [
            owed.finish(ledger.cash_of),
            balanced(ledger, await load.payment_books(connection)),
            applied(logs, reached, journal, between, kept),
            drained(await load.outboxes(connection, ends or await load.outbox_ends(connection))),
            kept_once(kept),
            limits.check,
        ]


def _dsn(stack: StackState) -> str:
    return with_database(stack.admin_dsn, urlsplit(stack.dsns["claims"]).path.removeprefix("/"))


def _figure(what: str, number: int) -> str:
    """An amount in major units where the figure's last word is a currency."""
    name, _, currency = what.rpartition(" ")
    return f"{name} {Money.of(number, currency)}" if currency.isupper() and len(currency) == 3 else f"{what} {number:,}"


def show(checks: Sequence[Check], to: Console) -> None:
    """Print each invariant with its figures, and what contradicts it."""
    table = Table("", "invariant", "figures", "", title="Invariants", title_justify="left")
    for check in checks:
        figures = ", ".join(_figure(what, number) for what, number in check.figures.items())
        outcome = "[green]holds[/green]" if check.holds else f"[bold red]FAILS {check.violations} times[/bold red]"
        table.add_row(check.name, check.title, escape(figures), outcome)
    to.print(table)
    for check in checks:
        for violation in check.shown:
            to.print(f"[red]{check.name}[/red] {escape(violation)}", soft_wrap=True)
        if check.violations > len(check.shown):
            to.print(f"[red]{check.name}[/red] and {check.violations - len(check.shown)} more")
