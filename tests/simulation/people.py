"""People at work in a simulated world: operators at held records, adjusters at referrals, and the carrier's desk."""

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from tests.simulation.history import HOUR, Stop, Told
from tests.simulation.products import APPEALED, CLAIMED
from tests.simulation.watch import unpacked
from waybond_claims.case.offer import open_offer
from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case
from waybond_claims.service.codec import CaseCodec
from waybond_contracts import commands, delays, disputes, orders, shipments

if TYPE_CHECKING:
    from tests.simulation.world import World

Answer = commands.AcceptOffer | commands.DeclineOffer
Service = Literal["pricing", "tracking", "claims"]
CODEC = CaseCodec()
FATES = ("offer taken", "offer left", "offer declined")
"""What buyers do with offers."""
ACCEPTS, LEAVES = 0, 1
APPEALS = (
    "appeal with a photo",
    "appeal with a statement",
    "appeal with nothing new",
    "no appeal",
    "appeal with a photo",
)
PHOTO = disputes.Document(
    kind=disputes.DocumentKind.PHOTO_OF_DAMAGE, sha256="cd" * 32, media_type="image/jpeg", size_bytes=1_000
)
OVERTURNED = "a lead pays after all"
LEAD = "lead"
"""Who decides on appeals."""
STALE = "stale"
"""Who decides on a case version of yesterday: must never have decided anything."""


