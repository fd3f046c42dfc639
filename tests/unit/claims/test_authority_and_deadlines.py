"""Questions to people: how much a role decides alone, and what happens when nobody answers."""

from datetime import timedelta

import pytest

from tests.support.claims import (
    PLACED,
    ClaimsStory,
    complaint,
    damaged,
    day,
    issued,
    journey,
    late,
    only,
    package,
    placed,
    ruling,
    usd,
)
from waybond_claims.desk.asked import MAX_TOLD
from waybond_claims.desk.kinds import KINDS
from waybond_claims.service.shown import shown
from waybond_contracts.claims import ClaimApproved, ClaimReferred
from waybond_contracts.money import Money
from waybond_contracts.orders import FxRate
from waybond_contracts.refunds import IssueRefund

MISSING = """
[[clause]]
id = "M"
peril = "missing"
trigger = "claim"
tiers = [{ share = "1.00" }]
"""
LATE = """
[[clause]]
id = "TG-1"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P7D", share = "0.30" }]
"""
FIFTY = '\n[authority]\nadjuster = { amount = "50" }\npayments = { amount = "20" }\n'
LIMITED = MISSING + 'limit = { amount = "50" }\n'


def asked(body: str) -> tuple[ClaimsStory, ClaimReferred]:
    """An order of 100; the buyer misses something on day 5, and a person is asked."""
    story = ClaimsStory()
    story.given(placed(), issued(only(body)), complaint(day(5), "MISSING_PARTS"))
    return story, story.last(ClaimReferred)


# authority


def test_without_a_word_about_authority_an_adjuster_decides_all() -> None:
    story, referred = asked(MISSING)
    assert referred.role == "adjuster"
    story.when(ruling(referred, "pay", day(6)))
    assert story.last(ClaimApproved).amount == usd(10_000)


def test_what_is_above_the_authority_is_put_to_a_lead() -> None:
    """100 may be due, adjusters decide up to 50; under a clause's limit of 50 they decide it."""
    assert asked(MISSING + FIFTY)[1].role == "lead"
    assert asked(LIMITED + FIFTY)[1].role == "adjuster"


@pytest.mark.parametrize("role", ["", "adjuster"])
def test_an_adjuster_may_say_as_much_as_the_authority_allows(role: str) -> None:
    """50 of the 100 that could be due."""
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "pay", day(6), amount=usd(5_000), role=role))
    assert story.last(IssueRefund).amount == usd(5_000)


@pytest.mark.parametrize("amount", [usd(5_001), None])
def test_more_is_refused_and_the_question_comes_again(amount: Money | None) -> None:
    """50.01 is above 50; without an amount all of it is meant, 100. The lead decides it."""
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "pay", day(6), amount=amount, role="adjuster"))
    again = story.last(ClaimReferred)
    assert (story.case.owed, again.referral_id) == (0, referred.referral_id)
    assert again.version > referred.version
    story.when(ruling(again, "pay", day(7), by="lead-1", amount=amount, role="lead"))
    assert story.case.owed == (5_001 if amount is not None else 10_000)


def test_to_pay_nothing_needs_no_authority() -> None:
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "do_not_pay", day(6)))
    assert [each.choice for each in story.case.referrals] == ["do_not_pay"]


def test_a_role_that_is_not_asked_is_refused() -> None:
    story, referred = asked(MISSING)
    story.when(ruling(referred, "pay", day(6), role="payments"))
    assert story.case.owed == 0
    assert story.last(ClaimReferred).version > referred.version


def test_payments_has_an_authority_of_its_own() -> None:
    """30 of 100 for lateness, and the payment system is silent: above 20 a lead says that it was settled outside."""
    story = ClaimsStory()
    story.given(placed(), issued(only(LATE + FIFTY)), late())
    story.until(day(28.1))
    referred = story.last(ClaimReferred)
    assert (referred.role, referred.amount) == ("lead", usd(3_000))
    story.when(ruling(referred, "settled_outside", day(28.2), role="payments"))
    assert story.case.settled == 0
    story.when(ruling(story.last(ClaimReferred), "keep_waiting", day(28.3), role="payments"))
    assert [each.choice for each in story.case.referrals] == ["keep_waiting"]


