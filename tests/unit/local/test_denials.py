"""I12 holds for what claims denies, and fails for a denial that rests on points alone."""

from __future__ import annotations

from collections.abc import Iterable

from tests.support.claims import ClaimsStory, day, ruling
from tests.unit.claims.test_not_received_score import DECLARED, arrived, clause, complained
from waybond_contracts.claims import ClaimDenied, ClaimEvent, ClaimReferred, EvidenceRequested
from waybond_contracts.event import Event
from waybond_contracts.received import Signature
from waybond_local.invariants.check import Check
from waybond_local.invariants.denials import Denials


def look(events: Iterable[Event]) -> Check:
    denials = Denials()
    for event in events:
        if isinstance(event, ClaimEvent):
            denials.published(event)
    return denials.check


def closed() -> ClaimsStory:
    """Signed by the buyer (-10), and the statement that the clause asks for does not come."""
    story = complained(arrived(signature=Signature.MATCHES), clause(DECLARED))
    story.until(day(20))
    return story


def refused() -> ClaimsStory:
    story = complained(arrived(signature=Signature.MATCHES))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(13)))
    return story


def test_a_clause_and_a_person_may_deny() -> None:
    for story in (closed(), refused()):
        check = look(story.events)
        assert check.holds, check.shown
        assert check.figures["denials with points"] == 1


def test_a_denial_by_the_clause_that_asked_for_nothing_is_found() -> None:
    check = look(each for each in closed().events if not isinstance(each, EvidenceRequested))
    assert check.violations == 1


def test_a_denial_by_a_person_who_was_not_asked_is_found() -> None:
    check = look(each for each in refused().events if not isinstance(each, ClaimReferred))
    assert check.violations == 1


def test_a_denial_by_points_alone_is_found() -> None:
    denial = refused().last(ClaimDenied)
    why = denial.explanation
    assert why is not None
    for ground in ("", "score"):
        findings = tuple(each.model_copy(update={"ground": ground}) for each in why.findings)
        planted = denial.model_copy(update={"explanation": why.model_copy(update={"findings": findings})})
        check = look([*refused().events[:-1], planted])
        assert not check.holds
