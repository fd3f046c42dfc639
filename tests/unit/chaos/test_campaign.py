"""A campaign's plan follows from its seed alone, and what does not hold is never reported as if it did."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

from tests.chaos import fuzz
from tests.chaos.campaign import RECOVERED_WITHIN_SECONDS, Audits, Round, Rounds
from tests.chaos.harms import HARMS
from tests.chaos.lives import life
from tests.chaos.report import Campaign
from tests.chaos.world import Size

ALL = list(HARMS.values())


def plan(seed: int, count: int) -> list[tuple[tuple[str, ...], float]]:
    rounds = Rounds(seed, ALL, HARMS["kill"])
    drawn = (rounds.next() for _ in range(count))
    return [(tuple(harm.name for harm in harms), draw.random()) for harms, draw in drawn]


def done(**given: float | None) -> Round:
    return Round(("kill",), Counter(kills=3), {}, 1.0, 8.0, 10, **given)  # type: ignore[arg-type]  # the seconds alone are given


def test_a_seed_means_one_plan_and_every_kind_comes_before_one_comes_again() -> None:
    assert plan(7, 60) == plan(7, 60) != plan(8, 60)
    names = [names for names, _ in plan(7, len(ALL))]
    assert sorted(names) == sorted((name,) for name in HARMS)
    again = [names for names, _ in plan(7, 3 * len(ALL))[len(ALL) :]]
    assert all("kill" in each for each in again), "from the second time on processes are killed beside it"


def test_a_flow_that_is_not_back_in_time_is_wrong() -> None:
    in_time, late, never = (done(recovered_seconds=s) for s in (RECOVERED_WITHIN_SECONDS, 61.0, None))
    for each in (in_time, late, never):
        each.judge()
    assert [len(each.wrong) for each in (in_time, late, never)] == [0, 1, 1]


def test_the_audit_takes_a_share_of_the_time_and_no_more() -> None:
    audits = Audits()
    assert audits.due, "the first one costs nothing that is known"
    audits.took(1_000.0)
    assert not audits.due
    audits.took(0.0)
    assert audits.due


def test_a_campaign_that_did_nothing_does_not_hold() -> None:
    unable = done()
    unable.unable = "needs root"
    assert not Campaign(Size(), 1.0, []).holds
    assert not Campaign(Size(), 1.0, [unable], complete=True).holds
    assert Campaign(Size(), 1.0, [unable, done()], complete=True).holds
    assert not Campaign(Size(), 1.0, [unable, done()]).holds, "it was interrupted: nothing was audited at its end"
    wrong = done()
    wrong.wrong.append("I1 fails")
    assert not Campaign(Size(), 1.0, [done(), wrong], complete=True).holds


def test_lives_and_fuzzed_records_follow_from_their_seed() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)

    def told(seed: int) -> list[object]:
        drawn = life(random.Random(seed), "o1")
        return [drawn.kind, drawn.order.placed(at, drawn.due_in), [said.build(at) for said in drawn.said]]

    assert told(1) == told(1)
    assert len({str(told(seed)) for seed in range(20)}) == 20
    records = list(islice(fuzz.records(random.Random(1), 500), 500))
    assert len(records) == 500
    assert len({(topic, key, value) for topic, key, value, _, _ in records}) > 400


def test_haste_changes_when_a_parcel_is_late_and_nothing_else() -> None:
    late = 0
    for seed in range(100):
        drawn, sooner = life(random.Random(seed), "o1"), life(random.Random(seed), "o1", 3.0)
        assert (drawn.kind, drawn.order, drawn.pays) == (sooner.kind, sooner.order, sooner.pays)
        assert [said.after_seconds for said in drawn.said] == [said.after_seconds for said in sooner.said]
        assert (drawn.due_in is None) == (sooner.due_in is None)
        if drawn.due_in is not None and sooner.due_in is not None:  # 2 s and up to 3 more; a third of that more
            late += 1
            more = (drawn.due_in - timedelta(seconds=2)) / 3
            assert abs(sooner.due_in - timedelta(seconds=2) - more) < timedelta(microseconds=2)
    assert late
