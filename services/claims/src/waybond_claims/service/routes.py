"""Claims over HTTP: one case with its explanation, for the tenant whose order it is."""

from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPBearer
from pydantic import ValidationError

from waybond_claims.service.cases import find
from waybond_claims.service.shown import ShownCase, shown
from waybond_contracts.errors import contract_error
from waybond_contracts.event import OrderRef
from waybond_kit.definition import AsgiApp, Resources
from waybond_kit.web import MEDIA_TYPE, Problem, install, tenant_behind

API_KEY = Depends(HTTPBearer(scheme_name="api_key", description="The tenant's API key", auto_error=False))
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {}}}
    for status, text in {
        401: "No valid API key",
        404: "The tenant has no case for this order",
        422: "A part of the path is not as expected",
    }.items()
}


def routes(resources: Resources) -> AsgiApp:
    """Claims' HTTP interface."""
    app = FastAPI(title="Waybond claims", version="1", redirect_slashes=False)
    install(app)

    @app.get(
        "/v1/orders/{tenant}/{platform}/{order_id}",
        response_model=ShownCase,
        responses=PROBLEMS,
        dependencies=[API_KEY],
        summary="Show the case of an order with its explanation",
    )
    async def order(request: Request, tenant: str, platform: str, order_id: str) -> ShownCase:
        caller = await tenant_behind(request, resources.pool)
        key = _order_key(tenant, platform, order_id)
        # Another tenant's order and one that nobody knows are told in the same words: who has which orders is theirs.
        stored = await find(resources.pool, key) if caller == tenant else None
        if stored is None:
            detail = "expected an order of this API key's tenant that is covered or was declined lately"
            raise Problem(404, "no-such-order", "There is no case for this order", detail)
        return shown(stored.case, stored.status, stored.known_at)

    return app


def _order_key(tenant: str, platform: str, order_id: str) -> str:
    try:
        return OrderRef(tenant=tenant, platform=platform, order_id=order_id).order_key
    except ValidationError as error:
        raise contract_error(error) from None
