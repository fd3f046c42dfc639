"""The commands `waybond person add|list`: who works at the adjusters' desk, as what, with which authority."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from waybond_claims.desk.people import SCOPES
from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.fields import Id
from waybond_contracts.money import Money
from waybond_kit import apikeys
from waybond_kit.apikeys import KeyRow, Person
from waybond_local import state
from waybond_local.provision import DATABASE, with_database
from waybond_local.tenants import tenant_name

MAX_LIMITS = 32
SCHEMA = "claims"
"""People work at claims alone: no other service has their keys."""

console = Console(highlight=False)
app = typer.Typer(
    name="person",
    help="People who work at the adjusters' desk, and their API keys.",
    no_args_is_help=True,
    epilog="Example: [bold]waybond person list[/bold]",
)

Data = Annotated[
    Path | None, typer.Option("--data", help="The running stack's folder (else WAYBOND_DATA, else the user's).")
]
Database = Annotated[
    str | None,
    typer.Option("--database", help="The administrator's DSN of Waybond's database (else the running stack's)."),
]


async def add_person(dsn: str, tenant: str, author: str, role: str, limits: Mapping[str, int]) -> str:
    """Let a person in as a role; returns their API key, which nothing can show again.

    `author`: a pseudonymous id. `limits`: how much they decide alone, in minor units by currency; empty: as much as
    the role. Raises ContractError naming the field.
    """
    tenant_name(tenant)
    if role not in SCOPES:
        raise ContractError("role", f"one of {', '.join(SCOPES)}", role)
    try:
        TypeAdapter(Id).validate_python(author)
    except ValidationError as error:
        raise ContractError("author", contract_error(error).expected, author) from None
    key = apikeys.new_key()
    connection = await _connect(dsn)
    try:
        await apikeys.add_key(connection, tenant, key, Person(author, role, SCOPES[role], limits))
    finally:
        await connection.close()
    return key


async def list_people(dsn: str) -> list[KeyRow]:
    """The keys of people, by tenant."""
    connection = await _connect(dsn)
    try:
        return [row for row in await apikeys.list_keys(connection) if row.author]
    finally:
        await connection.close()


def limits_of(given: Sequence[str]) -> dict[str, int]:
    """Minor units by currency, from "USD=50.00". Raises ContractError for anything else."""
    if len(given) > MAX_LIMITS:
        raise ContractError("limit", f"at most {MAX_LIMITS} currencies", len(given))
    found: dict[str, int] = {}
    for each in given:
        currency, equals, amount = each.partition("=")
        if not equals or currency in found:
            raise ContractError("limit", "a currency and an amount, once each, such as USD=50.00", each)
        found[currency] = Money.parse(amount, currency).minor
    return found


async def _connect(dsn: str) -> asyncpg.Connection:
    return await asyncpg.connect(dsn, server_settings={"search_path": SCHEMA})


@app.command(epilog="Example: [bold]waybond person add acme adjuster-7 --role adjuster --limit USD=50.00[/bold]")
def add(
    tenant: Annotated[str, typer.Argument(help="Whose questions they see.")],
    author: Annotated[str, typer.Argument(help="A pseudonymous id; it is kept with every decision.")],
    *,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(SCOPES)}.")],
    limit: Annotated[
        list[str] | None,
        typer.Option(help="How much they decide alone, as in USD=50.00; else as much as the role. Repeatable."),
    ] = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Let a person work at the desk and show their API key, once. `waybond tenant revoke-key` takes it back."""
    try:
        key = asyncio.run(add_person(_dsn(data, database), tenant, author, role, limits_of(limit or ())))
    except ContractError as error:
        raise typer.BadParameter(str(error)) from error
    console.print(f"{author} works for {tenant} as {role}. The API key, which cannot be shown again:")
    console.print(key, soft_wrap=True)


@app.command("list", epilog="Example: [bold]waybond person list[/bold]")
def list_(data: Data = None, database: Database = None) -> None:
    """Show who works at the desk, with the prefixes of their keys."""
    table = Table("tenant", "person", "role", "key", "since (UTC)", "revoked")
    for row in asyncio.run(list_people(_dsn(data, database))):
        revoked = f"{row.revoked_at:%Y-%m-%d %H:%M}" if row.revoked_at is not None else ""
        table.add_row(row.tenant, row.author, row.role, row.prefix, f"{row.created_at:%Y-%m-%d %H:%M}", revoked)
    console.print(table)


def _dsn(data: Path | None, database: str | None) -> str:
    return database or with_database(state.serving(data).admin_dsn, DATABASE)
