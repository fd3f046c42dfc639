"""Tells a story to the services' own decide functions, in this process: no broker, no database, no clock.

Every fact goes to whoever reads its topic, at the instant at which it became known; what a service publishes is heard
by the others at that instant; a wake comes behind all that was known by its due. A payment system pays whatever it is
told to, PAID_AFTER later. The same story and wording always give the same.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from waybond_claims.case.state import Case
from waybond_claims.decide import decide as claims
from waybond_claims.entitlement import net_paid
from waybond_contracts.disputes import DisputeOpened
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.refunds import (
    MoneyCommand,
    RefundCancelled,
    RefundCommand,
    RefundResult,
    RefundSucceeded,
)
from waybond_contracts.topics import TOPICS
from waybond_contracts.wording import parse
from waybond_kit.aggregate import Outcome, Woken
from waybond_local.wordings import facts, sale
from waybond_local.wordings.story import Story
from waybond_pricing.decide import decide as pricing
from waybond_pricing.tokens import QuoteKeys
from waybond_tracking.decide import decide as tracking

SERVICES = ("pricing", "tracking", "claims")
"""In the order in which they are woken at one instant: each hears what those before it conclude."""
MAX_TURNS = 100_000
"""Facts and wakes of one story."""
PAID_AFTER = timedelta(minutes=1)
SIGNALLED_AFTER = timedelta(seconds=1)
_READERS = {topic.name: [each for each in SERVICES if each in topic.readers] for topic in TOPICS}

Decide = Callable[[Any, Event | Woken, datetime], Outcome[Any]]


class Said(NamedTuple):
    """An event, when it became known, and who published it: `outside`, `payments`, `signals`, or the service."""

    at: datetime
    by: str
    event: Event


class Standing(NamedTuple):
    """How things stand at an instant: what the buyer has, in minor units, and who wakes next."""

    paid: int
    wakes: tuple[str, datetime] | None


@dataclass
class Service:
    """One service's state of the order."""

    decide: Decide
    state: Any = None
    known_at: datetime | None = None
    wake_at: datetime | None = None

    def take(self, fact: Event | Woken, at: datetime) -> tuple[datetime, tuple[Event, ...]]:
        """Let the fact come; return as of when the service looked, and what it publishes."""
        now = at if self.known_at is None else max(at, self.known_at)
        outcome = self.decide(self.state, fact, now)
        self.state, self.known_at, self.wake_at = outcome.state, now, outcome.wake_at
        if outcome.state is None:
            self.known_at = self.wake_at = None
        return now, outcome.events


class Payer:
    """A payment system that pays all it is told to, once; what is cancelled before it is paid it does not pay."""

    def __init__(self) -> None:
        self._commands: dict[str, MoneyCommand] = {}
        self._answers: dict[str, RefundResult] = {}
        """The last answer about each refund."""

    def answer(self, command: RefundCommand, at: datetime) -> Event | None:
        """What becomes of a command, now that its time has come; None for one that was answered before."""
        told = self._answers.get(command.refund_id)
        if isinstance(command, MoneyCommand):
            if told is not None:
                return None
            return self._say(RefundSucceeded, command, at, command.amount)
        if told is not None:
            answer = self._answers[command.refund_id] = told.model_copy(
                update={"version": told.version + 1, "occurred_at": at}
            )
            return answer
        cancelled = self._commands.get(command.refund_id)
        return self._say(RefundCancelled, cancelled, at, cancelled.amount.zero()) if cancelled is not None else None

    def take(self, command: RefundCommand) -> timedelta:
        """Note a command; return how long it takes until it is answered."""
        if not isinstance(command, MoneyCommand):
            return timedelta(0)
        self._commands[command.refund_id] = command
        return PAID_AFTER

    def _say(self, kind: type[RefundResult], command: MoneyCommand, at: datetime, amount: Money) -> RefundResult:
        answer = self._answers[command.refund_id] = kind(
            **facts.ABOUT,
            occurred_at=at,
            refund_id=command.refund_id,
            attempt=command.attempt,
            version=1,
            provider_refund_ref=command.refund_id,
            amount=amount,
        )
        return answer


