"""The database finds a batch's rows by their keys, whatever it believes of the tables' sizes."""

import re

import asyncpg
import pytest

from waybond_kit import database as databases
from waybond_kit import sql

STATEMENTS = ("DUE", "LOAD", "UPDATE", "DELETE", "WAKES", "RELEASE", "MET", "SHARDS", "SWEEP_CONFIRMED", "SWEEP_STRAYS")
SCAN = re.compile(r"Scan (using \w+ )?on (aggregate|wake|outbox|shard_input|quarantine)")
FILL = """
INSERT INTO aggregate
  SELECT n % 8, gen_random_uuid(), n, 1, 1, '', now(), now(), NULL, '' FROM generate_series(1, {}) AS n;
INSERT INTO wake SELECT shard, armed_at, id FROM aggregate;
INSERT INTO outbox SELECT n % 8, n, '', 0, NULL, '', NULL FROM generate_series(1, {}) AS n
"""


@pytest.mark.parametrize("rows", [None, 0, 1, 20_000])
async def test_no_statement_of_a_batch_reads_all_of_a_table(database: str, rows: int | None) -> None:
    """Tables never looked at, and looked at while they were empty, nearly empty or large."""
    await databases.prepare(database, "pricing", "toy")
    await databases.migrate(database, "pricing")
    pool = await databases.connect(database, "pricing", connections=1, idle_in_transaction_seconds=5, batch_seconds=8)
    async with pool.acquire() as connection:
        if rows is not None:
            await connection.execute(FILL.format(rows, rows) + "; ANALYZE")
        plans = {name: await _plan(connection, getattr(sql, name)) for name in STATEMENTS}
    await pool.close()
    for name, plan in plans.items():
        scans = [line for line in plan if SCAN.search(line)]
        assert scans, name
        assert not [line for line in plan if "Seq Scan" in line or "Join Filter" in line], (name, plan)
        for place, line in enumerate(plan):
            if "Index" in line and "Scan" in line:
                assert "Index Cond" in plan[place + 1], (name, line)


async def _plan(connection: asyncpg.pool.PoolConnectionProxy, statement: str) -> list[str]:
    count = max(int(number) for number in re.findall(r"\$(\d+)", statement))
    await connection.execute(f"PREPARE asked AS {statement}")
    rows = await connection.fetch(f"EXPLAIN (COSTS OFF) EXECUTE asked ({', '.join(['NULL'] * count)})")
    await connection.execute("DEALLOCATE asked")
    return [row[0] for row in rows]
