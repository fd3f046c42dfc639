"""The line of a key in a TOML file: of every form in which TOML can write one."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wordings import FIELD, PRODUCTS, body
from waybond_local.wordings.locator import Path as KeyPath
from waybond_local.wordings.locator import Places

FORMS = '''# a comment with [[clause]] and key = 1
title = "x" # behind a value
"quoted key" = 'y'
a.b.c = 1
a . "d e" = 2
inline = { one = 1, two = { three = "}, #" } }
many = [
  "first", # [not a table]
  { key = "]" },

  [1,
   2],
]
text = """
[[clause]]
key = 1 \\""" still
"""
raw = \'\'\'
key = '\'\'\'

[[clause]]
id = "A"
[clause.window]
opens = "P1D"
[[clause.tiers]]
share = "1"
[clause.tiers.by_lane]
"*-BR" = "P2D"
[[clause.tiers]]
share = "2"

[[ clause ]]
id = "B"
[[clause.tiers]]
share = "3"
after = 2026-01-01
'''


def keys(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key path of a document that was read."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, each in value.items():
            yield from keys(each, (*path, name))
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from keys(each, (*path, index))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("quoted key",), 3),
        (("a",), 4),
        (("a", "b", "c"), 4),
        (("a", "d e"), 5),
        (("inline", "two", "three"), 6),
        (("many", 0), 8),
        (("many", 1, "key"), 9),
        (("many", 2), 11),
        (("many", 2, 1), 12),
        (("text",), 14),
        (("raw",), 18),
        (("clause",), 21),
        (("clause", 0), 21),
        (("clause", 0, "id"), 22),
        (("clause", 0, "window", "opens"), 24),
        (("clause", 0, "tiers", 0, "share"), 26),
        (("clause", 0, "tiers", 0, "by_lane", "*-BR"), 28),
        (("clause", 0, "tiers", 1), 29),
        (("clause", 0, "tiers", 1, "share"), 30),
        (("clause", 1), 32),
        (("clause", 1, "tiers", 0, "share"), 35),
        (("clause", 1, "tiers", 0, "after"), 36),
    ],
)
def test_a_key_is_found_on_its_line(path: KeyPath, line: int) -> None:
    assert tomllib.loads(FORMS)  # it is what tomllib reads
    assert Places(FORMS).line(*path) == line


def test_what_is_not_in_the_file_is_found_on_the_line_of_what_is_around_it() -> None:
    places = Places(FORMS)
    assert places.line("clause", 1, "limit", "amount") == 32
    assert places.line("nowhere") == 1
    assert places.line() == 1


@pytest.mark.parametrize("path", [*PRODUCTS, *FIELD], ids=lambda path: path.stem)
def test_every_key_of_a_product_is_known_by_its_own_line(path: Path) -> None:
    text = body(path)
    places, lines = Places(text), text.splitlines()
    for each in keys(tomllib.loads(text)):
        assert places.knows(*each), each
        names = [part for part in each if isinstance(part, str)]
        if isinstance(each[-1], str):
            assert names[-1] in lines[places.line(*each) - 1], each


_SCALARS = st.one_of(st.integers(), st.booleans(), st.text(max_size=9))
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(c):08X}" if c in '"\\' or not c.isprintable() else c for c in text) + '"'


def _written(value: Any, *, inline: bool = False) -> str:
    """The value in TOML; an array over several lines, with comments, unless it lies in an inline table."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return _quoted(value)
        case list() if inline:
            return "[" + ", ".join(_written(each, inline=True) for each in value) + "]"
        case list():
            return "[\n" + "".join(f"  {_written(each)}, # ]\n" for each in value) + "]"
        case _:
            return (
                "{ "
                + ", ".join(f"{_quoted(key)} = {_written(each, inline=True)}" for key, each in value.items())
                + " }"
            )


@given(st.dictionaries(st.text(max_size=5), _VALUES, max_size=4))
def test_whatever_is_written_is_found(document: dict[str, Any]) -> None:
    starts: dict[str, int] = {}
    text = ""
    for key, value in document.items():
        starts[key] = text.count("\n") + 1
        text += f"{_quoted(key)} = {_written(value)}\n"
    places = Places(text)
    assert all(places.knows(*each) for each in keys(tomllib.loads(text)))
    assert {key: places.line(key) for key in document} == starts
