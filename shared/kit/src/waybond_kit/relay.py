"""Sends committed outbox rows, in order, one chunk in flight a shard; a failed send is unknown, so it is repeated."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from waybond_kit.changes import OutboxRow
from waybond_kit.outbox import MAX_UNSENT_SECONDS
from waybond_kit.ports import Sender
from waybond_kit.shard import Shard

CHUNK_ROWS = 1_000
SEND_SECONDS = MAX_UNSENT_SECONDS
"""After so long a send without an answer is taken for unknown: the client itself would wait for ever."""
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

log = structlog.get_logger(__name__)


async def send(sender: Sender, rows: Sequence[OutboxRow]) -> None:
    """Send all within SEND_SECONDS. What failed, or hangs, is unknown: the next attempt has another producer."""
    generation = sender.generation
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await sender.send(rows)
    except Exception:
        await sender.renew(generation)
        raise


class Relay:
    """Sends what the shards of a process have committed. `confirmed` is called when a shard has room again."""

    def __init__(self, sender: Sender, confirmed: Callable[[Shard], None]) -> None:
        self._sender = sender
        self._confirmed = confirmed
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, shard: Shard) -> None:
        """Start to send what the shard has to send, unless that goes on already."""
        if shard.sending or shard.closed or not shard.unsent.count:
            return
        shard.sending = True
        task = asyncio.create_task(self._send(shard), name=f"relay-{shard.number}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, shard: Shard) -> None:
        pause = FIRST_PAUSE_SECONDS
        try:
            while shard.unsent.count and not shard.closed:
                rows = shard.unsent.head(CHUNK_ROWS)
                try:
                    await send(self._sender, rows)
                except Exception as error:  # whatever went wrong, the rows are sent again
                    log.warning("send failed", shard=shard.number, rows=len(rows), error=repr(error))
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                    continue
                pause = FIRST_PAUSE_SECONDS
                shard.unsent.confirm(rows)
                self._confirmed(shard)
        finally:
            shard.sending = False

    async def drain(self, seconds: float) -> None:
        """Wait until what is being sent is sent, but no longer than this."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def stop(self) -> None:
        """Stop sending: what is unsent stays in the table."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
