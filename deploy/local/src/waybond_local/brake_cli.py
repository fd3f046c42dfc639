"""The commands `waybond brake set|release|show`: supervisors stop payments, bound them by the hour, and release them.

The table counts: an entry is in force as soon as it is written. Then it is published on `brakes`; what could not be
published is published with the next command, under the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

import asyncpg
import typer
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from waybond_claims.service import brakes
from waybond_claims.service.brakes import READ_EVERY_SECONDS, Entry, Place, in_force
from waybond_contracts.brakes import BrakeChange, BrakeReleased, BrakeSet
from waybond_contracts.envelope import Envelope
from waybond_contracts.errors import ContractError
from waybond_contracts.event import TYPE_PREFIX
from waybond_contracts.money import Money
from waybond_contracts.topics import BRAKES
from waybond_local import person, state
from waybond_local.provision import DATABASE, with_database
from waybond_local.tenants import known_tenants
from waybond_pricing.files import products

SOURCE = "/waybond/supervisor"
WRITE_TIMEOUT_SECONDS = 5
MAX_REASON_CHARACTERS = 2_000
MAX_SHOWN = 100
"""Entries of the history that `show` shows, the newest."""

console = Console(highlight=False)
app = typer.Typer(
    name="brake",
    help="Stop payments, bound them by the hour, release them.",
    no_args_is_help=True,
    epilog="Example: [bold]waybond brake show[/bold]",
)

Data = Annotated[
    Path | None, typer.Option("--data", help="The running stack's folder (else WAYBOND_DATA, else the user's).")
]
Database = Annotated[
    str | None,
    typer.Option("--database", help="The administrator's DSN of Waybond's database (else the running stack's)."),
]
Kafka = Annotated[str | None, typer.Option("--kafka", help="Brokers, beside --database: where the entry is published.")]
All = Annotated[bool, typer.Option("--all", help="The payments of all tenants and products.")]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Those of one tenant.")]
Product = Annotated[str | None, typer.Option("--product", help="Those under one product: its name.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the history.")]


@dataclass(frozen=True, slots=True)
class Where:
    """The database (an administrator's DSN), and the brokers that the topic `brakes` is on, if they are known."""

    dsn: str
    kafka: str | None


async def change(where: Where, place: Place, minor: int | None, reason: str, *, released: bool = False) -> Entry:
    """Set (`minor` an hour, of a ceiling) or release, in force once this returns. Raises ContractError naming what is
    wrong."""
    if not 0 < len(reason.strip()) <= MAX_REASON_CHARACTERS:
        raise ContractError("reason", f"why, in 1 to {MAX_REASON_CHARACTERS} characters", reason)
    _, tenant, product, _ = place
    names = {key.partition("@")[0] for key in products()}
    if product is not None and product not in names:
        raise ContractError("product", f"one of {', '.join(sorted(names))}", product)
    async with _database(where.dsn) as connection:
        if tenant is not None and tenant not in (found := await known_tenants(connection)):
            raise ContractError("tenant", f"one of {', '.join(sorted(found))}", tenant)
        await _enter(connection)
        if released:
            return await brakes.release(connection, place, author=person.name(), reason=reason)
        return await brakes.write(connection, place, minor, author=person.name(), reason=reason)


async def tell(where: Where) -> int:
    """Publish what was not published yet; how many entries there were. A second telling has the same ids."""
    async with _database(where.dsn) as connection:
        await _enter(connection)
        entries = await brakes.untold(connection)
        if not entries or where.kafka is None:
            return 0
        async with AIOKafkaProducer(bootstrap_servers=where.kafka, acks="all", enable_idempotence=True) as producer:
            for entry in entries:
                headers, value = record(entry)
                await producer.send_and_wait(BRAKES, value=value, partition=0, headers=headers)
        await brakes.mark_told(connection, [entry.id for entry in entries])
    return len(entries)


def record(entry: Entry) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of the record that tells of an entry."""
    fields = {
        "entry": entry.id,
        "occurred_at": entry.written_at,
        "kind": entry.kind,
        "tenant": entry.tenant,
        "product": entry.product,
        "by": entry.author,
        "reason": entry.reason,
    }
    change: BrakeChange
    if entry.released:
        change = BrakeReleased.model_validate(fields | {"currency": entry.currency})
    else:
        change = BrakeSet.model_validate(fields | {"ceiling": ceiling_of(entry)})
    envelope = Envelope(
        id=str(uuid5(NAMESPACE_URL, f"{SOURCE}/{entry.id}/{entry.written_at.isoformat()}")),
        type=TYPE_PREFIX + type(change).__name__,
        source=SOURCE,
        time=entry.written_at,
    )
    return envelope.headers(), change.model_dump_json(exclude_none=True).encode()


def ceiling_of(entry: Entry) -> Money | None:
    """How much a ceiling lets pass in an hour."""
    return None if entry.minor is None or entry.currency is None else Money.of(entry.minor, entry.currency)


async def history(dsn: str) -> list[Entry]:
    """All that was ever set and released, in order."""
    async with _database(dsn) as connection:
        await _enter(connection)
        return await brakes.read(connection)


def place_of(everything: bool, tenant: str | None, product: str | None, currency: str | None) -> Place:
    """What the options name. Raises ContractError for none, and for more than is meant."""
    if everything == (tenant is not None or product is not None):
        raise ContractError("--all", "either --all, or --tenant, --product or both of them", everything)
    if currency is None:
        return "stop", tenant, product, None
    if tenant is None or product is None:
        raise ContractError("--ceiling", "--tenant and --product: a ceiling is of one tenant's product", "none of one")
    return "ceiling", tenant, product, currency


@app.command("set", epilog='Example: [bold]waybond brake set --tenant acme --reason "odd claims since noon"[/bold]')
def set_(
    reason: Reason,
    *,
    all_: All = False,
    tenant: Tenant = None,
    product: Product = None,
    ceiling: Annotated[
        str | None, typer.Option("--ceiling", help='No stop, but so much an hour, as in "5000.00".')
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="The ceiling's currency.")] = None,
    data: Data = None,
    database: Database = None,
    kafka: Kafka = None,
) -> None:
    """Stop payments, or bound them by the hour. What is commanded already goes on."""
    try:
        if (ceiling is None) != (currency is None):
            raise ContractError("--currency", "--ceiling and --currency, or neither", currency)
        much = Money.parse(ceiling, currency) if ceiling is not None and currency is not None else None
        place = place_of(all_, tenant, product, much.currency if much is not None else None)
        entry = _changed(_where(data, database, kafka), place, much.minor if much is not None else None, reason)
    except ContractError as error:
        raise typer.BadParameter(str(error)) from error
    what = "stopped" if much is None else f"bounded by {much} an hour"
    console.print(
        f"Payments of {described(entry)} are {what} (entry {entry.id}). "
        f"Batches that begin after {READ_EVERY_SECONDS:.0f} s know of it."
    )


@app.command(epilog='Example: [bold]waybond brake release --tenant acme --reason "all of them were real"[/bold]')
def release(
    reason: Reason,
    *,
    all_: All = False,
    tenant: Tenant = None,
    product: Product = None,
    currency: Annotated[str | None, typer.Option("--currency", help="No stop, but the ceiling in this one.")] = None,
    data: Data = None,
    database: Database = None,
    kafka: Kafka = None,
) -> None:
    """Release a stop or a ceiling: what waited is commanded by itself, within a quarter of an hour."""
    try:
        place = place_of(all_, tenant, product, currency)
        entry = _changed(_where(data, database, kafka), place, None, reason, released=True)
    except ContractError as error:
        raise typer.BadParameter(str(error)) from error
    console.print(f"Payments of {described(entry)} are released (entry {entry.id}).")


@app.command(epilog="Example: [bold]waybond brake show[/bold]")
def show(data: Data = None, database: Database = None) -> None:
    """Show what is in force, then the history, the newest first."""
    entries = asyncio.run(history(_where(data, database, None).dsn))
    forced = in_force(entries)
    if not forced:
        console.print("No payments are stopped or bounded.")
    for title, rows in (("in force", forced), ("history", entries[::-1][:MAX_SHOWN])):
        if rows:
            console.print(_table(title, rows))
    if len(entries) > MAX_SHOWN:
        console.print(f"The newest {MAX_SHOWN} of {len(entries)} entries are shown.")


def described(entry: Entry) -> str:
    """Whose payments an entry is about."""
    if entry.tenant is None and entry.product is None:
        return "all tenants"
    return " of ".join(each for each in (entry.product, entry.tenant) if each is not None)


def _table(title: str, entries: Sequence[Entry]) -> Table:
    table = Table("entry", "at (UTC)", "payments of", "what", "by", "why", title=title, title_justify="left")
    for entry in entries:
        what = "stop" if entry.kind == "stop" else f"ceiling {ceiling_of(entry) or entry.currency}"
        what = f"{what} released" if entry.released else what
        at = f"{entry.written_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(entry.id), at, described(entry), what, escape(entry.author), escape(entry.reason))
    return table


def _changed(where: Where, place: Place, minor: int | None, reason: str, *, released: bool = False) -> Entry:
    async def work() -> Entry:
        entry = await change(where, place, minor, reason, released=released)
        try:
            await tell(where)
        except (KafkaError, OSError) as error:
            console.print(f"It is in force. It is not published on {BRAKES}: {error}", markup=False, soft_wrap=True)
        return entry

    return asyncio.run(work())


def _where(data: Path | None, database: str | None, kafka: str | None) -> Where:
    if database is not None:
        return Where(database, kafka)
    stack = state.serving(data)
    return Where(with_database(stack.admin_dsn, DATABASE), kafka or stack.kafka)


@asynccontextmanager
async def _database(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn, command_timeout=WRITE_TIMEOUT_SECONDS)
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


async def _enter(connection: asyncpg.Connection) -> None:
    await connection.execute("SET LOCAL search_path TO claims")
