"""`waybond tenant` as somebody types it."""

import re
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from waybond_local.cli import app

Waybond = Callable[..., tuple[int, str]]
runner = CliRunner()
KEY = re.compile(r"wb_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


@pytest.fixture
def waybond(migrated: str, monkeypatch: pytest.MonkeyPatch) -> Waybond:
    """Run `waybond tenant` on the test's database; returns its exit code and what it printed."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "dumb")

    def run(*arguments: str) -> tuple[int, str]:
        result = runner.invoke(app, ["tenant", *arguments, "--database", migrated])
        return result.exit_code, result.output

    return run


def test_a_tenant_s_life(waybond: Waybond) -> None:
    code, output = waybond(
        "add", "acme", "--product", "order-protection", "--default", "order-protection", "--since", "2006-01-01"
    )
    assert code == 0, output
    assert "acme may sell order-protection@2026.11.1 from 2006-01-01 00:00:00 UTC on." in output
    first = KEY.search(output)
    assert first

    code, output = waybond("rotate-key", "acme", "--overlap-hours", "24")
    assert (code, "hold for 24 hours more" in output) == (0, True)
    second = KEY.search(output)
    assert second
    assert second[1] != first[1]

    code, output = waybond("revoke-key", second[1])
    assert (code, output) == (0, f"The key {second[1]} is revoked.\n")

    code, output = waybond("set", "acme", "--product", "logistics-time-guarantee")
    assert code == 0, output
    assert "acme may sell logistics-time-guarantee@2026.11.1 from" in output

    code, output = waybond("list")
    assert code == 0, output
    assert f"{first[1]} until " in output
    assert f"{second[1]} revoked " in output
    assert not KEY.search(output)


def test_what_is_wrong_on_the_command_line_is_said(waybond: Waybond) -> None:
    wrong = {
        ("add", "acme", "--product", "moon-landing"): "product: expected one of",
        ("add", "Acme Inc", "--product", "order-protection"): "tenant: expected text of the form",
        ("rotate-key", "nobody"): "tenant: expected none: there is none, got nobody",
        ("revoke-key", "000000000000"): "prefix: expected the prefix of a key",
        ("add", "acme"): "Missing option",
        ("add", "acme", "--product", "order-protection", "--since", "yesterday"): "yesterday",
    }
    for arguments, message in wrong.items():
        code, output = waybond(*arguments)
        assert code == 2, output
        assert message in " ".join(output.replace("│", " ").split()), output


def test_every_command_shows_an_example(waybond: Waybond) -> None:
    for command in ("add", "set", "list", "rotate-key", "revoke-key"):
        result = runner.invoke(app, ["tenant", command, "--help"])
        assert result.exit_code == 0
        assert f"waybond tenant {command}" in result.output
