"""On the way of a claim: better terms never give less, nothing is decided before its clock, and the order in which
things become known does not matter where nothing was decided in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.filed.draw import draw
from tests.oracle.filed.drive import Drive, at, drive, issued, placed
from tests.oracle.filed.facts import DAY, END, Appealed, Case, Does, Fact, Filed, Moved, Said, Terms
from waybond_contracts.claims import ClaimDenied, EvidenceRequested, OfferClosed, OfferMade, ReturnAwaited
from waybond_contracts.refunds import MoneyCommand

CASES = st.integers(0, 10**9).map(lambda number: draw(3, number))
NOBODY = Does("")
KNOWN = 150 * DAY
"""When all of it becomes known; nothing is told of later days."""
SETTINGS = settings(max_examples=80, deadline=None)


def alone(case: Case) -> Case:
    """The case without people who decide, offer or appeal: the wording alone decides."""
    terms = replace(case.terms, offer=None)
    facts = tuple(each for each in case.facts if not isinstance(each, Appealed) and not _offers(each))
    silent = dict.fromkeys(case.buyer, NOBODY)
    return replace(case, terms=terms, facts=facts, buyer=silent, person=(), lead=(), keeper=())


def _offers(fact: object) -> bool:
    return isinstance(fact, Said) and fact.response == "offer"


def better(terms: Terms, rng: Random) -> Terms:
    """The same clause with a larger share, a larger limit or none, and needs whose absence is worth no less."""
    share = rng.choice([each for each in ("0.333", "0.75", "1.00") if Fraction(each) >= Fraction(terms.share)])
    limit = rng.choice((None, terms.limit, (terms.limit or 0) + rng.randint(1, 9_000))) if terms.limit else None
    return replace(terms, share=share, limit=limit)


@SETTINGS
@given(CASES, st.integers(0, 2**32))
def test_a_larger_share_or_limit_never_gives_less(found: Case, seed: int) -> None:
    case = alone(found)
    worse, more = drive(case), drive(replace(case, terms=better(case.terms, Random(seed))))
    assert all(more.entitled[look] >= worse.entitled[look] for look in case.looks)


@SETTINGS
@given(CASES)
def test_what_is_asked_for_bounds_what_is_given_and_asking_for_more_never_gives_less(found: Case) -> None:
    """Where no need depends on how much is asked for."""
    case = alone(replace(found, terms=replace(found.terms, needs=(), proven=False)))
    given_by_ask = [_entitled(_asking(case, asked)) for asked in (1, case.total // 2, case.total, None)]
    assert given_by_ask == sorted(given_by_ask)
    assert given_by_ask[0] <= 1
    assert given_by_ask[1] <= case.total // 2


def _asking(case: Case, asked: int | None) -> Case:
    facts = tuple(replace(each, asked=asked) if isinstance(each, Filed) else each for each in case.facts)
    return replace(case, facts=facts)


def _entitled(case: Case) -> int:
    return drive(case).entitled[END]


@SETTINGS
@given(CASES)
def test_nothing_that_time_alone_ends_is_ended_before_its_time(found: Case) -> None:
    """What was asked for, an offer, a step of a return: each is over at the instant that was told, or later. Before the
    window opens nothing is paid that the seller did not accept, and nothing is denied."""
    told = Drive(found, found.facts)
    told.go()
    asked: dict[str, datetime] = {}
    ends: dict[str, datetime] = {}
    steps: list[datetime] = []
    opens = at((found.terms.opens or 0) * DAY)
    lost = any(isinstance(each, Moved) and each.lost is not None for each in found.facts)
    accepted = any(isinstance(each, Said) and each.response in ("accept", "offer") for each in found.facts)
    for event, when in ((each.event, each.at) for each in told.story.published):
        if isinstance(event, EvidenceRequested):
            asked |= {kind: each.answer_by for each in event.needed for kind in each.any_of}
        elif isinstance(event, OfferMade):
            ends[event.offer_id] = event.expires_at
        elif isinstance(event, OfferClosed) and event.how == "expired":
            assert when >= ends[event.offer_id]
        elif isinstance(event, ReturnAwaited):
            steps.append(event.until)
        elif isinstance(event, ClaimDenied) and event.detail == "no_evidence":
            assert when >= min(asked.values())
        elif isinstance(event, ClaimDenied) and event.detail == "not_returned":
            assert lost or when >= min(steps), "a parcel that is lost ends its step at once"
        elif isinstance(event, MoneyCommand):
            assert when >= opens or accepted


@SETTINGS
@given(CASES, st.integers(0, 2**32))
def test_the_order_in_which_it_becomes_known_changes_nothing_that_nobody_decided(found: Case, seed: int) -> None:
    """All that is told of a claim comes late, at one instant, in two orders. Nothing of it pays or closes by itself, so
    both end in the same: what is owed, and what a person is asked."""
    case = undecided(alone(found))
    one, other = list(case.facts), list(case.facts)
    Random(seed).shuffle(other)
    assert _end(case, one) == _end(case, other)


def undecided(case: Case) -> Case:
    """The case in which each end is a question to a person."""
    needs = tuple(replace(each, absent="refer") for each in case.terms.needs)
    seller = (case.terms.seller[0], "refer") if case.terms.seller is not None else None
    facts = tuple(each for each in case.facts if not isinstance(each, Said) or each.response == "contest")
    return replace(case, terms=replace(case.terms, needs=needs, seller=seller, proven=False), facts=facts)


def _end(case: Case, told: Sequence[Fact]) -> tuple[object, ...]:
    """What is owed in the end, and what was asked of a person."""
    drive = Drive(case, ())
    drive.story.given(placed(case), issued(case))
    for fact in told:
        event = drive.event(fact, at(fact.at))
        if event is not None:
            drive.story.when(event, at(KNOWN))
    drive.story.until(at(END))
    questions = {(each.key, each.most, each.choice) for each in drive.file.referrals}
    return drive.file.entitled, drive.file.owed, drive.file.status, questions
