"""The command `python -m tests.oracle`: a campaign over many cases on all cores, or one case with its story."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import islice
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.oracle import campaign
from tests.oracle.draw import draw
from tests.oracle.facts import Case
from tests.oracle.features import FEATURES, chosen
from tests.oracle.filed.__main__ import campaign_of
from tests.oracle.shrink import shrunk
from tests.oracle.story import reading, story

MAX_TOLD = 3
"""So many failing cases are made small and told; of the others the numbers alone."""
LOG_CASES = 5_000
"""After so many a line says how far it is, where no bar can be drawn."""
CLAIMS_EVERY = 4
"""Beside so many cases one claim that people file is run, where everything is drawn."""

console = Console(width=None if sys.stdout.isatty() else 200, highlight=False, markup=False)
app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@app.command(
    epilog="Examples: [bold]python -m tests.oracle --cases 100000 --seed 7[/bold]"
    "   [bold]python -m tests.oracle --seed 7 --only 123[/bold]"
    "   [bold]python -m tests.oracle --cases 2000 --features periods,uplift[/bold]"
)
def main(
    cases: Annotated[int, typer.Option(min=1, help="How many cases to run.")] = 5_000,
    seed: Annotated[int, typer.Option(min=0, help="What the cases are drawn from.")] = 7,
    only: Annotated[int | None, typer.Option(min=0, help="Tell the case of this number alone.")] = None,
    features: Annotated[str, typer.Option(help="What is drawn, with commas; 'all', 'plain', or 'list'.")] = "",
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
) -> None:
    """Draw cases and compare what the product says is owed with what the oracle says.

    The exit code is 1 if they differ in a case.
    """
    if features == "list":
        for name, feature in FEATURES.items():
            waits = f" (not drawn unless asked for: {feature.waits_for})" if feature.waits_for else ""
            console.print(f"{name:22} {feature.about}{waits}")
        return
    try:
        drawn = chosen(features)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if only is not None:
        raise typer.Exit(_one(seed, only, drawn, features))
    workers = workers or os.cpu_count() or 1
    differ = _many(range(cases), seed, drawn, features, workers)
    if not features:
        differ |= campaign_of(range(max(1, cases // CLAIMS_EVERY)), seed, workers)
    raise typer.Exit(differ)


def _one(seed: int, number: int, drawn: Sequence[str], features: str) -> int:
    case = draw(seed, number, drawn)
    if campaign.failures(case):
        _tell(seed, number, drawn, features)
        return 1
    for line in story(case):
        console.print(line)
    for look in sorted(case.looks):
        for line in reading(case, look):
            console.print(line)
    console.print(f"case {number}: both say the same")
    return 0


def _many(numbers: range, seed: int, drawn: Sequence[str], features: str, workers: int) -> int:
    failed: list[int] = []
    counts: Counter[str] = Counter()
    done = owing = 0
    began = perf_counter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        bar = progress.add_task("cases", total=len(numbers))
        for chunk in _chunks(numbers, seed, drawn, workers):
            progress.advance(bar, chunk.cases)
            done += chunk.cases
            owing += chunk.owing
            counts += chunk.drawn
            failed += chunk.failed
            if not console.is_terminal and done // LOG_CASES > (done - chunk.cases) // LOG_CASES:
                console.print(f"{done:,d} of {len(numbers):,d} cases, {len(failed)} differ")
    seconds = perf_counter() - began
    for name, count in sorted(counts.items()):
        console.print(f"{count:10,d} with {name}")
    for number in sorted(failed)[:MAX_TOLD]:
        _tell(seed, number, drawn, features)
    console.print(
        f"{done:,d} cases ({owing:,d} in which something is owed), {len(failed):,d} differ,"
        f" {done / seconds:,.0f} cases a second"
    )
    if len(failed) > MAX_TOLD:
        console.print(f"also: {' '.join(map(str, sorted(failed)[MAX_TOLD:][:50]))}")
    return 1 if failed else 0


def _chunks(numbers: range, seed: int, drawn: Sequence[str], workers: int) -> Iterator[campaign.Chunk]:
    """What comes of the cases, a few chunks ahead of the workers; with one worker in this process."""
    parts = campaign.parts(numbers)
    if workers == 1:
        yield from (campaign.run(seed, part, drawn) for part in parts)
        return
    with ProcessPoolExecutor(workers) as pool:
        running = {pool.submit(campaign.run, seed, part, drawn) for part in islice(parts, 2 * workers)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                yield each.result()
                running |= {pool.submit(campaign.run, seed, part, drawn) for part in islice(parts, 1)}


def _tell(seed: int, number: int, drawn: Sequence[str], features: str) -> None:
    """A failing case, made small, and the command that runs it again."""
    small: Case = shrunk(draw(seed, number, drawn))
    console.print(
        f"case {number} differs; the smallest story found that does ({', '.join(small.features) or 'plain'}):"
    )
    for line in story(small):
        console.print(line)
    for line in campaign.failures(small):
        console.print(f"  {line}")
    for look in sorted(small.looks):
        for line in reading(small, look):
            console.print(line)
    named = f' --features "{features}"' if features else ""
    console.print(f"again: python -m tests.oracle --seed {seed} --only {number}{named}")


if __name__ == "__main__":
    app()
