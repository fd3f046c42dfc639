"""The claim file of one order: every fact that bears on what is owed, and what was decided and commanded so far.

Amounts are minor units of the order's currency unless a field beside them names another; instants are aware UTC.
Parts that come in numbers are written as arrays, so that a typical file stays below the size that is kept inline.
"""

from datetime import datetime
from operator import attrgetter
from typing import TypeVar

from msgspec import Struct

from waybond_claims.case.appeal import Appealed, Decided
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.cover import Cover, Ended, Policy
from waybond_claims.case.evidence import Ask, Paper, Response
from waybond_claims.case.explained import Explained
from waybond_claims.case.journey import Package, SeenFact, WatchFact
from waybond_claims.case.money import Answer, Command, Elsewhere, Recovery
from waybond_claims.case.notified import Told
from waybond_claims.case.offer import Offer, Refused
from waybond_claims.case.order import Amended, Order
from waybond_claims.case.question import Change, Referral
from waybond_claims.case.returning import Parcel, Receipt, Returning
from waybond_claims.case.signalled import Signalled


class Case(Struct, frozen=True, omit_defaults=True):
    """All of it. `wording` is not encoded with the rest: tables keep it once by its hash."""

    since: datetime
    order_key: str = ""
    order: Order | None = None
    amended: Amended | None = None
    policy: Policy | None = None
    cover: Cover | None = None
    """The policy's highest version."""
    covers: tuple[Cover, ...] = ()
    """The versions before it, the lowest first."""
    ended: Ended | None = None
    """Its last cancellation."""
    ends: tuple[Ended, ...] = ()
    """The cancellations before that."""
    declined: str = ""
    declined_at: datetime | None = None
    journey_as_of: datetime | None = None
    packages: tuple[Package, ...] = ()
    packages_in_order: int | None = None
    contents_version: int = 0
    """Of the contents of `packages`, as tracking counts them."""
    watches: tuple[WatchFact, ...] = ()
    seen: tuple[SeenFact, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    contradictions: tuple[str, ...] = ()
    """What cannot be true at once, or what was left out, by key; each stops new commands until a person decides."""
    # What was decided.
    claim_id: str = ""
    version: int = 0
    opened: bool = False
    entitled: int = 0
    owed: int = 0
    """What is owed in all, with what the buyer keeps under the wording."""
    approved: int = 0
    """`entitled` of the last ClaimApproved."""
    explained: tuple[Explained, ...] = ()
    """Of a large order what the last ClaimApproved said of each unit of which something was found."""
    commands: tuple[Command, ...] = ()
    early: tuple[Answer, ...] = ()
    """Answers about refunds that are not commanded yet, the last of each refund."""
    referrals: tuple[Referral, ...] = ()
    recoveries: tuple[Recovery, ...] = ()
    notices: int = 0
    withdrawn: int = 0
    """How many commands there were when the buyer was told that the last one's money does not come after all."""
    grown: datetime | None = None
    """Up to when periods are counted that time alone makes due."""
    entries: int = 0
    """Ordinal of the last entry in the books."""
    wording: str = ""
    told: tuple[Told, ...] = ()
    """What the buyer was told, the last MAX_TOLD notices; none of before files kept them."""
    # The way of complaints under clauses that say more of them.
    papers: tuple[Paper, ...] = ()
    responses: tuple[Response, ...] = ()
    asks: tuple[Ask, ...] = ()
    offers: tuple[Offer, ...] = ()
    decided: tuple[Decided, ...] = ()
    appeals: tuple[Appealed, ...] = ()
    refused: tuple[Refused, ...] = ()
    opens_at: datetime | None = None
    """When the next window opens to claim what a complaint is about."""
    changes: tuple[Change, ...] = ()
    """While questions are open: the case's last versions and what brought them."""
    # Goods that are sent back.
    returns: tuple[Parcel, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    returning: tuple[Returning, ...] = ()
    signalled: Signalled | None = None
    """What signals know of other orders, where the wording heeds it."""

    @property
    def settled(self) -> int:
        return sum([command.settled for command in self.commands]) if self.commands else 0

    @property
    def in_flight(self) -> Command | None:
        """The one unresolved command."""
        for command in reversed(self.commands):
            if command.in_flight:
                return command
        return None

    @property
    def last_attempts(self) -> tuple[Command, ...]:
        """Of each step the last attempt, the first step first."""
        if len(self.commands) < 2:
            return self.commands
        return tuple({command.step: command for command in self.commands}.values())

    @property
    def recovered(self) -> int:
        return sum([recovery.recovered for recovery in self.recoveries]) if self.recoveries else 0

    @property
    def waived(self) -> int:
        return sum([recovery.waived for recovery in self.recoveries]) if self.recoveries else 0

    @property
    def asked_back(self) -> int:
        """What is asked back and was neither given back nor waived."""
        return sum([recovery.outstanding for recovery in self.recoveries]) if self.recoveries else 0

    @property
    def unpaid(self) -> int:
        """What is owed and neither settled (less what came back) nor on its way."""
        flight = self.in_flight
        return self.owed - self.settled + self.recovered - (flight.minor if flight is not None else 0)

    @property
    def status(self) -> str:
        """The case in a word, for people."""
        asked = [each for each in self.referrals if each.is_open] if self.referrals else ()
        if asked:
            return "audit" if all(each.is_audit for each in asked) else "referred"
        if self.in_flight is not None:
            return "paying"
        if self.unpaid > 0:
            return "waiting"
        if self.settled > self.recovered:
            return "paid"
        if self.opened:
            return "open"
        if self.policy is not None:
            return "covered"
        return "declined" if self.declined else ""

    @property
    def frozen_by_dispute(self) -> bool:
        return any(dispute.freezes for dispute in self.disputes)

    @property
    def ends_at(self) -> datetime | None:
        """When cover ends: the policy's own end, or its cancellation if that is earlier."""
        if self.cover is None or self.policy is None:
            return None
        if self.ended is None or self.ended.version < self.cover.version:
            return self.cover.ends_at
        return self.policy.attached_at if self.ended.from_start else min(self.cover.ends_at, self.ended.at)

    @property
    def total(self) -> int:
        """What the buyer paid for the order as it stands now; an amendment in another currency is not counted."""
        if self.order is None:
            return 0
        amended = self.amended
        if amended is not None and amended.total_revision >= 0 and amended.currency == self.order.currency:
            return amended.minor
        return self.order.minor

    def total_at(self, at: datetime) -> int:
        """What the buyer had paid by then, as revisions have it: of those that were made the highest."""
        if self.order is None or self.amended is None:
            return self.total
        made = [each for each in self.amended.totals if each.since <= at and each.currency == self.order.currency]
        known = self.amended.totals or self.amended.total_revision < 0
        return made[-1].minor if made else self.order.minor if known else self.total

    @property
    def lane(self) -> tuple[str, str]:
        """Origin and destination that the policy covers now; none of both without a policy."""
        return self.lane_of(self.cover)

    def lane_of(self, cover: Cover | None) -> tuple[str, str]:
        """Origin and destination under a version of the policy."""
        if self.policy is None:
            return "", ""
        return self.policy.origin, (cover.destination if cover is not None else "") or self.policy.destination

    @property
    def void(self) -> bool:
        """Whether the policy was cancelled from its start."""
        return bool(self.ended and self.ended.from_start and self.cover and self.ended.version > self.cover.version)


T = TypeVar("T", bound=Struct)


def put(items: tuple[T, ...], item: T, *key: str) -> tuple[T, ...]:
    """`items` with the one that agrees with `item` in the fields `key` replaced by it, or `item` added at the end."""
    read = attrgetter(*key)
    wanted = read(item)
    for index, each in enumerate(items):
        if read(each) == wanted:
            return (*items[:index], item, *items[index + 1 :])
    return (*items, item)
