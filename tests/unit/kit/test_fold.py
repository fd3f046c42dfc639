"""The fold: facts and wakes in, states and records out; what fails holds its order."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from tests.support.folding import Memory
from tests.support.kit import START, amended
from tests.support.toys import PRICING, Toy, decide_pricing
from waybond_contracts.commands import DiscardHeld, HeldCommand, ReleaseHeld
from waybond_contracts.event import Event
from waybond_contracts.topics import ORDERS
from waybond_kit.aggregate import Outcome, Woken
from waybond_kit.breaker import MAX_FAULTS
from waybond_kit.definition import Definition
from waybond_kit.door import Door
from waybond_kit.fold import MAX_WAKES_IN_A_ROW, WAKE_TOPIC, Wakes
from waybond_kit.keys import aggregate_id

HOUR = timedelta(hours=1)


def until(instant: datetime) -> Wakes:
    return Wakes(None, instant)


def command(kind: type[HeldCommand], order: str, topic: str, offset: int, service: str = "pricing") -> HeldCommand:
    return kind(
        tenant="acme",
        platform="shop",
        order_id=order,
        occurred_at=START,
        command_id=f"{order}/{offset}",
        service=service,  # type: ignore[arg-type]  # one of the contract's names
        topic_name=topic,
        record_offset=offset,
        by="operator",
    )


def test_now_never_goes_back_for_an_order() -> None:
    shard = Memory(PRICING)
    shard.batch(shard.item(amended("o", 1), START + HOUR), shard.item(amended("o", 2), START))
    assert shard.state("o").known == (START + HOUR, START + HOUR)


def test_a_wake_that_was_due_before_fires_ahead_of_the_batchs_records_others_behind_them() -> None:
    shard = Memory(PRICING)
    shard.batch(shard.item(amended("early", 1, "wake:60")), shard.item(amended("late", 1, "wake:7200")))
    shard.batch(
        shard.item(amended("early", 2), START + HOUR),
        shard.item(amended("late", 2), START + HOUR),
        wakes=Wakes(START + HOUR, START + 3 * HOUR),
    )
    assert shard.state("early").woken == (START + timedelta(seconds=60),)
    assert shard.state("early").known == (START, START + HOUR)
    assert shard.state("late").woken == (START + 2 * HOUR,)


def test_a_fact_that_arms_a_wake_in_the_past_is_woken_in_the_same_batch() -> None:
    shard = Memory(PRICING)
    shard.batch(shard.item(amended("o", 1, "wake:60"), START + HOUR), wakes=until(START + HOUR))
    assert shard.state("o").woken == (START + HOUR,)


def test_wakes_in_a_row_fire_one_after_the_other_within_a_bound() -> None:
    def every_minute(state: Toy | None, fact: Event | Woken, now: datetime, _: datetime | None) -> Outcome[Toy]:
        state = Toy(woken=(*(state.woken if state else ()), now))
        return Outcome(state, wake_at=now + timedelta(minutes=1))

    shard = Memory(Definition(**{**vars(PRICING), "decide": every_minute}))
    shard.batch(shard.item(amended("o", 1)))
    fold = shard.batch(wakes=until(START + 4 * HOUR))
    assert shard.woken == MAX_WAKES_IN_A_ROW and fold.more_wakes
    assert shard.state("o").woken[-1] == START + timedelta(minutes=MAX_WAKES_IN_A_ROW)
    assert not shard.batch(wakes=until(START + 2 * HOUR)).more_wakes
    assert shard.state("o").woken[-1] == START + 2 * HOUR


def test_a_wake_that_wants_to_be_woken_at_once_again_is_a_fault() -> None:
    def for_ever(state: Toy | None, fact: Event | Woken, now: datetime, _: datetime | None) -> Outcome[Toy]:
        return Outcome(Toy(), wake_at=now)

    shard = Memory(Definition(**{**vars(PRICING), "decide": for_ever}))
    shard.batch(shard.item(amended("o", 1)), wakes=until(START + HOUR))
    assert shard.line("o") == ["wake"] and "for ever" in shard.quarantine[0].detail


def test_nothing_of_a_failing_fact_remains_and_what_it_waits_for_is_disarmed() -> None:
    shard = Memory(PRICING)
    shard.batch(shard.item(amended("o", 1, "wake:60")), shard.item(amended("o", 2, "raise")))
    fold = shard.batch(wakes=until(START + HOUR))
    assert shard.state("o").revisions == (1,) and shard.woken == 0
    assert fold.aggregates[aggregate_id("acme/shop/o")].armed_at == START + timedelta(seconds=60)
    assert len(shard.published) == 1 and shard.line("o") == ["decide"]


def test_an_outcome_that_cannot_be_carried_out_is_a_fault() -> None:
    outcomes = {
        "status": Outcome(Toy(), status="x" * 33),
        "naive": Outcome(Toy(), wake_at=START.replace(tzinfo=None)),
        "foreign": Outcome(Toy(), (amended("another", 1),)),
    }

    def odd(state: Toy | None, fact: Event | Woken, now: datetime, _: datetime | None) -> Outcome[Toy]:
        assert isinstance(fact, Event)
        return outcomes[fact.order_id]

    shard = Memory(Definition(**{**vars(PRICING), "decide": odd}))
    shard.batch(*(shard.item(amended(name, 1)) for name in outcomes))
    details = {row.order_key: row.detail for row in shard.quarantine}
    assert "33 characters" in details["acme/shop/status"]
    assert "no time zone" in details["acme/shop/naive"]
    assert "another order" in details["acme/shop/foreign"]


def test_what_is_released_counts_at_its_own_time_and_is_published_as_known_at_the_release() -> None:
    fails = True

    def decide(state: Toy | None, fact: Event | Woken, now: datetime, _: datetime | None) -> Outcome[Toy]:
        if fails:
            raise RuntimeError("a defect")
        return decide_pricing(state, fact, now)

    shard = Memory(Definition(**{**vars(PRICING), "decide": decide}))
    held = shard.item(amended("o", 1))
    shard.batch(held, shard.item(amended("o", 2)))
    fails = False
    released_at = START + 24 * HOUR
    shard.batch(shard.item(command(ReleaseHeld, "o", ORDERS, held.raw.offset), released_at))
    assert shard.state("o").known == (START, START)
    known_at = {headers["ce_knownat"] for _, _, headers, _ in shard.published}
    assert known_at == {released_at.isoformat().replace("+00:00", "Z").encode()}
    assert shard.holding == {} and shard.line("o") == []


def test_a_wake_that_waited_for_a_release_is_published_as_known_at_the_release() -> None:
    """Else it would claim to have been known long before how far its shard has come, and its readers have moved on."""

    def answer_wakes(state: Toy | None, fact: Event | Woken, now: datetime, _: datetime | None) -> Outcome[Toy]:
        if isinstance(fact, Woken):
            return Outcome(state, (amended("o", 7),))
        return decide_pricing(state, fact, now)

    shard = Memory(Definition(**{**vars(PRICING), "decide": answer_wakes}))
    held = shard.item(amended("o", 2, "raise"))
    shard.batch(shard.item(amended("o", 1, "wake:60")), held)
    shard.batch(wakes=until(START + 24 * HOUR))
    assert shard.woken == 0
    released_at = START + 48 * HOUR
    shard.batch(
        shard.item(command(DiscardHeld, "o", ORDERS, held.raw.offset), released_at), wakes=until(START + 47 * HOUR)
    )
    assert shard.woken == 1
    topic, _, headers, _ = shard.published[-1]
    assert (topic, headers["ce_knownat"]) == (ORDERS, released_at.isoformat().replace("+00:00", "Z").encode())


def test_a_line_that_meets_its_next_bad_record_is_no_fault_of_ours() -> None:
    """A platform's bad records hold many orders: the commands about them must not stop the shard."""
    shard = Memory(PRICING)
    bad = []
    for number in range(2 * MAX_FAULTS):
        order = f"o{number}"
        shard.batch(shard.item(amended(order, 1)))
        bad.append([shard.unreadable(ORDERS, order), shard.unreadable(ORDERS, order)])
        shard.batch(*bad[-1])
    discards = [command(DiscardHeld, f"o{n}", ORDERS, first.raw.offset) for n, (first, _) in enumerate(bad)]
    fold = shard.batch(*(shard.item(each) for each in discards))
    assert fold.tally.faults == 0
    assert [shard.line(f"o{number}") for number in range(len(bad))] == [["unreadable"]] * len(bad)


