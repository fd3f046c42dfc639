"""Orders in every stage of their lives: the fact that comes next for each, and the state that claims keeps of it.

For each variant one specimen goes through the real `decide` and the real codec; all other orders are cut from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Any
from uuid import UUID, uuid5

from benchmarks.broker import Record
from benchmarks.orders import VARIANTS, Ids, Variant, delayed, issued, placed, refunded
from benchmarks.stencil import Stencil
from waybond_claims.app import DEFINITION
from waybond_contracts.envelope import Envelope
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.registry import encode
from waybond_kit.aggregate import Outcome, Woken

SPECIMEN_NUMBER = 99_999_999
LATE_ORDER_AGE = timedelta(days=40)
COMMAND_AGE = timedelta(hours=1)


class Stage(Enum):
    """How far an order is; its value is the fact that comes next."""

    NEW = "OrderPlaced"
    PLACED = "PolicyIssued"
    INSURED = "ShipmentDelayed"
    COMMANDED = "RefundAccepted"
    ACCEPTED = "RefundSucceeded"


LIFE = tuple(Stage)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a service keeps of one order, as bytes of the real codec."""

    ids: Ids
    shape: int
    status: str
    known_at: datetime
    wake_at: datetime | None
    document: bytes | None
    state: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One fact of the specimen's life: what it is, when it became known, what `decide` made of it."""

    event: Event
    known_at: datetime
    outcome: Outcome[Any]


class PopulationError(RuntimeError):
    """The product decides otherwise than the benchmark's load needs."""


class Life:
    """The life of one variant's orders, as the specimen lived it.

    Orders that are late were placed 40 days before `now`; those that are new, minutes ago.
    """

    def __init__(self, variant: Variant, now: datetime) -> None:
        self.variant = variant
        self.now = now
        self._ids = all_ids(Ids(SPECIMEN_NUMBER))
        late, fresh = self._lived(now - LATE_ORDER_AGE), self._lived(now - timedelta(minutes=5))
        self.steps: Mapping[Stage, Step] = {
            Stage.NEW: fresh[Stage.NEW],
            Stage.PLACED: fresh[Stage.PLACED],
            Stage.INSURED: late[Stage.INSURED],
            Stage.COMMANDED: late[Stage.COMMANDED],
            Stage.ACCEPTED: late[Stage.ACCEPTED],
        }
        self._before: Mapping[Stage, Step] = {
            Stage.PLACED: fresh[Stage.NEW],
            Stage.INSURED: late[Stage.PLACED],
            Stage.COMMANDED: late[Stage.INSURED],
            Stage.ACCEPTED: late[Stage.COMMANDED],
        }
        silent = late[Stage.INSURED].outcome
        if silent.wake_at is None:
            raise PopulationError("a refund command that nobody answers wakes nobody")
        self.woken = DEFINITION.decide(silent.state, Woken(silent.wake_at), silent.wake_at)
        """What comes of it if the refund of a COMMANDED order is never answered."""
        self._values = {stage: Stencil(encode(step.event), self._ids) for stage, step in self.steps.items()}
        self._headers = {stage: self._header_stencils(step) for stage, step in self.steps.items()}
        self._states = {stage: self._state_stencil(step) for stage, step in self._before.items()}

    def record(self, stage: Stage, ids: Mapping[str, str]) -> Record:
        """The fact that comes next for the order of these ids in `stage`."""
        headers = [
            (name, value.fill(ids) if isinstance(value, Stencil) else value) for name, value in self._headers[stage]
        ]
        event = self.steps[stage].event
        return Record(event.topic, ids["order_key"].encode(), self._values[stage].fill(ids), headers)

    def kept(self, stage: Stage, ids: Ids) -> Kept | None:
        """What is kept of an order in `stage`; None of one that is not known yet."""
        before = self._before.get(stage)
        if before is None:
            return None
        stencil, document = self._states[stage]
        outcome = before.outcome
        return Kept(
            ids=ids,
            shape=DEFINITION.codec.shape,
            status=outcome.status,
            known_at=before.known_at,
            wake_at=outcome.wake_at,
            document=document,
            state=stencil.fill(all_ids(ids)),
        )

    def lived(self, ids: Ids) -> dict[Stage, Step]:
        """What `decide` really makes of an order with these ids, to hold what is cut from the specimen against."""
        return self._lived(self.now - LATE_ORDER_AGE, ids)

    def _lived(self, placed_at: datetime, ids: Ids | None = None) -> dict[Stage, Step]:
        ids = ids or Ids(SPECIMEN_NUMBER)
        order = placed(ids, self.variant, placed_at)
        known_at = placed_at + timedelta(minutes=1)
        late = delayed(ids, order)
        late_known_at = max(late.due, self.now - COMMAND_AGE)
        steps = {Stage.NEW: self._step(None, order, known_at)}
        steps[Stage.PLACED] = self._step(steps[Stage.NEW], issued(ids, self.variant, known_at), known_at)
        steps[Stage.INSURED] = self._step(steps[Stage.PLACED], late, late_known_at)
        commands = [event for event in steps[Stage.INSURED].outcome.events if isinstance(event, IssueRefund)]
        if len(commands) != 1:
            raise PopulationError(f"a late parcel gave {len(commands)} refund commands; the load needs one")
        answered_at = max(self.now, late_known_at)
        accepted, succeeded = refunded(ids, commands[0], answered_at)
        steps[Stage.COMMANDED] = self._step(steps[Stage.INSURED], accepted, answered_at)
        steps[Stage.ACCEPTED] = self._step(steps[Stage.COMMANDED], succeeded, answered_at)
        if commands[0].refund_id != all_ids(ids)["refund_id"]:
            raise PopulationError("refund ids are made otherwise than the benchmark makes them")
        return steps

    def _step(self, before: Step | None, event: Event, known_at: datetime) -> Step:
        state = before.outcome.state if before else None
        return Step(event, known_at, DEFINITION.decide(state, event, known_at))

    def _header_stencils(self, step: Step) -> list[tuple[str, bytes | Stencil]]:
        envelope = Envelope(
            id=f"evt-{self._ids['order_id']}-{type(step.event).__name__}",
            type=step.event.event_type,
            source="/benchmark",
            time=step.event.occurred_at,
            partitionkey=self._ids["order_key"],
            knownat=step.known_at,
            correlationid=self._ids["order_id"],
        )
        return [(name, self._stencil_or_text(value)) for name, value in envelope.headers()]

    def _stencil_or_text(self, value: bytes) -> bytes | Stencil:
        return Stencil(value, self._ids) if self._ids["order_id"].encode() in value else value

    def _state_stencil(self, step: Step) -> tuple[Stencil, bytes | None]:
        if step.outcome.state is None:
            raise PopulationError(f"nothing is kept after {type(step.event).__name__}")
        state, document = DEFINITION.codec.encode(step.outcome.state)
        return Stencil(state, self._ids), document


