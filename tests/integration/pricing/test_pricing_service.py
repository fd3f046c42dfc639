"""Pricing as a service on real Kafka and PostgreSQL: quoted over HTTP, bound from the topic, restarted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.kit import World, eventually
from tests.support.patience import bound
from tests.support.pricing import amended, asked_for, placed
from waybond_contracts.event import Event
from waybond_contracts.policies import DeclineReason, PolicyAmended, PolicyDeclined, PolicyIssued
from waybond_contracts.registry import PROGRESS_TYPE, decode
from waybond_contracts.topics import OPERATOR_COMMANDS, ORDERS, POLICIES
from waybond_kit import database as databases
from waybond_kit.errors import StartError
from waybond_kit.service import Running, serving
from waybond_kit.settings import load
from waybond_local import tenants
from waybond_pricing.app import PricingSettings, definition
from waybond_pricing.desk import Desk
from waybond_pricing.quotes import EXAMPLE_REQUEST

SECRET = "5a" * 32
SINCE = datetime(2006, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def prepared(kafka: str, database: str, prefix: str) -> AsyncIterator[World]:
    """Topics, and the schemas of the services that keep API keys."""
    async with World(kafka, database, prefix).ready(definition(Desk())) as world:
        await databases.prepare(database, "claims", "test")
        await databases.migrate(database, "claims")
        yield world


@asynccontextmanager
async def pricing(world: World, **given: Any) -> AsyncIterator[Running]:
    told = world.settings("pricing").model_dump(exclude_unset=True)
    told["database"] = told["database"].get_secret_value()
    async with serving(
        definition(Desk()), PricingSettings(**{**told, "quote_keys": f"k1:{SECRET}", **given})
    ) as service:
        await world.open(service)
        yield service


async def published(world: World, count: int) -> list[Event]:
    """What is on `policies`, Progress left out, once there are `count` of it."""

    async def look() -> list[Event]:
        records = await world.records(POLICIES)
        kinds = [(dict(record.headers)["ce_type"].decode(), record.value or b"") for record in records]
        return [decode(kind, value).event for kind, value in kinds if kind != PROGRESS_TYPE]

    return await eventually(look, lambda seen: len(seen) >= count)


async def test_a_quote_is_bound_by_the_order_that_carries_it_and_amended_after_a_restart(
    kafka: str, database: str, topic_prefix: str
) -> None:
    now = datetime.now(UTC)
    async with prepared(kafka, database, topic_prefix) as world:
        key, _ = await tenants.add_tenant(database, "acme", ["order-protection"], None, since=SINCE)
        async with pricing(world) as service:
            address = f"http://127.0.0.1:{service.port}"
            async with httpx.AsyncClient(
                base_url=address, headers={"authorization": f"Bearer {key}"}, timeout=bound(10)
            ) as client:
                answer = await client.post("/v1/quotes", json=EXAMPLE_REQUEST)
            offer = answer.json()["offered"][0]
            await world.publish(placed(occurred_at=now, cover=asked_for(token=offer["token"])))
            (issued,) = await published(world, 1)
        async with pricing(world):
            await world.publish(amended(1, 12_000, at=now))
            events = await published(world, 2)

    assert isinstance(issued, PolicyIssued)
    assert issued.quoted
    assert issued.premium.total.minor == offer["premium"]["total"]["minor"]
    assert issued.attached_at >= now
    assert isinstance(events[1], PolicyAmended)
    assert (events[1].policy_id, events[1].version, events[1].basis.minor) == (issued.policy_id, 2, 12_000)
    bodies = await world.query("pricing", "SELECT body FROM wording")
    assert [bytes(row["body"]).decode() for row in bodies] == [issued.wording.body]


async def test_a_tenant_that_is_added_while_the_service_runs_needs_no_restart(
    kafka: str, database: str, topic_prefix: str
) -> None:
    now = datetime.now(UTC)
    async with prepared(kafka, database, topic_prefix) as world, pricing(world) as service:
        await world.publish(placed(occurred_at=now, order_id="early"))
        (declined,) = await published(world, 1)
        key, _ = await tenants.add_tenant(database, "acme", ["order-protection"], "order-protection", since=SINCE)
        await tenants.wait_until_sold(f"http://127.0.0.1:{service.port}", key)
        await world.publish(placed(occurred_at=now, order_id="late"))
        events = await published(world, 2)

    assert isinstance(declined, PolicyDeclined)
    assert declined.reason is DeclineReason.UNKNOWN_TENANT
    assert {event.order_id for event in events if isinstance(event, PolicyIssued)} == {"late"}


async def test_history_is_bound_on_its_own_clock(kafka: str, database: str, topic_prefix: str) -> None:
    then = datetime(2014, 3, 1, tzinfo=UTC)
    async with prepared(kafka, database, topic_prefix) as world:
        await tenants.add_tenant(database, "acme", ["order-protection"], "order-protection", since=SINCE)
        async with pricing(world, replay=True):
            await world.publish(placed(occurred_at=then), known_at=then + timedelta(minutes=1))
            await world.progress(then + timedelta(days=1), ORDERS, OPERATOR_COMMANDS)
            (issued,) = await published(world, 1)
            through = await eventually(
                lambda: world.through(POLICIES),
                lambda seen: all(marks and marks[-1] == then + timedelta(days=1) for marks in seen.values()),
            )

    assert isinstance(issued, PolicyIssued)
    assert issued.attached_at == then + timedelta(minutes=1)
    assert len(through) == world.partitions


def test_settings_that_cannot_be_used_are_refused_by_name_and_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBOND_QUOTE_KEYS", f"k1:{SECRET},k1:{SECRET}")

    with pytest.raises(StartError, match=r"WAYBOND_QUOTE_KEYS: .*expected id:secret") as refused:
        load(PricingSettings)
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(PricingSettings(quote_keys=f"k1:{SECRET}"))  # type: ignore[arg-type]  # read as a secret
