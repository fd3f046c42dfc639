"""Quotes over HTTP: the price of an order and a token that binds it; every bad request gets a clear problem."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.support.pools import pool_of
from tests.support.pricing import KEYS, KNOWN_AT, PROMISED, Deciding, asked_for, placed, usd
from tests.support.story import Story
from waybond_contracts.policies import PolicyIssued
from waybond_kit.web import MAX_BODY_BYTES
from waybond_local import tenants as commands
from waybond_pricing.desk import Desk
from waybond_pricing.quotes import EXAMPLE_REQUEST, QuoteResponse, routes
from waybond_pricing.state import StateCodec
from waybond_pricing.tokens import QuoteKeys, verify

SINCE = datetime(2006, 1, 1, tzinfo=UTC)
VALID_FOR = timedelta(minutes=30)
ORDER: dict[str, Any] = EXAMPLE_REQUEST | {"promise": {"latest": PROMISED.isoformat()}}


@dataclass
class Shop:
    """A tenant's platform that asks for quotes."""

    client: httpx.AsyncClient
    desk: Desk
    key: str
    now: datetime
    app: FastAPI

    async def post(self, body: object, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"authorization": f"Bearer {self.key}", "content-type": "application/json"} | headers
        return await self.client.post("/v1/quotes", content=content, headers=sent)

    async def quoted(self, **changes: Any) -> QuoteResponse:
        response = await self.post(ORDER | changes)
        assert response.status_code == 200, response.text
        return QuoteResponse.model_validate_json(response.content)


@pytest.fixture
async def shop(migrated: str) -> AsyncIterator[Shop]:
    """The service's role may only read here: a quote that wrote anything would fail."""
    pool = await pool_of(migrated, "pricing", "test", default_transaction_read_only="on")
    products = ["order-protection", "logistics-time-guarantee"]
    key, _ = await commands.add_tenant(migrated, "acme", products, "order-protection", since=SINCE)
    desk = Desk()
    desk.keys = KEYS
    await desk.refresh(pool)
    clock = [KNOWN_AT]
    app = routes(desk, pool, VALID_FOR, clock=lambda: clock[0])
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://pricing") as client:
        yield Shop(client, desk, key, clock[0], app)
    await pool.close()


async def test_an_order_is_priced_in_every_product_of_the_tenant(shop: Shop) -> None:
    answer = await shop.quoted()

    assert [offer.product for offer in answer.offered] == ["order-protection", "logistics-time-guarantee"]
    assert answer.not_offered == ()
    first = answer.offered[0]
    assert (first.basis, first.limit) == (usd(6_000), usd(50_000))
    assert first.premium.total.minor >= 98
    assert first.expires_at == KNOWN_AT + VALID_FOR
    assert "not a market rate" in first.note
    assert {factor.name for factor in first.premium.factors} >= {"base", "service", "season", "balance", "loading"}


async def test_a_quote_s_token_binds_its_price(shop: Shop) -> None:
    offer = (await shop.quoted()).offered[1]

    telling = Story(Deciding(shop.desk.catalogue), StateCodec())
    (policy,) = telling.when(placed(cover=asked_for(token=offer.token)), KNOWN_AT + VALID_FOR)

    assert isinstance(policy, PolicyIssued)
    assert (policy.product, policy.quoted) == ("logistics-time-guarantee", True)
    assert policy.premium == offer.premium


async def test_a_token_says_what_was_quoted(shop: Shop) -> None:
    offer = (await shop.quoted(product="order-protection")).offered[0]

    quote = verify(offer.token, KEYS)
    assert (quote.tenant, quote.platform, quote.order_id) == ("acme", "shop", "1001")
    assert (quote.premium, quote.value, str(quote.lane)) == (offer.premium.total, usd(6_000), "CN-BR")


async def test_the_same_order_gets_the_same_answer(shop: Shop) -> None:
    assert await shop.quoted() == await shop.quoted()


