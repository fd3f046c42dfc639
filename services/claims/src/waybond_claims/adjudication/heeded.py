"""What signals say of a complaint under a clause that heeds other orders.

A condition that holds asks a person. So does their silence: 30 seconds after the complaint, a photo or the order became
known. Nothing here denies or pays.
"""

from datetime import timedelta

from msgspec import Struct

from waybond_claims.case.complaint import Dispute
from waybond_claims.case.signalled import Signalled
from waybond_contracts.signals import SubjectKind
from waybond_contracts.wording import Clause

ANSWERED_WITHIN = timedelta(seconds=30)
CLEAR, REFER, MISSING, WAITS = "clear", "refer", "missing", "waits"
_PHOTO, _BUYER = SubjectKind.PHOTO, SubjectKind.BUYER.value
NO_ANSWER = "What signals know of other orders did not come in time."


class Held(Struct, frozen=True, gc=False):
    """A condition that holds, and by which numbers."""

    of: str
    fact: str
    value: int
    above: int
    orders: int | None = None
    of_orders: str | None = None

    @property
    def told(self) -> str:
        share = f", and above {self.of_orders} of {self.orders} orders" if self.of_orders is not None else ""
        return f"{self.fact} of the {self.of} is {self.value} (above {self.above}{share})"


class Heard(Struct, frozen=True, gc=False):
    """What follows from what signals told."""

    outcome: str
    """CLEAR, REFER, MISSING or WAITS."""
    version: int = 0
    held: tuple[Held, ...] = ()

    @property
    def told(self) -> str:
        """In words, for the person who decides; nothing where nothing speaks for a look."""
        if self.held:
            return f"Signals of other orders: {'; '.join([each.told for each in self.held])}."
        return NO_ANSWER if self.outcome == MISSING else ""


def heard_of(known: Signalled | None, clause: Clause, complaint: Dispute) -> Heard | None:
    """What signals say of the complaint; None where the clause heeds no other orders."""
    if not clause.refer_when:
        return None
    if known is None:
        return Heard(WAITS)
    held = _held(known, clause) if complaint.dispute_id in known.disputes else ()
    if held:
        # Also before a new photo was compared: a question that is open stays open.
        return Heard(REFER, known.version, held)
    if is_answered(known, clause, complaint):
        return Heard(CLEAR, known.version)
    return Heard(MISSING if complaint.dispute_id in known.silent else WAITS, known.version)


def is_answered(known: Signalled, clause: Clause, complaint: Dispute) -> bool:
    """Whether signals told all that the clause asks about the complaint, as it stands now."""
    kinds = {each.of for each in clause.refer_when}
    if complaint.dispute_id not in known.disputes or any(each.value in known.late for each in kinds):
        return False
    if _PHOTO in kinds and not set(known.photos) <= set(known.compared):
        return False
    # Each order names its buyer: without one signals had not heard of the order.
    return kinds == {_PHOTO} or _BUYER not in known.unknown


def _held(known: Signalled, clause: Clause) -> tuple[Held, ...]:
    values = {(each.of, each.fact): each.value for each in known.facts}
    found: list[Held] = []
    for each in clause.refer_when:
        of, beside = each.of.value, each.fact.orders
        value = values.get((of, each.fact.value), 0)
        orders = values.get((of, beside.value), 0) if beside is not None else 0
        if each.holds(value, orders):
            share = each.of_orders
            found.append(Held(of, each.fact.value, value, each.above, orders if share is not None else None, share))
    return tuple(found)
