"""Writes what a batch leaves beside the files: entries and their postings in one statement, what counts under a
ceiling, and the inbox."""

from collections.abc import Sequence
from uuid import UUID

from waybond_claims.brake import Commanded
from waybond_claims.ledger import Entry
from waybond_claims.service.brakes import count
from waybond_claims.service.desk import rows as inbox
from waybond_kit.definition import Connection

# The ids are drawn in the statement: an index that only grows at its end stays cheap, whatever the orders' keys are.
# A posting finds its entry's id by its place in an array: a join would compare every posting with every entry, since
# the kit lets batches join by index alone.
BOOK = """
WITH drawn AS MATERIALIZED (
  SELECT array_agg(nextval('entry_id')) AS ids FROM generate_series(1, cardinality($2::text[]))
), booked AS (
  INSERT INTO entry (shard, id, order_key, ordinal, occurred_at, cause, product, lane)
  SELECT $1, drawn.ids[given.place], order_key, ordinal, occurred_at, cause, product, lane
  FROM drawn, unnest($2::text[], $3::integer[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])
    WITH ORDINALITY AS given (order_key, ordinal, occurred_at, cause, product, lane, place)
)
INSERT INTO posting (shard, entry_id, line, account, currency, minor, refund_id)
SELECT $1, drawn.ids[given.place], given.line, given.account, given.currency, given.minor, given.refund_id
FROM drawn, unnest($8::bigint[], $9::smallint[], $10::text[], $11::text[], $12::bigint[], $13::uuid[])
  AS given (place, line, account, currency, minor, refund_id)
"""


class ClaimsStorage:
    """The kit's storage hook of claims."""

    async def save(self, connection: Connection, shard: int, rows: Sequence[object]) -> None:
        """Book the entries, count what was commanded under a ceiling, and keep the inbox. An entry that does not
        balance, or whose account does not exist, is refused by the database (asyncpg.CheckViolationError)."""
        commanded = [row for row in rows if isinstance(row, Commanded)]
        if commanded:
            await count(connection, shard, commanded)
        entries = [row for row in rows if isinstance(row, Entry)]
        if entries:
            await _book(connection, shard, entries)
        if len(entries) + len(commanded) < len(rows):
            await inbox.save(connection, shard, rows)


async def _book(connection: Connection, shard: int, entries: Sequence[Entry]) -> None:
    columns = zip(
        *[(each.order_key, each.ordinal, each.at, each.cause, each.product, each.lane) for each in entries],
        strict=True,
    )
    postings = zip(
        *[
            (place, line, each.account, each.currency, each.minor, UUID(each.refund_id) if each.refund_id else None)
            for place, entry in enumerate(entries, 1)
            for line, each in enumerate(entry.postings)
        ],
        strict=True,
    )
    await connection.execute(BOOK, shard, *columns, *postings)
