"""One port for /health/live, /health/ready, /metrics and the service's own routes, in the service's own loop."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from waybond_kit.definition import AsgiApp
from waybond_kit.errors import StartError

Report = Callable[[], dict[str, Any]]
"""What /health/ready answers with; `ready` in it decides between 200 and 503."""


BACKLOG = 256
GRACE_SECONDS = 5


class Health:
    """Answers the kit's own routes and passes all others on."""

    def __init__(
        self, *, alive: Callable[[], bool], report: Report, registry: CollectorRegistry, routes: AsgiApp | None
    ) -> None:
        self._alive = alive
        self._report = report
        self._registry = registry
        self._routes = routes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        own = {"/health/live": self._live, "/health/ready": self._ready, "/metrics": self._metrics}
        answer = own.get(scope.get("path", "")) if scope["type"] == "http" and scope["method"] == "GET" else None
        if answer is not None:
            await _send(send, *answer())
        elif self._routes is not None:
            await self._routes(scope, receive, send)
        elif scope["type"] == "http":
            await _send(send, 404, b'{"title":"not found","status":404}', b"application/problem+json")
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)

    def _live(self) -> tuple[int, bytes, bytes]:
        alive = self._alive()
        return (200 if alive else 503), json.dumps({"alive": alive}).encode(), b"application/json"

    def _ready(self) -> tuple[int, bytes, bytes]:
        report = self._report()
        return (200 if report["ready"] else 503), json.dumps(report).encode(), b"application/json"

    def _metrics(self) -> tuple[int, bytes, bytes]:
        return 200, generate_latest(self._registry), CONTENT_TYPE_LATEST.encode()


async def _send(send: Any, status: int, body: bytes, content_type: bytes) -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


class Server(uvicorn.Server):
    """Serves until it is stopped; signals are the service's, not its."""

    def __init__(self, app: AsgiApp, host: str, port: int) -> None:
        config = uvicorn.Config(
            app, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_SECONDS
        )
        super().__init__(config)
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def begin(self) -> int:
        """Listen; returns the port. Raises StartError if it cannot be had: uvicorn itself would end the process."""
        host, port = self.config.host, self.config.port
        try:
            listener = socket.create_server(
                (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG
            )
        except OSError as error:
            raise StartError(
                f"WAYBOND_HTTP_HOST, WAYBOND_HTTP_PORT: cannot listen on {host}:{port}: {error}"
            ) from error
        self._task = asyncio.create_task(self.serve(sockets=[listener]), name="http")
        return listener.getsockname()[1]

    async def end(self) -> None:
        """Finish the requests that run, and stop listening."""
        self.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
