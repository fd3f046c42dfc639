"""Carries ready shards through batches, several at a time, and finds the one value that cannot be saved."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from waybond_kit.batch import Batch, Done, Part
from waybond_kit.errors import LostError, SaveError, ShardError
from waybond_kit.shard import Shard

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large batches are. `shards` is how many small ones share a transaction (1 where tables are distributed)."""

    records: int
    shards: int
    workers: int


class Carrier:
    """The workers of a process. A shard is carried by one worker at a time; which shards are ready, `ready` says."""

    def __init__(
        self,
        batch: Batch,
        limits: Limits,
        *,
        ready: Callable[[Shard], bool],
        done: Callable[[Done, float], None],
        failed: Callable[[Shard, Exception], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._batch = batch
        self._limits = limits
        self._ready = ready
        self._done = done
        self._failed = failed
        self._monotonic = monotonic
        self._waiting: deque[Shard] = deque()
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._smaller: dict[int, int] = {}
        """How many records, or wakes, the next batch of a shard may have, where its last one was lost."""

    def start(self) -> None:
        """Start the workers."""
        self._tasks = [
            asyncio.create_task(self._work(), name=f"carrier-{number}") for number in range(self._limits.workers)
        ]

    async def stop(self) -> None:
        """Finish the batches that run, and take no more."""
        self._stopping = True
        self._wanted.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def alive(self) -> bool:
        """Whether all workers run: one that ended has met a defect of the kit."""
        return all(not task.done() for task in self._tasks)

    def poke(self, shard: Shard) -> None:
        """Something about the shard has changed: carry it if it is ready."""
        if not shard.busy and self._ready(shard):
            shard.busy = True
            self._waiting.append(shard)
            self._wanted.set()

    async def _work(self) -> None:
        while not self._stopping:
            if not self._waiting:
                self._wanted.clear()
                await self._wanted.wait()
                continue
            shards = self._take()
            try:
                await self._carry(shards)
            finally:
                for shard in shards:
                    shard.busy = False
            for shard in shards:
                self.poke(shard)
            await asyncio.sleep(0)  # a worker whose batches never wait would keep the consumer from its turn

    def _take(self) -> list[Shard]:
        """The next shard, and others while together they are no more than one batch."""
        taken = [self._waiting.popleft()]
        records = len(taken[0].queue)
        while self._waiting and len(taken) < self._limits.shards and not self._small(taken[0], self._waiting[0]):
            records += len(self._waiting[0].queue)
            if records > self._limits.records:
                break
            taken.append(self._waiting.popleft())
        return taken

    def _small(self, *shards: Shard) -> bool:
        """Whether the last batch of one of these was lost: it goes on alone, or the others would be lost with it."""
        return any(shard.number in self._smaller for shard in shards)

    async def _carry(self, shards: Sequence[Shard]) -> None:
        parts = []
        for shard in shards:
            if shard.closed:
                continue
            most = self._smaller.get(shard.number, self._limits.records)
            try:
                parts.append(self._batch.part(shard, most, most))
            except Exception as error:  # the door refuses what it cannot read: this is a defect of ours
                self._failed(shard, error)
        if not parts:
            return
        try:
            await self._run(parts)
        except SaveError:
            for part in parts:
                await self._carry_alone(part)
        except Exception as error:  # every error ends in a takeover, which knows no more than the tables
            self._fail(parts, error)

    async def _carry_alone(self, part: Part) -> None:
        try:
            await self._bisect(part)
        except Exception as error:  # as above
            self._fail([part], error)

    async def _bisect(self, part: Part) -> None:
        """Save what can be saved of a part with a value that cannot, and hold the one order that it belongs to."""
        try:
            await self._run([part])
        except SaveError as error:
            if part.poisoned:
                raise
            items, wakes = part.items, part.max_wakes
            if items and wakes:
                await self._bisect(replace(part, max_wakes=0))
                await self._bisect(replace(part, items=()))
            elif len(items) > 1:
                half = len(items) // 2
                await self._bisect(replace(part, items=items[:half]))
                await self._bisect(replace(part, items=items[half:]))
            elif wakes > 1:
                await self._bisect(replace(part, max_wakes=wakes // 2))
            else:
                log.error("value cannot be saved", shard=part.shard.number, error=type(error.__cause__).__name__)
                await self._bisect(replace(part, poisoned=True))

    async def _run(self, parts: Sequence[Part]) -> None:
        started = self._monotonic()
        dones = await self._batch.run(parts)
        seconds = self._monotonic() - started
        for done in dones:
            self._grow(done.shard.number)
            self._done(done, seconds)

    def _grow(self, shard: int) -> None:
        if shard in self._smaller and (twice := 2 * self._smaller.pop(shard)) < self._limits.records:
            self._smaller[shard] = twice

    def _shrink(self, part: Part) -> None:
        """A batch that was lost may have been too much for the time that a transaction has: half of it comes next."""
        most = self._smaller.get(part.shard.number, self._limits.records)
        had = most if part.shard.wakes_due() else len(part.items)
        self._smaller[part.shard.number] = max(1, min(most, had) // 2)

    def _fail(self, parts: Sequence[Part], error: Exception) -> None:
        """Close the shards that an error names, all of the batch if it names none; the others are tried again."""
        named = error.shards if isinstance(error, ShardError) and error.shards else None
        for part in parts:
            if isinstance(error, LostError):
                self._shrink(part)
            if named is None or part.shard.number in named:
                self._failed(part.shard, error)
