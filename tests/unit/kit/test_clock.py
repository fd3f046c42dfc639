"""The watermark: behind it everything known is applied; it never goes back, and never runs ahead of a probe."""

from datetime import timedelta

from tests.support.kit import START
from waybond_kit.clock import MAX_PROBES, Progress, watermark

MINUTE = timedelta(minutes=1)


def test_a_probe_counts_once_everything_below_its_end_is_applied() -> None:
    progress = Progress()
    progress.probed(START, 10, MINUTE)
    assert not progress.settled(9) and progress.through is None
    assert progress.settled(10) and progress.through == START - MINUTE


def test_an_idle_topic_answers_at_once() -> None:
    progress = Progress()
    progress.probed(START, 0, MINUTE)
    assert progress.settled(0)


def test_of_several_probes_the_last_that_is_reached_counts() -> None:
    progress = Progress()
    for number in range(3):
        progress.probed(START + number * MINUTE, 10 * number, timedelta(0))
    assert progress.settled(15) and progress.through == START + MINUTE


def test_a_backlog_keeps_the_first_probes_and_the_newest() -> None:
    progress = Progress()
    for number in range(100):
        progress.probed(START + number * MINUTE, 10 * number, timedelta(0))
    assert len(progress.probes) == MAX_PROBES
    assert progress.probes[0][1] == 0 and progress.probes[-1][1] == 990


def test_progress_never_goes_back() -> None:
    progress = Progress()
    assert progress.told(START)
    assert not progress.told(START) and not progress.told(START - MINUTE)
    assert progress.through == START


def test_the_watermark_is_the_least_progress_and_unknown_while_one_is() -> None:
    assert watermark(None, [START, None]) is None
    assert watermark(None, [START, START + MINUTE]) == START
    assert watermark(START + MINUTE, [START, START]) == START + MINUTE
    assert watermark(START, [START + MINUTE, None]) == START
