"""Tells a story in events: given these, when this comes, then these are published; time passes by its wakes.

One order, one `decide`, no clock: facts come in the order in which they became known, and a wake fires once everything
known by its due is in, as behind the kit's watermark. State passes through the codec after each step, if one is given,
and a wish to wake only ever moves the armed wake earlier, as in the kit, so an earlier wish wakes once for nothing.

    story = Story(decide, codec)
    story.given(order_placed, policy_issued)
    published = story.when(parcel_scanned)          # wakes due before it included
    assert [type(event) for event in published] == [...]
    published = story.until(datetime(2026, 12, 1, tzinfo=UTC))
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Self, TypeVar

from waybond_contracts.event import Event
from waybond_kit.aggregate import Codec, Decide, Outcome, Woken

S = TypeVar("S")

MAX_WAKES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Known:
    """A fact and when it became known, where that is not when it occurred."""

    event: Event
    at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """An event that was published: at which instant, and from which fact or wake."""

    event: Event
    at: datetime
    cause: Event | Woken


class Story(Generic[S]):
    """The story of one order told to one `decide`."""

    def __init__(self, decide: Decide[S], codec: Codec[S] | None = None) -> None:
        self._decide = decide
        self._codec = codec
        self.state: S | None = None
        self.now: datetime | None = None
        """When the aggregate last looked: the known_at of its state."""
        self.wake_at: datetime | None = None
        """The wish of the last outcome."""
        self.armed_at: datetime | None = None
        """When the aggregate will be woken: the wish, or an earlier one that has not fired yet."""
        self.sent_at: datetime | None = None
        """When what is concluded can be heard of, where that is not at once: the service catches up after an outage."""
        self.status = ""
        self.published: list[Published] = []
        self.rows: list[object] = []

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything published so far."""
        return tuple(each.event for each in self.published)

    def given(self, *facts: Event | Known) -> Self:
        """Let these facts come, in the order of their known_at (stable), with the wakes due between them."""
        for known in sorted((_known(fact) for fact in facts), key=lambda known: known.at):
            self.when(known)
        return self

    def when(self, fact: Event | Known, known_at: datetime | None = None) -> tuple[Event, ...]:
        """Let one fact come; return what is published, by the wakes due before it and by the fact itself."""
        known = _known(fact) if known_at is None else Known(_known(fact).event, known_at)
        before = len(self.published)
        self._wake(until=known.at, inclusive=False)
        self._step(known.event, known.at)
        return self._since(before)

    def until(self, instant: datetime) -> tuple[Event, ...]:
        """Let time pass up to and including `instant`; return what the wakes on the way published."""
        before = len(self.published)
        self._wake(until=instant, inclusive=True)
        return self._since(before)

    def wake(self, due: datetime) -> tuple[Event, ...]:
        """Wake the aggregate at `due` although nobody asked for it."""
        before = len(self.published)
        self._wake(until=due, inclusive=False)
        self._step(Woken(due), due)
        return self._since(before)

    def _since(self, before: int) -> tuple[Event, ...]:
        return tuple(each.event for each in self.published[before:])

    def _wake(self, until: datetime, inclusive: bool) -> None:
        for _ in range(MAX_WAKES_AT_ONCE):
            due = self.armed_at
            if due is None or due > until or (due == until and not inclusive):
                return
            self.armed_at = None
            self._step(Woken(due), due)
        raise AssertionError(f"more than {MAX_WAKES_AT_ONCE} wakes until {until}: the next is due at {self.armed_at}")

    def _step(self, fact: Event | Woken, at: datetime) -> None:
        now = at if self.now is None else max(at, self.now)
        sent_at = now if self.sent_at is None else max(now, self.sent_at)
        outcome: Outcome[S] = self._decide(self.state, fact, now, sent_at)
        if isinstance(fact, Woken) and outcome.wake_at is not None and outcome.wake_at <= now:
            raise AssertionError(f"woken at {now}, decide wants to be woken at {outcome.wake_at}: for ever")
        self.state = self._stored(outcome.state)
        self.now = now if outcome.state is not None else None
        self.wake_at = outcome.wake_at if outcome.state is not None else None
        if self.wake_at is None or self.armed_at is None:
            self.armed_at = self.armed_at if outcome.state is not None and self.wake_at is None else self.wake_at
        else:
            self.armed_at = min(self.armed_at, self.wake_at)
        self.status = outcome.status
        self.published += [Published(event, now, fact) for event in outcome.events]
        self.rows += outcome.rows

    def _stored(self, state: S | None) -> S | None:
        if state is None or self._codec is None:
            return state
        body, document = self._codec.encode(state)
        return self._codec.decode(self._codec.shape, body, document)


def tell(
    decide: Decide[S], facts: Iterable[Event | Known], until: datetime | None = None, codec: Codec[S] | None = None
) -> Story[S]:
    """Fold `decide` over facts in the order in which they became known, then let time pass to `until`."""
    story = Story(decide, codec).given(*facts)
    if until is not None:
        story.until(until)
    return story


def _known(fact: Event | Known) -> Known:
    return fact if isinstance(fact, Known) else Known(fact, fact.occurred_at)
