"""What `waybond restored` says of offsets: what is applied again, what is gone, and a topic that is another one."""

import pytest

from waybond_local.invariants.flow import Log, Place
from waybond_local.restored import Ahead, compared

HERE = Place("claims", "orders", 0)


@pytest.mark.parametrize(
    ("reached", "log", "says"),
    [
        (7, Log(0, 10), Ahead("claims", "orders", again=3, lost=0, beyond=0)),
        (10, Log(0, 10), Ahead("claims", "orders", again=0, lost=0, beyond=0)),
        (7, Log(9, 10), Ahead("claims", "orders", again=1, lost=2, beyond=0)),
        (11, Log(0, 10), Ahead("claims", "orders", again=0, lost=0, beyond=1)),
    ],
)
def test_offsets_are_compared_with_the_log(reached: int, log: Log, says: Ahead) -> None:
    assert compared({HERE: reached}, {HERE: log}) == [says]


def test_a_topic_that_was_never_read_begins_where_its_log_does() -> None:
    assert compared({}, {HERE: Log(4, 10)}) == [Ahead("claims", "orders", again=6, lost=0, beyond=0)]


def test_shards_are_summed_up_by_topic() -> None:
    logs = {HERE: Log(0, 10), Place("claims", "orders", 1): Log(0, 5), Place("claims", "delays", 0): Log(0, 1)}
    found = compared({HERE: 8, Place("claims", "orders", 1): 0, Place("claims", "delays", 0): 1}, logs)
    assert [(each.topic, each.again) for each in found] == [("orders", 7), ("delays", 0)]
