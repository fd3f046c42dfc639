"""Holds the newest snapshot of tenants' settings for `decide` and for quotes, and keeps it fresh."""

from datetime import UTC, datetime
from typing import NoReturn

import asyncpg

from waybond_contracts.event import Event
from waybond_kit.aggregate import Outcome, Woken
from waybond_kit.periodic import every
from waybond_pricing.catalogue import Catalogue
from waybond_pricing.decide import decide
from waybond_pricing.files import products, ratings
from waybond_pricing.state import State
from waybond_pricing.tenants import Snapshot, refreshed
from waybond_pricing.tokens import QuoteKeys

REFRESH_SECONDS = 1.0
LONGEST_REFRESH_SECONDS = 15.0
"""After so long a refresh is given up and begun anew: a snapshot is good for less than a minute."""


class Desk:
    """`decide` as the kit calls it. Before the first snapshot nothing is known of any instant, so that orders wait."""

    def __init__(self) -> None:
        self.keys = QuoteKeys.none()
        self.catalogue = Catalogue(products(), {}, ratings(), complete_until=datetime.min.replace(tzinfo=UTC))
        self._snapshot: Snapshot | None = None

    def __call__(
        self, state: State | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None
    ) -> Outcome[State]:
        return decide(self.catalogue, self.keys, state, fact, now)

    async def refresh(self, pool: asyncpg.Pool) -> None:
        """Take a younger snapshot."""
        self._snapshot = await refreshed(pool, self._snapshot)
        self.catalogue = self._snapshot.catalogue

    async def keep_fresh(self, pool: asyncpg.Pool) -> NoReturn:
        """Refresh until cancelled. While the database does not answer the snapshot grows old, and orders wait."""

        async def refresh_settings() -> None:
            await self.refresh(pool)

        await every(REFRESH_SECONDS, refresh_settings, longest=LONGEST_REFRESH_SECONDS)
