"""Whatever is sent to the desk, right or wrong, is answered as its OpenAPI document says, and never by a failure."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any

import httpx
import pytest

from tests.support.asked import REQUESTS, Headers, check, operations
from tests.support.desk import ask, machine, person
from tests.support.kit import World
from tests.support.patience import bound
from waybond_claims.app import DEFINITION

NOT_HERE = {"408", "503"}
"""A body that never ends, a broker that is away: other tests have them."""


@pytest.fixture
async def world(kafka: str, database: str, topic_prefix: str) -> AsyncIterator[World]:
    async with World(kafka, database, topic_prefix, partitions=2).ready(DEFINITION) as world:
        yield world


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
        assert len(operations(document)) == 12
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            asked = partial(check, base, document, people, known, bound(10))
            assert await asyncio.get_running_loop().run_in_executor(pool, asked) == []
    calls = await world.query("claims", "SELECT count(*) AS calls, count(DISTINCT action) AS actions FROM desk_call")
    assert calls[0]["actions"] == 9
    assert calls[0]["calls"] > 8 * REQUESTS / 2
    statuses = {row["status"] for row in await world.query("claims", "SELECT DISTINCT status FROM desk_call")}
    assert {200, 403, 404, 422} <= statuses


async def test_each_status_that_the_document_names_is_met(world: World) -> None:
    """Of every operation at the desk, with an answer as the document has it."""
    async with world.running(DEFINITION) as service:
        await world.open(service)
        row = (await ask(world, "A-1"))["A-1"]
        lead, viewer = await person(world, "lead-1", "lead"), await person(world, "viewer-1", "viewer")
        base = f"http://127.0.0.1:{service.port}"
        async with httpx.AsyncClient(base_url=base, timeout=bound(10)) as client:
            document = (await client.get("/openapi.json")).json()
            met: dict[tuple[str, str], set[str]] = {}
            found = {key: each for key, each in operations(document).items() if key[1].startswith("/v1/referrals")}
            for sent in sendings(row, lead, viewer, await machine(world)):
                operation = found[sent.method, sent.path]
                path = sent.path
                for name, value in (WHERE | {"referral_id": row["referral_id"]} | sent.where).items():
                    path = path.replace(f"{{{name}}}", value)
                answer = await client.request(
                    sent.method, path, params=sent.query, headers=sent.headers, content=sent.content
                )
                operation.validate_response(answer)
                met.setdefault((sent.method, sent.path), set()).add(str(answer.status_code))
    documented = {
        key: set(document["paths"][each.path][each.method]["responses"]) - NOT_HERE for key, each in found.items()
    }
    assert met == documented


@dataclass(frozen=True)
class Sending:
    """One request; `where` takes the place of what leads somewhere."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes | None = None
    where: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


WHERE = {"tenant": "demo", "platform": "shop", "order_id": "A-1"}
ONE = "/v1/referrals/{tenant}/{platform}/{order_id}/{referral_id}"
SOON = (datetime.now(UTC) + timedelta(days=2)).isoformat()
"""A question can be snoozed for 30 days at most."""
HANDLED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "assign": ({"assignee": "ana"}, {"assignee": "bob"}),
    "snooze": ({"until": None}, {"until": SOON}),
    "boost": ({"boosted": True}, {"boosted": False}),
    "notes": ({"note": "a photo came"}, {"note": "no photo came"}),
}
"""Of each action two things to say: under one name the second is refused."""


def sendings(row: dict[str, Any], lead: Headers, viewer: Headers, platform: Headers) -> Iterator[Sending]:
    """For each operation a request for each of its answers."""
    nobody: Headers = {}
    for headers, query in ((lead, {}), (nobody, {}), (platform, {}), (lead, {"limit": "0"})):
        yield Sending("get", "/v1/referrals", headers, query=query)
    for headers in (lead, nobody, platform):
        yield Sending("get", ONE, headers)
    yield Sending("get", ONE, lead, where={"order_id": "A-9"})
    yield Sending("get", ONE, lead, where={"order_id": "A" * 200})
    decided = {"case_version": row["version"], "choice": "pay", "reason_code": "evidence_accepted"}
    stale = decided | {"case_version": row["version"] + 1}
    for action, (first, second) in (*HANDLED.items(), ("decide", (stale, decided))):
        yield from _commands(f"{ONE}/{action}", action, (first, second), lead, viewer)
    listed = {name: row[name] for name in ("referral_id",)} | {"platform": "shop", "order_id": "A-1"}
    alike = {"referrals": [listed | {"case_version": row["version"]}], "choice": "pay"}
    body = json.dumps(alike | {"reason_code": "evidence_accepted", "command_id": "all"}).encode()
    for headers, content in ((lead, body), (nobody, body), (viewer, body), (lead, b"{}"), (lead, TOO_LARGE)):
        yield Sending("post", "/v1/referrals/decide", headers, content)


def _commands(
    path: str, name: str, bodies: tuple[dict[str, Any], dict[str, Any]], lead: Headers, viewer: Headers
) -> Iterator[Sending]:
    first, second = (json.dumps(each | {"command_id": name}).encode() for each in bodies)
    nobody: Headers = {}
    yield Sending("post", path, lead, first)
    yield Sending("post", path, lead, second)
    for headers, content in ((nobody, first), (viewer, first), (lead, b"{}"), (lead, TOO_LARGE)):
        yield Sending("post", path, headers, content)
    yield Sending("post", path, lead, first, where={"order_id": "A-9"})


TOO_LARGE = b'{"note": "' + b"x" * 2_000_000 + b'"}'
