"""Follows complaints under clauses that say more of claims: what is asked for, offered, decided and appealed against.

Each look works out anew where every complaint stands (adjudication/course.py), publishes what is new about it, and
notes with its date what was asked for, offered and decided. Time alone is noted by a wake, which comes behind all that
was known by then; what it ends is told by the look that follows.
"""

from collections.abc import Iterator
from datetime import datetime

from waybond_claims.adjudication.complaints import is_about
from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.windows import followed
from waybond_claims.case.state import Case
from waybond_claims.complaints import appeals, evidence, offers, returns, signals
from waybond_claims.complaints.followed import Followed
from waybond_claims.complaints.waits import AT_ONCE, open_disputes
from waybond_claims.draft import Draft
from waybond_claims.entitlement import Entitlement
from waybond_contracts import claims
from waybond_contracts.explanation import FindingReason

_DECIDABLE = frozenset({FindingReason.NEEDS_CLAIM, FindingReason.APPLIES, FindingReason.NOT_MET})


def tell_refused(draft: Draft) -> None:
    """Say of each command that was refused why; the case stays at its version, so that others can still be taken."""
    for each in draft.case.refused:
        fields = {"command_id": each.command_id, "command": each.command, "reason": each.reason}
        draft.publish(claims.CommandRefused, {"version": draft.case.version} | fields)
    if draft.case.refused:
        draft.change(refused=())


def follow(draft: Draft, owes: Entitlement) -> bool:
    """Publish what is newly asked for and offered; return whether the case has to be looked at again, since an offer
    that comes to nothing leads on to what is worded behind it."""
    offers.tell_closed(draft)
    opens_at = _opens(draft.case, owes)
    if opens_at != draft.case.opens_at:
        draft.change(opens_at=opens_at)
    ways = [*_ways(owes)]
    more = owes.entitled < min(owes.available, owes.view.cover.limit)
    waiting = [each for each in ways if more and each.found.reason is FindingReason.NEEDS_CLAIM]
    evidence.ask(draft, ways, waiting)
    returns.ask(draft, waiting)
    return offers.offer(draft, owes, waiting)


def remember(draft: Draft, owes: Entitlement) -> None:
    """Note what is decided now, and answer appeals that nobody looks at."""
    appeals.remember(draft, [*_ways(owes)])
    appeals.tell_answered(draft)


def timed_out(case: Case, now: datetime) -> Case:
    """The file with what time alone has ended by this wake."""
    case = signals.lapsed(case, now)
    if not (case.asks or case.offers or case.returning):
        return case
    return offers.expired(evidence.lapsed(returns.lapsed(case, now), now), now)


def deadlines(case: Case, now: datetime) -> Iterator[datetime]:
    """When time alone ends something."""
    heard_by = signals.waits_until(case)
    if heard_by is not None:
        yield max(heard_by, now + AT_ONCE)
    for at in (*evidence.open_until(case), *offers.open_until(case), *returns.open_until(case)):
        yield max(at, now + AT_ONCE)
    if case.opens_at is not None and case.opens_at > now:
        yield case.opens_at


def _ways(owes: Entitlement) -> Iterator[Followed]:
    """Where each complaint stands under each clause that is about it and says more of claims; once for a complaint."""
    seen: set[tuple[str, str]] = set()
    for found in sorted((each for each in owes.findings if _is_guided(each)), key=_waiting_first):
        for complaint, course in followed(owes.view, found):
            key = complaint.dispute_id, found.rule.clause.id
            if key not in seen:
                seen.add(key)
                yield Followed(found, complaint, course)


def _opens(case: Case, owes: Entitlement) -> datetime | None:
    """When the next window opens for a complaint that waits for it, whatever it was answered in the meantime."""
    waiting = [*open_disputes(case)]
    days = [
        found.eligible_at
        for found in owes.findings
        if found.rule.guided and found.eligible_at is not None
        if any(is_about(owes.view, each, found.rule.clause, found.package_id) for each in waiting)
    ]
    return min(days, default=None)


def _is_guided(found: Found) -> bool:
    return found.rule.guided and found.reason in _DECIDABLE


def _waiting_first(found: Found) -> bool:
    return found.reason is not FindingReason.NEEDS_CLAIM
