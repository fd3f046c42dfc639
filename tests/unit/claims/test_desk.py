"""The desk: who may decide what, how questions are handled, and what the inbox says of them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.claims import (
    KEY,
    ClaimsStory,
    answer,
    complaint,
    day,
    issued,
    late,
    lost,
    only,
    placed,
    ruling,
    usd,
)
from waybond_claims.case.question import MAX_NOTES
from waybond_claims.desk.handling import MAX_SNOOZE
from waybond_claims.desk.inbox import Closed, Waiting
from waybond_contracts import commands
from waybond_contracts.claims import ClaimReferred
from waybond_contracts.commands import DecisionReason
from waybond_contracts.money import Money
from waybond_contracts.refunds import FailureCode, IssueRefund

MISSING = """
[[clause]]
id = "M"
peril = "missing"
trigger = "claim"
tiers = [{ share = "1.00" }]
"""
FIFTY = '\n[authority]\nadjuster = { amount = "50" }\n'


def asked(body: str = MISSING) -> tuple[ClaimsStory, ClaimReferred]:
    """An order of 100; the buyer misses something on day 5, and a person is asked."""
    story = ClaimsStory()
    story.given(placed(), issued(only(body)), complaint(day(5), "MISSING_PARTS"))
    return story, story.last(ClaimReferred)


def said(kind: type[Any], referral: ClaimReferred, at: datetime, **fields: Any) -> Any:
    known = {"command_id": f"c-{at.isoformat()}", "by": "adjuster-1", "claim_id": referral.claim_id}
    return kind(**KEY, occurred_at=at, referral_id=referral.referral_id, **(known | fields))


def row(story: ClaimsStory) -> Waiting:
    (found,) = story.inbox.values()
    return found


# two pairs of eyes


def test_what_is_above_the_author_is_proposed_to_a_lead() -> None:
    """All 100 are at stake, adjusters decide 50: nothing is owed yet, and a lead reads who proposes what."""
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "pay", day(6), note="photo seen"))
    again = story.last(ClaimReferred)
    assert (story.case.owed, again.role, again.version) == (0, "lead", referred.version + 1)
    proposal = story.case.referrals[0].proposal
    assert proposal is not None
    assert (proposal.choice, proposal.by, proposal.note) == ("pay", "adjuster-1", "photo seen")
    assert (row(story).proposed_by, row(story).suggestion) == ("adjuster-1", "pay")


def test_another_person_confirms_what_was_proposed() -> None:
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "pay", day(6)))
    story.when(ruling(story.last(ClaimReferred), "pay", day(7), by="lead-1", role="lead"))
    assert story.last(IssueRefund).amount == usd(10_000)


def test_who_proposed_it_cannot_confirm_it_under_another_role() -> None:
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "pay", day(6)))
    story.when(ruling(story.last(ClaimReferred), "pay", day(7), role="lead"))
    assert story.case.owed == 0
    assert story.case.referrals[0].is_open


def test_an_adjuster_cannot_confirm_what_another_one_proposed() -> None:
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "pay", day(6)))
    story.when(ruling(story.last(ClaimReferred), "pay", day(7), by="adjuster-2", role="adjuster"))
    assert story.case.owed == 0


def test_two_leads_decide_together_what_is_above_each() -> None:
    """Each decides 60 alone; 100 is proposed by one and confirmed by the other."""
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "pay", day(6), by="lead-1", role="lead", authority=usd(6_000)))
    assert story.case.owed == 0
    again = story.last(ClaimReferred)
    story.when(ruling(again, "pay", day(7), by="lead-2", role="lead", authority=usd(6_000)))
    assert story.case.owed == 10_000


def test_a_second_lead_who_says_more_proposes_in_turn() -> None:
    """70 was proposed; 80 is more than both decide alone and was not proposed by anybody else."""
    story, referred = asked(MISSING + FIFTY)
    mine = {"role": "lead", "authority": usd(6_000)}
    story.when(ruling(referred, "pay", day(6), by="lead-1", amount=usd(7_000), **mine))
    story.when(ruling(story.last(ClaimReferred), "pay", day(7), by="lead-2", amount=usd(8_000), **mine))
    assert story.case.owed == 0
    proposal = story.case.referrals[0].proposal
    assert proposal is not None
    assert (proposal.by, proposal.minor) == ("lead-2", 8_000)


def test_who_proposed_more_may_decide_less_within_their_authority() -> None:
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "pay", day(6)))
    story.when(ruling(story.last(ClaimReferred), "pay", day(7), amount=usd(5_000)))
    assert story.case.owed == 5_000


@pytest.mark.parametrize(("limit", "owed"), [(usd(3_000), 0), (usd(4_000), 4_000), (Money.of(9_000, "EUR"), 0)])
def test_a_person_may_have_less_authority_than_the_role(limit: Money, owed: int) -> None:
    """40 of 100: the role decides 50, the person 30, 40, or nothing in dollars."""
    story, referred = asked(MISSING + FIFTY)
    story.when(ruling(referred, "pay", day(6), amount=usd(4_000), authority=limit))
    assert story.case.owed == owed


def test_a_proposal_that_is_read_again_says_nothing_new() -> None:
    """A topic is read from an earlier place again: the decision was made on version 2, and the case has version 3."""
    story, referred = asked(MISSING + FIFTY)
    decision = ruling(referred, "pay", day(6))
    story.when(decision)
    before, rows = story.case, len(story.rows)
    assert story.when(decision, day(7)) == ()
    assert (story.case, len(story.rows)) == (before, rows)


# whose case it is, and which


@pytest.mark.parametrize("author", ["buyer-7", "seller-3"])
def test_nobody_decides_on_a_case_of_their_own(author: str) -> None:
    story, referred = asked()
    story.when(ruling(referred, "pay", day(6), by=author))
    assert story.case.owed == 0
    assert story.case.referrals[0].is_open
    assert story.last(ClaimReferred).version > referred.version


def test_a_case_with_open_questions_keeps_what_changed() -> None:
    """The question came with a complaint; the loss of day 6 is paid: whoever looked on day 5 reads what happened."""
    lost_too = '\n[[clause]]\nid = "LO"\nperil = "lost"\nany_of = [{ scan = "LOST" }]\ntiers = [{ share = "0.30" }]\n'
    story, referred = asked(MISSING + lost_too)
    story.when(lost(day(6)))
    assert story.last(IssueRefund).amount == usd(3_000)
    assert story.case.version > referred.version
    (first, *others) = story.case.changes
    assert (first.version, first.cause, first.at) == (referred.version, "DisputeOpened", day(5))
    assert [(each.version, each.cause, each.at) for each in others] == [(story.case.version, "ShipmentLost", day(6))]


def test_nothing_is_kept_of_what_changes_a_case_without_questions() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    assert story.case.version > 0
    assert story.case.changes == ()


def test_a_decision_keeps_who_made_it_and_why() -> None:
    story, referred = asked()
    story.when(said(commands.NoteReferral, referred, day(5.5), note="called"))
    why = {"role": "lead", "note": "no photo", "reason_code": DecisionReason.EVIDENCE_MISSING}
    story.when(ruling(referred, "do_not_pay", day(6), by="lead-1", **why))
    (done,) = story.case.referrals
    assert (done.decided_by, done.decided_as, done.reason_code) == ("lead-1", "lead", "evidence_missing")
    assert (done.decided_note, done.seen_version, done.desk) == ("no photo", referred.version, None)
    assert story.case.changes == ()


# how questions are handled


def test_handling_a_question_publishes_nothing_and_leaves_the_version() -> None:
    story, referred = asked()
    version = story.case.version
    for kind, at, fields in (
        (commands.AssignReferral, day(5.1), {"assignee": "adjuster-2"}),
        (commands.SnoozeReferral, day(5.2), {"until": day(7)}),
        (commands.BoostReferral, day(5.3), {}),
        (commands.NoteReferral, day(5.4), {"note": "called"}),
    ):
        assert story.when(said(kind, referred, at, **fields)) == ()
    assert story.case.version == version
    found = row(story)
    assert (found.assignee, found.snoozed_until, found.boosted, found.notes) == ("adjuster-2", day(7), True, 1)
    story.when(ruling(referred, "pay", day(6)))
    assert story.case.owed == 10_000


@pytest.mark.parametrize("late_first", [False, True])
def test_of_two_words_the_one_that_was_said_later_counts(late_first: bool) -> None:
    story, referred = asked()
    words = [
        said(commands.AssignReferral, referred, day(5.1), assignee="adjuster-2"),
        said(commands.AssignReferral, referred, day(5.2), assignee="adjuster-3"),
    ]
    for word in reversed(words) if late_first else words:
        story.when(word, day(5.5))
    assert row(story).assignee == "adjuster-3"


def test_what_was_said_of_a_question_is_read_twice_and_counts_once() -> None:
    story, referred = asked()
    words = [
        said(commands.AssignReferral, referred, day(5.1), assignee="adjuster-2"),
        said(commands.AssignReferral, referred, day(5.2)),
        said(commands.NoteReferral, referred, day(5.3), note="called"),
        said(commands.BoostReferral, referred, day(5.4), boosted=True),
    ]
    for word in words:
        story.when(word)
    before, rows = story.case, len(story.rows)
    for word in words:
        story.when(word, day(6))
    assert (story.case, len(story.rows)) == (before, rows)


def test_a_question_is_snoozed_for_thirty_days_at_most() -> None:
    story, referred = asked()
    story.when(said(commands.SnoozeReferral, referred, day(5.1), until=day(90)))
    assert row(story).snoozed_until == day(5.1) + MAX_SNOOZE == day(35.1)
    story.when(said(commands.SnoozeReferral, referred, day(5.2)))
    assert row(story).snoozed_until is None


def test_a_question_keeps_its_first_notes() -> None:
    story, referred = asked()
    for number in range(MAX_NOTES + 1):
        at = day(5.1) + timedelta(minutes=number)
        story.when(said(commands.NoteReferral, referred, at, note=f"note {number}"))
    desk = story.case.referrals[0].desk
    assert desk is not None
    assert [note.text for note in desk.notes] == [f"note {number}" for number in range(MAX_NOTES)]


def test_a_question_that_is_closed_is_not_handled_any_more() -> None:
    story, referred = asked()
    story.when(ruling(referred, "do_not_pay", day(6)))
    before = story.case
    story.when(said(commands.NoteReferral, referred, day(7), note="too late"))
    assert story.case == before


# the inbox


def test_the_inbox_says_what_is_asked() -> None:
    story, referred = asked()
    found = row(story)
    assert (found.order_key, found.referral_id, found.reason) == (
        "demo/shop/A-1",
        referred.referral_id,
        "answer_missing",
    )
    assert (found.minor, found.currency, found.role) == (10_000, "USD", "adjuster")
    assert (found.answer_by, found.opened_at, found.version) == (day(8), day(5), referred.version)
    assert (found.assignee, found.snoozed_until, found.boosted, found.suggestion) == ("", None, False, "")


def test_a_question_leaves_the_inbox_when_it_closes() -> None:
    story, referred = asked()
    story.when(ruling(referred, "do_not_pay", day(6)))
    assert story.inbox == {}
    assert [each for each in story.rows if isinstance(each, Closed)] == [Closed("demo/shop/A-1", referred.referral_id)]


def test_a_case_without_questions_makes_no_row() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    assert not any(isinstance(each, Waiting | Closed) for each in story.rows)


@pytest.mark.parametrize(
    ("code", "retryable", "choice"),
    [
        (FailureCode.LOST_OR_STOLEN_CARD, False, "payout"),
        (FailureCode.DECLINED, False, ""),
    ],
)
def test_a_refund_that_a_closed_card_refused_speaks_for_a_payout(
    code: FailureCode, retryable: bool, choice: str
) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(12)))
    failed = answer(story.last(IssueRefund), "RefundFailed", day(13), failure_code=code, retryable=retryable)
    story.when(failed)
    assert row(story).suggestion == choice
