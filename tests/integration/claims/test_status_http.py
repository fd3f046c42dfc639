"""The buyer's view over HTTP, on a real database: who has a valid link sees the order, nobody else anything."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from tests.support.claims import ClaimsStory, day, issued, late, placed
from tests.support.pools import pool_of
from waybond_claims.app import DEFINITION
from waybond_claims.service.codec import CaseCodec
from waybond_claims.service.links import LinkKeys, StatusLink, sign
from waybond_claims.service.routes import routes
from waybond_claims.service.settings import ClaimsSettings
from waybond_contracts.event import Event
from waybond_kit import apikeys
from waybond_kit import database as databases
from waybond_kit.definition import AsgiApp, Resources
from waybond_kit.health import Server
from waybond_kit.keys import aggregate_id

OLD, NEW = f"k1:{'11' * 32}", f"k2:{'22' * 32}"
KEYS = LinkKeys.parse(f"{NEW},{OLD}")
LINKS = "/v1/claims/{}/status-links"
MINE, THEIRS = "demo/shop/A-1", "other/shop/A-1"


async def publish(event: Event, *, cause: str) -> str:
    raise AssertionError("the buyer's view publishes nothing")


@dataclass
class Desk:
    """The service's routes, with the keys of two tenants."""

    client: httpx.AsyncClient
    pool: asyncpg.Pool
    keys: dict[str, str]

    def bearer(self, tenant: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[tenant]}"}

    async def make(self, order: str = MINE, tenant: str = "demo", query: str = "") -> httpx.Response:
        return await self.client.post(LINKS.format(order) + query, headers=self.bearer(tenant))

    async def revoke(self, order: str = MINE, tenant: str = "demo") -> httpx.Response:
        return await self.client.delete(LINKS.format(order), headers=self.bearer(tenant))

    async def link(self, order: str = MINE, tenant: str = "demo") -> str:
        made = await self.make(order, tenant)
        assert made.status_code == 201, made.text
        return made.json()["path"]

    async def status(self, path: str) -> int:
        return (await self.client.get(path)).status_code


def app_of(pool: asyncpg.Pool, status_keys: str | None) -> AsgiApp:
    keys = SecretStr(status_keys) if status_keys is not None else None
    return routes(Resources(pool, publish, ClaimsSettings(status_keys=keys)))