class People:
    """What they do follows from what they see in the tables; each decision is an event."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._count = 0
        self.offers: Counter[str] = Counter()
        """What buyers did with offers and decisions."""
        self._answered: set[str] = set()
        """The offers that were answered, or left; and the orders whose decision was appealed against, or left."""
        self.settled_outside: dict[str, int] = {}
        """What was paid by hand, by refund_id."""

    # Operators -------------------------------------------------------------------------------------------------------

    def operate(self) -> bool:
        """Release what is held, and discard what is rubbish: whether there was anything."""
        found = False
        for service, database in self._world.databases.items():
            tables = database.tables
            for shard in tables.shards:
                for identity in tables.holding(shard):
                    first = tables.line(shard, identity)[0]
                    rubbish = ("ce_id", b"rubbish") in unpacked(first.headers)
                    kind = commands.DiscardHeld if rubbish else commands.ReleaseHeld
                    assert first.order_key is not None
                    self._world.publish(
                        kind(
                            **self._about(first.order_key),
                            command_id=self._name("operator"),
                            service=cast(Service, service),
                            topic_name=first.topic,
                            record_offset=first.record_offset,
                            by="operator",
                        )
                    )
                    found = True
        return found

    # Adjusters -------------------------------------------------------------------------------------------------------

    def cases(self) -> list[tuple[str, Case]]:
        """All claim files, as they are stored."""
        tables = self._world.databases["claims"].tables
        found = []
        for row in tables.aggregates.values():
            document = tables.documents[row.wording] if row.wording is not None else None
            found.append((row.status, CODEC.decode(row.shape, row.state, document)))
        return found

    def adjust(self) -> bool:
        """Decide open referrals, and let buyers answer offers: whether there were any."""
        found = self._answer_offers()
        found = self._appeal() or found
        if all(row.status != "referred" for row in self._world.databases["claims"].tables.aggregates.values()):
            return found
        for status, case in self.cases():
            if status == "referred":
                referral = next(each for each in case.referrals if each.is_open)
                self._decide(case, referral)
                found = True
        return found

    def _decide(self, case: Case, referral: Referral) -> None:
        draw = self._world.draw
        if referral.opened_version > 1 and draw.random() < 0.3:
            worst = next((each for each in ("settled_outside", "recovered") if each in referral.choices), "")
            self._publish(case, referral, worst or referral.choices[-1], case.version - 1, STALE)
        self._publish(
            case,
            referral,
            self._choice(case, referral),
            case.version,
            LEAD if "uphold" in referral.choices else "adjuster",
        )

    def _publish(self, case: Case, referral: Referral, choice: str, version: int, by: str) -> None:
        self._world.publish(
            commands.DecideReferral(
                **self._about(case.order_key),
                command_id=self._name(by),
                claim_id=case.claim_id,
                case_version=version,
                by=by,
                referral_id=referral.referral_id,
                choice=choice,
            )
        )

    def _choice(self, case: Case, referral: Referral) -> str:
        draw, world = self._world.draw, self._world
        match referral.reason:
            case "payer_silent" | "refund_failed":
                refund_id = referral.refund_id or ""
                if draw.random() < 0.2 and world.payer.settle_outside(refund_id):
                    self.settled_outside[refund_id] = referral.amount or 0
                if refund_id in self.settled_outside:
                    return "settled_outside"
                others = [each for each in referral.choices if each != "settled_outside"]
                return draw.choice(others)
            case "carrier_check_unanswered":
                plan = next(each for each in world.plan.orders if each.key == case.order_key)
                return "pay" if plan.adjuster_pays else "do_not_pay"
            case "recovery":
                return draw.choice(referral.choices)
            case "contradiction" | "currency_differs" | "bound_reached":
                return "go_on"
            case "answer_missing" if "uphold" in referral.choices:
                choice = "pay" if case.order is not None and case.order.minor % 2 else "uphold"
                self.offers[OVERTURNED] += choice == "pay"
                return choice
            case "answer_missing" if "do_not_pay" in referral.choices:
                plan = next(each for each in world.plan.orders if each.key == case.order_key)
                return "pay" if plan.adjuster_pays or plan.product not in CLAIMED else "do_not_pay"
            case _:
                return referral.choices[0]

    # Buyers ----------------------------------------------------------------------------------------------------------

    def _answer_offers(self) -> bool:
        """Take what is offered, decline it, or leave it until it is over, each by the order's number and total; some
        answer on a case version of yesterday first. Whether there was anything to answer."""
        found = False
        files = any(order.product in CLAIMED for order in self._world.plan.orders)
        for _, case in self.cases() if files else ():
            offer = open_offer(case.offers)
            if offer is None or case.order is None or offer.offer_id in self._answered:
                continue
            self._answered.add(offer.offer_id)
            fate = case.order.minor % 3
            self.offers[FATES[fate]] += 1
            if fate == LEAVES:
                continue
            kind = commands.AcceptOffer if fate == ACCEPTS else commands.DeclineOffer
            if self._world.draw.random() < 0.3:
                self._answer_offer(case, offer.offer_id, commands.AcceptOffer, case.version - 1)
            self._answer_offer(case, offer.offer_id, kind, case.version)
            found = True
        return found

    def _appeal(self) -> bool:
        """Ask for another look at what was decided, once an order, by its total: with a photo, with a statement, with
        nothing new, or not. Whether anybody did."""
        found = False
        appealable = {order.key for order in self._world.plan.orders if order.product == APPEALED}
        for _, case in self.cases() if appealable else ():
            if case.order_key not in appealable or not case.decided or case.order_key in self._answered:
                continue
            if case.order is None:
                continue
            self._answered.add(case.order_key)
            fate = APPEALS[case.order.minor % len(APPEALS)]
            self.offers[fate] += 1
            if fate != "no appeal":
                self._world.publish(
                    commands.Appeal(
                        **self._about(case.order_key),
                        command_id=self._name("buyer"),
                        claim_id=case.claim_id,
                        case_version=case.version,
                        by="buyer-1",
                        statement="It was whole when I got it." if fate == "appeal with a statement" else "",
                        documents=(PHOTO,) if fate == "appeal with a photo" else (),
                    )
                )
                found = True
        return found

    def _answer_offer(self, case: Case, offer_id: str, kind: type[Answer], version: int) -> None:
        self._world.publish(
            kind(
                **self._about(case.order_key),
                command_id=self._name("buyer"),
                claim_id=case.claim_id,
                case_version=version,
                by="buyer-1",
                offer_id=offer_id,
            )
        )

    # The carrier -----------------------------------------------------------------------------------------------------

    def asked(self, event: delays.TrackingCheckRequested) -> None:
        """The carrier answers within the day, late, or never; what it knows it has published before."""
        world = self._world
        plan = next(each for each in world.plan.orders if each.key == event.order_key)
        if not plan.carrier_answers:
            return
        # An order whose cover is over is forgotten once the time for an answer is up.
        ended = any(_may_end(stop) for stop in world.plan.stops if stop.order == plan.number)
        hours = world.draw.choice((1.0, 8.0, 20.0) if ended else (1.0, 8.0, 20.0, 90.0))
        world.at(world.calendar.now() + hours * HOUR, lambda: self._answer(event), "carrier: answers the check")

    def _answer(self, event: delays.TrackingCheckRequested) -> None:
        world, now = self._world, self._world.calendar.now()
        for stop in world.plan.stops:
            scan = stop.event if isinstance(stop, Told) else None
            if (
                isinstance(scan, shipments.ShipmentScanned)
                and (scan.order_key, scan.package_id) == (event.order_key, event.package_id)
                and (scan.occurred_until or scan.occurred_at) <= now
            ):
                world.publish(scan)
        world.publish(
            shipments.ShipmentChecked(
                **self._about(event.order_key),
                package_id=event.package_id or "",
                as_of=now - timedelta(minutes=1),
                provider="simulated",
            )
        )

    def _about(self, order_key: str) -> dict[str, Any]:
        tenant, platform, order_id = order_key.split("/")
        now = self._world.calendar.now()
        return {"tenant": tenant, "platform": platform, "order_id": order_id, "occurred_at": now}

    def _name(self, who: str) -> str:
        self._count += 1
        return f"{who}-{self._count}"


def _may_end(stop: Stop) -> bool:
    """Whether cover may end by it."""
    return isinstance(stop, Told) and isinstance(stop.event, orders.OrderCancelled | orders.OrderRefunded)
