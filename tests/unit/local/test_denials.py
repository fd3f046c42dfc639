"""I12 holds for what claims denies, and fails for a denial that rests on points or signals alone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.support.claims import ClaimsStory, day, ruling
from tests.support.signalled import claimed, told
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


def unproven(*facts: tuple[str, str, int]) -> ClaimsStory:
    """Signals tell these facts, and the photo that the clause asks for does not come."""
    story = claimed(day(10), documents=())
    story.when(told(day(10), *facts, photos=()))
    story.until(day(20))
    return story


def test_a_clause_may_deny_what_signals_say_nothing_of() -> None:
    check = look(unproven().events)
    assert check.holds, check.shown
    assert check.figures["denials with signals"] == 1


def test_a_person_may_deny_what_signals_asked_them_about() -> None:
    story = unproven(("buyer", "claims_90d", 3))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(21)))
    check = look(story.events)
    assert check.holds, check.shown
    assert check.figures["denials with signals"] == 1


@pytest.mark.parametrize("outcome", ["refer", "missing", "waits"])
def test_a_denial_by_itself_is_found_where_signals_do_not_clear_it(outcome: str) -> None:
    events = unproven().events
    denial = next(each for each in events if isinstance(each, ClaimDenied))
    why = denial.explanation
    assert why is not None
    (finding,) = why.findings
    assert finding.signals is not None
    planted = finding.model_copy(update={"signals": finding.signals.model_copy(update={"outcome": outcome})})
    changed = denial.model_copy(update={"explanation": why.model_copy(update={"findings": (planted,)})})
    assert look(changed if each is denial else each for each in events).violations == 1
