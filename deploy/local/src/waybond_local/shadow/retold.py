"""What an order comes to under a wording: its history told to pricing, tracking and claims in memory; nothing is kept.

Who answers is the same under every wording, so that two results differ by the wording alone: the payment system pays
each command at once; a person who answered a question gives the same answer where the same question is asked, and
others stay open; carriers say what they said. What nobody was asked then nobody answers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from msgspec import Struct

from waybond_claims.app import DEFINITION as CLAIMS
from waybond_claims.case.question import WITHDRAWN, Referral
from waybond_claims.case.state import Case
from waybond_claims.desk.kinds import Effect, kind_of
from waybond_claims.entitlement import standing
from waybond_contracts import topics
from waybond_contracts.commands import DecideReferral
from waybond_contracts.delays import TrackingCheckRequested
from waybond_contracts.disputes import DisputeOutcome, DisputeResolved
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.orders import CoverSelection, FxRate, OrderPlaced, OrderRefunded
from waybond_contracts.policies import PolicyAmended, PolicyDeclined, PolicyIssued
from waybond_contracts.refunds import MoneyCommand, RefundSucceeded
from waybond_kit.definition import InputKind
from waybond_local.replay.timed import Timed, merged
from waybond_local.shadow.telling import Later, Telling
from waybond_pricing.catalogue import Catalogue, Product, TenantSettings
from waybond_pricing.decide import decide as decide_pricing
from waybond_pricing.files import ratings
from waybond_pricing.tokens import QuoteKeys
from waybond_tracking.app import DEFINITION as TRACKING

FACTS = tuple(
    dict.fromkeys(
        (
            *(each.topic for one in (TRACKING, CLAIMS) for each in one.inputs if each.kind is InputKind.OUTSIDE),
            topics.SIGNALS,
        )
    )
)
"""What platforms, carriers and marketplaces said, and what signals knew of other orders: all else follows from it."""
_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)
_SAID_AGAIN = frozenset({Effect.STOPS, Effect.RULES, Effect.DISPUTE})
"""What people say of a case, its wording and its disputes. What they say of refunds follows from how those went."""


class Result(Struct, frozen=True):
    """What one order came to by an instant; amounts in minor units of `currency`."""

    currency: str
    bound: bool
    """Whether it was covered."""
    declined: str = ""
    """Why it was not."""
    ends_at: datetime | None = None
    premium: Money | None = None
    clauses: Mapping[str, int] = {}
    """What was paid under each clause and neither asked back nor recovered; none that came to nothing."""
    waits: int = 0
    """Owed and not commanded: a dispute or a person's decision stands against it."""
    asked: frozenset[str] = frozenset()
    """Questions that are open, by key."""
    checks: frozenset[tuple[str, datetime]] = frozenset()
    """What the carrier was asked: package, and for which due. None in a result whose carrier said all it was asked."""
    entitled: int = 0

    @property
    def minor(self) -> int:
        return sum(self.clauses.values())


class Before(Struct, frozen=True):
    """What the claim file knows of the order beside its facts."""

    referrals: tuple[Referral, ...] = ()
    """The questions that people were asked, with their answers."""
    refunds: frozenset[str] = frozenset()
    """Ids and payment system's references of the refunds that were commanded."""
    rate: FxRate | None = None
    """The exchange rate that cover was bound at: a quote may have had its own."""


NOTHING_BEFORE = Before()


def retold(facts: Sequence[Timed], product: Product, until: datetime, before: Before = NOTHING_BEFORE) -> Result:
    """What the order comes to if it was covered by the product, as of `until`.

    Args:
        facts: all events of the order on FACTS, with when they became known.
        product: what covers it, whatever product it asked for.

    Raises TellingError for an order that does not come to its end, and what the services raise for a fact that they
    would hold.
    """
    told = (Timed(each.known_at, _without_ours(each.event, before.refunds)) for each in facts)
    orders = [Timed(each.known_at, _covered(each.event, product.name, before.rate)) for each in told]
    policies = Telling(_pricing(product)).tell(_read(orders, (topics.ORDERS,)), until).published
    reads = [each.topic for each in TRACKING.inputs]
    delays = Telling(TRACKING.decide).tell(_read([*orders, *policies], reads), until).published
    claims = Telling(CLAIMS.decide, partial(_answers, _by_key(before.referrals)))
    claims.tell(_read([*orders, *policies, *delays], [each.topic for each in CLAIMS.inputs]), until)
    return _result(orders, policies, delays, claims.state)


def _without_ours(event: Event, refunds: frozenset[str]) -> Event:
    """The event without what it reports of a refund that we commanded: that counts nothing. It would not be known as
    ours where other refunds are commanded, and seem to be the platform's own."""
    match event:
        case OrderRefunded() if event.refund_ref in refunds or event.provider_refund_ref in refunds:
            return event.model_copy(update={"amount": event.amount.zero(), "lines": ()})
        case DisputeResolved() if event.provider_refund_ref in refunds:
            return event.model_copy(update={"outcome": DisputeOutcome.SELLER_FAVOUR, "refunded": None, "lines": ()})
        case _:
            return event


