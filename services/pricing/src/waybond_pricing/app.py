"""Pricing as a service: what it reads, what it decides with, and its quotes beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI
from pydantic import Field, SecretStr, field_validator

from waybond_contracts import topics
from waybond_kit.definition import AsgiApp
from waybond_kit.service import Definition, Input, InputKind, Resources, Settings
from waybond_pricing.desk import Desk
from waybond_pricing.quotes import routes
from waybond_pricing.state import State, StateCodec
from waybond_pricing.tokens import QuoteKeys


class PricingSettings(Settings):
    """The kit's settings and pricing's own."""

    quote_keys: SecretStr | None = None
    """The keys that sign quotes, "id:hex,id:hex", the current one first. Without any, no quotes are given."""
    quote_valid_minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] = 30
    """How long a quote holds."""

    @field_validator("quote_keys")
    @classmethod
    def _readable(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None:
            QuoteKeys.parse(keys.get_secret_value())
        return keys


def definition(desk: Desk) -> Definition[State]:
    """Pricing with this desk. Its routes start first and take the first snapshot before any shard opens."""

    def served(resources: Resources) -> AsgiApp:
        settings = resources.settings
        keys = settings.quote_keys
        desk.keys = QuoteKeys.parse(keys.get_secret_value()) if keys is not None else QuoteKeys.none()

        @asynccontextmanager
        async def kept_fresh(app: FastAPI) -> AsyncIterator[None]:
            await desk.refresh(resources.pool)
            refreshing = asyncio.create_task(desk.keep_fresh(resources.pool), name="settings")
            yield
            refreshing.cancel()
            with suppress(asyncio.CancelledError):
                await refreshing

        return routes(desk, resources.pool, timedelta(minutes=settings.quote_valid_minutes), lifespan=kept_fresh)

    return Definition(
        name="pricing",
        inputs=(Input(topics.ORDERS, InputKind.OUTSIDE), Input(topics.OPERATOR_COMMANDS, InputKind.ANSWERS)),
        progress_topics=(topics.POLICIES,),
        decide=desk,
        codec=StateCodec(),
        migrations=Path(__file__).parent / "sql",
        complete_until=lambda: desk.catalogue.complete_until,
        routes=served,
    )


DEFINITION: Definition[State] = definition(Desk())