def test_a_record_whose_turn_came_says_what_is_wrong_with_it() -> None:
    """S: all that an operator sees of an order is that a record waits, and releasing it changes nothing."""
    shard = Memory(PRICING)
    held = shard.item(amended("o", 1, "raise"))
    shard.batch(held, shard.item(amended("o", 2, "raise")), shard.unreadable(ORDERS, "o"), shard.item(amended("o", 3)))
    shard.batch(shard.item(command(DiscardHeld, "o", ORDERS, held.raw.offset)))
    assert shard.line("o") == ["decide", "waiting", "waiting"]
    first, second = (row for row in shard.quarantine if row.reason == "decide")
    assert (second.field, second.detail) == (first.field, first.detail) == ("RuntimeError", "told to")
    shard.batch(shard.item(command(ReleaseHeld, "o", ORDERS, second.record_offset)))
    assert shard.line("o") == ["decide", "waiting", "waiting"]
    shard.batch(shard.item(command(DiscardHeld, "o", ORDERS, second.record_offset)))
    assert shard.line("o") == ["unreadable", "waiting"]
    unreadable = next(row for row in shard.quarantine if row.reason == "unreadable")
    assert unreadable.field == "header ce_specversion" and unreadable.detail.startswith("expected")
    shard.batch(shard.item(command(DiscardHeld, "o", ORDERS, unreadable.record_offset)))
    assert shard.line("o") == [] and shard.state("o").revisions == (3,)


