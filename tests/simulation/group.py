"""A simulated consumer group: eager rebalances, the Range assignor, sessions that end; and the port Reader on it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.simulation.broker import Broker
from tests.simulation.faults import AwayError
from tests.simulation.loop import Handle, Owner
from tests.simulation.network import refuse, resolve
from waybond_kit.door import Raw
from waybond_kit.engine import Engine
from waybond_kit.ports import Place

SESSION_SECONDS = 3.0
NOTICE_SECONDS = 0.3
FETCH_WAIT_SECONDS = 0.5
POLL_RECORDS = 2_000


class NotAssignedError(RuntimeError):
    """The partition is not this member's."""


class CommitError(RuntimeError):
    """The group does not take this member for the owner."""


class Group:
    """One service's group. A member that does not come to a rebalance within a session is left out."""

    def __init__(self, broker: Broker, topics: Sequence[str]) -> None:
        self.broker = broker
        self.topics = topics
        self.members: list[Member] = []
        self.committed: dict[Place, int] = {}
        self.generation = 0
        self.rebalancing = False
        self._joined: set[int] = set()
        self._round = 0

    def join(self, member: "Member") -> None:
        """A member comes, or comes again; what one that left had still sent is refused with its connection."""
        if member.left:
            return
        member.expired = False
        if member not in self.members:
            self.members.append(member)
            self.members.sort(key=_name)
        self._begin(member)
        self._joined.add(id(member))
        self._complete()

    def leave(self, member: "Member") -> None:
        """A member goes, or its session is over."""
        if member in self.members:
            self.members.remove(member)
            if self.members:
                self._begin()
            self._complete()

    def accepts(self, member: "Member") -> bool:
        """Whether a commit of this member counts."""
        return member in self.members and member.generation == self.generation and not self.broker.away

    def _begin(self, joining: "Member | None" = None) -> None:
        if self.rebalancing:
            return
        self.rebalancing = True
        self._joined.clear()
        self._round += 1
        for member in self.members:
            if member is not joining:
                member.notice_soon()
        self.broker.network.loop.later(SESSION_SECONDS, self._time_is_up, self._round)

    def _time_is_up(self, round_: int) -> None:
        if self.rebalancing and round_ == self._round:
            for member in [each for each in self.members if id(each) not in self._joined]:
                self.members.remove(member)
                member.expired = True
            self._complete()

    def _complete(self) -> None:
        if not self.rebalancing or any(id(member) not in self._joined for member in self.members):
            return
        self.rebalancing = False
        self.generation += 1
        shares: dict[int, set[Place]] = {id(member): set() for member in self.members}
        count = len(self.members)
        if not count:
            return
        for topic in self.topics:  # Range: of each topic the first ones to the first member
            each, more = divmod(self.broker.partitions, count)
            first = 0
            for index, member in enumerate(self.members):
                last = first + each + (index < more)
                shares[id(member)].update(Place(topic, number) for number in range(first, last))
                first = last
        for member in self.members:
            self.broker.network.answer(member.waiting, (self.generation, frozenset(shares[id(member)])))


