"""A claim that is filed is a complaint: about the goods that it names, and for no more than it asks for."""

from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from tests.support.claims import (
    ClaimsStory,
    complaint,
    contents,
    day,
    delivered,
    filed,
    issued,
    journey,
    line,
    lost,
    only,
    package,
    placed,
    resolved,
    ruling,
    usd,
)
from waybond_contracts.claims import (
    BuyerNotified,
    ClaimApproved,
    ClaimDenied,
    ClaimOpened,
    ClaimReferred,
    DenialReason,
    ReferralReason,
)
from waybond_contracts.disputes import DisputeReason, Party
from waybond_contracts.money import Money
from waybond_contracts.refunds import IssueRefund

GOODS = line("a", 6_000), line("b", 4_000)
TWO = journey(package("P1", (("a", 1),)), package("P2", (("b", 1),)))
CLAIMED = only("""
[[clause]]
id = "DA-1"
peril = "damaged"
trigger = "claim"
tiers = [{ share = "1.00" }]

[[clause]]
id = "MI-1"
peril = "missing"
trigger = "claim"
tiers = [{ share = "0.50" }]
limit = { amount = "40" }
""")


def ordered(body: str = CLAIMED) -> ClaimsStory:
    """Lines of 60 and 40, each in a package of its own."""
    story = ClaimsStory()
    story.given(placed(lines=GOODS), issued(body), contents(day(2), *TWO.packages))
    return story


def decided(story: ClaimsStory, choice: str, at: datetime, **fields: Any) -> None:
    """A person answers every question that is open."""
    while any(each.is_open for each in story.case.referrals):
        referral = next(each for each in story.case.referrals if each.is_open)
        asked = [each for each in story.named(ClaimReferred) if each.referral_id == referral.referral_id][-1]
        story.when(ruling(asked, choice, at, case_version=story.case.version, **fields))


def test_a_claim_is_opened_looked_at_and_paid() -> None:
    story = ordered()
    story.when(filed(day(10), package_id="P1"))
    assert story.last(ClaimOpened).cause == "ClaimFiled"
    assert story.last(ClaimReferred).reason is ReferralReason.ANSWER_MISSING
    decided(story, "pay", day(11))
    assert story.last(IssueRefund).amount == usd(6_000)


def test_a_claim_is_about_the_packages_that_hold_its_lines() -> None:
    """Line b lies in P2, which is worth 40; P1 is not asked about."""
    story = ordered()
    story.when(filed(day(10), lines=("b",)))
    assert len(story.named(ClaimReferred)) == 1
    decided(story, "pay", day(11))
    assert [(row.package_id, row.amount) for row in story.last(IssueRefund).rows] == [("P2", usd(4_000))]


def test_a_claim_about_lines_is_about_packages_whose_contents_are_not_known() -> None:
    story = ClaimsStory()
    story.given(placed(lines=GOODS), issued(CLAIMED), contents(day(2), TWO.packages[0], package("P9")))
    story.when(filed(day(10), lines=("b",)))
    decided(story, "pay", day(11))
    assert [(row.package_id, row.amount) for row in story.last(IssueRefund).rows] == [("P9", usd(4_000))]


def test_a_claim_that_names_lines_which_the_order_does_not_have_is_about_all_of_it() -> None:
    story = ordered()
    story.when(filed(day(10), lines=("z",)))
    assert len(story.named(ClaimReferred)) == 2


def test_no_more_is_paid_on_a_claim_than_it_asks_for() -> None:
    """P1 is worth 60, and 25 are asked for."""
    story = ordered()
    story.when(filed(day(10), package_id="P1", amount=usd(2_500)))
    assert story.case.referrals[0].most == 2_500
    assert "Claim D-1 asks for 25.00 USD." in story.last(ClaimReferred).question
    decided(story, "pay", day(11))
    assert story.last(IssueRefund).amount == usd(2_500)


