"""A database for each test with the schemas of the services that keep API keys, migrated once and then copied."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from tests.support.servers import with_database
from waybond_kit import database
from waybond_pricing.app import DEFINITION

PASSWORD = "test"


@pytest.fixture(scope="session")
def template(postgres: str) -> Iterator[str]:
    """The name of a database that has been migrated as `waybond up` does it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    asyncio.run(_migrated(postgres, name))
    yield name
    asyncio.run(_execute(postgres, f'DROP DATABASE "{name}"'))


@pytest.fixture
async def migrated(postgres: str, template: str) -> AsyncIterator[str]:
    """The administrator's DSN of a copy of it for this test alone."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    await _execute(postgres, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield with_database(postgres, name)
    await _execute(postgres, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _migrated(postgres: str, name: str) -> None:
    await _execute(postgres, f'CREATE DATABASE "{name}"')
    dsn = with_database(postgres, name)
    for service, migrations in (("pricing", DEFINITION.migrations), ("claims", None)):
        await database.prepare(dsn, service, PASSWORD)
        await database.migrate(dsn, service, migrations)


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
