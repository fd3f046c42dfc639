"""Events of tracking (topic `delays`): what it concludes of a parcel, each with what it knew."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from waybond_contracts.event import Event
from waybond_contracts.fields import (
    MAX_LINES,
    MAX_PACKAGES,
    MAX_SCAN_KINDS,
    Code,
    Id,
    Instant,
    Interval,
    Model,
    Positive,
)
from waybond_contracts.received import Proof
from waybond_contracts.shipments import HandedTo, PackageLine, ScanKind
from waybond_contracts.topics import DELAYS
from waybond_contracts.wording import Clock, DeliveredBy, Scope


class Feed(StrEnum):
    """Whether the carrier's silence may be believed: it was not asked (the wording does not want it), it answered
    after the clock ran out, or it did not answer in time (then a person decides)."""

    NOT_ASKED = "not_asked"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"


class ScanSeen(Model):
    """One scan as it is kept: its kind, when it happened, what the provider called it."""

    kind: ScanKind
    """In the canonical vocabulary."""
    when: Interval
    """When it happened."""
    provider: Code = ""
    """Who reported it."""
    raw_code: Code = ""
    """The provider's own code."""


class PackageJourney(Model):
    """What is known of one package."""

    package_id: Id
    """As it was booked."""
    carrier: Code = ""
    """The carrier's code."""
    tracking_number: Code = ""
    """As the carrier wrote it."""
    lines: Annotated[tuple[PackageLine, ...], Field(fail_fast=True, max_length=MAX_LINES)] = ()
    """What lies in it, where that is known."""
    booked_at: Instant | None = None
    """When it was first booked."""
    contents_as_of: Instant | None = None
    """When the booking was made that `lines` are of: the newest one."""
    replaces: Id | None = None
    """The package whose goods are shipped again in this one, where the booking says so."""
    first_scan: ScanSeen | None = None
    """The first physical scan."""
    last_scan: ScanSeen | None = None
    """The latest physical scan."""
    kinds: Annotated[tuple[ScanKind, ...], Field(fail_fast=True, max_length=MAX_SCAN_KINDS)] = ()
    """Every kind of scan seen."""
    carrier_eta: Instant | None = None
    """When the carrier last expected to deliver."""
    arrived: Interval | None = None
    """When it was delivered, by any of the ways that a wording may count."""
    handed_to: HandedTo | None = None
    """Where it was left; none as long as it waits to be picked up."""


class Journey(Model):
    """What was known of the order's packages when tracking spoke."""

    packages: Annotated[tuple[PackageJourney, ...], Field(fail_fast=True, max_length=MAX_PACKAGES)] = ()
    """Every package known."""
    packages_in_order: Annotated[int, Field(ge=1, le=MAX_PACKAGES)] | None = None
    """How many there are, where the platform said so."""
    promised_latest: Instant | None = None
    """The promise as it stood."""
    contents_version: Positive | None = None
    """The version of ContentsChanged whose contents these are; of two journeys the higher one's contents count."""


class DelayEvent(Event):
    """Base: tracking's word about one package. Without `package_id` it is about the order as a whole or, with scope
    package, about the goods that no package holds. The highest `version` wins."""

    policy_id: Id
    """The policy that asked."""
    package_id: Id | None = None
    """The package; none: the order as a whole or, with scope package, the goods that no package holds."""
    version: Positive
    """Counts up for the same watch or kind and package; the highest is what holds."""
    as_of: Instant
    """Up to when tracking had read its inputs."""
    journey: Journey
    """What was known of all packages."""


class WatchFellDue(DelayEvent):
    """Base: a watch fell due at `due`. `breached` is false if a later fact says that the promise was kept after all."""

    watch_id: Id
    """Of PolicyIssued.watches."""
    scope: Scope
    """Whether it looks at one package or at all."""
    clock: Clock
    """What the duration was counted from."""
    clock_start: Instant
    """When the clock started: the later end of its fact's interval."""
    clock_source: Code
    """The fact that started the clock (OrderPlaced.promise.latest, ShipmentScanned/IN_TRANSIT, ...)."""
    due: Instant
    """clock_start and the watch's duration."""
    breached: bool
    """False: the promise was kept after all."""
    arrived: Interval | None = None
    """When the package (the last of them, with scope order) arrived, if it did."""
    feed: Feed = Feed.NOT_ASKED
    """Whether the carrier was asked and answered."""
    asked_at: Instant | None = None
    """When the carrier was asked."""
    checked_as_of: Instant | None = None
    """Up to when the carrier answered."""

    @property
    def business_key(self) -> str:
        return f"{self.policy_id}/{self.watch_id}/{self.package_id or ''}/{self.version}"


