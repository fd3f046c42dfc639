"""Claims over HTTP: one case with its explanation, for the tenant whose order it is; the buyer's view; and the desk."""

from fastapi import FastAPI, Request

from waybond_claims.desk.people import READ
from waybond_claims.service.access import API_KEY, case_of, order_named
from waybond_claims.service.desk.calls import calling
from waybond_claims.service.desk.described import describe, problems
from waybond_claims.service.desk.routes import add_desk
from waybond_claims.service.shown import ShownCase, shown
from waybond_claims.service.status_routes import add_status_routes
from waybond_kit.definition import AsgiApp, Resources
from waybond_kit.web import caller_behind, install


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
        order = order_named(tenant, platform, order_id)
        if caller.person is None:
            stored = await case_of(resources.pool, order, mine=caller.tenant == tenant)
            return shown(stored.case, stored.status, stored.known_at)
        async with calling(request, resources.pool, "order", READ) as call:  # what people look at is kept
            call.about(order.order_key, "")
            stored = await case_of(resources.pool, order, mine=call.tenant == tenant)
            return shown(stored.case, stored.status, stored.known_at)

    add_status_routes(app, resources)
    add_desk(app, resources)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  (FastAPI's own way to extend the document)
    return app
