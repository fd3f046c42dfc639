"""Measures what one event costs in `decide`, in the codec and as JSON: a parcel that is late, paid, and arrives.

Run it from the project's root: PYTHONPATH=. python services/claims/benchmarks/decide_cost.py [rounds]
"""

import gc
import sys
from datetime import datetime
from importlib.resources import files
from time import perf_counter
from typing import cast

from tests.support.claims import answer, day, delivered, issued, journey, late, package, placed
from waybond_claims.case.state import Case
from waybond_claims.decide import decide
from waybond_claims.service.codec import CaseCodec
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund

PRODUCT = "order-protection-2026.11.1.toml"


def typical_order() -> list[tuple[str, Event, datetime]]:
    """One package, six watches, four clauses; the refund is confirmed a day later."""
    body = (files("waybond_pricing") / "products" / PRODUCT).read_text()
    told = journey(package("P1", kinds=("PICKED_UP", "EXPORT_DEPARTED", "IMPORT_ARRIVED", "CUSTOMS_HELD")))
    case: Case | None = None
    steps: list[tuple[str, Event, datetime]] = [
        ("OrderPlaced", placed(), day(0)),
        ("PolicyIssued", issued(body), day(0)),
        ("ShipmentDelayed", late(journey=told), day(27)),
    ]
    commands: list[Event] = []
    for _, event, now in steps:
        outcome = decide(case, event, now)
        case, commands = outcome.state, [each for each in outcome.events if isinstance(each, IssueRefund)]
    steps.append(("RefundSucceeded", answer(commands[0], "RefundSucceeded", day(28)), day(28)))
    steps.append(("ShipmentDelivered", delivered(day(30), journey=told), day(30)))
    return steps


def measure(rounds: int) -> None:
    """Print microseconds of each event: the median of `rounds`."""
    codec = CaseCodec()
    steps = typical_order()
    figures: dict[str, tuple[list[float], list[float], list[float]]] = {name: ([], [], []) for name, _, _ in steps}
    sizes: dict[str, int] = {}
    gc.disable()
    for _ in range(rounds):
        case: Case | None = None
        for name, event, now in steps:
            started = perf_counter()
            outcome = decide(case, event, now)
            decided = perf_counter()
            stored = codec.encode(cast("Case", outcome.state))
            case = codec.decode(codec.shape, *stored)
            coded = perf_counter()
            for each in outcome.events:
                each.model_dump_json()
            dumped = perf_counter()
            for found, spent in zip(figures[name], (decided - started, coded - decided, dumped - coded), strict=True):
                found.append(spent)
            sizes[name] = len(stored[0])
    total = 0.0
    for name, spent in figures.items():
        in_decide, in_codec, in_json = (sorted(each)[len(each) // 2] * 1e6 for each in spent)
        total += in_decide
        print(  # noqa: T201 (a script for a terminal)
            f"{name:<18} decide {in_decide:6.1f} us   codec {in_codec:5.1f} us   JSON of what is published "
            f"{in_json:5.1f} us   file {sizes[name]} bytes"
        )
    print(f"mean of decide     {total / len(figures):6.1f} us an event")  # noqa: T201 (a script for a terminal)


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000)
