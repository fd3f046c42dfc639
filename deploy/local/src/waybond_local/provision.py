"""Prepare Kafka and PostgreSQL for the services: topics, one database, and a schema and a role for each service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import stamina
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

DATABASE = "waybond"
TOPIC_SETTINGS = MappingProxyType({"message.timestamp.type": "LogAppendTime", "retention.ms": "-1"})
_KNOWN_SECONDS = 30.0
_TOPIC_EXISTS = 36


class ProvisionError(RuntimeError):
    """Kafka or PostgreSQL refused something, or holds something that does not fit."""


class _NotYetKnownError(ProvisionError):
    """The broker has not heard of a topic that was made a moment ago."""


async def make_topics(
    bootstrap: str, names: Sequence[str], partitions: int, settings: Mapping[str, str] = TOPIC_SETTINGS
) -> None:
    """Make the topics that are missing; partition n of each is shard n, so all must have the same number.

    Returns when the broker knows all of them: what is created is not known everywhere at once.

    Raises:
        ProvisionError: a topic exists with another number of partitions, or was refused.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topics = [NewTopic(name, partitions, 1, topic_configs=dict(settings)) for name in names]
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
    """Make the database, and for each service a schema of its name and a role `<database>_<service>` that may use it.

    Args:
        passwords: the password of each service's role; it is set anew where the role exists.

    Returns:
        The DSN of each service.
    """
    server = await asyncpg.connect(admin_dsn)
    try:
        if not await server.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
            await server.execute(f'CREATE DATABASE "{name}"')
    finally:
        await server.close()
    database_dsn = with_database(admin_dsn, name)
    database = await asyncpg.connect(database_dsn)
    try:
        await database.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC')
        for service, password in passwords.items():
            await _make_schema(database, name, service, password)
    finally:
        await database.close()
    return {service: with_user(database_dsn, f"{name}_{service}", password) for service, password in passwords.items()}


async def _make_schema(database: asyncpg.Connection, name: str, service: str, password: str) -> None:
    role = f"{name}_{service}"
    known = await database.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role)
    # Neither CREATE ROLE nor ALTER ROLE takes parameters: the server quotes the values itself.
    statement = await database.fetchval(
        "SELECT format('%s ROLE %I LOGIN PASSWORD %L', $1::text, $2::text, $3::text)",
        "ALTER" if known else "CREATE",
        role,
        password,
    )
    await database.execute(str(statement))
    await database.execute(
        f'GRANT CONNECT ON DATABASE "{name}" TO "{role}";'
        f'CREATE SCHEMA IF NOT EXISTS "{service}";'
        f'GRANT USAGE ON SCHEMA "{service}" TO "{role}";'
        f'ALTER ROLE "{role}" IN DATABASE "{name}" SET search_path TO "{service}"'
    )


def with_database(dsn: str, database: str) -> str:
    """The same server and user, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


def with_user(dsn: str, user: str, password: str) -> str:
    """The same server and database, another user."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"))
