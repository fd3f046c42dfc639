"""Waits for what signals know of other orders, and notes when it did not come in time."""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from waybond_claims.adjudication.complaints import perils
from waybond_claims.adjudication.heeded import ANSWERED_WITHIN, is_answered
from waybond_claims.adjudication.terms import Rule, terms
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.state import Case
from waybond_claims.complaints.waits import open_disputes


def lapsed(case: Case, now: datetime) -> Case:
    """The file in which signals' time is over, by a wake: whatever they had told by now has been read."""
    known = case.signalled
    if known is None or now < known.since + ANSWERED_WITHIN:
        return case
    silent = tuple(_waiting(case))
    return replace(case, signalled=replace(known, silent=(*known.silent, *silent))) if silent else case


def waits_until(case: Case) -> datetime | None:
    """Until when an answer is waited for; None if none is."""
    known = case.signalled
    waiting = known is not None and next(_waiting(case), None) is not None
    return known.since + ANSWERED_WITHIN if known is not None and waiting else None


def _waiting(case: Case) -> Iterator[str]:
    """The complaints that signals have not answered, and have time for yet."""
    known = case.signalled
    if known is None or not case.wording:
        return
    rules = terms(case.wording, *case.lane).rules
    for each in open_disputes(case):
        if each.opened_at is None or each.dispute_id in known.silent:
            continue
        if any(_may_heed(rule, each) and not is_answered(known, rule.clause, each) for rule in rules):
            yield each.dispute_id


def _may_heed(rule: Rule, complaint: Dispute) -> bool:
    """Whether the complaint may be about the clause, and the clause heeds signals."""
    return bool(rule.clause.refer_when) and rule.on_lane and rule.clause.peril in perils(complaint)
