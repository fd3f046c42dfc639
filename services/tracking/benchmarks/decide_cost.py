"""Measures what one event costs in `decide` and in the codec: a typical order, one package, six watches, 15 events.

Run it from the project's root: python services/tracking/benchmarks/decide_cost.py [rounds]
"""

import sys
from collections.abc import Sequence
from datetime import datetime
from time import process_time
from typing import cast

from tests.support.tracking import LATE, SILENT, booked, clause, day, order_placed, policy_issued, scanned
from waybond_contracts.event import Event
from waybond_contracts.shipments import PackageLine, ScanKind
from waybond_kit.aggregate import Woken
from waybond_tracking.codec import StateCodec
from waybond_tracking.decide import decide
from waybond_tracking.state import State

Step = tuple[Event | Woken, datetime]


def typical_order() -> list[Step]:
    """Delivered on day 27.2, two hours too late for one of the watches."""
    scans = [
        scanned(ScanKind.LABEL_CREATED, 2.1, raw_code="InfoReceived"),
        scanned(ScanKind.PICKED_UP, 3, raw_code="InTransit_PickedUp", eta=18),
        scanned(ScanKind.IN_TRANSIT, 3.7, raw_code="InTransit_Other"),
        scanned(ScanKind.EXPORT_DEPARTED, 5, raw_code="InTransit_Departure", eta=18),
        scanned(ScanKind.IMPORT_ARRIVED, 11.2, raw_code="InTransit_Arrival"),
        scanned(ScanKind.CUSTOMS_PRESENTED, 11.4, raw_code="InTransit_CustomsProcessing"),
        scanned(ScanKind.CUSTOMS_RELEASED, 14, raw_code="InTransit_CustomsReleased"),
        scanned(ScanKind.IN_TRANSIT, 14.5, raw_code="InTransit_Other", eta=26),
        scanned(ScanKind.IN_TRANSIT, 16, raw_code="InTransit_Other"),
        scanned(ScanKind.IN_TRANSIT, 24, raw_code="InTransit_Other"),
        scanned(ScanKind.OUT_FOR_DELIVERY, 26.9, raw_code="OutForDelivery_Other"),
        scanned(ScanKind.DELIVERED, 27.1, raw_code="Delivered_Other"),
    ]
    policy = policy_issued(
        LATE,
        SILENT,
        clause("order", "P60D", name="LO-2"),
        clause("fulfilment", "P60D", name="LO-3"),
        clause("carrier_eta", "P2D", name="LO-4"),
    )
    before = [order_placed(), policy, booked(2, lines=[PackageLine(line_id="1", quantity=1)])]
    steps: list[Step] = [(fact, fact.occurred_at) for fact in [*before, *scans[:11]]]
    return [*steps, (Woken(day(27)), day(27)), (scans[11], scans[11].occurred_at)]


def measure(steps: Sequence[Step], rounds: int) -> None:
    codec = StateCodec()
    in_decide = in_codec = 0.0
    sizes: list[int] = []
    for _ in range(rounds):
        state: State | None = None
        for fact, now in steps:
            started = process_time()
            outcome = decide(state, fact, now)
            decided = process_time()
            body, document = codec.encode(cast(State, outcome.state))
            state = codec.decode(codec.shape, body, document)
            in_codec += process_time() - decided
            in_decide += decided - started
            sizes.append(len(body))
    events = rounds * len(steps)
    sys.stdout.write(
        f"{events} events: decide {1e6 * in_decide / events:.1f} us, codec {1e6 * in_codec / events:.1f} us each; "
        f"state {max(sizes)} bytes at most\n"
    )


if __name__ == "__main__":
    measure(typical_order(), int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
