"""The command `python -m tests.fuzz`: searches beyond what `make test` draws, until its time is over."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.fuzz.legs import Found, Leg, legs
from tests.fuzz.search import MAX_SEED, Search
from waybond_local.lifecycle import signals_end_it

INTERRUPTED = 130
LOG_EVERY_SECONDS = 60.0
"""After so long a line says how far it is, where no bar can be drawn."""

console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@app.command(
    epilog="Examples: [bold]make fuzz MINUTES=30[/bold]   "
    '[bold]make fuzz ARGS="--only simulation --seed 123"[/bold]   [bold]python -m tests.fuzz --minutes 5[/bold]'
)
def main(
    minutes: Annotated[float, typer.Option(min=0.01, help="How long to search, on all cores.")] = 30.0,
    seed: Annotated[int | None, typer.Option(help="The seed that draws the jobs; without it, a fresh one.")] = None,
    only: Annotated[str | None, typer.Option(help="Of properties, simulation and oracle, these alone.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Jobs side by side; 0: one a core.")] = 0,
    properties: Annotated[Path | None, typer.Option(help="A folder of property tests, in place of ours.")] = None,
) -> None:
    """Search with properties, simulated worlds and the oracle under fresh seeds, and print what is found as tests.

    The exit code is 1 if something was found.
    """
    known = legs(properties)
    names = only.split(",") if only else list(known)
    if unknown := [name for name in names if name not in known]:
        raise typer.BadParameter(f"{', '.join(unknown)}: expected some of {', '.join(known)}", param_hint="--only")
    chosen = [known[name] for name in names]
    start = SystemRandom().randrange(MAX_SEED) if seed is None else seed
    console.print(f"Searching for {minutes:g} min from seed {start}: {', '.join(f'{x.name} ({x.of})' for x in chosen)}")
    stopped = False
    with tempfile.TemporaryDirectory(prefix="waybond-fuzz-") as folder:
        search = Search(chosen, minutes * 60, start, Path(folder), told)
        try:
            with signals_end_it():
                _run(search, workers or os.cpu_count() or 1, minutes * 60)
        except KeyboardInterrupt:
            stopped = True
    summary(chosen, search.cut_off, start)
    found = any(leg.found for leg in chosen)
    raise typer.Exit(1 if found else INTERRUPTED if stopped else 0)


def _run(search: Search, workers: int, seconds: float) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    logged = seconds
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("searching", total=seconds)

        def tick() -> None:
            nonlocal logged
            progress.update(bar, completed=seconds - search.left_seconds, description=_far(search.legs))
            if not console.is_terminal and logged - search.left_seconds >= LOG_EVERY_SECONDS:
                logged = search.left_seconds
                console.print(f"{logged / 60:.0f} min left: {_far(search.legs)}")

        search.run(workers, tick)


def _far(chosen: Sequence[Leg]) -> str:
    return ", ".join(f"{leg.name} {leg.jobs} ({len(leg.found)} found)" for leg in chosen)


def told(leg: Leg, found: Found) -> None:
    """Print what was found, at once: how it fails, and a test that can be pasted."""
    console.print(f"\n[red]found by {leg.name}:[/red] {found.name}", soft_wrap=True)
    console.print(found.told, markup=False, soft_wrap=True)
    if found.test:
        console.print("As a test:\n```python", markup=False)
        console.print(found.test, markup=False, soft_wrap=True, end="")
        console.print("```", markup=False)


def summary(chosen: Sequence[Leg], cut_off: int, seed: int) -> None:
    """Print what was searched and what was found, as the last lines."""
    console.print()
    for leg in chosen:
        console.print(f"{leg.name}: {leg.jobs} times {leg.of}, {leg.seconds / 60:.1f} min, {len(leg.found)} found")
        for name in leg.found:
            console.print(f"  {name}", markup=False, soft_wrap=True)
    if cut_off:
        console.print(f"{cut_off} jobs were cut off at the end: what they were about to find is not known")
    total = sum(len(leg.found) for leg in chosen)
    console.print(f"{total or 'Nothing'} found, from seed {seed}. The seed draws the same jobs again.")


if __name__ == "__main__":
    app()
