"""What a wording says of goods that are sent back: the clocks of each step, and what follows where one is not kept."""

from typing import Literal

from pydantic import model_validator

from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Duration
from waybond_contracts.worded import Strict


class ReturnTerms(Strict):
    """A return is a journey: a label is sent, the parcel is handed in, it comes back, and the seller says what was in
    it. Each clock starts when Waybond tells that its step is open; the next step starts with what ends the one before.

    `pay`: what the clause gives is due, once. `close`: nothing is. `refer`: a person decides."""

    label_within: Duration | None = None
    """How long the seller has to send a label, from when the return is asked for: it is there once a package with the
    direction `return` is booked for the complaint. Without it no label is waited for."""
    unlabelled: Literal["pay", "refer"] = "refer"
    """With label_within: what follows if no label comes."""
    handed_in_within: Duration
    """How long the buyer has to hand the parcel in, from when there is a label: the carrier's first scan."""
    not_handed_in: Literal["close", "refer"] = "close"
    """What follows if nothing is handed in."""
    handed_in_late: Literal["counts", "refer", "close"] = "refer"
    """What follows once it is handed in after that time: it goes on as if it had been in time (counts), or not."""
    back_within: Duration
    """How long the carrier has to bring it back, from when it is handed in."""
    not_back: Literal["pay", "refer", "close"] = "refer"
    """What follows if it is not delivered by then, or as soon as the carrier says that it was lost."""
    acknowledged_within: Duration
    """How long the seller has to say what came back (ReturnReceived), from when it is delivered."""
    silent: Literal["pay", "refer"] = "pay"
    """What the seller's silence means."""
    damaged: Literal["pay", "refer"] = "refer"
    """What follows if the seller says that the goods came back damaged. `received` pays; no word of a seller closes."""
    empty: Literal["pay", "refer"] = "refer"
    """If the parcel was empty."""
    missing: Literal["pay", "refer"] = "refer"
    """If goods were missing in it, or it never came."""
    other_item: Literal["pay", "refer"] = "refer"
    """If something else came back."""

    @model_validator(mode="after")
    def _consistent(self) -> "ReturnTerms":
        for field in ("label_within", "handed_in_within", "back_within", "acknowledged_within"):
            duration = getattr(self, field)
            if duration is not None and not duration:
                raise ContractError(field, "a duration above zero", "PT0S")
        if "unlabelled" in self.model_fields_set and self.label_within is None:
            raise ContractError("unlabelled", "label_within beside it: without it no label is waited for", "")
        return self
