"""What runs in a process of its own, with a mutant's packages first on its path: seeds until one fails, or tests."""

import gc
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.support.sources import ROOT

Answer = tuple[str, object]
"""("seed", (number, what is wrong)), ("test", (pytest's exit code, what it said)) or ("error", why)."""


def run(answers: Connection, folder: str, packages: Sequence[str], seeds: Sequence[int], tests: Sequence[str]) -> None:
    """Send an Answer for each seed, up to the first that fails, or one for all tests."""
    try:
        _put_first(folder, packages)
        if tests:
            answers.send(("test", _tested(tests)))
        else:
            _seeded(answers, seeds)
    except BaseException:
        answers.send(("error", traceback.format_exc()))
        raise


def _put_first(folder: str, packages: Sequence[str]) -> None:
    """Raises ImportError where the mutant is not what is imported: that would prove nothing."""
    os.chdir(ROOT)
    sys.path.insert(0, folder)
    for name in packages:
        found = importlib.import_module(name).__file__ or ""
        if not Path(found).is_relative_to(folder):
            raise ImportError(f"{name} comes from {found}, not from the mutant's folder")


def _seeded(answers: Connection, seeds: Sequence[int]) -> None:
    # Imported here: only now is it known where the product comes from.
    from tests.simulation import quiet
    from tests.simulation.run import run_seed

    quiet.install()
    gc.disable()
    for seed in seeds:
        wrong = run_seed(seed).wrong
        answers.send(("seed", (seed, wrong)))
        if wrong:
            return
        gc.collect(1)


def _tested(tests: Sequence[str]) -> tuple[int, str]:
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(ROOT), *tests])
    return int(code), said.getvalue()
