"""What the runbooks tell operators to do about topics, done on real parts with the commands that they name."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from tests.support.kit import World, amended, envelope_of, eventually
from tests.support.servers import create_topics
from tests.support.toys import PRICING
from waybond_contracts.topics import ORDERS
from waybond_kit.errors import StartError
from waybond_kit.keys import partition_of
from waybond_local.cli import app
from waybond_local.journal.replay import Place, replay
from waybond_local.journal.services import Audited

ROOT = Path(__file__).parents[2]
RUNBOOKS = sorted((ROOT / "docs/runbooks").glob("*.md"))


def statement(runbook: str, verb: str) -> str:
    """The SQL that a runbook says to run, for the toy that stands for claims here."""
    text = (ROOT / "docs/runbooks" / runbook).read_text()
    found = re.findall(r'psql "\$ADMIN_DSN" -c "(.*)"', text)
    return next(each for each in found if each.startswith(verb)).replace("claims.", "pricing.")


async def fill(world: World, revision: int) -> None:
    await world.publish(*(amended(f"o{order}", revision) for order in range(20)))


async def applied(world: World, *revisions: int) -> None:
    await eventually(
        lambda: world.states("pricing"),
        lambda states: len(states) == 20 and all(toy.revisions == revisions for toy in states.values()),
    )


async def make_anew(world: World, topic: str) -> None:
    await world.delete(topic)
    await create_topics(world.kafka, [world.prefix + topic], world.partitions)


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await fill(world, 1)
            await applied(world, 1)
        await make_anew(world, ORDERS)
        async with world.running(PRICING) as pricing:

            async def closed() -> dict[int, str]:
                return pricing.engine.failures()

            await eventually(closed, lambda seen: sum("made anew" in why for why in seen.values()) == 4)
        asked = await world.query("pricing", statement("topic-recreated.md", "SELECT"))
        assert len(asked) == 4 and all(row["next_offset"] for row in asked)
        await world.execute("pricing", statement("topic-recreated.md", "DELETE"))
        await fill(world, 1)  # what the platform had published, and what it publishes now
        await fill(world, 2)
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
            await applied(world, 1, 2)
        place = Place(world.admin_dsn, kafka, world.partitions, False, world.prefix)
        report = (await replay(place, Audited(PRICING, "0"), 0)).report
        assert "the topic was made anew" in report.cut


async def test_a_topic_with_more_partitions_is_made_again_with_the_old_number(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING) as pricing:
            await fill(world, 1)
            await applied(world, 1)
            admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
            await admin.start()
            await admin.create_partitions({world.prefix + ORDERS: NewPartitions(6)})
            await admin.close()
            for order in range(20):  # a producer that has not heard of it yet
                event = amended(f"o{order}", 2)
                key, value = event.order_key.encode(), event.model_dump_json().encode()
                shard = partition_of(key, world.partitions)
                await world.send(ORDERS, key, value, envelope_of(event).headers(), shard)
            await applied(world, 1, 2)
            assert len(pricing.engine.shards()) == 4
        with pytest.raises(StartError, match="all topics need the same number of partitions"):
            async with world.running(PRICING):
                pass
        await make_anew(world, ORDERS)
        await world.execute("pricing", statement("topic-recreated.md", "DELETE"))
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
            await fill(world, 3)
            await applied(world, 1, 2, 3)


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.stem)
def test_runbooks_say_the_same_things_in_the_same_order(runbook: Path) -> None:
    text = runbook.read_text()
    heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert heads == ["What you see", "What it means", "What to do", "How you know that it is over"]
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (runbook.parent / target).is_file(), target
    for test in re.findall(r"`(tests/[\w/]+\.py)`", text):
        assert (ROOT / test).is_file(), test


def _commands() -> dict[tuple[str, ...], Any]:
    """Every `waybond` command of the runbooks, and where it stands."""
    found = {}
    for path in RUNBOOKS:
        for block in re.findall(r"```\n(.*?)```", path.read_text(), re.DOTALL):
            for line in block.splitlines():
                words = line.split()
                if words and words[0] == "waybond":
                    found[tuple(words[1:])] = path.stem
    return found


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_every_command_of_a_runbook_is_one(words: tuple[str, ...]) -> None:
    """It is there, with the options that the runbook gives it."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    text = " ".join(rest)
    filled = text.replace("REFERRAL_ID", "r-1").replace("CHOICE", "retry").replace("VERSION", "3")
    assert command.make_context("waybond", shlex.split(filled)).command is command