class ShipmentDelayed(WatchFellDue, topic=DELAYS):
    """It was not delivered by the time that the watch gave it."""


class ShipmentStalled(WatchFellDue, topic=DELAYS):
    """Nothing was heard of it for as long as the watch allows."""


class PackageSeen(DelayEvent):
    """Base: scans say that something happened to the package. `standing` is false if later scans contradict it."""

    when: Interval
    """When it happened."""
    scan: ScanSeen | None = None
    """The scan that says so."""
    standing: bool = True
    """False: later scans contradict it."""
    also: Annotated[tuple[ScanSeen, ...], Field(fail_fast=True, max_length=MAX_SCAN_KINDS)] = ()
    """Of every other kind of scan that says so (RETURNED after RETURNING) the first one that stands."""

    @property
    def business_key(self) -> str:
        return f"{self.policy_id}/{self.package_id or ''}/{self.version}"


class ShipmentLost(PackageSeen, topic=DELAYS):
    """The carrier declared it lost (or destroyed)."""


class ShipmentDamaged(PackageSeen, topic=DELAYS):
    """The carrier reported damage."""


class ShipmentReturned(PackageSeen, topic=DELAYS):
    """It is on its way back or back with the sender."""


class ShipmentHindered(PackageSeen, topic=DELAYS):
    """Something came between that a wording may name in an exclusion: it was held, refused, not collected, its address
    was wrong, a delivery failed, or its label was cancelled. Later scans take none of it back."""


class ShipmentDelivered(PackageSeen, topic=DELAYS):
    """It arrived: it was delivered or, as long as nobody has it, it is ready to be picked up."""

    handed_to: DeliveredBy = DeliveredBy.UNKNOWN
    """Where it was left, or that it waits to be picked up: whether that is delivery is in the wording."""
    proof: Proof | None = None
    """What its carrier knows of the delivery: of each field the newest scan that says something."""
    again: Instant | None = None
    """When it was first scanned as delivered once more, at least 6 hours after `when`."""


class ContentsChanged(DelayEvent, topic=DELAYS):
    """What the order's packages hold has changed: a package became known, was booked or was booked again. The contents
    are in the journey; `package_id` is never set."""

    @property
    def business_key(self) -> str:
        return f"{self.policy_id}/{self.version}"


class ReturnMoved(Event, topic=DELAYS):
    """What is known of a package that the buyer sends back; published whenever it says more. The highest `version` of a
    package counts. Such a package is in no journey, and no watch looks at it."""

    policy_id: Id | None = None
    """The order's policy, where it is known."""
    package_id: Id
    """As it was booked."""
    version: Positive
    """Counts up for the package."""
    as_of: Instant
    """Up to when tracking had read its inputs."""
    standing: bool = True
    """False: it turned out to be a package of the order."""
    dispute_id: Id | None = None
    """The complaint whose goods come back, as the newest booking says; none: of no complaint."""
    lines: Annotated[tuple[PackageLine, ...], Field(fail_fast=True, max_length=MAX_LINES)] = ()
    """What lies in it, where that is known."""
    carrier: Code = ""
    """The carrier's code."""
    tracking_number: Code = ""
    """As the carrier wrote it."""
    booked_at: Instant | None = None
    """When it was first booked: from then on there is a label."""
    handed_in: Interval | None = None
    """When somebody first had it in hand."""
    back: Interval | None = None
    """When it was delivered, if no later movement contradicts that."""
    lost: Interval | None = None
    """When the carrier declared it lost or destroyed, if it was not found again."""
    sent_back: Interval | None = None
    """When it turned round, on its way back to the buyer."""

    @property
    def business_key(self) -> str:
        return f"{self.package_id}/{self.version}"


class TrackingCheckRequested(Event, topic=DELAYS):
    """Whoever feeds shipments is asked to look the package up at its carrier and to answer with ShipmentChecked."""

    policy_id: Id
    """The policy that asks."""
    watch_id: Id
    """The watch that fell due."""
    package_id: Id
    """The package to look up."""
    carrier: Code = ""
    """Its carrier."""
    tracking_number: Code = ""
    """As the carrier wrote it."""
    due: Instant
    """When the watch fell due: the answer must cover it."""
    answer_by: Instant
    """After this a person decides."""

    @property
    def business_key(self) -> str:
        return f"{self.policy_id}/{self.watch_id}/{self.package_id}/{self.due.isoformat()}"
