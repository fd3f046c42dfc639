"""Every command of `waybond` is in the reference, and shows an example."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from waybond_local.cli import app

REFERENCE = Path(__file__).parents[3] / "docs/reference/commands.md"


def commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The name of each command, and the command."""
    if hasattr(command, "commands"):
        for word, each in command.commands.items():
            yield from commands(each, (*words, word))
    else:
        yield " ".join(words), command


def test_the_reference_lists_the_commands_that_there_are() -> None:
    listed = re.findall(r"^\| `waybond ([\w -]+)` \|", REFERENCE.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(name for name, _ in commands(typer.main.get_command(app)))


def test_each_command_shows_an_example() -> None:
    for name, command in commands(typer.main.get_command(app)):
        assert f"[bold]waybond {name}" in (command.epilog or ""), name


def test_no_help_is_taken_for_markup() -> None:
    """S: "[default: in 60 s]" is read as a style, and not shown."""
    for name, command in commands(typer.main.get_command(app)):
        assert "[" not in (command.help or ""), name
        for each in command.params:
            assert "[" not in (getattr(each, "help", None) or ""), f"{name} {each.name}"
