"""What the HTTP routes of all services share: problems (RFC 9457), a bounded body, the tenant behind an API key."""

import asyncio

import asyncpg
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from waybond_contracts.errors import ContractError
from waybond_kit.apikeys import Caller, caller_of

log = structlog.get_logger(__name__)
MAX_BODY_BYTES = 65_536
BODY_SECONDS = 10.0
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 (RFC 9457's own word for what a response says)
    """A request that is answered with a problem. `kind` is the last part of its type, a URN; `members` are JSON."""

    def __init__(self, status: int, kind: str, title: str, detail: str = "", **members: object) -> None:
        super().__init__(title)
        self.status = status
        self.body: dict[str, object] = {"type": f"urn:waybond:problem:{kind}", "title": title, "status": status}
        if detail:
            self.body["detail"] = detail
        self.body |= members

    def response(self) -> Response:
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else None
        return JSONResponse(self.body, self.status, headers, MEDIA_TYPE)


def install(app: Starlette) -> None:
    """Answer with problems whatever goes wrong in the app's routes; an unforeseen error tells nothing of its cause."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(ContractError, _bad_field)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


async def body_of(request: Request, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The request's body. Raises Problem: 413 as soon as it is longer than `max_bytes`, 408 if it does not come."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise Problem(413, "body-too-long", "The body is too long", f"expected at most {max_bytes} bytes")
    except TimeoutError:
        detail = f"expected all of it within {BODY_SECONDS:g} s"
        raise Problem(408, "body-too-slow", "The body did not come", detail) from None
    except ClientDisconnect:  # no failure of ours: nobody is left to answer
        raise Problem(400, "body-cut-off", "The connection ended before the body did") from None
    return bytes(body)


async def tenant_behind(request: Request, pool: asyncpg.Pool) -> str:
    """The tenant whose API key the request carries. Raises Problem 401."""
    return (await caller_behind(request, pool)).tenant


async def caller_behind(request: Request, pool: asyncpg.Pool) -> Caller:
    """Whose API key the request carries. Raises Problem 401; it does not say what is wrong with a key."""
    caller = await caller_of(pool, request.headers.get("authorization"))
    if caller is None:
        detail = "expected the header Authorization: Bearer <API key>, with a key that is valid"
        raise Problem(401, "unauthenticated", "No valid API key", detail)
    return caller


async def _problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return error.response()


async def _bad_field(request: Request, error: Exception) -> Response:
    if not isinstance(error, ContractError):
        raise error
    members = {"field": error.field, "expected": error.expected, "got": error.got}
    return Problem(422, "bad-field", "A field is not as expected", str(error), **members).response()


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    response = Problem(error.status_code, "http", error.detail).response()
    response.headers.update(error.headers or {})
    return response


async def _unforeseen(request: Request, error: Exception) -> Response:
    # The route, not its path: a path may hold a token that is not for logs.
    log.error("request_failed", route=getattr(request.scope.get("route"), "path", ""), exc_info=error)
    return Problem(500, "internal", "Something went wrong here; the request may be repeated").response()
