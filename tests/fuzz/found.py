"""A plugin of pytest for `make fuzz`: notes each property that fails, as a test that can be pasted.

Hypothesis says how an example is made again: a text of bytes for `@reproduce_failure`. That text holds as long as the
property's strategies are what they were, so a defect that is mended is kept as a test that tells its story instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import cases
from tests.support.sources import ROOT

BLOB = re.compile(r"@reproduce_failure\((?P<arguments>'[^']*', b(?P<quote>['\"]).*?(?P=quote))\)", re.DOTALL)
READY = '''"""Found by `make fuzz`: {name} fails."""

from hypothesis import reproduce_failure

from {module} import {name} as found

{name} = reproduce_failure({arguments})(found)
'''

cases.register()  # for a folder of properties that has no conftest of ours


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--found", type=Path, help="a file that gets a line of JSON for each property that fails")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if call.excinfo is not None and report.failed:
        told = "\n\n".join(_told(call.excinfo.value))
        line = {"node": item.nodeid, "told": told, "test": ready(item, told)}
        with Path(str(item.config.getoption("--found"))).open("a") as file:
            file.write(json.dumps(line) + "\n")
    return report


def _told(error: BaseException) -> Iterator[str]:
    """What an error says, and what Hypothesis noted about it; of a group, what each of it does."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _told(each)
    notes = getattr(error, "__notes__", [])
    if notes or not isinstance(error, BaseExceptionGroup):
        yield "\n".join([f"{type(error).__name__}: {error}", *notes])


def ready(item: pytest.Item, told: str) -> str:
    """A module that fails as long as what was found is there; empty where Hypothesis told of no example."""
    blob = BLOB.search(told)
    if blob is None:
        return ""
    path = item.path
    module = ".".join((path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(path.name)).with_suffix("").parts)
    return READY.format(name=item.name.partition("[")[0], module=module, arguments=blob["arguments"])
