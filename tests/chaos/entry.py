"""Runs one service with the kit's ports wrapped, so that its process can kill itself at a named point of the flow."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn
from uuid import UUID

import waybond_kit.service as kit
from tests.chaos.releases import release_of
from waybond_claims.app import DEFINITION as CLAIMS
from waybond_kit import engine
from waybond_kit.changes import OutboxRow, Stored
from waybond_kit.consumer import Consumer
from waybond_kit.definition import Definition
from waybond_kit.kafka import KafkaSender
from waybond_kit.ports import Place, Taken
from waybond_kit.store import PostgresStore, PostgresTransaction
from waybond_local.sandbox.__main__ import main as run_sandbox
from waybond_pricing.app import DEFINITION as PRICING
from waybond_pricing.app import PricingSettings
from waybond_tracking.app import DEFINITION as TRACKING

POINT, PASSES, RELEASE = "CHAOS_POINT", "CHAOS_PASSES", "CHAOS_RELEASE"
"""Where the process dies, how often it passes there before, and which version of the code it is."""

AFTER_LOAD = "after-load"
BEFORE_COMMIT = "before-commit"
AFTER_COMMIT = "after-commit"
MID_RELAY = "mid-relay"
AFTER_RELAY = "after-relay"
BEFORE_ACK = "before-ack"
IN_TAKEOVER = "in-takeover"
POINTS = (AFTER_LOAD, BEFORE_COMMIT, AFTER_COMMIT, MID_RELAY, AFTER_RELAY, BEFORE_ACK, IN_TAKEOVER)
"""In the order in which a batch comes by; a takeover has its own."""


class Fate:
    """Kills this process, as a crash would, when it comes to its point for the last time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._point = environment.get(POINT)
        self._left = int(environment.get(PASSES, "0"))

    def passes(self, point: str) -> bool:
        """Whether the process lives on at this point."""
        if point != self._point:
            return True
        self._left -= 1
        return self._left >= 0

    def at(self, point: str) -> None:
        """Go on, or die here."""
        if not self.passes(point):
            die(point)


def die(point: str) -> NoReturn:
    """End at once: nothing is flushed, closed or told to anybody."""
    os.write(2, f"chaos: killed {point}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process goes on")


fate = Fate({})
DEFINITIONS: dict[str, Definition[Any]] = {"pricing": PRICING, "tracking": TRACKING, "claims": CLAIMS}


class Transaction(PostgresTransaction):
    """Dies after it has loaded."""

    async def load(self, wanted: Sequence[tuple[int, UUID]]) -> list[Stored]:
        rows = await super().load(wanted)
        fate.at(AFTER_LOAD)
        return rows


class Store(PostgresStore):
    """Dies before or after a batch's commit, or when a shard's epoch was just raised."""

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


class Sender(KafkaSender):
    """Dies when half of the rows are sent, or when all are and nobody knows it yet."""

    loses_every = 0
    _sends = 0

    async def send(self, rows: Sequence[OutboxRow]) -> None:
        self._sends += 1
        if self.loses_every and self._sends % self.loses_every == 0:
            return
        if not fate.passes(MID_RELAY):
            if half := rows[: len(rows) // 2]:
                await super().send(half)
            die(MID_RELAY)
        await super().send(rows)
        fate.at(AFTER_RELAY)


class Reader(Consumer):
    """Dies before it tells the group how far it came."""

    async def commit(self, offsets: Mapping[Place, int]) -> None:
        fate.at(BEFORE_ACK)
        await super().commit(offsets)


def run(name: str) -> None:
    """Run a service, or the payment sandbox, with what the environment says, until it is told to stop."""
    global fate  # noqa: PLW0603 - one process, one fate, known only once the environment is
    fate = Fate(os.environ)
    if name == "sandbox":
        run_sandbox()
        return
    wrapped: dict[str, Any] = {"PostgresStore": Store, "KafkaSender": Sender, "Consumer": Reader}
    for port, wrapper in wrapped.items():
        setattr(kit, port, wrapper)
    release = release_of(os.environ.get(RELEASE, ""))
    engine.Door = release.door  # type: ignore[misc]  # the engine makes its own
    Sender.loses_every = release.loses_every
    kit.version = release.version  # type: ignore[assignment]  # what the journal notes as the code's version
    kit.main(release.of(DEFINITIONS[name]), PricingSettings if name == "pricing" else kit.Settings)
