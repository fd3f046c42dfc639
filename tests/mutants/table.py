"""Reads the table of mutants, and makes the sources of one of them in a folder of their own."""

import shutil
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from tests.support.sources import ROOT

TABLE = Path(__file__).with_name("mutants.toml")


class PatchError(Exception):
    """A patch does not fit the sources: the table must follow them."""


@dataclass(frozen=True, slots=True)
class Patch:
    """`old`, which stands once in the file, becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defect. Where two fences stand one behind the other its patches remove both."""

    name: str
    harm: str
    patches: tuple[Patch, ...]
    seed: int | None = None
    """The first seed that catches it, as it was seen; it is tried first where time is short."""
    test: str = ""
    """A test of the suite that catches it, where the simulation does not see it."""
    campaign: bool = False
    """Whether `make mutants` alone hunts it; the suite only checks that it fits."""


@cache
def mutants() -> tuple[Mutant, ...]:
    """All of the table, in its order."""
    return tuple(
        Mutant(
            each["name"],
            each["harm"],
            tuple(Patch(**patch) for patch in each["patches"]),
            each.get("seed"),
            each.get("test", ""),
            each.get("campaign", False),
        )
        for each in tomllib.loads(TABLE.read_text())["mutant"]
    )


def mutated(mutant: Mutant, folder: Path) -> tuple[str, ...]:
    """Copy the packages that the mutant changes into `folder`, and change them there; their names.

    The bytecode comes along: what is not changed need not be compiled again. Raises PatchError.
    """
    packages: set[str] = set()
    for patch in mutant.patches:
        parts = PurePosixPath(patch.file).parts
        package = parts[parts.index("src") + 1]
        if package not in packages:
            packages.add(package)
            shutil.copytree(ROOT.joinpath(*parts[: parts.index(package) + 1]), folder / package)
        _apply(mutant, patch, folder.joinpath(*parts[parts.index(package) :]))
    return tuple(sorted(packages))


def _apply(mutant: Mutant, patch: Patch, path: Path) -> None:
    if not path.is_file():
        raise PatchError(f"{mutant.name}: there is no {patch.file}")
    text = path.read_text()
    times = text.count(patch.old)
    if times != 1:
        raise PatchError(f"{mutant.name}: {patch.file} has the old text {times} times, not once: {patch.old!r}")
    path.write_text(text.replace(patch.old, patch.new))


def misfits() -> list[str]:
    """The patches whose old text does not stand once in their file."""
    return [
        f"{mutant.name}: {patch.file}"
        for mutant in mutants()
        for patch in mutant.patches
        if ROOT.joinpath(patch.file).read_text().count(patch.old) != 1
    ]
