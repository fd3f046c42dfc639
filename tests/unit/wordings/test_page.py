"""docs/wording.md: every command that it shows gives what it shows, and it lists all that there is."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.sources import ROOT
from tests.support.wordings import EXAMPLES
from waybond_local.cli import app
from waybond_local.wordings.finding import CODES
from waybond_local.wordings.story import KINDS, MAX_STORY_DAYS, MAX_STORY_STEPS

PAGE = (ROOT / "docs" / "wording.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\n\$ waybond ([^\n]+)\n(.*?)\n```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_command_of_the_page_gives_what_the_page_shows(
    command: str, output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the output was changed on purpose, copy the new one into the page."""
    monkeypatch.chdir(EXAMPLES)
    ran = CliRunner().invoke(app, command.split())
    assert ran.output.rstrip() == output
    assert ran.exit_code == (1 if ": error " in output else 0)


def test_the_page_shows_each_command() -> None:
    assert {command.split()[1] for command, _ in SHOWN} == {"check", "diff", "try"}


def test_the_page_lists_every_code_and_every_kind_of_step() -> None:
    assert [code for code in CODES if f"`{code}`" not in PAGE] == []
    assert [kind for kind in KINDS if f"|`{kind}`" not in PAGE] == []
    assert f"at most {MAX_STORY_STEPS} steps" in PAGE
    assert f"up to {MAX_STORY_DAYS:,}" in PAGE


def test_the_page_shows_the_story_as_it_is() -> None:
    assert (EXAMPLES / "brazil.json").read_text(encoding="utf-8") in PAGE.replace("\n```", "\n```\n")


def test_a_file_that_is_no_wording_is_an_error_and_the_next_file_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("product = 1\n")
    good = str(EXAMPLES / "gift-protection.toml")
    ran = CliRunner().invoke(app, ["wording", "check", "--quiet", str(tmp_path / "bad.toml"), good])
    assert ran.exit_code == 1
    assert ran.output.startswith("error bad.toml:1: product: expected a string, got 1")
    assert "gift-protection.toml: 0 errors" in ran.output


def test_what_others_wrote_does_nothing_to_a_terminal(tmp_path: Path) -> None:
    body = (EXAMPLES / "gift-protection.toml").read_text(encoding="utf-8")
    (tmp_path / "odd.toml").write_text(body.replace("Late gift", "\\u001b[2J[red]late[/red]"))
    ran = CliRunner().invoke(app, ["wording", "check", str(tmp_path / "odd.toml")])
    assert "\\x1b[2J[red]late[/red]" in ran.output


def test_a_wording_that_does_not_change_says_so() -> None:
    path = str(EXAMPLES / "gift-protection.toml")
    assert CliRunner().invoke(app, ["wording", "diff", path, path]).output == "Nothing changes.\n"
