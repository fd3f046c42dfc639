"""Packages, the basis that each of them has, limits and deductibles."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.claims import (
    KEY,
    ClaimsStory,
    amended,
    complaint,
    damaged,
    day,
    delivered,
    fell_due,
    issued,
    journey,
    late,
    line,
    lost,
    only,
    package,
    placed,
    refunded,
    usd,
)
from waybond_claims.adjudication.units import units
from waybond_claims.case.journey import Package
from waybond_claims.case.order import Line
from waybond_contracts.claims import (
    ClaimApproved,
    ClaimDenied,
    ClaimReferred,
    ClaimReopened,
    DenialReason,
    ReferralReason,
)
from waybond_contracts.event import Event
from waybond_contracts.explanation import Explanation
from waybond_contracts.orders import OrderAmended
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.wording import Scope

LINES = (line("a", 6_000, quantity=3), line("b", 3_000))
TWO = journey(package("P1", (("a", 3),)), package("P2", (("b", 1),)))


def benefits(why: Explanation) -> dict[str | None, int]:
    return {each.package_id: each.benefit.minor for each in why.findings if each.applies and each.benefit}


def test_a_package_has_its_lines_and_their_part_of_the_shipping() -> None:
    story = ClaimsStory()
    story.given(placed(usd(10_000), LINES), issued(), lost(day(12), package_id="P1", journey=TWO))
    assert benefits(story.last(ClaimApproved).explanation) == {"P1": 6_667}


def test_both_packages_together_have_the_whole_basis() -> None:
    story = ClaimsStory()
    story.given(placed(usd(10_000), LINES), issued(), lost(day(12), package_id="P1", journey=TWO))
    story.pay(day(13))
    story.when(lost(day(14), package_id="P2", journey=TWO))
    assert story.last(ClaimApproved).entitled == usd(10_000)
    assert [step.what for step in story.last(ClaimApproved).explanation.steps][:2] == ["package:P1", "package:P2"]


def bases(
    whole: int, packages: list[Package], lines: tuple[Line, ...], packages_in_order: int | None
) -> dict[str | None, int]:
    return units(packages, lines, packages_in_order).values(whole)


def test_without_lines_packages_share_equally_and_the_first_take_what_rounding_leaves() -> None:
    known = [Package("P1"), Package("P2"), Package("P3")]
    assert bases(10_000, known, (), None) == {"P1": 3_334, "P2": 3_333, "P3": 3_333}


def test_packages_that_are_announced_and_not_booked_are_part_of_the_remainder() -> None:
    assert bases(10_000, [Package("P1")], (), 3) == {"P1": 3_333, None: 6_667}


def test_packages_with_and_without_lines_share_what_is_left() -> None:
    lines = (Line("a", 1, 6_000), Line("b", 1, 4_000))
    known = [Package("P1", (("a", 1),)), Package("P2"), Package("P3")]
    assert bases(10_000, known, lines, None) == {"P1": 6_000, "P2": 2_000, "P3": 2_000}


def test_the_newest_journey_says_how_many_packages_share_the_order() -> None:
    story = ClaimsStory()
    three = journey(package("P1"), package("P2"), packages_in_order=3)
    two = journey(package("P1"), package("P2"), packages_in_order=2)
    story.given(placed(), issued(), damaged(day(12), package_id="P1", journey=three))
    assert benefits(story.last(ClaimApproved).explanation) == {"P1": 3_334}
    story.pay(day(13))

    story.when(lost(day(14), package_id="P2", journey=two))
    assert benefits(story.last(ClaimApproved).explanation) == {"P1": 5_000, "P2": 5_000}
    story.when(lost(day(14), package_id="P2", version=2, as_of=day(11), journey=three))
    assert story.case.packages_in_order == 2


def test_what_was_packed_twice_is_a_replacement_and_worth_nothing_again() -> None:
    lines = (Line("a", 1, 5_000),)
    known = [Package("P1", (("a", 1),)), Package("P2", (("a", 1),))]
    assert bases(5_001, known, lines, None) == {"P1": 5_001, "P2": 0}


def test_the_order_as_a_whole_until_a_package_is_known() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0, package_id=None))
    assert benefits(story.last(ClaimApproved).explanation) == {None: 1_000}
    story.pay(day(28))
    one = journey(package("P1"))
    story.when(late(0, package_id="P1", as_of=day(29), journey=one), day(29))
    story.when(late(0, package_id=None, version=2, breached=False, as_of=day(29), journey=one), day(29))
    assert story.case.entitled == 1_000
    assert len(story.named(ClaimApproved)) == 1
    assert story.named(ClaimReopened) == []
    assert story.case.recoveries == ()


def test_what_was_paid_for_the_whole_order_is_not_paid_again_for_its_packages() -> None:
    story = ClaimsStory()
    story.given(placed(usd(10_000), LINES), issued(), late(1, package_id=None))
    story.pay(day(36))
    story.when(late(1, package_id=None, version=2, breached=False, as_of=day(37), journey=TWO), day(37))
    story.when(late(1, package_id="P1", as_of=day(37), journey=TWO), day(37))
    story.when(damaged(day(40), package_id="P2", journey=TWO))
    approved = story.last(ClaimApproved)
    assert approved.entitled == usd(2_000 + 3_333)
    assert approved.amount == usd(2_000 + 3_333 - 3_000)


def test_an_order_scope_is_one_benefit_and_the_larger_of_both_counts() -> None:
    body = only("""
