"""A running service from outside: its port, its role's rights, its routes, its metrics, its logs."""

import asyncio
import json
import sys
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from tests.support.kit import World, amended, envelope_of, eventually
from tests.support.patience import bound
from tests.support.toys import PRICING
from waybond_contracts.topics import ORDERS
from waybond_kit import database as databases
from waybond_kit.errors import PublishError, StartError
from waybond_kit.service import Definition, Resources


def routes(resources: Resources) -> FastAPI:
    """Two routes: one reads a table, one publishes."""
    app = FastAPI()

    @app.get("/v1/orders")
    async def count() -> dict[str, int]:
        return {"orders": await resources.pool.fetchval("SELECT count(*) FROM aggregate")}

    @app.post("/v1/orders/{order}")
    async def amend(order: str) -> dict[str, str]:
        return {"id": await resources.publish(amended(order, 1), cause=f"request {order}")}

    return app


WITH_ROUTES: Definition[Any] = Definition(**{**vars(PRICING), "routes": routes})


async def test_health_metrics_and_routes_are_served_on_one_port(kafka: str, database: str, topic_prefix: str) -> None:
    async with (
        World(kafka, database, topic_prefix).ready(PRICING) as world,
        world.running(WITH_ROUTES) as service,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=bound(10)) as client,
    ):
        await world.open(service)
        ready = (await client.get("/health/ready")).json()
        assert (ready["ready"], ready["open_shards"], ready["closed_shards"]) == (True, [0, 1, 2, 3], {})
        assert (await client.get("/health/live")).json() == {"alive": True}
        first = await client.post("/v1/orders/o")
        again = await client.post("/v1/orders/o")
        assert first.json() == again.json(), "the same cause, the same id"
        await world.send(ORDERS, b"acme/shop/bad", b"{", envelope_of(amended("bad", 1)).headers())
        await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 1)

        async def orders() -> int:
            return (await client.get("/v1/orders")).json()["orders"]

        assert await eventually(orders, lambda count: count == 1) == 1
        assert (await client.get("/nowhere")).status_code == 404
        await service.engine.count_wakes()

        async def metrics() -> dict[str, float]:
            lines = (await client.get("/metrics")).text.splitlines()
            return {line.split(" ")[0]: float(line.split(" ")[1]) for line in lines if not line.startswith("#")}

        found = await eventually(metrics, lambda seen: seen["waybond_records_total"] == 3)
    assert found['waybond_quarantined_total{reason="unreadable",topic="orders"}'] == 1
    assert found["waybond_faults_total"] == 0 and found["waybond_closed_shards"] == 0
    assert found["waybond_batch_seconds_count"] >= 1 and found["waybond_batch_records_sum"] == 3
    for shard in range(4):
        for gauge in ("outbox_rows", "outbox_age_seconds", "held_orders", "watermark_age_seconds", "wakes_due"):
            assert f'waybond_{gauge}{{shard="{shard}"}}' in found
        assert found[f'waybond_lag{{shard="{shard}",topic="orders"}}'] == 0


async def test_a_port_that_is_taken_is_named_and_a_service_that_stopped_leaves_it_free(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING) as service:
            await world.open(service)
            with pytest.raises(StartError, match="WAYBOND_HTTP_PORT"):
                async with world.running(PRICING, http_port=service.port):
                    pass
        async with world.running(PRICING, http_port=service.port) as again:
            assert again.port == service.port


async def test_publishing_to_a_topic_that_is_not_there_is_an_error_not_silence(
    kafka: str, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waybond_kit.service.PUBLISH_SECONDS", 0.5)
    errors: list[Exception] = []

    def publishing(resources: Resources) -> FastAPI:
        async def publish() -> None:
            event = amended("o", 1)
            try:
                monkeypatch.setattr(type(event), "topic", "not-there")
                await resources.publish(event, cause="c")
            except PublishError as error:
                errors.append(error)
            finally:
                monkeypatch.setattr(type(event), "topic", ORDERS)

        app = FastAPI()
        app.post("/")(publish)
        return app

    async with (
        World(kafka, database, topic_prefix).ready(PRICING) as world,
        world.running(Definition(**{**vars(PRICING), "routes": publishing})) as service,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=bound(10)) as client,
    ):
        await client.post("/")
    assert len(errors) == 1 and "may not have been published" in str(errors[0])


async def test_the_services_role_may_change_rows_and_nothing_else(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        await databases.prepare(database, "claims", "other")
        await databases.migrate(database, "claims")
        role = await asyncpg.connect(world.dsns["pricing"])
        try:
            for statement in (
                "ALTER TABLE pricing.aggregate ADD COLUMN x int",
                "DROP TABLE pricing.outbox",
                "CREATE TABLE pricing.mine (x int)",
                "UPDATE pricing.journal SET code = 'x'",
                "DELETE FROM pricing.journal",
                "DELETE FROM pricing.toy_row",
                "DELETE FROM pricing.kit_migrations",
                "SELECT FROM claims.aggregate",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await role.execute(statement)
            await role.execute("DELETE FROM pricing.outbox")
        finally:
            await role.close()


async def test_migrations_are_applied_once_and_again_does_nothing(database: str) -> None:
    await databases.prepare(database, "pricing", "toy")
    for _ in range(2):
        await databases.migrate(database, "pricing", PRICING.migrations)
    connection = await asyncpg.connect(database)
    rows = await connection.fetch("SELECT version FROM pricing.kit_migrations")
    await connection.close()
    assert [row["version"] for row in rows] == sorted(
        path.name.split("_")[0] for path in databases.KIT_MIGRATIONS.glob("*.sql")
    )
    with pytest.raises(databases.MigrationError, match="could not find migrations directory"):
        await databases.migrate(database, "pricing", databases.KIT_MIGRATIONS.parent / "nowhere")


async def test_a_log_line_is_json_and_says_order_and_reason_but_nothing_of_the_payload() -> None:
    script = """
from waybond_kit.telemetry import Metrics, configure_logs
from waybond_kit.batch import Done
from waybond_kit.fold import Tally
from waybond_kit.quarantine import row_of
from waybond_kit.door import EPOCH, Reason, Refusal
configure_logs("pricing", "INFO")
row = row_of(1, 2, 0, Refusal(Reason.UNREADABLE, "buyer.name", "expected text, got Ana"), EPOCH)
row = row._replace(topic="orders", record_offset=7, order_key="acme/shop/o", value=b"Ana Souza")
Metrics().note(Done(None, 1, 0, Tally(refused=[row])), 0.1)
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    line = json.loads((out + err).decode().splitlines()[0])
    assert (line["event"], line["service"], line["order"]) == ("quarantined", "pricing", "acme/shop/o")
    assert (line["reason"], line["field"], line["topic"], line["offset"]) == ("unreadable", "buyer.name", "orders", 7)
    assert "Ana" not in (out + err).decode()
