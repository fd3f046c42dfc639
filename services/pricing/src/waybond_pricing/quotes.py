"""Quotes over HTTP: order facts in, premium with its factors and a signed token out; nothing is stored."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPBearer
from pydantic import ConfigDict, Field, ValidationError

from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.fields import Code, Id, Instant, Model, OrderId, Segment, Text
from waybond_contracts.money import Money, MoreThanZero, ZeroOrMore
from waybond_contracts.orders import FxRate, Promise
from waybond_contracts.places import Country, Lane
from waybond_contracts.policies import DeclineReason, Premium
from waybond_kit.web import MEDIA_TYPE, Problem, body_of, install, tenant_behind
from waybond_pricing.catalogue import Product, TenantSettings
from waybond_pricing.desk import Desk
from waybond_pricing.terms import Facts, Refusal, refusal, season_for, terms_for
from waybond_pricing.tokens import Quote, sign

Clock = Callable[[], datetime]

EXAMPLE_REQUEST = {
    "platform": "shop",
    "order_id": "1001",
    "total": {"minor": 6000, "currency": "USD", "exponent": 2},
    "origin": "CN",
    "destination": "BR",
    "service": "air",
    "promise": {"latest": "2026-12-20T00:00:00Z"},
}


class QuoteRequest(Model):
    """What is known of the order. `items` and `shipping` are parts of `total`; all three are in one currency."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE_REQUEST]})

    platform: Segment
    order_id: OrderId
    total: MoreThanZero
    items: ZeroOrMore | None = None
    shipping: ZeroOrMore | None = None
    origin: Country
    destination: Country
    service: Code = ""
    promise: Promise | None = None
    settlement_rate: FxRate | None = None
    product: Id | None = None
    """Only this product, instead of all that the tenant offers."""


class Offered(Model):
    """One product at its price. The token, in OrderPlaced.cover.quote_token, binds it until `expires_at`."""

    product: Segment
    version: Annotated[str, Field(max_length=32)]
    title: dict[str, Text]
    note: Text
    premium: Premium
    basis: Money
    """What shares are taken of."""
    limit: Money
    """The most that is paid for the order."""
    ends_after_days: int
    """How long after the order cover ends."""
    expires_at: Instant
    token: str


class NotOffered(Model):
    """A product that this order cannot have, and why."""

    product: Code
    reason: DeclineReason
    detail: Text


class QuoteResponse(Model):
    """Every product that the tenant offers: with its price, or with the reason why not."""

    offered: tuple[Offered, ...]
    not_offered: tuple[NotOffered, ...]


class ProductSummary(Model):
    """A product that the tenant offers now."""

    product: Segment
    version: str
    title: dict[str, Text]
    note: Text
    default: bool


class ProductList(Model):
    """The products that the tenant offers now."""

    products: tuple[ProductSummary, ...]


class ProblemBody(Model):
    """A problem as RFC 9457 defines it; `field`, `expected` and `got` where one field is not as expected."""

    type: str
    title: str
    status: int
    detail: str = ""
    field: str = ""
    expected: str = ""
    got: str = ""


def quote(desk: Desk, tenant: str, request: QuoteRequest, now: datetime, valid_for: timedelta) -> QuoteResponse:
    """What the tenant offers for this order now. Raises ContractError and Problem."""
    facts = _facts(request, now)
    offered: list[Offered] = []
    not_offered: list[NotOffered] = []
    for product in _products(desk, _settings(desk, tenant, now), request.product):
        answer = _answer(desk, tenant, request, product, facts=facts, expires_at=now + valid_for)
        if isinstance(answer, Refusal):
            not_offered.append(NotOffered(product=product.name, reason=answer.reason, detail=answer.detail))
        else:
            offered.append(answer)
    return QuoteResponse(offered=tuple(offered), not_offered=tuple(not_offered))


def _facts(request: QuoteRequest, now: datetime) -> Facts:
    for name, part in (("items", request.items), ("shipping", request.shipping)):
        if part is not None and part.currency != request.total.currency:
            raise ContractError(f"{name}.currency", f"{request.total.currency}, as the total's", part.currency)
    if request.items is None and request.shipping is not None and request.shipping.minor > request.total.minor:
        raise ContractError("shipping", f"at most the total, {request.total}", str(request.shipping))
    return Facts(
        total=request.total,
        items=request.items or request.total.less(request.shipping or request.total.zero()),
        shipping=request.shipping or request.total.zero(),
        lane=Lane(origin=request.origin, destination=request.destination),
        service=request.service,
        placed_on=now.date(),
        promise_latest=request.promise.latest if request.promise else None,
        exchange=request.settlement_rate,
    )


