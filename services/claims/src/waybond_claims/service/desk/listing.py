"""Lists what waits for people, a page at a time, in the order of an index.

A page ends with a cursor: where the next one begins. A question that is opened or closed meanwhile moves no other one
to another page; one whose place changes (boosted, put to a lead with another deadline) is shown where it is then.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

import asyncpg
import msgspec
from msgspec import Meta, Struct
from pydantic import ConfigDict, Field, model_validator

from waybond_claims.desk.inbox import Waiting
from waybond_claims.service.cases import Reader
from waybond_contracts.claims import ReferralReason
from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Code, Count, Model, Segment

MAX_PAGE = 100
DEFAULT_PAGE = 50
MAX_CURSOR_CHARACTERS = 1_024

_COLUMNS = ", ".join(Waiting.__struct_fields__)


class Sort(StrEnum):
    """In which order questions are read."""

    DEADLINE = "deadline"
    """Boosted ones first, then the one that is to be answered first."""
    AMOUNT = "amount"
    """The largest amount at stake first; of one currency."""
    OPENED = "opened"
    """The longest waiting first."""


@dataclass(frozen=True, slots=True)
class _Order:
    columns: tuple[str, ...]
    types: tuple[Any, ...]
    falling: bool = False


_NAMES = ("order_key", "referral_id")
_TEXT = Annotated[str, Meta(max_length=512, pattern=r"^[^\x00]*$")]
_RANK, _MINOR, _AT = Annotated[int, Meta(ge=0, le=1)], Annotated[int, Meta(ge=0)], Annotated[datetime, Meta(tz=True)]
_ORDERS = {
    Sort.DEADLINE: _Order(("rank", "deadline", *_NAMES), (_RANK, _AT, _TEXT, _TEXT)),
    Sort.AMOUNT: _Order(("minor", *_NAMES), (_MINOR, _TEXT, _TEXT), falling=True),
    Sort.OPENED: _Order(("opened_at", *_NAMES), (_AT, _TEXT, _TEXT)),
}
EARLIEST, FAR = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""`FAR` is the deadline, in the order of questions, of one that has none."""


class ListQuery(Model):
    """What is asked for; all that is given must hold."""

    model_config = ConfigDict(extra="forbid", strict=False)

    reason: ReferralReason | None = None
    """Why a person is needed."""
    role: Annotated[str, Field(pattern=r"^(adjuster|payments|lead)$")] | None = None
    """Who is asked."""
    assignee: Code | None = None
    """Who is to answer; empty: nobody yet."""
    platform: Segment | None = None
    """Where the order was placed."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    """Of what is at stake."""
    min_amount: Count | None = None
    """At least so much is at stake, in minor units of `currency`, which must be given too."""
    overdue: bool | None = None
    """Whether the deadline has passed."""
    snoozed: bool | None = False
    """Whether it can wait for now; `any` for both."""
    sort: Sort = Sort.DEADLINE
    """`amount` needs a `currency`."""
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    """How many at most."""
    cursor: Annotated[str, Field(max_length=MAX_CURSOR_CHARACTERS)] = ""
    """`next` of the page before, with the same query."""

    @model_validator(mode="before")
    @classmethod
    def _any(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("snoozed") == "any":
            return given | {"snoozed": None}
        return given

    @model_validator(mode="after")
    def _has_currency(self) -> Self:
        if self.currency is None and (self.min_amount is not None or self.sort is Sort.AMOUNT):
            raise ContractError("currency", "the currency that amounts are compared in", None)
        return self


class Page(Struct, frozen=True):
    """Questions in their order; `next` is where the next page begins, None behind the last one."""

    questions: Sequence[Waiting]
    next: str | None


async def page(reader: Reader, query: ListQuery, tenant: str | None, now: datetime) -> Page:
    """One page of a tenant's questions, or of everybody's (None). `now`: aware UTC.

    Raises ContractError for a cursor that is none of this order's.
    """
    statement, arguments = _statement(query, tenant, now)
    rows = await reader.fetch(statement, *arguments)
    shown = rows[: query.limit]
    more = len(rows) > query.limit
    return Page([_waiting(row) for row in shown], _cursor(query.sort, shown[-1]) if more else None)


async def beginning(reader: Reader, text: str, limit: int) -> list[Waiting]:
    """The open questions whose id begins so, of all tenants."""
    rows = await reader.fetch(f"SELECT {_COLUMNS} FROM inbox WHERE starts_with(referral_id, $1) LIMIT $2", text, limit)  # noqa: S608  # our own names
    return [_waiting(row) for row in rows]


def _statement(query: ListQuery, tenant: str | None, now: datetime) -> tuple[str, list[Any]]:
    order = _ORDERS[query.sort]
    arguments: list[Any] = []
    conditions: list[str] = []

    def add(condition: str, *values: Any) -> None:
        places = range(len(arguments) + 1, len(arguments) + len(values) + 1)
        conditions.append(condition.format(*(f"${place}" for place in places)))
        arguments.extend(values)

    equal = {
        "tenant": tenant,
        "reason": query.reason.value if query.reason is not None else None,
        "role": query.role,
        "assignee": query.assignee,
        "platform": query.platform,
        "currency": query.currency,
    }
    for column, value in equal.items():
        if value is not None:
            add(f"{column} = {{}}", value)
    if query.min_amount is not None:
        add("minor >= {}", query.min_amount)
    if query.sort is Sort.AMOUNT:
        conditions.append("minor IS NOT NULL")
    if query.overdue is not None:
        add("deadline <= {}" if query.overdue else "deadline > {}", now)
    if query.snoozed is not None:
        add("snoozed_until > {}" if query.snoozed else "(snoozed_until IS NULL OR snoozed_until <= {})", now)
    if query.cursor:
        after = _read_cursor(query.cursor, query.sort)
        places = ", ".join("{}" for _ in after)
        add(f"({', '.join(order.columns)}) {'<' if order.falling else '>'} ({places})", *after)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    by = ", ".join(f"{column} DESC" if order.falling else column for column in order.columns)
    arguments.append(query.limit + 1)
    return f"SELECT {_COLUMNS}, rank, deadline FROM inbox {where} ORDER BY {by} LIMIT ${len(arguments)}", arguments  # noqa: S608  # our own names


def _waiting(row: asyncpg.Record) -> Waiting:
    values: dict[str, Any] = {name: row[name] for name in Waiting.__struct_fields__}
    values["choices"] = tuple(row["choices"])
    return Waiting(**values)


def _cursor(sort: Sort, row: asyncpg.Record) -> str:
    values = [row[column] for column in _ORDERS[sort].columns]
    return base64.urlsafe_b64encode(msgspec.json.encode([sort.value, *values])).decode().rstrip("=")


def _read_cursor(cursor: str, sort: Sort) -> Sequence[Any]:
    wrong = ContractError("cursor", f"`next` of a page that is sorted by {sort.value}", cursor)
    try:
        given = msgspec.json.decode(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        first, *values = msgspec.convert(given, list[Any])
        read = [msgspec.convert(value, kind) for value, kind in zip(values, _ORDERS[sort].types, strict=True)]
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise wrong from None
    if first != sort.value or any(isinstance(each, datetime) and not EARLIEST <= each <= FAR for each in read):
        raise wrong
    return read
