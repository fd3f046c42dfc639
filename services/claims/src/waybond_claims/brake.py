"""The brake on payments, as one decision knows it: what is stopped, how much may be commanded in an hour, and how much
was.

A supervisor stops payments (of all, of a tenant, of a product, of a tenant's product) and sets ceilings (of a tenant's
product, in one currency). The service reads both, and says to each batch what it knows.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct


class Paid(NamedTuple):
    """Whose money a ceiling bounds: a tenant's payouts under a product (its name), in one currency."""

    tenant: str
    product: str
    currency: str


class Stop(Struct, frozen=True):
    """Payments stand still; None: those of every tenant, of every product. `entry` is its number in the history."""

    entry: int
    tenant: str | None
    product: str | None

    def holds(self, tenant: str, product: str) -> bool:
        return self.tenant in (None, tenant) and self.product in (None, product)


class Brake(Struct, frozen=True):
    """What is in force, and what was commanded under a ceiling: in minor units, by the hour in which it began."""

    stops: tuple[Stop, ...]
    ceilings: Mapping[Paid, int]
    """In minor units an hour."""
    since: datetime
    """The first hour of which `used` tells; what is commanded as of an earlier one counts there."""
    used: Mapping[tuple[Paid, datetime], int]

    def hour(self, at: datetime) -> datetime:
        """The hour that a command counts for which can be heard at `at` (aware UTC)."""
        return max(hour_of(at), self.since)


class Commanded(NamedTuple):
    """Counts a command under a ceiling, for the table of counts."""

    paid: Paid
    hour: datetime
    minor: int


def hour_of(at: datetime) -> datetime:
    """When the hour of an instant (aware UTC) began."""
    return at.replace(minute=0, second=0, microsecond=0)
