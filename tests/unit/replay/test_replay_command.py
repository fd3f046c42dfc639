"""`waybond replay`: what it refuses, it refuses before it changes anything."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import waybond_local.history
from waybond_local import state
from waybond_local.cli import app
from waybond_local.processes import free_ports
from waybond_local.replay.driver import ReplayError
from waybond_local.state import Phase, StackState

DATA = Path(waybond_local.history.__path__[0]) / "data"


@pytest.fixture
def stack(tmp_path: Path) -> StackState:
    """One that says it has servers, where there are none: whoever asks them fails otherwise than by refusing."""
    nobody = f"127.0.0.1:{free_ports(['nobody'])['nobody']}"
    dsn = f"postgresql://postgres@{nobody}/waybond"
    since = datetime(2026, 1, 1, tzinfo=UTC)
    return StackState(
        supervisor=os.getpid(),
        phase=Phase.READY,
        since=since,
        replay=False,
        partitions=1,
        kafka=nobody,
        admin_dsn=dsn,
        dsns={"claims": dsn},
    )


@pytest.mark.parametrize(
    ("replay", "more", "says"),
    [
        (False, (), "takes its time from the clock"),
        (True, ("--year", "0"), "no event that was asked for"),
    ],
)
def test_a_stack_that_is_not_meant_for_it_gets_no_tenant(
    stack: StackState, replay: bool, more: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    """S: on a live stack the tenant `demo` was added, free to sell since 2000, and then the replay was refused."""
    state.write(tmp_path, stack.model_copy(update={"replay": replay}))
    with state.only_one(tmp_path):
        words = ["replay", str(DATA), "--format", "scms", *more, "--data", str(tmp_path)]
        answer = CliRunner().invoke(app, words)
    assert isinstance(answer.exception, ReplayError)
    assert says in str(answer.exception)


def test_a_name_that_no_tenant_can_have_is_refused_by_its_option(stack: StackState, tmp_path: Path) -> None:
    state.write(tmp_path, stack)
    with state.only_one(tmp_path):
        words = ["replay", str(DATA), "--format", "scms", "--tenant", "De/mo", "--data", str(tmp_path)]
        answer = CliRunner().invoke(app, words)
    assert (answer.exit_code, "--tenant" in answer.output) == (2, True)
