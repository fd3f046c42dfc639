"""What the product is told of a case: each plain fact as the event that its source publishes."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle.facts import (
    Amended,
    Booked,
    Case,
    Checked,
    Cover,
    Disputed,
    Ended,
    Fact,
    Filed,
    Line,
    Placed,
    Refunded,
    Resolved,
    Scanned,
    only,
)
from waybond_contracts import disputes, orders, policies, shipments
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.places import Lane
from waybond_contracts.watches import Watch, compile_watches
from waybond_contracts.wording import WordingDocument, parse

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEY: dict[str, Any] = {"tenant": "demo", "platform": "shop", "order_id": "A-1"}
OURS = "ours"
"""Stands for the payment system's reference of the refund that was commanded last."""
POLICY = "5b0f3b0e-7f0e-5a6e-9a53-0d6f5a1c0b11"


def at(hour: int) -> datetime:
    """The instant so many hours after the order was placed."""
    return START + timedelta(hours=hour)


class Teller:
    """Makes the events of one case."""

    def __init__(self, case: Case) -> None:
        self._body = case.wording.text
        self._parsed = parse(self._body)
        self._rates = case.rates
        placed = only(Placed, case.facts)[0]
        self._currency = placed.currency
        self._ended = {each.version for each in only(Ended, case.facts)}
        self._first = min((each.version for each in only(Cover, case.facts)), default=1)

    def events(self, facts: Iterable[Fact]) -> list[tuple[datetime, Event]]:
        """Each fact with the instant at which it becomes known."""
        return [(at(fact.known), self.event(fact)) for fact in facts]

    def event(self, fact: Fact) -> Event:
        match fact:
            case Placed() | Amended() | Refunded():
                return self._of_order(fact)
            case Cover() | Ended():
                return self._of_policy(fact)
            case Booked() | Scanned() | Checked():
                return self._of_package(fact)
            case Disputed() | Resolved() | Filed():
                return self._of_dispute(fact)
            case _:
                raise AssertionError(f"no event for {fact}")

    def _money(self, minor: int) -> Money:
        return Money.of(minor, self._currency)

    def _lines(self, lines: Iterable[Line]) -> tuple[orders.OrderLine, ...]:
        return tuple(
            orders.OrderLine(
                line_id=line.name,
                sku=line.name,
                quantity=line.quantity,
                total=self._money(line.minor),
                category=line.category,
            )
            for line in lines
        )

    def _of_order(self, fact: Placed | Amended | Refunded) -> Event:
        match fact:
            case Placed():
                origin, _, destination = fact.lane.partition("-")
                return orders.OrderPlaced(
                    **KEY,
                    occurred_at=START,
                    buyer_ref="buyer-7",
                    seller_ref="seller-3",
                    total=self._money(fact.total),
                    shipping=self._money(fact.shipping),
                    lines=self._lines(fact.lines),
                    origin=origin,
                    destination=destination,
                    promise=orders.Promise(latest=at(fact.promise)),
                    payment=orders.Payment(provider="sandbox", reference="pay-1", paid_at=START),
                )
            case Amended():
                return orders.OrderAmended(
                    **KEY,
                    occurred_at=at(fact.known),
                    revision=fact.revision,
                    total=self._money(fact.total),
                    lines=self._lines(fact.lines),
                )
            case Refunded():
                return orders.OrderRefunded(
                    **KEY,
                    occurred_at=at(fact.known),
                    refund_ref=fact.ref,
                    amount=self._money(fact.minor),
                    lines=tuple(orders.RefundedLine(line_id=each) for each in fact.lines),
                    dispute_id=fact.same_as or None,
                    provider_refund_ref=OURS if fact.echo else None,
                )

    def _of_policy(self, fact: Cover | Ended) -> Event:
        price = self._money(100)
        if isinstance(fact, Ended):
            return policies.PolicyCancelled(
                **KEY,
                occurred_at=at(fact.known),
                policy_id=POLICY,
                version=fact.version,
                reason="order_cancelled",
                from_start=fact.void,
                premium_returned=price.zero(),
            )
        lane = Lane.parse(fact.lane)
        same: dict[str, Any] = {
            **KEY,
            "occurred_at": at(fact.known),
            "policy_id": POLICY,
            "version": fact.version,
            "basis": self._money(fact.basis),
            "limit": self._money(fact.limit),
            "package_limit": None if fact.package_limit is None else self._money(fact.package_limit),
            "premium": policies.Premium(total=price, net=price, tax=price.zero(), rating="flat-1", factors=()),
            "ends_at": at(fact.ends),
            "watches": self._watches(lane),
            "lane": lane,
        }
        if fact.version > self._first:
            again = fact.version - 1 in self._ended
            return policies.PolicyAmended(**same, reason="reinstated" if again else "order_amended")
        rates = tuple(
            orders.FxRate(base=each.base, quote=each.quote, rate=each.rate, source="ecb", as_of=START)
            for each in self._rates
        )
        return policies.PolicyIssued(
            **same,
            product="oracle",
            product_version="2026.11.1",
            wording=WordingDocument.of(self._body),
            attached_at=at(fact.known),
            rates=rates,
        )

    def _watches(self, lane: Lane) -> tuple[Watch, ...]:
        return compile_watches(self._parsed, lane)

    def _of_package(self, fact: Booked | Scanned | Checked) -> Event:
        if isinstance(fact, Checked):
            return shipments.ShipmentChecked(
                **KEY, occurred_at=at(fact.known), package_id=fact.package, as_of=at(fact.at), provider="17track"
            )
        if isinstance(fact, Scanned):
            return shipments.ShipmentScanned(
                **KEY,
                occurred_at=at(fact.first),
                occurred_until=None if fact.first == fact.last else at(fact.last),
                package_id=fact.package,
                kind=shipments.ScanKind(fact.kind),
                handed_to=shipments.HandedTo.DOOR if fact.kind == "DELIVERED" else None,
                provider="17track",
            )
        return shipments.ShipmentBooked(
            **KEY,
            occurred_at=at(fact.at),
            package_id=fact.package,
            carrier="china-post",
            tracking_number=f"L{fact.package}CN",
            lines=tuple(shipments.PackageLine(line_id=name, quantity=count) for name, count in fact.lines),
            packages_in_order=fact.announced,
            replaces=fact.replaces or None,
            promise=None if fact.promise is None else orders.Promise(latest=at(fact.promise)),
        )

    def _of_dispute(self, fact: Disputed | Resolved | Filed) -> Event:
        minor = None if fact.minor is None else self._money(fact.minor)
        if isinstance(fact, Filed):
            return disputes.ClaimFiled(
                **KEY,
                occurred_at=at(fact.at),
                dispute_id=fact.dispute,
                by=disputes.Party.BUYER,
                reason=disputes.DisputeReason.NOT_RECEIVED,
                lines=tuple(orders.RefundedLine(line_id=each) for each in fact.lines),
                amount=minor,
            )
        if isinstance(fact, Disputed):
            return disputes.DisputeOpened(
                **KEY,
                occurred_at=at(fact.at),
                dispute_id=fact.dispute,
                source=disputes.DisputeSource.CARD_SCHEME,
                reason=disputes.DisputeReason.NOT_RECEIVED,
                stage=disputes.DisputeStage.CHARGEBACK,
                amount=minor,
            )
        return disputes.DisputeResolved(
            **KEY,
            occurred_at=at(fact.at),
            dispute_id=fact.dispute,
            outcome=disputes.DisputeOutcome(fact.outcome),
            refunded=minor,
            revision=fact.revision,
        )
