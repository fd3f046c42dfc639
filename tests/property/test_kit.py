"""What must always hold in the kit's pure parts, whatever comes in whichever order and however it is cut."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.folding import Memory
from tests.support.kit import START, amended
from tests.support.story import Known, Story
from tests.support.toys import PRICING, ToyCodec, decide_pricing
from waybond_contracts.commands import DiscardHeld, HeldCommand, ReleaseHeld
from waybond_contracts.topics import ORDERS
from waybond_kit.clock import Progress
from waybond_kit.door import Item, Raw
from waybond_kit.fold import Wakes
from waybond_kit.offsets import Position, Step

SECOND = timedelta(seconds=1)
ORDER_NAMES = ("a", "b", "c")

logs = st.lists(st.integers(1, 3), min_size=1, max_size=40).map(
    lambda gaps: [sum(gaps[: index + 1]) for index in range(len(gaps))]
)


@given(log=logs, cuts=st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=200))
def test_whatever_is_dropped_on_the_way_each_record_of_a_log_is_queued_once_in_order(
    log: list[int], cuts: list[tuple[int, bool]]
) -> None:
    """A consumer fetches runs of a log with gaps in it; some never reach the queue; it seeks where it is told to.

    The first run after a seek does arrive: a handler that fails makes the consumer seek again.
    """
    position = Position.at(log[0])
    fetched, queued, step, sought = 0, [], Step.ON, True
    for size, lost in [*cuts, *[(6, False)] * 200]:
        dropped, sought = lost and not sought, False
        run = [Raw(ORDERS, offset, 0, b"", b"", ()) for offset in log[fetched : fetched + size]]
        fetched += len(run)
        if dropped and fetched < len(log):
            continue
        if run:
            accepted, step = position.offer(run)
            queued += [raw.offset for raw in accepted]
        if step is Step.SEEK:
            fetched = next((index for index, offset in enumerate(log) if offset >= position.queued), len(log))
            position.sought(0)
            step, sought = Step.ON, True
    assert queued == log


@given(steps=st.lists(st.tuples(st.sampled_from(["append", "apply", "probe"]), st.integers(0, 5)), max_size=120))
def test_progress_never_passes_a_record_that_is_not_applied(steps: list[tuple[str, int]]) -> None:
    appended_at, applied, now = [], 0, START
    progress, allowance = Progress(), 2 * SECOND
    for what, amount in steps:
        now += amount * SECOND
        if what == "append":
            appended_at.append(now - timedelta(seconds=amount % 2))  # the broker's clock is up to a second behind
        elif what == "apply":
            applied = min(applied + amount, len(appended_at))
        else:
            progress.probed(now, len(appended_at), allowance)
        progress.settled(applied)
        if progress.through is not None:
            assert all(at > progress.through for at in appended_at[applied:])


facts = st.lists(
    st.tuples(
        st.sampled_from(ORDER_NAMES),
        st.integers(1, 12),
        st.sampled_from(["", "", "events:2", "wake:5", "wake:50", "raise"]),
        st.integers(0, 100),
    ),
    max_size=30,
)


def items(shard: Memory, told: Sequence[tuple[str, int, str, int]]) -> list[Item]:
    return [
        shard.item(amended(name, revision, reason, START + seconds * SECOND), START + seconds * SECOND)
        for name, revision, reason, seconds in told
    ]


@given(told=facts, cuts=st.lists(st.integers(1, 7), max_size=30))
def test_how_records_are_cut_into_batches_changes_nothing(
    told: list[tuple[str, int, str, int]], cuts: list[int]
) -> None:
    whole, cut = Memory(PRICING), Memory(PRICING)
    whole.batch(*items(whole, told))
    rest = items(cut, told)
    for size in [*cuts, len(rest)]:
        cut.batch(*rest[:size])
        rest = rest[size:]
    for shard in (whole, cut):
        shard.batch(wakes=Wakes(None, START + 1_000 * SECOND))
    assert whole.published == cut.published
    for name in ORDER_NAMES:
        assert whole.state(name) == cut.state(name)
        assert whole.line(name) == cut.line(name)


commands = st.tuples(st.sampled_from(ORDER_NAMES), st.integers(0, 6), st.booleans())


@given(
    steps=st.lists(st.one_of(facts.filter(len).map(lambda told: told[0]), commands), max_size=30),
    cuts=st.lists(st.integers(1, 6), max_size=30),
)
def test_how_commands_and_records_are_cut_into_batches_changes_nothing(
    steps: list[tuple[str, int, str, int] | tuple[str, int, bool]], cuts: list[int]
) -> None:
    """A command ends its batch, as in the kit. It may name anything: the first in line, one behind it, none."""
    each, cut = Memory(PRICING), Memory(PRICING)
    for item in told_of(each, steps):
        each.batch(item)
    rest = told_of(cut, steps)
    for most in [*cuts, *[len(rest) or 1] * len(rest)]:
        size = next((place + 1 for place, item in enumerate(rest[:most]) if is_command(item)), most)
        cut.batch(*rest[:size])
        rest = rest[size:]
    assert [row[3] for row in each.published] == [row[3] for row in cut.published]
    for name in ORDER_NAMES:
        assert each.state(name) == cut.state(name)
        assert each.line(name) == cut.line(name)


def told_of(shard: Memory, steps: Sequence[tuple[str, int, str, int] | tuple[str, int, bool]]) -> list[Item]:
    found: list[Item] = []
    for step in steps:
        if len(step) == 4:
            found += items(shard, [step])
            continue
        name, back, discarded = step
        offsets = [item.raw.offset for item in found if item.order_key == f"acme/shop/{name}" and not is_command(item)]
        offset = offsets[-1 - back % len(offsets)] if offsets else 0
        found.append(shard.item(command(DiscardHeld if discarded else ReleaseHeld, name, offset), START))
    return found


def is_command(item: Item) -> bool:
    return isinstance(item.event, HeldCommand)


@given(told=facts)
@settings(max_examples=60)
def test_a_held_order_whose_failing_records_are_discarded_ends_as_if_they_had_never_come(
    told: list[tuple[str, int, str, int]],
) -> None:
    held, spared = Memory(PRICING), Memory(PRICING)
    held.batch(*items(held, told))
    spared.batch(*items(spared, [fact for fact in told if not fails(told, fact)]))
    for name in ORDER_NAMES:
        while held.line(name):
            row = next(
                row
                for row in held.quarantine
                if row.order_key == f"acme/shop/{name}" and (row.batch_seq, row.ordinal) not in held.settled
            )
            held.batch(held.item(command(DiscardHeld, name, row.record_offset), START))
        assert (held.state(name) and held.state(name).revisions) == (
            spared.state(name) and spared.state(name).revisions
        )
    assert held.holding == {}


def fails(told: Sequence[tuple[str, int, str, int]], fact: tuple[str, int, str, int]) -> bool:
    """Whether this instruction makes `decide` raise; an earlier amendment of the same revision would answer it."""
    return fact[2] == "raise"


def command(kind: type[HeldCommand], order: str, offset: int) -> HeldCommand:
    return kind(
        tenant="acme",
        platform="shop",
        order_id=order,
        occurred_at=START,
        command_id=f"{order}{offset}",
        service="pricing",
        topic_name=ORDERS,
        record_offset=offset,
        by="operator",
    )


@given(told=facts)
def test_a_story_in_tests_says_what_the_kit_says(told: list[tuple[str, int, str, int]]) -> None:
    """The teller of stories that the services are tested with, against the fold that carries them."""
    known = sorted((fact for fact in told if fact[0] == "a" and fact[2] != "raise"), key=lambda fact: fact[3])
    shard = Memory(PRICING)
    story = Story(decide_pricing, ToyCodec())
    for fact in known:
        at = START + fact[3] * SECOND
        shard.batch(wakes=Wakes(None, at - timedelta(microseconds=1)))
        shard.batch(*items(shard, [fact]))
        story.when(Known(amended(fact[0], fact[1], fact[2], at), at))
    shard.batch(wakes=Wakes(None, START + 1_000 * SECOND))
    story.until(START + 1_000 * SECOND)
    assert shard.state("a") == story.state
    assert [value for _, _, _, value in shard.published] == [event.model_dump_json().encode() for event in story.events]
