"""Kills services, and the payment sandbox, without a word."""

from __future__ import annotations

import asyncio
import signal

from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.world import World

KILLS_A_SECOND = 3.0


async def kill(world: World, dose: Dose) -> None:
    """Any process that runs, several times a second in all."""
    while dose.left_seconds > 0:
        await asyncio.sleep(dose.draw.expovariate(KILLS_A_SECOND))
        running = [member for member in world.members() if member.pid is not None]
        if running and (member := dose.draw.choice(running)).send(signal.SIGKILL):
            dose.tally[f"kills of {member.service}"] += 1


HARMS = (Harm("kill", "kill -9 of any service, several times a second", kill),)
