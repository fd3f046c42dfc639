"""Runs commands of `waybond` as processes of their own that begin with everything imported, which takes seconds.

One process imports what all commands need, and forks for each of them: what it says and how it ends are its own, as of
a command from a shell. That a command comes up by itself, with what it imports, is told in test_up_and_down.py.

    python -m tests.support.commands      the process that forks; a line of JSON for each command
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.patience import eventually
from tests.support.sources import ROOT
from waybond_local import cli

COLUMNS = 240


class Commands:
    """Runs commands one after another. `folder`: of the stack that they speak to, and where what they say is kept."""

    def __init__(self, folder: Path) -> None:
        self._said = folder / "commands.out", folder / "commands.err"
        environment = {**os.environ, "WAYBOND_DATA": str(folder), "COLUMNS": str(COLUMNS)}
        command = [sys.executable, "-m", __name__]
        self._forker = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, arguments: tuple[str, ...], patience_seconds: float) -> subprocess.CompletedProcess[str]:
        """One command to its end; TimeoutExpired, and no further command, if it does not end in time."""
        assert self._forker.stdin is not None and self._forker.stdout is not None
        answer = self._forker.stdout
        self._forker.stdin.write(json.dumps([arguments, [str(path) for path in self._said]]) + "\n")
        self._forker.stdin.flush()
        if not eventually(lambda: bool(select.select([answer], [], [], 0)[0]), patience_seconds):
            self._forker.kill()
            raise subprocess.TimeoutExpired(arguments, patience_seconds)
        status = answer.readline()
        assert status, f"nobody runs commands any more, since {arguments}"
        out, err = (path.read_text() for path in self._said)
        return subprocess.CompletedProcess(arguments, int(status), out, err)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forker.kill()
        self._forker.__exit__(kind, error, trace)


def fork_each() -> None:
    """Fork for each line of standard input, and say how it ended."""
    for module in cli.MODULES.values():
        import_module(f"waybond_local.{module}")
    while line := sys.stdin.readline():
        arguments, said = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(arguments, said)
            return
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def _become(arguments: list[str], said: list[str]) -> None:
    """The command, with nothing of the process that forked it but its modules."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in enumerate(said, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.argv = ["waybond", *arguments]
    cli.main()


if __name__ == "__main__":
    fork_each()
