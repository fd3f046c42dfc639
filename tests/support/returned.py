"""Makes what is told of goods that a buyer sends back, for the complaint D-1 unless a test says otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.support.claims import KEY, POLICY_ID, ClaimsStory, day, issued, only, placed
from tests.support.filed import PHOTO, clause, evidence, remedies
from waybond_contracts.claims import ReturnAwaited
from waybond_contracts.delays import ReturnMoved
from waybond_contracts.disputes import ReturnCondition, ReturnReceived
from waybond_contracts.fields import Interval
from waybond_contracts.shipments import PackageLine

CLOCKS = 'label_within = "P3D", handed_in_within = "P10D", back_within = "P45D", acknowledged_within = "P5D"'


def journey(*more: str, clocks: str = CLOCKS, borne_by: str = "seller") -> str:
    """The remedy by which goods have to come back first; `more` are further words of its journey."""
    words = ", ".join([clocks, *more])
    return remedies(f'{{ remedy = "return", borne_by = "{borne_by}", journey = {{ {words} }} }}')


def wanting_back(*more: str, **fields: Any) -> str:
    """A clause that pays for damage which a photo shows, once the goods are back."""
    return clause(evidence(PHOTO), 'proven = "pay"', journey(*more), **fields)


def told(body: str | None = None) -> ClaimsStory:
    """An order of 100 USD, bound under this clause alone."""
    story = ClaimsStory()
    return story.given(placed(), issued(only(body or wanting_back())))  # type: ignore[return-value]  # the story itself


def moved(
    at: datetime, version: int = 1, *, package_id: str = "R", dispute_id: str | None = "D-1", **known: Any
) -> ReturnMoved:
    """Tracking's word about a return; `handed_in`, `back`, `lost` and `sent_back` are instants."""
    for name in ("handed_in", "back", "lost", "sent_back"):
        if name in known:
            known[name] = Interval.at(known[name])
    fields = {"policy_id": POLICY_ID, "package_id": package_id, "version": version, "as_of": at, "booked_at": day(6)}
    return ReturnMoved(**KEY, occurred_at=at, dispute_id=dispute_id, **(fields | known))


def received(at: datetime, condition: str = "received", *lines: str, **fields: Any) -> ReturnReceived:
    """The seller says what came back."""
    known: dict[str, Any] = {"dispute_id": "D-1", "receipt_id": f"R-{at.isoformat()}-{condition}"}
    named = tuple(PackageLine(line_id=each, quantity=1) for each in lines)
    return ReturnReceived(**KEY, occurred_at=at, condition=ReturnCondition(condition), lines=named, **(known | fields))


def steps(story: ClaimsStory) -> list[tuple[str, str, datetime]]:
    """Each step that was told: which, whose, until when."""
    return [(each.step, each.of, each.until) for each in story.named(ReturnAwaited)]