async def test_a_product_that_the_order_cannot_have_says_why(shop: Shop) -> None:
    answer = await shop.quoted(promise=None, total={"minor": 60_000, "currency": "USD", "exponent": 2})

    assert answer.offered == ()
    assert [(each.product, each.reason.value) for each in answer.not_offered] == [
        ("order-protection", "value_over_limit"),
        ("logistics-time-guarantee", "no_promise"),
    ]
    assert answer.not_offered[0].detail.endswith("takes orders up to 500.00 USD, not 600.00 USD")


async def test_another_currency_is_priced_at_the_rate_that_comes_with_it(shop: Shop) -> None:
    rate = {"base": "USD", "quote": "BRL", "rate": "5", "source": "platform", "as_of": KNOWN_AT.isoformat()}

    answer = await shop.quoted(total={"minor": 30_000, "currency": "BRL", "exponent": 2}, settlement_rate=rate)

    assert [str(offer.limit) for offer in answer.offered] == ["2,500.00 BRL", "1,500.00 BRL"]


async def test_the_products_of_the_tenant_are_listed(shop: Shop) -> None:
    response = await shop.client.get("/v1/products", headers={"authorization": f"Bearer {shop.key}"})

    assert [(each["product"], each["default"]) for each in response.json()["products"]] == [
        ("order-protection", True),
        ("logistics-time-guarantee", False),
    ]


async def test_without_a_valid_key_there_is_no_answer(shop: Shop) -> None:
    for header in ("", "Bearer", "Bearer wb_000000000000_" + "x" * 43, "Basic YTpi"):
        response = await shop.post(ORDER, authorization=header)

        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["type"] == "urn:waybond:problem:unauthenticated"
    assert (await shop.client.get("/v1/products")).status_code == 401


async def test_the_tenant_is_that_of_the_key_and_never_of_the_body(shop: Shop) -> None:
    response = await shop.post(ORDER | {"tenant": "other"})

    assert response.status_code == 422
    assert response.json()["field"] == "tenant"


MONEY = ORDER["total"]


BAD_FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"colour": "red"}, "colour", "no field of that name"),
    ({"promise": {"latest": "2026-12-01T00:00:00Z", "soon": True}}, "promise.soon", "no field of that name"),
    ({"total": MONEY | {"note": 1}}, "total.note", "no field of that name"),
    ({"total": "60.00 USD"}, "total", "an object"),
    ({"total": MONEY | {"minor": 60.5}}, "total.minor", "an integer"),
    ({"total": MONEY | {"minor": "6000"}}, "total.minor", "an integer"),
    ({"total": MONEY | {"minor": 0}}, "total.minor", "1 or more"),
    ({"total": MONEY | {"minor": -1}}, "total.minor", "1 or more"),
    ({"total": MONEY | {"minor": 2**63}}, "total.minor", "9007199254740991 or less"),
    ({"total": MONEY | {"currency": "XQQ"}}, "total.currency", "an ISO 4217"),
    ({"total": MONEY | {"exponent": 3}}, "total.exponent", "2, the decimals of USD"),
    ({"items": {"minor": 1, "currency": "EUR", "exponent": 2}}, "items.currency", "USD, as the total's"),
    ({"origin": "XX"}, "origin", "an ISO 3166-1"),
    ({"destination": "Brazil"}, "destination", ""),
    ({"platform": "My Shop"}, "platform", "text of the form"),
    ({"order_id": "a/b"}, "order_id", "text of the form"),
    ({"order_id": "a\u0000b"}, "order_id", "text of the form"),
    ({"order_id": "x" * 129}, "order_id", "at most 128 characters"),
    ({"order_id": 1001}, "order_id", "a string"),
    ({"promise": {"latest": "2026-12-01T00:00:00"}}, "promise.latest", ""),
    ({"promise": {"latest": "tomorrow"}}, "promise.latest", ""),
    ({"product": "freight-time-guarantee"}, "product", "one of order-protection, logistics-time-guarantee"),
    ({"product": "moon-landing"}, "product", "one of order-protection, logistics-time-guarantee"),
    ({"service": None}, "service", "a string"),
]


