"""What could not be applied, kept with its bytes; and the line that waits behind a record that holds its order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from waybond_contracts.commands import DiscardHeld, HeldCommand
from waybond_kit.changes import Met, QuarantineRow
from waybond_kit.door import EPOCH, Raw, Refusal
from waybond_kit.outbox import unpack_headers

MAX_LINE_ROWS = 1_000
"""How many records of an order's line one command goes on with; a longer line takes as many commands."""
MAX_DETAIL_CHARACTERS = 500


def row_of(shard: int, batch_seq: int, ordinal: int, refusal: Refusal, known_at: datetime) -> QuarantineRow:
    """A row with its reason, the record still to be filled in."""
    return QuarantineRow(
        shard=shard,
        batch_seq=batch_seq,
        ordinal=ordinal,
        topic="",
        record_offset=0,
        order_key=None,
        aggregate_id=None,
        reason=refusal.reason.value,
        field=_text(refusal.field),
        detail=_text(refusal.detail),
        known_at=known_at,
        key=None,
        headers=None,
        value=None,
    )


def met(shard: int, row: "LineRow", refusal: Refusal) -> Met:
    """What is wrong with a record in line, now that its turn has come."""
    return Met(shard, row.batch_seq, row.ordinal, refusal.reason.value, _text(refusal.field), _text(refusal.detail))


def _text(text: str) -> str:
    """Text as PostgreSQL takes it: without NUL and lone surrogates, and bounded."""
    cut = text[:MAX_DETAIL_CHARACTERS].replace("\x00", "\\0")
    return cut.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class LineRow:
    """A row of `quarantine` that is not settled. `stands_in_line`: it holds its order, or waits behind what does."""

    batch_seq: int
    ordinal: int
    topic: str
    record_offset: int
    stands_in_line: bool
    raw: Raw

    @classmethod
    def of(cls, row: Any) -> "LineRow":
        """From a row of the table."""
        age = row["known_at"] - EPOCH
        return cls(
            batch_seq=row["batch_seq"],
            ordinal=row["ordinal"],
            topic=row["topic"],
            record_offset=row["record_offset"],
            stands_in_line=row["aggregate_id"] is not None,
            raw=Raw(
                topic=row["topic"],
                offset=row["record_offset"],
                timestamp_ms=age.days * 86_400_000 + age.seconds * 1000 + age.microseconds // 1000,
                key=row["key"],
                value=row["value"],
                headers=unpack_headers(row["headers"]) if row["headers"] is not None else (),
            ),
        )


class Line:
    """The first records that stand in line for one order, in order, and one that a command names beside them."""

    def __init__(self, rows: Sequence[LineRow]) -> None:
        self.rows = [row for row in rows if row.stands_in_line]
        self.beside = [row for row in rows if not row.stands_in_line]

    def find(self, command: HeldCommand) -> LineRow | None:
        """The row that a command may settle: the first in line, or, while no line stands, one beside it.

        One that stands further back, or beside a line, is not: its order would be decided on without what came before.
        """
        mine = command.order_key.encode()  # the table is asked by offset, which another order's record may have
        beside = [row for row in self.beside if row.raw.key == mine]
        candidates = self.rows[:1] or beside
        if isinstance(command, DiscardHeld):
            candidates = [*self.rows[:1], *beside]
        at = (command.topic_name, command.record_offset)
        return next((row for row in candidates if (row.topic, row.record_offset) == at), None)

    def remove(self, row: LineRow) -> None:
        """This row is settled."""
        (self.rows if row.stands_in_line else self.beside).remove(row)
