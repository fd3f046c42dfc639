"""Which cases Hypothesis draws: the same ones each time in `make test`, fresh ones in `make fuzz`."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

SAME = "same"
FRESH = "fresh"
# How long an example takes, and how many can be drawn in a second, is a matter of the machine: no test fails by it.
_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def register() -> None:
    """Make both profiles known, and draw the same cases unless somebody asks for fresh ones."""
    # What once failed is not remembered either: else one checkout of the same code would look at more than another.
    settings.register_profile(SAME, _ANY_MACHINE, derandomize=True, database=None)
    settings.register_profile(FRESH, _ANY_MACHINE, derandomize=False, database=None, print_blob=True)
    settings.load_profile(SAME)