class Drive:
    """A story under way. Raises ContractError naming the field where a wording or a story cannot be told."""

    def __init__(self, body: str, story: Story) -> None:
        sold = sale.product(body, story.order.currency)
        selling = partial(pricing, sale.catalogue(sold, facts.TENANT), QuoteKeys.none())
        self.story = story
        self.services = {"pricing": Service(selling), "tracking": Service(tracking), "claims": Service(claims)}
        self.said: list[Said] = []
        self.standings: dict[int, Standing] = {}
        """By day: how things stood at the end of what happened on it."""
        self._payer = Payer()
        self._later: list[tuple[datetime, int, str, Callable[[datetime], Event | None]]] = []
        self._numbers = count()
        self._turns = 0
        self._complaints: list[str] = []
        self._heeds = any(clause.refer_when for clause in parse(body).clause)
        """Whether a clause heeds other orders; else nobody tells of them."""
        order = facts.placed(story, sold.name)
        self._at(story.placed_at, "outside", lambda _: order)
        for index, step in enumerate(story.steps):
            self._at(story.placed_at + step.known_after, "outside", partial(self._step, index))

    @property
    def case(self) -> Case | None:
        """The claim file as it stands."""
        return self.services["claims"].state

    def run(self) -> None:
        """Tell all of it, to the end of the last day. Time never goes back: what was due before it became known is
        concluded when it became known."""
        end, now = self.story.instant(self.story.until + 1), self.story.placed_at
        while True:
            self._turn()
            wake = self._next_wake()
            if self._later and (wake is None or self._later[0][0] <= wake[1]):
                at, _, by, make = heapq.heappop(self._later)
                now = max(now, at)
                if now >= end:
                    return
                event = make(now)
                if event is not None:
                    self._publish(Said(now, by, event))
            elif wake is not None and wake[1] < end:
                service, due = wake
                now = max(now, due)
                for said in self._take(service, Woken(due), now):
                    self._publish(said)
            else:
                return
            self.standings[(now - self.story.placed_at).days] = self._standing()

    def _turn(self) -> None:
        self._turns += 1
        if self._turns > MAX_TURNS:
            raise ContractError("story", f"a story of at most {MAX_TURNS} facts and wakes")

    def _at(self, at: datetime, by: str, make: Callable[[datetime], Event | None]) -> None:
        heapq.heappush(self._later, (at, next(self._numbers), by, make))

    def _step(self, index: int, _: datetime) -> Event:
        return facts.event(self.story, index, self.case)

    def _publish(self, first: Said) -> None:
        """Say it to whoever reads its topic, then what they say to it, in the order in which it was said."""
        unheard = deque([first])
        while unheard:
            said = unheard.popleft()
            self._turn()
            self.said.append(said)
            for service in _READERS[said.event.topic]:
                unheard += self._take(service, said.event, said.at)
            if isinstance(said.event, DisputeOpened) and self._heeds:
                self._complaints.append(said.event.dispute_id)
                version = len(self._complaints)
                told = partial(facts.signals, self.story, tuple(self._complaints), version)
                self._at(said.at + SIGNALLED_AFTER, "signals", told)
            if isinstance(said.event, RefundCommand):
                self._at(said.at + self._payer.take(said.event), "payments", partial(self._payer.answer, said.event))

    def _take(self, service: str, fact: Event | Woken, at: datetime) -> list[Said]:
        now, published = self.services[service].take(fact, at)
        return [Said(now, service, event) for event in published]

    def _next_wake(self, of: Sequence[str] = SERVICES) -> tuple[str, datetime] | None:
        wakes = [(name, at) for name in of if (at := self.services[name].wake_at) is not None]
        return min(wakes, key=lambda wake: wake[1], default=None)

    def _standing(self) -> Standing:
        # Pricing wakes to forget, and decides nothing by it.
        return Standing(net_paid(self.case) if self.case is not None else 0, self._next_wake(("tracking", "claims")))


def drive(body: str, story: Story) -> Drive:
    """Tell the story under the wording whose text is `body`. Raises ContractError."""
    told = Drive(body, story)
    told.run()
    return told
