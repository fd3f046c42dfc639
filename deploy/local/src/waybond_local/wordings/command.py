"""The commands `waybond wording`: what a wording says and where it is wrong, what changed, how it decides a story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from waybond_contracts.errors import ContractError
from waybond_local.terminal import plain
from waybond_local.wordings import reading, words
from waybond_local.wordings.check import check
from waybond_local.wordings.diff import difference
from waybond_local.wordings.drive import drive
from waybond_local.wordings.explained import explained
from waybond_local.wordings.finding import Finding, Severity
from waybond_local.wordings.reading import Read, UnreadableError
from waybond_local.wordings.story import read_story
from waybond_local.wordings.timeline import rows, table

PIPE_COLUMNS = 140
"""How wide tables are where the output goes into a pipe or a file."""
COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}

app = typer.Typer(
    name="wording",
    help="Write products: what a wording says, what changed in it, how it decides a story.",
    no_args_is_help=True,
    epilog="Example: [bold]waybond wording check my-product.toml[/bold]",
)


@app.callback()
def _group() -> None:
    """Keeps the commands a group."""


@app.command("check", epilog="Example: [bold]waybond wording check my-product.toml[/bold]")
def check_files(
    files: Annotated[list[Path], typer.Argument(help="Wordings (TOML).")],
    quiet: Annotated[bool, typer.Option("--quiet", help="Only what was found, not what the wordings say.")] = False,
) -> None:
    """Say in plain sentences what wordings say, clause by clause, and what is wrong with them, line by line.

    Exit code 1: a file is no wording, or has an error.
    """
    failed = False
    for path in files:
        try:
            read = reading.read(path)
        except UnreadableError as error:
            console().print(f"[red]error[/red] {escape(str(error))}", soft_wrap=True)
            failed = True
            continue
        if not quiet:
            say(read)
        found = check(read)
        report(read, found)
        failed |= any(each.severity is Severity.ERROR for each in found)
    if failed:
        raise typer.Exit(1)


def say(read: Read) -> None:
    """Print the wording in sentences."""
    out = console()
    title = read.wording.title.get("en") or next(iter(read.wording.title.values()))
    out.print(
        f"[bold]{escape(read.wording.product)} {read.wording.version}[/bold]: {escape(plain(title))}", soft_wrap=True
    )
    for part in explained(read.wording):
        out.print(f"\n[bold]{escape(plain(part.heading))}[/bold], line {read.line(part.path)}", soft_wrap=True)
        for sentence in part.sentences:
            out.print(f"  {escape(plain(sentence))}", soft_wrap=True)
    out.print()


def report(read: Read, found: Sequence[Finding]) -> None:
    """Print what was found, and how much of it."""
    out = console()
    for each in found:
        colour = COLOURS[each.severity]
        out.print(
            f"{escape(read.file)}:{read.line(each.path)}: [{colour}]{each.severity}[/{colour}] {each.code}, "
            f"{escape(plain(each.about))}: {escape(plain(each.what))} {escape(plain(each.do))}",
            soft_wrap=True,
        )
    counts = Counter(each.severity for each in found)
    said = words.listed(words.counted(counts[severity], severity.value) for severity in Severity)
    out.print(f"{escape(read.file)}: {said}.", soft_wrap=True)


@app.command("diff", epilog="Example: [bold]waybond wording diff old.toml new.toml[/bold]")
def diff_files(
    old: Annotated[Path, typer.Argument(help="The wording as it was (TOML).")],
    new: Annotated[Path, typer.Argument(help="The wording as it will be (TOML).")],
) -> None:
    """Say what changes from one wording to the other, for whom, and whether buyers get more or less by it."""
    out = console()
    changes = difference(_readable(old).wording, _readable(new).wording)
    if not changes:
        out.print("Nothing changes.")
    about = ""
    for each in changes:
        if each.about != about:
            about = each.about
            out.print(f"[bold]{escape(plain(about))}[/bold]", soft_wrap=True)
        out.print(f"  {each.way.value:5}  {escape(plain(each.what))}", soft_wrap=True)


def _readable(path: Path) -> Read:
    try:
        return reading.read(path)
    except UnreadableError as error:
        raise ContractError(
            f"{error.file}:{error.line}: {error.error.field}", error.error.expected, error.error.got
        ) from None


@app.command("try", epilog="Example: [bold]waybond wording try my-product.toml --story brazil.json[/bold]")
def try_story(
    file: Annotated[Path, typer.Argument(help="The wording (TOML).")],
    story: Annotated[Path, typer.Option("--story", help="What happened (JSON); see docs/wording.md.")],
) -> None:
    """Decide a story day by day, with what pricing, tracking and claims decide in earnest; nothing has to run.

    A wording without terms is tried as if it were sold to everybody and for nothing.
    """
    out = console()
    told = drive(_readable(file).body, read_story(story))
    if told.story.note:
        out.print(escape(plain(told.story.note)), soft_wrap=True)
    out.print(table(rows(told)))


def console() -> Console:
    """Where it is printed: in a pipe as wide as tables need."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=PIPE_COLUMNS)
