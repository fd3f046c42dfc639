"""The inbox in PostgreSQL: rows follow the files, lists are in order, filters leave out what they say."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.support.claims import ClaimsStory, complaint, day, issued, only, placed
from tests.support.desk import MISSING, OPENED, waiting
from waybond_claims.app import DEFINITION
from waybond_claims.desk.inbox import Closed, Waiting
from waybond_claims.service.codec import CaseCodec
from waybond_claims.service.desk.listing import ListQuery, Sort, beginning, page
from waybond_claims.service.storage import ClaimsStorage
from waybond_contracts.errors import ContractError
from waybond_kit import database as databases
from waybond_kit.keys import aggregate_id

NOW = OPENED + timedelta(days=3, minutes=4)


@pytest.fixture
async def tables(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as claims' own role to its migrated schema."""
    dsn = await databases.prepare(database, "claims", "test")
    await databases.migrate(database, "claims", DEFINITION.migrations)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "claims"})
    yield connection
    await connection.close()


async def listed(tables: asyncpg.Connection, tenant: str | None = "demo", **query: Any) -> list[int]:
    """The numbers of the questions, page by page."""
    found: list[int] = []
    cursor = ""
    while True:
        answer = await page(tables, ListQuery(**query, cursor=cursor), tenant, NOW)
        found += [int(row.referral_id.removeprefix("r-")) for row in answer.questions]
        if answer.next is None:
            return found
        cursor = answer.next


async def test_a_row_is_written_anew_and_goes_when_its_question_closes(tables: asyncpg.Connection) -> None:
    storage = ClaimsStorage()
    await storage.save(tables, 0, [waiting(1), waiting(2), waiting(1, assignee="u-1")])
    assert await listed(tables, assignee="u-1") == [1]
    await storage.save(tables, 0, [waiting(2, boosted=True), Closed("demo/shop/000001", "r-000001")])
    assert (await page(tables, ListQuery(), "demo", NOW)).questions == [waiting(2, boosted=True)]
    await storage.save(tables, 0, [Closed("demo/shop/000002", "r-000002"), waiting(2)])
    assert await listed(tables) == [2]


async def test_questions_are_listed_in_the_order_that_is_asked_for(tables: asyncpg.Connection) -> None:
    """1 to 5 by their opening. The third is boosted; the fourth has no deadline; the fifth is in another currency."""
    rows = [waiting(1), waiting(2), waiting(3, boosted=True), waiting(4, answer_by=None), waiting(5, currency="EUR")]
    await ClaimsStorage().save(tables, 0, rows)
    for limit in (1, 2, 5):
        assert await listed(tables, limit=limit) == [3, 1, 2, 5, 4]
        assert await listed(tables, limit=limit, sort=Sort.OPENED) == [1, 2, 3, 4, 5]
        assert await listed(tables, limit=limit, sort=Sort.AMOUNT, currency="USD") == [4, 3, 2, 1]


async def test_equal_deadlines_are_neither_lost_nor_shown_twice(tables: asyncpg.Connection) -> None:
    rows = [waiting(number, answer_by=NOW, opened_at=OPENED, minor=7) for number in range(1, 12)]
    await ClaimsStorage().save(tables, 0, rows[:6])
    await ClaimsStorage().save(tables, 1, rows[6:])
    for query in ({}, {"sort": Sort.OPENED}, {"sort": Sort.AMOUNT, "currency": "USD"}):
        assert sorted(await listed(tables, limit=2, **query)) == list(range(1, 12))


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({"reason": "recovery"}, [2]),
        ({"role": "lead"}, [3]),
        ({"assignee": "u-1"}, [4]),
        ({"assignee": ""}, [1, 2, 3, 5]),
        ({"platform": "mall"}, [5]),
        ({"currency": "USD", "min_amount": 300}, [3, 4, 5]),
        ({"currency": "EUR"}, []),
        ({"overdue": True}, [1, 2, 3, 4]),
        ({"overdue": False}, [5]),
        ({"snoozed": True}, [6]),
        ({"snoozed": None}, [1, 2, 3, 4, 5, 6]),
        ({"snoozed": "any", "role": "lead", "reason": "recovery"}, []),
    ],
)
async def test_a_filter_leaves_what_it_says(tables: asyncpg.Connection, query: Any, left: list[int]) -> None:
    """Now is four minutes after three days: the fifth and sixth are not due. The seventh was snoozed until before."""
    rows = [
        waiting(1),
        waiting(2, reason="recovery"),
        waiting(3, role="lead"),
        waiting(4, assignee="u-1"),
        waiting(5, order_key="demo/mall/5"),
        waiting(6, snoozed_until=NOW + timedelta(minutes=1), assignee="u-2"),
        waiting(9, order_key="other/shop/9"),
    ]
    await ClaimsStorage().save(tables, 0, rows)
    assert await listed(tables, **query) == left


