"""What was measured, as tables for people and as JSON for programs, and which bars are met."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.disputes import Disputes
from benchmarks.figures import Bar, Spread
from benchmarks.latency import Latency
from benchmarks.rounds import KAFKA, POSTGRES, SERVICE, Window
from benchmarks.scale import Scale
from benchmarks.simulation import Simulation
from benchmarks.throughput import Pairs

MIN_SPEED_RATIO = 80.0
MIN_CPU_RATIO = 35.0
MAX_P99_MS = 300.0
MAX_GROWTH = 1.3
MIN_WORLDS = 100.0
MAX_DISPUTE_RATIO = 3.0


@dataclass(slots=True)
class Results:
    """All that one run measured; a part that was left out is None."""

    settings: dict[str, Any]
    load: dict[str, Any] = field(default_factory=dict)
    pairs: Pairs | None = None
    latency: Latency | None = None
    scale: Scale | None = None
    simulation: Simulation | None = None
    disputes: Disputes | None = None

    def bars(self) -> list[Bar]:
        """The bars of the parts that were measured."""
        found: list[Bar] = []
        if self.pairs:
            found += [
                Bar("events/s, times the baseline's", _median(self.pairs.speed_ratios()), MIN_SPEED_RATIO, "at least"),
                Bar("CPU an event, one part in", _median(self.pairs.cpu_ratios()), MIN_CPU_RATIO, "at least"),
            ]
        if self.latency:
            found.append(Bar("p99 at half load", self.latency.p99_ms, MAX_P99_MS, "at most", "ms"))
        if self.scale:
            few, many = (f"{size.orders:,}" for size in self.scale.sizes)
            found += [
                Bar(f"CPU of an event, {many} to {few} open orders", self.scale.event_growth, MAX_GROWTH, "at most"),
                Bar(f"CPU of a wake, {many} to {few} open orders", self.scale.wake_growth, MAX_GROWTH, "at most"),
            ]
        if self.simulation:
            speed = self.simulation.small.per_second
            found.append(Bar("small simulated worlds a second and core", speed, MIN_WORLDS, "at least"))
        if self.disputes:
            dearest = _median(self.disputes.ratios())
            found.append(Bar("a claim's fact, times a parametric one", dearest, MAX_DISPUTE_RATIO, "at most"))
        return found


def show(results: Results, console: Console) -> None:
    """Print every table and each bar with what is asked of it."""
    if results.pairs:
        console.print(_throughput_table(results.pairs))
        console.print(_memory_table(results.pairs.claims[-1]))
    if results.latency:
        console.print(_latency_table(results.latency))
    if results.scale:
        console.print(_scale_table(results.scale))
    if results.simulation:
        console.print(_simulation_table(results.simulation))
    if results.disputes:
        console.print(_disputes_table(results.disputes))
    console.print(_bars_table(results.bars()))


def write(results: Results, path: Path) -> None:
    """Write everything, raw windows included, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bars = [{**asdict(bar), "met": bar.met} for bar in results.bars()]
    body = {**asdict(results), "bars": bars, "machine": machine()}
    path.write_text(json.dumps(body, indent=2, default=str) + "\n")


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
    }


def _median(values: Sequence[float]) -> float:
    return Spread.of(values).median


def _spread(values: Sequence[float], digits: int = 0) -> str:
    found = Spread.of(values)
    return f"{found.median:,.{digits}f} ({found.lowest:,.{digits}f}-{found.highest:,.{digits}f})"


