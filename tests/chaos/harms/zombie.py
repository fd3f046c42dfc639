"""Pauses processes for longer than their session, and lets them go on as if nothing had happened."""

from __future__ import annotations

import asyncio
import signal

from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.world import SERVICES, World

SHORTEST_SECONDS, LONGEST_SECONDS = 5.0, 30.0


async def zombie(world: World, dose: Dose) -> None:
    """One member of each service at a time, each for a time of its own."""
    await asyncio.gather(*(_pauses(world, service, dose) for service in SERVICES))


async def _pauses(world: World, service: str, dose: Dose) -> None:
    while (left := dose.left_seconds) > 0:
        member = dose.draw.choice(world.members(service))
        if not member.send(signal.SIGSTOP):
            await asyncio.sleep(0.1)
            continue
        dose.tally["pauses"] += 1
        try:
            await asyncio.sleep(dose.draw.uniform(SHORTEST_SECONDS, max(SHORTEST_SECONDS, min(LONGEST_SECONDS, left))))
        finally:
            member.send(signal.SIGCONT)
        if dose.left_seconds > 0:
            await asyncio.sleep(dose.draw.uniform(0.5, 3))


HARMS = (Harm("zombie", "SIGSTOP for 5 to 30 s, then SIGCONT", zombie),)
