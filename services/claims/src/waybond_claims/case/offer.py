"""Offers to the buyer, and commands of buyers that are refused, in the claim file."""

from datetime import datetime

from msgspec import Struct

MAX_OFFERS = 32
MAX_REFUSED = 8
"""Refusals that wait to be published: as many as one fact can make, and room."""
ACCEPTED, DECLINED, EXPIRED, WITHDRAWN_OFFER = "accepted", "declined", "expired", "withdrawn"
EMPTY = "empty"
"""How an offer ended that was never made, since it would have given the buyer nothing more."""
ANSWERED = frozenset({DECLINED, EXPIRED, EMPTY})
"""How an offer ended that the buyer does not take: what is worded behind it follows."""


class Offer(Struct, frozen=True, omit_defaults=True):
    """An offer that settles a complaint under a clause."""

    offer_id: str
    dispute_id: str
    clause_id: str
    origin: str
    """What it comes from: `wording`, `seller:<response_id>` or `person:<referral_id>`."""
    made_at: datetime
    expires_at: datetime
    total: int | None = None
    """What the complaint is worth in all under the clause once it is accepted; None: what the clause gives."""
    minor: int = 0
    """How much more the buyer gets by it."""
    remedy: str = "part_refund"
    closed: str = ""
    """How it ended; empty as long as it is open."""
    closed_at: datetime | None = None
    command_id: str = ""
    """Of the command that ended it."""
    told: bool = False
    """Whether its end was published."""

    @property
    def is_open(self) -> bool:
        return not self.closed


class Refused(Struct, frozen=True, array_like=True, gc=False):
    """A command that changed nothing, until that is published."""

    command_id: str
    command: str
    reason: str


def has_room(offers: tuple[Offer, ...]) -> bool:
    """Whether another offer can be kept: one that was withdrawn makes room."""
    return len(offers) < MAX_OFFERS or any(_can_go(each) for each in offers)


def with_offer(offers: tuple[Offer, ...], made: Offer) -> tuple[Offer, ...]:
    """The offers with another one, in the place of the oldest one that was withdrawn where there are too many."""
    if len(offers) >= MAX_OFFERS:
        gone = next((each for each in offers if _can_go(each)), None)
        offers = tuple([each for each in offers if each is not gone])
    return (*offers, made)


def _can_go(offer: Offer) -> bool:
    return offer.closed == WITHDRAWN_OFFER and offer.told


def open_offer(offers: tuple[Offer, ...]) -> Offer | None:
    """The one offer that can be accepted."""
    return next((each for each in offers if each.is_open), None)


def accepted_offer(offers: tuple[Offer, ...], dispute_id: str) -> Offer | None:
    """The offer that settled a complaint."""
    return next((each for each in offers if each.closed == ACCEPTED and each.dispute_id == dispute_id), None)
