"""How far the return of goods has come, as the clause words it: the step that is open, or what follows from its end.

It follows each time from what is on file, so facts may come in any order. What the seller says came back counts first,
whatever the carrier shows; then the delivery, then the parcel's way, then the label. A date counts as over once a wake
has passed it. Labels that nobody used say nothing.

Scenario: the seller says on day 9 that the goods are back, the carrier's delivery of day 8 becomes known on day 12. It
is paid on day 9.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from waybond_claims.case.complaint import Dispute
from waybond_claims.case.returning import (
    ACKNOWLEDGED,
    BACK,
    HANDED_IN,
    LABEL,
    Parcel,
    Receipt,
    Returning,
    returning_of,
)
from waybond_claims.case.state import Case
from waybond_contracts.claimed import RemedyKind
from waybond_contracts.return_terms import ReturnTerms
from waybond_contracts.wording import Clause

PAYS, REFERS, CLOSES = "pay", "refer", "close"
RECEIVED = "received"
MAX_NAMED = 5
"""Of parcels, in what a person is told."""


class Step(Struct, frozen=True, gc=False):
    """Something that has to happen on the way back."""

    name: str
    of: str
    """Who has to act: seller, buyer or carrier."""
    within: timedelta
    otherwise: str
    """What follows if it does not happen in time."""


class Returned(Struct, frozen=True, gc=False):
    """How far a return has come: at a step that is open, or at an end from which something follows."""

    what: str
    """The open step, or how it ended."""
    follows: str = ""
    """pay, refer or close; empty: a step is open."""
    step: Step | None = None
    why: str = ""
    """What a person is told."""


def return_terms(clause: Clause) -> ReturnTerms | None:
    """What the clause says of a return that is tracked, if it wants one."""
    return next((each.journey for each in clause.remedies if each.remedy is RemedyKind.RETURN), None)


def returned(case: Case, complaint: Dispute, clause: Clause, terms: ReturnTerms) -> Returned:
    """How far the return for the complaint has come."""
    kept = returning_of(case.returning, complaint.dispute_id, clause.id) or Returning(complaint.dispute_id, clause.id)
    parcels = [each for each in case.returns if each.standing and each.dispute_id == complaint.dispute_id]
    on_its_way = [each for each in parcels if each.handed_in is not None]
    receipts = _newest(case, complaint)
    said = _said(terms, receipts)
    if said is not None and (said.follows == REFERS or _covers(_wanted(case, complaint), on_its_way, receipts)):
        return said
    if on_its_way:
        return _way(kept, terms, on_its_way)
    if not parcels and terms.label_within is not None:
        if not kept.is_over(LABEL):
            return _open(Step(LABEL, "seller", terms.label_within, terms.unlabelled))
        return Returned("unlabelled", terms.unlabelled, why="The seller sent no label for the return.")
    if not kept.is_over(HANDED_IN):
        return _open(Step(HANDED_IN, "buyer", terms.handed_in_within, terms.not_handed_in))
    return Returned("not_handed_in", terms.not_handed_in, why="The buyer handed nothing in.")


# the parcels


def _way(kept: Returning, terms: ReturnTerms, parcels: list[Parcel]) -> Returned:
    """Of parcels that were handed in: all have to come back, and one of them in time is enough to be in time."""
    by, at = kept.until(HANDED_IN), min([each.handed_in.earliest for each in parcels if each.handed_in is not None])
    if by is not None and at > by and terms.handed_in_late != "counts":
        why = f"{_named(parcels)} was handed in on {at:%F}, after {by:%F %H:%M} UTC."
        return Returned("handed_in_late", terms.handed_in_late, why=why)
    if all(each.back is not None for each in parcels):
        if not kept.is_over(ACKNOWLEDGED):
            return _open(Step(ACKNOWLEDGED, "seller", terms.acknowledged_within, terms.silent))
        why = f"{_named(parcels)} is back, and the seller does not say what was in it."
        return Returned("silent", terms.silent, why=why)
    waiting = [each for each in parcels if each.back is None]
    if any(each.sent_back is not None for each in waiting):
        return Returned("sent_back", REFERS, why=f"{_named(waiting)} turned round, on its way back to the buyer.")
    if any(each.lost is not None for each in waiting):
        return Returned("lost", terms.not_back, why=f"{_named(waiting)} was lost on its way back.")
    if kept.is_over(BACK):
        return Returned("not_back", terms.not_back, why=f"{_named(waiting)} was handed in, and is not back.")
    return _open(Step(BACK, "carrier", terms.back_within, terms.not_back))


def _named(parcels: list[Parcel]) -> str:
    return f"The return {', '.join([each.name for each in parcels][:MAX_NAMED])}"


def _open(step: Step) -> Returned:
    return Returned(step.name, step=step)


# what the seller says


def _newest(case: Case, complaint: Dispute) -> list[Receipt]:
    """Of receipts about the same package and lines the newest."""
    found: dict[tuple[str, tuple[str, ...]], Receipt] = {}
    for each in sorted(case.receipts, key=_said_at):
        if each.dispute_id == complaint.dispute_id:
            found[each.package_id, each.lines] = each
    return [*found.values()]


def _said_at(receipt: Receipt) -> tuple[datetime, str]:
    return receipt.at, receipt.receipt_id


def _said(terms: ReturnTerms, receipts: list[Receipt]) -> Returned | None:
    """What follows from the receipts together: a person decides if one of them wants that."""
    follows = {
        RECEIVED: PAYS,
        "damaged": terms.damaged,
        "empty": terms.empty,
        "missing": terms.missing,
        "other_item": terms.other_item,
    }
    ranked = sorted(receipts, key=lambda each: (follows[each.condition] != REFERS, each.condition == RECEIVED))
    if not ranked:
        return None
    worst = ranked[0].condition
    return Returned(worst, follows[worst], why=f"The seller says of what came back: {worst.replace('_', ' ')}.")


def _wanted(case: Case, complaint: Dispute) -> set[str]:
    """The lines that are to come back, as far as the complaint, its package or the order says."""
    if complaint.lines:
        return {line_id for line_id, _, _ in complaint.lines}
    package = next((each for each in case.packages if each.package_id == complaint.package_id), None)
    if package is not None and package.lines:
        return {line_id for line_id, _ in package.lines}
    return {line.line_id for line in case.order.lines} if case.order is not None else set()


def _covers(wanted: set[str], parcels: list[Parcel], receipts: list[Receipt]) -> bool:
    """Whether the receipts together are about all that was to come back, as far as they name lines and packages."""
    if any(not each.package_id and not each.lines for each in receipts):
        return True
    if all(each.lines for each in receipts) and not wanted <= {line for each in receipts for line in each.lines}:
        return False
    named = {each.package_id for each in receipts if each.package_id}
    return not named or {each.package_id for each in parcels} <= named
