"""Keeps each tenant's settings: written once with the instant they take effect, read whole as a snapshot."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from waybond_contracts.errors import ContractError
from waybond_kit.definition import Connection
from waybond_pricing.catalogue import Catalogue, TenantSettings
from waybond_pricing.files import products, ratings

TAKES_EFFECT_AFTER = timedelta(seconds=60)
"""How long after it was written a change takes effect, so that every process holds it by then."""
COMMIT_ALLOWANCE = timedelta(seconds=10)
"""How long a change may take to become visible; a writer gives up earlier."""
WRITE_TIMEOUT_SECONDS = 5

_STAMP = "SELECT now() AS read_at, count(*) AS written, max(written_at) AS newest FROM tenant_settings"
_READ = """
SELECT tenant, effective_at, products, default_product, active FROM tenant_settings ORDER BY tenant, effective_at
"""
_LAST = "SELECT max(effective_at) FROM tenant_settings WHERE tenant = $1"
_WRITE = """
INSERT INTO tenant_settings (tenant, effective_at, products, default_product, active)
VALUES ($1, coalesce($2, now() + $3), $4, $5, $6) RETURNING effective_at
"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of the table from another; rows are never changed or removed."""

    written: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A catalogue, and the state of the table that it was read in."""

    catalogue: Catalogue
    stamp: Stamp


async def refreshed(connection: Connection | asyncpg.Pool, known: Snapshot | None) -> Snapshot:
    """The snapshot as of now; what is known already is read again only if something was added."""
    row = await connection.fetchrow(_STAMP)
    if row is None:
        raise RuntimeError("a count without a row")
    stamp = Stamp(row["written"], row["newest"])
    tenants = known.catalogue.tenants if known is not None and known.stamp == stamp else await _read(connection)
    complete_until = row["read_at"] + TAKES_EFFECT_AFTER - COMMIT_ALLOWANCE
    return Snapshot(Catalogue(products(), tenants, ratings(), complete_until), stamp)


async def _read(connection: Connection | asyncpg.Pool) -> dict[str, tuple[TenantSettings, ...]]:
    tenants: dict[str, list[TenantSettings]] = defaultdict(list)
    for row in await connection.fetch(_READ):
        settings = TenantSettings(row["effective_at"], tuple(row["products"]), row["default_product"], row["active"])
        tenants[row["tenant"]].append(settings)
    return {tenant: tuple(history) for tenant, history in tenants.items()}


async def write(
    connection: Connection,
    tenant: str,
    offered: tuple[str, ...],
    default_product: str | None,
    *,
    active: bool = True,
    since: datetime | None = None,
) -> datetime:
    """Add settings (product keys) and say when they take effect.

    `since` may lie in the past for a tenant's first settings alone, so that its history can be replayed: what was
    decided under settings must come out the same again. Raises ContractError naming the field.
    """
    unknown = [key for key in offered if key not in products()]
    if unknown:
        raise ContractError("products", f"some of {', '.join(products())}", ", ".join(unknown))
    names = [products()[key].name for key in offered]
    if len(names) != len(set(names)):
        raise ContractError("products", "one version of each product", ", ".join(offered))
    if default_product is not None and default_product not in offered:
        raise ContractError("default_product", f"one of {', '.join(offered) or 'the products'}", default_product)
    last = await connection.fetchval(_LAST, tenant)
    if since is not None and last is not None:
        raise ContractError("since", f"nothing: {tenant} has settings since {last.isoformat()}", since.isoformat())
    row = await connection.fetchrow(
        _WRITE, tenant, since, TAKES_EFFECT_AFTER, list(offered), default_product, active, timeout=WRITE_TIMEOUT_SECONDS
    )
    if row is None:
        raise RuntimeError("an insert without a row")
    return row["effective_at"]