def test_what_a_claim_asks_for_is_for_all_its_packages_together() -> None:
    """P1 is worth 60 and P2 40; 50 are asked for: 30 and 20. Had P2 been refused, 50 would be due for P1."""
    story = ordered()
    story.when(filed(day(10), amount=usd(5_000)))
    decided(story, "pay", day(11))
    assert story.case.entitled == 5_000
    other = ordered()
    other.when(filed(day(10), amount=usd(5_000)))
    first, second = other.named(ClaimReferred)
    other.when(ruling(first, "pay", day(11), case_version=other.case.version))
    other.when(ruling(second, "do_not_pay", day(11), case_version=other.case.version))
    assert other.case.entitled == 5_000


def test_what_is_asked_for_and_the_clauses_limit_both_bound() -> None:
    """Half of 60 and half of 40 are 30 and 20; 45 are asked for: 27 and 18. The clause pays 40 in all."""
    story = ordered()
    story.when(filed(day(10), "MISSING_PARTS", amount=usd(4_500)))
    decided(story, "pay", day(11))
    assert story.case.entitled == 4_000


def test_an_amount_that_is_more_than_the_wording_gives_adds_nothing() -> None:
    story = ordered()
    story.when(filed(day(10), package_id="P1", amount=usd(9_900)))
    decided(story, "pay", day(11))
    assert story.last(IssueRefund).amount == usd(6_000)


def test_of_two_claims_about_a_package_the_one_that_gives_more_counts() -> None:
    """10 and 25 are asked for: 25, not 35. The second one is looked at although the first one is paid."""
    story = ordered()
    story.given(
        filed(day(10), package_id="P1", amount=usd(1_000)),
        filed(day(11), package_id="P1", amount=usd(2_500), dispute_id="D-2"),
    )
    decided(story, "pay", day(12))
    assert story.case.entitled == 2_500


def test_what_a_claim_asks_for_does_not_bound_what_is_due_without_it() -> None:
    """A lost parcel is paid for by the scan alone."""
    story = ClaimsStory()
    story.given(placed(), issued(), filed(day(10), "NOT_RECEIVED", amount=usd(500)), lost(day(12)))
    assert story.case.entitled == 10_000


def test_an_amount_in_another_currency_bounds_nothing() -> None:
    story = ordered()
    story.when(filed(day(10), package_id="P1", amount=Money.of(100, "EUR")))
    assert story.case.referrals[0].most == 6_000


@pytest.mark.parametrize(
    ("by", "notified"), [(Party.BUYER, True), (Party.PLATFORM, True), (Party.SELLER, False)], ids=str
)
def test_whoever_files_a_claim_is_answered_and_a_seller_is_not_the_buyer(by: Party, notified: bool) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), filed(day(10), "NOT_RECEIVED", by=by))
    assert story.last(ClaimDenied).reason is DenialReason.TOO_EARLY
    assert bool(story.named(BuyerNotified)) is notified


def test_a_claim_stops_no_payment() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), filed(day(10), "NOT_RECEIVED"), lost(day(12)))
    assert story.last(IssueRefund).amount == usd(10_000)


def test_a_claim_and_its_dispute_in_any_order_come_to_the_same_end() -> None:
    """25 are asked for, 60 are disputed at the platform, and the buyer gets 10 there: 60 - 10 would be left of P1's
    worth, and no more than 25 are paid on the claim."""
    steps = [
        filed(day(10), package_id="P1", amount=usd(2_500)),
        complaint(day(11), "DAMAGED", amount=usd(6_000)),
        resolved(day(12), 1_000),
    ]
    ends = set()
    for order in permutations(steps):
        story = ordered()
        for each in order:
            story.when(each, day(20))
        decided(story, "pay", day(21))
        ends.add((story.case.entitled, story.case.disputes[0].minor, story.case.disputes[0].package_id))
    assert len(ends) == 1


def test_a_claim_without_a_policy_waits_for_one() -> None:
    story = ClaimsStory()
    story.when(filed(day(10)))
    story.until(day(11))
    assert "no policy decision" in story.last(ClaimReferred).question
    story.given(placed(lines=GOODS), issued(CLAIMED), contents(day(2), *TWO.packages))
    assert "DA-1" in story.last(ClaimReferred).question


# codes


