"""Writes the inbox: all questions that a batch opened, changed or closed, in two statements."""

from collections.abc import Sequence

from waybond_claims.desk.inbox import Closed, Waiting
from waybond_kit.definition import Connection

CLOSE = """
DELETE FROM inbox USING unnest($2::text[], $3::text[]) AS gone (order_key, referral_id)
WHERE inbox.shard = $1 AND inbox.order_key = gone.order_key AND inbox.referral_id = gone.referral_id
"""
# An array of arrays has to be rectangular, so that the choices of all questions travel as one text each.
OPEN = """
INSERT INTO inbox (
  shard, order_key, referral_id, tenant, platform, reason, role, minor, currency, answer_by, opened_at, version,
  question, choices, assignee, snoozed_until, boosted, notes, proposed_by, suggestion, why
)
SELECT $1, order_key, referral_id, split_part(order_key, '/', 1), split_part(order_key, '/', 2), reason, role, minor,
  currency, answer_by, opened_at, version, question, string_to_array(choices, chr(31)), assignee, snoozed_until,
  boosted, notes, proposed_by, suggestion, why
FROM unnest(
  $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::timestamptz[], $9::timestamptz[],
  $10::bigint[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::bool[], $16::int[], $17::text[],
  $18::text[], $19::text[]
) AS given (
  order_key, referral_id, reason, role, minor, currency, answer_by, opened_at, version, question, choices, assignee,
  snoozed_until, boosted, notes, proposed_by, suggestion, why
)
ON CONFLICT (shard, order_key, referral_id) DO UPDATE SET
  reason = excluded.reason, role = excluded.role, minor = excluded.minor, currency = excluded.currency,
  answer_by = excluded.answer_by, opened_at = excluded.opened_at, version = excluded.version,
  question = excluded.question, choices = excluded.choices, assignee = excluded.assignee,
  snoozed_until = excluded.snoozed_until, boosted = excluded.boosted, notes = excluded.notes,
  proposed_by = excluded.proposed_by, suggestion = excluded.suggestion, why = excluded.why
"""
BETWEEN_CHOICES = "\x1f"


async def save(connection: Connection, shard: int, rows: Sequence[object]) -> None:
    """Bring the inbox of a shard to where the rows lead, the last word about each question."""
    last = {(row.order_key, row.referral_id): row for row in rows if isinstance(row, Waiting | Closed)}
    closed = [key for key, row in last.items() if isinstance(row, Closed)]
    opened = [row for row in last.values() if isinstance(row, Waiting)]
    if closed:
        await connection.execute(CLOSE, shard, *zip(*closed, strict=True))
    if opened:
        await connection.execute(OPEN, shard, *zip(*map(_values, opened), strict=True))


def _values(row: Waiting) -> tuple[object, ...]:
    return (
        *(row.order_key, row.referral_id, row.reason, row.role, row.minor, row.currency, row.answer_by, row.opened_at),
        *(row.version, row.question, BETWEEN_CHOICES.join(row.choices), row.assignee, row.snoozed_until, row.boosted),
        *(row.notes, row.proposed_by, row.suggestion, row.why),
    )