def _settings(desk: Desk, tenant: str, now: datetime) -> TenantSettings:
    if now > desk.catalogue.complete_until:
        raise Problem(503, "settings-unknown", "The tenants' settings are not known yet; try again in a moment")
    settings = desk.catalogue.settings_of(tenant, now)
    if settings is None or not settings.active:
        raise Problem(403, "nothing-offered", "This tenant offers no product now")
    return settings


def _products(desk: Desk, settings: TenantSettings, only: str | None) -> list[Product]:
    products = desk.catalogue.products
    offered = [products[key] for key in settings.products if key in products]
    if only is None:
        return offered
    named = [product for product in offered if product.name == only]
    if not named:
        names = ", ".join(product.name for product in offered)
        raise ContractError("product", f"one of {names}" if names else "none: the tenant offers no product", only)
    return named


def _answer(
    desk: Desk, tenant: str, request: QuoteRequest, product: Product, *, facts: Facts, expires_at: datetime
) -> Offered | Refusal:
    refused = refusal(product, facts)
    if refused is not None:
        return refused
    terms = terms_for(product, facts)
    promised = Quote(
        tenant=tenant,
        platform=request.platform,
        order_id=request.order_id,
        product=product.name,
        version=product.wording.version,
        premium=terms.premium.total,
        value=facts.total,
        lane=facts.lane,
        expires_at=expires_at,
        service=facts.service,
        basis=terms.basis,
        season=season_for(facts) if facts.promise_latest else None,
        exchange=facts.exchange,
    )
    return Offered(
        product=product.name,
        version=product.wording.version,
        title=product.wording.title,
        note=f"{product.wording.note} {product.rating.note}".strip(),
        premium=terms.premium,
        basis=terms.basis,
        limit=terms.limit,
        ends_after_days=product.wording.cover.period.days,
        expires_at=expires_at,
        token=sign(promised, desk.keys),
    )


def _utc_now() -> datetime:
    return datetime.now(UTC)


REFS = "#/components/schemas/{model}"
API_KEY = Depends(HTTPBearer(scheme_name="api_key", description="The tenant's API key", auto_error=False))
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {"schema": {"$ref": REFS.format(model="ProblemBody")}}}}
    for status, text in {
        401: "No valid API key",
        403: "The tenant offers no product now",
        408: "The body did not come",
        413: "The body is too long",
        422: "A field is not as expected",
        503: "Quotes are not given now",
    }.items()
}
QUOTE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": REFS.format(model="QuoteRequest")}, "example": EXAMPLE_REQUEST}
        },
    }
}


def routes(
    desk: Desk,
    pool: asyncpg.Pool,
    valid_for: timedelta,
    *,
    clock: Clock = _utc_now,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """Pricing's HTTP interface. `clock` gives the wall's time, aware UTC."""
    app = FastAPI(title="Waybond pricing", version="1", redirect_slashes=False, lifespan=lifespan)
    install(app)

    @app.post(
        "/v1/quotes",
        response_model=QuoteResponse,
        responses=PROBLEMS,
        openapi_extra=QUOTE_BODY,
        dependencies=[API_KEY],
        summary="Price an order and sign the price",
    )
    async def quotes(request: Request) -> QuoteResponse:
        tenant = await tenant_behind(request, pool)
        if desk.keys.current is None:
            raise Problem(503, "no-quote-keys", "Quotes are not given here: WAYBOND_QUOTE_KEYS is not set")
        return quote(desk, tenant, _read(await body_of(request)), clock(), valid_for)

    @app.get(
        "/v1/products",
        response_model=ProductList,
        responses={status: PROBLEMS[status] for status in (401, 403, 503)},
        dependencies=[API_KEY],
        summary="List the products that the tenant offers",
    )
    async def products(request: Request) -> ProductList:
        settings = _settings(desk, await tenant_behind(request, pool), clock())
        return ProductList(
            products=tuple(
                ProductSummary(
                    product=product.name,
                    version=product.wording.version,
                    title=product.wording.title,
                    note=product.wording.note,
                    default=product.key == settings.default_product,
                )
                for product in _products(desk, settings, None)
            )
        )

    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  (FastAPI's own way to extend the document)
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with what FastAPI does not see: the body that we read ourselves, and problems."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for model in (QuoteRequest, ProblemBody):
            schema = model.model_json_schema(ref_template=REFS)
            schemas |= schema.pop("$defs", {})
            schemas[model.__name__] = schema
        app.openapi_schema = document
    return app.openapi_schema


def _read(body: bytes) -> QuoteRequest:
    try:
        return QuoteRequest.model_validate_json(body, extra="forbid")
    except ValidationError as error:
        raise contract_error(error) from None
