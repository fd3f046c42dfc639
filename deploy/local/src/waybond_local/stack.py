"""Run a whole Waybond on one machine: PostgreSQL, Kafka, the services and the payment sandbox, each a process."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Protocol, Self

from waybond_contracts.topics import TOPICS
from waybond_local import provision, state
from waybond_local.kafka import EmbeddedKafka
from waybond_local.postgres import EmbeddedPostgres
from waybond_local.processes import ProcessError, free_ports, tail
from waybond_local.service_process import ServiceProcess
from waybond_local.state import SIGNALS, Phase, ProcessState, StackState

MODULES = MappingProxyType(
    {
        "pricing": "waybond_pricing",
        "tracking": "waybond_tracking",
        "claims": "waybond_claims",
        SIGNALS: "waybond_signals",
        "sandbox": "waybond_local.sandbox",
    }
)
MAX_RESTARTS_A_MINUTE = 3
_WATCH_SECONDS = 0.5

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to run a stack.

    `kafka` (host:port) and `postgres` (an administrator's DSN) name servers that run already; embedded ones are started
    where they are None. In `replay`, time is what the driver publishes, not the wall clock.
    """

    partitions: int = 8
    replay: bool = False
    kafka: str | None = None
    postgres: str | None = None
    database: str = provision.DATABASE
    topic_prefix: str = ""
    services: Mapping[str, str] = field(default_factory=lambda: MODULES)
    signals: bool = True
    """Whether the service signals runs too, where `services` names it. Never in a replay: what crosses from order to
    subject and back has no time there."""

    @classmethod
    def from_environment(cls, *, partitions: int = 8, replay: bool = False, signals: bool = True) -> Self:
        """The servers that WAYBOND_KAFKA and WAYBOND_POSTGRES name, where they are set."""
        kafka, postgres = os.environ.get("WAYBOND_KAFKA") or None, os.environ.get("WAYBOND_POSTGRES") or None
        return cls(partitions=partitions, replay=replay, kafka=kafka, postgres=postgres, signals=signals)

    @property
    def modules(self) -> Mapping[str, str]:
        """What is started, by name."""
        left_out = self.replay or not self.signals
        return {name: module for name, module in self.services.items() if name != SIGNALS or not left_out}


