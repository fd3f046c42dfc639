"""The command `python -m tests.simulation`: one seed with its story, or a campaign over many on all cores."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.simulation import campaign, quiet, shrink
from tests.simulation.plan import Plan
from tests.simulation.run import Report, run_plan, run_seed

MAX_TOLD = 3
"""So many failing seeds are made small and told; of the others the numbers alone."""
LOG_SEEDS = 5_000
"""After so many a line says how far it is, where no bar can be drawn."""

console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@app.command(
    epilog='Examples: [bold]make simulate SEEDS=100000[/bold]   [bold]make simulate ARGS="--seed 123"[/bold]'
    "   [bold]python -m tests.simulation --seeds 500 --first 9000 --workers 1[/bold]"
)
def main(
    seed: Annotated[int | None, typer.Option(help="Tell the story of this seed alone.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to run.")] = 2_000,
    first: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
) -> None:
    """Run the services and the kit in simulated worlds, with faults, and check the invariants of each.

    The exit code is 1 if a seed fails.
    """
    quiet.install()
    if seed is not None:
        raise typer.Exit(_one(seed))
    raise typer.Exit(_many(range(first, first + seeds), workers or os.cpu_count() or 1))


def _one(seed: int) -> int:
    report = run_plan(Plan.of(seed), console.print)
    for fault in report.plan.faults:
        console.print(f"fault: {fault}")
    console.print(", ".join(f"{name} {count}" for name, count in sorted(report.counts.items())))
    if report.failed:
        shrink.told(report, console.print)
        return 1
    console.print(f"seed {seed}: nothing is wrong")
    return 0


def _many(seeds: range, workers: int) -> int:
    counts: Counter[str] = Counter()
    failed: list[int] = []
    done = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, TimeRemainingColumn(), console=console) as progress,
        ProcessPoolExecutor(workers, initializer=quiet.install) as pool,
    ):
        bar = progress.add_task("seeds", total=len(seeds))
        for chunk in _chunks(pool, seeds, workers):
            progress.advance(bar, chunk.seeds)
            done += chunk.seeds
            counts += chunk.counts
            failed += chunk.failed
            if not console.is_terminal and done // LOG_SEEDS > (done - chunk.seeds) // LOG_SEEDS:
                console.print(f"{done:,d} of {len(seeds):,d} seeds, {len(failed)} failed")
            for number in chunk.failed:
                progress.console.print(f"[red]seed {number} fails")
    for name, count in sorted(counts.items()):
        console.print(f"{count:12,d} {name}")
    for number in sorted(failed)[:MAX_TOLD]:
        _tell(run_seed(number))
    console.print(f"{len(seeds):,d} seeds, {len(failed)} failed {sorted(failed) or ''}")
    return 1 if failed else 0


def _chunks(pool: ProcessPoolExecutor, seeds: range, workers: int) -> Iterator[campaign.Chunk]:
    """What comes of the seeds, a few chunks ahead of the workers."""
    parts = campaign.parts(seeds)
    running = {pool.submit(campaign.run, part) for part in islice(parts, 2 * workers)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for each in done:
            yield each.result()
            running |= {pool.submit(campaign.run, part) for part in islice(parts, 1)}


def _tell(report: Report) -> None:
    if report.failed:
        shrink.told(report, console.print)


if __name__ == "__main__":
    app()