[[clause]]
id = "O"
peril = "late"
clock = "promised_latest"
scope = "order"
tiers = [{ after = "P7D", share = "0.40" }]

[[clause]]
id = "D"
peril = "damaged"
any_of = [{ scan = "DAMAGED" }]
tiers = [{ share = "1.00" }]
""")
    story = ClaimsStory()
    whole = fell_due("O:0:0", day(27), timedelta(days=7), package_id=None, scope=Scope.ORDER, journey=TWO)
    story.given(placed(usd(9_000), LINES), issued(body, usd(9_000)), whole)
    assert story.last(ClaimApproved).entitled == usd(3_600)
    story.pay(day(28))
    story.when(damaged(day(29), package_id="P2", journey=TWO))
    assert story.case.entitled == 3_600
    story.when(damaged(day(30), package_id="P1", journey=TWO))
    assert story.last(ClaimApproved).entitled == usd(9_000)


def test_the_policys_limit_and_what_the_buyer_paid_bound_what_is_owed() -> None:
    limited = ClaimsStory()
    limited.given(placed(), issued(limit=usd(4_000)), lost(day(12)))
    assert limited.last(ClaimApproved).entitled == usd(4_000)
    insured_with_uplift = ClaimsStory()
    insured_with_uplift.given(placed(usd(10_000)), issued(basis=usd(11_000)), lost(day(12)))
    assert insured_with_uplift.last(ClaimApproved).entitled == usd(10_000)


def test_a_package_has_a_limit_of_its_own() -> None:
    story = ClaimsStory()
    both = [lost(day(12), package_id=each, journey=TWO) for each in ("P1", "P2")]
    story.given(placed(usd(9_000), LINES), issued(basis=usd(9_000), package_limit=usd(3_500)), *both)
    story.pay(day(13))
    assert story.case.entitled == 3_500 + 3_000


def test_what_others_paid_back_is_not_paid_again() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), refunded("R1", 9_400, day(5)), late(0))
    assert story.last(ClaimApproved).amount == usd(600)


def test_nothing_is_paid_once_all_was_paid_back() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), refunded("R1", 6_000, day(5)), refunded("R2", 4_000, day(6)), late(0))
    assert story.named(ClaimApproved) == []


def test_an_amendment_changes_basis_and_what_was_paid() -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    story.when(OrderAmended(**KEY, occurred_at=day(2), revision=2, total=usd(5_000)))
    story.when(OrderAmended(**KEY, occurred_at=day(1), revision=1, total=usd(7_000)), day(2.5))
    story.when(amended(version=2, basis=usd(5_000)), day(3))
    story.when(lost(day(12)))
    assert story.last(ClaimApproved).entitled == usd(5_000)


DEDUCTIBLE = """
[[clause]]
id = "D"
peril = "damaged"
any_of = [{{ scan = "DAMAGED" }}]
tiers = [{{ share = "{share}" }}]
{extra}
"""


@pytest.mark.parametrize(
    ("extra", "minor"),
    [
        ('deductible = { share = "0.25" }', 7_500),
        ('deductible = { amount = { amount = "12" } }', 8_800),
        ('deductible = { share = "0.20", amount = { amount = "50" } }', 5_000),
        ('deductible = { amount = { amount = "500" } }', 0),
        ('limit = { amount = "33.33" }', 3_333),
        ('deductible = { share = "0.50", categories = ["jewellery"] }', 10_000),
        ('deductible = { share = "0.50", categories = ["toys"] }', 5_000),
        ('deductible = { share = "0.10" }\nlimit = { amount = "80" }', 8_000),
    ],
)
def test_deductibles_and_the_clauses_limit(extra: str, minor: int) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(DEDUCTIBLE.format(share="1.00", extra=extra))), damaged(day(9)))
    assert story.case.entitled == minor


def test_an_amount_is_rounded_once_half_up() -> None:
    # 0.333 of 1.50 is 49.95 cents; a quarter of it is 12.4875: rounding the parts would give 49.95 -> 50 - 12 = 38.
    body = only(DEDUCTIBLE.format(share="0.333", extra='deductible = { share = "0.25" }'))
    story = ClaimsStory()
    story.given(placed(usd(150)), issued(body, usd(150)), damaged(day(9)))
    assert story.last(ClaimApproved).entitled == usd(37)
    half = ClaimsStory()
    half.given(placed(usd(5)), issued(only(DEDUCTIBLE.format(share="0.5", extra="")), usd(5)), damaged(day(9)))
    assert half.last(ClaimApproved).entitled == usd(3)


def test_a_late_package_beside_one_in_time() -> None:
    story = ClaimsStory()
    story.given(placed(usd(9_000), LINES), issued(basis=usd(9_000)))
    story.given(delivered(day(15), package_id="P1", journey=TWO), late(0, package_id="P2", journey=TWO))
    assert story.last(ClaimApproved).entitled == usd(300)


def amendment(**fields: Any) -> OrderAmended:
    return OrderAmended(**KEY, occurred_at=day(1), revision=1, **fields)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("facts", "entitled"),
    [
        ((amendment(total=usd(4_000)), amendment(total=usd(8_000))), 8_000),
        ((amendment(lines=(line("a", 2_000), line("b", 8_000))), amendment(lines=(line("a", 9_000),))), 2_000),
    ],
)
def test_a_revision_with_two_contents_stops_payments_and_counts_the_same_in_either_order(
    facts: tuple[Event, ...], entitled: int, turned: bool
) -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    for fact in reversed(facts) if turned else facts:
        story.when(fact, day(2))
    known = journey(package("P1", (("a", 1),)), package("P2", (("b", 1),)))
    story.when(lost(day(12), journey=known if entitled == 2_000 else journey(package("P1"))))
    assert story.named(IssueRefund) == []
    assert story.last(ClaimReferred).reason is ReferralReason.CONTRADICTION
    assert story.case.entitled == entitled


def test_an_order_that_is_placed_twice_with_other_lines_is_a_contradiction() -> None:
    story = ClaimsStory()
    story.given(placed(lines=(line("a", 5_000), line("b", 5_000))), placed(lines=(line("a", 9_000), line("b", 1_000))))
    story.given(issued(), lost(day(12)))
    assert story.named(IssueRefund) == []
    assert story.last(ClaimReferred).reason is ReferralReason.CONTRADICTION


def test_what_an_exclusion_leaves_of_the_basis_is_rounded_half_up() -> None:
    """67 of 100 of 1.10 are 73.7."""
    body = only("""