class Child(Protocol):
    """A process that the stack keeps running."""

    log: Path

    @property
    def address(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def ready(self) -> bool: ...


class Stack:
    """A running Waybond on `folder`, which keeps what it holds; nothing of it outlives this process.

    Use it as a context manager: entering returns once every process is ready, leaving stops them in order.

    Args:
        folder: data, logs and the state file; one stack at a time. Under root, a folder that others may enter.
        tell: gets a line for each step of starting and stopping.

    Raises (on entering):
        AlreadyRunningError: another stack runs on this folder.
        ProcessError, ProvisionError, JarError: with what did not work; what was started is stopped again.
    """

    def __init__(self, folder: Path, options: Options | None = None, *, tell: Tell = lambda line: None) -> None:
        self.folder = folder.absolute()
        self.options = options or Options()
        self._tell = tell
        self._children: dict[str, Child] = {}
        self._restarts: dict[str, deque[float]] = {}
        self._last = state.last(self.folder)
        self._last_ports = state.ports_of(self._last)
        self._clean_up = ExitStack()
        self.state = StackState(
            supervisor=os.getpid(),
            phase=Phase.STARTING,
            since=datetime.now(UTC),
            replay=self.options.replay,
            partitions=self.options.partitions,
        )

    def __enter__(self) -> Self:
        with ExitStack() as clean_up:
            clean_up.enter_context(state.only_one(self.folder))
            self._expect_same_clock()
            clean_up.callback(self._stop_all)
            self._publish(Phase.STARTING)
            self._start_servers()
            self._prepare()
            self._start_services()
            self._publish(Phase.READY)
            self._clean_up = clean_up.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clean_up.close()

    def watch(self) -> None:
        """Keep the processes running until this call is interrupted: one that ends is started again.

        Raises:
            ProcessError: one ended more than MAX_RESTARTS_A_MINUTE times within a minute.
        """
        while True:
            time.sleep(_WATCH_SECONDS)
            for name, child in self._children.items():
                if child.pid is None:
                    self._start_again(name)
            seen = [(child.pid, child.ready()) for child in self._children.values()]
            if seen != [(entry.pid, entry.ready) for entry in self.state.processes.values()]:
                self._publish(Phase.READY)

    def child(self, name: str) -> Child:
        """The process of this name (postgres, kafka or a service), to stop, kill and start it in a test."""
        return self._children[name]

    def _expect_same_clock(self) -> None:
        """Live orders carry no time of their own, so a replay would refuse all that is published of them; and an audit
        takes one kind of time for the whole journal."""
        if self._last is not None and self._last.dsns and self._last.replay != self.options.replay:
            before, now = ("a replay", "the clock") if self._last.replay else ("the clock", "a replay")
            raise ProcessError(
                f"The stack on {self.folder} took its time from {before}, and cannot take it from {now}: "
                "give another folder (--data)"
            )

    def _start_servers(self) -> None:
        ports = free_ports(("postgres", "kafka"), self._last_ports)
        self.state.admin_dsn, self.state.kafka = self.options.postgres or "", self.options.kafka or ""
        if not self.state.admin_dsn:
            postgres = EmbeddedPostgres(self.folder / "postgres", port=ports["postgres"])
            self._start("postgres", postgres)
            self.state.admin_dsn = postgres.dsn()
        if not self.state.kafka:
            kafka = EmbeddedKafka(self.folder / "kafka", port=ports["kafka"])
            self._start("kafka", kafka)
            self.state.kafka = kafka.bootstrap

    def _start(self, name: str, child: Child) -> None:
        self._tell(f"Starting {name}")
        self._children[name] = child
        child.start()
        self._publish(Phase.STARTING)

    def _prepare(self) -> None:
        self._tell("Making topics and tables")
        passwords = {name: secrets.token_urlsafe(24) for name in self.options.modules}
        topics = [self.options.topic_prefix + topic.name for topic in TOPICS]
        asyncio.run(provision.make_topics(self.state.kafka, topics, self.options.partitions))
        self.state.dsns = asyncio.run(provision.make_database(self.state.admin_dsn, passwords, self.options.database))

    def _start_services(self) -> None:
        logs = state.log_folder(self.folder)
        ports = free_ports(self.options.modules, self._last_ports)
        services = [
            ServiceProcess(
                name, module, port=ports[name], settings=self._settings(name, ports[name]), log=logs / f"{name}.log"
            )
            for name, module in self.options.modules.items()
        ]
        for service in services:
            self._start(service.name, service)
        for service in services:
            service.wait()

    def _settings(self, name: str, port: int) -> dict[str, str]:
        own: dict[str, str] = {}
        if name == "pricing":
            own["WAYBOND_QUOTE_KEYS"] = state.quote_keys(self.folder)
        if name == "claims":
            own["WAYBOND_STATUS_KEYS"] = state.status_keys(self.folder)
        return own | {
            "WAYBOND_KAFKA": self.state.kafka,
            "WAYBOND_DATABASE": self.state.dsns[name],
            "WAYBOND_INSTANCE": f"local-{name}",  # started again, it has its shards back at once
            "WAYBOND_HTTP_HOST": "127.0.0.1",
            "WAYBOND_HTTP_PORT": str(port),
            "WAYBOND_TOPIC_PREFIX": self.options.topic_prefix,
            "WAYBOND_REPLAY": str(self.options.replay).lower(),
        }

    def _start_again(self, name: str) -> None:
        child, now = self._children[name], time.monotonic()
        recent = self._restarts.setdefault(name, deque(maxlen=MAX_RESTARTS_A_MINUTE))
        if len(recent) == MAX_RESTARTS_A_MINUTE and now - recent[0] < 60:
            raise ProcessError(f"{name} ended {MAX_RESTARTS_A_MINUTE + 1} times in a minute.\n{tail(child.log)}")
        recent.append(now)
        self._tell(f"{name} ended, starting it again; its log is {child.log}")
        child.start()

    def _publish(self, phase: Phase) -> None:
        self.state.phase = phase
        self.state.processes = {
            name: ProcessState(address=child.address, pid=child.pid, log=child.log, ready=child.ready())
            for name, child in self._children.items()
        }
        state.write(self.folder, self.state)

    def _stop_all(self) -> None:
        """Services first, all at once, while they can still finish a batch; then what they stand on."""
        with suppress(OSError):  # S: the disk is full; what runs is stopped in order all the same
            self._publish(Phase.STOPPING)
        for child in self._children.values():
            if isinstance(child, ServiceProcess):
                child.ask_to_stop()
        for name, child in reversed(self._children.items()):
            child.stop()
            self._tell(f"Stopped {name}")
