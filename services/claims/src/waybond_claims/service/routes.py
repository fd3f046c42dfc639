"""Claims over HTTP: one case with its explanation, for the tenant whose order it is, and the buyer's view of it."""

from fastapi import FastAPI, Request

from waybond_claims.service.access import API_KEY, own_case, problems
from waybond_claims.service.shown import ShownCase, shown
from waybond_claims.service.status_routes import add_status_routes
from waybond_kit.definition import AsgiApp, Resources
from waybond_kit.web import install


def routes(resources: Resources) -> AsgiApp:
    """Claims' HTTP interface."""
    app = FastAPI(title="Waybond claims", version="1", redirect_slashes=False)
    install(app)

    @app.get(
        "/v1/orders/{tenant}/{platform}/{order_id}",
        response_model=ShownCase,
        responses=problems(401, 404, 422),
        dependencies=[API_KEY],
        summary="Show the case of an order with its explanation",
    )
    async def order(request: Request, tenant: str, platform: str, order_id: str) -> ShownCase:
        _, stored = await own_case(request, resources.pool, tenant, platform, order_id)
        return shown(stored.case, stored.status, stored.known_at)

    add_status_routes(app, resources)
    return app
