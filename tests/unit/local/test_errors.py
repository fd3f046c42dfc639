"""Which errors are shown as a message, and that a command that could not look does not say what it did not see."""

import importlib
import inspect
import os
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError
from typer.testing import CliRunner

import waybond_local
from waybond_local import state
from waybond_local.cli import app
from waybond_local.errors import EXPECTED, show_error
from waybond_local.processes import free_ports
from waybond_local.state import Phase, StackState


def raised_for_users() -> Iterator[type[Exception]]:
    """Every error of the command's own modules that is no mistake in a value."""
    for module in pkgutil.walk_packages(waybond_local.__path__, "waybond_local."):
        if not module.name.endswith("__main__"):
            for _, each in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if each.__module__ == module.name and issubclass(each, RuntimeError):
                    yield each


def test_every_error_that_a_command_raises_on_purpose_is_shown_without_a_traceback() -> None:
    assert {each.__name__ for each in raised_for_users()} >= {"NotRunningError", "RestoreError"}
    assert [each for each in raised_for_users() if not issubclass(each, EXPECTED)] == []


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError(111, "refused"), PermissionError(13, "denied", "/data"), KafkaConnectionError()]
)
def test_a_server_or_file_that_cannot_be_had_is_a_message(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_error(error)
    assert capsys.readouterr().err.startswith("Error: ")


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    assert not show_error(KeyError("order"))


@pytest.mark.parametrize("words", [("verify",), ("verify", "--quick"), ("journal", "replay")])
def test_what_could_not_be_looked_at_is_no_violation(words: tuple[str, ...], tmp_path: Path) -> None:
    """S: the broker restarts while the audit begins; exit code 1 would say that the books do not agree."""
    port = free_ports(["nobody"])["nobody"]
    dsn = f"postgresql://postgres@127.0.0.1:{port}/waybond"
    found = StackState(
        supervisor=os.getpid(),
        phase=Phase.READY,
        since=datetime(2026, 1, 1, tzinfo=UTC),
        replay=False,
        partitions=1,
        kafka=f"127.0.0.1:{port}",
        admin_dsn=dsn,
        dsns={"claims": dsn},
    )
    state.write(tmp_path, found)
    with state.only_one(tmp_path):
        answer = CliRunner().invoke(app, [*words, "--data", str(tmp_path)])
    assert answer.exit_code == 3
    assert "Nothing could be" in answer.output


def test_a_journal_of_no_stack_is_not_compared_which_is_no_difference(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["journal", "replay", "--data", str(tmp_path)]).exit_code == 3
