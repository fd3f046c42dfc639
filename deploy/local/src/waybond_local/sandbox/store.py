"""The sandbox's books in PostgreSQL: a constant number of statements for a batch, all in the caller's transaction."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from waybond_contracts.money import Money
from waybond_contracts.refunds import FailureCode
from waybond_local.sandbox.books import DueStep, Last, Movement, Payment, Status
from waybond_local.sandbox.plan import Act

# Whoever holds this lock is the one sandbox of a database.
LOCK = 0x7761_7962_6F6E_6401
_COLUMNS = (
    "refund_id, partition, order_key, status, amount_minor, currency, attempt, issued_version, cancelled_version, "
    "not_after, steps, answers, last_type, last_value"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A record to publish on refund-results; without `key` it is a control record of the partition."""

    partition: int
    key: str | None
    id: str
    type: str
    occurred_at: datetime
    known_at: datetime | None
    value: bytes
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """A command that came."""

    refund_id: str
    type: str
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that is no command that this payment system can take."""

    partition: int
    offset: int
    reason: str
    value: bytes | None


class Books:
    """All reading and writing goes through one connection, the one that holds the lock."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def take_lock(self) -> bool:
        """Whether this is the only sandbox on the database; the lock ends with the connection."""
        return bool(await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK))

    async def offsets(self) -> dict[int, int]:
        """The next offset of each partition that was read before."""
        rows = await self._connection.fetch("SELECT partition, next_offset FROM input")
        return {row["partition"]: row["next_offset"] for row in rows}

    async def next_due(self) -> datetime | None:
        return await self._connection.fetchval("SELECT min(next_due) FROM payment WHERE next_due IS NOT NULL")

    async def known(self, refund_ids: Sequence[str]) -> dict[str, Payment]:
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM payment WHERE refund_id = ANY($1::text[])",  # noqa: S608 - our own column names
            list(refund_ids),
        )
        return {row["refund_id"]: _payment(row) for row in rows}

    async def due(self, until: Mapping[int, datetime]) -> list[Payment]:
        """Payments with a step that is due, by partition, the longest due first."""
        rows = await self._connection.fetch(
            f"SELECT {_COLUMNS} FROM payment JOIN unnest($1::int[], $2::timestamptz[]) AS horizon(of, at) "  # noqa: S608 - our own column names
            "ON partition = of AND next_due <= at ORDER BY next_due, refund_id",
            list(until.keys()),
            list(until.values()),
        )
        return [_payment(row) for row in rows]

    async def save_offsets(self, offsets: Mapping[int, int]) -> None:
        await self._connection.execute(
            "INSERT INTO input (partition, next_offset) SELECT * FROM unnest($1::int[], $2::bigint[]) "
            "ON CONFLICT (partition) DO UPDATE SET next_offset = EXCLUDED.next_offset",
            list(offsets.keys()),
            list(offsets.values()),
        )

    async def save_payments(self, payments: Iterable[Payment]) -> None:
        rows = [_payment_row(payment) for payment in payments]
        await self._connection.execute(
            f"INSERT INTO payment ({_COLUMNS}, next_due) "  # noqa: S608 - our own column names
            "SELECT a, b, c, d, e, f, g, h, i, j, k::jsonb, l, m, n, o FROM unnest($1::text[], $2::int[], $3::text[], "
            "$4::text[], $5::bigint[], $6::text[], $7::int[], $8::bigint[], $9::bigint[], $10::timestamptz[], "
            "$11::text[], $12::int[], $13::text[], $14::bytea[], $15::timestamptz[]) "
            "AS row(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o) "
            "ON CONFLICT (refund_id) DO UPDATE SET status = EXCLUDED.status, amount_minor = EXCLUDED.amount_minor, "
            "currency = EXCLUDED.currency, attempt = EXCLUDED.attempt, issued_version = EXCLUDED.issued_version, "
            "cancelled_version = EXCLUDED.cancelled_version, not_after = EXCLUDED.not_after, steps = EXCLUDED.steps, "
            "next_due = EXCLUDED.next_due, answers = EXCLUDED.answers, last_type = EXCLUDED.last_type, "
            "last_value = EXCLUDED.last_value",
            *_transposed(rows, 15),
        )

    async def save_seen(self, commands: Iterable[Seen]) -> None:
        times = Counter((each.refund_id, each.type, each.version) for each in commands)
        first = {(each.refund_id, each.type, each.version): each.at for each in reversed(list(commands))}
        rows = [(*key, first[key], count) for key, count in times.items()]
        await self._connection.execute(
            "INSERT INTO command (refund_id, type, version, first_seen, times) "
            "SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::int[]) "
            "ON CONFLICT (refund_id, type, version) DO UPDATE SET times = command.times + EXCLUDED.times",
            *_transposed(rows, 5),
        )

    async def save_movements(self, movements: Sequence[Movement]) -> None:
        """Book the movements and the balances that they make; one refund and one reversal for each refund_id."""
        rows = [(m.refund_id, m.kind, m.order_key, m.minor, m.currency, m.at) for m in movements]
        await self._connection.execute(
            "INSERT INTO movement (refund_id, kind, order_key, amount_minor, currency, moved_at) SELECT * FROM "
            "unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[])",
            *_transposed(rows, 6),
        )
        change: Counter[str] = Counter()
        for movement in movements:
            change[movement.currency] += movement.minor
        await self._connection.execute(
            "INSERT INTO balance (currency, minor) SELECT * FROM unnest($1::text[], $2::bigint[]) "
            "ON CONFLICT (currency) DO UPDATE SET minor = balance.minor + EXCLUDED.minor",
            list(change.keys()),
            list(change.values()),
        )

    async def save_answers(self, answers: Sequence[Answer]) -> int:
        """Put them into the outbox, in this order; returns the last one's place there."""
        rows = [(a.partition, a.key, a.id, a.type, a.occurred_at, a.known_at, a.value) for a in answers]
        last: int | None = await self._connection.fetchval(
            "WITH saved AS (INSERT INTO answer (partition, key, id, type, occurred_at, known_at, value) "
            "SELECT a, b, c, d, e, f, g FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], "
            "$6::timestamptz[], $7::bytea[]) WITH ORDINALITY AS row(a, b, c, d, e, f, g, place) ORDER BY place "
            "RETURNING seq) SELECT max(seq) FROM saved",
            *_transposed(rows, 7),
        )
        return last or 0

    async def save_refused(self, refused: Sequence[Refused]) -> None:
        rows = [(each.partition, each.offset, each.reason, each.value) for each in refused]
        await self._connection.execute(
            "INSERT INTO refused (partition, record_offset, reason, value) "
            "SELECT * FROM unnest($1::int[], $2::bigint[], $3::text[], $4::bytea[]) ON CONFLICT DO NOTHING",
            *_transposed(rows, 4),
        )

    async def unsent(self, most: int) -> list[Answer]:
        """The answers that are not known to be published, oldest first."""
        rows = await self._connection.fetch(
            "SELECT seq, partition, key, id, type, occurred_at, known_at, value FROM answer ORDER BY seq LIMIT $1", most
        )
        return [Answer(**row) for row in rows]

    async def forget_answers(self, through: int) -> None:
        """Drop answers that were published. If that is lost in a crash they are published again, with the same ids."""
        await self._connection.execute("DELETE FROM answer WHERE seq <= $1", through)