@dataclass(frozen=True, slots=True)
class Order:
    """One order and how far it is."""

    number: int
    stage: Stage
    life: Life

    def record(self) -> Record:
        """The fact that comes next."""
        return self.life.record(self.stage, all_ids(Ids(self.number)))

    def kept(self) -> Kept | None:
        """What is kept of it; None if it is not known yet."""
        return self.life.kept(self.stage, Ids(self.number))

    def published(self) -> list[str]:
        """The types of the events that come of its next fact."""
        return [event.event_type for event in self.life.steps[self.stage].outcome.events]

    def published_on_waking(self) -> list[str]:
        """The types of the events that come of a COMMANDED order's wake."""
        return [event.event_type for event in self.life.woken.events]


class Population:
    """Orders by their numbers, as they are at `now`."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    @cached_property
    def _lives(self) -> tuple[Life, ...]:
        return tuple(Life(variant, self.now) for variant in VARIANTS)

    def order(self, number: int, stage: Stage | None = None) -> Order:
        """Order `number`. Without a stage, five numbers in a row are one variant's orders in the five stages, then
        comes the next variant: all stages in equal parts."""
        life = self._lives[number // len(LIFE) % len(self._lives)]
        return Order(number, stage or LIFE[number % len(LIFE)], life)

    def mixed(self, numbers: range) -> list[Order]:
        """Orders in all stages, in equal parts."""
        return [self.order(number) for number in numbers]

    def verify(self, number: int) -> None:
        """Hold what is cut for order `number` against what the product really makes of it.

        Raises PopulationError where they differ.
        """
        order, ids = self.order(number, Stage.INSURED), Ids(number)
        lived = order.life.lived(ids)
        kept, step, before = order.kept(), lived[Stage.INSURED], lived[Stage.PLACED].outcome.state
        assert kept is not None
        assert before is not None
        state = DEFINITION.codec.encode(before)
        if (kept.state, kept.document) != state or order.record().value != encode(step.event):
            raise PopulationError(f"what was cut for order {number} is not what the product makes of it")
        known = DEFINITION.codec.decode(kept.shape, kept.state, kept.document)
        if DEFINITION.decide(known, step.event, step.known_at) != step.outcome:
            raise PopulationError(f"order {number} is decided otherwise from the state that was cut for it")


def all_ids(ids: Ids) -> dict[str, str]:
    claim_id = uuid5(UUID(ids.policy_id), "claim")
    return {
        "order_id": ids.order_id,
        "order_key": ids.order_key,
        "policy_id": ids.policy_id,
        "claim_id": str(claim_id),
        "refund_id": str(uuid5(claim_id, "1/1")),
    }
