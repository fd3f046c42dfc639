"""The books in PostgreSQL: one statement a batch, every entry balanced, nothing changed afterwards."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from waybond_claims.app import DEFINITION
from waybond_claims.ledger import ACCOUNTS, Entry, Posting
from waybond_claims.service.storage import ClaimsStorage
from waybond_kit import database as databases

AT = datetime(2026, 1, 28, tzinfo=UTC)


@pytest.fixture
async def books(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as claims' own role to its migrated schema."""
    dsn = await databases.prepare(database, "claims", "test")
    await databases.migrate(database, "claims", DEFINITION.migrations)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "claims"})
    yield connection
    await connection.close()


def entry(*postings: Posting, order: str = "demo/shop/A-1", ordinal: int = 1) -> Entry:
    return Entry(order, ordinal, AT, "ShipmentDelayed", "order-protection", "CN-BR", postings)


def incurred(minor: int, currency: str = "USD") -> Posting:
    return Posting("claims_incurred", currency, minor)


def in_flight(minor: int, currency: str = "USD") -> Posting:
    return Posting("in_flight", currency, minor, str(uuid4()))


async def test_entries_of_many_orders_are_booked_at_once(books: asyncpg.Connection) -> None:
    rows = [entry(incurred(n), in_flight(-n), order=f"demo/shop/{n}") for n in range(1, 501)]
    await ClaimsStorage().save(books, 3, rows)
    assert await books.fetchval("SELECT count(*) FROM entry WHERE shard = 3") == 500
    balance = await books.fetch("SELECT account, minor FROM balance ORDER BY account")
    assert [(row["account"], int(row["minor"])) for row in balance] == [
        ("claims_incurred", 125_250),
        ("in_flight", -125_250),
    ]
    pairs = await books.fetch(
        "SELECT order_key, minor FROM entry JOIN posting ON posting.shard = entry.shard AND entry_id = id "
        "WHERE account = 'claims_incurred'"
    )
    assert {row["order_key"]: row["minor"] for row in pairs} == {f"demo/shop/{n}": n for n in range(1, 501)}


async def test_other_rows_and_none_are_no_entries(books: asyncpg.Connection) -> None:
    await ClaimsStorage().save(books, 0, [])
    await ClaimsStorage().save(books, 0, [object()])
    assert await books.fetchval("SELECT count(*) FROM entry") == 0


@pytest.mark.parametrize(
    "postings",
    [
        (incurred(100), in_flight(-99)),
        (incurred(100),),
        (incurred(100, "USD"), in_flight(-100, "EUR")),
        (incurred(100), in_flight(-100), Posting("no_such_account", "USD", 5), Posting("cash", "USD", -5)),
    ],
)
async def test_an_entry_that_does_not_balance_is_refused_with_its_batch(
    books: asyncpg.Connection, postings: tuple[Posting, ...]
) -> None:
    good = entry(incurred(7), in_flight(-7), order="demo/shop/good")
    with pytest.raises(asyncpg.CheckViolationError, match=r"out of balance|no account"):
        async with books.transaction():
            await ClaimsStorage().save(books, 0, [good, entry(*postings)])
    assert await books.fetchval("SELECT count(*) FROM posting") == 0


async def test_an_entry_is_booked_once(books: asyncpg.Connection) -> None:
    await ClaimsStorage().save(books, 0, [entry(incurred(7), in_flight(-7))])
    with pytest.raises(asyncpg.UniqueViolationError):
        await ClaimsStorage().save(books, 0, [entry(incurred(7), in_flight(-7))])


@pytest.mark.parametrize(
    "change", ["UPDATE posting SET minor = 1", "DELETE FROM posting", "DELETE FROM entry", "TRUNCATE posting"]
)
async def test_what_is_booked_stays(books: asyncpg.Connection, database: str, change: str) -> None:
    await ClaimsStorage().save(books, 0, [entry(incurred(7), in_flight(-7))])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await books.execute(change)
    admin = await asyncpg.connect(database, server_settings={"search_path": "claims"})
    try:
        with pytest.raises(asyncpg.CheckViolationError, match="what is booked stays"):
            await admin.execute(change)
    finally:
        await admin.close()
    assert await books.fetchval("SELECT count(*) FROM posting") == 2


async def test_the_chart_of_accounts_is_the_codes_own(books: asyncpg.Connection) -> None:
    rows = await books.fetch("SELECT code FROM account")
    assert {row["code"] for row in rows} == set(ACCOUNTS)


async def test_results_by_lane(books: asyncpg.Connection) -> None:
    premium = (Posting("premium_receivable", "USD", 150), Posting("premium_written", "USD", -150))
    await ClaimsStorage().save(books, 0, [entry(*premium), entry(incurred(60), in_flight(-60), ordinal=2)])
    row = await books.fetchrow("SELECT * FROM result_by_lane")
    assert row is not None
    assert (row["product"], row["lane"], row["premium_minor"], row["incurred_minor"]) == (
        "order-protection",
        "CN-BR",
        150,
        60,
    )
