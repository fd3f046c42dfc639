"""How often payments and denials that no person decided are wrong, from what audits found: rates with their interval.

The three samples are never added up: of payments above the product's amount all are looked at, of the others and of
denials a share by lot. A rate of one sample says nothing about another.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt

import asyncpg
from msgspec import Struct

from waybond_claims.case.question import WITHDRAWN
from waybond_claims.desk.audits import ABOVE, DENIAL, SHARE
from waybond_claims.desk.kinds import OVERPAID, UNDERPAID, UNPAID
from waybond_kit.definition import Connection

Z = 1.959964
"""Of the normal distribution, for intervals of 95 %."""
WRONG: Mapping[str, tuple[str, ...]] = {SHARE: (OVERPAID, UNDERPAID), ABOVE: (OVERPAID, UNDERPAID), DENIAL: (UNPAID,)}
"""What can be found wrong in each sample."""

_COUNTS = """
SELECT product, sample, choice, count(*) AS number FROM audit
WHERE $1::int[] IS NULL OR shard = ANY($1::int[]) GROUP BY product, sample, choice ORDER BY product, sample, choice
"""


class Counted(Struct, frozen=True):
    """How many questions of one sample of one product have this answer; empty: none yet."""

    product: str
    sample: str
    choice: str
    number: int


class Rate(Struct, frozen=True):
    """How often one thing was found wrong; `rate` is None as long as nothing was answered."""

    product: str
    sample: str
    wrong: str
    asked: int
    """Questions that stand, answered or not."""
    answered: int
    found: int
    rate: float | None
    low: float
    high: float
    """Wilson's interval of 95 %; 0 to 1 as long as nothing was answered."""


def wilson(found: int, answered: int) -> tuple[float, float]:
    """Wilson's score interval of 95 % for so many of so many; from 0 to 1 where nothing was answered.

    Raises ValueError unless 0 <= found <= answered.
    """
    if not 0 <= found <= answered:
        raise ValueError(f"expected 0 to {answered} of {answered}, got {found}")
    if not answered:
        return 0.0, 1.0
    share, per = found / answered, Z * Z / answered
    middle = share + per / 2
    half = Z * sqrt(share * (1 - share) / answered + per / (4 * answered))
    low, high = (middle - half) / (1 + per), (middle + half) / (1 + per)
    # At the ends the formula gives just 0 and 1; floating point misses them by a hair.
    return (0.0 if found == 0 else low), (1.0 if found == answered else high)


def rates(counts: Iterable[Counted]) -> list[Rate]:
    """The rates of each product and sample, by name. A question that fell away counts nowhere."""
    by: dict[tuple[str, str], dict[str, int]] = {}
    for each in counts:
        if each.choice != WITHDRAWN:
            choices = by.setdefault((each.product, each.sample), {})
            choices[each.choice] = choices.get(each.choice, 0) + each.number
    found: list[Rate] = []
    for (product, sample), choices in sorted(by.items()):
        asked = sum(choices.values())
        answered = asked - choices.get("", 0)
        for wrong in WRONG[sample]:
            number = choices.get(wrong, 0)
            rate = number / answered if answered else None
            found.append(Rate(product, sample, wrong, asked, answered, number, rate, *wilson(number, answered)))
    return found


async def counted(reader: asyncpg.Pool | Connection, shards: Sequence[int] | None = None) -> list[Counted]:
    """What audits asked and found, of these shards or of all."""
    rows = await reader.fetch(_COUNTS, shards)
    return [Counted(row["product"], row["sample"], row["choice"], row["number"]) for row in rows]
