"""A process that has a mutant's packages first on its path: runs seeds until one fails, or tests.

`python -m tests.mutants.child FOLDER PACKAGES seeds FIRST COUNT` prints a line of JSON for each seed.
`python -m tests.mutants.child FOLDER PACKAGES tests NAME...` ends as pytest ends.
"""

import gc
import importlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest


def main(folder: str, packages: str, what: str, *rest: str) -> int:
    """Raises ImportError where the mutant is not what would be imported: that would prove nothing."""
    for name in filter(None, packages.split(",")):
        found = importlib.import_module(name).__file__ or ""
        if not Path(found).is_relative_to(folder):
            raise ImportError(f"{name} comes from {found}, not from the mutant's folder")
    if what == "tests":
        return int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *rest]))
    known, count = rest
    seeds = dict.fromkeys([int(known)] if known != "-" else []) | dict.fromkeys(range(int(count)))
    return _run(seeds)


def _run(seeds: Iterable[int]) -> int:
    # Imported here: by then it is known where the product comes from.
    from tests.simulation import quiet
    from tests.simulation.run import run_seed

    quiet.install()
    gc.disable()
    for seed in seeds:
        wrong = run_seed(seed).wrong
        print(json.dumps({"seed": seed, "wrong": wrong}), flush=True)  # noqa: T201  # read by the parent
        if wrong:
            break
        gc.collect(1)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
