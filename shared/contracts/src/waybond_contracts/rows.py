"""What a money command pays for: rows that add up to its amount, one for each unit and clause."""

from typing import Annotated

from pydantic import Field

from waybond_contracts.fields import MAX_PACKAGES, Code, Id, Model
from waybond_contracts.money import MoreThanZero

MAX_ROWS = MAX_PACKAGES + 2
"""Packages, the remainder, and the order as a whole."""


class PaidRow(Model):
    """A part of a command's amount: what is paid for one unit (a package, the remainder, or the order as a whole)."""

    package_id: Id | None = None
    """The package; none: the order as a whole, or the remainder."""
    remainder: bool = False
    """Whether it is for the goods that were ordered and that no package holds."""
    clause_id: Code
    """The clause of the wording that it is paid under."""
    amount: MoreThanZero
    """How much of the command's amount."""
    remedy: Code = ""
    """Where the clause names remedies: which one it is (refund, part_refund, keep, return, credit)."""
    borne_by: Code = ""
    """Who bears it then: insurer, seller, platform."""


PaidRows = Annotated[tuple[PaidRow, ...], Field(fail_fast=True, max_length=MAX_ROWS)]
