"""Lets a tenant to the cases of its own orders, and to no other."""

from typing import Any

import asyncpg
from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from pydantic import ValidationError

from waybond_claims.service.cases import Stored, find
from waybond_contracts.errors import contract_error
from waybond_contracts.event import OrderRef
from waybond_kit.web import MEDIA_TYPE, Problem, tenant_behind

API_KEY = Depends(HTTPBearer(scheme_name="api_key", description="The tenant's API key", auto_error=False))
PROBLEM: dict[str, Any] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
"""The body of a problem, as OpenAPI describes it (service/desk/described.py)."""
_TEXTS = {
    401: "No valid API key",
    404: "The tenant has no case for this order",
    422: "A part of the path or a parameter is not as expected",
    503: "No links are made here: WAYBOND_STATUS_KEYS is not set",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route answers beside what was asked for, as OpenAPI describes it."""
    return {status: {"description": _TEXTS[status], "content": PROBLEM} for status in statuses}


async def own_case(
    request: Request, pool: asyncpg.Pool, tenant: str, platform: str, order_id: str
) -> tuple[OrderRef, Stored]:
    """The case of an order of the tenant whose API key the request carries. Raises Problem (401, 404) and
    ContractError for what cannot be an order."""
    caller = await tenant_behind(request, pool)
    order = order_named(tenant, platform, order_id)
    return order, await case_of(pool, order, mine=caller == tenant)


def order_named(tenant: str, platform: str, order_id: str) -> OrderRef:
    """The order that a path names. Raises ContractError."""
    try:
        return OrderRef(tenant=tenant, platform=platform, order_id=order_id)
    except ValidationError as error:
        raise contract_error(error) from None


async def case_of(pool: asyncpg.Pool, order: OrderRef, *, mine: bool) -> Stored:
    """The case of the order; `mine`: whether it is the caller's. Raises Problem 404.

    Another tenant's order and one that nobody knows are told in the same words: who has which orders is theirs."""
    stored = await find(pool, order.order_key) if mine else None
    if stored is None:
        detail = "expected an order of this API key's tenant that is covered or was declined lately"
        raise Problem(404, "no-such-order", "There is no case for this order", detail)
    return stored
