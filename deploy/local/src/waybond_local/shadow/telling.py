"""Tells one order to one `decide` in memory: its facts as they became known, and its wakes between them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import Any, Generic, TypeVar

from waybond_contracts.event import Event
from waybond_kit.aggregate import Decide, Outcome, Woken
from waybond_local.replay.timed import Timed

S = TypeVar("S")

MAX_STEPS = 20_000
"""Facts and wakes of one order; beyond them it is left out."""


class TellingError(Exception):
    """An order that cannot be told to its end."""


Answers = Callable[[Any, Event | None, datetime], Iterable[tuple[datetime, "Event | Later"]]]
Later = Callable[[Any, datetime], Event | None]
"""What somebody says by then, worked out from the state as it stands by then."""


class Telling(Generic[S]):
    """One order told to one service, as behind the kit's watermark: a wake fires once all that was known before its due
    is in. A wish to wake moves the armed wake earlier alone.

    `answers`: what others say to what is published, or to the state behind a step (then without an event).
    """

    def __init__(self, decide: Decide[S], answers: Answers | None = None) -> None:
        self._decide = decide
        self._answers = answers
        self._queue: list[tuple[datetime, int, Event | Later]] = []
        self._told = 0
        self._steps = 0
        self._now: datetime | None = None
        self._armed_at: datetime | None = None
        self.state: S | None = None
        self.published: list[Timed] = []

    def tell(self, facts: Iterable[Timed], until: datetime) -> "Telling[S]":
        """Tell what was known up to and including `until`, and let time pass to then.

        Raises TellingError after MAX_STEPS.
        """
        for fact in facts:
            self._put(fact.known_at, fact.event)
        heapify(self._queue)
        while True:
            due = self._armed_at
            if self._queue and (due is None or self._queue[0][0] <= due):
                if self._queue[0][0] > until:
                    return self
                at, _, fact = heappop(self._queue)
                event = fact if isinstance(fact, Event) else fact(self.state, at)
                if event is not None:
                    self._step(event, at)
            elif due is not None and due <= until:
                self._armed_at = None
                self._step(Woken(due), due)
            else:
                return self

    def _put(self, at: datetime, fact: "Event | Later") -> None:
        self._told += 1
        heappush(self._queue, (at, self._told, fact))

    def _step(self, fact: Event | Woken, at: datetime) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise TellingError(f"more than {MAX_STEPS} facts and wakes up to {at:%Y-%m-%d %H:%M}")
        now = at if self._now is None else max(at, self._now)
        outcome: Outcome[S] = self._decide(self.state, fact, now, now)
        self.state = outcome.state
        self._now = now if outcome.state is not None else None
        if outcome.state is None:
            self._armed_at = None
        elif outcome.wake_at is not None:
            self._armed_at = outcome.wake_at if self._armed_at is None else min(self._armed_at, outcome.wake_at)
        self.published += [Timed(now, event) for event in outcome.events]
        if self._answers is not None:
            for event in (*outcome.events, None):
                for when, said in self._answers(self.state, event, now):
                    self._put(max(when, now), said)
