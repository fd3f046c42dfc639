"""Figures of a run: medians, percentiles, ratios of pairs, and bars that are met or not."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of repeated measurements, and how far they lie apart."""

    median: float
    lowest: float
    highest: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Raises ValueError without values."""
        if not values:
            raise ValueError("a median needs at least one value")
        return cls(statistics.median(values), min(values), max(values), len(values))


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure and what is asked of it."""

    name: str
    figure: float | None
    """None: it was not measured, which meets nothing."""
    limit: float
    sense: Literal["at least", "at most"]
    unit: str = ""

    @property
    def met(self) -> bool:
        if self.figure is None or math.isnan(self.figure):
            return False
        return self.figure >= self.limit if self.sense == "at least" else self.figure <= self.limit


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """The ratio of each pair: measurements that were taken one after the other, on the same weather."""
    return [numerator / denominator for numerator, denominator in zip(numerators, denominators, strict=True)]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("a percentile needs at least one value")
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]
