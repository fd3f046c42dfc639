"""The commands `waybond referral assign|snooze|boost|note`: how a question is handled before somebody decides it."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from pydantic import ValidationError

from waybond_claims.desk.handling import MAX_SNOOZE
from waybond_claims.service.desk.models import ShownFile
from waybond_contracts import commands
from waybond_contracts.commands import ReferralCommand
from waybond_contracts.errors import contract_error
from waybond_local import person, state
from waybond_local.referrals import Folder, Referral, ReferralError, app, console, found, publish

MAX_DAYS = MAX_SNOOZE.days


@app.command(epilog="Example: [bold]waybond referral assign 8b4e9678 adjuster-7[/bold]")
def assign(
    referral: Referral,
    assignee: Annotated[str, typer.Argument(help="Who is to answer, a pseudonymous id; empty: nobody any more.")],
    *,
    data: Folder = None,
) -> None:
    """Say who is to answer a question."""
    _handle(referral, data, commands.AssignReferral, assignee=assignee)
    console.print(f"{assignee or 'Nobody'} is to answer it.", markup=False)


@app.command(epilog="Example: [bold]waybond referral snooze 8b4e9678 --days 3[/bold]")
def snooze(
    referral: Referral,
    *,
    days: Annotated[int, typer.Option(min=0, max=MAX_DAYS, help="For how long; 0: look at it again.")] = 1,
    data: Folder = None,
) -> None:
    """Say that a question need not be looked at for some days. Its deadline stays."""
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    _handle(referral, data, commands.SnoozeReferral, until=until)
    console.print(f"It can wait until {until:%Y-%m-%d %H:%M} UTC." if until is not None else "It is to be looked at.")


@app.command(epilog="Example: [bold]waybond referral boost 8b4e9678[/bold]")
def boost(
    referral: Referral,
    *,
    off: Annotated[bool, typer.Option("--off", help="No longer.")] = False,
    data: Folder = None,
) -> None:
    """Say that a question is to be looked at ahead of others."""
    _handle(referral, data, commands.BoostReferral, boosted=not off)
    console.print("It stands in its turn again." if off else "It comes first.")


@app.command(epilog='Example: [bold]waybond referral note 8b4e9678 "the carrier has no photo"[/bold]')
def note(
    referral: Referral,
    text: Annotated[str, typer.Argument(help="What was found out; nothing that names a person.")],
    *,
    data: Folder = None,
) -> None:
    """Write down what was found out about a question."""
    _handle(referral, data, commands.NoteReferral, note=text)
    console.print("It is noted.")


def _handle(referral: str, data: Folder, kind: type[ReferralCommand], **said: object) -> None:
    stack = state.serving(data)
    if stack.replay:
        raise ReferralError("the stack replays history: there a question is decided, and not handled")
    command = handled(asyncio.run(found(stack, referral)), kind, datetime.now(UTC), **said)
    asyncio.run(publish(stack, command))


def handled(file: ShownFile, kind: type[ReferralCommand], now: datetime, **said: object) -> ReferralCommand:
    """What is said about the question, as a command. Raises ContractError naming the field."""
    tenant, platform, order_id = file.case.order.split("/", 2)
    try:
        return kind.model_validate(
            {
                "tenant": tenant,
                "platform": platform,
                "order_id": order_id,
                "occurred_at": now,
                "command_id": str(uuid.uuid4()),
                "claim_id": file.case.claim_id,
                "referral_id": file.referral_id,
                "by": person.name(),
            }
            | said
        )
    except ValidationError as error:
        raise contract_error(error) from None
