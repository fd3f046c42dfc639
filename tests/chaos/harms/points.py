"""Has services kill themselves at named points of the flow."""

from __future__ import annotations

import asyncio
import signal

from tests.chaos.crew import Member
from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.world import SERVICES, World
from tests.support.patience import within
from tests.support.points import AMID_TAKEOVER, BATCH_POINTS, DEED, IN_TAKEOVER, KILL, PASSES, POINT

POINTS = (*BATCH_POINTS, AMID_TAKEOVER, IN_TAKEOVER)
MOST_PASSES = 6
PATIENCE_SECONDS = 40.0


async def points(world: World, dose: Dose) -> None:
    """Every point once in some service, then any for as long as there is time; one process of a service at a time."""
    waiting: list[str] = dose.draw.sample(POINTS, len(POINTS))
    await asyncio.gather(*(_deaths(world, service, waiting, dose) for service in SERVICES))


async def _deaths(world: World, service: str, waiting: list[str], dose: Dose) -> None:
    while waiting or dose.left_seconds > 0:
        point = waiting.pop() if waiting else dose.draw.choice(POINTS)
        member = dose.draw.choice(world.members(service))
        dose.tally[point if await _dies_at(member, point, passes(point, dose)) else f"{point} not reached"] += 1


def passes(point: str, dose: Dose) -> int:
    """How often a process comes by its point before."""
    return 0 if point in (AMID_TAKEOVER, IN_TAKEOVER) else dose.draw.randrange(MOST_PASSES)


async def _dies_at(member: Member, point: str, passes: int) -> bool:
    """Start the member anew with its point; whether it came there."""
    member.once = {POINT: point, PASSES: str(passes), DEED: KILL}
    starts = member.starts
    member.send(signal.SIGKILL)
    try:
        async with within(PATIENCE_SECONDS):
            while member.starts == starts:
                await asyncio.sleep(0.05)
            await member.down.wait()
    except TimeoutError:
        member.send(signal.SIGKILL)
        return False
    return True


HARMS = (Harm("points", f"death {', '.join(POINTS)}", points),)
