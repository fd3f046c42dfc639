"""A simulated broker: partitions as lists, append times of its own clock, and the ports Log and Sender on them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from tests.simulation.clocks import HostClock
from tests.simulation.faults import Armed, AwayError
from tests.simulation.network import Network, refuse
from waybond_contracts.topics import TOPICS
from waybond_kit.changes import OutboxRow
from waybond_kit.door import EPOCH, Raw
from waybond_kit.ports import Place

Headers = Sequence[tuple[str, bytes | None]]
SEND = ("send-refused", "send-unanswered", "send-hangs", "send-hangs-landed", "send-late", "send-torn")


class Partition:
    """One log. None stands where a transaction marker is, or where compaction took a record away."""

    def __init__(self) -> None:
        self.records: list[Raw | None] = []
        self.start = 0
        self.known_at: list[datetime] = []
        """The true time of each append, whatever the broker's clock says."""

    @property
    def end(self) -> int:
        return len(self.records)


class Broker:
    """All topics. `listen` is called with each place that something was appended to."""

    def __init__(self, network: Network, clock: HostClock, armed: Armed, partitions: int) -> None:
        self.network = network
        self.clock = clock
        self.armed = armed
        self.away = False
        self.partitions = partitions
        self.logs = {Place(topic.name, number): Partition() for topic in TOPICS for number in range(partitions)}
        self.listeners: list[Callable[[Place], None]] = []
        self.hanging: list[asyncio.Future[Any]] = []
        """Sends that nobody answers."""

    def append(self, place: Place, key: bytes | None, value: bytes | None, headers: Headers) -> int:
        """A record at the end of a partition, under the broker's append time; its offset."""
        log = self.logs[place]
        offset = log.end
        stamp = self.clock.now()
        age = stamp - EPOCH
        milliseconds = age.days * 86_400_000 + age.seconds * 1000 + age.microseconds // 1000
        log.records.append(Raw(place.topic, offset, milliseconds, key, value, tuple(headers)))
        log.known_at.append(stamp)
        for listener in self.listeners:
            listener(place)
        return offset

    def reset(self) -> None:
        """Every connection is made anew: what hung fails at last."""
        for future in self.hanging:
            refuse(future, AwayError("connection reset"))
        self.hanging.clear()

    def mark(self, place: Place) -> None:
        """A transaction marker: an offset without a record."""
        self.logs[place].records.append(None)
        self.logs[place].known_at.append(self.clock.now())
        for listener in self.listeners:
            listener(place)


class SimulatedLog:
    """The port Log."""

    def __init__(self, broker: Broker, service: str) -> None:
        self._broker = broker
        self._service = service

    async def beginnings(self, places: Sequence[Place]) -> dict[Place, int]:
        return await self._ask(lambda: {place: self._broker.logs[place].start for place in places})

    async def ends(self, places: Sequence[Place]) -> dict[Place, int]:
        return await self._ask(lambda: {place: self._broker.logs[place].end for place in places})

    async def records_at(self, offsets: Mapping[Place, int]) -> dict[Place, Raw]:
        return await self._ask(partial(self._records_at, offsets))

    def _records_at(self, offsets: Mapping[Place, int]) -> dict[Place, Raw]:
        found = {}
        for place, offset in offsets.items():
            log = self._broker.logs[place]
            record = log.records[offset] if log.start <= offset < log.end else None
            if record is not None:
                found[place] = record
        return found

    def _ask(self, question: Callable[[], Any]) -> asyncio.Future[Any]:
        broker = self._broker

        def arrives(future: asyncio.Future[Any]) -> None:
            if broker.away or broker.armed.strikes(self._service, "log-fails"):
                refuse(future, AwayError("broker"))
            else:
                broker.network.answer(future, question())  # what was true when it was asked may not be any more

        return broker.network.ask(arrives)


class SimulatedSender:
    """The port Sender: what a request does at the broker does not depend on whether its process lives on."""

    def __init__(self, broker: Broker, service: str) -> None:
        self._broker = broker
        self._service = service
        self.generation = 0

    async def renew(self, generation: int) -> None:
        if generation == self.generation:
            self.generation += 1

    async def send(self, rows: Sequence[OutboxRow]) -> None:
        by_place: dict[Place, list[OutboxRow]] = {}
        for row in rows:
            by_place.setdefault(Place(row.topic, row.partition), []).append(row)
        await self._broker.network.ask(partial(self._arrives, by_place))

    def _arrives(self, by_place: dict[Place, list[OutboxRow]], future: asyncio.Future[Any]) -> None:
        broker, network = self._broker, self._broker.network
        if broker.away:
            network.refuse(future, AwayError("broker"))
            return
        fault = broker.armed.strikes(self._service, *SEND)
        match fault.kind if fault is not None else "":
            case "":
                self._land(by_place)
                network.answer(future)
            case "send-refused":
                network.refuse(future, AwayError("refused"))
            case "send-unanswered":
                self._land(by_place)
                network.refuse(future, AwayError("landed, but the answer is lost"))
            case "send-hangs-landed":
                self._land(by_place)
                broker.hanging.append(future)
            case "send-late":
                assert fault is not None
                network.loop.later(fault.seconds, self._land, by_place)
                network.refuse(future, AwayError("still on its way"))
            case "send-torn":
                places = list(by_place)
                self._land({place: by_place[place] for place in places[: len(places) // 2]})
                network.refuse(future, AwayError("some landed"))
            case _:
                broker.hanging.append(future)

    def _land(self, by_place: dict[Place, list[OutboxRow]]) -> None:
        for place, rows in by_place.items():
            for row in rows:
                self._broker.append(place, row.key, row.value, row.headers)
