"""A TCP proxy before one server that can delay, throttle, cut, half-close and stop what it carries."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

READ_BYTES = 65_536
CONNECT_SECONDS = 5.0


@dataclass(slots=True)
class Weather:
    """What becomes of the bytes: each read waits `delay_seconds`, at most `bytes_per_second` pass a direction."""

    delay_seconds: float = 0.0
    bytes_per_second: float = 0.0
    closed: bool = False
    """Nobody gets through: a connection is closed as soon as it is made."""
    bytes_left: int | None = None
    """After so many more bytes towards the server its connections carry nothing any more, and stay open."""


@dataclass(slots=True, eq=False)
class Link:
    """One connection of a client, and the one to the broker that belongs to it."""

    client: asyncio.StreamWriter
    broker: asyncio.StreamWriter

    def cut(self) -> None:
        """Reset both sides; what is under way is lost."""
        for each in (self.client, self.broker):
            each.transport.abort()

    def half_close(self, *, towards_broker: bool) -> None:
        """Say to one side that nothing more will come, and go on carrying what it says itself."""
        writer = self.broker if towards_broker else self.client
        with suppress(OSError, RuntimeError):  # it may be closed already
            writer.write_eof()


class Proxy:
    """Stands in for one broker at `port`; `weather` may be changed while it runs."""

    def __init__(self, port: int, broker_port: int) -> None:
        self.port = port
        self.weather = Weather()
        self.links: set[Link] = set()
        self.spent = asyncio.Event()
        """All of `bytes_left` were carried: some message was cut in two, or ends just there."""
        self._broker_port = broker_port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Close all that is open."""
        if self._server is not None:
            self._server.close()
        for link in list(self.links):
            link.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._carry(reader, writer)
        except (OSError, TimeoutError):
            writer.transport.abort()  # the broker is down: the client learns it as it would from the broker itself
        finally:
            self._tasks.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.closed:
            raise ConnectionRefusedError
        async with asyncio.timeout(CONNECT_SECONDS):
            from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        link = Link(writer, to_broker)
        self.links.add(link)
        try:
            await asyncio.gather(self._pump(reader, to_broker, to_server=True), self._pump(from_broker, writer))
        finally:
            self.links.discard(link)
            link.cut()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_server: bool = False
    ) -> None:
        while data := await reader.read(READ_BYTES):
            weather = self.weather
            if to_server and weather.bytes_left is not None:
                data = data[: weather.bytes_left]
                weather.bytes_left -= len(data)
            wait = weather.delay_seconds
            if weather.bytes_per_second:
                wait += len(data) / weather.bytes_per_second
            if wait:
                await asyncio.sleep(wait)
            if writer.is_closing():
                return
            with suppress(RuntimeError):  # that side was told that nothing more comes: what still does is lost
                writer.write(data)
                await writer.drain()
            if to_server and weather.bytes_left == 0:
                self.spent.set()
                await asyncio.Event().wait()
        with suppress(OSError, RuntimeError):
            writer.write_eof()
