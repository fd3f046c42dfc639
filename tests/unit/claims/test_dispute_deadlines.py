"""Each open dispute has an answer of ours or a question to a person, in time for its provider."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.claims import (
    ClaimsStory,
    complaint,
    day,
    filed,
    issued,
    lost,
    only,
    placed,
    resolved,
    ruling,
    staged,
)
from waybond_claims.complaints.deadlines import BEFORE_PROVIDER, REMINDED_BEFORE, SHORTEST
from waybond_claims.service.shown import shown
from waybond_contracts.claims import ClaimReferred
from waybond_contracts.disputes import DisputeStage
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund

CLAIMED = only("""
[[clause]]
id = "DA-1"
peril = "damaged"
trigger = "claim"
tiers = [{ share = "1.00" }]
""")


def frozen(**fields: Any) -> ClaimsStory:
    """A chargeback of day 10, and a loss on day 12 that waits for its end."""
    story = ClaimsStory()
    given = {"stage": "CHARGEBACK", "source": "card_scheme", **fields}
    story.given(placed(), issued(), complaint(day(10), **given), lost(day(12)))
    return story


def asked(story: ClaimsStory) -> list[tuple[datetime, ClaimReferred]]:
    return [(each.at, each.event) for each in story.published if isinstance(each.event, ClaimReferred)]


def test_the_provider_gets_its_answer_six_hours_before_its_own_deadline() -> None:
    """It takes an answer until day 30: ours is due on day 30 less 6 hours, and asked for a day before that."""
    story = frozen(answer_by=day(30))
    story.until(day(29))
    ((at, referred),) = asked(story)
    assert at == day(30) - timedelta(hours=30)
    assert referred.answer_by == day(30) - timedelta(hours=6)
    assert "2026-01-31 12:00 UTC" in referred.question


@pytest.mark.parametrize(
    ("provider", "reason", "days"),
    [
        ("visa", "NOT_RECEIVED", 9),
        ("mastercard", "NOT_RECEIVED", 45),
        ("amex", "NOT_RECEIVED", 20),
        ("klarna", "NOT_RECEIVED", 21),
        ("nobody", "NOT_RECEIVED", 7),
    ],
)
def test_without_a_word_of_the_provider_the_table_of_its_scheme_counts(provider: str, reason: str, days: int) -> None:
    story = frozen(provider=provider, reason=reason)
    story.until(day(80))
    at, referred = asked(story)[0]
    assert at == day(10 + days) - BEFORE_PROVIDER - REMINDED_BEFORE
    assert referred.answer_by == day(10 + days) - BEFORE_PROVIDER


def test_the_case_shows_the_providers_words_and_its_deadline_until_it_has_ended() -> None:
    story = frozen(provider="visa", raw_code=" 13.1")
    story.when(staged(day(13), raw_status="under_review", revision=1))
    (dispute,) = shown(story.case, story.status, day(13)).disputes
    assert (dispute.provider, dispute.raw_code, dispute.raw_status) == ("visa", "13.1", "under_review")
    assert dispute.answer_by == day(19)
    story.when(resolved(day(14), revision=2))
    assert shown(story.case, story.status, day(14)).disputes[0].answer_by is None


def test_the_providers_own_deadline_goes_before_the_table() -> None:
    story = frozen(provider="visa", answer_by=day(40))
    assert story.until(day(38)) == ()
    story.until(day(39))
    assert asked(story)[0][1].answer_by == day(40) - BEFORE_PROVIDER


def test_a_stage_that_is_told_again_moves_no_deadline() -> None:
    """Visa leaves 9 days from day 10, though the stage is told each day."""
    story = frozen(provider="visa")
    story.given(*[staged(day(each), revision=each) for each in range(13, 17)])
    story.until(day(18))
    assert asked(story)[0][0] == day(19) - BEFORE_PROVIDER - REMINDED_BEFORE


def test_each_stage_has_its_own_deadline_and_question() -> None:
    story = frozen(provider="visa")
    story.until(day(18))
    story.when(ruling(story.last(ClaimReferred), "answered", day(18)))
    assert story.until(day(24)) == ()
    story.when(staged(day(25), "PRE_ARBITRATION", answer_by=day(35)))
    assert story.until(day(33)) == ()
    story.until(day(34))
    assert asked(story)[-1][1].answer_by == day(35) - BEFORE_PROVIDER
    assert story.named(IssueRefund) == []


def test_a_person_says_that_it_ended_and_what_is_owed_is_paid() -> None:
    story = frozen(provider="visa")
    story.until(day(18))
    story.when(ruling(story.last(ClaimReferred), "ended", day(18)))
    assert story.last(IssueRefund).amount.minor == 10_000


def test_a_question_is_withdrawn_when_the_dispute_ends_by_itself() -> None:
    story = frozen(provider="visa")
    story.until(day(18))
    story.when(resolved(day(18.5)))
    assert [each.choice for each in story.case.referrals] == ["withdrawn"]


def test_a_dispute_that_was_answered_is_not_asked_about() -> None:
    """It is too early: the platform and its scheme can be told so."""
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10), source="card_scheme", stage="CHARGEBACK", answer_by=day(20)))
    story.until(day(25))
    assert asked(story) == []
    assert story.case.disputes[0].answer == "too_early"


def test_an_answer_that_facts_have_overtaken_is_none() -> None:
    """Too early on day 10; lost on day 12, and what is owed waits for the chargeback."""
    story = frozen(provider="visa")
    assert story.case.disputes[0].answer == "too_early"
    story.until(day(18))
    assert len(asked(story)) == 1


# questions about a complaint


def claimed(**fields: Any) -> ClaimsStory:
    """A complaint of day 10 that a person has to look at, within 3 days."""
    story = ClaimsStory()
    story.given(placed(), issued(CLAIMED), complaint(day(10), "DAMAGED", **fields))
    return story


def test_a_question_has_the_earlier_of_its_own_deadline_and_the_providers() -> None:
    """3 days after day 10 is day 13. A provider that takes an answer until day 12 leaves until day 12 less 6 hours."""
    assert asked(claimed())[0][1].answer_by == day(13)
    assert asked(claimed(answer_by=day(30)))[0][1].answer_by == day(13)
    assert asked(claimed(answer_by=day(12)))[0][1].answer_by == day(12) - BEFORE_PROVIDER


def test_an_open_question_is_told_again_a_day_before_where_a_provider_waits() -> None:
    """Until day 12 less 6 hours: reminded on day 11 less 6 hours, and put to a lead at its end."""
    story = claimed(answer_by=day(12))
    story.until(day(12) - BEFORE_PROVIDER)
    by = day(12) - BEFORE_PROVIDER
    assert [(at, each.role) for at, each in asked(story)] == [
        (day(10), "adjuster"),
        (by - REMINDED_BEFORE, "adjuster"),
        (by, "lead"),
    ]
    assert [each.answer_by for _, each in asked(story)][:2] == [by, by]


def test_a_question_that_was_answered_is_told_no_more() -> None:
    story = claimed(answer_by=day(12))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(10.5)))
    story.until(day(30))
    assert len(asked(story)) == 1


def test_a_deadline_that_has_passed_leaves_a_question_its_own_time() -> None:
    """The provider waited until day 9; the complaint came on day 10. An instant, not hours left: there are none."""
    assert asked(claimed(answer_by=day(9)))[0][1].answer_by == day(13)


def test_a_deadline_that_the_provider_moves_moves_the_question() -> None:
    story = claimed()
    story.when(staged(day(10.5), "INQUIRY", answer_by=day(12)))
    assert asked(story)[-1][1].answer_by == day(12) - BEFORE_PROVIDER
    assert asked(story)[-1][1].referral_id == asked(story)[0][1].referral_id


def test_the_file_wakes_for_the_reminder_and_for_the_deadline() -> None:
    story = claimed(answer_by=day(12))
    assert story.wake_at == day(12) - BEFORE_PROVIDER - REMINDED_BEFORE
    story.until(day(12) - BEFORE_PROVIDER - REMINDED_BEFORE)
    assert story.wake_at == day(12) - BEFORE_PROVIDER


# nobody is forgotten

DAYS = st.integers(2, 40)
PROVIDERS = st.sampled_from(("", "visa", "klarna", "paypal", "nobody"))


@st.composite
def told(draw: st.DrawFn) -> list[Event]:
    """Some words of one dispute: opened, filed, staged, in any number and order, and a loss or none."""
    provider = draw(PROVIDERS)
    found: list[Event] = []
    for _ in range(draw(st.integers(1, 4))):
        at = day(draw(DAYS))
        stage = draw(st.sampled_from(("INQUIRY", "CHARGEBACK", "PRE_ARBITRATION")))
        match draw(st.sampled_from(("opened", "staged", "filed", "resolved"))):
            case "opened":
                source = draw(st.sampled_from(("buyer", "card_scheme", "wallet")))
                reason = draw(st.sampled_from(("NOT_RECEIVED", "DAMAGED", "UNAUTHORIZED", "OTHER")))
                code = draw(st.sampled_from(("", "4853")))
                found.append(complaint(at, reason, source=source, stage=stage, provider=provider, raw_code=code))
            case "staged":
                answer_by = draw(st.none() | st.just(at + timedelta(days=6)))
                found.append(staged(at, stage, revision=draw(st.none() | st.integers(1, 4)), answer_by=answer_by))
            case "filed":
                found.append(filed(at, draw(st.sampled_from(("DAMAGED", "NOT_RECEIVED")))))
            case _:
                found.append(resolved(at, draw(st.sampled_from((None, 0, 3_000)))))
    return [*found, lost(day(draw(DAYS)))] if draw(st.booleans()) else found


@settings(max_examples=120, deadline=None)
@given(told(), st.booleans())
def test_every_open_dispute_that_waits_for_us_has_an_answer_or_a_question(facts: list[Event], by_claim: bool) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(CLAIMED) if by_claim else issued(), *facts)
    longest = max(SHORTEST, timedelta(days=30))
    story.until(day(45) + longest)
    for dispute in story.case.disputes:
        if dispute.over:
            continue
        asked_about = any(dispute.dispute_id in each.disputes for each in story.case.referrals)
        assert dispute.answer or asked_about, dispute
        assert dispute.stage in set(DisputeStage)
