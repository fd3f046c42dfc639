"""The desk over HTTP: the inbox, a question with its case, and what a person says about it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPBearer
from pydantic import ValidationError

from waybond_claims.desk.people import DECIDE, HANDLE, READ
from waybond_claims.service.desk import models
from waybond_claims.service.desk.answers import Where, command_id_of, decide, handle, located
from waybond_claims.service.desk.calls import Call, calling, kept
from waybond_claims.service.desk.described import body_of_kind, problems, query_of
from waybond_claims.service.desk.listing import ListQuery, page
from waybond_claims.service.desk.models import Accepted, BulkAnswer, BulkAnswers, ShownFile, ShownPage
from waybond_contracts.errors import ContractError, contract_error
from waybond_kit.definition import Resources
from waybond_kit.web import Problem, body_of

API_KEY = Depends(HTTPBearer(scheme_name="api_key", description="A person's API key", auto_error=False))
ONE = "/v1/referrals/{tenant}/{platform}/{order_id}/{referral_id}"
MAX_BULK_BYTES = 65_536
Clock = Callable[[], datetime]
B = TypeVar("B", bound=models.Body)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def add_desk(app: FastAPI, resources: Resources, clock: Clock = _utc_now) -> None:
    """Add the desk's routes. `clock` gives the wall's time, aware UTC."""
    _add_reading(app, resources, clock)
    _add_handling(app, resources, clock)
    _add_deciding(app, resources, clock)


def _add_reading(app: FastAPI, resources: Resources, clock: Clock) -> None:
    @app.get(
        "/v1/referrals",
        response_model=ShownPage,
        responses=problems(401, 403, 422),
        openapi_extra=query_of(ListQuery),
        dependencies=[API_KEY],
        summary="List what waits for people",
    )
    async def referrals(request: Request) -> ShownPage:
        async with calling(request, resources.pool, "list", READ) as call:
            return models.shown_page(await page(resources.pool, _query(request), call.tenant, clock()))

    @app.get(
        ONE,
        response_model=ShownFile,
        responses=problems(401, 403, 404, 422),
        dependencies=[API_KEY],
        summary="Show a question with what there is to decide it by",
    )
    async def referral(request: Request, tenant: str, platform: str, order_id: str, referral_id: str) -> ShownFile:
        async with calling(request, resources.pool, "show", READ) as call:
            stored, found = await located(resources, call, Where(tenant, platform, order_id, referral_id))
            call.about(stored.case.order_key, referral_id)
            return models.shown_file(stored, found)


def _add_handling(app: FastAPI, resources: Resources, clock: Clock) -> None:
    async def said(request: Request, where: Where, action: str, kind: type[models.Body]) -> Accepted:
        async with calling(request, resources.pool, action, HANDLE) as call:
            body = await _read(request, kind)
            found = await located(resources, call, where)
            command_id = command_id_of(request, body.command_id)
            call.about(found.stored.case.order_key, where.referral_id, command_id, _said(body))
            return await handle(resources, call, found, body, clock())

    def route(action: str, kind: type[models.Body], summary: str) -> None:
        @app.post(
            f"{ONE}/{action}",
            name=action,
            status_code=202,
            response_model=Accepted,
            responses=problems(401, 403, 404, 408, 409, 413, 422, 503),
            openapi_extra=body_of_kind(kind),
            dependencies=[API_KEY],
            summary=summary,
        )
        async def told(request: Request, tenant: str, platform: str, order_id: str, referral_id: str) -> Accepted:
            return await said(request, Where(tenant, platform, order_id, referral_id), action, kind)

    route("assign", models.AssignBody, "Say who is to answer")
    route("snooze", models.SnoozeBody, "Say until when it need not be looked at")
    route("boost", models.BoostBody, "Say that it is to be looked at ahead of others")
    route("notes", models.NoteBody, "Write down what was found out")


def _add_deciding(app: FastAPI, resources: Resources, clock: Clock) -> None:
    @app.post(
        f"{ONE}/decide",
        status_code=202,
        response_model=Accepted,
        responses=problems(401, 403, 404, 408, 409, 413, 422, 503),
        openapi_extra=body_of_kind(models.DecideBody),
        dependencies=[API_KEY],
        summary="Decide a question, or propose a decision",
    )
    async def decided(request: Request, tenant: str, platform: str, order_id: str, referral_id: str) -> Accepted:
        async with calling(request, resources.pool, "decide", DECIDE) as call:
            body = await _read(request, models.DecideBody)
            found = await located(resources, call, Where(tenant, platform, order_id, referral_id))
            command_id = command_id_of(request, body.command_id)
            call.about(found.stored.case.order_key, referral_id, command_id, _said(body))
            return await decide(resources, call, found, body, clock())

    @app.post(
        "/v1/referrals/decide",
        response_model=BulkAnswers,
        responses=problems(401, 403, 408, 413, 422),
        openapi_extra=body_of_kind(models.BulkBody),
        dependencies=[API_KEY],
        summary="Decide questions that are alike, each on its own",
    )
    async def all_decided(request: Request) -> BulkAnswers:
        async with calling(request, resources.pool, "decide-alike", DECIDE) as call:
            body = await _read(request, models.BulkBody)
            call.command_id = command_id_of(request, body.command_id)
            return await _decide_alike(resources, call, body, clock)


async def _decide_alike(resources: Resources, call: Call, body: models.BulkBody, clock: Clock) -> BulkAnswers:
    """Each question by itself: one that cannot be decided so says why, and stops no other one."""
    reason = ""

    async def one(item: models.BulkItem) -> Accepted:
        nonlocal reason
        own = call.of_item("decide", f"{call.tenant}/{item.platform}/{item.order_id}", item.referral_id)
        async with kept(resources.pool, own):
            where = Where(call.tenant, item.platform, item.order_id, item.referral_id)
            found = await located(resources, own, where)
            reason = reason or found.referral.reason
            if found.referral.reason != reason:
                detail = f"expected a question for {reason}, as the first one"
                raise Problem(422, "not-alike", "The question is not like the others", detail)
            single = models.DecideBody(
                case_version=item.case_version,
                choice=body.choice,
                amount=body.amount,
                reason_code=body.reason_code,
                note=body.note,
            )
            own.about(own.order_key, item.referral_id, _id_of_item(call, own), _said(single))
            return await decide(resources, own, found, single, clock())

    answers = [await _answered(item, one(item)) for item in body.referrals]  # one after the other
    return BulkAnswers(answers=tuple(answers))


def _id_of_item(call: Call, item: Call) -> str:
    """What names the decision about one question of a list: the same each time that the list is sent."""
    return f"{call.command_id}:{sha256(f'{item.order_key}/{item.referral_id}'.encode()).hexdigest()[:32]}"


async def _answered(item: models.BulkItem, answer: Awaitable[Accepted]) -> BulkAnswer:
    accepted, problem = None, None
    try:
        accepted = await answer
    except Problem as found:
        problem = found
    except ContractError as error:
        problem = Problem(422, "bad-field", "A field is not as expected", str(error))
    return BulkAnswer(
        platform=item.platform,
        order_id=item.order_id,
        referral_id=item.referral_id,
        status=problem.status if problem is not None else 202,
        accepted=accepted,
        problem=problem.body if problem is not None else None,
    )


def _said(body: models.Body) -> str:
    return body.model_dump_json(exclude={"command_id"})


async def _read(request: Request, kind: type[B]) -> B:
    try:
        return kind.model_validate_json(await body_of(request, MAX_BULK_BYTES))
    except ValidationError as error:
        raise contract_error(error) from None


def _query(request: Request) -> ListQuery:
    given: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise ContractError(name, "one value", value)
        given[name] = value
    try:
        return ListQuery.model_validate(given)
    except ValidationError as error:
        raise contract_error(error) from None
