"""The commands `waybond referral list|show|decide`: what waits for a person, and what the person decides.

How a question is handled meanwhile is in referral_handling.py.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from aiokafka import AIOKafkaProducer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from waybond_claims.desk.kinds import TAKES_AMOUNT, Role
from waybond_claims.service.cases import find, question
from waybond_claims.service.desk import listing, models
from waybond_claims.service.desk.listing import MAX_PAGE, ListQuery, Page, Sort
from waybond_claims.service.desk.models import ShownFile, ShownQuestion
from waybond_claims.service.shown import ShownCase, ShownReferral
from waybond_contracts.claims import ReferralReason
from waybond_contracts.commands import DecideReferral, DecisionReason, ReferralCommand
from waybond_contracts.errors import contract_error
from waybond_contracts.money import Money
from waybond_contracts.publishing import Message, message
from waybond_local import person, state
from waybond_local.orders_cli import explained
from waybond_local.state import StackState

SOURCE = "/waybond/operator"
_OUTSTANDING = frozenset({ReferralReason.RECOVERY, ReferralReason.PAYER_SILENT, ReferralReason.REFUND_FAILED})
"""Questions about an amount: an answer is about all of it, or a part."""

app = typer.Typer(
    name="referral",
    help="What waits for a person: see it, handle it, decide it.",
    no_args_is_help=True,
    epilog="Example: [bold]waybond referral list[/bold]",
)
console = Console(highlight=False)

Folder = Annotated[Path | None, typer.Option("--data", help="The running stack's folder.")]
Referral = Annotated[str, typer.Argument(help="The referral's id, or its beginning, as `list` shows it.")]


class ReferralError(RuntimeError):
    """A referral that is not there, or an answer that it does not take."""


@app.command("list", epilog="Example: [bold]waybond referral list --role lead --overdue[/bold]")
def list_(
    *,
    reason: Annotated[ReferralReason | None, typer.Option(help="Why a person is needed.")] = None,
    role: Annotated[Role | None, typer.Option(help="Who is asked.")] = None,
    assignee: Annotated[str | None, typer.Option(help="Who is to answer; empty: nobody yet.")] = None,
    platform: Annotated[str | None, typer.Option(help="Where the order was placed.")] = None,
    currency: Annotated[str | None, typer.Option(help="Of what is at stake.")] = None,
    overdue: Annotated[bool | None, typer.Option(help="Whether the deadline has passed.")] = None,
    snoozed: Annotated[bool, typer.Option("--snoozed", help="What can wait for now, instead of the rest.")] = False,
    sort: Annotated[Sort, typer.Option(help="In which order.")] = Sort.DEADLINE,
    data: Folder = None,
) -> None:
    """List what waits for a person, what is to be answered first at the top."""
    given = {
        **{"reason": reason, "role": role.value if role is not None else None, "assignee": assignee},
        **{"platform": platform, "currency": currency, "overdue": overdue, "snoozed": snoozed},
    }
    try:
        query = ListQuery(**given, sort=sort, limit=MAX_PAGE)
    except ValidationError as error:
        raise contract_error(error) from None
    page = asyncio.run(_page(state.serving(data), query))
    if not page.questions:
        console.print("Nothing waits for a person.")
        return
    table = Table("referral", "order", "since", "for", "by", "reason", "amount", "question", "choices", "desk")
    for row in map(models.shown_question, page.questions):
        table.add_row(
            row.referral_id[:8],
            escape(f"{row.tenant}/{row.platform}/{row.order_id}"),
            f"{row.opened_at:%Y-%m-%d %H:%M}",
            row.role,
            f"{row.answer_by:%Y-%m-%d %H:%M}" if row.answer_by is not None else "",
            row.reason,
            str(row.amount or ""),
            escape(row.question),
            ", ".join(row.choices),
            escape("; ".join(_desk(row))),
        )
    console.print(table)
    if page.next is not None:
        console.print(f"The first {MAX_PAGE} are listed; there are more. The options say which ones you want.")


def _desk(row: ShownQuestion) -> Iterator[str]:
    """What people did about a question so far, and what its file speaks for."""
    if row.boosted:
        yield "boosted"
    if row.assignee:
        yield f"for {row.assignee}"
    if row.snoozed_until is not None:
        yield f"snoozed until {row.snoozed_until:%Y-%m-%d %H:%M}"
    if row.notes:
        yield f"notes: {row.notes}"
    if row.suggestion:
        yield f"{row.suggestion}? {row.why}"


@app.command(epilog="Example: [bold]waybond referral show 8b4e9678[/bold]")
def show(referral: Referral, data: Folder = None) -> None:
    """Show a referral with its case and why it stands as it does."""
    file = asyncio.run(found(state.serving(data), referral))
    case, row = file.case, file.waiting
    table = Table(show_header=False, title=f"referral {file.referral_id}", title_justify="left")
    for name, value in (
        ("order", case.order),
        ("case version", str(file.case_version)),
        ("for", row.role if row is not None else ""),
        ("question", file.question),
        ("choices", ", ".join(file.choices)),
        ("amount", str(row.amount or "") if row is not None else ""),
        ("refund", _referral(file).refund_id or ""),
        ("owed in all", str(case.owed or "")),
        ("settled", str(case.settled or "")),
        ("on its way", str(case.in_flight or "")),
        ("desk", "; ".join(_desk(row)) if row is not None else ""),
        *((f"note of {note.by}", note.note) for note in file.notes),
    ):
        table.add_row(name, escape(value))
    console.print(table)
    if case.explanation is not None:
        for part in explained(case.explanation):
            console.print(part)
    console.print(
        f"Decide it: [bold]waybond referral decide {file.referral_id[:8]} CHOICE --version {file.case_version}[/bold]"
    )


@app.command(epilog='Example: [bold]waybond referral decide 8b4e9678 keep_waiting --version 4 --note "called"[/bold]')
def decide(
    referral: Referral,
    choice: Annotated[str, typer.Argument(help="One of the referral's choices.")],
    *,
    version: Annotated[int, typer.Option(min=1, help="The case version that `show` showed: a later one refuses.")],
    amount: Annotated[str | None, typer.Option(help='How much, where that is asked, as in "12.50".')] = None,
    note: Annotated[str, typer.Option(help="Why; kept with the decision.")] = "",
    role: Annotated[
        str, typer.Option(help="As which role: adjuster, payments or lead; by default as such questions are put to.")
    ] = "",
    reason: Annotated[DecisionReason | None, typer.Option(help="Why, in a word.")] = None,
    data: Folder = None,
) -> None:
    """Decide a referral: publishes DecideReferral, which claims applies in its turn."""
    stack = state.serving(data)
    file = asyncio.run(found(stack, referral))
    said = {"amount": amount, "note": note, "role": role, "reason": reason}
    command = command_for(file.case, _referral(file), choice, version, **said, now=datetime.now(UTC))
    asyncio.run(publish(stack, command))
    console.print(
        "DecideReferral is on claim-commands. [bold]waybond referral list[/bold] shows the question again if the case "
        "had changed meanwhile, or if so much is for a lead to decide: then it is proposed, and another person decides."
    )


def command_for(
    case: ShownCase,
    asked: ShownReferral,
    choice: str,
    version: int,
    *,
    amount: str | None = None,
    note: str = "",
    role: str = "",
    reason: DecisionReason | None = None,
    now: datetime,
) -> DecideReferral:
    """The decision as a command. Raises ReferralError for an answer that would be refused anyway, and ContractError
    for an amount that is none and a note that is too long."""
    if role and role not in tuple(Role):
        raise ReferralError(f"expected a role of {', '.join(Role)}, got {role!r}")
    if choice not in asked.choices:
        raise ReferralError(f"expected one of {', '.join(asked.choices)}, got {choice!r}")
    if version != case.version:
        raise ReferralError(f"the case is at version {case.version} now, not {version}: look at it again")
    if amount is not None and choice not in TAKES_AMOUNT:
        raise ReferralError(f"expected no amount with {choice}: it is about all of it")
    if amount is not None and case.paid is None:
        raise ReferralError("the order is not known yet, so that an amount has no currency")
    if amount is not None and asked.reason == ReferralReason.PAYOUT_CEILING:
        raise ReferralError("expected no amount: all of it is paid now, or waits")
    much = Money.parse(amount, case.paid.currency) if amount is not None and case.paid is not None else None
    if much is None and choice == "pay" and asked.needs_amount:
        raise ReferralError("expected --amount with pay: how much is due does not follow from what is known")
    if much is not None and much.minor < 1:
        raise ReferralError(f"expected an amount above zero, got {much}")
    outstanding = asked.amount if asked.reason in _OUTSTANDING else None
    if much is not None and outstanding is not None and much.minor > outstanding.minor:
        raise ReferralError(f"expected an amount of at most {outstanding}, which is outstanding, got {much}")
    tenant, platform, order_id = case.order.split("/", 2)
    try:
        return DecideReferral(
            tenant=tenant,
            platform=platform,
            order_id=order_id,
            occurred_at=now,
            command_id=str(uuid.uuid4()),
            claim_id=case.claim_id,
            case_version=version,
            by=person.name(),
            referral_id=asked.referral_id,
            choice=choice,
            amount=much,
            note=note,
            role=role,
            reason_code=reason,
        )
    except ValidationError as error:
        raise contract_error(error) from None


def _referral(file: ShownFile) -> ShownReferral:
    return next(each for each in file.case.referrals if each.referral_id == file.referral_id)


async def _page(stack: StackState, query: ListQuery) -> Page:
    async with _claims(stack) as connection:
        return await listing.page(connection, query, None, datetime.now(UTC))


async def found(stack: StackState, prefix: str) -> ShownFile:
    """The open question whose id begins so. Raises ReferralError unless it is one."""
    async with _claims(stack) as connection:
        rows = await listing.beginning(connection, prefix, MAX_PAGE)
        if len(rows) != 1:
            many = f"{len(rows)} open referrals begin with {prefix!r}"
            raise ReferralError(f"{many}, one was expected; `waybond referral list` shows them")
        stored = await find(connection, rows[0].order_key)
        asked = question(stored.case, rows[0].referral_id) if stored is not None else None
        if stored is None or asked is None:
            raise ReferralError(f"the case of {rows[0].order_key} has ended meanwhile")
        return models.shown_file(stored, asked)


@asynccontextmanager
async def _claims(stack: StackState) -> AsyncIterator[asyncpg.Connection]:
    """Claims' own schema, as its own role."""
    connection = await asyncpg.connect(stack.dsns["claims"], server_settings={"search_path": "claims"})
    try:
        yield connection
    finally:
        await connection.close()


async def publish(stack: StackState, command: DecideReferral | ReferralCommand) -> None:
    """Put the command on its topic; returns once it is there."""
    known_at = None
    if stack.replay:  # there, time is what the records say
        async with _claims(stack) as connection:
            stored = await find(connection, command.order_key)
            shard = stored.shard if stored is not None else 0
            known_at = await connection.fetchval("SELECT watermark FROM shard WHERE shard = $1", shard)
    made: Message = message(command, source=SOURCE, event_id=command.command_id, knownat=known_at)
    async with AIOKafkaProducer(bootstrap_servers=stack.kafka, acks="all", enable_idempotence=True) as producer:
        await producer.send_and_wait(made.topic, key=made.key, value=made.value, headers=made.headers)
