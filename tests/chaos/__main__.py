"""The command `python -m tests.chaos`: a campaign of harm against the real stack, with a report at the end."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import stamina
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.chaos.campaign import Round, Rounds, check, suffer
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
    campaign = asyncio.run(_campaign(size, _chosen(only), minutes, Dosage(seconds, amount), keep, json))
    show(campaign, console)
    console.print(f"Every round: {json}")
    if not campaign.holds:
        raise typer.Exit(1)


class Dosage(NamedTuple):
    """How long harm is done in each round, and how much hostile input it sends, as a share of that of an hour."""

    seconds: float
    amount: float


def _chosen(only: str) -> list[Harm]:
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in HARMS]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: expected some of {', '.join(HARMS)}", param_hint="--only")
    return [HARMS[name] for name in names or HARMS]


async def _campaign(  # noqa: PLR0917 - what the command was told
    size: Size, harms: list[Harm], minutes: float, dosage: Dosage, keep: Path | None, report: Path
) -> Campaign:
    """Rounds of harm until time is up, then the journals; the report is written as far as it is after each."""
    began = time.monotonic()
    campaign, rounds = Campaign(size, 0.0, []), Rounds(size.seed, harms, HARMS["kill"])
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=minutes * 60)
        async with world(size) as target:
            try:
                while time.monotonic() - began < minutes * 60:
                    chosen, draw = rounds.next()
                    name = " + ".join(harm.name for harm in chosen)
                    progress.update(task, completed=time.monotonic() - began, description=f"{name:24}")
                    await _round(target, chosen, Dose(dosage.seconds, dosage.amount, draw), campaign)
                    _note(campaign, target, began, report)
                progress.update(task, completed=minutes * 60, description="journals")
                await _journals(target, campaign)
                _note(campaign, target, began, report)
            finally:
                if keep is not None:
                    shutil.copytree(target.logs, keep, dirs_exist_ok=True)
    return campaign


def _note(campaign: Campaign, world: World, began: float, report: Path) -> None:
    campaign.orders, campaign.records = world.flow.placed, world.flow.sent.total()
    campaign.answers = dict(world.meter.answers)
    campaign.minutes = (time.monotonic() - began) / 60
    write(campaign, report)


async def _journals(world: World, campaign: Campaign) -> None:
    """What takes too long for every round: all journals are followed from their beginning."""
    last = Round(("journals",), Counter(), {}, 0.0, 0.0, 0)
    await check(world, last, PATIENCE_SECONDS, journals=True)
    campaign.rounds.append(last)
    _tell_wrong(last, f"{'journals':33} {_outcome(last)}: followed in {last.check_seconds:.0f} s")


async def _round(target: World, chosen: Sequence[Harm], dose: Dose, campaign: Campaign) -> None:
    result = await suffer(target, chosen, dose, PATIENCE_SECONDS)
    campaign.rounds.append(result)
    name = " + ".join(harm.name for harm in chosen)
    if result.unable:
        console.print(f"{len(campaign.rounds):4} {name:28} [yellow]not done[/yellow]: {result.unable}")
        return
    await check(target, result, PATIENCE_SECONDS)
    result.judge()
    done = ", ".join(f"{number:,} {kind}" for kind, number in result.done.items())
    back = "never" if result.recovered_seconds is None else f"{result.recovered_seconds:.0f} s"
    _tell_wrong(result, f"{len(campaign.rounds):4} {name:28} {_outcome(result)}, back after {back}: {done}")


def _outcome(result: Round) -> str:
    return "[bold red]FAILS[/bold red]" if result.wrong else "[green]holds[/green]"


def _tell_wrong(result: Round, line: str) -> None:
    console.print(line)
    for wrong in result.wrong:
        console.print(f"     [red]{escape(wrong)}[/red]", soft_wrap=True)


if __name__ == "__main__":
    app()
