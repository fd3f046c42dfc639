"""Questions to people: asked once, decided by who saw the case as it is, withdrawn when they fall away."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.claims import (
    PLAIN,
    ClaimsStory,
    answer,
    complaint,
    day,
    delivered,
    issued,
    journey,
    late,
    line,
    lost,
    only,
    package,
    placed,
    refunded,
    ruling,
    usd,
)
from waybond_claims.case.complaint import MAX_DISPUTES
from waybond_claims.case.money import MAX_COMMANDS, MAX_ELSEWHERE
from waybond_claims.case.question import MAX_CONTRADICTIONS
from waybond_claims.decide import decide
from waybond_claims.service.shown import shown
from waybond_contracts.claims import ClaimDenied, ClaimReferred, ClaimReopened, DenialReason, ReferralReason
from waybond_contracts.commands import DecideReferral
from waybond_contracts.errors import ContractError
from waybond_contracts.money import Money
from waybond_contracts.refunds import CancelRefund, IssueRefund
from waybond_local.invariants.money import Moved, Owed
from waybond_local.referrals import ReferralError, command_for


def silent() -> tuple[ClaimsStory, ClaimReferred]:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.until(day(28))
    return story, story.last(ClaimReferred)


def test_a_referral_says_what_is_asked_and_which_answers_it_takes() -> None:
    _, referred = silent()
    assert referred.reason is ReferralReason.PAYER_SILENT
    assert referred.choices == ("keep_waiting", "settled_outside", "cancel_and_retry")
    assert referred.amount == usd(1_000)


def test_a_decision_on_an_older_version_is_refused_and_the_question_asked_again() -> None:
    """The order is placed twice, with two totals: that is another question, and another version of the case."""
    story, referred = silent()
    story.when(placed(usd(9_000)), day(28.1))
    story.when(ruling(referred, "settled_outside", day(29)))
    again = story.last(ClaimReferred)
    assert again.referral_id == referred.referral_id
    assert again.version > referred.version + 1
    assert story.case.settled == 0
    story.when(ruling(again, "settled_outside", day(30)))
    assert story.case.settled == 1_000


def test_a_decision_on_a_version_before_the_question_was_last_asked_is_not_asked_again() -> None:
    """Whoever made it was told of the newer version already; read twice, it would be asked for ever."""
    story, referred = silent()
    assert story.when(ruling(referred, "settled_outside", day(29), case_version=referred.version - 1)) == ()
    assert (story.case.settled, story.case.version) == (0, referred.version)


def test_an_answer_that_was_not_offered_is_refused() -> None:
    story, referred = silent()
    story.when(ruling(referred, "pay_twice", day(29)))
    assert story.last(ClaimReferred).version > referred.version
    assert story.case.in_flight is not None


def test_an_amount_in_another_currency_is_refused() -> None:
    story, referred = silent()
    story.when(ruling(referred, "settled_outside", day(29), amount=Money.of(5, "EUR")))
    assert story.case.settled == 0


def test_an_amount_where_the_answer_takes_none_is_refused() -> None:
    story, referred = silent()
    story.when(ruling(referred, "cancel_and_retry", day(29), amount=usd(400)))
    assert story.named(CancelRefund) == []
    assert story.last(ClaimReferred).version > referred.version


@pytest.mark.parametrize("minor", [0, -500])
def test_to_pay_nothing_or_less_is_refused(minor: int) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(MISSING)), complaint(day(5), "MISSING_PARTS"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(6), amount=usd(minor)))
    assert story.case.owed == 0
    again = story.last(ClaimReferred)
    assert len(story.named(ClaimReferred)) == 2
    story.when(ruling(again, "do_not_pay", day(7)))
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED


def test_a_referral_is_decided_once() -> None:
    story, referred = silent()
    story.when(ruling(referred, "keep_waiting", day(29)))
    published = story.when(ruling(referred, "settled_outside", day(30), case_version=story.case.version))
    assert published == ()
    assert [each.choice for each in story.case.referrals] == ["keep_waiting"]
    assert story.case.referrals[0].decided_by == "adjuster-1"


def test_a_decision_about_a_referral_that_is_not_there_changes_nothing() -> None:
    story, referred = silent()
    other = ruling(referred, "settled_outside", day(29)).model_copy(update={"referral_id": "another"})
    assert story.when(other) == ()
    assert story.case.settled == 0


def test_a_decision_makes_whoever_looked_before_look_again() -> None:
    story, referred = silent()
    story.when(refunded("R1", 1, day(28.1)))
    story.when(refunded("R1", 2, day(28.2)))
    both = [each for each in story.case.referrals if each.is_open]
    assert [each.reason for each in both] == ["payer_silent", "contradiction"]
    seen = story.case.version
    story.when(ruling(referred, "keep_waiting", day(29), case_version=seen))
    story.when(ruling(story.last(ClaimReferred), "go_on", day(29.1), case_version=seen))
    assert [each.choice for each in story.case.referrals] == ["keep_waiting", ""]


def test_a_decision_that_comes_twice_counts_once() -> None:
    story, referred = silent()
    decision = ruling(referred, "cancel_and_retry", day(29))
    story.when(decision)
    assert story.when(decision, day(29.1)) == ()


def test_a_decision_about_an_order_that_nobody_knows_changes_nothing() -> None:
    _, referred = silent()
    story = ClaimsStory()
    assert story.when(ruling(referred, "keep_waiting", day(29))) == ()
    assert story.case.referrals == ()


def test_more_refunds_elsewhere_than_are_kept_stop_payments() -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    for number in range(MAX_ELSEWHERE + 1):
        story.when(refunded(f"R{number}", 1, day(1)))
    story.when(late(0))
    assert story.named(IssueRefund) == []
    assert story.last(ClaimReferred).reason is ReferralReason.BOUND_REACHED
    story.when(ruling(story.last(ClaimReferred), "go_on", day(29)))
    assert story.last(IssueRefund).amount == usd(1_000)


def test_more_disputes_than_are_kept_stop_payments() -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    for number in range(MAX_DISPUTES + 1):
        story.when(complaint(day(1), dispute_id=f"D-{number}"))
    assert story.last(ClaimReferred).reason is ReferralReason.BOUND_REACHED
    assert len(story.case.disputes) == MAX_DISPUTES


def test_more_contradictions_than_are_kept_stop_payments_although_the_others_were_decided() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    for number in range(MAX_CONTRADICTIONS):
        story.when(refunded(f"R{number}", 1, day(28)))
        story.when(refunded(f"R{number}", 2, day(28)))
        story.when(ruling(story.last(ClaimReferred), "go_on", day(28)))
    story.when(refunded("X", 1, day(29)))
    story.when(refunded("X", 9_000, day(29)))
    story.when(lost(day(30)))
    assert len(story.named(IssueRefund)) == 1
    assert story.last(ClaimReferred).reason is ReferralReason.BOUND_REACHED
    assert "contradictions" in story.last(ClaimReferred).question


def test_more_refunds_than_are_kept_are_not_commanded() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    case = story.case
    many = tuple(
        replace(case.commands[0], step=step, refund_id=f"r{step}", moved=0, told=0)
        for step in range(2, MAX_COMMANDS + 1)
    )
    outcome = decide(replace(case, commands=(*case.commands, *many)), late(1), day(35))
    assert outcome.status == "referred"
    (asked,) = outcome.events
    assert isinstance(asked, ClaimReferred)
    assert asked.choices == ("stop_payments",)  # S: `go_on` was offered, and nothing went on


def test_the_books_say_why_an_order_of_very_many_refunds_waits() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    first = story.case.commands[0]
    many = tuple(
        replace(first, step=step, refund_id=f"r{step}", moved=0, told=0) for step in range(2, MAX_COMMANDS + 1)
    )
    outcome = decide(replace(story.case, commands=(first, *many)), late(1), day(35))
    assert outcome.state is not None
    (asked,) = outcome.state.referrals
    ruled = ruling(next(each for each in outcome.events if isinstance(each, ClaimReferred)), asked.choices[0], day(36))
    after = decide(outcome.state, ruled, day(36))
    assert after.state is not None
    assert after.events == ()
    books = Owed([Moved(after.state.order_key, first.refund_id, "USD", first.moved)], {})
    books.add(after.state)
    assert books.check.holds, books.check.shown


def test_a_new_question_of_the_same_kind_is_another_referral() -> None:
    story, first = silent()
    story.when(ruling(first, "cancel_and_retry", day(28.1)))
    story.until(day(30))
    assert story.last(ClaimReferred).referral_id != first.referral_id


def test_a_withdrawn_question_may_come_up_again() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    command = story.last(IssueRefund)
    story.when(answer(command, "RefundFailed", day(28), retryable=False))
    story.when(late(0, version=2, breached=False, as_of=day(28.1)), day(28.1))
    assert [each.choice for each in story.case.referrals] == ["withdrawn"]
    story.when(late(0, version=3, as_of=day(28.2)), day(28.2))
    assert [each.choice for each in story.case.referrals] == ["withdrawn", ""]


def test_the_command_line_makes_a_decision_of_what_is_shown() -> None:
    story, referred = silent()
    assert story.now is not None
    case = shown(story.case, story.status, story.now)
    asked = case.referrals[0]
    command = command_for(case, asked, "keep_waiting", case.version, note="called", now=day(29))
    assert isinstance(command, DecideReferral)
    assert (command.referral_id, command.case_version) == (referred.referral_id, referred.version)
    story.when(command)
    assert story.case.referrals[0].choice == "keep_waiting"
    assert command_for(case, asked, "keep_waiting", case.version, role="lead", now=day(29)).role == "lead"


def test_the_command_line_refuses_what_claims_would_refuse() -> None:
    story, _ = silent()
    assert story.now is not None
    case = shown(story.case, story.status, story.now)
    with pytest.raises(ReferralError, match="expected one of keep_waiting"):
        command_for(case, case.referrals[0], "no_such_choice", case.version, now=day(29))
    with pytest.raises(ReferralError, match="a role of adjuster, payments, lead, got 'boss'"):
        command_for(case, case.referrals[0], "keep_waiting", case.version, role="boss", now=day(29))
    with pytest.raises(ReferralError, match="no amount with keep_waiting"):
        command_for(case, case.referrals[0], "keep_waiting", case.version, amount="4.00", now=day(29))
    with pytest.raises(ReferralError, match=r"at most 10\.00 USD"):
        command_for(case, case.referrals[0], "settled_outside", case.version, amount="10.01", now=day(29))
    with pytest.raises(ReferralError, match="at version 3 now, not 2"):
        command_for(case, case.referrals[0], "keep_waiting", case.version - 1, now=day(29))
    unknown = case.model_copy(update={"paid": None})
    asked = case.referrals[0].model_copy(update={"choices": ("pay", "do_not_pay")})
    with pytest.raises(ReferralError, match="no currency"):
        command_for(unknown, asked, "pay", case.version, amount="1", now=day(29))
    with pytest.raises(ReferralError, match=r"above zero, got 0\.00 USD"):
        command_for(case, asked, "pay", case.version, amount="0", now=day(29))
    with pytest.raises(ReferralError, match="expected --amount with pay"):
        command_for(case, asked.model_copy(update={"needs_amount": True}), "pay", case.version, now=day(29))
    recovery = {"reason": "recovery", "choices": ("recovered", "waived"), "amount": usd(400)}
    with pytest.raises(ReferralError, match=r"at most 4\.00 USD, which is outstanding, got 4\.01 USD"):
        command_for(case, asked.model_copy(update=recovery), "waived", case.version, amount="4.01", now=day(29))
    with pytest.raises(ContractError, match="note: expected at most 2000 characters"):
        command_for(case, case.referrals[0], "keep_waiting", case.version, note="x" * 2_001, now=day(29))


MISSING = """
[[clause]]
id = "M"
peril = "missing"
trigger = "claim"
tiers = [{ share = "1.00" }]
late_arrival = "return"
"""
THREE = journey(package("P1", (("a", 1),)), package("P2", (("b", 1),)), package("P3", (("c", 1),)))


def ruled(body: str, choice: str, **fields: Any) -> ClaimsStory:
    """A complaint about an order of three lines was put before a person, who decided before any package was known."""
    story = ClaimsStory()
    lines = (line("a", 3_333), line("b", 3_333), line("c", 3_334))
    story.given(placed(lines=lines), issued(only(body)), complaint(day(5), "MISSING_PARTS"))
    story.when(ruling(story.last(ClaimReferred), choice, day(6), **fields))
    return story


@pytest.mark.parametrize("amount", [None, usd(7_001)])
def test_a_decision_about_the_order_stands_for_its_packages(amount: Money | None) -> None:
    story = ruled(MISSING, "pay", amount=amount)
    story.pay(day(7))
    paid = story.case.settled
    assert paid == (amount or usd(10_000)).minor
    for package_id in ("P1", "P2", "P3"):
        story.when(delivered(day(8), package_id=package_id, journey=THREE))
    assert (story.case.entitled, story.case.recoveries) == (paid, ())
    assert story.named(ClaimReopened) == []


def test_a_refusal_for_the_order_stands_for_its_packages() -> None:
    story = ruled(MISSING, "do_not_pay")
    story.when(delivered(day(8), package_id="P1", journey=THREE))
    assert len(story.named(ClaimReferred)) == 1


@pytest.mark.parametrize(("choice", "entitled"), [("covered", 10_000), ("excluded", 0)])
def test_a_decision_about_a_circumstance_of_the_order_stands_for_its_packages(choice: str, entitled: int) -> None:
    exclusion = '[[exclusion]]\nid = "X"\ncircumstance = "strike"'
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN + exclusion), late(1, package_id=None), lost(day(40), package_id=None))
    story.when(ruling(story.last(ClaimReferred), choice, day(41)))
    assert story.case.entitled == entitled
    story.when(lost(day(40)), day(42))
    assert story.case.entitled == entitled
    assert all(not each.is_open for each in story.case.referrals)
