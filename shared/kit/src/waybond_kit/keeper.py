"""Keeps one shard open for as long as the group gives it to this process: takes it over, and anew after a failure."""

import asyncio
from collections.abc import Callable

import structlog

from waybond_kit.breaker import Breaker
from waybond_kit.errors import ShardError
from waybond_kit.ports import Place, Reader
from waybond_kit.shard import Shard
from waybond_kit.takeover import Takeover

log = structlog.get_logger(__name__)

FORGIVEN_AFTER_SECONDS = 60.0


class Keeper:
    """The life of one shard in one process, as a task: `run` until it is cancelled."""

    def __init__(
        self,
        number: int,
        takeover: Takeover,
        reader: Reader,
        *,
        opened: Callable[[Shard], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.number = number
        self._takeover = takeover
        self._reader = reader
        self._opened = opened
        self._monotonic = monotonic
        self._failed = asyncio.Event()
        self._breaker = Breaker()
        """Of the shard, whatever becomes of it: a takeover does not forgive the failures of this minute."""
        self.shard: Shard | None = None
        self.error: Exception | None = None
        """Why the shard is not open, if it failed."""

    def fail(self, error: Exception) -> None:
        """The shard cannot go on: close it and take it over anew, after a pause."""
        if self.shard is not None and not self.shard.closed:
            self.shard.closed = True
            self.error = error
            self._failed.set()

    def close(self) -> None:
        """The shard is no longer ours."""
        if self.shard is not None:
            self.shard.closed = True

    async def run(self) -> None:
        """Open the shard, and open it again whenever it failed."""
        pause = 0.0
        again = False
        while True:
            opened_at = self._monotonic()
            try:
                if again:
                    await self._prove_membership()
                again = True
                self.shard = await self._takeover.take(self.number)
                self.shard.breaker = self._breaker
                self.error = None
                self._failed.clear()
                self._opened(self.shard)
                await self._failed.wait()
            except Exception as error:  # the broker or the database may be away: go on trying
                self.error = error
            error = self.error
            assert error is not None  # noqa: S101  # set where `_failed` is, and above
            if self._monotonic() - opened_at > FORGIVEN_AFTER_SECONDS:
                pause = 0.0
            pause = _next_pause(pause, error)
            log.error("shard failed", shard=self.number, error=str(error), kind=type(error).__name__, pause_s=pause)
            await asyncio.sleep(pause)

    async def _prove_membership(self) -> None:
        """Have the group accept a commit before the shard is taken again.

        Without it a process that was paused, and lost the shard, would fence the new owner, who would fence it back.
        """
        store, topics = self._takeover.store, self._takeover.topics
        known = await store.offsets(self.number)
        places = [Place(topic, self.number) for topic in topics]
        if any(topic not in known for topic in topics):
            known = {
                place.topic: offset for place, offset in (await self._takeover.log.beginnings(places)).items()
            } | known
        await self._reader.commit({place: known[place.topic] for place in places})


def _next_pause(pause: float, error: Exception) -> float:
    kind = error if isinstance(error, ShardError) else ShardError
    return min(max(pause * 2, kind.first_pause_seconds), kind.longest_pause_seconds)
