"""The command `waybond migrate`: brings the tables of all services up to what this code knows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from waybond_local import provision, state
from waybond_local.stack import MODULES

Data = Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")]
AdminDsn = Annotated[
    str | None,
    typer.Option("--dsn", envvar="WAYBOND_POSTGRES", help="An administrator's DSN (else the running stack's)."),
]


def register(app: typer.Typer) -> None:
    """Add the command to `waybond`."""
    app.command(epilog="Example: [bold]waybond migrate --dsn postgresql://admin@db.example.com/postgres[/bold]")(
        migrate
    )


def migrate(data: Data = None, dsn: AdminDsn = None) -> None:
    """Apply the migrations that the services' schemas lack.

    `waybond up` does it too. A service that lacks one refuses to start.
    """
    admin_dsn = dsn or state.serving(data).admin_dsn
    asyncio.run(provision.migrate(provision.with_database(admin_dsn, provision.DATABASE), MODULES))
    Console(highlight=False).print(f"The schemas are up to date: {', '.join(MODULES)}.")
