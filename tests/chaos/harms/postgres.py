"""What can befall a database: restarts, cut connections, a statement that blocks, a disk that is full."""

from __future__ import annotations

import asyncio
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import asyncpg

from tests.chaos.harms.harm import Dose, Harm, UnableError
from tests.chaos.world import SERVICES, World

SHORTEST_SECONDS, LONGEST_SECONDS = 5.0, 40.0
BLOCKED_SECONDS = 20.0
SPARE_BYTES = 16 * 1024 * 1024
TABLES_ON_DISK = ("journal", "outbox")


async def restart(world: World, dose: Dose) -> None:
    """Immediate stop, as a crash of the server: the next start recovers from the log."""
    while True:
        await asyncio.to_thread(world.postgres.restart, immediate=True)
        dose.tally["database restarts"] += 1
        pause = dose.draw.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)
        if pause > dose.left_seconds:
            return
        await asyncio.sleep(pause)


async def cut(world: World, dose: Dose) -> None:
    """End every session but the one that does it."""
    while dose.left_seconds > 0:
        async with world.administrator() as connection:
            ended = await connection.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        dose.tally["connections cut"] += len(ended)
        await asyncio.sleep(dose.draw.uniform(0.5, 5))


async def block(world: World, dose: Dose) -> None:
    """One statement holds a table that every batch needs."""
    service, table = dose.draw.choice(SERVICES), dose.draw.choice(("shard", "aggregate", "outbox", "shard_input"))
    async with world.administrator() as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {service}.{table} IN ACCESS EXCLUSIVE MODE")
        dose.tally["tables blocked"] += 1
        await asyncio.sleep(min(BLOCKED_SECONDS, dose.seconds))


async def full(world: World, dose: Dose) -> None:
    """Tables that every batch writes lie on a small file system that somebody else fills."""
    mount = world.folder / "small-disk"
    async with world.administrator() as connection:
        statement = "SELECT sum(pg_total_relation_size(name))::bigint FROM unnest($1::text[]) AS name"
        taken: int = await connection.fetchval(statement, _on_disk()) or 0
    await asyncio.to_thread(_mount, mount, world.postgres.folder / "cluster", taken + SPARE_BYTES)
    try:
        async with world.administrator() as connection:
            await connection.execute(f"CREATE TABLESPACE small LOCATION '{mount / 'space'}'")
            await _move(connection, "small")
            await asyncio.to_thread(_fill, mount / "ballast")
            dose.tally["disk full"] += 1
            await asyncio.sleep(max(1.0, dose.left_seconds))
            (mount / "ballast").unlink()
            await _move(connection, "pg_default")
            await connection.execute("CHECKPOINT")
            await connection.execute("DROP TABLESPACE small")
    finally:  # a session may have files open there still, so it goes when the last one is closed
        await asyncio.to_thread(subprocess.run, ["umount", "--lazy", mount], check=True)
        mount.rmdir()


def _on_disk() -> list[str]:
    return [f"{service}.{table}" for service in SERVICES for table in TABLES_ON_DISK]


async def _move(connection: asyncpg.Connection, tablespace: str) -> None:
    for table in _on_disk():
        await connection.execute(f"ALTER TABLE {table} SET TABLESPACE {tablespace}")
        await connection.execute(f"ALTER INDEX {table}_pkey SET TABLESPACE {tablespace}")


def _mount(mount: Path, cluster: Path, size_bytes: int) -> None:
    """A file system of its own, in memory; raises UnableError where that takes rights that we have not."""
    if os.geteuid() != 0:
        raise UnableError("mounting a small file system needs root")
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", mount]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        mount.rmdir()
        raise UnableError(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    space, owner = mount / "space", cluster.stat()
    space.mkdir(mode=0o700)
    mount.chmod(0o711)
    os.chown(space, owner.st_uid, owner.st_gid)


def _fill(ballast: Path) -> None:
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(65_536))


HARMS = (
    Harm("postgres-restart", "immediate stop and restart every 5 to 40 s", restart),
    Harm("postgres-cut", "all connections cut, again and again", cut),
    Harm("postgres-block", "one statement blocks a table for 20 s", block),
    Harm("postgres-full", "the disk of the busiest tables is full", full),
)
