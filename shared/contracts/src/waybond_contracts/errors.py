"""The one error of the contracts: which field is wrong, what was expected, what came."""

import reprlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

SHOWN_CHARACTERS = 120

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = SHOWN_CHARACTERS

# pydantic's kinds of error in words that say what was expected; the names in braces are of the error's context.
_EXPECTED: Mapping[str, str] = {
    "missing": "a value: the field is required",
    "extra_forbidden": "no field of that name",
    "string_type": "a string",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text of the form {pattern}",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "bool_type": "true or false",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items",
    "tuple_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "enum": "one of {expected}",
    "literal_error": "{expected}",
    "json_invalid": "JSON ({error})",
    "timezone_aware": "an instant with its offset",
}


class ContractError(ValueError):
    """Bad input at a door.

    `field` is a dotted path ("total.currency", "header ce_id", "key"), `expected` says what is accepted, `got` shows
    what came. All three are safe to log and to store: shortened to SHOWN_CHARACTERS (`expected`: four times that),
    control characters and lone surrogates escaped. A validator of a model raises it with the path within the model.
    """

    def __init__(self, field: str, expected: str, got: object = "") -> None:
        self.field = _safe(field, SHOWN_CHARACTERS)
        self.expected = _safe(expected, 4 * SHOWN_CHARACTERS)
        self.got = _safe(_shown(got), SHOWN_CHARACTERS)
        super().__init__(f"{self.field}: expected {self.expected}" + (f", got {self.got}" if self.got else ""))

    def __reduce__(self) -> tuple[type["ContractError"], tuple[str, str, str]]:
        """It may be raised in another process than the one that tells it."""
        return type(self), (self.field, self.expected, self.got)


def _shown(got: object) -> str:
    if isinstance(got, str):
        return got
    # Sliced before it is rendered: what came may be a megabyte.
    return repr(got[:SHOWN_CHARACTERS]) if isinstance(got, bytes) else _REPR.repr(got)


def _safe(text: str, characters: int) -> str:
    """Shortened and printable (S: a NUL that was refused reaches PostgreSQL in the very text that names it)."""
    cut = text if len(text) <= characters else text[: characters - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def contract_error(error: ValidationError) -> ContractError:
    """The first error that is not about an unknown field (or that, if there is no other) as a ContractError."""
    errors = error.errors(include_url=False)
    unknown = [each for each in errors if each["type"] == "extra_forbidden"]
    # An item with an unknown field does not count: then its list is too short as well, which is nobody's mistake.
    spoilt = {each["loc"][:length] for each in unknown for length in range(len(each["loc"]) + 1)}
    first = next((each for each in errors if each["loc"] not in spoilt), unknown[0] if unknown else errors[0])
    context: Mapping[str, Any] = first.get("ctx", {})
    inner = context.get("error")
    if isinstance(inner, ContractError):
        field = ".".join(part for part in (path(first["loc"]), inner.field) if part)
        return ContractError(field or "value", inner.expected, inner.got)
    template = _EXPECTED.get(first["type"])
    expected = template.format_map(context) if template else first["msg"].removeprefix("Value error, ")
    got = "" if first["type"] == "missing" else first["input"]
    return ContractError(path(first["loc"]) or "value", expected.removeprefix("Input should be "), got)


def path(location: tuple[int | str, ...]) -> str:
    """The place of an error as a dotted path, shortened and printable."""
    return _safe(".".join(str(part) for part in location), SHOWN_CHARACTERS)
