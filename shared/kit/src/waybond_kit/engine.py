"""The shards of one process: what Kafka's group gives, what the consumer brings, what time and the probes say."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from waybond_kit.batch import Batch, Done
from waybond_kit.carrier import Carrier, Limits
from waybond_kit.clock import Clock
from waybond_kit.definition import Definition, InputKind
from waybond_kit.door import Door, Raw
from waybond_kit.errors import FencedError, LogError
from waybond_kit.keeper import Keeper
from waybond_kit.periodic import every
from waybond_kit.ports import Log, Place, Reader, Sender, Store, Sweep
from waybond_kit.relay import Relay, send
from waybond_kit.shard import Shard
from waybond_kit.takeover import Takeover, skip_lost

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.25
ACK_SECONDS = 1.0
SWEEP_SECONDS = 5.0
POSITION_SECONDS = 1.0
PROBE_ALL_SECONDS = 5.0
PROBE_ONE_SECONDS = 2.0
DRAIN_SECONDS = 10.0
LAST_SECONDS = 3.0
MAX_COUNTED_WAKES = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How a process works. `owner` names it in the database, `code` the version of its code in the journal."""

    partitions: int
    owner: str
    code: str
    limits: Limits
    replay: bool
    allowance: timedelta
    probe_seconds: float


@dataclass(frozen=True, slots=True)
class Ports:
    """The world: the broker, the database, the clock."""

    store: Store
    reader: Reader
    log: Log
    sender: Sender
    clock: Clock


