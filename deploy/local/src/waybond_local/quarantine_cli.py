"""The commands `waybond quarantine list|show|release|discard`: what could not be applied, and what becomes of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

import asyncpg
import typer
from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from waybond_contracts.commands import DiscardHeld, HeldCommand, ReleaseHeld
from waybond_contracts.envelope import Envelope
from waybond_contracts.fields import MAX_TEXT_CHARACTERS
from waybond_kit.outbox import unpack_headers
from waybond_local import person, state
from waybond_local.state import SERVICES, StackState
from waybond_local.terminal import plain

MAX_LISTED = 200
MAX_SHOWN_BYTES = 4_000
MAX_SHARD, MAX_OFFSET = 2**31 - 1, 2**63 - 1
"""What the table's columns hold."""

_FIRST = """
(SELECT concat_ws('/', $3::text, topic, shard, record_offset) FROM quarantine AS line
 WHERE line.shard = mine.shard AND line.order_key = mine.order_key AND line.aggregate_id IS NOT NULL
   AND line.released_at IS NULL ORDER BY line.batch_seq, line.ordinal LIMIT 1) AS first_in_line
"""
"""The record that holds an order, as an operator calls it, beside a row `mine` of that order; $3 is the service."""

app = typer.Typer(
    name="quarantine",
    help="What could not be applied: see it, try it again, or leave it out.",
    no_args_is_help=True,
    epilog="Example: [bold]waybond quarantine list[/bold]",
)
console = Console(highlight=False)

Folder = Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")]
Name = Annotated[str, typer.Argument(help="SERVICE/TOPIC/SHARD/OFFSET, as `list` shows it.")]
Note = Annotated[str, typer.Option(help="Why; kept with the decision.")]


class QuarantineError(RuntimeError):
    """A record that is not there, or about which nothing can be decided."""


@dataclass(frozen=True, slots=True)
class Address:
    """Which record: of a service's quarantine, on a topic's partition (which is the shard), at an offset."""

    service: str
    topic: str
    shard: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "claims/delays/3/1042". Raises QuarantineError."""
        parts = text.split("/")
        if len(parts) != 4 or parts[0] not in SERVICES or not all(part.isdecimal() for part in parts[2:]):
            raise QuarantineError(
                f"expected SERVICE/TOPIC/SHARD/OFFSET with a service of {', '.join(SERVICES)}, got {text!r}"
            )
        found = cls(parts[0], parts[1], int(parts[2]), int(parts[3]))
        if found.shard > MAX_SHARD or found.offset > MAX_OFFSET:
            raise QuarantineError(f"expected a shard up to {MAX_SHARD} and an offset up to {MAX_OFFSET}, got {text!r}")
        return found

    def __str__(self) -> str:
        return f"{self.service}/{self.topic}/{self.shard}/{self.offset}"


@app.command("list", epilog="Example: [bold]waybond quarantine list --all[/bold]")
def list_(
    data: Folder = None, all_: Annotated[bool, typer.Option("--all", help="Also what was decided.")] = False
) -> None:
    """List what is in quarantine, the orders that are held first."""
    found, in_all = asyncio.run(_listed(state.serving(data), all_))
    if not found:
        console.print("Nothing is in quarantine.")
        return
    table = Table("record", "order", "state", "reason", "what is wrong", "known at")
    for service, row in found:
        address = Address(service, row["topic"], row["shard"], row["record_offset"])
        wrong = escape(plain(f"{row['field']}: {row['detail']}"))
        known = f"{row['known_at']:%Y-%m-%d %H:%M}"
        table.add_row(
            str(address), escape(row["order_key"] or ""), condition(address, row), row["reason"], wrong, known
        )
    console.print(table)
    if in_all > len(found):
        console.print(f"and {in_all - len(found):,} more; those that hold their order come first")


@app.command(epilog="Example: [bold]waybond quarantine show tracking/shipments/3/17[/bold]")
def show(name: Name, data: Folder = None) -> None:
    """Show a record with its bytes; what is not printable is escaped."""
    address = Address.parse(name)
    row = asyncio.run(_found(state.serving(data), address))
    table = Table(show_header=False, title=name, title_justify="left")
    for field in ("order_key", "reason", "field", "detail", "known_at", "outcome", "released_at"):
        table.add_row(field, escape(plain(str(row[field] if row[field] is not None else ""))))
    table.add_row("state", condition(address, row))
    table.add_row("key", escape(shown(row["key"])))
    for header, value in unpack_headers(row["headers"]) if row["headers"] else ():
        table.add_row(f"header {escape(plain(header))}", escape(shown(value)))
    table.add_row("value", escape(shown(row["value"])))
    console.print(table)


@app.command(epilog='Example: [bold]waybond quarantine release claims/delays/3/17 --note "mended in 1.2"[/bold]')
def release(name: Name, note: Note = "", data: Folder = None) -> None:
    """Try a record again, then what waits behind it, up to 1,000 records; if more wait, release the first of them."""
    _decide(ReleaseHeld, name, note, data)


@app.command(epilog='Example: [bold]waybond quarantine discard claims/delays/3/17 --note "a test order"[/bold]')
def discard(name: Name, note: Note = "", data: Folder = None) -> None:
    """Leave a record out, then go on with what waits behind it."""
    _decide(DiscardHeld, name, note, data)


def _decide(kind: type[HeldCommand], name: str, note: str, data: Path | None) -> None:
    stack, address = state.serving(data), Address.parse(name)
    row = asyncio.run(_found(stack, address))
    expect_undecided(kind, address, row)
    command = command_for(kind, address, row["order_key"], note, datetime.now(UTC))
    asyncio.run(_published(stack, command, address))
    console.print(
        f"{kind.__name__} is on operator-commands. [bold]waybond quarantine list[/bold] shows what became of it."
    )


def expect_undecided(kind: type[HeldCommand], address: Address, row: Mapping[str, Any]) -> None:
    """Raise QuarantineError where the service would leave the command aside: it was decided on, or another is first."""
    if row["released_at"] is not None:
        raise QuarantineError(f"{address} was {row['outcome']} on {row['released_at']:%Y-%m-%d %H:%M} already")
    behind = row["first_in_line"] is not None and row["first_in_line"] != str(address)
    if behind and (row["aggregate_id"] is not None or kind is ReleaseHeld):
        raise QuarantineError(
            f"{address} comes behind {row['first_in_line']}, which holds its order: decide that first"
        )


def command_for(
    kind: type[HeldCommand], address: Address, order_key: str | None, note: str, now: datetime
) -> HeldCommand:
    """The command about a record. Raises QuarantineError if its key names no order: then it holds none, and stays."""
    if order_key is None:
        raise QuarantineError(f"{address} names no order: it holds up nothing, and is kept as it is")
    if len(note) > MAX_TEXT_CHARACTERS:
        raise QuarantineError(f"expected a note of at most {MAX_TEXT_CHARACTERS} characters, got {len(note)}")
    tenant, platform, order_id = order_key.split("/")
    return kind(
        tenant=tenant,
        platform=platform,
        order_id=order_id,
        occurred_at=now,
        command_id=str(uuid.uuid4()),
        service=address.service,  # pyright: ignore[reportArgumentType] - Address.parse has checked it
        topic_name=address.topic,
        record_offset=address.offset,
        by=person.name(),
        note=note,
    )


def shown(value: bytes | None) -> str:
    """Bytes as text on one terminal: printable ASCII as it is, the rest escaped, cut after MAX_SHOWN_BYTES."""
    if value is None:
        return "(none)"
    text = value[:MAX_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return plain(text) + (f" … {len(value)} bytes in all" if len(value) > MAX_SHOWN_BYTES else "")


def condition(address: Address, row: Mapping[str, Any]) -> str:
    """What a record does: whichever is the first in its order's line holds it, also one that came as it was held."""
    if row["released_at"] is not None:
        return row["outcome"]
    if row["aggregate_id"] is None:
        return "kept"
    return "[red]holds its order[/red]" if row["first_in_line"] == str(address) else "waits"


