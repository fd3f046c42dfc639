"""Toy services as processes of their own: killed, paused, stopped in order, while shards move and nothing is lost."""

import asyncio
import os
import signal
import sys
from collections import Counter

import pytest

from tests.support.kit import World, amended
from tests.support.patience import ended, run
from tests.support.sources import ROOT
from tests.support.toy_processes import Processes, applied, old_batches, spread_over
from tests.support.toys import PRICING
from waybond_contracts.topics import POLICIES

pytestmark = pytest.mark.xdist_group("frozen")


async def test_eight_shards_move_between_three_processes_without_loss(
    kafka: str, database: str, topic_prefix: str, processes: Processes
) -> None:
    """They join, one is killed, one stops in order, one joins again, while orders come in all the time."""
    orders, revisions = 100, 40
    async with World(kafka, database, topic_prefix, partitions=8).ready(PRICING) as world:

        async def feed() -> None:
            for revision in range(revisions):
                await world.publish(*(amended(f"o{order}", revision) for order in range(orders)))
                await asyncio.sleep(0.4)  # so that there is a flow, and not one flood

        first = processes.start(world)
        feeding = asyncio.create_task(feed())
        await spread_over(world, first)
        second, third = processes.start(world), processes.start(world)
        await spread_over(world, first, second, third)
        second.kill()
        await spread_over(world, first, third)
        first.terminate()
        await spread_over(world, third)
        assert ended(first, 30) == 0
        fourth = processes.start(world)
        await spread_over(world, third, fourth)
        await feeding
        await applied(world, orders, revisions)
        assert await world.quarantine("pricing") == []


async def test_a_process_paused_across_a_rebalance_writes_nothing_when_it_wakes(
    kafka: str, database: str, topic_prefix: str, processes: Processes
) -> None:
    orders = 200
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        zombie = processes.start(world, session_seconds=6.0, idle_in_transaction_seconds=1.0)
        await spread_over(world, zombie)
        await world.publish(*(amended(f"o{order}", 0) for order in range(orders)))
        await asyncio.sleep(0.1)  # somewhere between fetch and acknowledgement
        os.kill(zombie.pid, signal.SIGSTOP)
        heir = processes.start(world, session_seconds=6.0, idle_in_transaction_seconds=1.0)
        await spread_over(world, heir)
        epochs = {row["shard"]: row["epoch"] for row in await world.query("pricing", "SELECT shard, epoch FROM shard")}
        await world.publish(*(amended(f"o{order}", 1) for order in range(orders)))
        await applied(world, orders, 2)
        heir.terminate()
        assert await asyncio.to_thread(ended, heir, 30) == 0
        await world.publish(*(amended(f"o{order}", 2) for order in range(orders)))
        before = await old_batches(world, epochs)
        os.kill(zombie.pid, signal.SIGCONT)
        await applied(world, orders, 3)
        assert await old_batches(world, epochs) == before, "nothing was written under the old epoch"


async def test_on_sigterm_a_process_drains_its_outbox_and_leaves_the_group_at_once(
    kafka: str, database: str, topic_prefix: str, processes: Processes
) -> None:
    """A session of a minute: whoever takes over would wait as long for a member that had not left."""
    orders = 500
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        leaving = processes.start(world, session_seconds=60.0)
        await spread_over(world, leaving)
        await world.publish(*(amended(f"o{order}", 0) for order in range(orders)))
        leaving.terminate()
        assert await asyncio.to_thread(ended, leaving, 30) == 0
        assert await world.query("pricing", "SELECT FROM outbox") == []
        published = await world.ids(POLICIES)
        assert len(published) == len(await world.states("pricing"))
        heir = processes.start(world, session_seconds=60.0)
        await spread_over(world, heir)
        await applied(world, orders, 1)
        assert max(Counter(await world.ids(POLICIES)).values()) == 1


async def test_what_keeps_a_process_from_starting_is_one_line_that_names_it(
    kafka: str, database: str, topic_prefix: str, processes: Processes
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        broken = processes.start(world, session_seconds=6.0, idle_in_transaction_seconds=2.0)
        broken.kill()
        broken.wait()
        environment = {**os.environ, **world.environment("pricing"), "PYTHONPATH": str(ROOT)}
        environment["WAYBOND_BATCH_RECORDS"] = "none"
        command = [sys.executable, "-m", "tests.support.toys", "pricing"]
        answer = await asyncio.to_thread(run, command, 60, env=environment, cwd=ROOT)
    assert answer.returncode == 2
    assert answer.stderr.splitlines() == [
        "waybond-pricing: settings: WAYBOND_BATCH_RECORDS: Input should be a valid integer, "
        "unable to parse string as an integer"
    ]
