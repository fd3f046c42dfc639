"""The command `waybond verify`: checks the invariants on a running stack; reads only, the exit code says the rest."""

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
from waybond_local.errors import UNREACHABLE
from waybond_local.invariants import load
from waybond_local.invariants.check import Check
from waybond_local.invariants.flow import Log, Place, applied, drained, kept_once
from waybond_local.invariants.money import Limits, Owed, balanced
from waybond_local.invariants.rows import Rows
from waybond_local.journal.audit import Audit, follow
from waybond_local.journal.command import CANNOT, stack_place
from waybond_local.journal.published import Published, ends
from waybond_local.journal.services import audited
from waybond_local.journal.topics import CutError
from waybond_local.paths import data_folder
from waybond_local.provision import with_database
from waybond_local.state import StackState

PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.5

console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command to `waybond`."""
    app.command("verify", epilog="Example: [bold]waybond verify[/bold]")(command)


def command(
    data: Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")] = None,
    patience: Annotated[
        float, typer.Option(min=0, help="How many seconds what is on its way may take to arrive.")
    ] = PATIENCE_SECONDS,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="I1 to I6 alone: follow no journal.")] = False,
) -> None:
    """Check the invariants I1 to I12 of a running stack against Kafka and the payment system. Changes nothing.

    I7 to I12 follow journals and topics from their beginning, which takes a while on a large installation.

    Exit code 0: all hold. 1: one does not. 3: none fails, but one could not be checked: no stack is ready, a server
    cannot be reached, a topic does not go back far enough.
    """
    checks: list[Check] = []
    why: Exception | None = None
    try:
        stack = state.serving(data)
        checks += asyncio.run(verify(stack, patience_seconds=patience))
        if not quick:
            keys = state.quote_keys(data or data_folder())
            checks += asyncio.run(audit(stack, checks, keys, patience_seconds=patience))
    except (state.NotRunningError, CutError, *UNREACHABLE) as error:  # it says nothing of the books
        why = error
    if checks:
        show(checks, console)
    if why is not None:
        what = "Nothing could be checked." if not checks else "I7 to I12 could not be checked."
        console.print(f"{what} {why}", markup=False, soft_wrap=True)
    if not all(check.holds for check in checks):
        raise typer.Exit(1)
    if why is not None or any(check.unchecked for check in checks):
        raise typer.Exit(CANNOT)


async def verify(stack: StackState, *, patience_seconds: float = PATIENCE_SECONDS) -> list[Check]:
    """I1 to I6, in their order.

    What is on its way looks like a violation. So a check that fails is made again until it holds, for at most
    `patience_seconds`; what was produced when this began must have been worked on by then, and what was to be
    published must be. Where time is the wall's, shards publish how far they have come for as long as they run.
    """
    deadline = time.monotonic() + patience_seconds
    logs = await load.logs(stack.kafka, stack.partitions, services=stack.services)
    async with load.reading(_dsn(stack)) as connection:
        last_rows = await load.outbox_ends(connection, stack.services)
    held: dict[str, Check] = {}
    look_ahead = False
    while True:
        checks = await check_all(stack, logs, last_rows, look_ahead=look_ahead)
        look_ahead = True
        held |= {check.name: check for check in checks if check.holds}
        if len(held) == len(checks) or time.monotonic() >= deadline:
            return [held.get(check.name, check) for check in checks]
        await asyncio.sleep(_POLL_SECONDS)


async def audit(
    stack: StackState, checks: Sequence[Check], quote_keys: str | None, *, patience_seconds: float = PATIENCE_SECONDS
) -> list[Check]:
    """I7 to I12, in their order: by following every journal, then reading what our services published.

    What was committed and has not reached its topic after `patience_seconds` is added to I4.
    """
    place = stack_place(stack)
    followed = Audit()
    followed.begin()
    before = await ends(place)
    for name in stack.services:
        async with load.reading(place.dsn) as connection:
            service = await audited(connection, name, quote_keys)
        for shard in range(place.partitions):
            await follow(place, service, shard, followed)
    deadline = time.monotonic() + patience_seconds
    while True:
        async with load.reading(place.dsn) as connection:
            moved = {each.refund_id: each.minor for each in await load.moved(connection)}
        published = Published(place, followed, before, rows=Rows(moved))
        for shard in range(place.partitions):
            await published.look(shard)
        if published.outboxes.holds or time.monotonic() >= deadline:
            break
        await asyncio.sleep(_POLL_SECONDS)
    for check in checks:
        if check.name == published.outboxes.name:
            check.add(published.outboxes)
    return [
        followed.replays,
        published.clocks.check,
        followed.wakes,
        published.holds,
        published.rows.check,
        published.denials.check,
    ]


async def check_all(
    stack: StackState,
    logs: Mapping[Place, Log],
    last_rows: Mapping[str, Mapping[int, int]] | None = None,
    *,
    look_ahead: bool = False,
) -> list[Check]:
    """I1 to I6, once, on one snapshot of the database; of the outboxes up to `last_rows`, else whole.

    `look_ahead`: what is not worked on yet is looked at, and waits for nobody if it only says how far a shard has come.
    """
    async with load.reading(_dsn(stack)) as connection:
        moved = await load.moved(connection)
        ledger = await load.ledger(connection)
        owed = Owed(moved, await load.waiting(connection))
        limits = Limits(moved)
        async for case in load.cases(connection):
            owed.add(case)
            limits.add(case)
        kept = await load.quarantined(connection, stack.kafka, services=stack.services)
        reached = await load.next_offsets(connection, stack.services)
        journal = await load.journals(connection, logs, reached)
        since = await load.logs(stack.kafka, stack.partitions, services=stack.services)
        between = await load.between(stack.kafka, {place: journal[place] for place in journal.keys() & since.keys()})
        ahead = await load.between(stack.kafka, load.unread(logs, reached)) if look_ahead else None
        return [
            owed.finish(ledger.cash_of),
            balanced(ledger, await load.payment_books(connection)),
            applied(logs, reached, journal, between, kept, since=since, ahead=ahead),
            drained(await load.outboxes(connection, last_rows or await load.outbox_ends(connection, stack.services))),
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
        outcome = "[yellow]not checked[/yellow]" if check.unchecked else "[green]holds[/green]"
        if not check.holds:
            outcome = f"[bold red]FAILS {check.violations} times[/bold red]"
        table.add_row(check.name, check.title, escape(figures), outcome)
    to.print(table)
    for check in checks:
        for violation in check.shown:
            to.print(f"[red]{check.name}[/red] {escape(violation)}", soft_wrap=True)
        if check.unchecked:
            to.print(f"[yellow]{check.name}[/yellow] {escape(check.unchecked)}", soft_wrap=True)
        if check.violations > len(check.shown):
            to.print(f"[red]{check.name}[/red] and {check.violations - len(check.shown)} more")
