"""Tells orders of Olist to the three services as a replay does: each hears the topics that it reads, by known_at.

Nothing goes back from claims to the others, so an order is told to one service after another. A payment system pays
each command at once; nobody answers a question about a parcel, and no person decides.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.pricing import catalogue, settings
from tests.support.story import Known, Story
from waybond_claims.app import DEFINITION as CLAIMS
from waybond_contracts import claims, refunds
from waybond_contracts.event import Event
from waybond_contracts.orders import CoverSelection, OrderPlaced
from waybond_contracts.policies import PolicyIssued
from waybond_contracts.wording import Peril
from waybond_kit.aggregate import Woken
from waybond_kit.definition import Definition
from waybond_local.history.olist import History
from waybond_local.replay import olist
from waybond_local.replay.timed import Timed
from waybond_pricing.app import definition as pricing
from waybond_pricing.desk import Desk
from waybond_pricing.files import products
from waybond_tracking.app import DEFINITION as TRACKING

TENANT = "acme"
SOLD_SINCE = datetime(2000, 1, 1, tzinfo=UTC)
LAST_ANSWER = timedelta(days=30)
"""How long the clock goes on behind the end of cover: longer than any carrier has for its answer."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What the services made of one order. `payments`: by instant, in minor units of BRL; `asked`: when a person was
    first asked each question; `lost`: when something was paid for a loss."""

    insured: bool
    payments: tuple[tuple[datetime, int], ...]
    entitled: int
    asked: tuple[datetime, ...]
    asked_back: int
    claimed: bool
    lost: tuple[datetime, ...]


class Paying(Story[Any]):
    """Claims with a payment system that pays each command as it comes."""

    def _step(self, fact: Event | Woken, at: datetime) -> None:
        before = len(self.published)
        super()._step(fact, at)
        for each in self.published[before:]:
            if isinstance(each.event, refunds.MoneyCommand):
                self._step(_paid(each.event, each.at), each.at)


class Services:
    """The three services, each of our products on sale."""

    def __init__(self) -> None:
        desk = Desk()
        desk.catalogue = catalogue(settings(*products(), default=None, since=SOLD_SINCE))
        self._pricing = pricing(desk)

    def decide(self, facts: Sequence[Timed], product: str) -> Decided:
        """Tell one order, with cover by the product of this name, and let all its clocks run out."""
        known = [Known(_covered(fact.event, product), fact.known_at) for fact in facts]
        policies = _published(_told(Story, self._pricing, known))
        ends = [each.event.ends_at for each in policies if isinstance(each.event, PolicyIssued)]
        until = max([*ends, known[-1].at]) + LAST_ANSWER
        known += policies
        delays = _published(_told(Story, TRACKING, known, until))
        story = _told(Paying, CLAIMS, known + delays, until)
        return _decided(story, insured=bool(ends))


def told(history: History, wanted: Callable[[str], bool]) -> dict[str, list[Timed]]:
    """The facts of the wanted orders, as a replay tells them, by order."""
    chosen = replace(history, orders=tuple(each for each in history.orders if wanted(each.order_id)))
    found: dict[str, list[Timed]] = {}
    for fact in olist.told(chosen, TENANT).facts:
        found.setdefault(fact.event.order_id, []).append(fact)
    return found


def _covered(event: Event, product: str) -> Event:
    if not isinstance(event, OrderPlaced):
        return event
    return event.model_copy(update={"cover": CoverSelection(product=product)})


def _told(
    story: type[Story[Any]], service: Definition[Any], known: Sequence[Known], until: datetime | None = None
) -> Story[Any]:
    reads = {each.topic for each in service.inputs}
    told = story(service.decide, service.codec).given(*(each for each in known if each.event.topic in reads))
    if until is not None:
        told.until(until)
    return told


def _published(story: Story[Any]) -> list[Known]:
    return [Known(each.event, each.at) for each in story.published]


def _paid(command: refunds.MoneyCommand, at: datetime) -> refunds.RefundSucceeded:
    return refunds.RefundSucceeded(
        tenant=command.tenant,
        platform=command.platform,
        order_id=command.order_id,
        occurred_at=at,
        refund_id=command.refund_id,
        attempt=command.attempt,
        version=1,
        provider_refund_ref=f"re-{command.refund_id}",
        amount=command.amount,
    )


def _decided(story: Story[Any], *, insured: bool) -> Decided:
    paid: dict[datetime, int] = {}
    asked: dict[str, datetime] = {}
    asked_back = 0
    for each in story.published:
        match each.event:
            case refunds.MoneyCommand(amount=amount):
                paid[each.at] = paid.get(each.at, 0) + amount.minor
            case claims.ClaimReferred(referral_id=referral_id):
                asked.setdefault(referral_id, each.at)  # it may be published again, as a question that still waits
            case claims.RecoveryOpened(amount=amount):
                asked_back += amount.minor
            case _:
                pass
    return Decided(
        insured=insured,
        payments=tuple(paid.items()),
        entitled=story.state.entitled if story.state is not None else 0,
        asked=tuple(sorted(set(asked.values()))),
        asked_back=asked_back,
        claimed=any(isinstance(each.event, claims.ClaimOpened) for each in story.published),
        lost=tuple(_lost(story)),
    )


def _lost(story: Story[Any]) -> Iterator[datetime]:
    for each in story.published:
        if isinstance(each.event, claims.ClaimApproved):
            findings = each.event.explanation.findings
            if any(finding.applies and finding.peril is Peril.LOST for finding in findings):
                yield each.at
