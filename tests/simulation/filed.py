"""Orders about which somebody files a claim: what is drawn of it, and what each should have got.

The clause wants a photo within seven days, asks the seller for a word within five, and pays nothing by itself but what
the seller accepts. What the seller offers, up to 60 % of it, settles the claim if the buyer takes it. A bank's dispute
beside it may stop payments, end, and reverse. `FiledShadow` reads what was said as the broker had it. When the time for
a photo or for the seller's word was over, and when an offer was taken, it takes from what claims told, which may be
late; that the time given was never too short is checked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random

from tests.simulation import products
from tests.simulation.history import CLOCKS_SEEN, DAY, DrawnOrder, OrderPlan, Stop, Tick, usd
from tests.simulation.shadow import NOTHING, Fact, Shadow, Worth
from waybond_contracts import disputes

FILED_SEEDS = 1_000_000_000
"""From this seed on orders are drawn about which claims are filed."""
APPEALED_SEEDS = 2_000_000_000
"""From this one on their decisions can be appealed against."""
CLAIM, CHARGEBACK = "c1", "d1"
PHOTO, ANSWER = "photo_of_damage", "answer"
WAITS = {products.FILED: 2, products.APPEALED: 4}
"""How often WAIT passes at the end: what was asked for or offered as a service came back has its time from then on, and
after an appeal once more."""
WAIT = 15 * DAY
LAST = datetime.max.replace(tzinfo=UTC)
GIVEN = {PHOTO: timedelta(days=products.PHOTO_DAYS), ANSWER: timedelta(days=products.SELLER_DAYS)}
"""How long the wording gives for each."""


def drawn(draw: Random, number: int, seed: int) -> tuple[OrderPlan, list[Stop]]:
    """An order and everything that is heard of it."""
    product = products.APPEALED if seed >= APPEALED_SEEDS else products.FILED
    plan = OrderPlan(number, product, carrier_answers=True, adjuster_pays=draw.random() < 0.6)
    return plan, sorted(_Filed(draw, plan).stops(), key=lambda stop: stop.at)


class _Filed(DrawnOrder):
    def stops(self) -> Iterator[Stop]:
        draw = self.draw
        yield self.told(self.placed(), soon=draw.random() < 0.9)
        at = self.between(3.2, 50)
        yield self.told(
            disputes.ClaimFiled(
                **self.about,
                dispute_id=CLAIM,
                occurred_at=at,
                by=disputes.Party.BUYER,
                reason=disputes.DisputeReason.DAMAGED,
            )
        )
        if draw.random() < 0.75:
            yield self.told(self._photo(at + draw.choice((-0.5, 0.2, 3, 6.9, 7.1, 12)) * DAY))
        if draw.random() < 0.7:
            yield self.told(self._answer(at + draw.choice((0.2, 2, 4.9, 5.1, 9)) * DAY))
        if draw.random() < 0.3:
            yield from self._chargeback()
        if draw.random() < 0.15:
            yield self.rubbish()
        yield from (Tick(at + given + CLOCKS_SEEN) for given in GIVEN.values() if draw.random() < 0.8)

    def _photo(self, at: datetime) -> disputes.EvidenceSubmitted:
        photo = disputes.Document(
            kind=disputes.DocumentKind.PHOTO_OF_DAMAGE, sha256="ab" * 32, media_type="image/jpeg", size_bytes=1_000
        )
        return disputes.EvidenceSubmitted(
            **self.about,
            dispute_id=CLAIM,
            evidence_id="e1",
            occurred_at=at,
            kind=PHOTO,
            by="buyer",
            details=(photo,),
        )

    def _answer(self, at: datetime) -> disputes.SellerResponded:
        """A seller who accepts does so where a person would pay as well: which of the two was first changes nothing."""
        draw, says = self.draw, disputes.SellerResponse
        response = draw.choice((says.CONTEST, says.OFFER, says.ACCEPT if self.plan.adjuster_pays else says.OFFER))
        offered = usd(int(self.total * draw.choice((0.1, 0.5, 0.9)))) if response is says.OFFER else None
        return disputes.SellerResponded(
            **self.about, dispute_id=CLAIM, response_id="s1", occurred_at=at, response=response, amount=offered
        )

    def _chargeback(self) -> Iterator[Stop]:
        """A bank's dispute that ends, and reverses."""
        draw = self.draw
        about = {**self.about, "dispute_id": CHARGEBACK}
        at = self.between(4, 50)
        yield self.told(
            disputes.DisputeOpened(
                **about,
                occurred_at=at,
                source=disputes.DisputeSource.CARD_SCHEME,
                reason=disputes.DisputeReason.NOT_RECEIVED,
                stage=disputes.DisputeStage.CHARGEBACK,
            )
        )
        for revision in range(1, draw.choice((1, 2, 3)) + 1):
            at += (2 + draw.random() * 8) * DAY
            given = int(self.total * draw.choice((0, 0.25, 0.7)))
            outcomes = disputes.DisputeOutcome
            yield self.told(
                disputes.DisputeResolved(
                    **about,
                    occurred_at=at,
                    outcome=outcomes.BUYER_FAVOUR if given else outcomes.SELLER_FAVOUR,
                    refunded=usd(given),
                    revision=revision,
                )
            )