def _covered(event: Event, product: str, rate: FxRate | None) -> Event:
    """The order as it asks for this product. A quote's price is left out: what it promised was another wording."""
    if not isinstance(event, OrderPlaced):
        return event
    cover = CoverSelection(product=product)
    return event.model_copy(update={"cover": cover, "settlement_rate": rate or event.settlement_rate})


def _pricing(product: Product) -> Any:
    """Pricing where everybody may have this product, and no other."""

    def decide(state: Any, fact: Any, now: datetime, sent_at: datetime | None = None) -> Any:
        tenant = state.tenant if state is not None else fact.tenant
        settings = TenantSettings(_EVER, (product.key,), None)
        catalogue = Catalogue({product.key: product}, {tenant: (settings,)}, ratings(), complete_until=_NEVER)
        return decide_pricing(catalogue, QuoteKeys.none(), state, fact, now)

    return decide


def _read(facts: Iterable[Timed], reads: Sequence[str]) -> tuple[Timed, ...]:
    """What a service reads, in the order in which it becomes known; of one instant first what causes the rest."""
    rank = {topic: place for place, topic in enumerate((topics.ORDERS, topics.SHIPMENTS, topics.POLICIES))}
    ordered = sorted(facts, key=lambda fact: rank.get(fact.event.topic, len(rank)))
    return tuple(sorted((each for each in ordered if each.event.topic in reads), key=lambda fact: fact.known_at))


def _by_key(known: Sequence[Referral]) -> dict[str, Referral]:
    """The answers of people that count as facts, by the question's key."""
    answered = (each for each in known if each.choice not in ("", WITHDRAWN))
    return {each.key: each for each in answered if kind_of(each.key).effect in _SAID_AGAIN}


def _answers(
    known: Mapping[str, Referral], state: Case | None, event: Event | None, now: datetime
) -> Iterator[tuple[datetime, Event | Later]]:
    if isinstance(event, MoneyCommand):
        yield now, _paid(event, now)
    elif event is None and state is not None and known:
        for referral in state.referrals:
            answer = known.get(referral.key) if referral.is_open else None
            # It is said once: a question of the same key that comes again would be refused again for the same reason.
            if answer is not None and referral.opened_at == now:
                yield max(now, answer.decided_at or now), partial(_decided, answer)


def _paid(command: MoneyCommand, at: datetime) -> RefundSucceeded:
    return RefundSucceeded(
        tenant=command.tenant,
        platform=command.platform,
        order_id=command.order_id,
        occurred_at=at,
        refund_id=command.refund_id,
        attempt=command.attempt,
        version=command.version,
        provider_refund_ref=f"shadow-{command.refund_id}",
        amount=command.amount,
    )


def _decided(answer: Referral, state: Case | None, at: datetime) -> DecideReferral | None:
    """The same answer to the same question, as the case stands by then; as a lead, whom any amount is left to."""
    asked = next((each for each in state.referrals if each.key == answer.key and each.is_open), None) if state else None
    if state is None or asked is None or state.order is None or answer.choice not in asked.choices:
        return None
    tenant, platform, order_id = state.order_key.split("/", 2)
    minor = answer.decided_minor
    return DecideReferral(
        tenant=tenant,
        platform=platform,
        order_id=order_id,
        occurred_at=at,
        command_id=f"shadow-{asked.referral_id}",
        claim_id=state.claim_id,
        case_version=state.version,
        by=answer.decided_by,
        referral_id=asked.referral_id,
        choice=answer.choice,
        amount=Money.of(minor, state.order.currency) if minor is not None else None,
        role="lead",
    )


def _open(case: Case) -> Iterator[str]:
    """The questions that something waits for."""
    return (each.key for each in case.referrals if each.is_open and not each.is_audit)


def _result(orders: Sequence[Timed], policies: Sequence[Timed], delays: Sequence[Timed], case: Case | None) -> Result:
    placed = next((each.event for each in merged(orders) if isinstance(each.event, OrderPlaced)), None)
    currency = placed.total.currency if placed is not None else ""
    issued = next((each.event for each in policies if isinstance(each.event, PolicyIssued)), None)
    declined = next((each.event for each in policies if isinstance(each.event, PolicyDeclined)), None)
    if issued is None:
        return Result(currency, bound=False, declined=declined.reason.value if declined is not None else "no_order")
    covers = [each.event for each in policies if isinstance(each.event, PolicyIssued | PolicyAmended)]
    clauses: dict[str, int] = {}
    for each in standing(case, asked=True) if case is not None else ():
        clauses[each.row.clause_id] = clauses.get(each.row.clause_id, 0) + each.minor
    checks = [each.event for each in delays if isinstance(each.event, TrackingCheckRequested)]
    return Result(
        currency=currency,
        bound=True,
        ends_at=(case.ends_at if case is not None else None) or issued.ends_at,
        premium=covers[-1].premium.total,
        clauses=clauses,
        waits=max(0, case.unpaid) if case is not None else 0,
        asked=frozenset(_open(case)) if case is not None else frozenset(),
        checks=frozenset((each.package_id, each.due) for each in checks),
        entitled=case.entitled if case is not None else 0,
    )
