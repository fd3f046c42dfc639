"""Named points of the flow at which a process kills or freezes itself: the kit's ports, wrapped.

What is to happen, and where, stands in the environment of the process (see Fate).
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import waybond_kit.service as kit
from waybond_kit.changes import Changes, InputRow, OutboxRow, Stored
from waybond_kit.consumer import Consumer
from waybond_kit.definition import Connection
from waybond_kit.kafka import KafkaSender
from waybond_kit.ports import Place, Taken
from waybond_kit.store import PostgresStore, PostgresTransaction

POINT, PASSES, DEED = "CHAOS_POINT", "CHAOS_PASSES", "CHAOS_DEED"
"""Where it happens, how often the process passes there before, and what: KILL (if nothing is said) or FREEZE."""
KILL, FREEZE = "kill", "freeze"

AMID_TAKEOVER = "amid-takeover"
ADDING_INPUTS = "adding-inputs"
IN_TAKEOVER = "in-takeover"
AFTER_LEFTOVERS = "after-leftovers"
AFTER_LOCK = "after-lock"
AFTER_LOAD = "after-load"
AMID_SAVE = "amid-save"
BEFORE_COMMIT = "before-commit"
AFTER_COMMIT = "after-commit"
MID_RELAY = "mid-relay"
AFTER_RELAY = "after-relay"
BEFORE_ACK = "before-ack"
TAKEOVER_POINTS = (AMID_TAKEOVER, IN_TAKEOVER, ADDING_INPUTS, AFTER_LEFTOVERS)
"""A takeover comes by in this order: with the shard's row locked, with the epoch raised, with inputs added but not
committed (a topic that is new to it), with what the last owner had left sent (where it had left something)."""
BATCH_POINTS = (AFTER_LOCK, AFTER_LOAD, AMID_SAVE, BEFORE_COMMIT, AFTER_COMMIT, MID_RELAY, AFTER_RELAY, BEFORE_ACK)
"""In the order in which a batch comes by."""


class Fate:
    """Kills or freezes this process when it comes to its point for the last time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._point = environment.get(POINT)
        self._left = int(environment.get(PASSES, "0"))
        self._deed = environment.get(DEED, KILL)

    def passes(self, point: str) -> bool:
        """Whether nothing happens at this point. It says no once: whoever asked then meets the fate."""
        if point != self._point:
            return True
        self._left -= 1
        if self._left < 0:
            self._point = None
        return self._left >= 0

    def at(self, point: str) -> None:
        """Go on, or meet the fate here."""
        if not self.passes(point):
            self.meet(point)

    def meet(self, point: str) -> None:
        """End at once, with nothing flushed, closed or told to anybody; or stand still until somebody says SIGCONT."""
        os.write(2, f"chaos: {self._deed} {point}\n".encode())
        os.kill(os.getpid(), signal.SIGSTOP if self._deed == FREEZE else signal.SIGKILL)


fate = Fate({})


class Transaction(PostgresTransaction):
    """Comes by after it has locked, after it has loaded, and with a part of its changes written."""

    async def lock(self, epochs: Mapping[int, int]) -> set[int]:
        locked = await super().lock(epochs)
        fate.at(AFTER_LOCK)
        return locked

    async def load(self, wanted: Sequence[tuple[int, UUID]]) -> list[Stored]:
        rows = await super().load(wanted)
        fate.at(AFTER_LOAD)
        return rows

    async def _save_aggregates(self, changes: Changes) -> None:
        fate.at(AMID_SAVE)
        await super()._save_aggregates(changes)


class Store(PostgresStore):
    """Comes by before and after a batch's commit, and in the steps of a takeover."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        async with super().transaction() as each:
            yield Transaction(each.connection)
            fate.at(BEFORE_COMMIT)
        fate.at(AFTER_COMMIT)

    async def take(self, shard: int, owner: str) -> Taken:
        taken = await super().take(shard, owner)
        fate.at(IN_TAKEOVER)
        return taken

    async def _take(self, connection: Connection, shard: int, owner: str) -> Taken:
        if fate.passes(AMID_TAKEOVER):
            return await super()._take(connection, shard, owner)
        async with connection.transaction():
            taken = await super()._take(connection, shard, owner)
            fate.meet(AMID_TAKEOVER)
        return taken

    async def add_inputs(self, epoch: int, rows: Sequence[InputRow]) -> None:
        if fate.passes(ADDING_INPUTS):
            await super().add_inputs(epoch, rows)
            return
        async with self._owned(rows[0].shard, epoch):
            fate.meet(ADDING_INPUTS)
        await super().add_inputs(epoch, rows)

    async def confirm(self, shard: int, epoch: int, through: int) -> None:
        fate.at(AFTER_LEFTOVERS)
        await super().confirm(shard, epoch, through)


class Sender(KafkaSender):
    """Comes by when half of the rows are sent, and when all are and nobody knows it yet."""

    loses_every = 0
    _sends = 0

    async def send(self, rows: Sequence[OutboxRow]) -> None:
        self._sends += 1
        if self.loses_every and self._sends % self.loses_every == 0:
            return
        if not fate.passes(MID_RELAY):
            if half := rows[: len(rows) // 2]:
                await super().send(half)
            fate.meet(MID_RELAY)
        await super().send(rows)
        fate.at(AFTER_RELAY)


class Reader(Consumer):
    """Comes by before it tells the group how far it came."""

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        fate.at(BEFORE_ACK)
        await super().commit(offsets)


def install() -> None:
    """Have the services of this process come by the points, with the fate that the environment says."""
    global fate  # noqa: PLW0603 - one process, one fate, known only once the environment is
    fate = Fate(os.environ)
    wrapped: dict[str, Any] = {"PostgresStore": Store, "KafkaSender": Sender, "Consumer": Reader}
    for port, wrapper in wrapped.items():
        setattr(kit, port, wrapper)
