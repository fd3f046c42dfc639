"""Adds to the claim file what tracking says of parcels on their way back, and what sellers say came back.

A parcel that goes back is no package of the order: whatever was said of it before that was known is taken out.
Scenario: the carrier's scans come before the booking that says `return`. For a moment the order seems to have one
package more.
"""

from msgspec.structs import replace

from waybond_claims.case.journey import Interval
from waybond_claims.case.returning import MAX_RECEIPTS, MAX_RETURNS, Parcel, Receipt
from waybond_claims.case.state import Case, put
from waybond_claims.facts.contradictions import contradicted
from waybond_claims.facts.journeys import interval
from waybond_contracts import fields
from waybond_contracts.delays import DelayEvent, ReturnMoved
from waybond_contracts.disputes import ReturnReceived


def is_about_return(case: Case, event: DelayEvent) -> bool:
    """Whether tracking speaks of a package that goes back: nothing of it bears on the order."""
    return any(each.package_id == event.package_id and each.standing for each in case.returns)


def moved(case: Case, event: ReturnMoved) -> Case:
    """The file with tracking's word about a parcel; of words about one the highest version counts."""
    known = next((each for each in case.returns if each.package_id == event.package_id), None)
    if known is not None and event.version <= known.version:
        return case
    if known is None and len(case.returns) >= MAX_RETURNS:
        return contradicted(case, "bound:returns")
    parcel = Parcel(
        event.package_id,
        event.version,
        event.dispute_id,
        event.standing,
        event.booked_at,
        _interval(event.handed_in),
        _interval(event.back),
        _interval(event.lost),
        _interval(event.sent_back),
        event.tracking_number,
    )
    case = replace(case, returns=put(case.returns, parcel, "package_id"))
    return _without(case, event.package_id) if event.standing else case


def acknowledged(case: Case, event: ReturnReceived) -> Case:
    """The file with what the seller says came back, whether or not the complaint or the parcel is known yet."""
    if any((each.dispute_id, each.receipt_id) == (event.dispute_id, event.receipt_id) for each in case.receipts):
        return case
    if len(case.receipts) >= MAX_RECEIPTS:
        return contradicted(case, "bound:receipts")
    said = Receipt(
        event.dispute_id,
        event.receipt_id,
        event.condition.value,
        event.occurred_at,
        event.package_id or "",
        tuple(sorted({each.line_id for each in event.lines})),
    )
    return replace(case, receipts=(*case.receipts, said))


def _without(case: Case, package_id: str) -> Case:
    if not any(each.package_id == package_id for each in (*case.packages, *case.watches, *case.seen)):
        return case
    return replace(
        case,
        packages=tuple([each for each in case.packages if each.package_id != package_id]),
        watches=tuple([each for each in case.watches if each.package_id != package_id]),
        seen=tuple([each for each in case.seen if each.package_id != package_id]),
    )


def _interval(when: fields.Interval | None) -> Interval | None:
    return interval(when) if when is not None else None
