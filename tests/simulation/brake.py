"""The brake in a simulated world: supervisors set stops and ceilings, and release all of it when the world heals."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.simulation.faults import Fault
from waybond_claims.case.state import Case
from waybond_claims.service.brakes import Brakes, Entry, Place, in_force
from waybond_contracts.event import Event
from waybond_kit.aggregate import Decide, Outcome, Woken
from waybond_kit.definition import Known

if TYPE_CHECKING:
    from tests.simulation.world import World

CEILINGS = (0, 500, 5_000)
"""In minor units an hour: nothing passes, little, most."""


class Supervisors:
    """They write the history of claims' brake, as `waybond brake` does."""

    def __init__(self, world: "World") -> None:
        self._world = world

    @property
    def _history(self) -> list[Entry]:
        return self._world.databases["claims"].tables.brake

    def set(self, fault: Fault) -> None:
        """Stop all payments, or bound those under an order's product."""
        if fault.kind == "payments-stopped":
            self._world.watch.stopped_since = self._world.loop.time()
            self._write(("stop", None, None, None))
            return
        order = self._world.plan.orders[fault.number]
        place = "ceiling", order.key.partition("/")[0], order.product, "USD"
        self._write(place, CEILINGS[fault.stop % len(CEILINGS)])

    def release(self) -> None:
        """Nothing is in force any more."""
        self._world.watch.stopped_since = None
        for entry in in_force(self._history):
            self._write(entry.place, released=True)

    def _write(self, place: Place, minor: int | None = None, *, released: bool = False) -> None:
        at = self._world.calendar.now()
        self._history.append(Entry(len(self._history) + 1, *place, minor, released, "supervisor", "drill", at))


class Watched:
    """What a batch knows, with each decision watched as those are that know nothing."""

    def __init__(self, known: Known[Case], decide: Any) -> None:
        self._known = known
        self._decide = decide

    @property
    def text(self) -> str:
        return self._known.text

    def decide(
        self, state: Case | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None
    ) -> Outcome[Case]:
        told: Decide[Case] = self._known.decide
        return self._decide(state, fact, now, sent_at, told)

    def accepted(self, rows: Any) -> None:
        self._known.accepted(rows)


class WatchedBrakes(Brakes):
    """Claims' own reading of the brake; `decide` is called instead of what it makes."""

    def __init__(self, decide: Any) -> None:
        super().__init__()
        self._decide = decide

    async def known(self, connection: Any, since: datetime) -> Any:
        known = await super().known(connection, since)
        return known if known is None else Watched(known, self._decide)
