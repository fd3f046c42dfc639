"""Which services a stack starts, and which ones the commands look at."""

from datetime import UTC, datetime

import pytest

from waybond_local.stack import Options
from waybond_local.state import Phase, StackState


@pytest.mark.parametrize(
    ("options", "runs"),
    [
        (Options(), True),
        (Options(signals=False), False),
        (Options(replay=True), False),
        (Options.from_environment(signals=False), False),
        (Options.from_environment(), True),
    ],
)
def test_signals_run_unless_they_are_left_out_or_time_is_a_replays(options: Options, runs: bool) -> None:
    expected = {"pricing", "tracking", "claims", "sandbox"} | ({"signals"} if runs else set())
    assert options.modules.keys() == expected


def test_the_commands_look_at_the_services_that_run() -> None:
    stack = StackState(supervisor=1, phase=Phase.READY, since=datetime.now(UTC), replay=False, partitions=1)
    for known in (("pricing", "tracking", "claims"), ("pricing", "tracking", "claims", "signals")):
        dsns = dict.fromkeys((*known, "sandbox"), "postgresql://")
        assert stack.model_copy(update={"dsns": dsns}).services == known
