"""Runs a service: the kit's parts put together around one definition."""

import asyncio
import ctypes
import gc
import os
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from typing import Any, NoReturn

import structlog
import uvloop

from waybond_contracts.event import Event
from waybond_contracts.topics import TOPICS
from waybond_kit import database
from waybond_kit.carrier import Limits
from waybond_kit.clock import WallClock
from waybond_kit.consumer import Consumer
from waybond_kit.definition import Definition, Input, InputKind, Publish, Resources, Storage
from waybond_kit.engine import Engine, Plan, Ports
from waybond_kit.errors import PublishError, StartError
from waybond_kit.figures import Counted
from waybond_kit.health import Health, Server
from waybond_kit.kafka import ClientOptions, KafkaLog, KafkaSender, check_topics
from waybond_kit.keys import event_id, partition_of
from waybond_kit.outbox import Cause, Outbox
from waybond_kit.settings import Settings, load
from waybond_kit.store import PostgresStore
from waybond_kit.telemetry import EngineCollector, Metrics, configure_logs

__all__ = ["Definition", "Input", "InputKind", "Publish", "Resources", "Settings", "Storage", "main", "run"]

PUBLISH_SECONDS = 30.0
ROUTES_CONNECTIONS = 4
# One full collection of a heap with a million states stops a process for seconds; nearly nothing here is cyclic. The
# first counts objects made less objects freed: above what the batches in work hold, they are not walked for nothing.
GC_THRESHOLDS = (200_000, 50, 1_000)

# A batch's buffers grow to a megabyte in steps of one value. By default glibc maps such buffers one by one and gives
# their memory back at once: growing them took three quarters of the time of filling them. Values as in mallopt(3).
MALLOC_OPTIONS = {"M_TRIM_THRESHOLD": (-1, 64 * 1024 * 1024), "M_MMAP_THRESHOLD": (-3, 16 * 1024 * 1024)}

log = structlog.get_logger(__name__)


def main(definition: Definition[Any], settings: type[Settings] = Settings) -> NoReturn:
    """Run a service until SIGTERM or SIGINT; exit code 2 with one clear line where it cannot start."""
    try:
        loaded = load(settings)
        configure_logs(definition.name, loaded.log_level)
        _keep_freed_memory()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(definition, loaded))
    except StartError as error:
        print(f"waybond-{definition.name}: {error}", file=sys.stderr)  # noqa: T201  # logs may not be configured yet
        sys.exit(2)
    sys.exit(0)


async def run(definition: Definition[Any], settings: Settings, *, stop: asyncio.Event | None = None) -> None:
    """Run a service until `stop` is set, or on SIGTERM or SIGINT: finish the batch, drain the outbox, leave."""
    stop = stop or _stop_on_signal()
    async with serving(definition, settings) as service:
        await stop.wait()
        log.info("stopping", port=service.port)


class Running:
    """A service that runs: its engine and its port."""

    def __init__(self, engine: Engine, metrics: Metrics, port: int) -> None:
        self.engine = engine
        self.metrics = metrics
        self.port = port


@asynccontextmanager
async def serving(definition: Definition[Any], settings: Settings) -> AsyncIterator[Running]:
    """A running service; on the way out it stops in order. Raises StartError."""
    options = client_options(settings, f"waybond-{definition.name}")
    async with AsyncExitStack() as stack:
        partitions = await _check_topics(definition, settings, options)
        connect = partial(
            database.connect,
            settings.database.get_secret_value(),
            definition.name,
            idle_in_transaction_seconds=settings.idle_in_transaction_seconds,
        )
        pool = await connect(connections=settings.database_connections, batch_seconds=settings.transaction_seconds)
        stack.push_async_callback(_close_pool, pool)
        await database.check_schema(pool, definition.migrations)
        aside = await connect(connections=1, at_once=0)
        stack.push_async_callback(_close_pool, aside)
        store = PostgresStore(pool, aside)
        await store.prepare(partitions)
        sender = KafkaSender(options, settings.topic_prefix)
        stack.push_async_callback(sender.stop)
        topics = KafkaLog(options, settings.topic_prefix)
        stack.push_async_callback(topics.stop)
        consumer = Consumer(
            options,
            settings.topic_prefix,
            [each.topic for each in definition.inputs],
            group=f"waybond-{definition.name}",
            instance=settings.instance,
            session_ms=int(settings.session_seconds * 1000),
        )
        metrics, clock = Metrics(each.topic for each in definition.inputs), WallClock()
        ports = Ports(store, consumer, topics, sender, clock)
        engine = Engine(definition, _plan(definition, settings, partitions), ports, metrics.note)
        metrics.registry.register(
            EngineCollector(engine, consumer, clock, asyncio.get_running_loop().time, definition.complete_until)
        )
        if definition.figures is not None:
            counting = await connect(connections=1)
            stack.push_async_callback(_close_pool, counting)
            counted = Counted(definition.figures(), counting, engine.numbers, asyncio.get_running_loop().time)
            metrics.registry.register(counted)
            stack.callback(asyncio.create_task(counted.run(), name="figures").cancel)
        routes = None
        if definition.routes is not None:
            routes_pool = await connect(connections=ROUTES_CONNECTIONS)
            stack.push_async_callback(_close_pool, routes_pool)
            publish = Publisher(definition.name, sender, partitions)
            routes = definition.routes(Resources(routes_pool, publish, settings))
        health = Health(
            alive=lambda: engine.alive,
            report=partial(_report, engine, definition, clock),
            registry=metrics.registry,
            routes=routes,
        )
        server = Server(health, settings.http_host, settings.http_port)
        port = await server.begin()
        stack.push_async_callback(server.end)
        engine.start()
        stack.push_async_callback(consumer.stop)
        stack.push_async_callback(engine.stop)
        await consumer.start(engine)
        _calm_the_collector()
        log.info("started", port=port, partitions=partitions, replay=settings.replay, owner=_owner(settings))
        yield Running(engine, metrics, port)


