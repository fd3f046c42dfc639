"""Takes a shard over: raises its epoch, verifies its offsets, publishes what its last owner left, and opens it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from waybond_kit.batch import last_of
from waybond_kit.changes import InputRow
from waybond_kit.clock import Clock, Progress
from waybond_kit.door import Hole, Item
from waybond_kit.errors import LogError
from waybond_kit.offsets import Position
from waybond_kit.ports import InputState, Log, Place, Sender, Store, Taken
from waybond_kit.relay import send
from waybond_kit.shard import Shard

LEFTOVERS_AT_ONCE = 1_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """What Kafka says of a shard's topics: where each begins and ends, and the last record applied, if it is there."""

    beginnings: Mapping[Place, int]
    ends: Mapping[Place, int]
    lasts: Mapping[Place, Item]


@dataclass(frozen=True, slots=True)
class Takeover:
    """Takes shards over for one process, `owner`."""

    topics: Sequence[str]
    owner: str
    store: Store
    log: Log
    sender: Sender
    clock: Clock

    async def take(self, number: int) -> Shard:
        """The shard, ready to be read from the offsets in the database.

        The epoch comes first: from then on the last owner cannot commit, so what is read after it is final. Raises
        LogError if a topic is not the one that was read before.
        """
        taken = await self.store.take(number, self.owner)
        found = await self._ask(number, taken)
        await self._add_inputs(number, taken, found)
        for topic in self.topics:
            _verify(Place(topic, number), taken.inputs[topic], found)
        await self._publish_leftovers(number, taken.epoch)
        shard = Shard(
            number,
            taken.epoch,
            {topic: Position.at(taken.inputs[topic].next_offset) for topic in self.topics},
            {topic: Progress(taken.inputs[topic].progress) for topic in self.topics},
            batch_seq=taken.batch_seq,
            outbox_seq=taken.outbox_seq,
            before=taken.watermark,
            holding=taken.holding,
            next_due=taken.next_due,
        )
        for topic in self.topics:
            skip_lost(shard, topic, found.beginnings[Place(topic, number)], self.clock.now())
        log.info("shard taken", shard=number, epoch=taken.epoch, held_orders=len(taken.holding))
        return shard

    async def _ask(self, number: int, taken: Taken) -> Found:
        places = [Place(topic, number) for topic in self.topics]
        beginnings = await self.log.beginnings(places)
        ends = await self.log.ends(places)
        lasts = {}
        for place in places:
            state = taken.inputs.get(place.topic)
            if (
                state is not None
                and state.last_crc is not None
                and beginnings[place] < state.next_offset <= ends[place]
            ):
                lasts[place] = state.next_offset - 1
        records = await self.log.records_at(lasts) if lasts else {}
        return Found(beginnings, ends, {place: Item(raw, raw.appended) for place, raw in records.items()})

    async def _add_inputs(self, number: int, taken: Taken, found: Found) -> None:
        """A topic that was not read before begins where its log does: nothing of it was lost to us."""
        rows = []
        for topic in self.topics:
            if topic not in taken.inputs:
                beginning = found.beginnings[Place(topic, number)]
                taken.inputs[topic] = InputState(beginning)
                rows.append(InputRow(number, topic, beginning, beginning, None, None, None))
        if rows:
            await self.store.add_inputs(taken.epoch, rows)

    async def _publish_leftovers(self, number: int, epoch: int) -> None:
        while rows := await self.store.leftovers(number, LEFTOVERS_AT_ONCE):
            await send(self.sender, rows)
            await self.store.confirm(number, epoch, rows[-1].seq)
            log.info("leftovers published", shard=number, rows=len(rows))


def skip_lost(shard: Shard, topic: str, beginning: int, now: datetime) -> None:
    """Records that the log lost before we read them are kept as a hole, and raise an alarm; the rest goes on."""
    position = shard.positions[topic]
    if beginning <= position.queued:
        return
    log.error("records lost", shard=shard.number, topic=topic, first=position.queued, last=beginning - 1)
    shard.put_hole(Hole(topic, position.queued, beginning - 1, _milliseconds(now)))
    position.queued = position.frontier = beginning


def _verify(place: Place, state: InputState, found: Found) -> None:
    """Raise LogError unless the topic is the one whose records up to next_offset are applied."""
    name = f"{place.topic}/{place.shard}"
    if found.ends[place] < state.next_offset:
        raise LogError(
            f"{name} ends at {found.ends[place]}, but the records up to {state.next_offset} are applied: "
            "the topic was made anew or has lost its end",
            [place.shard],
        )
    last = found.lasts.get(place)
    if last is None:
        return  # compacted, a marker, or gone with the retention: there is nothing to compare
    stamp, crc = last_of(last)
    if stamp != state.last_stamp or crc != state.last_crc:
        raise LogError(
            f"{name}: the record at {state.next_offset - 1} is not the one that was applied: the topic was made anew",
            [place.shard],
        )


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
