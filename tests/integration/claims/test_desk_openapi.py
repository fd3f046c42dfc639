"""Whatever is sent to the desk, right or wrong, is answered as its OpenAPI document says, and never by a failure."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.desk import ask, machine, person
from tests.support.kit import World
from tests.support.openapi import Drawn, Operation, disagreements, operations, requests
from tests.support.patience import bound
from waybond_claims.app import DEFINITION

People = list[dict[str, str]]
Known = dict[str, list[str]]
REQUESTS = 40
"""Of each of the nine operations."""


@pytest.fixture
async def world(kafka: str, database: str, topic_prefix: str) -> AsyncIterator[World]:
    async with World(kafka, database, topic_prefix, partitions=2).ready(DEFINITION) as world:
        yield world


# The service in this process draws numbers while a request is drawn.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
async def test_every_answer_is_as_the_document_says(world: World) -> None:
    async with world.running(DEFINITION) as service:
        await world.open(service)
        rows = await ask(world, "A-1", "A-2")
        people = [
            await person(world, "lead-1", "lead"),
            await person(world, "adjuster-1", "adjuster", {"USD": 5_000}),
            await person(world, "viewer-1", "viewer"),
            await machine(world),
            {},
        ]
        known = {
            "tenant": ["demo"],
            "platform": ["shop"],
            "order_id": list(rows),
            "referral_id": [row["referral_id"] for row in rows.values()],
            "choice": ["pay", "do_not_pay"],
        }
        base = f"http://127.0.0.1:{service.port}"
        async with httpx.AsyncClient(base_url=base, timeout=bound(10)) as client:
            document = (await client.get("/openapi.json")).json()
        found = operations(document)
        assert len(found) == 12
        for operation in found:
            await asyncio.to_thread(check, base, document, operation, (people, known))
    calls = await world.query("claims", "SELECT count(*) AS calls, count(DISTINCT action) AS actions FROM desk_call")
    assert calls[0]["actions"] == 9
    assert calls[0]["calls"] > 8 * REQUESTS / 2
    statuses = {row["status"] for row in await world.query("claims", "SELECT DISTINCT status FROM desk_call")}
    assert {200, 403, 404, 422} <= statuses


def check(base: str, document: dict[str, Any], operation: Operation, who: tuple[People, Known]) -> None:
    """Send many requests of one operation, each by one of the people."""
    people, known = who
    with httpx.Client(base_url=base, timeout=bound(10)) as client:

        @settings(
            max_examples=REQUESTS,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        )
        @given(requests(document, operation, known), st.sampled_from(people))
        def ask_for(drawn: Drawn, headers: dict[str, str]) -> None:
            answer = client.request(
                operation.method,
                drawn.path,
                params=drawn.query,
                headers=drawn.headers | headers,
                json=drawn.body if drawn.has_body else None,
            )
            assert disagreements(document, operation, answer) == [], (drawn, answer.text)

        ask_for()
