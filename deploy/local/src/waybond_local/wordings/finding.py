"""What can be found in a wording: a code, how bad it is, where it stands, and what to do about it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from waybond_local.wordings.locator import Path


class Severity(StrEnum):
    """`error`: the product does not do what it says. `warning`: part of it counts for nothing, or more than meant.
    `note`: what must be known to sell it."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


_E, _W, _N = Severity
CODES: Mapping[str, Severity] = MappingProxyType(
    {
        # contradictions
        "cannot-be-sold": _E,
        "tier-out-of-order": _E,
        "tier-pays-less": _E,
        "tier-adds-nothing": _W,
        "pays-nothing": _E,
        "least-above-most": _E,
        "sum-is-bounded": _W,
        "sum-above-limit": _W,
        "clause-limit-above-policy": _W,
        "package-limit-above-policy": _W,
        "window-closes-first": _E,
        "window-closes-before-met": _E,
        "window-without-claim": _W,
        "asks-nobody": _W,
        "period-of-nothing": _E,
        # overlaps
        "clause-covered-by-another": _W,
        "exclusion-twice": _W,
        # what can never apply
        "clause-on-no-lane": _E,
        "lane-never": _W,
        "duration-never-used": _W,
        "way-on-no-lane": _W,
        "lane-without-way": _W,
        "after-cover": _E,
        "exclusion-takes-all": _E,
        "way-excluded": _W,
        "exclusion-never": _W,
        "exclusion-of-no-clause": _W,
        "return-of-nothing": _E,
        "score-never-pays": _W,
        "refer-when-never": _E,
        "refer-when-covered": _W,
        "refer-when-adds-nothing": _W,
        # what never ends
        "benefit-without-bound": _W,
        "cover-without-end": _W,
        "return-without-end": _W,
        # what it needs
        "needs-eta": _N,
        "needs-promise": _N,
        "needs-live-feed": _N,
        "silence-counts-at-once": _W,
        "needs-categories": _N,
        "needs-rate": _N,
        "needs-two-rates": _W,
        "no-rate-is-enough": _E,
        "needs-person": _N,
        "periods-by-hand": _W,
        "scan-without-time": _W,
        "too-many-lanes": _N,
    }
)
"""Every code and its severity."""


class Finding(NamedTuple):
    """One thing that was found; `path` is the key of the file that it is about."""

    code: str
    path: Path
    about: str
    """The id of the clause or exclusion, or the name of the table."""
    what: str
    """What is so, as a sentence."""
    do: str
    """What to do, as a sentence."""

    @property
    def severity(self) -> Severity:
        return CODES[self.code]