async def test_a_snooze_ends_by_itself(tables: asyncpg.Connection) -> None:
    await ClaimsStorage().save(tables, 0, [waiting(1, snoozed_until=NOW)])
    assert await listed(tables) == [1]


async def test_an_operator_sees_the_questions_of_all_tenants(tables: asyncpg.Connection) -> None:
    await ClaimsStorage().save(tables, 0, [waiting(1), waiting(2, order_key="other/shop/2")])
    assert await listed(tables, None) == [1, 2]
    assert [row.referral_id for row in await beginning(tables, "r-00000", 10)] == ["r-000001", "r-000002"]
    assert [row.referral_id for row in await beginning(tables, "r-000002", 10)] == ["r-000002"]
    assert await beginning(tables, "r-%", 10) == []


@pytest.mark.parametrize("cursor", ["x", "e30", "W10", "WyJkZWFkbGluZSIsMSwyLDMsNF0", "WyJvcGVuZWQiLDFd", "é"])
async def test_a_cursor_that_is_none_is_refused_by_name(tables: asyncpg.Connection, cursor: str) -> None:
    with pytest.raises(ContractError, match="cursor"):
        await page(tables, ListQuery(cursor=cursor), "demo", NOW)


async def test_a_cursor_of_another_order_is_refused(tables: asyncpg.Connection) -> None:
    await ClaimsStorage().save(tables, 0, [waiting(1), waiting(2)])
    cursor = (await page(tables, ListQuery(limit=1, sort=Sort.OPENED), "demo", NOW)).next
    assert cursor is not None
    with pytest.raises(ContractError, match="sorted by deadline"):
        await page(tables, ListQuery(cursor=cursor), "demo", NOW)


async def test_questions_of_before_get_their_rows_with_the_migration(database: str, tmp_path: Path) -> None:
    """The file of a case with an open question, as a release before wrote it; then the inbox comes."""
    story = ClaimsStory()
    story.given(placed(), issued(only(MISSING)), complaint(day(5), "MISSING_PARTS"))
    (row,) = story.inbox.values()
    assert DEFINITION.migrations is not None
    shutil.copy(DEFINITION.migrations / "0001_ledger.sql", tmp_path)
    dsn = await databases.prepare(database, "claims", "test")
    await databases.migrate(database, "claims", tmp_path)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "claims"})
    try:
        state, _ = CaseCodec().encode(story.case)
        await connection.execute(
            "INSERT INTO aggregate (shard, id, order_key, version, shape, status, known_at, state) "
            "VALUES (3, $1, $2, 1, 3, 'referred', $3, $4)",
            aggregate_id(story.case.order_key),
            story.case.order_key,
            day(5),
            state,
        )
        await databases.migrate(database, "claims", DEFINITION.migrations)
        answer = await page(connection, ListQuery(), "demo", NOW)
        assert answer.questions == [row]
        assert isinstance(answer.questions[0], Waiting)
        assert await connection.fetchval("SELECT shard FROM inbox") == 3
    finally:
        await connection.close()