def test_a_record_of_a_topic_that_is_no_longer_read_can_still_be_released() -> None:
    """S: a release reads one topic less; a record held from it is released, and the shard ends for good."""
    shard = Memory(PRICING)
    held = shard.item(amended("o", 1))
    shard.batch(held, poisoned=True)
    assert shard.line("o") == ["save"]
    shard.door = Door([each for each in PRICING.inputs if each.topic != ORDERS], replay=True)
    shard.batch(shard.item(command(ReleaseHeld, "o", ORDERS, held.raw.offset)))
    assert shard.line("o") == [] and shard.state("o").revisions == (1,)


def test_what_came_in_the_batch_of_the_command_follows_the_line_too() -> None:
    """Else its order would be free while a record of it still waited, until the next takeover held it again."""
    shard = Memory(PRICING)
    held = shard.item(amended("o", 1, "raise"))
    shard.batch(held, shard.item(amended("o", 2)))
    shard.batch(shard.item(amended("o", 3)), shard.item(command(DiscardHeld, "o", ORDERS, held.raw.offset)))
    assert shard.state("o").revisions == (2, 3)
    assert shard.line("o") == [] and shard.holding == {}


def test_an_order_that_was_held_in_the_batch_of_the_command_stays_held() -> None:
    shard = Memory(PRICING)
    speaks = shard.item(amended("o", 1, "document:acme/shop/o/raise-on-wake"))
    shard.batch(speaks, shard.item(amended("o", 2, "wake:9")))
    unreadable = shard.item(amended("new", 1))
    shard.batch(
        shard.item(command(ReleaseHeld, "o", ORDERS, unreadable.raw.offset)),
        wakes=Wakes(START + HOUR, START + HOUR),
    )
    assert shard.line("o") == ["wake"] and len(shard.holding) == 1


