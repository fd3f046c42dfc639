"""What lies between a process and a server: delays, and answers that come only to those who still live."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from tests.simulation.loop import SimulatedLoop

SLOW_SECONDS = 0.4


class Network:
    """Carries requests to one server and answers back; `slow` while it is overloaded."""

    def __init__(self, loop: SimulatedLoop, draw: Random) -> None:
        self.loop = loop
        self.slow = False
        self.random = draw.random

    def delay(self) -> float:
        """Of one way, in seconds: mostly a millisecond or two, now and then far more."""
        drawn = self.random()
        if self.slow:
            return drawn * SLOW_SECONDS
        return 0.0005 + drawn * 0.002 if drawn < 0.98 else drawn * 0.2

    def ask(self, work: Callable[[asyncio.Future[Any]], None]) -> asyncio.Future[Any]:
        """Have the server do `work` when the request arrives; it answers by `answer` or `refuse`, or never."""
        future = self.loop.create_future()
        self.loop.later(self.delay(), work, future)
        return future

    def look(self, work: Callable[[asyncio.Future[Any]], None]) -> asyncio.Future[Any]:
        """As `ask`, for what changes nothing: both ways in one, the answer is there as soon as it is known."""
        future = self.loop.create_future()
        self.loop.later(2 * self.delay(), work, future)
        return future

    def answer(self, future: asyncio.Future[Any], value: Any = None) -> None:
        """Send an answer back."""
        self.loop.later(self.delay(), _resolve, future, value)

    def refuse(self, future: asyncio.Future[Any], error: Exception) -> None:
        """Send an error back."""
        self.loop.later(self.delay(), _refuse, future, error)


def resolve(future: asyncio.Future[Any], value: Any = None) -> None:
    """Answer now, unless nobody waits any more."""
    if not future.done():
        future.set_result(value)


def refuse(future: asyncio.Future[Any], error: Exception) -> None:
    """Refuse now, unless nobody waits any more."""
    if not future.done():
        future.set_exception(error)
        with suppress(Exception):
            future.exception()  # seen: a process that dies meanwhile leaves it unread


_resolve, _refuse = resolve, refuse
