"""Takes back what is on its way and may not stay."""

from msgspec.structs import replace

from waybond_claims.draft import Draft
from waybond_claims.entitlement import Entitlement
from waybond_claims.payments.answers import with_command
from waybond_claims.payments.commands import RECONCILE_AFTER
from waybond_contracts import refunds


def cancel(draft: Draft, owes: Entitlement) -> None:
    """Take the unresolved command back if more is on its way than may stay, or a person wants it back."""
    flight = draft.case.in_flight
    if flight is None:
        return
    over = draft.case.settled - draft.case.recovered - draft.case.waived + flight.minor - owes.tolerated
    wanted = flight.cancel or ("owed_less" if over > 0 and flight.version == 1 else "")
    if not wanted:
        return
    after = replace(flight, version=flight.version + 1, cancel="", patience=draft.sent_at + RECONCILE_AFTER)
    draft.case = with_command(draft.case, after)
    fields = {"refund_id": flight.refund_id, "version": after.version, "reason_code": wanted}
    draft.publish(refunds.CancelRefund, fields)
