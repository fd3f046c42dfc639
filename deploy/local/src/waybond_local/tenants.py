"""The commands `waybond tenant ...`: who may quote and bind, what they may sell, and their API keys."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import asyncpg
import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table

from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.fields import Segment
from waybond_kit import apikeys
from waybond_kit.apikeys import KeyRow
from waybond_local import state
from waybond_local.provision import DATABASE, with_database
from waybond_pricing import tenants
from waybond_pricing.catalogue import TenantSettings
from waybond_pricing.files import products

PRICING = "pricing"
SERVICES_WITH_KEYS = (PRICING, "claims")
"""The schemas of the services that serve tenants over HTTP: each keeps the hashes itself."""
MAX_OVERLAP_HOURS = 24 * 30
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.1

T = TypeVar("T")
console = Console(highlight=False)
app = typer.Typer(
    name="tenant",
    help="Tenants, their API keys and the products that they may sell.",
    no_args_is_help=True,
    epilog="Example: [bold]waybond tenant list[/bold]",
)

Data = Annotated[
    Path | None, typer.Option("--data", help="The running stack's folder (else WAYBOND_DATA, else the user's).")
]
Database = Annotated[
    str | None,
    typer.Option("--database", help="The administrator's DSN of Waybond's database (else the running stack's)."),
]
Name = Annotated[str, typer.Argument(help="The tenant: the first segment of its orders' keys.")]
Offered = Annotated[
    list[str], typer.Option("--product", help="A product that it may sell: a name, or name@version. Repeatable.")
]
Default = Annotated[str | None, typer.Option("--default", help="The product of orders that do not ask for one.")]


@dataclass(frozen=True, slots=True)
class TenantRow:
    """What there is to see of a tenant: its settings by the instant they take effect, and its keys."""

    settings: tuple[TenantSettings, ...]
    keys: tuple[KeyRow, ...]


async def add_tenant(
    dsn: str, tenant: str, offered: Sequence[str], default: str | None, *, since: datetime | None = None
) -> tuple[str, datetime]:
    """Add a tenant; returns its API key, which nothing can show again, and when its settings take effect.

    `dsn`: the database, as a role that may write to the services' schemas. `offered`: names of products or keys.
    `since` lets a replay of history bind orders from then on. Raises ContractError naming the field.
    """
    tenant_name(tenant)
    keys, default_key = product_keys(offered), product_keys([default])[0] if default else None
    key = apikeys.new_key()
    async with _database(dsn) as connection:
        await _enter(connection, PRICING)
        if tenant in (await tenants.refreshed(connection, None)).catalogue.tenants:
            raise ContractError("tenant", "a tenant that is not there yet", tenant)
        effective_at = await tenants.write(connection, tenant, keys, default_key, since=since)
        for service in SERVICES_WITH_KEYS:
            await _enter(connection, service)
            await apikeys.add_key(connection, tenant, key)
    return key, effective_at


async def wait_until_sold(pricing: str, key: str) -> None:
    """Return once pricing (its base address) offers the products of the tenant; TimeoutError after PATIENCE_SECONDS.

    Settings that are dated back count at once, so orders that follow them have to wait for the next snapshot.
    """
    request = Request(f"{pricing}/v1/products", headers={"Authorization": f"Bearer {key}"})  # noqa: S310 (our own)
    for _ in range(int(PATIENCE_SECONDS / POLL_SECONDS)):
        if await asyncio.to_thread(_answers, request):
            return
        await asyncio.sleep(POLL_SECONDS)
    raise TimeoutError(f"pricing at {pricing} does not offer the tenant's products after {PATIENCE_SECONDS:.0f} s")


def _answers(request: Request) -> bool:
    try:
        with urlopen(request, timeout=PATIENCE_SECONDS):  # noqa: S310 (the caller gives the address of its own stack)
            return True
    except HTTPError:
        return False


async def change_tenant(
    dsn: str, tenant: str, offered: Sequence[str], default: str | None, *, active: bool = True
) -> datetime:
    """Give a tenant other settings; returns when they take effect. Raises ContractError naming the field."""
    keys, default_key = product_keys(offered), product_keys([default])[0] if default else None
    async with _database(dsn) as connection:
        await _known(connection, tenant)
        return await tenants.write(connection, tenant, keys, default_key, active=active)


async def rotate_key(dsn: str, tenant: str, overlap: timedelta) -> str:
    """Give a tenant a new API key; those it has hold for `overlap` more. Raises ContractError for an unknown tenant."""
    key = apikeys.new_key()
    async with _database(dsn) as connection:
        await _known(connection, tenant)
        for service in SERVICES_WITH_KEYS:
            await _enter(connection, service)
            await apikeys.rotate_key(connection, tenant, key, overlap)
    return key


async def revoke_key(dsn: str, prefix: str) -> None:
    """Let nobody in with this key. Raises ContractError where there is no such key that still holds."""
    async with _database(dsn) as connection:
        revoked = []
        for service in SERVICES_WITH_KEYS:
            await _enter(connection, service)
            revoked.append(await apikeys.revoke_key(connection, prefix))
        if not any(revoked):
            raise ContractError("prefix", "the prefix of a key that is not revoked yet", prefix)


async def list_tenants(dsn: str) -> dict[str, TenantRow]:
    """All tenants by name."""
    async with _database(dsn) as connection:
        await _enter(connection, PRICING)
        settings = (await tenants.refreshed(connection, None)).catalogue.tenants
        keys: dict[str, list[KeyRow]] = defaultdict(list)
        for row in await apikeys.list_keys(connection):
            keys[row.tenant].append(row)
    return {name: TenantRow(settings.get(name, ()), tuple(keys[name])) for name in sorted({*settings, *keys})}


def product_keys(offered: Sequence[str]) -> tuple[str, ...]:
    """name@version for each; a name alone means its newest version. Raises ContractError for what is not sold."""
    found: list[str] = []
    for asked in offered:
        versions = [key for key in products() if asked in (key, key.partition("@")[0])]
        if not versions:
            raise ContractError("product", f"one of {', '.join(products())}", asked)
        found.append(max(versions, key=lambda key: [int(part) for part in key.partition("@")[2].split(".")]))
    return tuple(dict.fromkeys(found))


def tenant_name(name: str) -> str:
    """The name, where a tenant may have it. Raises ContractError."""
    try:
        return TypeAdapter(Segment).validate_python(name)
    except ValidationError as error:
        raise ContractError("tenant", contract_error(error).expected, name) from None


async def known_tenants(connection: asyncpg.Connection) -> set[str]:
    """The names of all tenants; within a transaction, whose schema is pricing's from then on."""
    await _enter(connection, PRICING)
    return set((await tenants.refreshed(connection, None)).catalogue.tenants)


