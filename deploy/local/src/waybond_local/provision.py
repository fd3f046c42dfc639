"""Prepare Kafka and PostgreSQL for the services: topics, one database, and a schema and a role for each service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import stamina
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from waybond_kit import database

DATABASE = "waybond"
SANDBOX = "sandbox"
TOPIC_SETTINGS = MappingProxyType({"message.timestamp.type": "LogAppendTime", "retention.ms": "-1"})
_KNOWN_SECONDS = 120.0  # a busy broker takes up one topic after another
_TOPIC_EXISTS = 36


class ProvisionError(RuntimeError):
    """Kafka or PostgreSQL refused something, or holds something that does not fit."""


class _NotYetKnownError(ProvisionError):
    """The broker has not heard of a topic that was made a moment ago."""


async def make_topics(
    bootstrap: str,
    names: Sequence[str],
    partitions: int,
    settings: Mapping[str, str] = TOPIC_SETTINGS,
    *,
    replicas: int = 1,
) -> None:
    """Make the topics that are missing; partition n of each is shard n, so all must have the same number.

    Returns when the broker knows all of them: what is created is not known everywhere at once.

    Raises:
        ProvisionError: a topic exists with another number of partitions, or was refused.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topics = [NewTopic(name, partitions, replicas, topic_configs=dict(settings)) for name in names]
        answer = (await admin.create_topics(topics)).to_object()
        refused = [each for each in answer["topic_errors"] if each["error_code"] not in (0, _TOPIC_EXISTS)]
        if refused:
            raise ProvisionError(f"Kafka at {bootstrap} refused topics: {refused}")
        counts = await _partition_counts(admin, names)
    finally:
        await admin.close()
    others = {name: count for name, count in counts.items() if count != partitions}
    if others:
        raise ProvisionError(f"{partitions} partitions were asked for, but topics exist with others: {others}")


@stamina.retry(on=_NotYetKnownError, attempts=None, timeout=_KNOWN_SECONDS, wait_max=0.5)
async def _partition_counts(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    counts = {each["topic"]: len(each["partitions"]) for each in await admin.describe_topics(list(names))}
    unknown = [name for name in names if not counts.get(name)]
    if unknown:
        raise _NotYetKnownError(
            f"Kafka does not know these topics {_KNOWN_SECONDS:.0f} s after they were made: {unknown}"
        )
    return counts


async def make_database(admin_dsn: str, passwords: Mapping[str, str], name: str = DATABASE) -> dict[str, str]:
    """Make the database, and for each service its schema, its tables and its role `waybond_<service>`.

    Args:
        passwords: the password of each service's role; it is set anew where the role exists.

    Returns:
        The DSN of each service.

    Raises:
        MigrationError: the tables could not be made.
    """
    await _create_database(admin_dsn, name)
    dsn = with_database(admin_dsn, name)
    dsns = {service: await database.prepare(dsn, service, password) for service, password in passwords.items()}
    await migrate(dsn, passwords)
    return dsns


async def migrate(dsn: str, services: Iterable[str]) -> None:
    """Apply the migrations that the services' schemas lack, and let those roles read and write that may use a schema.

    Args:
        dsn: an administrator's, of Waybond's database.

    Raises:
        MigrationError: with what PostgreSQL said.
    """
    for service in services:
        await _execute(dsn, f'CREATE SCHEMA IF NOT EXISTS "{service}"')
        # The payment sandbox is none of our services: it keeps its own books, and nothing of the kit.
        await database.migrate(dsn, service, _migrations(service), own_only=service == SANDBOX)


def _migrations(service: str) -> Path | None:
    package = "waybond_local.sandbox" if service == SANDBOX else f"waybond_{service}"
    spec = find_spec(package)
    folder = Path(str(spec.origin)).with_name("sql") if spec else None
    return folder if folder and any(folder.glob("*.sql")) else None


async def _create_database(admin_dsn: str, name: str) -> None:
    with suppress(asyncpg.DuplicateDatabaseError):
        await _execute(admin_dsn, f'CREATE DATABASE "{name}"')


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def with_database(dsn: str, database: str) -> str:
    """The same server and user, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))
