"""A decision about a claim is looked at again if there is something new, in time, and by somebody else.

An order of 100 USD, and a clause that pays all of the goods' value for damage; a person decides the claim of day 5 on
day 6, and there are 30 days to appeal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.claims import (
    ClaimsStory,
    complaint,
    day,
    issued,
    lost,
    only,
    placed,
    ruling,
    usd,
)
from tests.support.filed import PARTS, PHOTO, accepts, appeal, clause, evidence, filed, handed_in, remedies, seller
from waybond_contracts.claims import (
    ClaimDenied,
    ClaimReferred,
    CommandRefused,
    DenialReason,
    OfferMade,
    RecoveryOpened,
)
from waybond_contracts.refunds import IssueRefund, MoneyCommand

APPEAL = 'appeal = { within = "P30D" }'


def decided(choice: str = "do_not_pay", *lines: str, minor: int | None = None, body: str = "") -> ClaimsStory:
    """A person decided about it on day 6; what is due was paid on day 7."""
    story = ClaimsStory()
    story.given(placed(), issued(body or only(clause(*(lines or (APPEAL,))))), filed(day(5), "photo_of_damage"))
    amount = usd(minor) if minor is not None else None
    story.when(ruling(story.last(ClaimReferred), choice, day(6), amount=amount))
    if story.named(MoneyCommand):
        story.pay(day(7))
    return story


def by_lead(story: ClaimsStory, choice: str, at: float, **fields: Any) -> None:
    """Somebody else decides the appeal."""
    story.when(ruling(story.last(ClaimReferred), choice, day(at), **({"by": "lead-1", "role": "lead"} | fields)))


def details(story: ClaimsStory) -> list[str]:
    return [each.detail for each in story.named(ClaimDenied) if each.detail]


def refusals(story: ClaimsStory) -> list[str]:
    return [each.reason for each in story.named(CommandRefused)]


def test_a_new_document_brings_it_before_a_lead() -> None:
    story = decided()
    story.when(appeal(story, day(10), "expert_opinion"))
    referred = story.last(ClaimReferred)
    assert (referred.role, referred.choices) == ("lead", ("uphold", "pay", "do_not_pay"))
    assert "appeals against the decision about complaint D-1 under clause DA-1" in referred.question
    assert not story.named(MoneyCommand), "nothing is paid before it is decided"


def test_what_an_appeal_overturns_is_paid() -> None:
    """Refused, then 70 of 100."""
    story = decided()
    story.when(appeal(story, day(10), "expert_opinion"))
    by_lead(story, "pay", 11, amount=usd(7_000))
    assert story.last(IssueRefund).amount == usd(7_000)


def test_the_difference_is_paid() -> None:
    """40 were paid, all of it is due: 60 more."""
    story = decided("pay", minor=4_000)
    story.when(appeal(story, day(10), "expert_opinion"))
    assert story.case.owed == 4_000, "the decision stands until the appeal is answered"
    by_lead(story, "pay", 11)
    assert [each.amount for each in story.named(IssueRefund)] == [usd(4_000), usd(6_000)]


@pytest.mark.parametrize(("choice", "minor", "back"), [("do_not_pay", None, 4_000), ("pay", 1_500, 2_500)])
def test_what_was_too_much_is_asked_back(choice: str, minor: int | None, back: int) -> None:
    story = decided("pay", minor=4_000)
    story.when(appeal(story, day(10), "expert_opinion"))
    by_lead(story, choice, 11, amount=usd(minor) if minor is not None else None)
    opened = story.last(RecoveryOpened)
    assert (opened.amount, opened.reason) == (usd(back), "appeal")


def test_what_is_upheld_stays() -> None:
    story = decided("pay", minor=4_000)
    story.when(appeal(story, day(10), "expert_opinion"))
    by_lead(story, "uphold", 11)
    assert (story.case.owed, len(story.named(MoneyCommand))) == (4_000, 1)
    assert not [each for each in story.case.referrals if each.is_open]


def test_what_was_there_when_an_appeal_was_turned_down_is_nothing_new() -> None:
    """Scenario: a lead looks at the expert's word, and the decision stands. The buyer sends the same word again, and
    then messages that nobody has seen."""
    story = decided()
    story.when(appeal(story, day(10), "expert_opinion"))
    by_lead(story, "uphold", 11)
    story.when(appeal(story, day(12), "expert_opinion"))
    assert details(story) == ["nothing_new"]
    assert not [each for each in story.case.referrals if each.is_open]
    story.when(appeal(story, day(13), "messages"))
    by_lead(story, "pay", 14, by="lead-2")
    assert story.last(IssueRefund).amount == usd(10_000)


@pytest.mark.parametrize(
    "fields",
    [{"by": "adjuster-1", "role": "lead"}, {"by": "adjuster-2", "role": "adjuster"}],
    ids=["who_decided_before", "not_a_lead"],
)
def test_who_may_not_decide_it_is_refused_and_it_is_asked_again(fields: dict[str, str]) -> None:
    story = decided()
    story.when(appeal(story, day(10), "expert_opinion"))
    before = story.last(ClaimReferred)
    by_lead(story, "pay", 11, **fields)
    assert not story.named(MoneyCommand)
    again = story.last(ClaimReferred)
    assert (again.referral_id, again.version > before.version) == (before.referral_id, True)


def test_who_decided_an_appeal_may_not_decide_the_next_one() -> None:
    story = decided()
    story.when(appeal(story, day(10), "expert_opinion"))
    by_lead(story, "do_not_pay", 11)
    story.when(appeal(story, day(12), "messages"))
    by_lead(story, "pay", 13)
    assert not story.named(MoneyCommand)
    by_lead(story, "pay", 14, by="lead-2")
    assert story.last(IssueRefund).amount == usd(10_000)


# what is answered at once


def test_an_appeal_that_is_too_late_is_answered_once() -> None:
    """Decided on day 6: until day 36."""
    story = decided()
    late = appeal(story, day(36.1), "expert_opinion")
    story.given(late, late)
    assert details(story) == ["appeal_too_late"]
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED
    assert len(story.named(ClaimReferred)) == 1


def test_on_its_last_day_it_is_in_time() -> None:
    story = decided()
    story.when(appeal(story, day(36), "expert_opinion"))
    assert (details(story), len(story.named(ClaimReferred))) == ([], 2)


@pytest.mark.parametrize("kinds", [(), ("photo_of_damage",)], ids=["nothing", "what_was_there"])
def test_an_appeal_with_nothing_new_is_answered_as_such(kinds: tuple[str, ...]) -> None:
    """The photo was in the claim."""
    story = decided("pay", minor=4_000)
    story.when(appeal(story, day(10), *kinds))
    assert details(story) == ["nothing_new"]
    assert story.last(ClaimDenied).reason is DenialReason.ALREADY_PAID


@pytest.mark.parametrize("new", ["statement", "document_before", "seller", "parcel"])
def test_a_statement_or_fact_that_was_not_known_is_new(new: str) -> None:
    story = decided()
    if new == "seller":
        story.when(seller(day(8), "accept"))
    elif new == "parcel":
        story.when(lost(day(8)))
    elif new == "document_before":
        story.when(handed_in(day(8), "messages", by="seller"))
    words = "The seller wrote to me that it broke" if new == "statement" else ""
    story.when(appeal(story, day(10), statement=words))
    assert (details(story), len(story.named(ClaimReferred))) == ([], 2)


def test_the_same_words_again_are_nothing_new() -> None:
    story = decided()
    story.when(appeal(story, day(10), statement="It is broken"))
    by_lead(story, "do_not_pay", 11)
    story.when(appeal(story, day(12), statement="It is broken"))
    assert details(story) == ["nothing_new"]


def test_two_appeals_at_a_time_are_one_question() -> None:
    story = decided()
    story.when(appeal(story, day(10), "expert_opinion"))
    story.when(appeal(story, day(11), "messages"))
    assert len(story.named(ClaimReferred)) == 2
    assert len(story.case.papers) == 3


def test_without_a_name_it_is_about_what_was_decided_last() -> None:
    story = decided()
    story.when(appeal(story, day(10), "expert_opinion", dispute_id=None))
    assert "complaint D-1" in story.last(ClaimReferred).question


def test_an_appeal_may_name_an_older_version() -> None:
    story = decided()
    story.when(appeal(story, day(10), "expert_opinion", case_version=1))
    assert (refusals(story), len(story.named(ClaimReferred))) == ([], 2)


# what cannot be appealed against


def test_without_a_time_for_it_there_is_no_appeal() -> None:
    story = decided("do_not_pay", remedies('{ remedy = "refund" }'))
    story.when(appeal(story, day(10), "expert_opinion"))
    assert refusals(story) == ["no_appeal"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"dispute_id": "D-9"}, "unknown_complaint"), ({"claim_id": "another"}, "unknown_complaint")],
)
def test_an_unknown_complaint_is_refused(fields: dict[str, Any], reason: str) -> None:
    story = decided()
    story.when(appeal(story, day(10), "expert_opinion", **fields))
    assert refusals(story) == [reason]


def test_what_is_not_decided_yet_cannot_be_appealed_against_but_is_kept() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(clause(APPEAL))), complaint(day(5), "DAMAGED"))
    story.when(appeal(story, day(6), "expert_opinion"))
    assert (refusals(story), len(story.case.papers)) == (["not_decided"], 1)


def test_what_was_given_up_cannot_be_appealed_against() -> None:
    story = decided("offer", APPEAL, remedies(PARTS), minor=3_000)
    story.when(accepts(story.last(OfferMade), day(8)))
    story.pay(day(9))
    story.when(appeal(story, day(10), "expert_opinion"))
    assert refusals(story) == ["settled"]
    assert story.case.owed == 3_000


def test_an_appeal_that_arrives_twice_is_one() -> None:
    story = decided()
    made = appeal(story, day(10), "expert_opinion")
    story.given(made, made)
    assert len(story.named(ClaimReferred)) == 2


def test_appeals_have_a_bound() -> None:
    story = decided()
    for index in range(17):
        story.when(appeal(story, day(40), statement=str(index), command_id=f"p-{index}"))
    assert len(story.case.appeals) == 16
    assert refusals(story) == ["too_many"]


def test_what_waits_again_is_not_appealed_against() -> None:
    """The photo did not come, and comes two days late: the claim goes on, and what was decided does not stand."""
    story = ClaimsStory()
    story.given(placed(), issued(only(clause(evidence(PHOTO), APPEAL))), filed(day(5)))
    story.until(day(13))
    story.when(handed_in(day(14), "photo_of_damage"))
    story.when(appeal(story, day(15), "expert_opinion"))
    assert refusals(story) == ["not_decided"]
    assert [each.kind for each in story.case.papers] == ["photo_of_damage", "expert_opinion"], "what it brings is kept"
    assert not story.case.appeals
