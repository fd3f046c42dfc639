"""The books of one order as a function of its claim file: an entry is the difference between two files, so it balances.

Debits are positive. Accounts: premium_receivable, premium_written, premium_tax, premium_returned; claims_incurred;
outstanding (the reserve: owed and not yet commanded); in_flight (commanded, not confirmed); cash (moved by the payment
system); bank (moved outside it: settled by hand, recovered); recovery_receivable (asked back).
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from waybond_claims.case.state import Case

Key = tuple[str, str, str | None]
"""Account, currency, refund_id (of in_flight and cash)."""

ACCOUNTS = (
    "premium_receivable",
    "premium_written",
    "premium_tax",
    "premium_returned",
    "claims_incurred",
    "outstanding",
    "in_flight",
    "cash",
    "bank",
    "recovery_receivable",
)


class Posting(Struct, frozen=True, gc=False):
    """One side of an entry, in minor units; a debit is positive."""

    account: str
    currency: str
    minor: int
    refund_id: str | None = None


class Entry(Struct, frozen=True, gc=False):
    """What one fact moved in the books of one order. Its postings sum to zero in each currency."""

    order_key: str
    ordinal: int
    at: datetime
    cause: str
    product: str
    lane: str
    postings: tuple[Posting, ...]


def entry(before: Case, after: Case, now: datetime, cause: str) -> Entry | None:
    """The entry that takes the books from one file to the next; None if nothing moved."""
    if before is after or _moneyed(before) == _moneyed(after):
        return None
    old, new = balances(before), balances(after)
    if old == new or after.policy is None:
        return None
    moved = [(key, minor - old.get(key, 0)) for key, minor in new.items()]
    moved += [(key, -minor) for key, minor in old.items() if key not in new]
    if not any(minor for _, minor in moved):  # Accounts of nothing: a cover that costs nothing.
        return None
    return Entry(
        order_key=after.order_key,
        ordinal=after.entries + 1,
        at=now,
        cause=cause,
        product=after.policy.product,
        lane="-".join(after.lane),
        postings=tuple(
            [Posting(account, currency, minor, refund) for (account, currency, refund), minor in moved if minor]
        ),
    )


def _moneyed(case: Case) -> tuple[object, ...]:
    """All that the books follow from."""
    return case.owed, case.cover, case.ended, case.policy is None, case.order is None, case.commands, case.recoveries


def balances(case: Case) -> Mapping[Key, int]:
    """Every account of the order; they sum to zero in each currency."""
    found: dict[Key, int] = {}
    cover = case.cover
    if cover is None or case.policy is None:
        return found
    # A policy that was put in force again has its premium back, and one that has paid all it covers has earned it.
    ended = case.ended if case.ended is not None and case.ended.version > cover.version else None
    earned = not case.void and case.owed >= min(cover.basis, cover.limit) > 0
    returned = ended.returned if ended is not None and not earned else 0
    currency = cover.premium_currency
    found["premium_receivable", currency, None] = cover.premium_net + cover.premium_tax - returned
    found["premium_written", currency, None] = -cover.premium_net
    if cover.premium_tax:
        found["premium_tax", currency, None] = -cover.premium_tax
    if returned:
        found["premium_returned", currency, None] = returned
    if case.order is None or not (case.owed or case.commands):
        return found
    _claims(case, case.order.currency, found)
    return found


def _claims(case: Case, currency: str, found: dict[Key, int]) -> None:
    moved = flight = by_hand = 0
    for command in case.commands:
        if command.status == "succeeded":
            found["cash", currency, command.refund_id] = -command.moved
            moved += command.moved
        elif command.outside:
            by_hand += command.by_hand
        elif command.in_flight:
            found["in_flight", currency, command.refund_id] = -command.minor
            flight += command.minor
    recovered, asked = case.recovered, case.asked_back
    reserve = max(0, case.owed - (moved + by_hand + flight - recovered))
    found["claims_incurred", currency, None] = moved + by_hand + flight + reserve - recovered - asked
    found["outstanding", currency, None] = -reserve
    found["bank", currency, None] = recovered - by_hand
    found["recovery_receivable", currency, None] = asked
