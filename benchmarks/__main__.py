"""The command `python -m benchmarks`: measures, prints tables, writes JSON, and says which bars are met."""

import asyncio
import shutil
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks import scale
from benchmarks.disputes import measure_disputes
from benchmarks.latency import Plan as LatencyPlan
from benchmarks.latency import measure_latency
from benchmarks.population import LIFE, Population
from benchmarks.report import Results, show, write
from benchmarks.rounds import PARTITIONS, Servers, settings_of
from benchmarks.sides import Baseline, Claims
from benchmarks.simulation import measure_simulation
from benchmarks.throughput import Amount, Pairs, measure, measure_pairs
from waybond_local.kafka import EmbeddedKafka
from waybond_local.paths import fresh_folder
from waybond_local.postgres import EmbeddedPostgres

# Beside what the embedded server has. Both sides run on the same server. Checkpoints come where the benchmark asks for
# them and not in the middle of a round.
POSTGRES_SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "16GB", "checkpoint_timeout": "1h"}
RESULTS = Path(__file__).parent / "results" / "latest.json"

console = Console(width=None if sys.stdout.isatty() else 132)


class Part(StrEnum):
    """What can be measured alone."""

    THROUGHPUT = "throughput"
    LATENCY = "latency"
    SCALE = "scale"
    SIMULATION = "simulation"
    DISPUTES = "disputes"


class Effort:
    """How much is measured: enough for figures, or just enough to see that everything works."""

    def __init__(self, *, quick: bool, pairs: int | None) -> None:
        self.pairs = pairs or (1 if quick else 5)
        self.baseline = Amount(60, 200) if quick else Amount(200, 1_200)
        self.claims = Amount(2_000, 8_000) if quick else Amount(8_000, 40_000)
        self.settling_seconds, self.measured_seconds = (2.0, 5.0) if quick else (5.0, 30.0)
        self.scale = (
            scale.Plan(small=2_000, large=20_000, a_pass=900, warm_up=50, repeats=1)
            if quick
            else scale.Plan(small=10_000, large=1_000_000, a_pass=4_800, warm_up=200, repeats=3)
        )

    def latency(self, claims_speed: float) -> LatencyPlan:
        """At half of what was measured before."""
        return LatencyPlan(claims_speed / 2, self.claims.warm_up, self.settling_seconds, self.measured_seconds)


app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@app.command(
    epilog="Examples: [bold]python -m benchmarks --quick[/bold]   [bold]python -m benchmarks --only latency[/bold]"
    "   [bold]make bench ARGS='--pairs 7 --json bench.json'[/bold]"
)
def main(
    quick: Annotated[bool, typer.Option("--quick", help="A short run, to see that it works: not for figures.")] = False,
    only: Annotated[list[Part] | None, typer.Option(help="Measure this part alone; may be given again.")] = None,
    pairs: Annotated[int | None, typer.Option(min=1, help="Interleaved pairs of baseline and claims.")] = None,
    json: Annotated[Path, typer.Option(help="Where the figures are written, raw windows included.")] = RESULTS,
) -> None:
    """Measure the claims service against the service one would write from a tutorial, on the real Kafka and PostgreSQL.

    Prints each bar with met or not met; the exit code is 1 if one is not met.
    """
    parts = set(only or Part)
    results = Results(settings={})
    if parts - {Part.SIMULATION, Part.DISPUTES}:
        results = _on_servers(Effort(quick=quick, pairs=pairs), parts)
    if Part.SIMULATION in parts:
        results.simulation = measure_simulation(quick=quick)
    if Part.DISPUTES in parts:
        results.disputes = measure_disputes(datetime.now(UTC), quick=quick)
    show(results, console)
    write(results, json)
    console.print(f"Everything that was measured: {json}")
    if not all(bar.met for bar in results.bars()):
        raise typer.Exit(1)


def _on_servers(effort: Effort, parts: set[Part]) -> Results:
    folder = fresh_folder("waybond-bench-")
    try:
        with (
            EmbeddedKafka(folder / "kafka") as kafka,
            EmbeddedPostgres(folder / "postgres", settings=POSTGRES_SETTINGS) as postgres,
        ):
            return asyncio.run(_measured(Servers(kafka, postgres, folder), effort, parts))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measured(servers: Servers, effort: Effort, parts: set[Part]) -> Results:
    population = Population(datetime.now(UTC))
    for number in range(8 * len(LIFE)):
        population.verify(number)
    results = Results(settings=await settings_of(servers), load=_load(population, effort))
    if Part.THROUGHPUT in parts:
        sides = (Baseline(), effort.baseline), (Claims(), effort.claims)
        results.pairs = await measure_pairs(servers, population, sides, pairs=effort.pairs, tell=_tell)
    if Part.LATENCY in parts:
        speed = await _claims_speed(servers, population, effort, results.pairs)
        results.latency = await measure_latency(servers, population, Claims(), effort.latency(speed))
    if Part.SCALE in parts:
        results.scale = await scale.measure_scale(servers, Claims(replay=True), effort.scale, population.now, _tell)
    return results


async def _claims_speed(servers: Servers, population: Population, effort: Effort, pairs: Pairs | None) -> float:
    if pairs is not None:
        return pairs.claims_speed()
    window = await measure(servers, Claims(), effort.claims, population.mixed(range(effort.claims.orders)))
    _tell(f"Claims: {window.events_per_second:,.0f} events/s")
    return window.events_per_second


def _load(population: Population, effort: Effort) -> dict[str, Any]:
    """What the services are given, and what they make of it."""
    orders = population.mixed(range(len(LIFE)))
    return {
        "partitions": PARTITIONS,
        "facts in equal parts": [order.stage.value for order in orders],
        "published for each": {order.stage.value: order.published() for order in orders},
        "bytes of each": {order.stage.value: len(order.record().value) for order in orders},
        "baseline events": asdict(effort.baseline),
        "claims events": asdict(effort.claims),
    }


def _tell(line: str) -> None:
    console.print(f"{datetime.now(UTC):%H:%M:%S} {line}", highlight=False)


if __name__ == "__main__":
    app()
