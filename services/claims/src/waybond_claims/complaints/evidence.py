"""Asks for what is missing, once for each change, and notes by when it has to come."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from waybond_claims.adjudication.needs import Need
from waybond_claims.case.evidence import Ask
from waybond_claims.case.state import Case
from waybond_claims.complaints.followed import Followed
from waybond_claims.draft import Draft
from waybond_claims.events import needed
from waybond_contracts import claims

KINDS_NAMED = 16
"""Of documents in EvidenceRequested.kinds; `needed` has all of them."""
PARTIES = ("buyer", "seller")


def ask(draft: Draft, ways: Sequence[Followed], waiting: Sequence[Followed]) -> None:
    """Ask for what is missing to complaints that wait for it; of all others nothing is missing any more."""
    asked = {(each.complaint.dispute_id, each.clause.id) for each in waiting}
    for each in ways:
        missing = each.course.missing if (each.complaint.dispute_id, each.clause.id) in asked else ()
        for party in PARTIES:
            _ask(draft, each, party, [need for need in missing if need.of == party])


def _ask(draft: Draft, way: Followed, party: str, missing: Sequence[Need]) -> None:
    case = draft.case
    key = way.complaint.dispute_id, way.clause.id, party
    before = [each for each in case.asks if (each.dispute_id, each.clause_id, each.of) == key]
    if {need.what for need in missing} == {each.what for each in before if each.missing and each.lapsed_at is None}:
        return
    by_what = {each.what: replace(each, missing=each.lapsed_at is not None and each.missing) for each in before}
    for need in missing:
        by_what[need.what] = _again(by_what.get(need.what), draft) or Ask(*key, need.what, need.until(draft.sent_at))
    asks = (*(each for each in case.asks if each not in before), *by_what.values())
    if not missing:
        draft.change(asks=asks)
        return
    kinds = tuple(dict.fromkeys(kind for need in missing for kind in need.any_of))
    fields = {
        "of": party,
        "kinds": kinds[:KINDS_NAMED],
        "answer_by": min(by_what[need.what].answer_by for need in missing),
        "dispute_id": way.complaint.dispute_id,
        "clause_id": way.clause.id,
        "needed": tuple([needed(need.any_of, by_what[need.what].answer_by, need.absent) for need in missing]),
    }
    draft.say(claims.EvidenceRequested, fields, asks=asks)


def _again(known: Ask | None, draft: Draft) -> Ask | None:
    """What was asked for before, under the same date; None where that is over, and it was not missing by then.

    Scenario: the seller accepts, so no photo is needed any more, and contests it after all when its day has passed."""
    if known is None or (not known.missing and known.answer_by <= draft.now):
        return None
    return replace(known, missing=True)


def lapsed(case: Case, now: datetime) -> Case:
    """The file in which the time is over for what is missing and was to come by now."""
    if not any(at <= now for at in open_until(case)):
        return case
    return replace(
        case, asks=tuple([replace(each, lapsed_at=now) if _is_over(each, now) else each for each in case.asks])
    )


def open_until(case: Case) -> Iterator[datetime]:
    """By when what is missing has to come."""
    return (each.answer_by for each in case.asks if each.missing and each.lapsed_at is None)


def _is_over(ask: Ask, now: datetime) -> bool:
    return ask.missing and ask.lapsed_at is None and ask.answer_by <= now
