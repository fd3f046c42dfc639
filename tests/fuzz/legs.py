"""What `make fuzz` searches with: properties, simulated worlds, and an oracle, as commands that each take a seed.

A leg runs job after job, each a process with a seed of its own. It ends with exit code 0 if nothing was found.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.support.cases import FRESH
from tests.support.sources import ROOT

PROPERTIES = ROOT / "tests" / "property"
TRACKING = PROPERTIES / "test_tracking.py"
WORLDS = 300
"""Seeds of a job of the simulation: about a quarter of a minute."""
CASES = 2_000
"""Cases of a job of the oracle."""
LAST_CHARACTERS = 8_000
NOTHING_FOUND, FOUND, NOTHING_LEFT = 0, 1, 5
"""Exit codes; the last is that of pytest where every property has failed already, and is left out."""
SEED = re.compile(r"^seed (\d+) fails", re.MULTILINE)
WORLD = '''"""Found by `make fuzz`: a world fails. `make simulate ARGS="--seed {seed}"` tells its story."""

from tests.simulation.run import run_seed


def test_the_world_of_seed_{seed}() -> None:
    assert run_seed({seed}).wrong == []
'''


@dataclass(frozen=True, slots=True)
class Found:
    """`name`: what fails. `told`: how. `test`: a module that can be pasted, or nothing where none can be made."""

    name: str
    told: str
    test: str


@dataclass
class Job:
    """One process of a leg."""

    leg: Leg
    seed: int
    notes: Path
    """A file of its own, for what pytest finds."""


class Leg(ABC):
    """One way to search."""

    name: ClassVar[str]
    of: ClassVar[str]
    """What one job runs, in a few words."""

    def __init__(self) -> None:
        self.found: dict[str, Found] = {}
        self.jobs = 0
        self.seconds = 0.0

    @abstractmethod
    def command(self, job: Job) -> Sequence[str | Path]:
        """What runs this job."""

    @abstractmethod
    def findings(self, job: Job, output: str) -> Sequence[Found]:
        """What a job with exit code 1 found."""

    def ended(self, job: Job, status: int, output: str, seconds: float) -> list[Found]:
        """Count a job; what it found that was not known yet."""
        self.jobs += 1
        self.seconds += seconds
        if status in (NOTHING_FOUND, NOTHING_LEFT):
            return []
        findings = self.findings(job, output) if status == FOUND else []
        findings = findings or [Found(f"{self.name} did not run (exit code {status})", output[-LAST_CHARACTERS:], "")]
        new = [each for each in findings if each.name not in self.found]
        self.found |= {each.name: each for each in new}
        return new


class Properties(Leg):
    """Property tests, drawn with another seed each time. One that failed is left out from then on."""

    name = "properties"
    of = "all properties once, with fresh cases"

    def __init__(self, where: Path = PROPERTIES, without: Sequence[Path] = (TRACKING,)) -> None:
        super().__init__()
        self.where, self.without = where, without

    def command(self, job: Job) -> Sequence[str | Path]:
        return [
            *(sys.executable, "-m", "pytest", self.where, "-q", "--no-header", "-p", "no:cacheprovider"),
            *("-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-p", "tests.fuzz.found", "--found", job.notes),
            *(f"--hypothesis-profile={FRESH}", f"--hypothesis-seed={job.seed}"),
            *(f"--ignore={path}" for path in self.without),
            *(f"--deselect={node}" for node in self.found),
        ]

    def findings(self, job: Job, output: str) -> Sequence[Found]:
        lines = job.notes.read_text().splitlines() if job.notes.exists() else []
        noted = [json.loads(line) for line in lines]
        return [Found(each["node"], each["told"], each["test"]) for each in noted]


class Tracking(Properties):
    """The oracle of tracking, which sees all facts at once: it stands for the oracle until there is a larger one."""

    name = "oracle"
    of = "tracking against its oracle, with fresh cases"

    def __init__(self) -> None:
        super().__init__(TRACKING, ())


class Oracle(Leg):
    """A campaign of its own, `python -m tests.oracle --cases N --seed S`: joined as soon as it is there."""

    name = "oracle"
    of = f"{CASES:,} cases against the oracle"

    def command(self, job: Job) -> Sequence[str]:
        return [sys.executable, "-m", "tests.oracle", "--cases", str(CASES), "--seed", str(job.seed)]

    def findings(self, job: Job, output: str) -> Sequence[Found]:
        return [Found(f"oracle with seed {job.seed}", output[-LAST_CHARACTERS:], "")]


class Simulation(Leg):
    """Simulated worlds from a seed that nobody chose."""

    name = "simulation"
    of = f"{WORLDS} worlds"

    def command(self, job: Job) -> Sequence[str]:
        given = ("--first", str(job.seed), "--seeds", str(WORLDS), "--workers", "1")
        return [sys.executable, "-m", "tests.simulation", *given]

    def findings(self, job: Job, output: str) -> Sequence[Found]:
        seeds = list(dict.fromkeys(SEED.findall(output)))
        return [Found(f"seed {seed}", output[-LAST_CHARACTERS:], WORLD.format(seed=seed)) for seed in seeds]


def legs(properties: Path | None = None) -> dict[str, Leg]:
    """The legs by name; `properties`: a folder of property tests in place of ours."""
    oracle = Oracle() if importlib.util.find_spec("tests.oracle") else Tracking()
    found = (Properties() if properties is None else Properties(properties, ()), Simulation(), oracle)
    return {each.name: each for each in found}
