"""Has members join and leave the groups every few seconds."""

from __future__ import annotations

import asyncio
import signal

from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.world import SERVICES, World

SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 4.0


async def rebalance(world: World, dose: Dose) -> None:
    """In every group somebody comes, and leaves in order or without a word."""
    await asyncio.gather(*(_comings(world, service, dose) for service in SERVICES))


async def _comings(world: World, service: str, dose: Dose) -> None:
    number = 0
    while dose.left_seconds > 0:
        number += 1
        guest = await world.crew.add(f"{service}-guest-{number}", service, world.environment(service, None))
        dose.tally["joined"] += 1
        await asyncio.sleep(dose.draw.uniform(SHORTEST_SECONDS, LONGEST_SECONDS))
        silent = dose.draw.random() < 0.5
        await world.crew.remove(guest, signal.SIGKILL if silent else signal.SIGTERM)
        dose.tally["left without a word" if silent else "left in order"] += 1


HARMS = (Harm("rebalance", "members join and leave every few seconds", rebalance),)
