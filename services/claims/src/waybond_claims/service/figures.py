"""What claims tells operators beside the kit's metrics: what waits for a person, the books' balance, the brake, and how
often audits find a payment or a denial wrong."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import asyncpg

from waybond_claims.service.accuracy import counted, rates
from waybond_claims.service.brakes import HOUR_NOW, USED, Entry, in_force, read
from waybond_contracts.claims import ReferralReason
from waybond_kit.definition import Figure

REFERRALS = "waybond_referrals_waiting"
LEDGER = "waybond_ledger_off_minor"
STOPPED = "waybond_payments_stopped"
CEILING = "waybond_payout_ceiling_used_ratio"
AUDITED = "waybond_audit_answers"
RATE = "waybond_audit_wrong_share"
BOUND = "waybond_audit_wrong_share_bound"
POSTINGS_AT_ONCE = 50_000

_OPEN = "SELECT reason, count(*) FROM inbox WHERE shard = ANY($1::int[]) GROUP BY reason"
_POSTINGS = """
SELECT max(entry_id) AS last, currency, sum(minor)::bigint AS minor FROM (
  SELECT entry_id, currency, minor FROM posting WHERE shard = $1 AND entry_id > $2 AND entry_id <= (
    SELECT max(id) FROM (SELECT id FROM entry WHERE shard = $1 AND id > $2 ORDER BY id LIMIT $3) AS next
  )
) AS page GROUP BY currency
"""


class ClaimsFigures:
    """Counts for one process. The books only grow, so that only what is new is summed up.

    An entry that does not balance is refused by the database. The sum is there to see that nobody went around it.
    """

    names = (
        (REFERRALS, "Questions that wait for a person, by reason.", ("reason",)),
        (LEDGER, "What all accounts together are off zero, in minor units.", ("currency",)),
        (STOPPED, "1 for each stop of payments that is in force; no tenant or product: all.", ("tenant", "product")),
        (
            CEILING,
            "What part of a payout ceiling was commanded in this hour, by all shards.",
            ("tenant", "product", "currency"),
        ),
        (AUDITED, "Questions of audits by answer; none: not answered yet.", ("product", "sample", "answer")),
        (RATE, "Share of the answers that found this wrong.", ("product", "sample", "wrong")),
        (BOUND, "Bounds of that share by Wilson, 95 %.", ("product", "sample", "wrong", "bound")),
    )

    def __init__(self) -> None:
        self._summed: dict[int, int] = defaultdict(int)
        """The last entry of each shard that is in `_off`."""
        self._off: dict[int, Counter[str]] = defaultdict(Counter)

    async def count(self, pool: asyncpg.Pool, shards: Sequence[int]) -> Sequence[Figure]:
        """The figures for these shards."""
        reasons = Counter({reason.value: 0 for reason in ReferralReason})
        reasons.update({row["reason"]: row["count"] for row in await pool.fetch(_OPEN, shards)})
        off: Counter[str] = Counter()
        for shard in shards:
            await self._sum(pool, shard)
            off.update(self._off[shard])
        return [
            *(Figure(REFERRALS, (reason,), count) for reason, count in reasons.items()),
            *(Figure(LEDGER, (currency,), minor) for currency, minor in off.items()),
            *await _brake(pool),
            *await _audited(pool, shards),
        ]

    async def _sum(self, pool: asyncpg.Pool, shard: int) -> None:
        """A page at a time: more than one a count only where the process has just begun."""
        while rows := await pool.fetch(_POSTINGS, shard, self._summed[shard], POSTINGS_AT_ONCE):
            for row in rows:
                self._off[shard][row["currency"]] += row["minor"]
            self._summed[shard] = max(row["last"] for row in rows)


async def _brake(pool: asyncpg.Pool) -> list[Figure]:
    """What is in force: each process tells the same of it, for all shards."""
    forced = in_force(await read(pool))
    found = [Figure(STOPPED, (each.tenant or "", each.product or ""), 1) for each in forced if each.kind == "stop"]
    ceilings = [each for each in forced if each.kind == "ceiling"]
    if ceilings:
        used = {tuple(row[:3]): row["minor"] for row in await pool.fetch(USED, await pool.fetchval(HOUR_NOW))}
        found += [Figure(CEILING, tuple(each.paid), _ratio(each, used.get(tuple(each.paid), 0))) for each in ceilings]
    return found


def _ratio(ceiling: Entry, used: int) -> float:
    """Of a ceiling of nothing all is used."""
    return used / ceiling.minor if ceiling.minor else 1.0


async def _audited(pool: asyncpg.Pool, shards: Sequence[int]) -> list[Figure]:
    """Each process tells of its own shards: add the answers up over processes, the shares say less than all of them."""
    counts = await counted(pool, shards)
    found = [Figure(AUDITED, (each.product, each.sample, each.choice or "none"), each.number) for each in counts]
    for each in rates(counts):
        about = each.product, each.sample, each.wrong
        if each.rate is not None:
            found.append(Figure(RATE, about, each.rate))
        found += [Figure(BOUND, (*about, "low"), each.low), Figure(BOUND, (*about, "high"), each.high)]
    return found