@dataclass(frozen=True, slots=True)
class Ways:
    """What the way of a claim hangs on beside facts."""

    asked: Mapping[str, datetime]
    """Until when each thing was asked for, as it was told first."""
    accepted: datetime | None
    """When the buyer's word counted by which an offer was taken; None if none was."""
    appealed: Sequence[datetime] = ()
    """When the broker had appeals that bring a photo."""
    overturned: datetime | None = None
    """When the broker had a lead's word that pays after all; None if none counted."""


class FiledShadow:
    """One such order. `pays`: a person who is asked pays; `told`: what claims told of it, and what people did."""

    def __init__(self, facts: Sequence[Fact], told: "Ways", *, pays: bool, more: timedelta) -> None:
        self._facts = sorted(facts, key=lambda fact: fact[0])
        self._covered = Shadow(products.FILED, facts, pays)
        self._pays = pays
        self._more = more
        self._asked, self._accepted, self._overturned = told.asked, told.accepted, told.overturned
        self._appealed = told.appealed

    def instants(self) -> list[datetime]:
        """When what is owed may have changed."""
        said = {at for at in (self._accepted, self._overturned, *self._appealed) if at is not None}
        return sorted({known for known, _ in self._facts} | set(self._asked.values()) | said)

    def worth(self, at: datetime) -> Worth:
        """What is owed on what was known by then, with time having come so far."""
        placed = self._covered.placed
        filed = self._known(disputes.ClaimFiled)
        attached = self._covered.attached_at
        if (
            not self._covered.covered()
            or placed is None
            or attached is None
            or filed is None
            or at < max(filed, attached)
        ):
            return NOTHING
        total = placed.total.minor
        cap = min(products.LIMIT_MINOR, max(0, total - self._given(at)))
        least, most = self._due(total, at)
        parts: dict[str | None, int] = {None: least}
        upper: dict[str | None, int] = {None: most}
        return Worth(parts, upper if most > least else {}, {}, {}, upper, total, cap, min(cap, least), {None: total})

    def too_early(self) -> list[str]:
        """What was asked for with less time than the wording gives from when the claim was there."""
        filed = self._known(disputes.ClaimFiled)
        return [
            f"I8 the {what} was asked for until {until}, and the claim was there at {filed}"
            for what, until in self._asked.items()
            if what in GIVEN and (filed is None or until < filed + GIVEN[what] - CLOCKS_SEEN)
        ]

    def _due(self, total: int, at: datetime) -> tuple[int, int]:
        """All of it, or the part that was offered and taken: no more than the wording lets be offered. What a bank said
        between the seller's answer and the buyer's was read before the latter or behind it: the least, and the most."""
        if self._accepted is None or self._accepted > at:
            due = total if self._is_due(at) else 0
            return due, due
        answer, answered = self._said(disputes.SellerResponded)
        offered = answer.amount.minor if answer is not None and answer.amount is not None else 0
        until = self._accepted + CLOCKS_SEEN
        read = [answered, until, *(known for known, _ in self._facts if answered < known <= until)]
        gives = [min(total, products.LIMIT_MINOR, max(0, total - self._given(each))) for each in read]
        parts = [min(offered, int(each * Fraction(products.MOST_IN_PART))) for each in gives]
        return min(parts), max(parts)

    def _is_due(self, at: datetime) -> bool:
        """The seller accepts, or the photo is there in time and a person pays, who is asked once the seller contests or
        says nothing, or once the buyer did not take what the seller offers."""
        if self._overturned is not None and self._overturned <= at:
            return True
        answer, answered = self._said(disputes.SellerResponded)
        if answer is not None and answered <= at and answer.response is disputes.SellerResponse.ACCEPT:
            return True
        submitted = self._known(disputes.EvidenceSubmitted)
        photos = [*self._appealed, *([submitted] if submitted is not None else [])]
        photo = min(photos) if photos else None
        until = self._asked.get(PHOTO)
        if photo is None or photo > at or (until is not None and photo > until + self._more):
            return False
        silent = self._asked.get(ANSWER)
        return self._pays and ((answer is not None and answered <= at) or (silent is not None and silent <= at))

    def _known(self, kind: type) -> datetime | None:
        return next((known for known, event in self._facts if isinstance(event, kind)), None)

    def _said(self, kind: type[disputes.SellerResponded]) -> tuple[disputes.SellerResponded | None, datetime]:
        for known, event in self._facts:
            if isinstance(event, kind):
                return event, known
        return None, LAST

    def _given(self, at: datetime) -> int:
        """What the bank gave the buyer, as it said last."""
        told = [
            (event.revision or 0, event.refunded.minor)
            for known, event in self._facts
            if known <= at and isinstance(event, disputes.DisputeResolved) and event.refunded is not None
        ]
        return max(told, default=(0, 0))[1]
