"""The supervisor: one stack a folder, processes started again, nothing left behind, data kept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.support.processes import eventually, runs
from tests.support.sources import ROOT
from waybond_contracts.topics import TOPICS
from waybond_local import state
from waybond_local.paths import fresh_folder
from waybond_local.processes import ProcessError
from waybond_local.provision import ProvisionError, make_database, make_topics
from waybond_local.stack import Options, Stack
from waybond_local.state import AlreadyRunningError, NotRunningError, Phase

TOYS = {"toy": "tests.support.toy_service", "puppet": "tests.support.toy_service"}


@pytest.fixture
def folder() -> Iterator[Path]:
    path = fresh_folder("waybond-test-stack-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def options(kafka: str, postgres: str, topic_prefix: str) -> Options:
    """A stack of toys on the servers that all tests share."""
    name = f"test_{topic_prefix.rstrip('.')}"
    return Options(
        partitions=3, kafka=kafka, postgres=postgres, services=TOYS, database=name, topic_prefix=topic_prefix
    )


def pids(folder: Path) -> list[int]:
    return [each.pid for each in state.running(folder).processes.values() if each.pid]


def test_a_stack_gives_each_service_its_own_role_and_leaves_nothing_behind(folder: Path, options: Options) -> None:
    with Stack(folder, replace(options, replay=True)):
        found = state.running(folder)
        started = pids(folder)
        with pytest.raises(AlreadyRunningError), Stack(folder, options):
            pytest.fail("two stacks ran on one folder")
        told = json.loads((folder / "logs" / "toy.log").read_text().splitlines()[0])
    assert found.phase == Phase.READY
    assert all(each.ready for each in found.processes.values())
    assert len(started) == 2
    assert told["WAYBOND_KAFKA"] == options.kafka
    assert told["WAYBOND_TOPIC_PREFIX"] == options.topic_prefix
    assert told["WAYBOND_REPLAY"] == "true"
    assert "waybond_toy:" in told["WAYBOND_DATABASE"]
    assert not any(runs(pid) for pid in started)
    with pytest.raises(NotRunningError):
        state.running(folder)


def test_the_state_holds_passwords_and_only_its_owner_reads_it(folder: Path, options: Options) -> None:
    with Stack(folder, options):
        assert (folder / "stack.json").stat().st_mode & 0o077 == 0


@pytest.mark.servers
def test_embedded_servers_keep_their_data_and_addresses_from_one_stack_to_the_next(folder: Path) -> None:
    with Stack(folder, Options(services=TOYS)) as stack:
        before = stack.state
    with Stack(folder, Options(services=TOYS)) as stack:
        after = stack.state
    assert before.kafka == after.kafka
    assert before.admin_dsn == after.admin_dsn
    assert before.processes.keys() == {"postgres", "kafka", "toy", "puppet"}
    assert {name: each.address for name, each in before.processes.items()} == {
        name: each.address for name, each in after.processes.items()
    }


def test_a_service_that_ends_is_started_again_and_one_that_keeps_ending_ends_the_stack(
    folder: Path, options: Options
) -> None:
    errors: list[Exception] = []

    def watch(stack: Stack) -> None:
        try:
            stack.watch()
        except ProcessError as error:
            errors.append(error)

    with Stack(folder, options) as stack:
        watcher = threading.Thread(target=watch, args=(stack,), daemon=True)
        watcher.start()
        for _ in range(3):
            pid = stack.child("toy").pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            assert eventually(
                lambda gone=pid: stack.child("toy").pid not in (None, gone) and stack.child("toy").ready()
            )
            assert eventually(lambda: state.running(folder).processes["toy"].pid == stack.child("toy").pid)
        assert errors == []
        os.kill(stack.child("toy").pid or 0, signal.SIGKILL)
        assert eventually(lambda: not watcher.is_alive())
    assert "toy ended 4 times in a minute" in str(errors[0])


def test_a_service_that_cannot_start_is_an_error_with_its_last_lines_and_the_rest_is_stopped(
    folder: Path, options: Options
) -> None:
    services = {**TOYS, "tracking": "no_such_module"}
    with (
        pytest.raises(ProcessError, match="No module named no_such_module"),
        Stack(folder, replace(options, services=services)),
    ):
        pytest.fail("the stack came up")
    with pytest.raises(NotRunningError):
        state.running(folder)


@pytest.mark.servers
def test_nothing_outlives_a_supervisor_that_is_killed(folder: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from waybond_local.stack import Stack, Options\n"
        f"with Stack(Path(sys.argv[1]), Options(services={TOYS!r})) as stack:\n"
        "    print('ready', flush=True); stack.watch()\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as supervisor:
        assert supervisor.stdout is not None
        assert b"ready\n" in iter(supervisor.stdout.readline, b"")
        started = pids(folder)
        supervisor.kill()
    assert len(started) == 4
    assert eventually(lambda: not any(runs(pid) for pid in started))
    with pytest.raises(NotRunningError):
        state.running(folder)
    with Stack(folder, Options(services=TOYS)) as stack:  # and the next one takes over what was left
        assert stack.state.phase == Phase.READY


async def test_all_topics_have_one_number_of_partitions(kafka: str, topic_prefix: str) -> None:
    names = [topic_prefix + topic.name for topic in TOPICS]
    await make_topics(kafka, names[:2], 3)
    await make_topics(kafka, names, 3)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    described = await admin.describe_topics(names)
    await admin.close()
    assert {len(each["partitions"]) for each in described} == {3}
    with pytest.raises(ProvisionError, match="5 partitions were asked for"):
        await make_topics(kafka, names, 5)


async def test_a_service_cannot_read_the_tables_of_another(postgres: str, database: str) -> None:
    name = database.rpartition("/")[2]
    await make_database(postgres, {"alpha": "first", "beta": "another"}, name)
    dsns = await make_database(postgres, {"alpha": "second", "beta": "another"}, name)
    beta = await asyncpg.connect(dsns["beta"])
    assert await beta.fetchval("SELECT count(*) FROM beta.shard") == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await beta.execute("SELECT * FROM alpha.shard")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await beta.execute("CREATE TABLE beta.mine (id int)")
    await beta.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(dsns["alpha"].replace("second", "first"))
