"""An event loop whose time is virtual and whose order is the seed's: it jumps to the next timer, and waits for nothing.

Every callback belongs to an owner: a simulated process, or the world outside of them. The owners run in turns that the
seed draws, each its own callbacks in order, as operating system processes do. So an owner can be killed between any
two awaits, or paused while the world goes on.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

MAX_CALLBACKS = 300_000
"""More at a stretch is a loop that never ends."""


class Owner:
    """Who callbacks belong to. `fuse` counts down with each of them; at zero `burnt` is called, before the next."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready: deque[Handle] = deque()
        self.listed = False
        self.dead = False
        self.paused = False
        self.fuse = 0
        self.burnt: Callable[[], None] | None = None

    def __repr__(self) -> str:
        return self.name


OWNER: ContextVar[Owner] = ContextVar("owner")


class Handle:
    """One callback, perhaps at its time."""

    __slots__ = ("args", "at", "callback", "context", "owner")

    def __init__(
        self, owner: Owner, context: Context | None, callback: Callable[..., Any], args: Any, at: float
    ) -> None:
        self.owner = owner
        self.context = context
        """None: of whoever runs the loop, who is nobody's owner."""
        self.callback: Callable[..., Any] | None = callback
        self.args = args
        self.at = at

    def cancel(self) -> None:
        self.callback = None
        self.args = ()

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return self.at


class SimulatedLoop(asyncio.AbstractEventLoop):
    """Runs callbacks of all owners until there is nothing left to do before a given time."""

    def __init__(self, draw: Random) -> None:
        self.world = Owner("world")
        self.errors: list[str] = []
        self.callbacks = 0
        self._random = draw.random
        self._now = 0.0
        self._timers: list[tuple[float, int, Handle]] = []
        self._order = count()
        self._active: list[Owner] = []
        self._closed = False
        self.tasks: list[asyncio.Task[Any]] = []
        """All of them: a task that nobody holds any more would be ended by the garbage collector, whenever it comes."""

    # What the world does ---------------------------------------------------------------------------------------------

    def run_for(self, seconds: float) -> None:
        """Let so much virtual time pass."""
        self._run(self._now + seconds)

    def later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> Handle:
        """The world does this, whatever becomes of who asked for it."""
        at = self._now + seconds
        handle = Handle(self.world, None, callback, args, at)
        heappush(self._timers, (at, next(self._order), handle))
        return handle

    def spawn(self, owner: Owner, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task that belongs to `owner`, and with it all that it starts."""
        context = copy_context()
        context.run(OWNER.set, owner)
        return context.run(self.create_task, coroutine)

    def resume(self, owner: Owner) -> None:
        """A paused owner goes on, with all that waited for it."""
        owner.paused = False
        self._list(owner)

    def close(self) -> None:
        """Let go of everything. What was not awaited to its end is closed where it stands, and runs no callback."""
        self._closed = True
        for task in self.tasks:
            if not task.done():
                task.get_coro().close()  # type: ignore[union-attr]  # a coroutine: it was given to create_task
        self.tasks.clear()
        self._timers.clear()
        self._active.clear()

    def _list(self, owner: Owner) -> None:
        if owner.ready and not owner.listed and not owner.paused and not owner.dead:
            owner.listed = True
            self._active.append(owner)

    def _run(self, until: float) -> None:
        """The hot loop: one callback of an owner that is drawn, or all of its callbacks while nobody else has any."""
        asyncio._set_running_loop(self)
        active, timers, draw, left = self._active, self._timers, self._random, MAX_CALLBACKS
        try:
            while left > 0:
                if not active:
                    if not timers or timers[0][0] > until:
                        break
                    self._pass_time()
                    continue
                owner = active[int(draw() * len(active))] if len(active) > 1 else active[0]
                ready = owner.ready
                while ready and not owner.dead and not owner.paused:
                    handle = ready.popleft()
                    callback = handle.callback
                    if callback is not None:
                        if owner.fuse and self._burns(owner):
                            break
                        left -= 1
                        try:
                            if handle.context is None:
                                callback(*handle.args)
                            else:
                                handle.context.run(callback, *handle.args)
                        except Exception as error:  # a task keeps its own; this is a callback's
                            self.errors.append(f"callback of {owner} failed: {error!r}")
                    if len(active) > 1:
                        break
                if not ready or owner.dead or owner.paused:
                    owner.listed = False
                    active.remove(owner)
            else:
                raise RuntimeError(f"more than {MAX_CALLBACKS} callbacks at a stretch")
        finally:
            asyncio._set_running_loop(None)
            self.callbacks += MAX_CALLBACKS - left
        self._now = max(self._now, until)

    def _burns(self, owner: Owner) -> bool:
        """One callback less until this owner's end: whether that was it."""
        owner.fuse -= 1
        if owner.fuse or owner.burnt is None:
            return False
        owner.burnt()
        return True

    def _pass_time(self) -> None:
        """Jump to the next timer; all that are due then are ready together."""
        timers, active = self._timers, self._active
        at = timers[0][0]
        self._now = max(self._now, at)
        while timers and timers[0][0] <= at:
            handle = heappop(timers)[2]
            owner = handle.owner
            if handle.callback is not None and not owner.dead:
                owner.ready.append(handle)
                if not owner.listed and not owner.paused:
                    owner.listed = True
                    active.append(owner)

    # What asyncio asks of a loop -------------------------------------------------------------------------------------

    def time(self) -> float:
        return self._now

    def call_soon(  # type: ignore[override]  # a handle of our own
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Handle:
        if context is None:
            context = copy_context()
        owner = context.get(OWNER) or self.world
        handle = Handle(owner, context, callback, args, self._now)
        if not owner.dead and not self._closed:
            owner.ready.append(handle)
            if not owner.listed and not owner.paused:
                owner.listed = True
                self._active.append(owner)
        return handle

    def call_later(  # type: ignore[override]  # as above
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Handle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Handle:
        if context is None:
            context = copy_context()
        handle = Handle(context.get(OWNER) or self.world, context, callback, args, when)
        heappush(self._timers, (when, next(self._order), handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # always of this kind
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, name=name or "", context=context)
        self.tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self._closed:
            self.errors.append(f"{context.get('message')}: {context.get('exception')!r}")

    get_debug = bool  # type: ignore[assignment]  # False, without a call of Python for each of the many futures

    def is_running(self) -> bool:
        return asyncio._get_running_loop() is self

    def is_closed(self) -> bool:
        return self._closed
