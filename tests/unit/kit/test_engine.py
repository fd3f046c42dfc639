"""What the engine of a process concludes, and what it does not, from what broker and database say."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import pytest

from tests.support.kit import START
from tests.support.toys import PRICING
from waybond_contracts.topics import ORDERS
from waybond_kit.carrier import Limits
from waybond_kit.clock import Progress, WallClock
from waybond_kit.door import Hole
from waybond_kit.engine import Engine, Plan, Ports
from waybond_kit.offsets import Position
from waybond_kit.ports import Place
from waybond_kit.shard import Shard

NOBODY = cast("Any", None)


class Away:
    """Stands for a database that does not answer."""

    async def wakes_due(self, *_: object) -> dict[int, int]:
        raise TimeoutError


class Cut:
    """Stands for a reader and a log: both are at 500, and the log begins at `beginning`."""

    def __init__(self, beginning: int) -> None:
        self.beginning = beginning

    async def position(self, _: Place) -> int:
        return 500

    async def beginnings(self, places: Sequence[Place]) -> dict[Place, int]:
        return dict.fromkeys(places, self.beginning)


def engine_of(*, store: Any = NOBODY, reader: Any = NOBODY, log: Any = NOBODY) -> Engine:
    plan = Plan(4, "owner", "1", Limits(1, 1, 1), replay=False, allowance=timedelta(), probe_seconds=1.0)
    return Engine(PRICING, plan, Ports(store, reader, log, NOBODY, WallClock()), lambda done, seconds: None)


async def test_wakes_that_could_not_be_counted_are_not_none() -> None:
    """S: the database is slow, thousands of wakes wait, and who looks whether they fall to 0 sees 0."""
    engine = engine_of(store=Away())
    engine.wakes_due = {3: 4_000}
    with pytest.raises(TimeoutError):
        await engine.count_wakes()
    assert engine.wakes_due == {3: 4_000}


@pytest.mark.parametrize(("beginning", "lost"), [(0, []), (100, []), (500, [(100, 499)]), (300, [(100, 299)])])
async def test_time_does_not_pass_over_records_that_the_log_has_lost(beginning: int, lost: list[Any]) -> None:
    """S: a shard stands still for as long as its topic keeps records; silence then pays a loss, and no alarm is raised.

    Where nothing is lost, what lies between is a transaction's marker: time goes on.
    """
    topics = [each.topic for each in PRICING.inputs]
    shard = Shard(0, 1, {each: Position.at(100) for each in topics}, {each: Progress() for each in topics})
    for topic, position in shard.positions.items():
        position.sought(0)
        shard.progress[topic].probed(START, 500 if topic == ORDERS else 100, timedelta())
    cut = Cut(beginning)
    await engine_of(reader=cut, log=cut)._see_frontiers(shard)
    assert [(hole.first, hole.offset) for hole in shard.queue if isinstance(hole, Hole)] == lost
    assert shard.watermark == (None if lost else START)