async def test_a_field_that_is_not_as_expected_is_named(shop: Shop) -> None:
    for changes, field, expected in BAD_FIELDS:
        response = await shop.post(ORDER | changes)

        problem = response.json()
        assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json"), changes
        assert (problem["type"], problem["status"], problem["field"]) == ("urn:waybond:problem:bad-field", 422, field)
        assert problem["expected"].startswith(expected), problem
        assert problem["expected"]


async def test_a_missing_field_is_named(shop: Shop) -> None:
    for missing in ("platform", "order_id", "total", "origin", "destination"):
        response = await shop.post({name: value for name, value in ORDER.items() if name != missing})

        assert (response.status_code, response.json()["field"]) == (422, missing)


async def test_a_body_that_is_no_json_object_gets_a_problem(shop: Shop) -> None:
    for body in (b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"platform": NaN}', b"[" * 1_000):
        response = await shop.post(body)

        assert (response.status_code, response.json()["type"]) == (422, "urn:waybond:problem:bad-field"), body


async def test_a_body_that_is_too_long_is_refused_before_it_is_read(shop: Shop) -> None:
    longest = json.dumps(ORDER).encode().ljust(MAX_BODY_BYTES)

    assert (await shop.post(longest)).status_code == 200
    refused = await shop.post(longest + b" ")
    assert (refused.status_code, refused.json()["type"]) == (413, "urn:waybond:problem:body-too-long")


async def test_an_unknown_path_and_method_get_a_problem(shop: Shop) -> None:
    path, method = await shop.client.get("/v1/nothing"), await shop.client.get("/v1/quotes")

    assert (path.status_code, path.headers["content-type"]) == (404, "application/problem+json")
    assert (method.status_code, method.headers["content-type"]) == (405, "application/problem+json")


async def test_a_tenant_that_is_suspended_or_unknown_by_now_is_offered_nothing(shop: Shop, migrated: str) -> None:
    key, _ = await commands.add_tenant(migrated, "later", ["order-protection"], None)

    response = await shop.post(ORDER, authorization=f"Bearer {key}")

    assert (response.status_code, response.json()["type"]) == (403, "urn:waybond:problem:nothing-offered")


async def test_without_quote_keys_no_quote_is_given(shop: Shop) -> None:
    shop.desk.keys = QuoteKeys.none()

    response = await shop.post(ORDER)

    assert (response.status_code, response.json()["type"]) == (503, "urn:waybond:problem:no-quote-keys")


async def test_before_the_first_snapshot_no_quote_is_given(shop: Shop) -> None:
    shop.desk.catalogue = Desk().catalogue

    assert (await shop.post(ORDER)).json()["type"] == "urn:waybond:problem:settings-unknown"


async def test_an_error_that_nobody_foresaw_tells_nothing_of_its_cause(shop: Shop) -> None:
    shop.desk.catalogue = None  # type: ignore[assignment]  (the error that nobody foresaw)

    response = await shop.post(ORDER)

    assert (response.status_code, response.json()["type"]) == (500, "urn:waybond:problem:internal")
    assert "NoneType" not in response.text


async def test_the_openapi_document_describes_both_routes_and_their_problems(shop: Shop) -> None:
    document = (await shop.client.get("/openapi.json")).json()

    quotes = document["paths"]["/v1/quotes"]["post"]
    assert quotes["security"] == [{"api_key": []}]
    assert set(quotes["responses"]) == {"200", "401", "403", "408", "413", "422", "503"}
    assert quotes["requestBody"]["content"]["application/json"]["example"] == EXAMPLE_REQUEST
    assert set(document["paths"]) == {"/v1/quotes", "/v1/products"}
    schemas = document["components"]["schemas"]
    assert schemas["QuoteRequest"]["additionalProperties"] is False
    assert references(document) <= {f"#/components/schemas/{name}" for name in schemas}


def references(part: object) -> set[str]:
    match part:
        case {"$ref": str(target)}:
            return {target}
        case dict():
            return set().union(*(references(value) for value in part.values()), set())
        case list():
            return set().union(*(references(value) for value in part), set())
        case _:
            return set()
