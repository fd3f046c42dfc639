"""The desk over HTTP on real Kafka and PostgreSQL: people read, handle and decide, each as their key lets them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.desk import FIFTY, MISSING, ask, machine, person
from tests.support.kit import World, eventually
from tests.support.patience import bound
from waybond_claims.app import DEFINITION
from waybond_contracts.commands import DecideReferral
from waybond_contracts.registry import decode
from waybond_contracts.topics import CLAIM_COMMANDS, REFUNDS

USD = {"currency": "USD", "exponent": 2}
SECRET = "The buyer's neighbour Ana has it"


@pytest.fixture
async def world(kafka: str, database: str, topic_prefix: str) -> AsyncIterator[World]:
    async with World(kafka, database, topic_prefix, partitions=2).ready(DEFINITION) as world:
        yield world


@dataclass
class Desk:
    """A person at the desk."""

    client: httpx.AsyncClient
    headers: dict[str, str]

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(path, headers=self.headers, params=query)

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return await self.client.post(path, headers=self.headers | headers, content=json.dumps(body))

    async def file(self, path: str) -> dict[str, Any]:
        response = await self.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    async def closed(self, path: str) -> dict[str, Any]:
        """Wait until the question is closed."""
        found = await eventually(lambda: self.file(path), lambda file: file["decision"] is not None)
        return found["decision"]


@asynccontextmanager
async def serving(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        world.running(DEFINITION) as service,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=bound(10)) as client,
    ):
        await world.open(service)
        yield client


def path_of(row: dict[str, Any]) -> str:
    return f"/v1/referrals/{row['order_key']}/{row['referral_id']}"


def decision(version: int, choice: str = "pay", **fields: Any) -> dict[str, Any]:
    return {"case_version": version, "choice": choice, "reason_code": "evidence_accepted", "command_id": "c-1"} | fields


async def decisions(world: World) -> list[tuple[str, DecideReferral]]:
    """Every decision on the topic, with its CloudEvents id."""
    found = []
    for record in await world.records(CLAIM_COMMANDS):
        headers = {name: value.decode() for name, value in record.headers}
        event = decode(headers["ce_type"], record.value or b"", strict=True).event
        if isinstance(event, DecideReferral):
            found.append((headers["ce_id"], event))
    return found


async def test_an_adjuster_reads_handles_and_decides_a_question(world: World) -> None:
    async with serving(world) as client:
        row = (await ask(world, "A-1"))["A-1"]
        path = path_of(row)
        ana = Desk(client, await person(world, "adjuster-1", "adjuster"))
        (listed,) = (await ana.get("/v1/referrals", role="adjuster")).json()["referrals"]
        assert (listed["order_id"], listed["amount"]) == ("A-1", {"minor": 10_000, **USD})

        for action, body in (
            ("assign", {"assignee": "adjuster-1"}),
            ("boost", {}),
            ("snooze", {"until": None}),
            ("notes", {"note": SECRET}),
        ):
            answer = await ana.post(f"{path}/{action}", body | {"command_id": f"c-{action}"})
            assert (answer.status_code, answer.json()["outcome"]) == (202, "done"), answer.text
        file = await eventually(lambda: ana.file(path), lambda file: len(file["notes"]) == 1)
        assert file["notes"][0]["note"] == SECRET
        assert (file["waiting"]["assignee"], file["waiting"]["boosted"]) == ("adjuster-1", True)
        assert file["case"]["explanation"]["entitled"]["minor"] == 0
        assert file["case_version"] == row["version"]
        assert [each["dispute_id"] for each in file["case"]["disputes"]] == ["D-1"]

        answer = await ana.post(f"{path}/decide", decision(file["case_version"], note=SECRET))
        assert (answer.status_code, answer.json()["outcome"]) == (202, "decided"), answer.text
        done = await ana.closed(path)
        assert (done["choice"], done["by"], done["role"]) == ("pay", "adjuster-1", "adjuster")
        assert (done["reason_code"], done["case_version"]) == ("evidence_accepted", row["version"])
        assert (await ana.get("/v1/referrals")).json() == {"referrals": [], "next": None}
        await eventually(lambda: world.ids(REFUNDS), lambda ids: len(ids) == 1)

        again = await ana.post(f"{path}/decide", decision(file["case_version"], note=SECRET))
        assert (again.status_code, again.json()) == (202, answer.json())
        (only,) = await decisions(world)
        assert (only[0], only[1].by, only[1].role) == (answer.json()["event_id"], "adjuster-1", "adjuster")
        other = await ana.post(f"{path}/decide", decision(file["case_version"], "do_not_pay"))
        assert (other.status_code, other.json()["type"]) == (409, "urn:waybond:problem:command-id-used")
        late = await ana.post(f"{path}/decide", decision(file["case_version"], command_id="c-2"))
        assert (late.status_code, late.json()["decided_by"]) == (409, "adjuster-1")
    await nothing_that_was_written_is_in_the_calls(world)


async def nothing_that_was_written_is_in_the_calls(world: World) -> None:
    rows = await world.query("claims", "SELECT * FROM desk_call ORDER BY id")
    assert SECRET not in repr([dict(row) for row in rows])
    told = [(row["action"], row["status"]) for row in rows if row["action"] not in ("show", "list")]
    assert told == [
        *((action, 202) for action in ("assign", "boost", "snooze", "notes", "decide", "decide")),
        *[("decide", 409)] * 2,
    ]
    assert {(row["tenant"], row["author"], row["role"]) for row in rows} == {("demo", "adjuster-1", "adjuster")}
    assert {row["order_key"] for row in rows if row["action"] == "decide"} == {"demo/shop/A-1"}


async def test_what_is_above_an_author_needs_another_person(world: World) -> None:
    async with serving(world) as client:
        row = (await ask(world, "A-1", body=MISSING + FIFTY))["A-1"]
        path = path_of(row)
        ana = Desk(client, await person(world, "adjuster-1", "adjuster"))
        answer = await ana.post(f"{path}/decide", decision(row["version"]))
        assert (answer.status_code, answer.json()["outcome"]) == (202, "proposed")
        file = await eventually(lambda: ana.file(path), lambda file: file["proposal"] is not None)
        assert (file["proposal"]["by"], file["waiting"]["role"]) == ("adjuster-1", "lead")

        same = Desk(client, await person(world, "adjuster-1", "lead"))
        refused = await same.post(f"{path}/decide", decision(file["case_version"], command_id="c-2"))
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:waybond:problem:same-author")

        lea = Desk(client, await person(world, "lead-1", "lead", {"USD": 10_000}))
        answer = await lea.post(f"{path}/decide", decision(file["case_version"], command_id="c-3"))
        assert (answer.status_code, answer.json()["outcome"]) == (202, "decided")
        assert (await ana.closed(path))["by"] == "lead-1"


async def test_a_key_lets_its_person_do_what_the_role_may(world: World) -> None:
    async with serving(world) as client:
        row = (await ask(world, "A-1"))["A-1"]
        path = path_of(row)
        viewer = Desk(client, await person(world, "viewer-1", "viewer"))
        assert (await viewer.get(path)).status_code == 200
        assert (await viewer.get("/v1/orders/demo/shop/A-1")).status_code == 200
        (looked,) = await world.query(
            "claims", "SELECT author, order_key, status FROM desk_call WHERE action = 'order'"
        )
        assert tuple(looked) == ("viewer-1", "demo/shop/A-1", 200)
        for who, status, kind in (
            (viewer, 403, "not-allowed"),
            (Desk(client, await machine(world)), 403, "no-person"),
            (Desk(client, {}), 401, "unauthenticated"),
            (Desk(client, await person(world, "adjuster-9", "adjuster", tenant="other")), 404, "no-such-referral"),
            (Desk(client, await person(world, "buyer-7", "adjuster")), 403, "own-case"),
            (Desk(client, await person(world, "seller-3", "lead")), 403, "own-case"),
            (Desk(client, await person(world, "payer-1", "payments")), 403, "not-asked"),
        ):
            answer = await who.post(f"{path}/decide", decision(row["version"]))
            assert (answer.status_code, answer.json()["type"]) == (status, f"urn:waybond:problem:{kind}")
            assert answer.headers["content-type"] == "application/problem+json"
        other = Desk(client, await person(world, "lead-9", "lead", tenant="other"))
        assert (await other.get("/v1/referrals")).json()["referrals"] == []
        assert await decisions(world) == []


async def test_a_body_does_not_say_who_sends_it(world: World) -> None:
    async with serving(world) as client:
        row = (await ask(world, "A-1"))["A-1"]
        ana = Desk(client, await person(world, "adjuster-1", "adjuster"))
        for wrong, field in (
            ({"by": "lead-1"}, "by"),
            ({"role": "lead"}, "role"),
            ({"authority": {"minor": 1_000_000, **USD}}, "authority"),
            ({"command_id": None}, "command_id"),
            ({"reason_code": "because"}, "reason_code"),
        ):
            answer = await ana.post(f"{path_of(row)}/decide", decision(row["version"]) | wrong)
            assert (answer.status_code, answer.json()["field"]) == (422, field)
        answer = await ana.post(f"{path_of(row)}/decide", decision(row["version"]), **{"idempotency-key": "c-2"})
        assert (answer.status_code, answer.json()["field"]) == (422, "command_id")
        named = decision(row["version"]) | {"command_id": None}
        answer = await ana.post(f"{path_of(row)}/decide", named, **{"idempotency-key": "c-2"})
        assert (answer.status_code, answer.json()["command_id"]) == (202, "c-2")


async def test_a_decision_on_an_older_version_is_told_what_changed(world: World) -> None:
    """Somebody saw the case one step before the question was asked."""
    async with serving(world) as client:
        row = (await ask(world, "A-1"))["A-1"]
        path = path_of(row)
        ana = Desk(client, await person(world, "adjuster-1", "adjuster"))
        answer = await ana.post(f"{path}/decide", decision(row["version"] - 1))
        assert (answer.status_code, answer.json()["case_version"]) == (409, row["version"])
        assert [each["case_version"] for each in answer.json()["changes"]] == [row["version"]]
        assert await decisions(world) == []


async def test_alike_questions_are_decided_each_on_its_own(world: World) -> None:
    """Three of four are decided; the fourth was seen in another version, and a fifth is nobody's."""
    async with serving(world) as client:
        rows = await ask(world, "A-1", "A-2", "A-3", "A-4")
        ana = Desk(client, await person(world, "adjuster-1", "adjuster"))
        items = [
            {
                "platform": "shop",
                "order_id": name,
                "referral_id": row["referral_id"],
                "case_version": row["version"] - (name == "A-4"),
            }
            for name, row in rows.items()
        ]
        items.append(items[0] | {"order_id": "A-5"})
        body = {"referrals": items, "choice": "do_not_pay", "reason_code": "evidence_missing", "command_id": "all"}
        answer = await ana.post("/v1/referrals/decide", body)
        assert answer.status_code == 200, answer.text
        assert [each["status"] for each in answer.json()["answers"]] == [202, 202, 202, 409, 404]
        for name in ("A-1", "A-2", "A-3"):
            assert (await ana.closed(path_of(rows[name])))["choice"] == "do_not_pay"
        assert (await ana.post("/v1/referrals/decide", body)).json() == answer.json()
        assert len(await decisions(world)) == 3
        body["referrals"] = items * 20
        answer = await ana.post("/v1/referrals/decide", body)
        assert (answer.status_code, answer.json()["field"]) == (422, "referrals")
    rows = await world.query(
        "claims", "SELECT action, status, count(*) FROM desk_call WHERE order_key <> '' GROUP BY 1, 2"
    )
    assert ("decide", 409, 2) in [tuple(row) for row in rows]


async def test_a_replay_of_history_takes_no_decision_over_http(world: World) -> None:
    async with (
        world.running(DEFINITION, replay=True) as service,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=bound(10)) as client,
    ):
        row = (await ask(world, "A-1"))["A-1"]
        ana = Desk(client, await person(world, "adjuster-1", "adjuster"))
        answer = await ana.post(f"{path_of(row)}/decide", decision(row["version"]))
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:waybond:problem:replay")
        assert (await ana.get("/v1/referrals")).status_code == 200