def client_of(pool: asyncpg.Pool, status_keys: str | None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app_of(pool, status_keys), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://claims")


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    await databases.prepare(database, "claims", "test")
    await databases.migrate(database, "claims", DEFINITION.migrations)
    keys = {tenant: apikeys.new_key() for tenant in ("demo", "other")}
    admin = await asyncpg.connect(database, server_settings={"search_path": "claims"})
    try:
        await admin.execute("INSERT INTO shard (shard) VALUES (0)")
        for tenant, key in keys.items():
            await apikeys.add_key(admin, tenant, key)
            await keep(admin, tenant)
    finally:
        await admin.close()
    pool = await pool_of(database, "claims", "test")
    async with client_of(pool, f"{NEW},{OLD}") as client:
        yield Desk(client, pool, keys)
    await pool.close()


async def keep(admin: asyncpg.Connection, tenant: str) -> None:
    """Keep the case of an order that was late and is being refunded, as the service's batches do."""
    story = ClaimsStory()
    story.given(*[each.model_copy(update={"tenant": tenant}) for each in (placed(), issued(), late(0))])
    state, wording = CaseCodec().encode(story.case)
    assert wording is not None
    digest = sha256(wording).digest()
    await admin.execute("INSERT INTO wording (sha256, body) VALUES ($1, $2) ON CONFLICT DO NOTHING", digest, wording)
    await admin.execute(
        "INSERT INTO aggregate (shard, id, order_key, version, shape, status, known_at, wording, state)"
        " VALUES (0, $1, $2, 1, $3, 'paying', $4, $5, $6)",
        *(aggregate_id(story.case.order_key), story.case.order_key, CaseCodec.shape, day(27), digest, state),
    )


def link(order: str = MINE, **changes: Any) -> str:
    """A token that we signed, with other instants or under another key."""
    tenant, platform, order_id = order.split("/")
    keys = changes.pop("keys", KEYS)
    now = datetime.now(UTC)
    fields = {"issued_at": now, "expires_at": now + timedelta(days=1)} | changes
    return sign(StatusLink(tenant=tenant, platform=platform, order_id=order_id, **fields), keys)


async def test_who_has_a_link_sees_the_order_without_an_api_key(desk: Desk) -> None:
    answer = await desk.client.get(await desk.link())
    assert answer.status_code == 200
    seen = answer.json()
    assert (seen["order_id"], seen["status"], seen["language"]) == ("A-1", "paying", "pt")
    assert [(each["status"], each["amount"]["minor"]) for each in seen["refunds"]] == [("on_its_way", 1_000)]
    (told,) = seen["notices"]
    assert (told["about"], told["subject"]) == ("approved", "Reembolso do seu pedido A-1")
    assert "US$\xa010,00" in told["body"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-language"] == "pt"


async def test_the_language_is_asked_for_by_query_or_header(desk: Desk) -> None:
    path = await desk.link()
    for query, header, expected in (
        ("?language=zh", "es", "zh"),
        ("", "de, es;q=0.5", "es"),
        ("?language=xx", "en", "en"),
        ("?language=" + "x" * 10_000, "y" * 10_000, "pt"),
        ("?language=%00%ff", "", "pt"),
    ):
        answer = await desk.client.get(path + query, headers={"accept-language": header})
        assert (answer.status_code, answer.json()["language"]) == (200, expected)


async def test_an_expired_link_shows_nothing(desk: Desk) -> None:
    now = datetime.now(UTC)
    made, over = now - timedelta(days=2), now - timedelta(seconds=1)
    assert await desk.status("/v1/status/" + link()) == 200
    assert await desk.status("/v1/status/" + link(issued_at=made, expires_at=over)) == 404


async def test_links_are_taken_back_for_all_that_were_made_before(desk: Desk) -> None:
    before = [await desk.link(), await desk.link(), "/v1/status/" + link(issued_at=day(0))]
    others = await desk.link(THEIRS, "other")
    assert (await desk.revoke()).status_code == 204
    assert [await desk.status(each) for each in before] == [404, 404, 404]
    assert await desk.status(others) == 200, "another order's links stay"
    after = await desk.link()
    assert await desk.status(after) == 200
    assert (await desk.revoke()).status_code == 204
    assert await desk.status(after) == 404


async def test_a_revocation_is_kept_as_long_as_a_link_of_before_may_live(desk: Desk) -> None:
    """The longest link lives 90 days."""
    await desk.pool.execute(
        "INSERT INTO status_link_revocation VALUES ('demo/shop/old', now() - interval '91 days'),"
        " ('demo/shop/young', now() - interval '89 days')"
    )
    await desk.revoke()
    kept = await desk.pool.fetch("SELECT order_key FROM status_link_revocation ORDER BY order_key")
    assert [row["order_key"] for row in kept] == [MINE, "demo/shop/young"]


async def test_a_link_lives_as_long_as_was_asked_for(desk: Desk) -> None:
    for query, days in (("", 30), ("?valid_days=1", 1), ("?valid_days=90", 90)):
        made = await desk.make(query=query)
        left = datetime.fromisoformat(made.json()["expires_at"]) - datetime.now(UTC)
        assert timedelta(days=days, minutes=-10) < left <= timedelta(days=days, minutes=10)
        assert made.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("days", ["0", "91", "-1", "1.5", "", "ten", "1" * 5_000, "\u0661"])
async def test_a_lifetime_that_cannot_be_is_refused_by_name(desk: Desk, days: str) -> None:
    made = await desk.make(query=f"?valid_days={quote(days)}")
    assert (made.status_code, made.json()["field"]) == (422, "valid_days")
    assert "a whole number from 1 to 90" in made.json()["expected"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_links_are_made_and_taken_back_by_the_orders_tenant_alone(desk: Desk, method: str) -> None:
    for order, headers, status in (
        (MINE, {}, 401),
        (MINE, {"authorization": "Bearer wb_x"}, 401),
        (MINE, desk.bearer("other"), 404),
        ("demo/shop/no-such-order", desk.bearer("demo"), 404),
        ("DEMO/shop/A-1", desk.bearer("demo"), 422),
    ):
        refused = await desk.client.request(method, LINKS.format(order), headers=headers)
        assert refused.status_code == status
        assert refused.headers["content-type"] == "application/problem+json"
    assert await desk.pool.fetchval("SELECT count(*) FROM status_link_revocation") == 0


def for_another_tenant(token: str) -> str:
    prefix, key, content, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4))) | {"tenant": "other"}
    return ".".join((prefix, key, base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("="), signature))


