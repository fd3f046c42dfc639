"""One process of a service: a real engine on simulated ports, which may die, sleep, or stop in order."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tests.simulation.brake import WatchedBrakes
from tests.simulation.broker import Broker, SimulatedLog, SimulatedSender
from tests.simulation.clocks import HostClock
from tests.simulation.database import Database, SimulatedStore
from tests.simulation.group import SESSION_SECONDS, Group, Member
from tests.simulation.loop import Owner, SimulatedLoop
from tests.simulation.products import catalogue
from waybond_contracts.event import Event
from waybond_kit.aggregate import Decide, Outcome, Woken
from waybond_kit.batch import Done
from waybond_kit.carrier import Limits
from waybond_kit.definition import Definition
from waybond_kit.engine import Engine, Plan, Ports
from waybond_pricing.desk import Desk

ALLOWANCE = timedelta(seconds=60)
PROBE_SECONDS = 0.3
SETTINGS_HOLD = timedelta(seconds=50)
"""How far ahead of the database's clock a snapshot of the tenants' settings is complete."""

Decided = Callable[["Process", Any, Event | Woken, datetime, datetime | None, Decide[Any] | None], Outcome[Any]]
"""The last is the service's `decide` as a batch has it, where it is told more than state and fact."""


@dataclass(frozen=True, slots=True)
class Site:
    """A service in the world: what its processes share."""

    definition: Definition[Any]
    loop: SimulatedLoop
    broker: Broker
    database: Database
    group: Group
    limits: Limits
    database_clock: HostClock


class Process:
    """A process from its start to its end. `decide` is called instead of the definition's."""

    def __init__(self, site: Site, name: str, clock: HostClock, decide: Decided) -> None:
        self.site = site
        self.name = name
        self.owner = Owner(name)
        self.owner.burnt = self.kill
        self.ended = False
        self.stopping = False
        self.clock = clock
        self.desk = Desk()
        self.member = Member(site.group, self.owner, name)
        self.engine: Engine | None = None
        self._expires: Any = None
        self.ended_now: Callable[[Process], None] = lambda _: None
        """Called when the process is dead or has stopped."""

        def decided(
            state: Any,
            fact: Event | Woken,
            now: datetime,
            sent_at: datetime | None = None,
            told: Decide[Any] | None = None,
        ) -> Outcome[Any]:
            return decide(self, state, fact, now, sent_at, told)

        knowing = None if site.definition.knowing is None else partial(WatchedBrakes, decided)
        self._definition = replace(site.definition, decide=decided, knowing=knowing)
        site.loop.spawn(self.owner, self._run())

    def __repr__(self) -> str:
        return self.name

    def read_settings(self) -> None:
        """Pricing's snapshot of the tenants' settings, as of now."""
        self.desk.catalogue = catalogue(self.site.database_clock.now() + SETTINGS_HOLD)

    async def _run(self) -> None:
        site = self.site
        plan = Plan(
            partitions=site.broker.partitions,
            owner=self.name,
            code="simulated",
            limits=site.limits,
            replay=False,
            allowance=ALLOWANCE,
            probe_seconds=PROBE_SECONDS,
        )
        service = site.definition.name
        ports = Ports(
            SimulatedStore(site.database),
            self.member,
            SimulatedLog(site.broker, service),
            SimulatedSender(site.broker, service),
            self.clock,
        )
        self.engine = engine = Engine(self._definition, plan, ports, _note)
        engine.start()
        consuming = [
            asyncio.create_task(self.member.membership(engine)),
            asyncio.create_task(self.member.consume(engine)),
        ]
        await asyncio.gather(*consuming)

    def kill(self) -> None:
        """The process is gone between two awaits; broker and database notice later."""
        if self.ended:
            return
        self._end()
        self.site.database.died(self.owner)
        self.site.loop.later(SESSION_SECONDS, self.member.end_session)
        self.member.forget()
        self.ended_now(self)

    def stop(self) -> None:
        """Stop in order, as on SIGTERM."""
        if not self.ended and not self.owner.paused and self.engine is not None and not self.stopping:
            self.stopping = True
            self.site.loop.spawn(self.owner, self._stop(self.engine))

    async def _stop(self, engine: Engine) -> None:
        await engine.stop()
        self.member.close()
        self._end()
        self.ended_now(self)

    def pause(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT so many seconds later."""
        if self.ended or self.owner.paused:
            return
        self.owner.paused = True
        self.site.database.paused(self.owner)
        loop = self.site.loop
        expires = loop.later(SESSION_SECONDS, self.member.end_session)
        self._expires = expires
        loop.later(seconds, self.wake_up)

    def wake_up(self) -> None:
        """SIGCONT: it knows nothing of what happened meanwhile."""
        if self.ended or not self.owner.paused:
            return
        self._expires.cancel()
        self.site.loop.resume(self.owner)
        if self.member.expired:
            self.member.notice_soon()

    def _end(self) -> None:
        self.ended = True
        self.owner.dead = True
        self.owner.ready.clear()


def _note(done: Done, seconds: float) -> None:
    """A simulated process has no metrics."""
