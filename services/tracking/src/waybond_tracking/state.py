"""What tracking keeps of one order: the facts that it knows and what it has said about them."""

from datetime import datetime, timedelta

from msgspec import Struct

from waybond_contracts.delays import Feed
from waybond_contracts.shipments import HandedTo, ScanKind
from waybond_contracts.watches import WatchKind
from waybond_contracts.wording import Clock, DeliveredBy, Scope


class When(Struct, frozen=True, array_like=True, gc=False):
    """When something happened: an instant, or the span up to `until` where the zone of its clock is unknown."""

    earliest: datetime
    until: datetime | None = None

    @property
    def latest(self) -> datetime:
        return self.until or self.earliest


def when(earliest: datetime, latest: datetime) -> When:
    """The interval; an instant takes half the room in the state."""
    return When(earliest, None if latest == earliest else latest)


class Proof(Struct, frozen=True, array_like=True, gc=False):
    """What one scan tells of a delivery (see waybond_contracts.received.Proof); None is unknown."""

    at: datetime
    """When it was scanned."""
    signature: str | None = None
    photo: bool | None = None
    code: bool | None = None
    address_matches: bool | None = None
    distance_m: int | None = None


class SaidProof(Struct, frozen=True, array_like=True, gc=False):
    """What was published last of what is known of a package's delivery."""

    package_id: str
    proof: Proof | None = None
    """Of all its scans together."""
    again: datetime | None = None
    """When it was first scanned as delivered once more."""


class Scan(Struct, frozen=True, array_like=True):
    """One scan as it is kept; its raw text stays on the topic."""

    kind: ScanKind
    when: When
    provider: str
    raw_code: str = ""
    handed_to: HandedTo | None = None


class Heard(Struct, frozen=True, array_like=True):
    """A stretch of time in which the parcel was heard of without a silence that a wording can ask for; `kind` is
    that of the scan at its end."""

    when: When
    kind: ScanKind


class Eta(Struct, frozen=True, array_like=True, gc=False):
    """The carrier expected the arrival at `eta`. It said so at `first_said` and at `last_said`, which are alike for a
    single mention; no mention between them is kept."""

    eta: datetime
    first_said: datetime
    last_said: datetime


class Line(Struct, frozen=True, array_like=True, gc=False):
    """So many units of an order line lie in the package."""

    line_id: str
    quantity: int


class Promised(Struct, frozen=True, array_like=True, gc=False):
    """The platform's promise from `said` on."""

    revision: int
    said: datetime
    latest: datetime


class PackagePromise(Struct, frozen=True, array_like=True, gc=False):
    """The package's own promise, from the booking at `said` on."""

    said: datetime
    latest: datetime


class Package(Struct, frozen=True, omit_defaults=True):
    """One package: its booking, the first and the last scan of each kind, when it was heard of beside these."""

    id: str
    booked_at: datetime | None = None
    """The first booking: the clock fulfilment starts."""
    rebooked_at: datetime | None = None
    """The booking that the fields below come from, if a later one replaced the first."""
    carrier: str = ""
    tracking_number: str = ""
    lines: tuple[Line, ...] = ()
    packages_in_order: int | None = None
    promises: tuple[PackagePromise, ...] = ()
    """Of all bookings: a later one must not undo that an earlier promise was missed."""
    scans: tuple[Scan, ...] = ()
    heard: tuple[Heard, ...] = ()
    """Of the scans that are not kept."""
    etas: tuple[Eta, ...] = ()
    checked_as_of: datetime | None = None
    spoke: tuple[datetime, ...] = ()
    """The first instants of physical scans that are not kept: whether silence says something (see first_heard)."""
    replaces: str | None = None
    """The package whose goods are shipped again in this one, as the newest booking says."""
    dispute_id: str | None = None
    """Of a package that the buyer sends back: the complaint whose goods come back, as the newest booking says."""
    proofs: tuple[Proof, ...] = ()
    """What scans of deliveries tell, by time; MAX_PROOFS at most, the newest ones."""

    @property
    def contents_as_of(self) -> datetime | None:
        """When the booking was made that says what lies in it."""
        return self.rebooked_at or self.booked_at


class Watch(Struct, frozen=True, cache_hash=True):
    """A watch of the policy (see waybond_contracts.watches.Watch)."""

    id: str
    clock: Clock
    kind: WatchKind
    after: timedelta
    scope: Scope
    delivered_by: tuple[DeliveredBy, ...]
    follow_promise: bool
    ask_carrier: bool
    answer_within: timedelta
    live_after: int = 0
    live_kinds: tuple[ScanKind, ...] = ()


class Former(Struct, frozen=True, array_like=True):
    """A watch of an earlier version of the policy: it counts for what was missed `until` the version that has it no
    more was made."""

    until: datetime
    watch: Watch


