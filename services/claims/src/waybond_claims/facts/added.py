"""Adds one fact to the claim file. Facts are kept under business keys, so that duplicates and order do not matter."""

from datetime import datetime

from msgspec.structs import replace

from waybond_claims.case.state import Case
from waybond_claims.facts import outcomes, signalled
from waybond_claims.facts.handed_in import handed_in
from waybond_claims.facts.journeys import journeyed
from waybond_claims.facts.orders import amended, placed, promise_changed
from waybond_claims.facts.policies import cancelled, covered, issued
from waybond_claims.facts.returns import acknowledged, is_about_return, moved
from waybond_claims.facts.verdicts import fell_due, seen
from waybond_contracts import delays, disputes, orders, policies
from waybond_contracts.event import Event
from waybond_contracts.signals import SignalsTold


def added(case: Case, event: Event, now: datetime) -> Case:
    """The file with the fact in it; the very same object if it says nothing new."""
    match event:
        case orders.OrderPlaced():
            return signalled.placed(case, placed(case, event), now)
        case orders.OrderAmended():
            return amended(case, event)
        case orders.PromiseChanged():
            return promise_changed(case, event)
        case orders.OrderRefunded():
            return outcomes.refunded(case, event)
        case policies.PolicyIssued():
            return issued(case, event)
        case policies.PolicyAmended():
            return covered(case, event)
        case policies.PolicyCancelled():
            return cancelled(case, event)
        case policies.PolicyDeclined():
            # Pricing forgets a policy that ended, and declines its order where that is published once more.
            known = case.declined or case.policy is not None
            return case if known else replace(case, declined=event.reason.value, declined_at=now)
        case delays.DelayEvent() if case.returns and is_about_return(case, event):
            return journeyed(case, event)
        case delays.WatchFellDue():
            return fell_due(journeyed(case, event), event)
        case delays.PackageSeen():
            return seen(journeyed(case, event), event)
        case delays.ContentsChanged():
            return journeyed(case, event)
        case delays.ReturnMoved():
            return moved(case, event)
        case disputes.ReturnReceived():
            return acknowledged(handed_in(case, event, now), event)
        case disputes.DisputeEvent():
            return signalled.complained(case, handed_in(outcomes.disputed(case, event, now), event, now), event, now)
        case SignalsTold():
            return signalled.told(case, event, now)
        case _:
            return case