class Engine:
    """Runs the shards that the group gives to this process. `note` hears of every committed part and its seconds."""

    def __init__(
        self, definition: Definition[Any], plan: Plan, ports: Ports, note: Callable[[Done, float], None]
    ) -> None:
        self._definition = definition
        self._plan = plan
        self._ports = ports
        self._note = note
        self._topics = tuple(each.topic for each in definition.inputs)
        self._probed = tuple(
            each.topic for each in definition.inputs if each.kind is not InputKind.OWN and not plan.replay
        )
        self._monotonic = asyncio.get_running_loop().time
        self._door = Door(definition.inputs, replay=plan.replay)
        self._batch = Batch(
            definition,
            self._door,
            ports.store,
            partitions=plan.partitions,
            code=plan.code,
            replay=plan.replay,
            clock=ports.clock,
            monotonic=self._monotonic,
        )
        self._carrier = Carrier(
            self._batch, plan.limits, ready=self._ready, done=self._done, failed=self._failed, monotonic=self._monotonic
        )
        self._relay = Relay(ports.sender, self._carrier.poke)
        self._takeover = Takeover(self._topics, plan.owner, ports.store, ports.log, ports.sender, ports.clock)
        self._keepers: dict[int, tuple[Keeper, asyncio.Task[None]]] = {}
        self._assignment = 0
        self.assigned_once = False
        self._in_hand: frozenset[int] = frozenset()
        self._split: frozenset[int] = frozenset()
        self._acked: dict[Place, int] = {}
        self.wakes_due: dict[int, int] = {}
        """How many wakes of each shard are due and have not fired, at most MAX_COUNTED_WAKES; counted now and then."""
        self._loops: list[asyncio.Task[None]] = []
        self.stopping = False

    # What the group says ---------------------------------------------------------------------------------------------

    def revoked(self) -> None:
        """The group takes all partitions back, as at every rebalance: what is queued may go on, the epochs fence it."""
        self._assignment += 1
        self._in_hand = frozenset()

    def assigned(self, places: Collection[Place]) -> None:
        """The group gives these partitions. No await: they are paused before anything of them is fetched.

        A shard is ours only with all of its topics: while old and new code with different topics share the group, its
        partitions may lie in two hands.
        """
        self._assignment += 1
        self.assigned_once = True
        self._ports.reader.pause(places)
        numbers = {place.shard for place in places}
        whole = {number for number in numbers if all(Place(topic, number) in places for topic in self._topics)}
        self._in_hand = frozenset() if self.stopping else frozenset(whole)
        for number in self._keepers.keys() - whole:
            keeper, task = self._keepers.pop(number)
            keeper.close()
            task.cancel()
            log.info("shard moved away", shard=number)
        self._split = frozenset(numbers - whole)
        if self._split:
            log.warning("shards in two hands", shards=sorted(self._split))
        for number in self._in_hand:
            if number not in self._keepers:
                self._keep(number)
        for shard in self.shards():
            shard.flowing = False
            shard.seek_all()

    def _keep(self, number: int) -> None:
        keeper = Keeper(number, self._takeover, self._ports.reader, opened=self._opened, monotonic=self._monotonic)
        self._keepers[number] = keeper, asyncio.create_task(keeper.run(), name=f"keeper-{number}")

    def _opened(self, shard: Shard) -> None:
        self._batch.forget()
        self._carrier.poke(shard)

    def shards(self) -> list[Shard]:
        """The open shards."""
        found = (keeper.shard for keeper, _ in self._keepers.values())
        return [shard for shard in found if shard is not None and not shard.closed]

    def numbers(self) -> list[int]:
        """The numbers of the open shards."""
        return [shard.number for shard in self.shards()]

    def failures(self) -> dict[int, str]:
        """Shards of ours that are not open, and why."""
        return dict.fromkeys(self._split, "another process has some of its topics") | {
            number: "opening" if keeper.error is None else f"{type(keeper.error).__name__}: {keeper.error}"
            for number, (keeper, _) in self._keepers.items()
            if keeper.shard is None or keeper.shard.closed
        }

    @property
    def partitions(self) -> int:
        """How many shards there are in all."""
        return self._plan.partitions

    @property
    def alive(self) -> bool:
        """Whether the workers and the loops of this process run."""
        return self._carrier.alive and all(not task.done() for task in self._loops)

    # What the consumer brings ----------------------------------------------------------------------------------------

    def receive(self, runs: Iterable[tuple[Place, Sequence[Raw]]]) -> None:
        """Split fetched records into the queues of their shards."""
        for place, run in runs:
            keeper, _ = self._keepers.get(place.shard, (None, None))
            shard = keeper.shard if keeper is not None else None
            if shard is None or shard.closed:
                continue  # fetched before it was closed: its next takeover seeks
            try:
                shard.offer(place.topic, run)
            except LogError as error:
                self._failed(shard, error)
                continue
            self._carrier.poke(shard)

    def missed(self) -> None:
        """Fetched records did not reach their queues: fetch again from where the queues end."""
        for shard in self.shards():
            shard.seek_all()

    async def turn(self) -> None:
        """Between two fetches, when all that was fetched is queued: seek, pause, resume, see how far the reader is."""
        for number in self._in_hand:
            assignment = self._assignment
            shard = self._keepers[number][0].shard
            if shard is None:
                continue
            try:
                await self._turn(shard)
            except Exception as error:  # tried again at the next turn; a rebalance makes it moot
                log.debug("turn failed", shard=number, error=repr(error))
            if assignment != self._assignment:
                return

    async def _turn(self, shard: Shard) -> None:
        reader, number = self._ports.reader, shard.number
        if shard.seeks and not shard.closed:
            assignment = self._assignment
            gaps = [Place(topic, number) for topic in shard.seeks if shard.positions[topic].suspected is not None]
            starts = await self._ports.log.beginnings(gaps) if gaps else {}
            if assignment != self._assignment:
                return
            for topic in shard.seeks:
                place, position = Place(topic, number), shard.positions[topic]
                reader.seek(place, position.queued)
                position.sought(starts.get(place, position.log_start))
            shard.seeks.clear()
        flow = not (shard.closed or shard.full or self.stopping)
        if flow != shard.flowing:
            (reader.resume if flow else reader.pause)([Place(topic, number) for topic in self._topics])
            shard.flowing = flow
        if flow:
            await self._see_frontiers(shard)

    async def _see_frontiers(self, shard: Shard) -> None:
        """Where a topic ends in markers, only the reader's position passes the end that a probe found."""
        for topic in self._probed:
            position, probes = shard.positions[topic], shard.progress[topic].probes
            if not probes or position.applied < position.queued or position.settled() >= probes[0][1]:
                continue
            place = Place(topic, shard.number)
            async with asyncio.timeout(POSITION_SECONDS):
                frontier = await self._ports.reader.position(place)
                # It also jumps to where the log begins, if that has lost what was not read yet, and nothing came since.
                starts = await self._ports.log.beginnings([place]) if frontier > position.queued else {}
            if position.seeking:
                return  # a rebalance came between: the reader may stand anywhere
            skip_lost(shard, topic, starts.get(place, 0), self._ports.clock.now())
            position.frontier = max(position.frontier, frontier)
            shard.settle()
            self._carrier.poke(shard)

    # What the carrier asks and says ----------------------------------------------------------------------------------

    def _ready(self, shard: Shard) -> bool:
        now = self._monotonic()
        if self.stopping or shard.closed or shard.blocked(now):
            return False
        if shard.queue and (self._plan.replay or shard.heed(self._door)):
            return True
        if shard.wakes_due():
            return True
        return bool(self._definition.progress_topics) and shard.progress_due(now, at_once=self._plan.replay)

    def _done(self, done: Done, seconds: float) -> None:
        self._relay.send(done.shard)
        self._note(done, seconds)

    def _failed(self, shard: Shard, error: Exception) -> None:
        keeper, _ = self._keepers.get(shard.number, (None, None))
        if keeper is not None and keeper.shard is shard:
            keeper.fail(error)
        shard.closed = True

    # What time brings ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the workers, the probes, the sweeps and the acknowledgements."""
        self._carrier.start()
        loops = [
            (TICK_SECONDS, self._tick),
            (ACK_SECONDS, self.ack),
            (SWEEP_SECONDS, self.sweep),
            (SWEEP_SECONDS, self.count_wakes),
        ]
        if self._probed:
            loops.append((self._plan.probe_seconds, self.probe))
        self._loops = [asyncio.create_task(every(seconds, what), name=what.__name__) for seconds, what in loops]

    async def _tick(self) -> None:
        for shard in self.shards():
            self._carrier.poke(shard)
            self._relay.send(shard)

    async def probe(self) -> None:
        """Ask where the topics of others end, so that an idle topic lets time pass too."""
        shards = {shard.number: shard for shard in self.shards()}
        places = [Place(topic, number) for topic in self._probed for number in shards]
        if not places:
            return
        asked_at = self._ports.clock.now()
        # As it is now: the answer may be slow, and records that were appended meanwhile applied before it comes.
        applied = {place: shards[place.shard].positions[place.topic].applied for place in places}
        for place, end in (await self._ends(places)).items():
            shard = shards[place.shard]
            if end < applied[place]:
                self._failed(shard, LogError(f"{place.topic}/{place.shard} ends before what is applied", [place.shard]))
            shard.progress[place.topic].probed(asked_at, end, self._plan.allowance)
        for shard in shards.values():
            if shard.settle():
                self._carrier.poke(shard)

    async def _ends(self, places: Sequence[Place]) -> dict[Place, int]:
        """Where the topics end. A broker that is away withholds all of an answer: then shard by shard, without its."""
        try:
            async with asyncio.timeout(PROBE_ALL_SECONDS):
                return await self._ports.log.ends(places)
        except Exception as error:
            log.warning("probe failed", error=repr(error))
        found: dict[Place, int] = {}
        for number in sorted({place.shard for place in places}):
            with suppress(Exception):  # it stays without an answer, and its time stands still
                async with asyncio.timeout(PROBE_ONE_SECONDS):
                    found |= await self._ports.log.ends([place for place in places if place.shard == number])
        return found

    async def ack(self) -> None:
        """Tell the group how far we applied: a hint that shortens recovery, the truth is in the database."""
        applied = {
            Place(topic, shard.number): position.applied
            for shard in self.shards()
            if shard.number in self._in_hand
            for topic, position in shard.positions.items()
        }
        news = {place: offset for place, offset in applied.items() if self._acked.get(place) != offset}
        if news:
            await self._ports.reader.commit(news)
            self._acked.update(news)

    async def sweep(self) -> None:
        """Delete confirmed outbox rows of idle shards, and send what should not be there any more."""
        asked = []
        for shard in self.shards():
            before = shard.unsent.first_seq()
            before = shard.outbox_seq + 1 if before is None else before
            asked.append(Sweep(shard.number, shard.epoch, shard.unsent.deleted, shard.unsent.confirmed, before))
        if not asked:
            return
        ours, strays = await self._ports.store.sweep(asked)
        for shard in self.shards():
            if shard.number not in ours and any(each[:2] == (shard.number, shard.epoch) for each in asked):
                self._failed(shard, FencedError(f"shard {shard.number} was taken by another process"))
        if strays:
            log.error("stray outbox rows", shards=sorted({row.shard for row in strays}), rows=len(strays))
            await send(self._ports.sender, strays)
            for shard in {row.shard for row in strays}:
                last = max(row.seq for row in strays if row.shard == shard)
                epoch = next(each.epoch for each in asked if each.shard == shard)
                await self._ports.store.confirm(shard, epoch, last)

    async def count_wakes(self) -> None:
        """See how many wakes are due, for telemetry: while the watermark is back, they wait."""
        numbers = self.numbers()
        due = await self._ports.store.wakes_due(numbers, self._ports.clock.now(), MAX_COUNTED_WAKES)
        self.wakes_due = dict.fromkeys(numbers, 0) | due

    async def stop(self) -> None:
        """Finish the batches that run, send what is committed, tell the group. Then the consumer may leave it."""
        self.stopping = True
        for _, task in self._keepers.values():
            task.cancel()
        await self._carrier.stop()
        await self._relay.drain(DRAIN_SECONDS)
        for task in self._loops:
            task.cancel()
        await self._relay.stop()
        for last in (self.sweep, self.ack):
            with suppress(Exception):  # both only spare the next owner some work
                async with asyncio.timeout(LAST_SECONDS):
                    await last()
