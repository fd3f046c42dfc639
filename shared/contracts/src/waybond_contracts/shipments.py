"""Events of packages (topic `shipments`) and the canonical vocabulary of what can happen to them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from waybond_contracts.event import Event
from waybond_contracts.fields import MAX_LINES, Code, Count, Id, Instant, Interval, Model, Positive, Text
from waybond_contracts.orders import Promise
from waybond_contracts.topics import SHIPMENTS


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


class PackageLine(Model):
    """So many units of an order line lie in the package."""

    line_id: Id
    quantity: Positive


class ShipmentBooked(Event, topic=SHIPMENTS):
    """A package was handed to or announced at a carrier. Without lines it holds an equal part of the order."""

    package_id: Id
    carrier: Id
    tracking_number: Id
    lines: Annotated[tuple[PackageLine, ...], Field(max_length=MAX_LINES)] = ()
    packages_in_order: Annotated[int, Field(ge=1, le=50)] | None = None
    """How many packages the order is shipped in, where the platform knows."""
    promise: Promise | None = None
    """The package's own promise, where it differs from the order's."""
    service: Code = ""

    @property
    def business_key(self) -> str:
        return self.package_id


class ShipmentScanned(Event, topic=SHIPMENTS):
    """The carrier reported something. `occurred_at` is the earliest instant at which it can have happened,
    `occurred_until` the latest, where the zone of the carrier's clock is unknown."""

    package_id: Id
    kind: ScanKind
    occurred_until: Instant | None = None
    handed_to: HandedTo | None = None
    carrier_eta: Instant | None = None
    provider: Id
    raw_code: Code = ""
    raw_text: Text = ""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    scan_ref: Id | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "ShipmentScanned":
        if self.occurred_until is not None and self.occurred_until < self.occurred_at:
            raise ValueError("occurred_until was expected to be occurred_at or later")
        return self

    @property
    def when(self) -> Interval:
        latest = self.occurred_until or self.occurred_at
        return Interval.model_construct(earliest=self.occurred_at, latest=latest)

    @property
    def business_key(self) -> str:
        return f"{self.package_id}/{self.kind}/{self.occurred_at.isoformat()}"


class ShipmentChecked(Event, topic=SHIPMENTS):
    """The carrier was asked: all that it knew up to `as_of` has been published before this."""

    package_id: Id
    as_of: Instant
    provider: Id
    scans_known: Count = 0

    @property
    def business_key(self) -> str:
        return f"{self.package_id}/{self.as_of.isoformat()}"
