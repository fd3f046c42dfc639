"""Where a shard is in a topic: what follows is queued, a gap is looked at again, going back is an error."""

from waybond_kit.door import Raw
from waybond_kit.offsets import Position, Step


def run(*offsets: int) -> list[Raw]:
    return [Raw("orders", offset, 0, b"k", b"v", ()) for offset in offsets]


def offsets(records: object) -> list[int]:
    return [raw.offset for raw in records]  # type: ignore[attr-defined]  # raws, as offer returns them


def test_records_that_follow_are_queued() -> None:
    position = Position.at(5)
    accepted, step = position.offer(run(5, 6, 7))
    assert (offsets(accepted), step, position.queued, position.applied) == ([5, 6, 7], Step.ON, 8, 5)


def test_a_gap_is_sought_once_and_accepted_if_it_is_the_same() -> None:
    position = Position.at(5)
    accepted, step = position.offer(run(5, 8, 9))
    assert (offsets(accepted), step, position.queued) == ([5], Step.SEEK, 6)
    assert position.offer(run(10, 11)) == ((), Step.ON), "fetched before the seek: of no use"
    position.sought(0)
    accepted, step = position.offer(run(8, 9))
    assert (offsets(accepted), step, position.queued) == ([8, 9], Step.ON, 10)


def test_records_that_were_dropped_on_the_way_come_again_after_the_seek() -> None:
    position = Position.at(5)
    assert position.offer(run(8))[1] is Step.SEEK
    position.sought(0)
    assert offsets(position.offer(run(5, 6, 7, 8))[0]) == [5, 6, 7, 8]


def test_another_gap_than_before_is_sought_again() -> None:
    position = Position.at(5)
    position.offer(run(8))
    position.sought(0)
    assert position.offer(run(7))[1] is Step.SEEK
    position.sought(0)
    assert offsets(position.offer(run(7, 8))[0]) == [7, 8]


def test_a_gap_below_the_logs_beginning_is_a_hole() -> None:
    position = Position.at(5)
    position.offer(run(20))
    position.sought(log_start=18)
    assert offsets(position.offer(run(20, 21))[0]) == [20, 21]
    assert position.holes == [(5, 18)]


def test_a_record_from_before_says_that_the_log_went_back() -> None:
    position = Position.at(5)
    accepted, step = position.offer(run(0, 1))
    assert (offsets(accepted), step) == ([], Step.BACK)


def test_only_what_is_applied_is_settled_and_markers_behind_it() -> None:
    position = Position.at(5)
    position.offer(run(5, 6))
    position.frontier = 9
    assert position.settled() == 5
    position.applied = 7
    assert position.settled() == 9
