"""The buyer's view over HTTP: a link to it is made and taken back with an API key, and shows one order without one."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from waybond_claims.service import links
from waybond_claims.service.access import API_KEY, PROBLEM, own_case, problems
from waybond_claims.service.cases import Stored, find
from waybond_claims.service.settings import keys_of
from waybond_claims.service.shown import Shown
from waybond_claims.service.status import BuyerStatus, language_of, status_of
from waybond_contracts.errors import ContractError
from waybond_contracts.orders import Language
from waybond_kit.definition import Resources
from waybond_kit.web import Problem

PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Vary": "Accept-Language",
}
"""Headers of what a link shows: nobody keeps it, and the link goes to nobody else."""
MAX_HEADER_CHARACTERS = 512
DAYS = f"a whole number from 1 to {links.MAX_VALID_DAYS}"


class MadeLink(Shown):
    """A link that was made. The token is not kept: it cannot be shown again."""

    token: str
    path: str
    """Where this service shows the order: GET, without an API key."""
    expires_at: datetime


_NO_STORE = {"Cache-Control": {"description": "no-store", "schema": {"type": "string"}}}
SHOWN: dict[int | str, dict[str, Any]] = {
    200: {"description": "What the buyer may see of the order", "headers": _NO_STORE},
    404: {
        "description": "The link is not ours, has expired or was taken back, or the order is gone; it says not which",
        "headers": _NO_STORE,
        "content": PROBLEM,
    },
}
MADE_WITH: dict[str, Any] = {
    "parameters": [
        {
            "name": "valid_days",
            "in": "query",
            "description": "How many days the link shows the order",
            "schema": {"type": "integer", "minimum": 1, "maximum": links.MAX_VALID_DAYS, "default": links.VALID_DAYS},
        }
    ]
}
SHOWN_WITH: dict[str, Any] = {
    "parameters": [
        {
            "name": "token",
            "in": "path",
            "required": True,
            "description": "Of a link: it alone lets in",
            "schema": {"type": "string", "maxLength": links.MAX_LINK_CHARACTERS},
        },
        {
            "name": "language",
            "in": "query",
            "description": "Of the notices; else what Accept-Language names, else the buyer's",
            "schema": {"type": "string", "enum": [language.value for language in Language]},
        },
        {
            "name": "Accept-Language",
            "in": "header",
            "description": "The languages that the buyer reads",
            "schema": {"type": "string"},
        },
    ]
}
"""Read by ourselves: whatever is wrong with them is 404, or leads to the buyer's language."""


def add_status_routes(app: FastAPI, resources: Resources) -> None:
    """Add the routes of the buyer's view to claims' HTTP interface."""
    keys = keys_of(resources.settings)
    pool = resources.pool

    async def seen(token: str) -> Stored | None:
        # What is not signed by us asks the database nothing.
        link = links.verify(token, keys, datetime.now(UTC))
        if link is None or await links.revoked(pool, link):
            return None
        return await find(pool, link.order_key)

    @app.post(
        "/v1/claims/{tenant}/{platform}/{order_id}/status-links",
        status_code=201,
        response_model=MadeLink,
        responses=problems(401, 404, 422, 503),
        dependencies=[API_KEY],
        openapi_extra=MADE_WITH,
        summary="Make a link by which the buyer sees the order's status",
    )
    async def make(request: Request, response: Response, tenant: str, platform: str, order_id: str) -> MadeLink:
        order, _ = await own_case(request, pool, tenant, platform, order_id)
        valid = timedelta(days=_days(request.query_params.get("valid_days", str(links.VALID_DAYS))))
        if keys.current is None:
            raise Problem(503, "no-status-keys", "No links are made here: WAYBOND_STATUS_KEYS is not set")
        token, link = await links.made(pool, order, keys, valid)
        response.headers["Cache-Control"] = "no-store"
        return MadeLink(token=token, path=f"/v1/status/{token}", expires_at=link.expires_at)

    @app.delete(
        "/v1/claims/{tenant}/{platform}/{order_id}/status-links",
        status_code=204,
        response_class=Response,
        responses=problems(401, 404, 422),
        dependencies=[API_KEY],
        summary="Take back all links to the order's status that were made so far",
    )
    async def revoke(request: Request, tenant: str, platform: str, order_id: str) -> None:
        order, _ = await own_case(request, pool, tenant, platform, order_id)
        await links.revoke(pool, order.order_key)

    @app.get(
        "/v1/status/{token:path}",
        response_model=BuyerStatus,
        responses=SHOWN,
        openapi_extra=SHOWN_WITH,
        summary="Show the buyer an order, by a link",
    )
    async def status(request: Request) -> Response:
        stored = await seen(request.path_params["token"])
        if stored is None:
            answer = Problem(404, "no-such-status", "There is nothing to see here").response()
        else:
            accepted = request.headers.get("accept-language", "")[:MAX_HEADER_CHARACTERS]
            language = language_of(request.query_params.get("language", ""), accepted, stored.case)
            shown = status_of(stored.case, language, datetime.now(UTC))
            answer = JSONResponse(shown.model_dump(mode="json"), headers={"Content-Language": language.value})
        answer.headers.update(PRIVATE)
        return answer


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= links.MAX_VALID_DAYS):
        raise ContractError("valid_days", DAYS, text)
    return int(text)