def test_a_command_for_another_service_or_another_record_changes_nothing() -> None:
    shard = Memory(PRICING)
    held = shard.item(amended("o", 1, "raise"))
    second = shard.item(amended("o", 2))
    shard.batch(held, second)
    shard.batch(
        shard.item(command(DiscardHeld, "o", ORDERS, held.raw.offset, service="tracking")),
        shard.item(command(DiscardHeld, "o", ORDERS, second.raw.offset)),
        shard.item(command(ReleaseHeld, "o", ORDERS, second.raw.offset)),
        shard.item(command(DiscardHeld, "other", ORDERS, held.raw.offset)),
    )
    assert shard.line("o") == ["decide", "waiting"] and shard.settled == {}


def test_wakes_that_fail_in_one_batch_are_called_by_different_addresses() -> None:
    shard = Memory(PRICING)
    for order in ("o", "p"):
        document = f"document:acme/shop/{order}/raise-on-wake"
        shard.batch(shard.item(amended(order, 1, document)), shard.item(amended(order, 2, "wake:9")))
    shard.batch(wakes=until(START + HOUR))
    rows = {(row.order_key or "")[-1]: row.record_offset for row in shard.quarantine}
    assert rows.keys() == {"o", "p"} and rows["o"] != rows["p"]
    for order, offset in rows.items():
        shard.batch(shard.item(command(DiscardHeld, order, WAKE_TOPIC, offset)))
    assert shard.holding == {}


def test_decide_is_told_when_what_it_concludes_can_be_heard_of() -> None:
    told: list[tuple[datetime, datetime | None]] = []

    def listening(state: Toy | None, fact: Event | Woken, now: datetime, sent_at: datetime | None) -> Outcome[Toy]:
        told.append((now, sent_at))
        return decide_pricing(state, fact, now)

    shard = Memory(Definition(**{**vars(PRICING), "decide": listening}))
    shard.batch(shard.item(amended("o", 1), START + HOUR))
    shard.batch(shard.item(amended("o", 2), START + HOUR), sent_at=START + 72 * HOUR)
    shard.batch(shard.item(amended("o", 3), START + 80 * HOUR), sent_at=START + 72 * HOUR)
    assert [each - START for pair in told for each in pair if each] == [n * HOUR for n in (1, 1, 1, 72, 80, 80)]


def test_a_discarded_wake_is_not_armed_again() -> None:
    shard = Memory(PRICING)
    shard.batch(
        shard.item(amended("o", 1, "document:acme/shop/o/raise-on-wake")), shard.item(amended("o", 2, "wake:9"))
    )
    shard.batch(wakes=until(START + HOUR))
    assert shard.line("o") == ["wake"]
    row = shard.quarantine[0]
    shard.batch(shard.item(command(DiscardHeld, "o", WAKE_TOPIC, row.record_offset)), wakes=until(START + 2 * HOUR))
    assert shard.line("o") == [] and shard.holding == {} and shard.woken == 1
    shard.batch(wakes=until(START + 3 * HOUR))
    assert shard.woken == 1


class Numbering:
    """Tells each decision how many counted before it; its status says so."""

    def __init__(self, first: int = 0) -> None:
        self.count = first

    @property
    def text(self) -> str:
        return str(self.count)

    def decide(self, state: Toy | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None) -> Any:
        outcome = decide_pricing(state, fact, now, sent_at)
        return replace(outcome, status=self.text, rows=(fact,))

    def accepted(self, rows: Sequence[object]) -> None:
        self.count += len(rows)


def test_what_decisions_are_told_grows_by_those_that_count_alone() -> None:
    shard, told = Memory(PRICING), Numbering(7)
    facts = [amended("a", 1), amended("b", 1, "raise"), amended("b", 2), amended("c", 1)]
    fold = shard.batch(*(shard.item(fact) for fact in facts), known=told)
    statuses = {each.order_key: each.status for each in fold.aggregates.values()}
    assert (statuses["acme/shop/a"], statuses["acme/shop/c"]) == ("7", "8")
    assert told.text == "9"