def _payment(row: Mapping[str, Any]) -> Payment:
    tenant, platform, order_id = row["order_key"].split("/")
    currency = row["currency"]
    return Payment(
        refund_id=row["refund_id"],
        tenant=tenant,
        platform=platform,
        order_id=order_id,
        partition=row["partition"],
        status=Status(row["status"]),
        amount=None if currency is None else Money.of(row["amount_minor"], currency),
        attempt=row["attempt"],
        issued_version=row["issued_version"],
        cancelled_version=row["cancelled_version"],
        not_after=row["not_after"],
        steps=tuple(
            DueStep(datetime.fromisoformat(due), Act(act), FailureCode(code), retryable)
            for due, act, code, retryable in json.loads(row["steps"])
        ),
        answers=row["answers"],
        last=None if row["last_type"] is None else Last(row["last_type"], row["last_value"]),
    )


def _payment_row(payment: Payment) -> tuple[Any, ...]:
    return (
        payment.refund_id,
        payment.partition,
        payment.order_key,
        payment.status.value,
        payment.amount.minor if payment.amount else 0,
        payment.amount.currency if payment.amount else None,
        payment.attempt,
        payment.issued_version,
        payment.cancelled_version,
        payment.not_after,
        json.dumps([(step.due.isoformat(), step.act, step.code, step.retryable) for step in payment.steps]),
        payment.answers,
        payment.last.type if payment.last else None,
        payment.last.value if payment.last else None,
        payment.next_due,
    )


def _transposed(rows: Sequence[tuple[Any, ...]], columns: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(columns)]
