"""Loads the fixtures that every test may use, and has the gate draw the same examples for the same code."""

import os

from hypothesis import settings

pytest_plugins = ["tests.support.servers", "tests.support.processes"]

# A process of pytest-xdist has the size of a terminal that it does not write to; tables would be cut to it.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# At a desk property tests look for new examples with every run. In the gate a failure must come from the change.
settings.register_profile("gate", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("gate")
