"""Watches what the services answer: how many orders a second, and which still have no answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from waybond_contracts.policies import PolicyDeclined, PolicyIssued
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.topics import POLICIES, REFUNDS

WINDOW_SECONDS = 4.0
MAX_ANSWERS = 100_000
"""How many answers a window may hold."""
MAX_UNANSWERED = 200_000
POLL_MS = 200
NOT_KNOWN = float("inf")
"""Not known to the broker yet."""

_BOUND = {each.event_type.encode() for each in (PolicyIssued, PolicyDeclined)}
_PAID = IssueRefund.event_type.encode()

log = logging.getLogger(__name__)


class Meter:
    """Reads `policies` and `refunds` as they grow. An order is bound, or declined, and where it must be, paid."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self.unbound: dict[str, float] = {}
        """Orders that are known and have no policy yet, with when they became known (monotonic)."""
        self.unpaid: dict[str, float] = {}
        self.answers: Counter[str] = Counter()
        self._bound_at: deque[float] = deque(maxlen=MAX_ANSWERS)
        self._bootstrap = bootstrap
        self._places = [TopicPartition(topic, n) for topic in (POLICIES, REFUNDS) for n in range(partitions)]
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to watch; nothing is on the topics that it asks for yet."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def expect(self, order_key: str, *, pays: bool) -> None:
        """An order is about to be placed; its answer may come before the broker's acknowledgement does."""
        assert len(self.unbound) < MAX_UNANSWERED, "nobody answers"
        self.unbound[order_key] = NOT_KNOWN
        if pays:
            self.unpaid[order_key] = NOT_KNOWN

    def known(self, order_key: str, *, pays: bool) -> None:
        """The broker has it, so that answers are due: whether it `pays` after all, only this instant says."""
        now = time.monotonic()
        if order_key in self.unbound:
            self.unbound[order_key] = now
        if not pays:
            self.unpaid.pop(order_key, None)
        elif order_key in self.unpaid:
            self.unpaid[order_key] = now

    def rate(self, seconds: float = WINDOW_SECONDS) -> float:
        """Orders bound a second, within the last so many seconds."""
        since = time.monotonic() - seconds
        return sum(at >= since for at in self._bound_at) / seconds

    def unanswered(self, before: float | None = None) -> int:
        """How many answers are due of orders known `before` (monotonic), or of all."""
        due = (*self.unbound.values(), *self.unpaid.values())
        return sum(before is None or at < before for at in due)

    def oldest(self, most: int) -> str:
        """The orders that have waited longest for a policy or a refund, by name."""
        due = [(at, f"{key} unbound") for key, at in self.unbound.items()]
        due += [(at, f"{key} unpaid") for key, at in self.unpaid.items()]
        return ", ".join(what for _, what in sorted(due)[:most])

    async def _watch(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            consumer.assign(self._places)
            while True:
                try:
                    found = await consumer.getmany(timeout_ms=POLL_MS)
                except KafkaError as error:
                    log.debug("the meter waits: %r", error)
                    await asyncio.sleep(POLL_MS / 1000)
                    continue
                for run in found.values():
                    for record in run:
                        self._see(record.key, dict(record.headers).get("ce_type"))
        finally:
            with suppress(Exception):
                await consumer.stop()

    def _see(self, key: bytes | None, kind: bytes | None) -> None:
        """An answer that is repeated, or that nobody waits for, counts for nothing."""
        order_key = (key or b"").decode(errors="replace")
        if kind in _BOUND and self.unbound.pop(order_key, None) is not None:
            self._bound_at.append(time.monotonic())
            self.answers["bound"] += 1
        elif kind == _PAID and self.unpaid.pop(order_key, None) is not None:
            self.answers["paid"] += 1
