"""Measures the lists of the desk with 100,000 open questions of one tenant: p50 and p99 of a page, in milliseconds; of
the statement alone, and of the whole request (key, statement, the row of the call, JSON) without the network.

Run it from the project's root: PYTHONPATH=. python services/claims/benchmarks/inbox.py [pages]
It starts a PostgreSQL of its own in a folder that is removed again.
"""

import asyncio
import random
import shutil
import sys
from collections.abc import Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

import asyncpg
import httpx

from tests.support.desk import OPENED, waiting
from waybond_claims.app import DEFINITION
from waybond_claims.service.desk.listing import ListQuery, Sort, page
from waybond_claims.service.routes import routes
from waybond_claims.service.settings import ClaimsSettings
from waybond_claims.service.storage import ClaimsStorage
from waybond_contracts.claims import ReferralReason
from waybond_contracts.event import Event
from waybond_kit import database
from waybond_kit.definition import Resources
from waybond_local.paths import fresh_folder
from waybond_local.people import add_person
from waybond_local.postgres import EmbeddedPostgres

QUESTIONS = 100_000
AT_ONCE = 1_000
SHARDS = 16
PEOPLE = 40
NOW = OPENED + timedelta(days=3, minutes=QUESTIONS // 2)
"""Half of them are overdue."""
QUERIES: dict[str, dict[str, Any]] = {
    "by deadline": {},
    "the longest waiting": {"sort": Sort.OPENED},
    "the largest": {"sort": Sort.AMOUNT, "currency": "USD"},
    "overdue, of leads": {"overdue": True, "role": "lead"},
    "not overdue": {"overdue": False},
    "of one person": {"assignee": "adjuster-7"},
    "of nobody, one reason": {"assignee": "", "reason": "recovery"},
    "of one person, the longest waiting": {"assignee": "adjuster-7", "sort": Sort.OPENED},
    "of a small platform": {"platform": "corner"},
    "of a small platform, the largest": {"platform": "corner", "sort": Sort.AMOUNT, "currency": "USD"},
    "above an amount": {"currency": "USD", "min_amount": 99 * QUESTIONS},
    "in a rare currency": {"currency": "JPY"},
    "in a rare currency, overdue": {"currency": "JPY", "overdue": True, "sort": Sort.OPENED},
    "snoozed": {"snoozed": True},
    "nothing": {"platform": "corner", "reason": "bound_reached", "role": "payments"},
}


def rows(draw: random.Random) -> Sequence[Any]:
    """The questions: most are nobody's, a fiftieth are snoozed or boosted, one in a thousand is of a small platform."""
    reasons = [reason.value for reason in ReferralReason]
    return [
        waiting(
            number,
            order_key=f"demo/{'corner' if number % 1_000 == 0 else 'shop'}/{number:06}",
            reason=draw.choice(reasons),
            role=draw.choices(("adjuster", "payments", "lead"), (6, 3, 1))[0],
            currency=draw.choices(("USD", "EUR", "JPY"), (70, 29.9, 0.1))[0],
            minor=draw.randrange(1, 100 * QUESTIONS),
            assignee=f"adjuster-{draw.randrange(PEOPLE)}" if draw.random() < 0.2 else "",
            snoozed_until=NOW + timedelta(days=1) if draw.random() < 0.02 else None,
            boosted=draw.random() < 0.02,
            question="Clause TG-1 pays what somebody claims, and the buyer complained. Is it to be paid?",
        )
        for number in range(QUESTIONS)
    ]


async def measure(dsn: str, pages: int) -> None:
    """Fill the inbox, then ask for pages as the routes do: the first, and further ones by their cursors."""
    role = await database.prepare(dsn, "claims", "bench")
    await database.migrate(dsn, "claims", DEFINITION.migrations)
    draw = random.Random(7)  # noqa: S311 (the same questions each time)
    made = list(rows(draw))
    draw.shuffle(made)
    pool = await database.connect(role, "claims", connections=2, idle_in_transaction_seconds=60)
    storage = ClaimsStorage()
    started = perf_counter()
    for first in range(0, QUESTIONS, AT_ONCE):
        async with pool.acquire() as connection:
            await storage.save(connection, first // AT_ONCE % SHARDS, made[first : first + AT_ONCE])
    sys.stdout.write(f"{QUESTIONS:,} questions written in {perf_counter() - started:.1f} s\n")
    admin = await asyncpg.connect(dsn)
    await admin.execute("ANALYZE claims.inbox")
    await admin.close()
    key = await add_person(dsn, "demo", "lead-1", "lead", {})
    transport = httpx.ASGITransport(routes(Resources(pool, _published, ClaimsSettings())))
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers) as client:
        for name, query in QUERIES.items():
            alone, whole = await _asked(pool, query, pages), await _got(client, query, pages)
            sys.stdout.write(f"{name:36} {_told(alone)} | {_told(whole)}\n")
    await pool.close()


async def _published(event: Event, *, cause: str = "") -> str:
    """Nothing is published by reading."""
    raise AssertionError(f"{event.event_type} was published, caused by {cause}")


def _told(spent: list[float]) -> str:
    spent = sorted(spent)
    p50, p99 = spent[len(spent) // 2], spent[min(len(spent) - 1, len(spent) * 99 // 100)]
    return f"p50 {p50 * 1e3:6.2f} ms  p99 {p99 * 1e3:6.2f} ms  worst {spent[-1] * 1e3:6.2f} ms"


async def _got(client: httpx.AsyncClient, query: dict[str, Any], pages: int) -> list[float]:
    """The same over HTTP."""
    spent: list[float] = []
    cursor = ""
    words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
    while len(spent) < pages:
        started = perf_counter()
        answer = await client.get("/v1/referrals", params=words | ({"cursor": cursor} if cursor else {}))
        spent.append(perf_counter() - started)
        answer.raise_for_status()
        cursor = answer.json()["next"] or ""
    return spent


async def _asked(pool: asyncpg.Pool, query: dict[str, Any], pages: int) -> list[float]:
    spent: list[float] = []
    cursor = ""
    while len(spent) < pages:
        started = perf_counter()
        answer = await page(pool, ListQuery(**query, cursor=cursor), "demo", NOW)
        spent.append(perf_counter() - started)
        cursor = answer.next or ""
    return spent


if __name__ == "__main__":
    folder = fresh_folder("waybond-bench-")
    try:
        with EmbeddedPostgres(folder / "postgres") as postgres:
            asyncio.run(measure(postgres.dsn(), int(sys.argv[1]) if len(sys.argv) > 1 else 300))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