def _throughput_table(pairs: Pairs) -> Table:
    table = Table(title=f"Median (lowest-highest) of {len(pairs.claims)} interleaved pairs")
    for name in ("", "baseline", "claims", "ratio"):
        table.add_column(name, justify="left" if not name else "right")
    sides = (pairs.baseline, pairs.claims)
    table.add_row(
        "events/s", *(_spread([w.events_per_second for w in side]) for side in sides), _spread(pairs.speed_ratios(), 1)
    )
    for name in (SERVICE, POSTGRES, KAFKA, None):
        table.add_row(
            f"CPU an event, {name or 'all'} (µs)",
            *(_spread([w.cpu_microseconds(name) for w in side]) for side in sides),
            _spread(pairs.cpu_ratios(), 1) if name is None else "",
        )
    table.add_row(
        "events published for each consumed",
        *(f"{_median([w.published_per_event for w in side]):.2f}" for side in sides),
    )
    others = (f"{max(w.others_share for w in side):.0%}" for side in sides)
    table.add_row("others' share of the machine, at most", *others)
    table.add_row("events measured in a round", *(f"{side[0].events:,}" for side in sides))
    return table


def _memory_table(window: Window) -> Table:
    table = Table(title="Memory at the end of claims' last round (MB)")
    for name in ("process", "resident", "proportional (PSS)"):
        table.add_column(name, justify="left" if name == "process" else "right")
    for name, held in window.memory.items():
        table.add_row(name, f"{held.resident_mb:,.0f}", f"{held.proportional_mb:,.0f}")
    return table


def _latency_table(latency: Latency) -> Table:
    table = Table(title="From ShipmentDelayed to IssueRefund, both as appended by Kafka, at half load")
    for name in ("events/s offered", "sent", "commands", "p50 (ms)", "p99 (ms)", "longest (ms)", "CPU an event (µs)"):
        table.add_column(name, justify="right")
    table.add_row(
        f"{latency.offered_per_second:,.0f}",
        f"{latency.achieved_per_second:,.0f}",
        f"{latency.commands:,}",
        f"{latency.p50_ms:,.0f}",
        f"{latency.p99_ms:,.0f}",
        f"{latency.longest_ms:,.0f}",
        f"{latency.window.cpu_microseconds():,.0f}",
    )
    return table


def _simulation_table(simulation: Simulation) -> Table:
    table = Table(
        "simulated worlds", "seeds", "failed", "callbacks a world", "CPU ms a world", "worlds a second and core"
    )
    for each in (simulation.small, simulation.drawn):
        milliseconds = each.cpu_seconds * 1_000 / each.seeds
        table.add_row(
            each.kind,
            f"{each.seeds:,}",
            str(each.failed),
            f"{each.callbacks / each.seeds:,.0f}",
            f"{milliseconds:.1f}",
            f"{each.per_second:.0f}",
        )
    return table


def _disputes_table(disputes: Disputes) -> Table:
    table = Table(title="Read, decide, write and encode one fact, without servers: CPU µs, median (lowest-highest)")
    table.add_column("fact")
    table.add_column("µs", justify="right")
    for name, rounds in disputes.rounds.items():
        table.add_row(name, _spread(rounds))
    return table


def _scale_table(scale: Scale) -> Table:
    table = Table(title="CPU time by the number of open orders (µs; service, PostgreSQL and Kafka together)")
    for name in ("open orders", "pass", "an event", "of it PostgreSQL", "a wake", "of it PostgreSQL"):
        table.add_column(name, justify="left" if name == "pass" else "right")
    for size in scale.sizes:
        for n, (event, wake) in enumerate(zip(size.events, size.wakes, strict=True), start=1):
            table.add_row(
                f"{size.orders:,}",
                "first after a checkpoint" if n == 1 else "second, same pages",
                *(_spread([window.cpu_microseconds(name) for window in event]) for name in (None, POSTGRES)),
                *(_spread([window.cpu_microseconds(name) for window in wake]) for name in (None, POSTGRES)),
            )
    return table


def _bars_table(bars: Sequence[Bar]) -> Table:
    table = Table(title="Bars")
    for name in ("bar", "asked", "measured", ""):
        table.add_column(name, justify="right" if name in ("asked", "measured") else "left")
    for bar in bars:
        measured = "not measured" if bar.figure is None else f"{bar.figure:,.2f} {bar.unit}"
        verdict = "[green]met[/green]" if bar.met else "[red]not met[/red]"
        table.add_row(bar.name, f"{bar.sense} {bar.limit:g} {bar.unit}", measured, verdict)
    return table