class Publisher:
    """Publishes one event of an HTTP request, straight to its topic."""

    def __init__(self, service: str, sender: KafkaSender, partitions: int) -> None:
        self._service = service
        self._sender = sender
        self._partitions = partitions

    async def __call__(self, event: Event, *, cause: str) -> str:
        """Publish an event keyed by its order; returns its id. Raises PublishError when the outcome is unknown."""
        key = event.order_key.encode()
        outbox = Outbox(self._service, partition_of(key, self._partitions), 0)
        outbox.add(outbox.prepared(event.order_key, [event], Cause(cause, cause), WallClock().now()))
        generation = self._sender.generation
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._sender.send(outbox.rows)
        except Exception as error:
            await self._sender.renew(generation)
            raise PublishError(f"{event.event_type} may not have been published: {error!r}") from error
        return event_id(cause, event.event_type, f"{event.order_key}/{event.business_key}")


def client_options(settings: Settings, client_id: str) -> ClientOptions:
    """What every Kafka client of this process is made with. Raises StartError."""
    options: dict[str, Any] = {"bootstrap_servers": settings.kafka.split(","), "client_id": client_id}
    if settings.kafka_security != "PLAINTEXT":
        options["security_protocol"] = settings.kafka_security
    if settings.kafka_security.endswith("SSL"):
        try:
            options["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_ca)
        except OSError as error:  # also what OpenSSL says of it
            raise StartError(f"WAYBOND_KAFKA_CA: expected a file of certificates in PEM, got {error}") from error
    if settings.kafka_security.startswith("SASL") and settings.kafka_password is not None:
        options |= {
            "sasl_mechanism": settings.kafka_mechanism,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    return options


def _plan(definition: Definition[Any], settings: Settings, partitions: int) -> Plan:
    return Plan(
        partitions=partitions,
        owner=_owner(settings),
        code=version(f"waybond-{definition.name}") if definition.name in _SERVICES else "0",
        limits=Limits(settings.batch_records, settings.batch_shards, settings.batch_workers),
        replay=settings.replay,
        allowance=settings.clock_allowance,
        probe_seconds=settings.probe_seconds,
    )


_SERVICES = {"pricing", "tracking", "claims", "signals"}


def _owner(settings: Settings) -> str:
    return settings.instance or f"{socket.gethostname()}:{os.getpid()}"


async def _check_topics(definition: Definition[Any], settings: Settings, options: ClientOptions) -> int:
    """Those read and those written: partition n of each is shard n."""
    written = [topic.name for topic in TOPICS if topic.writer == definition.name]
    topics = list(dict.fromkeys([*(each.topic for each in definition.inputs), *definition.progress_topics, *written]))
    outside = [each.topic for each in definition.inputs if each.kind is not InputKind.OWN]
    return await check_topics(options, settings.topic_prefix, topics, outside)


def _report(engine: Engine, definition: Definition[Any], clock: WallClock) -> dict[str, Any]:
    failures = engine.failures()
    until = definition.complete_until() if definition.complete_until is not None else None
    known = until is None or until >= clock.now()
    return {
        "ready": engine.assigned_once and not engine.stopping and not failures and known,
        "stopping": engine.stopping,
        **({} if until is None else {"settings_known_until": until.isoformat()}),
        "open_shards": sorted(shard.number for shard in engine.shards()),
        "closed_shards": {str(number): why for number, why in failures.items()},
    }


def _stop_on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    return stop


async def _close_pool(pool: Any) -> None:
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except Exception:  # a server that is away, or a batch that hangs, must not keep the process
        pool.terminate()


def _keep_freed_memory() -> None:
    with suppress(OSError, AttributeError):  # another C library has no such options, and no need of them
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in MALLOC_OPTIONS.values():
            mallopt(option, value)


def _calm_the_collector() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
