"""What audits asked and found, in PostgreSQL: one row a question, counted by product, sample and answer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from waybond_claims.app import DEFINITION
from waybond_claims.desk.audits import AuditRow
from waybond_claims.service.accuracy import Counted, counted
from waybond_claims.service.figures import AUDITED, BOUND, RATE, ClaimsFigures
from waybond_claims.service.storage import ClaimsStorage
from waybond_kit import database as databases

AT = datetime(2026, 1, 28, tzinfo=UTC)


@pytest.fixture
async def tables(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as claims' own role to its migrated schema."""
    dsn = await databases.prepare(database, "claims", "test")
    await databases.migrate(database, "claims", DEFINITION.migrations)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "claims"})
    yield connection
    await connection.close()


def asked(number: int, sample: str = "share", **fields: Any) -> AuditRow:
    known = {"product": "order-protection", "product_version": "2026.11.1", "minor": 10_000, "currency": "USD"}
    return AuditRow(f"demo/shop/{number}", str(UUID(int=number)), sample=sample, asked_at=AT, **(known | fields))


async def test_an_answer_replaces_its_question(tables: asyncpg.Connection) -> None:
    """Asked and answered in one batch, or in two; a row of another shard is another question."""
    first, second = asked(1), asked(2)
    wrong = {"choice": "should_not_have_paid", "wrong_minor": 4_000, "decided_by": "ann", "decided_at": AT}
    await ClaimsStorage().save(tables, 0, [first, replace(first, choice="right", decided_by="ann"), second])
    await ClaimsStorage().save(tables, 1, [second])
    await ClaimsStorage().save(tables, 0, [replace(second, **wrong)])
    assert await counted(tables, [0]) == [
        Counted("order-protection", "share", "right", 1),
        Counted("order-protection", "share", "should_not_have_paid", 1),
    ]
    assert sum(each.number for each in await counted(tables)) == 3
    row = await tables.fetchrow("SELECT * FROM audit WHERE choice = 'should_not_have_paid'")
    assert row is not None
    assert (row["wrong_minor"], row["decided_by"], row["decided_at"], row["order_key"]) == (
        4_000,
        "ann",
        AT,
        "demo/shop/2",
    )


async def test_the_figures_are_those_of_the_shards(database: str, tables: asyncpg.Connection) -> None:
    """4 asked by lot, 2 answered, 1 of them wrong."""
    choices = ("", "", "right", "should_have_paid_more")
    rows = [asked(number, choice=choice) for number, choice in enumerate(choices)]
    await ClaimsStorage().save(tables, 0, rows)
    await ClaimsStorage().save(tables, 1, [asked(9, "denial", choice="should_have_paid", minor=None)])
    async with asyncpg.create_pool(database, min_size=1, server_settings={"search_path": "claims"}) as pool:
        figures = await ClaimsFigures().count(pool, [0])
    about = "order-protection", "share"
    said = {(each.name, *each.labels): each.value for each in figures}
    assert said[(AUDITED, *about, "none")] == 2
    assert said[(RATE, *about, "should_have_paid_more")] == 0.5
    assert (said[(RATE, *about, "should_not_have_paid")], said[(BOUND, *about, "should_not_have_paid", "low")]) == (
        0,
        0,
    )
    assert not [each for each in figures if "denial" in each.labels]
