"""The command `python -m tests.mutants`: hunts every mutant, and prints what caught it after how many seeds."""

import json as json_text
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.mutants import hunt
from tests.mutants.hunt import Caught
from tests.mutants.table import Mutant, mutants

console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@app.command(
    epilog='Examples: [bold]make mutants[/bold]   [bold]make mutants ARGS="--only seek --seeds 5000"[/bold]'
    "   [bold]python -m tests.mutants --quick --json mutants.json[/bold]"
)
def main(
    only: Annotated[
        list[str] | None, typer.Option(help="Only mutants with this in their name; again for more.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to run until one fails.")] = 1_000,
    quick: Annotated[bool, typer.Option("--quick", help="Try the seed first that is known to catch it.")] = False,
    workers: Annotated[int, typer.Option(min=0, help="Mutants at a time; 0: one a core.")] = 0,
    json: Annotated[Path | None, typer.Option(help="Where to write the report as JSON, too.")] = None,
) -> None:
    """Put each named defect into a copy of the product, and see which check of the simulation, or which test, fails.

    The exit code is 1 if a mutant survives: what it breaks could break unseen.
    """
    chosen = [each for each in mutants() if not only or any(part in each.name for part in only)]
    if not chosen:
        raise typer.BadParameter(f"no mutant has {only} in its name")
    found = _hunted(chosen, seeds, workers or os.cpu_count() or 1, quick=quick)
    console.print(_table(found))
    if json is not None:
        json.write_text(json_text.dumps(_plain(found), indent=2) + "\n")
    survivors = [mutant.name for mutant, caught in found if caught is None]
    console.print(f"{len(found)} mutants, {len(survivors)} survived {survivors or ''}")
    raise typer.Exit(1 if survivors else 0)


def _hunted(chosen: list[Mutant], seeds: int, workers: int, *, quick: bool) -> list[tuple[Mutant, Caught | None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(workers) as pool:
        bar = progress.add_task("mutants", total=len(chosen))

        def one(mutant: Mutant) -> Caught | None:
            order = hunt.known_first(mutant, seeds) if quick else range(seeds)
            part = progress.add_task(mutant.name, total=len(order))
            tick: Callable[[], None] = lambda: progress.advance(part)  # noqa: E731  # bound to this mutant's bar
            caught = None if quick and mutant.test else hunt.by_seeds(mutant, order, tick)
            caught = caught or hunt.by_test(mutant)
            progress.remove_task(part)
            progress.advance(bar)
            progress.console.print(f"{mutant.name}: {_by(caught)}")
            return caught

        return list(zip(chosen, pool.map(one, chosen), strict=True))


def _by(caught: Caught | None) -> str:
    if caught is None:
        return "[red]survived[/red]"
    if caught.test:
        return caught.test.rpartition("/")[2].replace("::", ", ")
    return f"{', '.join(caught.checks)} after {caught.seeds} seeds (seed {caught.seed})"


def _table(found: list[tuple[Mutant, Caught | None]]) -> Table:
    table = Table(title="Which check caught which mutant")
    for name in ("mutant", "caught by", "what was said first"):
        table.add_column(name, overflow="fold")
    for mutant, caught in found:
        table.add_row(mutant.name, _by(caught), caught.said if caught is not None else mutant.harm)
    return table


def _plain(found: list[tuple[Mutant, Caught | None]]) -> list[dict[str, object]]:
    return [
        {"name": mutant.name, "harm": mutant.harm, "caught": asdict(caught) if caught is not None else None}
        for mutant, caught in found
    ]


if __name__ == "__main__":
    app()
