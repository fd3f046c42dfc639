"""The command `waybond up`."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from waybond_local import state
from waybond_local.paths import data_folder
from waybond_local.processes import ProcessError, stop
from waybond_local.stack import Options, Stack
from waybond_local.standing import STOP_SECONDS, Folder, show
from waybond_local.state import NotRunningError, Phase

_POLL_SECONDS = 0.2

console = Console(highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command to `waybond`."""
    app.command(epilog="Example: [bold]waybond up --detach[/bold]")(up)


def up(
    data: Folder = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready; stop with `down`.")] = False,
    replay: Annotated[bool, typer.Option(help="Take time from what a replay publishes, not from the clock.")] = False,
    signals: Annotated[
        bool, typer.Option("--signals/--no-signals", help="Run the service signals too; never in a replay.")
    ] = True,
    partitions: Annotated[int, typer.Option(min=1, max=256, help="Partitions of each topic, so shards.")] = 8,
) -> None:
    """Start PostgreSQL, Kafka, the services and the payment sandbox, and keep them running until Ctrl-C.

    WAYBOND_KAFKA (host:port) and WAYBOND_POSTGRES (an administrator's DSN) take servers that run already.
    """
    folder = data or data_folder()
    try:
        found = state.running(folder)
    except NotRunningError:
        if detach:
            _start_detached(folder, sys.argv[1:])
            show(folder, state.running(folder))
        else:
            _run(folder, Options.from_environment(partitions=partitions, replay=replay, signals=signals))
    else:
        if found.replay != replay:
            now, asked = ("a replay", "the clock") if found.replay else ("the clock", "a replay")
            raise ProcessError(
                f"A stack runs already on {folder} that takes its time from {now}, not from {asked}: "
                "give another folder (--data)"
            )
        console.print(f"A stack runs already, since {found.since:%Y-%m-%d %H:%M} UTC.")
        show(folder, found)


def _run(folder: Path, options: Options) -> None:
    try:
        with signals_end_it(), Stack(folder, options, tell=console.print) as stack:
            show(folder, stack.state)
            console.print("Ctrl-C stops it.")
            stack.watch()
    except KeyboardInterrupt:
        console.print("Stopped.")


@contextmanager
def signals_end_it() -> Iterator[None]:
    """SIGTERM and a closed terminal end the stack as Ctrl-C does; while it stops, further ones change nothing."""

    def raised() -> None:
        raise KeyboardInterrupt

    def interrupt(number: int, frame: object) -> None:
        for each in ends:
            signal.signal(each, signal.SIG_IGN)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raised()
        else:
            # Between two callbacks: a driver in C that is left in the middle of one crashes the process later.
            loop.call_soon_threadsafe(raised)

    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, interrupt) for each in ends}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _start_detached(folder: Path, arguments: list[str]) -> None:
    """Run this same command without --detach in a session of its own, and return when its stack is ready."""
    log = state.log_folder(folder) / "stack.log"
    kept = [each for each in arguments if each not in ("--detach", "-d")]
    with log.open("ab") as output:
        began = output.tell()
        supervisor = subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, "-m", "waybond_local.cli", *kept],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with log.open("rb") as told:
            told.seek(began)
            while not _is_ready(folder):
                ended = supervisor.poll() is not None
                console.print(told.read().decode(errors="replace"), end="", markup=False)
                if ended:
                    raise ProcessError(f"The stack did not come up; all that it said is in {log}")
                time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:  # the terminal's Ctrl-C does not reach the supervisor
        console.print("Stopping")
        stop(supervisor, patience_seconds=STOP_SECONDS)
        raise


def _is_ready(folder: Path) -> bool:
    try:
        return state.running(folder).phase == Phase.READY
    except NotRunningError:
        return False
