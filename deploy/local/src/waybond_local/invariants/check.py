"""One invariant's check: its figures, and what contradicts it."""

from collections import Counter
from dataclasses import dataclass, field

MAX_SHOWN = 5


@dataclass(slots=True)
class Check:
    """`figures` say what was looked at, so that a check that looked at nothing can be told from one that holds."""

    name: str
    title: str
    figures: Counter[str] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)
    """The first MAX_SHOWN violations."""
    violations: int = 0
    unchecked: str = ""
    """Why it could not be checked, or not wholly."""

    @property
    def holds(self) -> bool:
        """Nothing that was looked at contradicts it."""
        return not self.violations

    def count(self, what: str, number: int = 1) -> None:
        """Add to a figure; a figure that stays zero is shown too."""
        self.figures[what] += number

    def violate(self, what: str) -> None:
        """Something that contradicts the invariant."""
        self.violations += 1
        if len(self.shown) < MAX_SHOWN:
            self.shown.append(what)

    def expect(self, holds: bool, what: str) -> None:
        """`what` contradicts the invariant unless it `holds`."""
        if not holds:
            self.violate(what)

    def add(self, other: "Check") -> None:
        """What another look at the same invariant found."""
        self.figures.update(other.figures)
        self.violations += other.violations
        self.shown = (self.shown + other.shown)[:MAX_SHOWN]
