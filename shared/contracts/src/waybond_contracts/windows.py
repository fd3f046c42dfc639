"""When a claim may be filed: the clocks that open and close a clause's window, and the outer limit of both."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from waybond_contracts.business_days import BusinessDays
from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Duration
from waybond_contracts.places import LanePattern
from waybond_contracts.sale import MAX_LANES
from waybond_contracts.worded import Strict


class Clock(StrEnum):
    """What a duration is counted from."""

    ORDER = "order"
    PAYMENT = "payment"
    FULFILMENT = "fulfilment"
    LABEL = "label"
    FIRST_SCAN = "first_scan"
    LAST_SCAN = "last_scan"
    CARRIER_ETA = "carrier_eta"
    PROMISED_LATEST = "promised_latest"
    DELIVERED = "delivered"


class OuterLimit(Strict):
    """A day after which nothing can be claimed, whatever else the window says."""

    clock: Clock
    """What it is counted from."""
    after: Duration
    """How long."""


class OtherClock(Strict):
    """The window where nothing is known that its own clock starts from.

    Scenario: where no day was promised, a buyer waits for 15 days after the order.
    """

    clock: Clock
    """What both are counted from."""
    opens: Duration | None = None
    """Earliest filing."""
    closes: Duration | None = None
    """Latest filing."""


class ClaimWindow(Strict):
    """When a claim may be filed, counted from a clock."""

    clock: Clock
    """What both are counted from."""
    opens: Duration | None = None
    """Earliest filing."""
    opens_by_lane: Annotated[dict[LanePattern, Duration], Field(max_length=MAX_LANES)] = Field(default_factory=dict)
    """For lanes; the closest pattern wins."""
    closes: Duration | None = None
    """Latest filing."""
    closes_by_lane: Annotated[dict[LanePattern, Duration], Field(max_length=MAX_LANES)] = Field(default_factory=dict)
    """For lanes; the closest pattern wins."""
    opens_business: BusinessDays | None = None
    """Earliest filing in business days. Beyond the calendar's years `opens` counts, which has to stand beside it."""
    closes_business: BusinessDays | None = None
    """Latest filing in business days. Beyond the calendar's years `closes` counts, which has to stand beside it."""
    closes_clock: Clock | None = None
    """What the latest filing is counted from, where that is another clock than the one it opens by."""
    otherwise: OtherClock | None = None
    """The window as long as nothing is known that `clock` starts from; without it the window is not open yet."""
    outer: OuterLimit | None = None
    """No claim later than this."""

    @model_validator(mode="after")
    def _consistent(self) -> "ClaimWindow":
        for name, plain, by_lane, business in (
            ("opens", self.opens, self.opens_by_lane, self.opens_business),
            ("closes", self.closes, self.closes_by_lane, self.closes_business),
        ):
            if business is not None and (plain is None or by_lane):
                expected = f"{name} beside it, which counts beyond the calendar's years, and no {name}_by_lane"
                raise ContractError(f"{name}_business", expected)
        if self.closes_clock is not None and self.closes is None and not self.closes_by_lane:
            raise ContractError("closes_clock", "closes: it says what that is counted from", self.closes_clock)
        return self