class Policy(Struct, frozen=True, omit_defaults=True):
    """The cover, as far as tracking needs it: the highest version of its terms, and its cancellation."""

    id: str
    version: int = 0
    attached_at: datetime | None = None
    ends_at: datetime | None = None
    cancelled_version: int = 0
    cancelled_at: datetime | None = None
    from_start: bool = False

    @property
    def cancelled(self) -> bool:
        return self.cancelled_version > self.version

    @property
    def ended_at(self) -> datetime | None:
        """When cover ends or ended; None while the policy's terms are not known."""
        if self.cancelled and self.cancelled_at is not None:
            return self.cancelled_at if self.ends_at is None else min(self.ends_at, self.cancelled_at)
        return self.ends_at

    @property
    def covered_until(self) -> datetime | None:
        """The last instant at which a watch may fall due: one beyond the cover's end pays nothing any more."""
        return None if self.cancelled and self.from_start else self.ended_at


class Breach(Struct, frozen=True, array_like=True):
    """A watch fell due and was broken. `package_id` None: the order as a whole."""

    watch_id: str
    package_id: str | None
    scope: Scope
    kind: WatchKind
    clock: Clock
    start: datetime
    source: str
    due: datetime
    arrived: When | None = None
    feed: Feed = Feed.NOT_ASKED
    asked_at: datetime | None = None
    checked_as_of: datetime | None = None


class SaidBreach(Struct, frozen=True, array_like=True):
    """What was published last about one watch of one package."""

    version: int
    stands: bool
    breach: Breach


class SaidSeen(Struct, frozen=True, array_like=True):
    """What was published last about what was seen of one package; `kind` names the event's type."""

    kind: str
    package_id: str
    version: int
    stands: bool
    scan: Scan
    also: tuple[Scan, ...] = ()
    """Of every other kind that says so the first one that stands."""


class SaidReturn(Struct, frozen=True, omit_defaults=True):
    """What was published last about a package that the buyer sends back."""

    package_id: str
    version: int
    stands: bool = True
    """False: it is a package of the order."""
    booked_at: datetime | None = None
    dispute_id: str | None = None
    carrier: str = ""
    tracking_number: str = ""
    lines: tuple[Line, ...] = ()
    handed_in: Scan | None = None
    back: Scan | None = None
    lost: Scan | None = None
    sent_back: Scan | None = None


class Asked(Struct, frozen=True, array_like=True):
    """A check that was asked for because a watch fell due; a person decides if it is not answered by `answer_by`."""

    watch_id: str
    package_id: str | None
    due: datetime
    asked_at: datetime
    answer_by: datetime


class State(Struct, frozen=True, omit_defaults=True):
    """One order. Facts first, then what was said; everything that is concluded is computed from the facts anew."""

    tenant: str
    platform: str
    order_id: str
    since: datetime
    """When the first fact, or the order itself, became known: without a policy the state is not kept for ever."""
    placed_at: datetime | None = None
    paid_at: datetime | None = None
    promised: datetime | None = None
    """The promise as it was bound."""
    lines: tuple[Line, ...] = ()
    """The order's lines with all their pieces, as placed or as last amended; none where they are not known.

    Scenario: the order was placed before tracking kept them."""
    free: tuple[str, ...] = ()
    """Lines that cost nothing: they are worth nothing, so they make no remainder."""
    lines_revision: int | None = None
    """Of the amendment that `lines` are of."""
    lines_minor: int = 0
    """What the lines of that amendment cost together: of two amendments of one revision the larger counts."""
    promises: tuple[Promised, ...] = ()
    packages: tuple[Package, ...] = ()
    policy: Policy | None = None
    watches: tuple[Watch, ...] = ()
    former: tuple[Former, ...] = ()
    """Watches of earlier versions of the policy that its last one does not have; MAX_FORMER at most, the newest ones.
    Scenario: the parcel is late on a lane with delay cover, and then the order goes elsewhere."""
    watched_to: datetime | None = None
    """The highest due of a wake: all that became known up to here has been read, so silence up to here is a fact."""
    said: tuple[SaidBreach, ...] = ()
    seen: tuple[SaidSeen, ...] = ()
    asked: tuple[Asked, ...] = ()
    contents_version: int = 0
    """Of the last ContentsChanged. What it told are the contents of `packages`: a decision that changes them tells
    them."""
    dropped: int = 0
    """How many facts lay beyond a bound and were left out; shown in the aggregate's status."""
    returns: tuple[Package, ...] = ()
    """Packages that the buyer sends back; none of them is in `packages`."""
    returned: tuple[SaidReturn, ...] = ()
    proved: tuple[SaidProof, ...] = ()
    """What was published of deliveries of which more is known than that they were made."""

    @property
    def packages_in_order(self) -> int | None:
        """How many packages the order is shipped in, as the latest booking that said so has it (S: the seller packs two
        parcels as one and books that again)."""
        said = [
            (each.contents_as_of, each.packages_in_order)
            for each in self.packages
            if each.booked_at is not None and each.packages_in_order
        ]
        return max(said, key=lambda each: (each[0] or self.since, each[1]), default=(None, None))[1]
