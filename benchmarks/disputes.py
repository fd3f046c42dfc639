"""Measures what the facts of a claim that a buyer files cost, beside the parametric fact that pays by itself.

Both go through what a service does for a fact without servers: the kept state is read, decided on, and written again
with the events. They take turns, so that a busy machine slows both.
"""

import gc
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from benchmarks.orders import VARIANTS, Ids, Variant, delayed, issued, placed, wording
from benchmarks.population import SPECIMEN_NUMBER, PopulationError
from waybond_claims.app import DEFINITION
from waybond_contracts.claims import EvidenceRequested
from waybond_contracts.disputes import ClaimFiled, DisputeReason, Document, DocumentKind, EvidenceSubmitted, Party
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.registry import encode
from waybond_contracts.wording import WordingDocument
from waybond_kit.aggregate import Outcome

DAMAGE = """
[[clause]]
id = "DA-9"
peril = "damaged"
trigger = "claim"
tiers = [{ share = "1.00" }]
proven = "pay"
evidence = [{ of = "buyer", any_of = ["photo_of_damage", "video"], within = "P7D", absent = "close" }]
"""
"""The clause that is put behind the product's own."""
PARAMETRIC, FILED, PROVEN = "ShipmentDelayed, paid", "ClaimFiled, evidence asked for", "EvidenceSubmitted, paid"
DISPUTE_ID = "D-1"


@dataclass(frozen=True, slots=True)
class Disputes:
    """CPU microseconds of each kind of fact, one figure a round."""

    rounds: Mapping[str, Sequence[float]]

    def ratios(self) -> list[float]:
        """By round, the dearer fact of the two that a claim with evidence consists of, for the parametric one."""
        filed, proven, parametric = (self.rounds[name] for name in (FILED, PROVEN, PARAMETRIC))
        return [max(one, two) / three for one, two, three in zip(filed, proven, parametric, strict=True)]


@dataclass(frozen=True, slots=True)
class _Fact:
    """A fact, and the order as it is kept before it."""

    event: Event
    known_at: datetime
    kept: tuple[bytes, bytes | None]

    def apply(self) -> Outcome[Any]:
        state = DEFINITION.codec.decode(DEFINITION.codec.shape, *self.kept)
        outcome = DEFINITION.decide(state, self.event, self.known_at)
        assert outcome.state is not None
        DEFINITION.codec.encode(outcome.state)
        for event in outcome.events:
            encode(event)
        return outcome


def measure_disputes(now: datetime, *, quick: bool) -> Disputes:
    """Rounds in turns, each fact in each round so many times for every variant of the orders."""
    rounds, times = (3, 20) if quick else (15, 200)
    facts = [_facts(variant, now) for variant in VARIANTS]
    found: dict[str, list[float]] = {name: [] for name in facts[0]}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for name, figures in found.items():
            figures.append(_microseconds([each[name] for each in facts], times))
    gc.unfreeze()
    return Disputes(found)


def _microseconds(facts: Sequence[_Fact], times: int) -> float:
    started = time.process_time_ns()
    for _ in range(times):
        for fact in facts:
            fact.apply()
    return (time.process_time_ns() - started) / 1_000 / times / len(facts)


def _facts(variant: Variant, now: datetime) -> dict[str, _Fact]:
    ids, known_at = Ids(SPECIMEN_NUMBER), now - timedelta(days=40)
    order = placed(ids, variant, known_at)
    late = delayed(ids, order)
    said = known_at + timedelta(days=22)
    document = WordingDocument.of(wording().body + DAMAGE)
    policy = issued(ids, variant, known_at).model_copy(update={"wording": document})
    insured = _after(_after(None, order, known_at).state, policy, known_at)
    facts = {PARAMETRIC: _Fact(late, late.due, _kept(insured)), FILED: _Fact(_filed(order, said), said, _kept(insured))}
    asked = facts[FILED].apply()
    photo = said + timedelta(hours=1)
    facts[PROVEN] = _Fact(_photo(order, photo), photo, _kept(asked))
    _check(facts)
    return facts


def _check(facts: Mapping[str, _Fact]) -> None:
    for name, wanted in ((PARAMETRIC, IssueRefund), (FILED, EvidenceRequested), (PROVEN, IssueRefund)):
        published = facts[name].apply().events
        if not any(isinstance(event, wanted) for event in published):
            raise PopulationError(f"{name}: no {wanted.__name__} among {[type(each).__name__ for each in published]}")


def _after(state: Any, event: Event, known_at: datetime) -> Outcome[Any]:
    return DEFINITION.decide(state, event, known_at)


def _kept(outcome: Outcome[Any]) -> tuple[bytes, bytes | None]:
    assert outcome.state is not None
    return DEFINITION.codec.encode(outcome.state)


def _filed(order: Event, at: datetime) -> ClaimFiled:
    return ClaimFiled(
        **_order_of(order), occurred_at=at, dispute_id=DISPUTE_ID, by=Party.BUYER, reason=DisputeReason.DAMAGED
    )


def _photo(order: Event, at: datetime) -> EvidenceSubmitted:
    return EvidenceSubmitted(
        **_order_of(order),
        occurred_at=at,
        dispute_id=DISPUTE_ID,
        evidence_id="E-1",
        kind="photo_of_damage",
        by="buyer",
        details=(
            Document(
                kind=DocumentKind.PHOTO_OF_DAMAGE,
                sha256=sha256(b"photo").hexdigest(),
                media_type="image/jpeg",
                size_bytes=480_000,
            ),
        ),
    )


def _order_of(order: Event) -> dict[str, Any]:
    return {"tenant": order.tenant, "platform": order.platform, "order_id": order.order_id}
