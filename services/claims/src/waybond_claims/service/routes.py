"""Claims over HTTP: one case with its explanation, for the tenant whose order it is; and the desk."""

from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPBearer
from pydantic import ValidationError

from waybond_claims.desk.people import READ
from waybond_claims.service.cases import find
from waybond_claims.service.desk.calls import calling
from waybond_claims.service.desk.described import describe, problems
from waybond_claims.service.desk.routes import add_desk
from waybond_claims.service.shown import ShownCase, shown
from waybond_contracts.errors import contract_error
from waybond_contracts.event import OrderRef
from waybond_kit.definition import AsgiApp, Resources
from waybond_kit.web import Problem, caller_behind, install

API_KEY = Depends(HTTPBearer(scheme_name="api_key", description="The tenant's API key", auto_error=False))


def routes(resources: Resources) -> AsgiApp:
    """Claims' HTTP interface."""
    app = FastAPI(title="Waybond claims", version="1", redirect_slashes=False)
    install(app)

    @app.get(
        "/v1/orders/{tenant}/{platform}/{order_id}",
        response_model=ShownCase,
        responses=problems(401, 403, 404, 422),
        dependencies=[API_KEY],
        summary="Show the case of an order with its explanation",
    )
    async def order(request: Request, tenant: str, platform: str, order_id: str) -> ShownCase:
        caller = await caller_behind(request, resources.pool)
        key = _order_key(tenant, platform, order_id)
        if caller.person is None:
            return await case_of(key, mine=caller.tenant == tenant)
        async with calling(request, resources.pool, "order", READ) as call:  # what people look at is kept
            call.about(key, "")
            return await case_of(key, mine=call.tenant == tenant)

    async def case_of(key: str, *, mine: bool) -> ShownCase:
        # Another tenant's order and one that nobody knows are told in the same words: who has which orders is theirs.
        stored = await find(resources.pool, key) if mine else None
        if stored is None:
            detail = "expected an order of this API key's tenant that is covered or was declined lately"
            raise Problem(404, "no-such-order", "There is no case for this order", detail)
        return shown(stored.case, stored.status, stored.known_at)

    add_desk(app, resources)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  (FastAPI's own way to extend the document)
    return app


def _order_key(tenant: str, platform: str, order_id: str) -> str:
    try:
        return OrderRef(tenant=tenant, platform=platform, order_id=order_id).order_key
    except ValidationError as error:
        raise contract_error(error) from None
