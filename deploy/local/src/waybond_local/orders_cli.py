"""The commands `waybond order show|explain`: what happened to one order, and why it was decided as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from waybond_contracts.claims import ClaimApproved, ClaimDenied, ClaimReopened, RecoveryOpened
from waybond_contracts.errors import ContractError
from waybond_contracts.explanation import Explanation, Finding
from waybond_contracts.recompute import recompute
from waybond_contracts.rows import PaidRow
from waybond_contracts.topics import TOPICS
from waybond_kit.keys import partition_of, read_key
from waybond_local import state
from waybond_local.demo.narrate import Narrator
from waybond_local.demo.record import Reader, Record
from waybond_local.demo.tell import in_order
from waybond_local.demo.tell import show as show_line
from waybond_local.state import StackState

app = typer.Typer(
    name="order",
    help="One order: what happened to it, and why it was decided as it was.",
    no_args_is_help=True,
    epilog="Example: [bold]waybond order show demo/shop/BR-1001[/bold]",
)
console = Console(highlight=False)

Folder = Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")]
Order = Annotated[str, typer.Argument(help="TENANT/PLATFORM/ORDER_ID")]


Decision = ClaimApproved | ClaimDenied | ClaimReopened | RecoveryOpened


class OrderError(RuntimeError):
    """An order that nobody has spoken of, or a name that is none."""


@app.command(epilog="Example: [bold]waybond order show demo/shop/BR-1001[/bold]")
def show(order: Order, data: Folder = None) -> None:
    """Tell everything that the topics say about an order, in the order in which it became known."""
    narrator = Narrator()
    for record in in_order(asyncio.run(_records(state.serving(data), order))):
        line = narrator.line(record)
        if line is not None:
            show_line(line, console)


@app.command(epilog="Example: [bold]waybond order explain demo/shop/BR-1001[/bold]")
def explain(order: Order, data: Folder = None) -> None:
    """Explain every decision on an order: clause by clause, with the clocks used and the amounts step by step."""
    decisions = [
        record.event
        for record in in_order(asyncio.run(_records(state.serving(data), order)))
        if isinstance(record.event, Decision)
    ]
    if not decisions:
        console.print("Nothing was decided on this order yet.")
    for event in decisions:
        console.rule(f"[bold]{headline(event)}[/bold]", align="left")
        for part in reasons(event):
            console.print(part)


def headline(event: Decision) -> str:
    """A decision in a line."""
    at = f"{event.occurred_at:%d %b %Y %H:%M} UTC"
    match event:
        case ClaimApproved():
            return f"{at}: {event.amount} now, {event.entitled} in all"
        case ClaimReopened():
            return f"{at}: {event.after} in all after {event.cause}, not {event.before}"
        case RecoveryOpened():
            return f"{at}: {event.amount} asked back from the {event.from_whom}, {event.reason.replace('_', ' ')}"
        case ClaimDenied():
            until = f", decided again on {event.eligible_at:%d %b %Y %H:%M} UTC" if event.eligible_at else ""
            return f"{at}: complaint {escape(event.dispute_id or '')} answered {event.reason.replace('_', ' ')}{until}"


def reasons(event: Decision) -> Iterator[RenderableType]:
    """Why it was decided so, and what is paid for which unit."""
    if event.explanation is not None:
        yield from explained(event.explanation)
    if isinstance(event, ClaimApproved) and event.rows:
        yield _paid_for(event.rows)


def explained(why: Explanation) -> Iterator[RenderableType]:
    """An explanation as tables: the clauses, then the amounts, then whether they can be derived again from it."""
    yield (
        f"{why.product} {why.product_version} (wording {why.wording_sha256[:12]}, policy version {why.policy_version}, "
        f"interpreter {why.interpreter})"
    )
    clauses = Table("clause", "package", "result", "because of", "clock", "benefit", box=None, pad_edge=False)
    for finding in why.findings:
        clauses.add_row(
            f"{finding.clause_id} {finding.peril}",
            escape(finding.package_id or ("remainder" if finding.remainder else "order")),
            f"[green]{finding.reason}[/green]" if finding.applies else finding.reason.replace("_", " "),
            escape(_because(finding)),
            _clock(finding),
            escape(_benefit(finding)),
        )
    yield clauses
    if why.others:
        yield f"{why.others} more did not change since the last approval: they are the step `others`"
    steps = Table("step", "what", "amount", "result", box=None, pad_edge=False)
    for step in why.steps:
        steps.add_row(step.kind, escape(step.what.replace("_", " ")), str(step.amount), str(step.result))
    yield steps
    derived = recompute(why) == (why.entitled, why.command)
    yield "derived again from this alone: " + ("[green]the same[/green]" if derived else "[red]another amount[/red]")


def _paid_for(rows: Sequence[PaidRow]) -> RenderableType:
    table = Table("paid for", "clause", "amount", box=None, pad_edge=False)
    for row in rows:
        table.add_row(
            escape(row.package_id or ("remainder" if row.remainder else "order")), row.clause_id, str(row.amount)
        )
    return table


def _because(finding: Finding) -> str:
    if finding.exclusion_id:
        return f"exclusion {finding.exclusion_id}"
    if finding.fact:
        at = f", {finding.fact_at:%d %b %Y %H:%M} UTC" if finding.fact_at else ""
        return f"{finding.fact}{at}"
    return f"not before {finding.eligible_at:%d %b %Y %H:%M} UTC" if finding.eligible_at else ""


def _clock(finding: Finding) -> str:
    clock = finding.clock
    if clock is None:
        return ""
    return f"{clock.clock} {clock.start:%d %b %Y %H:%M} → {clock.due:%d %b %Y %H:%M}"


def _benefit(finding: Finding) -> str:
    if finding.benefit is None:
        return ""
    given = f"{finding.share} of {finding.basis}" if finding.share is not None else f"{finding.fixed}"
    bounds = {
        "times": finding.periods,
        "at least": finding.at_least,
        "at most": finding.at_most,
        "less share": finding.deductible_share,
        "less": finding.deductible,
        "up to": finding.limit,
    }
    told = "".join(f", {word} {value}" for word, value in bounds.items() if value is not None)
    return f"{given}{told} = {finding.benefit}"


async def _records(stack: StackState, order: str) -> list[Record]:
    """Every event of the order, from its own partition of each topic. Raises OrderError."""
    try:
        key = read_key(order.encode())
    except ContractError as error:
        raise OrderError(str(error)) from None
    shard = partition_of(key.encode(), stack.partitions)
    async with AIOKafkaConsumer(bootstrap_servers=stack.kafka) as consumer:
        consumer.assign([TopicPartition(topic.name, shard) for topic in TOPICS])
        await consumer.seek_to_beginning()
        reader = Reader(consumer, replay=stack.replay)
        records = [record async for record in reader.read() if record.event.order_key == key]
    if not records:
        raise OrderError(f"no topic holds an event of {key}")
    return records
