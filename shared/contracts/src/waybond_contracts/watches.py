"""Watches: what a wording asks of tracking, compiled for one order: clocks and durations, neither perils nor money."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from waybond_contracts.fields import Duration, Id, Model
from waybond_contracts.places import Lane
from waybond_contracts.shipments import ScanKind
from waybond_contracts.wording import MAX_LIVE_SCANS, MAX_WAYS, Clause, Clock, Condition, DeliveredBy, Scope, Wording


class WatchKind(StrEnum):
    """`deadline`: not delivered by then. `silence`: nothing heard since the last scan."""

    DEADLINE = "deadline"
    SILENCE = "silence"


class Watch(Model):
    """When to look at a package (or, with scope `order`, at all of them) and what must have happened by then.

    It falls due at the clock's start plus `after`; the clock's start is the later end of its fact's interval.
    """

    id: Id
    """Unique within the policy: clause, condition and tier."""
    clock: Clock
    """What `after` is counted from."""
    kind: WatchKind
    """Whether it waits for delivery or for any scan."""
    after: Duration
    """How long."""
    scope: Scope
    """Whether it looks at each package or at all together."""
    delivered_by: Annotated[tuple[DeliveredBy, ...], Field(fail_fast=True, min_length=1, max_length=MAX_WAYS)]
    """What counts as delivery."""
    follow_promise: bool = False
    """Whether a promise that was changed later moves the clock."""
    ask_carrier: bool = False
    """Whether the carrier is asked before silence is believed."""
    answer_within: Duration | None = None
    """How long the carrier may take to answer."""
    live_after: Annotated[int, Field(ge=0, le=MAX_LIVE_SCANS)] = 0
    """Silence counts once scans were made at so many different times by somebody who had the parcel in hand."""
    live_kinds: Annotated[tuple[ScanKind, ...], Field(fail_fast=True, max_length=32)] = ()
    """Silence counts as well once a scan of one of these kinds was made."""


def watch_id(clause: Clause, condition: int, tier: int) -> str:
    """The watch of a clause's condition and tier, both counted from 0 ("TG-1:0:1")."""
    return f"{clause.id}:{condition}:{tier}"


def conditions(clause: Clause) -> tuple[Condition, ...]:
    """The ways in which the clause is met; a clause with a clock has one, whose durations are its tiers'."""
    if clause.clock is None:
        return clause.any_of
    return (Condition.model_construct(clock=clause.clock, lanes=("*",), after_by_lane={}, live_kinds=()),)


def compile_watches(wording: Wording, lane: Lane) -> tuple[Watch, ...]:
    """The watches of all clauses that cover the lane, in the wording's order."""
    found: list[Watch] = []
    for clause in wording.clauses_on(lane):
        for c, condition in enumerate(conditions(clause)):
            if condition.clock is None or not condition.on(lane):
                continue
            for t, tier in enumerate(clause.tiers):
                after = condition.after_on(lane) if condition.timed else tier.after_on(lane)
                if after is not None:
                    name = watch_id(clause, c, t)
                    found.append(_watch(wording, clause, condition.clock, condition, name=name, after=after))
    return tuple(found)


def _watch(
    wording: Wording, clause: Clause, clock: Clock, condition: Condition, *, name: str, after: Duration
) -> Watch:
    return Watch(
        id=name,
        clock=clock,
        kind=WatchKind.SILENCE if condition.silent_for is not None else WatchKind.DEADLINE,
        after=after,
        scope=clause.scope,
        delivered_by=clause.delivered_by or wording.cover.delivered_by,
        follow_promise=wording.cover.promise == "as_amended",
        ask_carrier=clause.ask_carrier,
        answer_within=clause.answer_within,
        live_after=condition.scans_to_live,
        live_kinds=condition.live_kinds,
    )
