"""The command `python -m tests.oracle.filed`: a campaign over claims that people file, or one with its story."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from typing import Annotated

import typer
from rich.console import Console

from tests.oracle.filed import campaign
from tests.oracle.filed.draw import draw

MAX_TOLD = 3

console = Console(width=None if sys.stdout.isatty() else 200, highlight=False, markup=False)
app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@app.command()
def main(
    cases: Annotated[int, typer.Option(min=1, help="How many claims to run.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="What they are drawn from.")] = 7,
    only: Annotated[int | None, typer.Option(min=0, help="Tell the claim of this number alone.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
) -> None:
    """Draw claims and compare what the product says is owed and offered with what the oracle says.

    The exit code is 1 if they differ in one.
    """
    if only is None:
        raise typer.Exit(campaign_of(range(cases), seed, workers or os.cpu_count() or 1))
    case = draw(seed, only)
    differs = bool(campaign.failures(case))
    for line in campaign.story(campaign.shrunk(case) if differs else case):
        console.print(line)
    console.print(f"claim {only}: {'differs' if differs else 'both say the same'}")
    raise typer.Exit(int(differs))


def campaign_of(numbers: range, seed: int, workers: int) -> int:
    """Run these claims and print what came of them; 1 if one differs."""
    failed: list[int] = []
    drawn: Counter[str] = Counter()
    cases = owing = 0
    for chunk in _chunks(numbers, seed, workers):
        cases, owing = cases + chunk.cases, owing + chunk.owing
        drawn += chunk.drawn
        failed += chunk.failed
    for name, count in sorted(drawn.items()):
        console.print(f"{count:10,d} with {name}")
    for number in failed[:MAX_TOLD]:
        console.print(f"claim {number} differs; with facts left out as long as it does:")
        for line in campaign.story(campaign.shrunk(draw(seed, number))):
            console.print(line)
        console.print(f"again: python -m tests.oracle.filed --seed {seed} --only {number}")
    console.print(f"{cases:,d} claims ({owing:,d} in which something was owed), {len(failed):,d} differ")
    return int(bool(failed))


def _chunks(numbers: range, seed: int, workers: int) -> Iterator[campaign.Chunk]:
    parts = list(campaign.parts(numbers))
    if workers == 1:
        yield from map(campaign.run, repeat(seed), parts)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(campaign.run, repeat(seed), parts)


if __name__ == "__main__":
    app()
