"""Both services that `make bench` measures get their tables and the orders in them."""

from datetime import UTC, datetime

import asyncpg
import pytest

from benchmarks.population import LIFE, Population
from benchmarks.rounds import Place
from benchmarks.sides import Baseline, Claims

ORDERS_COUNT = 2 * len(LIFE)
SIDES = [(Baseline(), "SELECT count(*) FROM claim"), (Claims(), "SELECT count(*) FROM aggregate")]


@pytest.mark.parametrize(("side", "counted"), SIDES, ids=["baseline", "claims"])
async def test_a_side_begins_with_its_orders(side: Baseline | Claims, counted: str, database: str) -> None:
    """Of five orders one is new, so that nothing is kept of it."""
    orders = Population(datetime.now(UTC)).mixed(range(ORDERS_COUNT))
    connection = await asyncpg.connect(database)
    try:
        await side.prepare(connection, Place(kafka="127.0.0.1:1", dsn=database, prefix="bench."), orders)
        assert await connection.fetchval(counted) == ORDERS_COUNT * 4 // 5
    finally:
        await connection.close()