def test_an_authority_in_another_currency_is_converted_at_the_pinned_rate() -> None:
    """50 dollars are 270 reais at 5.40: a lead is asked about 300, an adjuster about 270."""
    rate = FxRate(base="USD", quote="BRL", rate="5.40", source="ecb", as_of=PLACED)
    body = only(MISSING + FIFTY.replace('"50"', '"50", currency = "USD"'))
    for minor, role in ((30_000, "lead"), (27_000, "adjuster")):
        story = ClaimsStory()
        reals = Money.of(minor, "BRL")
        story.given(placed(reals), issued(body, reals, rates=(rate,)), complaint(day(5), "MISSING_PARTS"))
        assert story.last(ClaimReferred).role == role


def test_whether_an_exclusion_holds_is_of_what_the_clause_would_pay() -> None:
    """Damaged, and customs may have seized it: 100 are at stake, a lead is asked."""
    body = """
[[clause]]
id = "DA-1"
peril = "damaged"
any_of = [{ scan = "DAMAGED" }]
tiers = [{ share = "1.00" }]

[[exclusion]]
id = "X"
scans = ["CUSTOMS_HELD"]
circumstance = "seized"
"""
    story = ClaimsStory()
    held = journey(package("P1", kinds=("CUSTOMS_HELD",)))
    story.given(placed(), issued(only(body + FIFTY)), damaged(day(9), journey=held))
    assert story.last(ClaimReferred).role == "lead"
    story.when(ruling(story.last(ClaimReferred), "covered", day(10)))
    assert story.case.owed == 0
    story.when(ruling(story.last(ClaimReferred), "covered", day(11), by="lead-1", role="lead"))
    assert story.case.owed == 10_000


# deadlines


def test_every_kind_of_question_has_a_deadline() -> None:
    assert all(timedelta(0) < kind.answer_within <= timedelta(days=30) for kind in KINDS.values())


def test_a_question_says_by_when_it_is_to_be_answered() -> None:
    story, referred = asked(MISSING)
    assert referred.answer_by == day(8)
    assert story.now is not None
    (seen,) = shown(story.case, story.status, story.now).referrals
    assert (seen.role, seen.answer_by) == ("adjuster", day(8))


def test_a_question_that_nobody_answers_goes_to_a_lead() -> None:
    """Asked on day 5, three days to answer: on day 8 a lead is asked, under the same id and version of the case."""
    story, referred = asked(MISSING)
    story.until(day(8))
    again = story.last(ClaimReferred)
    assert (again.referral_id, again.version) == (referred.referral_id, referred.version)
    assert (again.role, again.answer_by) == ("lead", day(11))


def test_whoever_was_about_to_answer_still_can() -> None:
    """The adjuster saw the question on day 5 and answers on day 9: nothing but time has passed."""
    story, referred = asked(MISSING)
    story.when(ruling(referred, "pay", day(9), role="adjuster"))
    assert story.last(ClaimApproved).amount == usd(10_000)


def test_an_answer_ends_the_deadline() -> None:
    story, referred = asked(MISSING)
    story.when(ruling(referred, "do_not_pay", day(6)))
    story.until(day(60))
    assert len(story.named(ClaimReferred)) == 1


def test_a_question_is_told_again_so_often_and_stays_open() -> None:
    story, _ = asked(MISSING)
    story.until(day(100))
    assert len(story.named(ClaimReferred)) == 1 + MAX_TOLD
    assert [each.is_open for each in story.case.referrals] == [True]
    assert story.status == "referred"


def test_a_fact_that_overtakes_an_answer_tells_nobody() -> None:
    """A complaint of day 9 is decided before an answer of day 7: only a wake comes behind all that was known."""
    story, referred = asked(MISSING)
    story.when(complaint(day(8), "LATE", "D-2"), day(8))
    assert [each.referral_id for each in story.named(ClaimReferred)] == [referred.referral_id]
    assert story.armed_at is not None


def test_a_refused_answer_keeps_the_deadline() -> None:
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "pay", day(6)))
    assert story.last(ClaimReferred).answer_by == referred.answer_by == day(8)
