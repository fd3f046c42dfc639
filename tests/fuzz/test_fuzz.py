"""`make fuzz` finds a defect that was planted, and prints it as a test that fails by itself."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from random import Random

from tests.fuzz.legs import Found, Job, Leg, Oracle, Properties, Simulation, legs
from tests.fuzz.search import Search
from tests.support.patience import run
from tests.support.sources import ROOT

PATIENCE_SECONDS = 60
PLANTED = """
from hypothesis import given, strategies as st

@given(st.integers(), st.text())
def test_a_number_is_small(number, text):
    assert number < 1_000

@given(st.integers())
def test_a_number_is_itself(number):
    assert number == number
"""


def searched(folder: Path) -> tuple[int, str]:
    """The exit code of a search through the properties of a folder, and what it said; each is run once or twice."""
    command = [sys.executable, "-m", "tests.fuzz", "--minutes", "0.01", "--only", "properties", "--workers", "1"]
    done = run([*command, "--seed", "1", "--properties", folder], PATIENCE_SECONDS, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


def test_a_planted_defect_is_found_and_printed_as_a_test_that_fails(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(PLANTED)
    status, said = searched(tmp_path)
    assert status == 1, said
    assert "properties: 1 times all properties once, with fresh cases" in said
    assert "1 found, from seed 1." in said
    assert "number=1000" in said
    pasted = re.search(r"^```python\n(.*?)^```", said, re.MULTILINE | re.DOTALL)
    assert pasted is not None, said
    (ready := tmp_path / "test_ready.py").write_text(pasted[1])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ready]
    done = run(command, PATIENCE_SECONDS, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert (done.returncode, "1 failed" in done.stdout) == (1, True), done.stdout + done.stderr


class Spoken(Leg):
    """A leg whose jobs print their seed and end with a status."""

    name = "spoken"
    of = "a number"

    def __init__(self, status: int = 0) -> None:
        super().__init__()
        self.status = status
        self.seeds: list[int] = []

    def command(self, job: Job) -> list[str]:
        self.seeds.append(job.seed)
        return ["sh", "-c", f"echo {job.seed}; exit {self.status}"]

    def findings(self, job: Job, output: str) -> list[Found]:
        return [Found("the same", output, "")]


def search(leg: Leg, folder: Path, seconds: float = 0.5) -> list[Found]:
    told: list[Found] = []
    Search([leg], seconds, 1, folder, lambda _, found: told.append(found)).run(1, lambda: None)
    return told


def test_what_is_found_twice_is_told_once(tmp_path: Path) -> None:
    leg = Spoken(status=1)
    leg.ended(Job(leg, 0, tmp_path / "none"), 1, "before", 0.1)
    assert search(leg, tmp_path) == []
    assert list(leg.found) == ["the same"] and leg.jobs > 1


def test_a_job_that_does_not_run_is_no_silence(tmp_path: Path) -> None:
    (found, *_) = search(Spoken(status=3), tmp_path)
    assert found.name == "spoken did not run (exit code 3)"


def test_a_seed_draws_the_same_jobs_again(tmp_path: Path) -> None:
    leg, draw = Spoken(), Random("1/spoken")
    search(leg, tmp_path)
    assert leg.seeds == [draw.randrange(2**31) for _ in leg.seeds]


def test_a_failing_world_is_told_as_a_test_too(tmp_path: Path) -> None:
    leg = Simulation()
    said = "seed 7 fails\nseed 7 fails: 1 things are wrong\n  I8\n"
    (found,) = leg.ended(Job(leg, 0, tmp_path / "none"), 1, said, 1.0)
    assert found.name == "seed 7" and "run_seed(7).wrong == []" in found.test
    compile(found.test, "found", "exec")


def test_the_oracle_is_a_campaign_of_its_own_once_there_is_one() -> None:
    known = legs()
    assert known.keys() == {"properties", "simulation", "oracle"}
    oracle = Oracle()
    command = oracle.command(Job(oracle, 9, Path("none")))
    assert " ".join(command[1:]) == "-m tests.oracle --cases 2000 --seed 9"
    properties = known["properties"]
    assert isinstance(properties, Properties)
    properties.found["tests/property/test_kit.py::test_x"] = Found("x", "", "")
    assert "--deselect=tests/property/test_kit.py::test_x" in properties.command(Job(properties, 9, Path("none")))
