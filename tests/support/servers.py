"""Fixtures of the real Kafka and PostgreSQL: started once a session, by the first test that asks for them.

A test that asks for one of them is marked `servers`, so `pytest -m "not servers"` leaves it out. WAYBOND_TEST_KAFKA
(host:port) and WAYBOND_TEST_POSTGRES (an administrator's DSN) take servers that run already.

Where tests run in several processes, those with servers are groups that each stay in one process, one after another:
`kit`, `servers` (all other parts) and `frozen` (processes that are stopped, killed and thawed) with a broker and a
database that their process shares, `replay` with a stack that its tests share, `end to end` and `chaos` with stacks of
their own. They wait for much of their time. The groups that take longest come first, one to a process; who is done
takes the next one, and then the tests that need no server, those of minutes before those of moments. So that no process
is left alone with a long group at the end.
"""

from __future__ import annotations

import os
import shutil
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from waybond_local.kafka import EmbeddedKafka, learn_to_start
from waybond_local.paths import fresh_folder
from waybond_local.postgres import EmbeddedPostgres
from waybond_local.provision import TOPIC_SETTINGS, make_topics, with_database

LONGEST_FIRST = ("chaos", "end to end", "kit", "servers", "frozen", "replay", "others")
"""The groups, by how long they take."""
LONG_ALONE = frozenset({"mutants", "fuzz", "oracle", "simulation", "olist"})
"""Folders of tests without servers of which one alone may take a minute."""
_LEARNED = pytest.StashKey[bool]()
_SERVER_FIXTURES = {"kafka", "postgres", "own_kafka", "own_postgres"}


def pytest_itemcollected(item: pytest.Item) -> None:
    if _SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.servers)
    if item.get_closest_marker("servers") and not item.get_closest_marker("xdist_group"):
        item.add_marker(pytest.mark.xdist_group(_group(item.path)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """The first test with servers of a process: some forty brokers start in a run, in half the time if Java has learned
    how. One process learns, the others go on without."""
    if item.get_closest_marker("servers") and not item.config.stash.get(_LEARNED, False):
        item.config.stash[_LEARNED] = True
        learn_to_start()


def _turn(item: pytest.Item) -> int:
    group = item.get_closest_marker("xdist_group")
    if group is not None and group.args[0] in LONGEST_FIRST:
        return LONGEST_FIRST.index(group.args[0])
    return len(LONGEST_FIRST) + (item.path.parent.name not in LONG_ALONE)


def _group(path: Path) -> str:
    if "end_to_end" in path.parts:
        return "end to end"
    return "kit" if path.name.startswith("test_kit_") else "servers"


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for servers' data that PostgreSQL's user can reach; removed at the end of the session."""
    folder = fresh_folder("waybond-tests-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka(server_folder: Path) -> Iterator[str]:
    """The address (host:port) of the broker that all tests of a session share: use `topic_prefix` for your topics."""
    given = os.environ.get("WAYBOND_TEST_KAFKA")
    if given:
        yield given
        return
    with EmbeddedKafka(server_folder / "kafka") as server:
        yield server.bootstrap


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[str]:
    """The administrator's DSN of the server that all tests of a session share: use `database` for your tables."""
    given = os.environ.get("WAYBOND_TEST_POSTGRES")
    if given:
        yield given
        return
    with EmbeddedPostgres(server_folder / "postgres") as server:
        yield server.dsn()


@pytest.fixture(scope="session")
def spare_kafka(server_folder: Path) -> Iterator[EmbeddedKafka]:
    """A second broker: a test that stops its broker takes nothing from the others. Costs about 4 s."""
    with EmbeddedKafka(server_folder / "spare-kafka") as server:
        yield server


@pytest.fixture
def own_kafka(spare_kafka: EmbeddedKafka) -> Iterator[EmbeddedKafka]:
    """A broker for this test alone, running, to stop, kill, freeze and start again; it holds what others left there."""
    spare_kafka.start()
    yield spare_kafka
    if spare_kafka.pid is not None:
        os.kill(spare_kafka.pid, signal.SIGCONT)


@pytest.fixture
def own_postgres(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of the test's own, running, to stop and restart. Costs about 1 s."""
    folder = server_folder / f"postgres-{uuid.uuid4().hex[:8]}"
    with EmbeddedPostgres(folder) as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def new_database(postgres: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """`await new_database()` gives the DSN of an empty one, dropped after the test with whatever is connected."""
    names: list[str] = []

    async def make() -> str:
        names.append(f"test_{uuid.uuid4().hex[:12]}")
        await _execute(postgres, f'CREATE DATABASE "{names[-1]}"')
        return with_database(postgres, names[-1])

    yield make
    for name in names:
        await _execute(postgres, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def database(new_database: Callable[[], Awaitable[str]]) -> str:
    """The DSN of an empty database for this test alone, dropped after it with whatever is still connected."""
    return await new_database()


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics and groups that no other test uses; it ends with a dot."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture
def new_topics(kafka: str) -> Callable[..., Awaitable[None]]:
    """`await new_topics(names, partitions=8, **configs)` makes topics on the shared broker."""

    async def make(names: Sequence[str], partitions: int = 8, **configs: str) -> None:
        await create_topics(kafka, names, partitions, configs)

    return make


async def create_topics(
    bootstrap: str, names: Sequence[str], partitions: int = 8, configs: dict[str, str] | None = None
) -> None:
    """Make topics whose records carry the broker's append time, one replica each, and wait until they are known."""
    await make_topics(bootstrap, names, partitions, {**TOPIC_SETTINGS, **(configs or {})})


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