def test_the_code_says_what_is_complained_of_where_the_reason_does_not() -> None:
    story = ordered()
    story.when(filed(day(10), "OTHER", provider="amex", raw_code=" c32", package_id="P1"))
    (dispute,) = story.case.disputes
    assert (dispute.reason, dispute.raw_code) == ("DAMAGED", "C32")
    decided(story, "pay", day(11))
    assert story.last(IssueRefund).amount == usd(6_000)


def test_a_reason_that_was_told_goes_before_the_code() -> None:
    story = ordered()
    story.when(complaint(day(10), "MISSING_PARTS", provider="amex", raw_code="C32"))
    assert story.case.disputes[0].reason == "MISSING_PARTS"


def test_a_code_of_several_reasons_is_put_before_a_person_and_answered_as_they_say() -> None:
    """Damage and missing parts are insured here. 4853 is neither: the person says that it is a counterfeit, which is
    not insured."""
    story = ordered()
    story.when(complaint(day(10), "OTHER", provider="mastercard", raw_code=" 4853", package_id="P1"))
    asked = story.last(ClaimReferred)
    assert "4853 of mastercard" in asked.question
    assert set(asked.choices) == {
        "NOT_RECEIVED",
        "NOT_AS_DESCRIBED",
        "COUNTERFEIT",
        "CREDIT_NOT_PROCESSED",
        "RECURRING_CANCELLED",
        "OTHER",
    }
    assert story.named(ClaimDenied) == []
    story.when(ruling(asked, "COUNTERFEIT", day(11)))
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED
    assert story.case.disputes[0].reason == "COUNTERFEIT"


def test_a_person_who_says_what_an_ambiguous_code_means_lets_the_clause_look_at_it() -> None:
    story = ordered()
    story.when(complaint(day(10), "OTHER", provider="mastercard", raw_code="4853", package_id="P1"))
    story.when(ruling(story.last(ClaimReferred), "NOT_AS_DESCRIBED", day(11)))
    assert "DA-1" in story.last(ClaimReferred).question
    story.when(ruling(story.last(ClaimReferred), "pay", day(12)))
    assert story.last(ClaimApproved).amount == usd(6_000)


def test_the_providers_category_answers_in_the_persons_place() -> None:
    story = ordered()
    fields = {"provider": "mastercard", "raw_code": "4853", "raw_category": "counterfeit_goods"}
    story.when(complaint(day(10), "OTHER", **fields))
    assert story.named(ClaimReferred) == []
    assert story.case.disputes[0].reason == "COUNTERFEIT"


def test_a_reason_that_is_told_later_withdraws_the_question() -> None:
    story = ordered()
    story.when(complaint(day(10), "OTHER", provider="mastercard", raw_code="4853", package_id="P1"))
    story.when(filed(day(11), "DAMAGED", package_id="P1"))
    assert [each.choice for each in story.case.referrals] == ["withdrawn", ""]
    assert story.case.disputes[0].reason == "DAMAGED"


def test_a_code_that_nobody_knows_is_put_before_a_person() -> None:
    story = ordered()
    story.when(complaint(day(10), "OTHER", provider="visa", raw_code="99.9"))
    asked = story.last(ClaimReferred)
    assert len(asked.choices) == 8
    assert set(asked.choices) <= set(DisputeReason)
    story.when(ruling(asked, "OTHER", day(11)))
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED


@pytest.mark.parametrize(
    ("provider", "code"), [("mastercard", "4834"), ("visa", "13.8"), ("", ""), ("stripe", "general")]
)
def test_nobody_is_asked_what_a_code_means_that_is_not_insured_in_any_case(provider: str, code: str) -> None:
    story = ordered()
    story.when(complaint(day(10), "OTHER", provider=provider, raw_code=code))
    assert story.named(ClaimReferred) == []
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED


def test_what_arrived_does_not_answer_a_claim_of_damage() -> None:
    story = ordered()
    story.given(delivered(day(9), package_id="P1", journey=TWO), filed(day(10), package_id="P1"))
    assert story.named(ClaimDenied) == []
    decided(story, "do_not_pay", day(11))
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED
