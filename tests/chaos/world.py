"""All that is under fire: cluster, database, services, payment sandbox, and the flow of orders through them."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.chaos.audit import Audited, audited
from tests.chaos.cluster import Cluster
from tests.chaos.crew import Crew, Member
from tests.chaos.flow import Flow
from tests.chaos.lives import TENANT
from tests.chaos.meter import Meter
from waybond_local import provision
from waybond_local.paths import fresh_folder
from waybond_local.postgres import EmbeddedPostgres
from waybond_local.processes import free_ports
from waybond_local.state import Phase, StackState
from waybond_local.tenants import add_tenant
from waybond_local.verify import verify

SERVICES = ("pricing", "tracking", "claims")
PRODUCT = "order-protection"
HEALTH_SECONDS = 2.0
# As short as the broker lets them be: what heals by a session's end heals sooner.
_QUICK = {
    "WAYBOND_SESSION_SECONDS": "6",
    "WAYBOND_IDLE_IN_TRANSACTION_SECONDS": "3",
    "WAYBOND_CLOCK_ALLOWANCE_SECONDS": "1",
    "WAYBOND_PROBE_SECONDS": "0.5",
    "WAYBOND_LOG_LEVEL": "INFO",
    "WAYBOND_SANDBOX_LIVE_SECONDS_PER_HOUR": "0.2",
    "WAYBOND_SANDBOX_ODDS__SILENT": "2",
}


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much there is of everything. `rate` in orders a second; `members` of each service.

    What is said of an order comes `haste` times as soon as in lives.py.
    """

    rate: float = 8.0
    haste: float = 1.0
    members: int = 2
    partitions: int = 4
    seed: int = 1


@dataclass
class World:
    """What harm is done to."""

    folder: Path
    size: Size
    cluster: Cluster
    postgres: EmbeddedPostgres
    crew: Crew
    meter: Meter
    flow: Flow
    dsns: Mapping[str, str]
    ports: Mapping[str, int]

    def environment(self, service: str, instance: str | None, port: int = 0) -> dict[str, str]:
        """The settings of one process; with an `instance` it is a static member of its group."""
        settings = {
            **_QUICK,
            "WAYBOND_KAFKA": self.cluster.proxied,
            "WAYBOND_DATABASE": self.dsns[service],
            "WAYBOND_HTTP_HOST": "127.0.0.1",
            "WAYBOND_HTTP_PORT": str(port),
        }
        return settings if instance is None else {**settings, "WAYBOND_INSTANCE": instance}

    @property
    def logs(self) -> Path:
        """Where the services write what they say."""
        return self.folder / "logs"

    async def hire(self) -> None:
        """Start the usual members of each service, and the payment sandbox."""
        for name, port in self.ports.items():
            service = name.rpartition("-")[0]
            await self.crew.add(name, service, self.environment(service, f"chaos-{name}", port))

    @property
    def state(self) -> StackState:
        """As the commands of `waybond` see a running stack."""
        return StackState(
            supervisor=0,
            phase=Phase.READY,
            since=datetime.now(UTC),
            replay=False,
            partitions=self.size.partitions,
            kafka=self.cluster.bootstrap,
            admin_dsn=self.postgres.dsn(),
            dsns=dict(self.dsns),
        )

    async def answered(self, before: float | None, patience_seconds: float) -> int:
        """Wait until every order known `before` (monotonic; all of them, if None) is answered; how many are not."""
        deadline = time.monotonic() + patience_seconds
        while (left := self.meter.unanswered(before)) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        return left

    async def checked(self, patience_seconds: float, *, whole: bool) -> Audited:
        """I1 to I6, with the flow at rest; with `whole`, I7 to I12 too, for which every journal is followed."""
        await self.flow.pause()
        try:
            began = time.monotonic()
            checks = await verify(self.state, patience_seconds=patience_seconds)
            if whole:
                return await audited(self.state, checks, patience_seconds)
            return Audited(checks, time.monotonic() - began, 0)
        finally:
            self.flow.resume()

    @asynccontextmanager
    async def administrator(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection to the services' database that may do everything."""
        connection = await asyncpg.connect(self.postgres.dsn(provision.DATABASE))
        try:
            yield connection
        finally:
            await connection.close()

    async def health(self, member: Member) -> dict[str, Any]:
        """What a member says of itself; nothing, if it does not answer."""
        answer = await self._asked(member, "/health/ready")
        return {} if answer is None else answer.json()

    async def metric(self, name: str, *services: str) -> float:
        """The sum of a metric over all labels and members that answer."""
        answers = [await self._asked(member, "/metrics") for member in self.crew.of(*services)]
        lines = [line for answer in answers if answer is not None for line in answer.text.splitlines()]
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{name}[{{ ]", line))

    async def _asked(self, member: Member, path: str) -> httpx.Response | None:
        url = f"http://127.0.0.1:{member.environment['WAYBOND_HTTP_PORT']}{path}"
        try:
            async with httpx.AsyncClient(timeout=HEALTH_SECONDS) as client:
                return await client.get(url)
        except httpx.HTTPError:
            return None

    def members(self, *services: str) -> list[Member]:
        """The processes of these services, or of all and the sandbox."""
        return self.crew.of(*services)


@asynccontextmanager
async def world(size: Size) -> AsyncIterator[World]:
    """A world with a steady flow through it; nothing of it is left afterwards."""
    folder = fresh_folder("waybond-chaos-")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the harness's own clients: brokers are away all the time
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        logs = folder / "logs"
        logs.mkdir()
        cluster, postgres, crew = Cluster(folder), EmbeddedPostgres(folder / "postgres"), Crew(logs)
        stack.push_async_callback(cluster.stop)
        stack.callback(postgres.stop, immediate=True)
        await asyncio.gather(cluster.start(size.partitions), asyncio.to_thread(postgres.start))
        passwords = {name: secrets.token_urlsafe(24) for name in (*SERVICES, "sandbox")}
        dsns = await provision.make_database(postgres.dsn(), passwords)
        since = datetime.now(UTC) - timedelta(days=1)
        await add_tenant(postgres.dsn(provision.DATABASE), TENANT, [PRODUCT], PRODUCT, since=since)
        meter = Meter(cluster.bootstrap, size.partitions)
        flow = Flow(cluster.bootstrap, meter, size.rate, size.seed, size.partitions, haste=size.haste)
        names = [f"{service}-{n}" for service in SERVICES for n in range(size.members)] + ["sandbox-0"]
        made = World(folder, size, cluster, postgres, crew, meter, flow, dsns, free_ports(names))
        await crew.start()
        stack.push_async_callback(crew.stop)
        await made.hire()
        await meter.start()
        stack.push_async_callback(meter.stop)
        await flow.start()
        stack.push_async_callback(flow.stop)
        yield made