[[clause]]
id = "D"
peril = "damaged"
any_of = [{ scan = "DAMAGED" }]
tiers = [{ share = "1.00" }]

[[exclusion]]
id = "X"
categories = ["jewellery"]
""")
    story = ClaimsStory()
    lines = [line("a", 67), line("b", 33, category="jewellery")]
    story.given(placed(usd(110), lines), issued(body, usd(110)), damaged(day(9)))
    assert story.case.entitled == 74


def test_a_sum_without_a_rate_asks_nobody_about_a_clause_that_is_not_met() -> None:
    body = only("""
[[clause]]
id = "D"
peril = "damaged"
any_of = [{ scan = "DAMAGED" }]
tiers = [{ share = "1.00" }]

[[exclusion]]
id = "X"
value_above = { amount = "150", currency = "CNY" }
""")
    story = ClaimsStory()
    story.given(placed(), issued(body), late(0))
    assert story.events == ()
    story.when(damaged(day(30)))
    assert story.last(ClaimReferred).reason is ReferralReason.ANSWER_MISSING


def test_a_complaint_is_answered_where_a_clause_applies_and_gives_nothing() -> None:
    body = only(
        """
[[clause]]
id = "LO-1"
peril = "lost"
any_of = [{ scan = "LOST" }]
tiers = [{ share = "1.00" }]
deductible = { amount = { amount = "120" } }
        """
    )
    story = ClaimsStory()
    story.given(placed(), issued(body), lost(day(20)), complaint(day(21)))
    assert [each.reason for each in story.named(ClaimDenied)] == [DenialReason.NOT_COVERED]
    assert story.last(ClaimDenied).clauses == ("LO-1",)


def test_a_complaint_about_an_order_that_cost_nothing_is_answered() -> None:
    story = ClaimsStory()
    story.given(placed(usd(0)), issued(basis=usd(0)), lost(day(20)), complaint(day(21)))
    assert [each.reason for each in story.named(ClaimDenied)] == [DenialReason.NOT_COVERED]
