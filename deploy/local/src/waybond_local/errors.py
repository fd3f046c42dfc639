"""Errors that a user of the command can do something about: shown as a message, not as a traceback."""

from __future__ import annotations

import asyncpg
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.markup import escape

from waybond_contracts.errors import ContractError
from waybond_kit.database import MigrationError
from waybond_local.demo.scene import SceneError
from waybond_local.history.table import HistoryError
from waybond_local.jars import JarError
from waybond_local.orders_cli import OrderError
from waybond_local.processes import ProcessError
from waybond_local.provision import ProvisionError
from waybond_local.quarantine_cli import QuarantineError
from waybond_local.referrals import ReferralError
from waybond_local.replay.driver import ReplayError
from waybond_local.restored import RestoreError
from waybond_local.state import AlreadyRunningError, NotRunningError

UNREACHABLE = (
    OSError,
    KafkaError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""A server, or a file, that cannot be had: down, restarting, another address, another password."""

EXPECTED = (
    *UNREACHABLE,
    AlreadyRunningError,
    ContractError,
    HistoryError,
    JarError,
    MigrationError,
    NotRunningError,
    OrderError,
    ProcessError,
    ProvisionError,
    QuarantineError,
    ReferralError,
    ReplayError,
    RestoreError,
    SceneError,
)


def show_error(error: Exception) -> bool:
    """Print an expected error to stderr; False if it is none of those."""
    if not isinstance(error, EXPECTED):
        return False
    Console(stderr=True, highlight=False).print(f"[red]Error:[/red] {escape(str(error))}", soft_wrap=True)
    return True
