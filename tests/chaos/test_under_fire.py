"""A short campaign of every kind of harm: everything heals by itself, every order is answered, all invariants hold.

What a busy machine can break is not asserted: how long healing takes is printed alone. `make chaos` judges it.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.chaos.campaign import Round, check, suffer
from tests.chaos.entry import RELEASE
from tests.chaos.harms import HARMS
from tests.chaos.harms.harm import Dose, Harm
from tests.chaos.releases import LOSING
from tests.chaos.world import Size, World, world
from tests.support.patience import bound

PATIENCE_SECONDS = 240.0
AMOUNT = 0.01
SEED = 1
RATE = 4.0
HASTE = 3.0
"""Every round waits for the lives of the orders that it met."""

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("chaos")]
one_loop = pytest.mark.asyncio(loop_scope="module")
"""The stack lives in the loop that made it."""

# What is done one after another before the books are checked, each with its seconds; what stands together, at once.
GROUPS: dict[str, list[tuple[tuple[str, ...], float]]] = {
    "processes and database": [
        (("kill", "postgres-restart"), 3),
        (("points", "zombie"), 6),
        (("postgres-cut", "network-delay"), 3),
        (("postgres-block", "rebalance"), 4),
    ],
    "full disk": [(("postgres-full",), 2)],
    "input": [(("fuzz", "rubbish", "sizes", "marathon"), 1), (("own-rubbish", "partitioner"), 2)],
    "deploys, network and brokers": [
        (("deploy", "network-throttle", "network-cut", "network-half"), 3),
        (("kafka-leader",), 1),
        (("kafka-two",), 1),
        (("kafka-in-turn",), 1),
    ],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack() -> AsyncIterator[World]:
    """A world with orders flowing through it, which all groups share."""
    async with world(Size(rate=RATE, haste=HASTE, seed=SEED)) as made:
        yield made


def test_every_kind_of_harm_is_done() -> None:
    assert {name for group in GROUPS.values() for names, _ in group for name in names} == HARMS.keys()


@one_loop
@pytest.mark.parametrize("group", GROUPS)
async def test_everything_heals_by_itself_and_the_books_are_right(
    group: str, stack: World, capsys: pytest.CaptureFixture[str]
) -> None:
    draw, result = random.Random(f"{SEED} {group}"), None
    for names, seconds in GROUPS[group]:
        dose = Dose(seconds, AMOUNT, random.Random(draw.getrandbits(64)))
        patience, done = bound(PATIENCE_SECONDS), [HARMS[name] for name in names]
        result = await suffer(stack, done, dose, patience, measured=False, longest_seconds=patience)
        if result.unable:
            pytest.skip(f"{', '.join(names)}: {result.unable}")
        with capsys.disabled():
            _tell(result, stack.meter.rate())
        assert result.wrong == []
        assert result.done, "no harm was done"
    assert result is not None
    await check(stack, result, bound(PATIENCE_SECONDS), whole=False)
    assert result.wrong == []


@one_loop
async def test_the_journals_of_all_this_say_the_same(stack: World) -> None:
    """Behind all groups, for it takes longer than I1 to I6: every journal is followed from its beginning."""
    result = Round(("journals",), Counter(), {}, 0.0, 0.0, 0)
    await check(stack, result, bound(PATIENCE_SECONDS))
    assert result.wrong == []
    assert {each.name for each in result.checks} == {f"I{number}" for number in range(1, 13)}


@one_loop
async def test_a_release_that_loses_what_it_publishes_is_caught(stack: World) -> None:
    """The last test, since nothing heals what is lost: a harness that lets it pass would prove nothing."""

    async def deploy(world: World, dose: Dose) -> None:
        for member in world.members("pricing"):
            await world.crew.remove(member)
            await world.crew.add(member.name, member.service, {**member.environment, RELEASE: LOSING})
        await asyncio.sleep(dose.seconds)

    harm = Harm("losing", "a release that loses what it publishes", deploy)
    result = await suffer(stack, [harm], Dose(3, AMOUNT, random.Random(SEED)), 8, measured=False)
    assert "unbound" in "".join(result.wrong)


def _tell(result: Round, rate: float) -> None:
    done = ", ".join(f"{number:,} {what}" for what, number in result.done.items())
    after = "not seen" if result.answered_seconds is None else f"{result.answered_seconds:.1f} s"
    harms = " + ".join(result.harms)
    print(f"\n  {harms}: {done}; all answered after {after}, {rate:.1f} orders/s then", end="")  # noqa: T201 - measured
