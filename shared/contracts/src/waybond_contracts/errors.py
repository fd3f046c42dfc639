"""The one error of the contracts: which field is wrong, what was expected, what came."""

from pydantic import ValidationError

SHOWN_CHARACTERS = 120


class ContractError(ValueError):
    """Bad input at a door.

    `field` is a dotted path ("total.currency", "header ce_id", "key"), `expected` says what is accepted, `got` shows
    what came, shortened to `SHOWN_CHARACTERS`.
    """

    def __init__(self, field: str, expected: str, got: object = "") -> None:
        self.field = field
        self.expected = expected
        self.got = _shown(got)
        super().__init__(f"{field}: expected {expected}" + (f", got {self.got}" if self.got else ""))


def _shown(got: object) -> str:
    text = got if isinstance(got, str) else repr(got)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def contract_error(error: ValidationError) -> ContractError:
    """The first error that is not about an unknown field (or that, if there is no other) as a ContractError."""
    errors = error.errors(include_url=False, include_context=False)
    first = next((e for e in errors if e["type"] != "extra_forbidden"), errors[0])
    if first["type"] == "extra_forbidden":
        return ContractError(path(first["loc"]), "no field of that name", first["input"])
    if first["type"] == "missing":
        return ContractError(path(first["loc"]), "a value: the field is required")
    return ContractError(path(first["loc"]) or "value", first["msg"], first["input"])


def path(location: tuple[int | str, ...]) -> str:
    """The place of an error as a dotted path."""
    return ".".join(str(part) for part in location)