HOSTILE: dict[str, Callable[[str], str]] = {
    "empty": lambda token: "",
    "cut": lambda token: token[:-1],
    "without a signature": lambda token: token.rpartition(".")[0],
    "half": lambda token: token[: len(token) // 2],
    "another tenant's": for_another_tenant,
    "another alphabet": lambda token: token.replace(".", "%2F+/"),
    "padded": lambda token: token + "==",
    "a NUL": lambda token: token + "%00",
    "no UTF-8": lambda token: token + "%ff",
    "a path": lambda token: "..%2Forders/demo/shop/A-1",
    "under it": lambda token: token + "/more",
    "long": lambda token: token + "A" * 60_000,
    "a key that was never ours": lambda token: link(keys=LinkKeys.parse(f"k2:{'33' * 32}")),
    "an order that is gone": lambda token: link("demo/shop/gone"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_whatever_is_wrong_is_told_in_the_same_words(desk: Desk, name: str) -> None:
    token = (await desk.link()).removeprefix("/v1/status/")
    assert (await desk.revoke()).status_code == 204
    revoked = await desk.client.get(f"/v1/status/{token}")
    url = httpx.URL("http://claims", raw_path=f"/v1/status/{HOSTILE[name](link())}".encode())
    refused = await desk.client.get(url)
    assert (refused.status_code, refused.content) == (404, revoked.content)
    assert refused.headers == revoked.headers
    assert refused.headers["cache-control"] == "no-store"


async def test_a_token_of_a_megabyte_is_refused_and_the_next_one_answered(desk: Desk) -> None:
    """Over a real connection: the client of the other tests sends no such line."""
    path = await desk.link()
    server = Server(app_of(desk.pool, f"{NEW},{OLD}"), "127.0.0.1", 0)
    port = await server.begin()
    try:
        for target, expected in ((path + "A" * 1_000_000, (b"400", b"404", b"414", b"431")), (path, (b"200",))):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with suppress(ConnectionError):  # it may be closed while we still send
                writer.write(f"GET {target} HTTP/1.1\r\nHost: claims\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
            assert (await reader.readline()).split()[1] in expected
            writer.close()
    finally:
        await server.end()


async def test_what_we_did_not_sign_asks_the_database_nothing(desk: Desk) -> None:
    path = await desk.link()
    await desk.pool.close()
    assert await desk.status(path) == 500, "a valid link does"
    assert await desk.status(path[:-1]) == 404


async def test_a_key_is_rotated_with_an_overlap(desk: Desk) -> None:
    old = link(keys=LinkKeys.parse(OLD))
    assert await desk.status(f"/v1/status/{old}") == 200
    async with client_of(desk.pool, NEW) as client:
        assert (await client.get(f"/v1/status/{old}")).status_code == 404
        assert (await client.get(await desk.link())).status_code == 200


async def test_without_keys_no_link_is_made_and_none_shows_anything(desk: Desk) -> None:
    path = await desk.link()
    async with client_of(desk.pool, None) as client:
        refused = await client.post(LINKS.format(MINE), headers=desk.bearer("demo"))
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:waybond:problem:no-status-keys")
        assert (await client.get(path)).status_code == 404


async def test_a_failure_of_ours_does_not_log_the_token(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    path = await desk.link()
    await desk.pool.close()
    assert await desk.status(path) == 500
    logged = "".join(capsys.readouterr())
    assert "request_failed" in logged and "/v1/status/{token" in logged
    assert path.removeprefix("/v1/status/") not in logged


async def test_the_openapi_document_describes_the_routes_and_their_problems(desk: Desk) -> None:
    document = (await desk.client.get("/openapi.json")).json()
    made = document["paths"]["/v1/claims/{tenant}/{platform}/{order_id}/status-links"]
    assert set(made["post"]["responses"]) == {"201", "401", "404", "422", "503"}
    assert set(made["delete"]["responses"]) == {"204", "401", "404", "422"}
    assert made["post"]["security"] == made["delete"]["security"] == [{"api_key": []}]
    assert {each["name"] for each in made["post"]["parameters"]} == {"tenant", "platform", "order_id", "valid_days"}
    shown = document["paths"]["/v1/status/{token}"]["get"]
    assert set(shown["responses"]) == {"200", "404"}
    assert "security" not in shown
    assert {each["name"] for each in shown["parameters"]} == {"token", "language", "Accept-Language"}
    for status in ("200", "404"):
        assert shown["responses"][status]["headers"]["Cache-Control"]
