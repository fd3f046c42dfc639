"""Deploys other versions of the code, one process after another, while orders flow."""

from __future__ import annotations

import asyncio

from tests.chaos.entry import RELEASE
from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.releases import OLDER
from tests.chaos.world import SERVICES, World


async def deploy(world: World, dose: Dose) -> None:
    """Back to a version that reads less, then to the one that is here: its shards lie in two hands meanwhile."""
    await asyncio.gather(*(_roll(world, service, OLDER, dose) for service in SERVICES))
    await asyncio.sleep(max(1.0, dose.left_seconds / 2))
    await asyncio.gather(*(_roll(world, service, "", dose) for service in SERVICES))


async def _roll(world: World, service: str, release: str, dose: Dose) -> None:
    for member in world.members(service):
        await world.crew.remove(member)
        await world.crew.add(member.name, service, {**member.environment, RELEASE: release})
        dose.tally["processes deployed"] += 1


HARMS = (Harm("deploy", "a rolling deploy with a new code version that reads a topic more", deploy),)
