"""What the engine of a process knows while its database does not answer."""

from datetime import timedelta
from typing import Any, cast

import pytest

from tests.support.toys import PRICING
from waybond_kit.carrier import Limits
from waybond_kit.clock import WallClock
from waybond_kit.engine import Engine, Plan, Ports


class Away:
    """Stands for a database that does not answer."""

    async def wakes_due(self, *_: object) -> dict[int, int]:
        raise TimeoutError


async def test_wakes_that_could_not_be_counted_are_not_none() -> None:
    """S: the database is slow, thousands of wakes wait, and who looks whether they fall to 0 sees 0."""
    plan = Plan(4, "owner", "1", Limits(1, 1, 1), replay=False, allowance=timedelta(), probe_seconds=1.0)
    nobody = cast("Any", None)
    ports = Ports(cast("Any", Away()), nobody, nobody, nobody, WallClock())
    engine = Engine(PRICING, plan, ports, lambda done, seconds: None)
    engine.wakes_due = {3: 4_000}
    with pytest.raises(TimeoutError):
        await engine.count_wakes()
    assert engine.wakes_due == {3: 4_000}
