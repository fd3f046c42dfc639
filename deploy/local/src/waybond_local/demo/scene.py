"""The stage for what people say now: one order, whose events are told as they come, and somebody at the desk."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.request import Request, urlopen

from aiokafka import AIOKafkaProducer
from rich.console import Console

from waybond_contracts import claims
from waybond_contracts.event import Event
from waybond_contracts.publishing import message
from waybond_local.demo.narrate import Narrator
from waybond_local.demo.record import Reader, Record
from waybond_local.demo.tell import in_order, show
from waybond_local.replay.timed import About

SOURCE = "/platforms/shop"
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05
E = TypeVar("E", bound=Event)


class SceneError(RuntimeError):
    """The story did not go on as it is told; says what was waited for."""


@dataclass(slots=True)
class Scene:
    """One order on the stage: what is said about it is published, and what comes of it is told as it comes."""

    producer: AIOKafkaProducer
    log: Reader
    console: Console
    about: About
    narrator: Narrator = field(default_factory=Narrator)
    told: list[Record] = field(default_factory=list)
    _met: set[str] = field(default_factory=set)
    """The ids of events that were waited for."""

    async def say(self, event: Event) -> None:
        """Publish what somebody outside says."""
        made = message(event, source=SOURCE)
        await self.producer.send_and_wait(made.topic, key=made.key, value=made.value, headers=[*made.headers])

    async def until(self, kind: type[E], accepts: Callable[[E], bool] = lambda event: True) -> E:
        """Tell what comes until an event of this kind is among it that was not waited for before, and return it.

        Raises SceneError if none comes.
        """
        ends = time.monotonic() + PATIENCE_SECONDS
        order_key = f"{self.about['tenant']}/{self.about['platform']}/{self.about['order_id']}"
        while time.monotonic() < ends:
            news = [record async for record in self.log.read() if record.event.order_key == order_key]
            for record in in_order(news):
                line = self.narrator.line(record)
                if line is not None:
                    show(line, self.console)
            self.told += news
            for record in self.told:
                if isinstance(record.event, kind) and record.envelope.id not in self._met and accepts(record.event):
                    self._met.add(record.envelope.id)
                    return record.event
            await asyncio.sleep(POLL_SECONDS)
        raise SceneError(f"no {kind.__name__} came within {PATIENCE_SECONDS:.0f} s")

    @property
    def version(self) -> int:
        """Of the case, as it was told last."""
        return max(record.event.version for record in self.told if isinstance(record.event, claims.ClaimEvent))

    def appended_ms(self, kind: type[Event]) -> int:
        """When the broker got the last event of this kind, in milliseconds since 1970."""
        return max(record.appended_ms for record in self.told if isinstance(record.event, kind))


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody at the adjusters' desk: the address of claims, and their API key."""

    url: str
    key: str

    async def decide(self, order_id: str, choice: str, reason_code: str, note: str) -> None:
        """Find the open question about this order, and decide it on the case as it is now."""
        listed = await self._call("/v1/referrals?limit=100")
        asked = next(each for each in listed["referrals"] if each["order_id"] == order_id)
        path = f"/v1/referrals/{asked['tenant']}/{asked['platform']}/{order_id}/{asked['referral_id']}"
        seen = await self._call(path)
        decision = {"case_version": seen["case_version"], "choice": choice, "reason_code": reason_code, "note": note}
        await self._call(f"{path}/decide", decision, name=f"demo-{order_id}-{choice}")

    async def _call(self, path: str, body: dict[str, Any] | None = None, *, name: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if name:
            headers["Idempotency-Key"] = name
        data = json.dumps(body).encode() if body is not None else None
        request = Request(self.url + path, data=data, headers=headers)  # noqa: S310 (our own)
        return await asyncio.to_thread(_answer, request)


def _answer(request: Request) -> dict[str, Any]:
    with urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 (the caller gives the address of its stack)
        return dict(json.load(answer))
