"""The claim file of one order: every fact that bears on what is owed, and what was decided and commanded so far.

Amounts are minor units of the order's currency unless a field beside them names another; instants are aware UTC.
Parts that come in numbers are written as arrays, so that a typical file stays below the size that is kept inline.
"""

from datetime import datetime
from operator import attrgetter
from typing import TypeVar

from msgspec import Struct

from waybond_claims.bought import Interval as Interval  # noqa: PLC0414  (readers of the file import it here)
from waybond_claims.bought import Line as Line  # noqa: PLC0414  (readers of the file import it here)
from waybond_claims.bought import Payment as Payment  # noqa: PLC0414  (readers of the file import it here)
from waybond_claims.told import Dispute, Elsewhere

MAX_ELSEWHERE = 64
MAX_DISPUTES = 32
MAX_COMMANDS = 128
MAX_REFERRALS = 128
MAX_WATCH_FACTS = 640
MAX_EARLY = 16
MAX_COVERS = 32
"""Versions of a policy, and cancellations of it."""
MAX_CONTRADICTIONS = 16
MAX_ATTEMPTS = 5

IN_FLIGHT = frozenset({"requested", "accepted", "pending"})
"""Of a command: no terminal answer yet."""

WITHDRAWN = "withdrawn"
"""The choice of a referral whose question fell away by itself."""


class Order(Struct, frozen=True, omit_defaults=True):
    """The order as it was placed."""

    placed_at: datetime
    currency: str
    minor: int
    lines: tuple[Line, ...]
    language: str
    time_zone: str
    buyer: str
    payment: Payment
    promised_latest: datetime | None = None


class Amended(Struct, frozen=True, omit_defaults=True):
    """What later revisions replaced; of each the highest revision counts."""

    total_revision: int = -1
    minor: int = 0
    currency: str = ""
    lines_revision: int = -1
    lines: tuple[Line, ...] = ()
    promise_revision: int = -1
    promised_latest: datetime | None = None


class Rate(Struct, frozen=True, array_like=True, gc=False):
    """One unit of `base` costs `rate` units of `quote`; pinned when cover was bound."""

    base: str
    quote: str
    rate: str


class Policy(Struct, frozen=True, omit_defaults=True):
    """What a policy keeps for its whole life. Its wording is the file's document."""

    policy_id: str
    product: str
    product_version: str
    sha256: str
    origin: str
    destination: str
    attached_at: datetime
    rates: tuple[Rate, ...] = ()


class Cover(Struct, frozen=True, omit_defaults=True):
    """The amounts of one version of the policy, and where the order went under it (empty: where it went when bound)."""

    version: int
    currency: str
    basis: int
    limit: int
    ends_at: datetime
    premium_currency: str
    premium_net: int
    premium_tax: int
    package_limit: int | None = None
    destination: str = ""
    since: datetime | None = None
    """When it became known: it counts for what is met from then on. None for the version that was issued."""


class Ended(Struct, frozen=True, array_like=True):
    """The policy was cancelled at `at`; `returned` is premium."""

    version: int
    at: datetime
    from_start: bool
    returned: int


class Package(Struct, frozen=True, array_like=True):
    """A package as tracking's latest word about the order shows it."""

    package_id: str
    lines: tuple[tuple[str, int], ...] = ()
    kinds: tuple[str, ...] = ()
    booked_at: datetime | None = None
    first_scan: tuple[str, Interval] | None = None
    last_scan: tuple[str, Interval] | None = None
    carrier_eta: datetime | None = None
    noted: tuple[tuple[str, Interval], ...] = ()
    """When scans that an exclusion may name were made, of each kind the first one whose time is known."""
    contents_at: datetime | None = None
    """Of which time the word is that `lines` are of."""
    replaces: str = ""
    """The package whose goods are shipped again in this one, where its booking says so."""


class WatchFact(Struct, frozen=True, array_like=True):
    """A watch fell due: the highest version of tracking's word about it."""

    watch_id: str
    package_id: str | None
    version: int
    event: str
    breached: bool
    clock: str
    start: datetime
    source: str
    due: datetime
    as_of: datetime
    feed: str
    arrived: Interval | None = None
    checked_as_of: datetime | None = None


class SeenFact(Struct, frozen=True, array_like=True):
    """Scans say that something happened to a package: the highest version of tracking's word about it."""

    event: str
    package_id: str | None
    version: int
    standing: bool
    when: Interval
    scan: str = ""
    handed_to: str = ""
    also: tuple[tuple[str, Interval], ...] = ()
    """Of every other kind of scan that says so the first one."""

    def told_by(self, kinds: tuple[str, ...]) -> Interval | None:
        """When the first scan of these kinds says that it happened; None if no scan of them does."""
        said = [(self.scan, self.when), *self.also]
        return min([when for kind, when in said if kind in kinds], key=_latest, default=None)


