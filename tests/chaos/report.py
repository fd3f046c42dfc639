"""What a campaign found: a table of the harm done and how long healing took, and all of it as JSON."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.chaos.campaign import RECOVERED_SHARE, Round
from tests.chaos.world import Size
from waybond_local.verify import show as show_checks


@dataclass(slots=True)
class Campaign:
    """All rounds of one campaign. Orders, records and answers are counted from its beginning to its end."""

    size: Size
    minutes: float
    rounds: list[Round]
    orders: int = 0
    records: int = 0
    answers: dict[str, int] | None = None
    complete: bool = False
    """It ran to its end, and what stood in the journals then was audited."""

    @property
    def holds(self) -> bool:
        """Whether it ran to its end, something was done, and nothing was wrong."""
        return (
            self.complete
            and any(not each.unable for each in self.rounds)
            and not any(each.wrong for each in self.rounds)
        )

    def totals(self) -> dict[str, int]:
        """All that was done, and how processes ended, over all rounds."""
        total: Counter[str] = Counter()
        for each in self.rounds:
            total.update(each.done)
            total.update({f"processes ended by {how}": number for how, number in each.ended.items()})
        return {
            "orders": self.orders,
            "records of platforms": self.records,
            "orders bound": (self.answers or {}).get("bound", 0),
            "orders paid": (self.answers or {}).get("paid", 0),
            **dict(sorted(total.items())),
        }


def show(campaign: Campaign, to: Console) -> None:
    """Print a row for each kind of harm, the totals, the invariants as they were checked last, and what is wrong."""
    table = Table(
        "harm",
        "rounds",
        "what was done",
        f"back at {RECOVERED_SHARE:.0%} of the rate, s",
        "all answered, s",
        "",
        title=f"{len(campaign.rounds)} rounds in {campaign.minutes:.1f} minutes, seed {campaign.size.seed}",
        title_justify="left",
    )
    for name, rounds in _by_name(campaign.rounds).items():
        done = sum((each.done for each in rounds), Counter[str]())
        what = ", ".join(f"{number:,} {kind}" for kind, number in sorted(done.items()))
        unable = next((each.unable for each in rounds if each.unable), "")
        wrong = sum(bool(each.wrong) for each in rounds)
        outcome = "[green]holds[/green]" if not wrong else f"[bold red]{wrong} FAIL[/bold red]"
        table.add_row(
            name,
            str(len(rounds)),
            escape(unable or what),
            _spread(each.recovered_seconds for each in rounds),
            _spread(each.answered_seconds for each in rounds),
            "[yellow]not done[/yellow]" if unable else outcome,
        )
    to.print(table)
    to.print(", ".join(f"{what} {number:,}" for what, number in campaign.totals().items()), highlight=False)
    checked = [each.checks for each in campaign.rounds if each.checks]
    if checked:
        show_checks(checked[-1], to)
    for ordinal, each in enumerate(campaign.rounds, start=1):
        for wrong in each.wrong:
            to.print(f"[red]round {ordinal}, {' + '.join(each.harms)}:[/red] {escape(wrong)}", soft_wrap=True)


def write(campaign: Campaign, path: Path) -> None:
    """Write everything so far as JSON."""
    found: dict[str, Any] = {
        "settings": asdict(campaign.size),
        "minutes": campaign.minutes,
        "complete": campaign.complete,
        "holds": campaign.holds,
        "totals": campaign.totals(),
        "rounds": [_round(each) for each in campaign.rounds],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(found, indent=2) + "\n")
    fresh.replace(path)  # whoever interrupts finds what was written before


def _round(each: Round) -> dict[str, Any]:
    checks = [
        {"name": check.name, "holds": check.holds, "violations": check.violations, "figures": dict(check.figures)}
        for check in each.checks
    ]
    return {
        "harms": list(each.harms),
        "done": dict(each.done),
        "processes_ended": each.ended,
        "harm_seconds": round(each.harm_seconds, 1),
        "orders_a_second_before": round(each.rate_before, 2),
        "records": each.records,
        "recovered_seconds": each.recovered_seconds and round(each.recovered_seconds, 1),
        "answered_seconds": each.answered_seconds and round(each.answered_seconds, 1),
        "unable": each.unable,
        "wrong": each.wrong,
        "audit_seconds": each.audit_seconds and round(each.audit_seconds, 1),
        "audit_peak_bytes": each.audit_peak_bytes,
        "checks": checks,
    }


def _by_name(rounds: Sequence[Round]) -> dict[str, list[Round]]:
    found: dict[str, list[Round]] = {}
    for each in rounds:
        found.setdefault(" + ".join(each.harms), []).append(each)
    return dict(sorted(found.items()))


def _spread(seconds: Iterable[float | None]) -> str:
    """Median and worst."""
    known = list(seconds)
    measured = [each for each in known if each is not None]
    if not measured:
        return "-"
    worst = "never" if len(measured) < len(known) else f"{max(measured):.0f}"
    return f"{statistics.median(measured):.0f}, worst {worst}" if len(known) > 1 else worst
