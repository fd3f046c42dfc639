"""What is offered first, by the wording or by a person, and what follows when it is taken, declined or forgotten.

An order of 100 USD, and a clause that pays all of the goods' value for damage; the claim is filed on day 5."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.claims import (
    KEY,
    PLAIN,
    ClaimsStory,
    complaint,
    contents,
    day,
    issued,
    journey,
    late,
    line,
    only,
    package,
    placed,
    refunded,
    ruling,
    usd,
)
from tests.support.filed import PARTS, PHOTO, accepts, clause, declines, evidence, filed, remedies, seller
from waybond_contracts.claims import (
    ClaimApproved,
    ClaimDenied,
    ClaimReferred,
    CommandRefused,
    DenialReason,
    OfferClosed,
    OfferMade,
    RecoveryOpened,
)
from waybond_contracts.disputes import DisputeWithdrawn
from waybond_contracts.money import Money
from waybond_contracts.refunds import IssueRefund, MoneyCommand

HALF = 'offer = { share = "0.50", open_for = "P10D" }'
THEN_DECIDE = 'offer = { share = "0.50", open_for = "P10D", declined = "decide" }'
PROVEN = (evidence(PHOTO), 'proven = "pay"', remedies(PARTS))
BY_HAND = clause(remedies(PARTS))


def offered(*lines: str, body: str = "") -> ClaimsStory:
    """The claim is filed with its photo, and half is offered."""
    story = ClaimsStory()
    story.given(placed(), issued(body or only(clause(*(lines or (*PROVEN, HALF))))), filed(day(5), "photo_of_damage"))
    return story


def closed(story: ClaimsStory) -> list[str]:
    return [each.how for each in story.named(OfferClosed)]


def refusals(story: ClaimsStory) -> list[str]:
    return [each.reason for each in story.named(CommandRefused)]


# as worded


def test_a_part_is_offered_before_it_is_paid() -> None:
    story = offered()
    made = story.last(OfferMade)
    assert (made.amount, made.expires_at, made.dispute_id) == (usd(5_000), day(15), "D-1")
    assert (made.remedy, made.offered_by, made.gives_up) == ("part_refund", "wording", "rest_of_claim")
    assert not story.named(MoneyCommand)
    assert not story.named(ClaimReferred)


def test_what_is_accepted_is_paid_and_nothing_more() -> None:
    """50, for good: not even a person is asked any more."""
    story = offered()
    story.when(accepts(story.last(OfferMade), day(6)))
    assert (closed(story), story.last(IssueRefund).amount) == (["accepted"], usd(5_000))
    story.pay(day(7))
    story.until(day(240))
    assert len(story.named(MoneyCommand)) == 1
    assert not story.named(ClaimReferred)
    assert not story.named(ClaimDenied)


@pytest.mark.parametrize("how", ["declined", "expired"])
def test_what_is_not_taken_brings_it_before_a_person(how: str) -> None:
    story = offered()
    if how == "declined":
        story.when(declines(story.last(OfferMade), day(6)))
    story.until(day(15))
    assert closed(story) == [how]
    assert "The buyer did not take what was offered." in story.last(ClaimReferred).question


@pytest.mark.parametrize("how", ["declined", "expired"])
def test_or_it_is_decided_as_if_nothing_had_been_offered(how: str) -> None:
    story = offered(*PROVEN, THEN_DECIDE)
    if how == "declined":
        story.when(declines(story.last(OfferMade), day(6)))
    story.until(day(15))
    assert closed(story) == [how]
    assert story.last(IssueRefund).amount == usd(10_000)


def test_nothing_is_offered_while_something_is_missing() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(clause(*PROVEN, HALF))), complaint(day(5), "DAMAGED"))
    assert not story.named(OfferMade)


# what it is worth


def test_an_offer_counts_what_was_paid_for_the_goods_already() -> None:
    """10 were paid for a delay. Half of what the damage gives is 50 in all: 40 more."""
    late_first = PLAIN.partition('[[clause]]\nid = "LO-1"')[0] + clause(*PROVEN, HALF)
    story = ClaimsStory()
    story.given(placed(), issued(late_first), late(0))
    story.pay(day(28))
    story.when(filed(day(29), "photo_of_damage"))
    assert story.last(OfferMade).amount == usd(4_000)
    story.when(accepts(story.last(OfferMade), day(30)))
    assert story.last(IssueRefund).amount == usd(4_000)
    assert story.case.owed == 5_000


def test_what_falls_due_meanwhile_makes_another_offer_of_it_under_the_same_date() -> None:
    """50 are offered on day 20, 10 fall due for a delay on day 27: 40 more, until day 30. The 10 were approved behind
    the second offer, so the case is at a later version than that."""
    late_too = PLAIN.partition('[[clause]]\nid = "LO-1"')[0] + clause(*PROVEN, HALF)
    story = ClaimsStory()
    story.given(placed(), issued(late_too), filed(day(20), "photo_of_damage"), late(0))
    first, second = story.named(OfferMade)
    assert [first.amount, second.amount] == [usd(5_000), usd(4_000)]
    assert first.expires_at == second.expires_at == day(30)
    assert (closed(story), first.offer_id == second.offer_id) == (["withdrawn"], False)
    story.when(accepts(second, day(28), case_version=story.case.version))
    assert sum(each.amount.minor for each in story.named(MoneyCommand)) == 1_000, "one command at a time"
    story.pay(day(29))
    assert sum(each.amount.minor for each in story.named(MoneyCommand)) == 5_000


def test_what_the_platform_gave_back_lowers_what_is_offered() -> None:
    """The platform refunds 90: no more than 10 are left, and half of them is offered."""
    story = ClaimsStory()
    story.given(placed(), issued(only(clause(*PROVEN, HALF))), refunded("R", 9_000, day(4)))
    story.when(filed(day(5), "photo_of_damage"))
    assert story.last(OfferMade).amount == usd(500)


def test_an_offer_of_nothing_is_not_made() -> None:
    """50 were paid for a delay already, and half of 100 is no more than that: a person decides at once."""
    body = PLAIN.partition('[[clause]]\nid = "LO-1"')[0].replace('"0.10"', '"0.50"') + clause(*PROVEN, HALF)
    story = ClaimsStory()
    story.given(placed(), issued(body), late(0))
    story.pay(day(28))
    story.when(filed(day(29), "photo_of_damage"))
    assert not story.named(OfferMade)
    assert len(story.named(ClaimReferred)) == 1


def two_packages(**fields: Any) -> ClaimsStory:
    """Packages P1, worth 75, and P2, worth 25; the claim is filed on day 29."""
    goods = line("a", 7_500), line("b", 2_500)
    told = journey(package("P1", (("a", 1),)), package("P2", (("b", 1),)))
    story = ClaimsStory()
    story.given(placed(lines=goods), issued(only(clause(*PROVEN, HALF))), contents(day(2), *told.packages))
    story.when(filed(day(29), "photo_of_damage", **fields))
    return story


def test_of_several_packages_each_is_paid_its_part() -> None:
    """The claim names none: 50 are 37.50 and 12.50."""
    story = two_packages()
    story.when(accepts(story.last(OfferMade), day(30)))
    rows = {row.package_id: row.amount.minor for row in story.last(IssueRefund).rows}
    assert rows == {"P1": 3_750, "P2": 1_250}


def test_an_offer_for_one_package_is_of_what_that_is_worth() -> None:
    """Half of 25."""
    story = two_packages(package_id="P2")
    assert story.last(OfferMade).amount == usd(1_250)
    story.when(accepts(story.last(OfferMade), day(30)))
    assert [row.package_id for row in story.last(IssueRefund).rows] == ["P2"]


# one at a time


def test_of_two_complaints_the_second_gets_its_offer_when_the_first_is_closed() -> None:
    story = offered()
    story.when(filed(day(6), "photo_of_damage", dispute_id="D-2"))
    assert len(story.named(OfferMade)) == 1
    story.when(declines(story.last(OfferMade), day(7)))
    assert [each.dispute_id for each in story.named(OfferMade)] == ["D-1", "D-2"]


def test_offers_that_are_made_anew_again_and_again_have_a_bound() -> None:
    """Half of what is left is offered: 50, and 50 cents less with each of 40 times that the platform gives 1 back. In
    the end half of 60 is open, and is what is paid."""
    story = offered()
    for index in range(40):
        story.when(refunded(f"R{index}", 100, day(6)))
    assert len(story.named(OfferMade)) == 41
    assert len(story.case.offers) <= 32
    ids = [each.offer_id for each in story.named(OfferMade)]
    assert len(ids) == len(set(ids))
    assert len(story.named(OfferMade)) == len(closed(story)) + 1
    story.when(accepts(story.last(OfferMade), day(7)))
    assert story.last(IssueRefund).amount == usd(3_000)


# hostile


def test_the_same_acceptance_twice_is_one() -> None:
    story = offered()
    taken = accepts(story.last(OfferMade), day(6))
    story.given(taken, taken)
    assert (closed(story), refusals(story), len(story.named(MoneyCommand))) == (["accepted"], [], 1)


def test_declining_twice_is_refused_the_second_time() -> None:
    story = offered()
    made = story.last(OfferMade)
    story.given(declines(made, day(6)), declines(made, day(7)))
    assert (closed(story), refusals(story)) == (["declined"], ["closed"])


def test_what_was_declined_cannot_be_accepted() -> None:
    story = offered()
    made = story.last(OfferMade)
    story.given(declines(made, day(6)), accepts(made, day(7)))
    assert (closed(story), refusals(story), story.named(MoneyCommand)) == (["declined"], ["closed"], [])


def test_an_answer_to_an_older_version_is_refused_and_can_be_given_again() -> None:
    story = offered()
    made = story.last(OfferMade)
    story.when(accepts(made, day(6), case_version=made.version - 1))
    refused = story.last(CommandRefused)
    assert (refused.reason, refused.command, refused.version) == ("stale", "AcceptOffer", made.version)
    story.when(accepts(made, day(7), case_version=refused.version))
    assert story.last(IssueRefund).amount == usd(5_000)


@pytest.mark.parametrize("fields", [{"offer_id": "none"}, {"claim_id": "another"}])
def test_an_answer_to_an_unknown_offer_is_refused(fields: dict[str, Any]) -> None:
    story = offered()
    story.when(accepts(story.last(OfferMade), day(6), **fields))
    assert (refusals(story), story.named(MoneyCommand)) == (["unknown_offer"], [])


def test_an_answer_about_an_order_of_which_nothing_was_said_says_nothing() -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    assert story.when(accepts(offered().last(OfferMade), day(6), claim_id=story.case.claim_id)) == ()


def test_in_the_instant_of_its_end_it_can_be_accepted_before_the_wake_and_not_behind_it() -> None:
    story = offered()
    story.when(accepts(story.last(OfferMade), day(15)))
    assert closed(story) == ["accepted"]
    story = offered()
    story.until(day(15))
    story.when(accepts(story.last(OfferMade), day(15)))
    assert (closed(story), refusals(story), story.named(MoneyCommand)) == (["expired"], ["closed"], [])


def test_in_a_backlog_an_acceptance_that_is_too_late_is_refused() -> None:
    """The wake of day 15 has not come when an answer of day 16 is read."""
    story = offered()
    story.armed_at = None
    story.when(accepts(story.last(OfferMade), day(16)))
    assert (closed(story), refusals(story)) == ([], ["too_late"])


def test_a_buyer_who_withdraws_what_was_settled_keeps_the_money() -> None:
    story = offered()
    story.when(accepts(story.last(OfferMade), day(6)))
    story.pay(day(7))
    story.when(DisputeWithdrawn(**KEY, occurred_at=day(8), dispute_id="D-1"))
    assert story.case.owed == 5_000
    assert not story.named(RecoveryOpened)


def test_a_settled_claim_that_is_filed_again_is_not_paid_in_full_by_itself() -> None:
    """50 were accepted; the same claim comes under another id, and the clause would decide in full behind an offer."""
    story = offered(*PROVEN, THEN_DECIDE)
    story.when(accepts(story.last(OfferMade), day(6)))
    story.pay(day(7))
    story.when(filed(day(8), "photo_of_damage", dispute_id="D-2"))
    assert story.last(ClaimDenied).reason is DenialReason.ALREADY_PAID
    story.until(day(60))
    assert (len(story.named(OfferMade)), len(story.named(MoneyCommand))) == (1, 1)


def test_an_offer_ends_with_its_complaint() -> None:
    story = offered()
    story.when(DisputeWithdrawn(**KEY, occurred_at=day(6), dispute_id="D-1"))
    assert closed(story) == ["withdrawn"]
    story.until(day(40))
    assert not story.named(ClaimReferred)


def test_what_was_given_up_is_not_paid_under_another_clause_for_the_same_complaint() -> None:
    """The complaint is about both clauses; the offer under the first settles it, and the question falls away."""
    other = clause().replace("DA-1", "ND-1").replace('"damaged"', '"not_as_described"')
    story = ClaimsStory()
    story.given(
        placed(),
        issued(only(clause(*PROVEN, HALF) + other)),
        filed(day(5), "photo_of_damage", reason="NOT_AS_DESCRIBED"),
    )
    assert len(story.named(ClaimReferred)) == 1
    story.when(accepts(story.last(OfferMade), day(6), case_version=story.case.version))
    assert story.case.owed == 5_000
    assert not [each for each in story.case.referrals if each.is_open]


# by a person


def asked() -> tuple[ClaimsStory, ClaimReferred]:
    """Without evidence a person is asked at once."""
    story = ClaimsStory()
    story.given(placed(), issued(only(BY_HAND)), complaint(day(5), "DAMAGED"))
    return story, story.last(ClaimReferred)


def test_a_person_may_offer_a_part() -> None:
    story, referred = asked()
    assert referred.choices == ("pay", "do_not_pay", "offer")
    story.when(ruling(referred, "offer", day(6), amount=usd(3_000)))
    made = story.last(OfferMade)
    assert (made.amount, made.offered_by, made.expires_at) == (usd(3_000), "person", day(20))
    story.when(accepts(made, day(7)))
    assert story.last(IssueRefund).amount == usd(3_000)


@pytest.mark.parametrize(
    "amount", [None, usd(6_001), usd(0), Money.of(100, "EUR")], ids=["none", "above", "nothing", "other_currency"]
)
def test_what_a_person_may_not_offer_is_refused_and_asked_again(amount: Money | None) -> None:
    """The clause lets 0.60 of 100 be offered."""
    story, referred = asked()
    story.when(ruling(referred, "offer", day(6), amount=amount))
    assert not story.named(OfferMade)
    assert story.last(ClaimReferred).version > referred.version


def test_an_offer_needs_the_authority_over_its_amount() -> None:
    """Adjusters decide up to 20: 30 is refused, 20 is offered."""
    story = ClaimsStory()
    body = only(BY_HAND + '[authority]\nadjuster = { amount = "20" }\n')
    story.given(placed(), issued(body), complaint(day(5), "DAMAGED"))
    story.when(ruling(story.last(ClaimReferred), "offer", day(6), amount=usd(3_000)))
    assert not story.named(OfferMade)
    story.when(ruling(story.last(ClaimReferred), "offer", day(6.5), amount=usd(2_000)))
    assert story.last(OfferMade).amount == usd(2_000)


def test_a_persons_offer_that_is_declined_comes_back_to_a_person() -> None:
    story, referred = asked()
    story.when(ruling(referred, "offer", day(6), amount=usd(3_000)))
    story.when(declines(story.last(OfferMade), day(7)))
    again = story.last(ClaimReferred)
    assert again.referral_id != referred.referral_id
    story.when(ruling(again, "pay", day(8), amount=usd(4_500)))
    assert story.last(IssueRefund).amount == usd(4_500)
    assert len(story.named(ClaimApproved)) == 1


def test_a_clause_without_a_part_offers_none() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(clause(evidence(PHOTO)))), filed(day(5), "photo_of_damage"))
    assert story.last(ClaimReferred).choices == ("pay", "do_not_pay")


def test_a_seller_who_contests_brings_it_before_a_person_without_an_offer() -> None:
    story = ClaimsStory()
    body = clause(*PROVEN, HALF, 'seller = { answers_within = "P5D" }')
    story.given(placed(), issued(only(body)), seller(day(4), "contest"), filed(day(5), "photo_of_damage"))
    assert not story.named(OfferMade)
    assert len(story.named(ClaimReferred)) == 1
