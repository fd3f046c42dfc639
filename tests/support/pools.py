"""Pools that see a migrated database as a service's own role does."""

from urllib.parse import urlsplit, urlunsplit

import asyncpg


async def pool_of(admin_dsn: str, service: str, password: str, **settings: str) -> asyncpg.Pool:
    """A pool of the role `waybond_<service>`; `settings` are PostgreSQL's, for the session."""
    parts = urlsplit(admin_dsn)
    host = parts.netloc.rpartition("@")[2]
    dsn = urlunsplit(parts._replace(netloc=f"waybond_{service}:{password}@{host}"))
    return await asyncpg.create_pool(dsn, min_size=1, max_size=2, server_settings={"search_path": service, **settings})
