"""Work that is done again and again beside the batches: no failure ends it, and none of its turns lasts for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

log = structlog.get_logger(__name__)

TURN_SECONDS = 60.0
"""After so long a turn is given up: a client may wait for ever for a server that is gone."""


async def every(seconds: float, what: Callable[[], Awaitable[None]], *, longest: float = TURN_SECONDS) -> NoReturn:
    """Do this until cancelled, with a pause of so many seconds before each turn; what fails is tried at the next one.

    Whatever fails: a library has more errors than its documents name. Scenario: a database ends a session between a
    statement and its answer; asyncpg then says "another operation is in progress", as an error that is none of its
    errors of the server or of the connection. A loop that ended with it would leave a process that seems well and works
    with what it knew until then.
    """
    while True:
        await asyncio.sleep(seconds)
        try:
            async with asyncio.timeout(longest):
                await what()
        except Exception as error:
            log.warning("periodic work failed", work=getattr(what, "__name__", ""), error=repr(error))
