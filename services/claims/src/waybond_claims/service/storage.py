"""Writes what a batch leaves beside the files: entries and their postings in one statement, what counts under a
ceiling, the inbox, and what audits asked and found."""

from collections.abc import Sequence
from uuid import UUID

from waybond_claims.brake import Commanded
from waybond_claims.desk.audits import AuditRow
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

# Of two rows about one question the last one stands.
AUDIT = """
INSERT INTO audit (
  shard, referral_id, order_key, product, product_version, sample, minor, currency, asked_at, choice, wrong_minor,
  decided_by, decided_at
)
SELECT $1, * FROM unnest(
  $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::timestamptz[], $10::text[],
  $11::bigint[], $12::text[], $13::timestamptz[]
)
ON CONFLICT (shard, referral_id) DO UPDATE SET
  choice = excluded.choice, wrong_minor = excluded.wrong_minor, decided_by = excluded.decided_by,
  decided_at = excluded.decided_at
"""


class ClaimsStorage:
    """The kit's storage hook of claims."""

    async def save(self, connection: Connection, shard: int, rows: Sequence[object]) -> None:
        """Book the entries, count what was commanded under a ceiling, keep the inbox, and note the questions of audits.
        An entry that does not balance, or whose account does not exist, is refused by the database
        (asyncpg.CheckViolationError)."""
        commanded = [row for row in rows if isinstance(row, Commanded)]
        if commanded:
            await count(connection, shard, commanded)
        entries = [row for row in rows if isinstance(row, Entry)]
        if entries:
            await _book(connection, shard, entries)
        if len(entries) + len(commanded) < len(rows):
            await inbox.save(connection, shard, rows)
            audits = {row.referral_id: row for row in rows if isinstance(row, AuditRow)}
            if audits:
                await _note(connection, shard, [*audits.values()])


async def _note(connection: Connection, shard: int, audits: Sequence[AuditRow]) -> None:
    columns = zip(
        *[
            (
                UUID(each.referral_id),
                each.order_key,
                each.product,
                each.product_version,
                each.sample,
                each.minor,
                each.currency,
                each.asked_at,
                each.choice,
                each.wrong_minor,
                each.decided_by,
                each.decided_at,
            )
            for each in audits
        ],
        strict=True,
    )
    await connection.execute(AUDIT, shard, *columns)


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