async def _listed(stack: StackState, settled: bool) -> tuple[list[tuple[str, Any]], int]:
    """The first MAX_LISTED records of all services with their service, and how many there are in all."""
    found: list[tuple[str, Any]] = []
    in_all = 0
    for service in stack.services:
        rows = await _rows(
            stack,
            service,
            f"SELECT mine.*, {_FIRST} FROM (SELECT shard, topic, record_offset, order_key, aggregate_id, reason, "  # noqa: S608 - our own text
            "field, detail, known_at, released_at, outcome, count(*) OVER () AS in_all FROM quarantine "
            "WHERE $1 OR released_at IS NULL "
            "ORDER BY aggregate_id IS NULL, released_at NULLS FIRST, shard, batch_seq, ordinal LIMIT $2) AS mine",
            settled,
            MAX_LISTED,
            service,
        )
        found += [(service, row) for row in rows]
        in_all += rows[0]["in_all"] if rows else 0
    return first_held(found)[:MAX_LISTED], in_all


def first_held(found: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Records of all services, those first that stand in the line of a held order."""
    return sorted(found, key=lambda each: (each[1]["aggregate_id"] is None, each[1]["released_at"] is not None))


async def _found(stack: StackState, address: Address) -> Any:
    rows = await _rows(
        stack,
        address.service,
        f"SELECT *, {_FIRST} FROM quarantine AS mine WHERE shard = $1 AND topic = $2 AND record_offset = $4 "  # noqa: S608 - our own text
        "ORDER BY batch_seq DESC LIMIT 1",
        address.shard,
        address.topic,
        address.service,
        address.offset,
    )
    if not rows:
        raise QuarantineError(f"{address} is not in quarantine; `waybond quarantine list --all` shows what is")
    return rows[0]


async def _rows(stack: StackState, service: str, query: str, *arguments: object) -> Sequence[Any]:
    """Read as the service's own role, which sees its own schema alone. Raises QuarantineError where it does not run."""
    if service not in stack.dsns:
        raise QuarantineError(f"expected one of {', '.join(stack.services)}, which run here, got {service}")
    connection = await asyncpg.connect(stack.dsns[service], server_settings={"search_path": service})
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()


async def _published(stack: StackState, command: HeldCommand, address: Address) -> None:
    known_at = None
    if stack.replay:  # there, time is what the records say
        rows = await _rows(stack, address.service, "SELECT watermark FROM shard WHERE shard = $1", address.shard)
        known_at = rows[0]["watermark"] if rows else None
    envelope = Envelope(
        id=command.command_id,
        type=command.event_type,
        source="/waybond/operator",
        time=command.occurred_at,
        subject=command.order_key,
        partitionkey=command.order_key,
        knownat=known_at,
    )
    async with AIOKafkaProducer(bootstrap_servers=stack.kafka, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(
            command.topic,
            key=command.order_key.encode(),
            value=command.model_dump_json().encode(),
            headers=envelope.headers(),
        )
