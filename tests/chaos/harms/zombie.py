"""Freezes processes for longer than their session, at any time or at a named point, and lets them go on."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

from tests.chaos.crew import Member
from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.harms.points import POINTS, passes
from tests.chaos.world import SERVICES, World
from tests.support.patience import within
from tests.support.points import DEED, FREEZE, PASSES, POINT
from tests.support.toy_processes import stands_still

AT_POINT = 0.7
"""So often a process freezes at a named point of the flow instead of at any time."""
PATIENCE_SECONDS = 30.0
SHORTEST_SECONDS, LONGEST_SECONDS = 5.0, 30.0


async def zombie(world: World, dose: Dose) -> None:
    """One member of each service at a time, each for a time of its own."""
    await asyncio.gather(*(_pauses(world, service, dose) for service in SERVICES))


async def _pauses(world: World, service: str, dose: Dose) -> None:
    while (left := dose.left_seconds) > 0:
        member = dose.draw.choice(world.members(service))
        if dose.draw.random() < AT_POINT:
            point = dose.draw.choice(POINTS)
            frozen = await _freezes_at(member, point, passes(point, dose))
            dose.tally[f"frozen {point}" if frozen else f"frozen {point} not reached"] += 1
        elif not member.send(signal.SIGSTOP):
            await asyncio.sleep(0.1)
            continue
        else:
            dose.tally["pauses"] += 1
        try:
            await asyncio.sleep(dose.draw.uniform(SHORTEST_SECONDS, max(SHORTEST_SECONDS, min(LONGEST_SECONDS, left))))
        finally:
            member.send(signal.SIGCONT)
        if dose.left_seconds > 0:
            await asyncio.sleep(dose.draw.uniform(0.5, 3))


async def _freezes_at(member: Member, point: str, passes: int) -> bool:
    """Start the member anew with its point; whether it came there, and stands still."""
    member.once = {POINT: point, PASSES: str(passes), DEED: FREEZE}
    starts = member.starts
    member.send(signal.SIGKILL)
    with suppress(TimeoutError):
        async with within(PATIENCE_SECONDS):
            while member.starts == starts or member.pid is None or not stands_still(member.pid):
                await asyncio.sleep(0.05)
            return True
    return False


HARMS = (Harm("zombie", "SIGSTOP for 5 to 30 s, at any time or at a named point, then SIGCONT", zombie),)