class Member:
    """A consumer in a process: its tasks run as the kit's subscriber does, and it is the port Reader."""

    def __init__(self, group: Group, owner: Owner, name: str) -> None:
        self.group = group
        self.owner = owner
        self.name = name
        self.generation = 0
        self.expired = False
        self.left = False
        self.waiting: asyncio.Future[Any] = group.broker.network.loop.create_future()
        self._notice: asyncio.Future[Any] = group.broker.network.loop.create_future()
        self._positions: dict[Place, int] = {}
        self._paused: set[Place] = set()
        self._fetch: asyncio.Future[Any] | None = None
        self._patience: Handle | None = None
        """Ends the fetch that waits."""
        group.broker.listeners.append(self._appended)

    # Its tasks -------------------------------------------------------------------------------------------------------

    async def membership(self, engine: Engine) -> None:
        """Join, and join again with every rebalance."""
        broker = self.group.broker
        while True:
            self.waiting = broker.network.loop.create_future()
            self._notice = broker.network.loop.create_future()
            broker.network.loop.later(broker.network.delay(), self.group.join, self)
            try:
                self.generation, places = await self.waiting
            except CommitError:
                continue  # the group does not know this member any more
            self._assign(places)
            engine.assigned(places)
            await self._notice
            engine.revoked()

    async def consume(self, engine: Engine) -> None:
        """Between two fetches the engine has its turn; what is fetched is queued before the next."""
        while True:
            await engine.turn()
            try:
                runs = await self._fetched()
            except AwayError:
                engine.missed()
                continue
            if runs:
                engine.receive(runs)

    def notice_soon(self) -> None:
        """The next heartbeat's answer says that the group rebalances, or that it does not know this member."""
        loop = self.group.broker.network.loop
        loop.later(self.group.broker.network.random() * NOTICE_SECONDS, resolve, self._notice)

    def end_session(self) -> None:
        """No heartbeat came for a session's time."""
        self.expired = True
        refuse(self.waiting, CommitError("session is over"))
        self.group.leave(self)

    def close(self) -> None:
        """Leave in order."""
        self.left = True
        self.group.leave(self)
        self.forget()

    def forget(self) -> None:
        """Its process is no more."""
        if self._appended in self.group.broker.listeners:
            self.group.broker.listeners.remove(self._appended)

    def _assign(self, places: Iterable[Place]) -> None:
        logs, committed = self.group.broker.logs, self.group.committed
        self._positions = {place: committed.get(place, logs[place].start) for place in sorted(places)}
        self._paused = set()
        if self._fetch is not None:
            self._waited(self._fetch)

    # Fetching --------------------------------------------------------------------------------------------------------

    def _fetched(self) -> asyncio.Future[Any]:
        self._fetch = self.group.broker.network.ask(self._arrives)
        return self._fetch

    def _arrives(self, future: asyncio.Future[Any]) -> None:
        """A fetch waits at the broker until there is something, or for a while."""
        if future is not self._fetch:
            return
        network = self.group.broker.network
        if not self._has_news():
            self._patience = network.loop.later(FETCH_WAIT_SECONDS, self._waited, future)
            return
        self._take(future)

    def _waited(self, future: asyncio.Future[Any]) -> None:
        """Nothing came; of what is taken already the answer is on its way."""
        if self._fetch is future:
            self._fetch = None
            resolve(future)

    def _has_news(self) -> bool:
        logs = self.group.broker.logs
        if self.group.broker.away:
            return False
        return any(at < len(logs[place].records) and place not in self._paused for place, at in self._positions.items())

    def _appended(self, place: Place) -> None:
        future = self._fetch
        if future is None or place not in self._positions or place in self._paused:
            return
        if not self.group.broker.away:
            network = self.group.broker.network
            network.loop.later(network.delay(), self._take, future)

    def _take(self, future: asyncio.Future[Any]) -> None:
        if future is not self._fetch:
            return
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        self._fetch = None  # from here on what was taken comes, although another assignment may come before it
        broker = self.group.broker
        runs: list[tuple[Place, list[Raw]]] = []
        for place, at in self._positions.items():
            records = broker.logs[place].records
            if place in self._paused or at >= len(records):
                continue
            found = [record for record in records[at : at + POLL_RECORDS] if record is not None]
            self._positions[place] = min(len(records), at + POLL_RECORDS)
            if found:
                runs.append((place, found))
        if broker.armed.strikes(self.group_name, "fetch-fails"):
            broker.network.refuse(future, AwayError("fetch"))
        else:
            broker.network.answer(future, runs)

    @property
    def group_name(self) -> str:
        return self.name.partition("-")[0]

    # The port Reader -------------------------------------------------------------------------------------------------

    def pause(self, places: Iterable[Place]) -> None:
        places = self._assigned(places)
        self._paused.update(places)

    def resume(self, places: Iterable[Place]) -> None:
        self._paused.difference_update(self._assigned(places))

    def seek(self, place: Place, offset: int) -> None:
        self._assigned([place])
        self._positions[place] = offset

    async def position(self, place: Place) -> int:
        self._assigned([place])
        return self._positions[place]

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        await self.group.broker.network.ask(lambda future: self._committing(future, offsets))

    def _committing(self, future: asyncio.Future[Any], offsets: Mapping[Place, int]) -> None:
        network = self.group.broker.network
        if self.group.accepts(self):
            self.group.committed.update(offsets)
            network.answer(future)
        else:
            network.refuse(future, CommitError(f"generation {self.generation} of {self.group.generation}"))

    def highwater(self, place: Place) -> int | None:
        return self.group.broker.logs[place].end if place in self._positions else None

    def _assigned(self, places: Iterable[Place]) -> list[Place]:
        found = list(places)
        for place in found:
            if place not in self._positions:
                raise NotAssignedError(place)
        return found


def _name(member: Member) -> str:
    return member.name