async def _known(connection: asyncpg.Connection, tenant: str) -> None:
    names = await known_tenants(connection)
    if tenant not in names:
        raise ContractError("tenant", f"one of {', '.join(sorted(names))}" if names else "none: there is none", tenant)


@asynccontextmanager
async def _database(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """One transaction for all schemas: a key that one service knows and the other does not would help nobody."""
    connection = await asyncpg.connect(dsn, command_timeout=tenants.WRITE_TIMEOUT_SECONDS)
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


async def _enter(connection: asyncpg.Connection, schema: str) -> None:
    await connection.execute("SELECT set_config('search_path', quote_ident($1), true)", schema)


@app.command(
    epilog="Example: [bold]waybond tenant add acme --product order-protection --default order-protection[/bold]"
)
def add(
    name: Name,
    product: Offered,
    *,
    default: Default = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From when on, to replay history (else in 60 s).")
    ] = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Add a tenant and show its API key, once."""
    from_then = since.replace(tzinfo=UTC) if since else None
    key, effective_at = _run(add_tenant(_dsn(data, database), name, product, default, since=from_then))
    console.print(f"{name} may sell {', '.join(product_keys(product))} from {effective_at:%Y-%m-%d %H:%M:%S} UTC on.")
    console.print("Its API key, which cannot be shown again:")
    console.print(key, soft_wrap=True)


@app.command("set", epilog="Example: [bold]waybond tenant set acme --product logistics-time-guarantee[/bold]")
def change(
    name: Name,
    product: Offered,
    *,
    default: Default = None,
    suspend: Annotated[bool, typer.Option("--suspend", help="Sell nothing for now.")] = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Change what a tenant may sell. Policies that are bound stay as they are."""
    effective_at = _run(change_tenant(_dsn(data, database), name, product, default, active=not suspend))
    what = "nothing" if suspend else ", ".join(product_keys(product))
    console.print(f"{name} may sell {what} from {effective_at:%Y-%m-%d %H:%M:%S} UTC on.")


@app.command("list", epilog="Example: [bold]waybond tenant list[/bold]")
def show(data: Data = None, database: Database = None) -> None:
    """Show all tenants with their settings and the prefixes of their keys."""
    table = Table("tenant", "since (UTC)", "products", "default", "keys")
    for name, row in _run(list_tenants(_dsn(data, database))).items():
        keys = "\n".join(f"{key.prefix} {_condition(key)}" for key in row.keys)
        for n, each in enumerate(row.settings):
            offered = "\n".join(each.products) if each.active else "suspended"
            since = f"{each.effective_at:%Y-%m-%d %H:%M:%S}"
            table.add_row("" if n else name, since, offered, each.default_product or "", "" if n else keys)
    console.print(table)


@app.command("rotate-key", epilog="Example: [bold]waybond tenant rotate-key acme --overlap-hours 24[/bold]")
def rotate(
    name: Name,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=MAX_OVERLAP_HOURS, help="How long the keys that it has still hold.")
    ] = 24,
    data: Data = None,
    database: Database = None,
) -> None:
    """Give a tenant a new API key and show it, once."""
    key = _run(rotate_key(_dsn(data, database), name, timedelta(hours=overlap_hours)))
    console.print(f"The keys that {name} had hold for {overlap_hours} hours more. Its new one:")
    console.print(key, soft_wrap=True)


@app.command("revoke-key", epilog="Example: [bold]waybond tenant revoke-key 0a1b2c3d4e5f[/bold]")
def revoke(
    prefix: Annotated[str, typer.Argument(help="The key's prefix, as `waybond tenant list` shows it.")],
    data: Data = None,
    database: Database = None,
) -> None:
    """Let nobody in with this key from now on."""
    _run(revoke_key(_dsn(data, database), prefix))
    console.print(f"The key {prefix} is revoked.")


def _condition(key: KeyRow) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d %H:%M}"
    return f"until {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at is not None else ""


def _dsn(data: Path | None, database: str | None) -> str:
    return database or with_database(state.serving(data).admin_dsn, DATABASE)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """The result; what the user can mend is shown as a message about the command line."""
    try:
        return asyncio.run(work)
    except ContractError as error:
        raise typer.BadParameter(str(error)) from error
