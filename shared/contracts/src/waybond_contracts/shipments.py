"""Events of packages (topic `shipments`) and the canonical vocabulary of what can happen to them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.fields import MAX_LINES, MAX_PACKAGES, Code, Count, Id, Instant, Interval, Model, Positive, Text
from waybond_contracts.making import maker
from waybond_contracts.orders import Promise
from waybond_contracts.received import Proof
from waybond_contracts.topics import SHIPMENTS

_INTERVAL = maker(Interval)


class ScanKind(StrEnum):
    """What a scan says; providers' codes are mapped to these (see the events reference)."""

    LABEL_CREATED = "LABEL_CREATED"
    PICKED_UP = "PICKED_UP"
    IN_TRANSIT = "IN_TRANSIT"
    EXPORT_DEPARTED = "EXPORT_DEPARTED"
    IMPORT_ARRIVED = "IMPORT_ARRIVED"
    CUSTOMS_PRESENTED = "CUSTOMS_PRESENTED"
    CUSTOMS_HELD = "CUSTOMS_HELD"
    CUSTOMS_RELEASED = "CUSTOMS_RELEASED"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    DELIVERY_ATTEMPTED = "DELIVERY_ATTEMPTED"
    DELIVERED = "DELIVERED"
    DELAYED = "DELAYED"
    HELD = "HELD"
    DAMAGED = "DAMAGED"
    LOST = "LOST"
    DESTROYED = "DESTROYED"
    REFUSED = "REFUSED"
    ADDRESS_PROBLEM = "ADDRESS_PROBLEM"
    UNCLAIMED = "UNCLAIMED"
    RETURNING = "RETURNING"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"
    STALE = "STALE"
    UNKNOWN = "UNKNOWN"


class HandedTo(StrEnum):
    """Where a delivered parcel was left. The wording says which of them count as delivery."""

    DOOR = "door"
    NEIGHBOUR = "neighbour"
    LOCKER = "locker"
    PICKUP_POINT = "pickup_point"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    """Which way a package goes."""

    OUTBOUND = "outbound"
    """To the buyer."""
    RETURN = "return"
    """Back to the seller. It is no package of the order: nothing of the order arrives, is late or is lost with it."""


class PackageLine(Model):
    """So many units of an order line lie in the package."""

    line_id: Id
    """Of the order."""
    quantity: Positive
    """Units that lie in this package."""


class ShipmentBooked(Event, topic=SHIPMENTS):
    """A package was handed to or announced at a carrier. Without lines it holds an equal part of the order. Booked
    again under its id it is the same package with another label."""

    package_id: Id
    """The platform's own id, unique within the order."""
    carrier: Id
    """The carrier's code."""
    tracking_number: Id
    """As the carrier wrote it."""
    lines: Annotated[tuple[PackageLine, ...], Field(fail_fast=True, max_length=MAX_LINES)] = ()
    """What lies in it."""
    packages_in_order: Annotated[int, Field(ge=1, le=MAX_PACKAGES)] | None = None
    """How many packages the order is shipped in, where the platform knows."""
    promise: Promise | None = None
    """The package's own promise, where it differs from the order's. A later one than was bound counts only where the
    wording follows promises."""
    service: Code = ""
    """The carrier's service."""
    replaces: Id | None = None
    """The package whose goods are shipped again in this one. Pieces that the other is booked with are a replacement and
    worth nothing of their own; all of them are, where what lies in either is not known. An id that is not of another
    package of the order says nothing."""
    direction: Direction = Direction.OUTBOUND
    """`return`: goods that the buyer sends back, under a package id of its own. An id that was booked outbound too is
    an outbound package."""
    dispute_id: Id | None = None
    """With the direction `return`: the complaint whose goods come back; without it the parcel is of no complaint. Of an
    outbound package it says nothing."""

    @property
    def business_key(self) -> str:
        return self.package_id


class ShipmentScanned(Event, topic=SHIPMENTS):
    """The carrier reported something. `occurred_at` is the earliest instant at which it can have happened,
    `occurred_until` the latest, where the zone of the carrier's clock is unknown."""

    package_id: Id
    """As it was booked."""
    kind: ScanKind
    """What happened, in the canonical vocabulary."""
    occurred_until: Instant | None = None
    """The latest instant at which it can have happened; without it: `occurred_at`."""
    handed_to: HandedTo | None = None
    """With DELIVERED: where it was left."""
    carrier_eta: Instant | None = None
    """When the carrier now expects to deliver."""
    provider: Id
    """Who reported it: the carrier or an aggregator."""
    raw_code: Code = ""
    """The provider's own code."""
    raw_text: Text = ""
    """The provider's own words."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    """Where it was scanned (two letters)."""
    scan_ref: Id | None = None
    """The provider's own id of the scan."""
    direction: Direction | None = None
    """Which way the parcel goes, where its provider says so; none: as the package was booked."""
    proof: Proof | None = None
    """With DELIVERED: what the carrier or platform knows of the delivery. It may come with a later scan."""

    @model_validator(mode="after")
    def _ordered(self) -> "ShipmentScanned":
        if self.occurred_until is not None and self.occurred_until < self.occurred_at:
            raise ContractError("occurred_until", "occurred_at or later", self.occurred_until.isoformat())
        return self

    @property
    def when(self) -> Interval:
        latest = self.occurred_until or self.occurred_at
        return _INTERVAL({"earliest": self.occurred_at, "latest": latest})

    @property
    def business_key(self) -> str:
        return f"{self.package_id}/{self.kind}/{self.occurred_at.isoformat()}"


class ShipmentChecked(Event, topic=SHIPMENTS):
    """The carrier was asked: all that it knew up to `as_of` has been published before this."""

    package_id: Id
    """As it was booked."""
    as_of: Instant
    """Up to when the carrier answered."""
    provider: Id
    """Who was asked."""
    scans_known: Count = 0
    """How many scans the carrier had."""

    @property
    def business_key(self) -> str:
        return f"{self.package_id}/{self.as_of.isoformat()}"
