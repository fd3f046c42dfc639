"""Finds the line of a key in the text of a TOML file, which tomllib reads without saying where anything stood.

    places = Places(text)
    places.line("clause", 2, "tiers", 0, "share")   # 1 is the first line

Only for text that tomllib has read: what is no TOML is not refused here, it gives no useful lines.
"""

import re
import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRINGS = (
    ('"""', re.compile(r'"""(?:\\.|[^\\])*?"{3,5}', re.DOTALL)),
    ("'''", re.compile(r"'''.*?'{3,5}", re.DOTALL)),
    ('"', re.compile(r'"(?:\\.|[^"\\\n])*"')),
    ("'", re.compile(r"'[^'\n]*'")),
)


class Places:
    """The lines of all keys, tables and items of arrays in a file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._items: dict[Path, int] = {}
        """How many tables each array of tables has so far."""
        self._at = 0
        self._document()

    def line(self, *path: str | int) -> int:
        """The line of the key, or of the closest thing around it that the file has; 1 for the file as a whole."""
        for length in range(len(path), 0, -1):
            found = self._lines.get(path[:length])
            if found is not None:
                return found
        return 1

    def knows(self, *path: str | int) -> bool:
        """Whether the file has just this."""
        return path in self._lines

    def _document(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self) -> Path:
        """A table, or the next one of an array of tables."""
        start = self._at
        brackets = 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        *parents, last = self._key()
        self._skip(_SPACE)
        self._at += brackets
        path = self._resolved((), tuple(parents))
        if brackets == 1:
            path = self._resolved(path, (last,))
        else:
            array = (*path, last)
            path = (*array, self._items.get(array, 0))
            self._items[array] = self._items.get(array, 0) + 1
        self._note(path, start)
        return path

    def _resolved(self, path: Path, keys: tuple[str, ...]) -> Path:
        """The path with the keys behind it; an array of tables stands for its last table."""
        for key in keys:
            path = (*path, key)
            if path in self._items:
                path = (*path, self._items[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        start = self._at
        path = (*table, *self._key())
        for length in range(len(table) + 1, len(path) + 1):
            self._note(path[:length], start)
        self._skip(_SPACE)
        self._at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            bare = _BARE.match(self._text, self._at)
            if bare is not None:
                parts.append(bare.group())
                self._at = bare.end()
            else:
                start = self._at
                self._string()
                parts.append(tomllib.loads(f"key = {self._text[start : self._at]}")["key"])
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _value(self, path: Path) -> None:
        opens = self._text[self._at : self._at + 1]
        if opens == "[":
            self._array(path)
        elif opens == "{":
            self._inline(path)
        elif opens in ('"', "'"):
            self._string()
        else:
            self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        self._skip(_BLANK)
        while not self._text.startswith("]", self._at):
            self._note((*path, index), self._at)
            self._value((*path, index))
            self._comma()
            index += 1
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        self._skip(_BLANK)
        while not self._text.startswith("}", self._at):
            self._pair(path)
            self._comma()
        self._at += 1

    def _comma(self) -> None:
        self._skip(_BLANK)
        if self._text.startswith(",", self._at):
            self._at += 1
        self._skip(_BLANK)

    def _string(self) -> None:
        for quote, pattern in _STRINGS:
            if self._text.startswith(quote, self._at):
                found = pattern.match(self._text, self._at)
                if found is None:
                    raise ValueError("text that tomllib has read was expected")
                self._at = found.end()
                return
        raise ValueError("text that tomllib has read was expected")

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()

    def _note(self, path: Path, at: int) -> None:
        line = bisect_right(self._ends, at - 1) + 1
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], line)
