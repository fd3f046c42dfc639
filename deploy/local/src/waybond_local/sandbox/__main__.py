"""Runs the payment sandbox as a process: `python -m waybond_local.sandbox`."""

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import uvicorn
from pydantic import ValidationError

from waybond_contracts.errors import path
from waybond_local.sandbox.process import Sandbox
from waybond_local.sandbox.settings import PREFIX, Settings

Send = Callable[[dict[str, Any]], Awaitable[None]]


def health(sandbox: Sandbox) -> Callable[..., Awaitable[None]]:
    """An ASGI app that serves /health/live and /health/ready."""

    async def app(scope: dict[str, Any], receive: object, send: Send) -> None:
        if scope["type"] != "http":
            return
        answers = {"/health/live": 200, "/health/ready": 200 if sandbox.ready else 503}
        status = answers.get(scope["path"], 404)
        body = json.dumps({"ready": sandbox.ready}).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


class Server(uvicorn.Server):
    """Leaves the signals alone: the sandbox decides when to end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; then the batch in hand is finished."""
    sandbox = Sandbox(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, sandbox.stop)
    server = Server(
        uvicorn.Config(
            health(sandbox), host=settings.http_host, port=settings.http_port, log_level="warning", lifespan="off"
        )
    )
    serving = asyncio.create_task(server.serve())
    try:
        await sandbox.run()
    finally:
        server.should_exit = True
        await serving


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        settings = Settings()  # pyright: ignore[reportCallIssue] - the environment gives the fields
    except ValidationError as error:
        wrong = [f"{PREFIX}{path(each['loc']).upper()}: {each['msg']}" for each in error.errors(include_url=False)]
        sys.exit("settings: " + "; ".join(wrong))
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
