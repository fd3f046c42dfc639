"""Every mutant is caught; and the hunt can fail: an unchanged tree is caught by nothing, a misfit is an error."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants import hunt
from tests.mutants.table import Mutant, Patch, PatchError, misfits, mutants, mutated

MAX_SEEDS = 1_000
"""So many are tried where the known seed does not catch it any more."""
HUNTED = [each for each in mutants() if not each.campaign]
"""In the suite; the others by `make mutants`."""
CLOCK = "shared/kit/src/waybond_kit/clock.py"
UNCHANGED = Mutant(
    "unchanged", "none", tuple(replace(patch, new=patch.old) for mutant in mutants() for patch in mutant.patches)
)
"""All packages that some mutant changes, copied and put first on the path as a mutant's are, and the same as before."""


@pytest.mark.parametrize("mutant", HUNTED, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_mutant_is_caught(mutant: Mutant) -> None:
    caught = hunt.by_test(mutant) if mutant.test else hunt.by_seeds(mutant, hunt.known_first(mutant, MAX_SEEDS))
    assert caught is not None, f"{mutant.name} survived: {mutant.harm}"


def test_every_patch_fits() -> None:
    assert misfits() == []


def test_an_unchanged_tree_is_caught_by_nothing() -> None:
    """Over the same seeds and tests that catch the mutants; the tests in one process, since pytest starts slowly."""
    seeds = sorted({each.seed for each in mutants() if each.seed is not None})
    assert len(seeds) > 5
    assert hunt.by_seeds(UNCHANGED, seeds) is None
    tests = sorted({each.test for each in HUNTED if each.test})
    assert len(tests) > 5
    assert hunt.by_tests(UNCHANGED, tests) is None


@pytest.mark.parametrize(
    "patch",
    [
        Patch(CLOCK, "least = median(known)", "least = max(known)"),
        Patch(CLOCK, "return", "yield"),
        Patch(CLOCK.replace("clock", "sundial"), "least = min(known)", "least = max(known)"),
    ],
    ids=["gone", "twice", "no-file"],
)
def test_a_patch_that_does_not_fit_is_an_error(patch: Patch, tmp_path: Path) -> None:
    with pytest.raises(PatchError, match="misfit"):
        mutated(Mutant("misfit", "none", (patch,)), tmp_path)


def test_a_mutant_that_does_not_start_is_an_error_and_no_catch() -> None:
    broken = Mutant("broken", "none", (Patch(CLOCK, "least = min(known)", "least = ("),))
    with pytest.raises(hunt.HuntError, match="SyntaxError"):
        hunt.by_seeds(broken, [0])


def test_a_mutant_that_is_not_what_is_imported_is_an_error_and_no_catch() -> None:
    """What every child has imported already cannot be changed for one of them."""
    topics = "shared/contracts/src/waybond_contracts/topics.py"
    late = Mutant("too late", "none", (Patch(topics, "MAX_RECORD_BYTES =", "MAX_RECORD_BYTES  ="),))
    with pytest.raises(hunt.HuntError, match="not from the mutant's folder"):
        hunt.by_seeds(late, [0])


def test_names_are_told_apart_and_each_mutant_is_hunted() -> None:
    names = [each.name for each in mutants()]
    assert len(names) == len(set(names)) >= 18
    assert [each.name for each in mutants() if each.seed is None and not each.test] == []