def _latest(when: Interval) -> datetime:
    return when.latest


class Answer(Struct, frozen=True, array_like=True, gc=False):
    """What a payment system said about one refund."""

    refund_id: str
    status: str
    version: int
    minor: int
    currency: str
    provider_ref: str
    known_at: datetime
    retryable: bool = False
    failure: str = ""


class Command(Struct, frozen=True, array_like=True):
    """One money command and what the payment system said about it."""

    step: int
    attempt: int
    refund_id: str
    minor: int
    requested_at: datetime
    patience: datetime
    """Without a terminal answer by then a person is asked."""
    decision_version: int
    pays: str = "refund"
    version: int = 1
    """Of the last message about it: 1 is the command, above it are cancellations."""
    status: str = "requested"
    result_version: int = 0
    """Of the terminal answer that counts."""
    provider_ref: str = ""
    moved: int = 0
    answered_at: datetime | None = None
    retryable: bool = False
    failure: str = ""
    prolonged: bool = False
    outside: bool = False
    """A person said that it was settled outside the payment system's answers."""
    cancel: str = ""
    """Why a person wants it taken back; empty once that was commanded."""
    granted: bool = False
    """A person ordered another attempt."""
    again_by: str = ""
    """By what means the next attempt is to pay, if not by the same."""
    told: int = 0
    """What ClaimSettled said about it."""
    returned: int = 0
    """What the last answer said came back, where that was a part: `moved` is without it."""

    @property
    def in_flight(self) -> bool:
        return self.status in IN_FLIGHT and not self.outside

    @property
    def settled(self) -> int:
        if self.status == "succeeded":
            return self.moved
        return self.minor if self.outside else 0

    @property
    def unpaid(self) -> bool:
        """Whether it ended without money: FAILED or REVERSED."""
        return self.status in ("failed", "reversed") and not self.outside

    @property
    def exhausted(self) -> bool:
        """Whether it ended without money and only a person may order another attempt."""
        return self.unpaid and not self.granted and not (self.retryable and self.attempt < MAX_ATTEMPTS)


class Referral(Struct, frozen=True, omit_defaults=True):
    """A question to a person. `key` says what it is about: the same question is not asked twice."""

    referral_id: str
    key: str
    reason: str
    question: str
    choices: tuple[str, ...]
    opened_at: datetime
    opened_version: int
    amount: int | None = None
    refund_id: str | None = None
    most: int | None = None
    """The largest amount that can be answered, where there is a bound."""
    choice: str = ""
    """What was decided; empty as long as the question is open."""
    decided_by: str = ""
    decided_at: datetime | None = None
    decided_minor: int | None = None

    @property
    def is_open(self) -> bool:
        return not self.choice


class Recovery(Struct, frozen=True, omit_defaults=True):
    """Money that was paid and is asked back."""

    ordinal: int
    reason: str
    minor: int
    recovered: int = 0
    waived: int = 0

    @property
    def outstanding(self) -> int:
        return self.minor - self.recovered - self.waived


class Grant(Struct, frozen=True, array_like=True, gc=False):
    """What a command raised the benefit of a unit to, under which clause, so far as it paid it. Without a package it is
    for the order, if the clause looks at that, or for the remainder."""

    package_id: str | None
    clause_id: str
    late_arrival: str
    minor: int
    refund_id: str = ""
    """Of the command. A grant counts as long as that moved money or may still."""
    worth: int = 0
    """Of the remainder: what it was worth then."""
    among: tuple[str, ...] = ()
    """Of the remainder: the packages beside it. Others took its goods over."""


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
    grants: tuple[Grant, ...] = ()
    """All of them; see `standing_grants`."""
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
    def standing_grants(self) -> tuple[Grant, ...]:
        """For each package and `late_arrival` the highest of those that count (S: paid as lost, taken back in time, the
        parcel arrives late; what was never paid is not kept)."""
        if not self.grants:
            return ()
        gone = {each.refund_id for each in self.commands if not each.in_flight and not each.settled}
        best: dict[tuple[str | None, str], Grant] = {}
        for grant in self.grants:
            key = grant.package_id, grant.late_arrival
            if grant.refund_id not in gone and (key not in best or grant.minor > best[key].minor):
                best[key] = grant
        return tuple(best.values())

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
