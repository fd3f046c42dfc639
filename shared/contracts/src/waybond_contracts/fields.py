"""The kinds of value that every contract is made of, each with its bound."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from waybond_contracts.errors import ContractError
from waybond_contracts.times import DurationSchema, InstantSchema

MAX_ID_CHARACTERS = 128
MAX_TEXT_CHARACTERS = 2_000
MAX_LINES = 200
MAX_PACKAGES = 50
MAX_WATCHES = 64
MAX_SCAN_KINDS = 32
MAX_CLAUSES = 64
MAX_STEPS = 500
MAX_DOCUMENT_CHARACTERS = 65_536
# 2**53 - 1: every JSON reader, JavaScript's included, keeps integers up to here exact.
MAX_INTEGER = 9_007_199_254_740_991


Instant = Annotated[datetime, InstantSchema()]
"""An aware instant, turned into UTC at the door; a date without a zone is refused."""


def _positive(decimal: str) -> str:
    if not decimal.strip("0."):
        raise ContractError("", "a decimal string above zero", decimal)
    return decimal


# No control characters: NUL cannot be stored in a PostgreSQL text, the others have no place in an identifier.
Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f]+$")]
Segment = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
"""The tenant or the platform: the first two segments of a record's key."""
OrderId = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f/]+$")]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARACTERS, pattern=r"^[^\x00]*$")]
Code = Annotated[str, StringConstraints(max_length=MAX_ID_CHARACTERS, pattern=r"^[^\x00-\x1f\x7f]*$")]
Line = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""One line of text for people."""
TopicName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[str, StringConstraints(max_length=16, pattern=r"^(0(\.[0-9]{1,8})?|1(\.0{1,8})?)$")]
"""A share of an amount from 0 to 1 as a decimal string, never a float."""
DecimalString = Annotated[str, StringConstraints(max_length=32, pattern=r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$")]
Rate = Annotated[
    str, StringConstraints(max_length=32, pattern=r"^[0-9]{1,18}(\.[0-9]{1,12})?$"), AfterValidator(_positive)
]
"""An exchange rate: a decimal string above zero."""
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
Positive = Annotated[int, Field(ge=1, le=MAX_INTEGER)]


Duration = Annotated[timedelta, DurationSchema()]
"""ISO 8601 duration in weeks, days, hours, minutes and seconds, up to MAX_DURATION; a day is 24 hours."""


class Model(BaseModel):
    """Base of all that travels: frozen, strict about types; unknown fields are left out (see `registry.decode`).

    A list is a bounded tuple that stops at its first bad item (`fail_fast`): a megabyte of bad items, each with an
    error of its own, would hold up a shard for seconds.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", use_attribute_docstrings=True)


class Interval(Model):
    """When something happened, as far as it is known: one instant, or a span where the time zone is unknown."""

    earliest: Instant
    """Not before."""
    latest: Instant
    """Not after."""

    @classmethod
    def at(cls, instant: datetime) -> "Interval":
        return cls(earliest=instant, latest=instant)
