"""The command `waybond restored`: fences off what ran before tables were restored, and says what is applied again."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from waybond_local import provision, state
from waybond_local.invariants import load
from waybond_local.invariants.flow import Log, Place
from waybond_local.state import SERVICES

EPOCHS = 1_000_000
"""How far epochs are raised: more takeovers than there can have been since the backup."""

console = Console(highlight=False)

Data = Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")]
AdminDsn = Annotated[
    str | None,
    typer.Option("--dsn", envvar="WAYBOND_POSTGRES", help="An administrator's DSN (else the running stack's)."),
]
Kafka = Annotated[
    str | None, typer.Option("--kafka", envvar="WAYBOND_KAFKA", help="Brokers (else the running stack's).")
]


class RestoreError(RuntimeError):
    """A service still runs on the tables."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a service finds on one topic, over all shards."""

    service: str
    topic: str
    again: int
    """Records that it applies again."""
    lost: int
    """Records that it had not applied by then and that the log does not hold any more."""
    beyond: int
    """Partitions that end before what the tables say was applied: the topic is another one."""


def register(app: typer.Typer) -> None:
    """Add the command to `waybond`."""
    app.command(epilog="Example: [bold]waybond restored --dsn postgresql://admin@db.example.com/postgres[/bold]")(
        restored
    )


def restored(data: Data = None, dsn: AdminDsn = None, kafka: Kafka = None) -> None:
    """Run this once the services' tables were restored from a backup, before the services start again.

    It raises every shard's epoch, so that a process from before (a paused one, on another host) cannot write: the
    epochs of the backup have been there before. Then it says how many records each service applies again.

    Exit code 1: records that were not applied are gone, or a topic is not the one that was read.
    """
    admin_dsn = provision.with_database(dsn or state.serving(data).admin_dsn, provision.DATABASE)
    found = asyncio.run(fence(admin_dsn, kafka or state.serving(data).kafka))
    table = Table("service", "topic", "applied again", "lost", title="Restored", title_justify="left")
    for each in found:
        lost = "another topic" if each.beyond else f"{each.lost:,}"
        table.add_row(each.service, each.topic, f"{each.again:,}", lost)
    console.print(table)
    if any(each.lost or each.beyond for each in found):
        console.print("The shards' epochs are raised. Records are gone: go on with docs/runbooks/topic-recreated.md.")
        raise typer.Exit(1)
    console.print("The shards' epochs are raised. Start the services.")


async def fence(dsn: str, kafka: str) -> list[Ahead]:
    """Raise the epochs in one transaction, and compare the offsets in the tables with the broker's.

    Raises:
        RestoreError: a service has connections; then nothing is changed.
    """
    connection = await asyncpg.connect(dsn)
    try:
        names = [f"waybond-{service}" for service in SERVICES]
        running = await connection.fetch(
            "SELECT application_name, count(*) FROM pg_stat_activity WHERE application_name = ANY($1) GROUP BY 1", names
        )
        if running:
            raise RestoreError(f"{', '.join(row['application_name'] for row in running)}: stop it first")
        services = await load.present(connection)
        async with connection.transaction():
            for service in services:
                await connection.execute(f"UPDATE {service}.shard SET epoch = epoch + $1, owner = ''", EPOCHS)  # noqa: S608  # our own schemas
        partitions = await connection.fetchval("SELECT count(*) FROM claims.shard")
        reached = await load.next_offsets(connection, services)
    finally:
        await connection.close()
    return compared(reached, await load.logs(kafka, partitions, services=services))


def compared(reached: dict[Place, int], logs: dict[Place, Log]) -> list[Ahead]:
    """The offsets in the tables against the broker's, by service and topic."""
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for place, log in logs.items():
        here = reached.get(place, log.start)
        sums[place.service, place.topic].update(
            again=max(0, log.end - max(here, log.start)), lost=max(0, log.start - here), beyond=int(here > log.end)
        )
    return [
        Ahead(service, topic, each["again"], each["lost"], each["beyond"]) for (service, topic), each in sums.items()
    ]
