"""The command `python -m tests.chaos`: a campaign of harm against the real stack, with a report at the end."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import stamina
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.chaos.campaign import Audits, Rounds, check, suffer
from tests.chaos.harms import HARMS
from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.report import Campaign, show, write
from tests.chaos.world import Size, World, world

HOUR_MINUTES = 60.0
SECONDS_OF_HARM = 20.0
PATIENCE_SECONDS = 180.0
LEAST_AMOUNT = 0.02
REPORT = Path("build/chaos.json")

console = Console(width=None if sys.stdout.isatty() else 132, highlight=False)
app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@app.command(
    epilog="Examples: [bold]make chaos[/bold]   [bold]make chaos ARGS='--minutes 5 --seed 7 --only kill,zombie'[/bold]"
)
def main(  # noqa: PLR0917 - typer makes an option of each
    minutes: Annotated[float, typer.Option(min=0.1, help="How long new rounds are begun.")] = HOUR_MINUTES,
    seed: Annotated[int, typer.Option(help="What everything is drawn from.")] = 1,
    only: Annotated[str, typer.Option(help="These kinds alone, comma between; `list` shows all.")] = "",
    rate: Annotated[float, typer.Option(min=1, help="Orders a second.")] = Size.rate,
    members: Annotated[int, typer.Option(min=1, help="Processes of each service.")] = Size.members,
    seconds: Annotated[float, typer.Option(min=1, help="How long harm is done in a round.")] = SECONDS_OF_HARM,
    amount: Annotated[
        float | None, typer.Option(min=0, max=1, help="How much hostile input a round sends; else as the minutes are.")
    ] = None,
    json: Annotated[Path, typer.Option(help="Where the report is written.")] = REPORT,
    keep: Annotated[Path | None, typer.Option(help="A folder that gets the logs of services, at the end.")] = None,
) -> None:
    """Do harm to a running Waybond, round after round, and see that all of it heals and that the books are right.

    The exit code is 1 if something does not hold.
    """
    if only == "list":
        for harm in HARMS.values():
            console.print(f"{harm.name:18} {harm.what}")
        return
    size = Size(rate=rate, members=members, seed=seed)
    amount = max(LEAST_AMOUNT, min(1.0, minutes / HOUR_MINUTES)) if amount is None else amount
    stamina.instrumentation.set_on_retry_hooks([])  # that a topic is not known at once is nothing to tell
    campaign = Campaign(size, 0.0, [])
    try:
        asyncio.run(_campaign(campaign, _chosen(only), minutes, Dosage(seconds, amount), Outputs(json, keep)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("[yellow]interrupted[/yellow]")
    show(campaign, console)
    write(campaign, json)
    console.print(f"Every round: {json}")
    if any(each.wrong for each in campaign.rounds):
        arguments = f"--minutes {minutes:g} --seed {seed} --seconds {seconds:g} --amount {amount:g} --rate {rate:g}"
        arguments += f" --members {members}" + (f" --only {only}" if only else "")
        console.print(f'The same plan again: make chaos ARGS="{arguments}"', soft_wrap=True)
    if not campaign.holds:
        raise typer.Exit(1)


class Dosage(NamedTuple):
    """How long harm is done in each round, and how much hostile input it sends, as a share of that of an hour."""

    seconds: float
    amount: float


class Outputs(NamedTuple):
    """Where the report is written, round after round, and the folder that gets the logs."""

    report: Path
    keep: Path | None


def _chosen(only: str) -> list[Harm]:
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in HARMS]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: expected some of {', '.join(HARMS)}", param_hint="--only")
    return [HARMS[name] for name in names or HARMS]


async def _campaign(campaign: Campaign, harms: list[Harm], minutes: float, dosage: Dosage, outputs: Outputs) -> None:
    began = time.monotonic()
    ours = asyncio.current_task()
    assert ours is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ours.cancel)
    rounds, audits = Rounds(campaign.size.seed, harms, HARMS["kill"]), Audits()
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=minutes * 60)
        async with world(campaign.size) as target:
            try:
                while not campaign.rounds or time.monotonic() - began < minutes * 60:
                    chosen, draw = rounds.next()
                    name = " + ".join(harm.name for harm in chosen)
                    progress.update(task, completed=time.monotonic() - began, description=f"{name:24}")
                    await _round(target, chosen, Dose(dosage.seconds, dosage.amount, draw), campaign, audits)
                    _count(campaign, target, began)
                    write(campaign, outputs.report)
                last = next((each for each in reversed(campaign.rounds) if not each.unable), None)
                if last is not None and last.audit_seconds is None:
                    progress.update(task, description="the whole audit")
                    await check(target, last, PATIENCE_SECONDS)
                campaign.complete = True
            finally:
                _count(campaign, target, began)
                if outputs.keep is not None:
                    shutil.copytree(target.logs, outputs.keep, dirs_exist_ok=True)


def _count(campaign: Campaign, target: World, began: float) -> None:
    campaign.orders, campaign.records = target.flow.placed, target.flow.sent.total()
    campaign.answers = dict(target.meter.answers)
    campaign.minutes = (time.monotonic() - began) / 60


async def _round(target: World, chosen: Sequence[Harm], dose: Dose, campaign: Campaign, audits: Audits) -> None:
    result = await suffer(target, chosen, dose, PATIENCE_SECONDS)
    campaign.rounds.append(result)
    name = " + ".join(harm.name for harm in chosen)
    if result.unable:
        console.print(f"{len(campaign.rounds):4} {name:28} [yellow]not done[/yellow]: {result.unable}")
        return
    await check(target, result, PATIENCE_SECONDS, whole=audits.due)
    if result.audit_seconds is not None:
        audits.took(result.audit_seconds)
    result.judge()
    done = ", ".join(f"{number:,} {kind}" for kind, number in result.done.items())
    back = "never" if result.recovered_seconds is None else f"{result.recovered_seconds:.0f} s"
    outcome = "[bold red]FAILS[/bold red]" if result.wrong else "[green]holds[/green]"
    console.print(f"{len(campaign.rounds):4} {name:28} {outcome}, back after {back}: {done}")
    for wrong in result.wrong:
        console.print(f"     [red]{escape(wrong)}[/red]", soft_wrap=True)


if __name__ == "__main__":
    app()
