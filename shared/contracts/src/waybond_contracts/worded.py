"""What product and rating files are made of: parts that refuse unknown fields, and sums in major units."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from waybond_contracts.fields import Model
from waybond_contracts.money import Money

MajorAmount = Annotated[str, StringConstraints(max_length=32, pattern=r"^[0-9]{1,16}(\.[0-9]{1,4})?$")]


class Strict(Model):
    """A part of a wording. An unknown field is refused: a misspelt rule must not be silently no rule."""

    model_config = Model.model_config | {"extra": "forbid", "strict": False}


class Amount(Strict):
    """A sum in major units ("5", "7.50"), in the order's currency or another, converted at the rate pinned at bind."""

    amount: MajorAmount
    """In major units, as a decimal string."""
    currency: Annotated[str, Field(pattern=r"^([A-Z]{3}|order)$")] = "order"
    """ISO 4217 code, or `order`: the currency of the order."""

    @model_validator(mode="after")
    def _known(self) -> "Amount":
        if self.currency != "order":
            Money.parse(self.amount, self.currency)
        return self
