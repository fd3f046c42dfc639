"""What is owed by unit, each amount worked out by hand: orders of 100.00 USD, mostly lines of 60 and 40."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.support.claims import (
    PLAIN,
    ClaimsStory,
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
    ruling,
    usd,
)
from waybond_claims.entitlement import entitlement
from waybond_claims.service.shown import shown
from waybond_contracts.claims import ClaimApproved, ClaimReferred, RecoveryOpened
from waybond_contracts.money import Money
from waybond_contracts.orders import FxRate, OrderLine
from waybond_contracts.recompute import recompute
from waybond_contracts.refunds import IssueRefund

LINES = (line("1", 6_000), line("2", 4_000))
HALVES = (line("1", 5_000), line("2", 5_000))
A, B = package("A", (("1", 1),)), package("B", (("2", 1),))


def insured(body: str | None = None, lines: tuple[OrderLine, ...] = LINES, **fields: Any) -> ClaimsStory:
    story = ClaimsStory()
    return story.given(placed(lines=lines), issued(body, **fields) if body else issued(**fields)) and story


def clause(extra: str, share: str = "1.00") -> str:
    return only(f"""
[[clause]]
id = "LO-1"
peril = "lost"
any_of = [{{ scan = "LOST" }}]
tiers = [{{ share = "{share}" }}]
{extra}
""")


def remainder_late(tier: int = 0, **fields: Any) -> Any:
    return late(tier, package_id=None, **fields)


# contents and the remainder


def test_a_loss_that_is_known_minutes_before_its_booking_pays_the_line_that_was_in_the_parcel() -> None:
    """60 of 100: B is booked with line 2 already; A, of which only its scan is known, has what is left."""
    story = insured()
    story.when(lost(day(10), package_id="A", journey=journey(package("A"), B)))
    assert story.case.entitled == 6_000
    story.pay(day(10.1))
    story.when(lost(day(10), package_id="A", version=2, journey=journey(A, B)), day(11))
    assert story.case.entitled == 6_000


def test_the_newest_contents_count_and_not_the_larger_ones() -> None:
    """A is booked with both lines (50 and 50), then again with line 1 alone; B takes line 2. A is lost: 50."""
    story = insured(lines=HALVES)
    both = package("A", (("1", 1), ("2", 1)))
    story.when(delivered(day(5), package_id="B", journey=journey(both), as_of=day(5)))
    story.when(lost(day(10), package_id="A", journey=journey(A, B), as_of=day(10)))
    assert story.case.entitled == 5_000


def test_older_contents_that_come_later_do_not_count() -> None:
    story = insured(lines=HALVES)
    story.when(lost(day(10), package_id="A", journey=journey(A, B), as_of=day(10)))
    both = package("A", (("1", 1), ("2", 1)))
    story.when(lost(day(10), package_id="A", version=2, journey=journey(both), as_of=day(9)), day(11))
    assert story.case.entitled == 5_000


def test_the_remainder_is_late_and_what_was_paid_for_it_counts_for_the_package_that_takes_its_goods() -> None:
    """A (60) arrives in time, line 2 (40) is not shipped: 10 % of 40 are 4. B is booked with line 2 and lost: 40."""
    story = insured()
    story.given(delivered(day(15), package_id="A", journey=journey(A)), remainder_late(journey=journey(A)))
    assert story.last(IssueRefund).amount == usd(400)
    assert story.last(ClaimApproved).explanation.steps[0].what == "remainder"
    story.pay(day(28))
    story.when(late(0, package_id="B", journey=journey(A, B), as_of=day(32)), day(32))
    assert (story.case.entitled, story.case.owed) == (400, 400)
    story.when(lost(day(33), package_id="B", journey=journey(A, B)))
    assert story.last(IssueRefund).amount == usd(3_600)
    story.pay(day(34))
    story.when(lost(day(35), package_id="A", journey=journey(A, B)))
    assert story.case.owed == 4_000, "A was delivered before: its loss is contradicted"


def test_what_stays_paid_for_the_remainder_is_of_the_package_that_took_over_and_not_of_another() -> None:
    """4 were paid for line 2. B is booked with it and in time by its own promise; A (60) is damaged: 60, beside 4."""
    story = insured()
    story.given(delivered(day(15), package_id="A", journey=journey(A)), remainder_late(journey=journey(A)))
    story.pay(day(28))
    story.when(remainder_late(version=2, breached=False, journey=journey(A, B), as_of=day(32)), day(32))
    assert (story.case.entitled, story.case.owed) == (0, 400)
    story.when(damaged(day(33), package_id="A", journey=journey(A, B)))
    assert story.case.owed == 6_400


def test_goods_that_are_never_shipped_are_owed() -> None:
    """Lines 60/40, only A is booked, and delivered: the 40 are lost with the last tier of their clock."""
    story = insured()
    story.given(delivered(day(15), package_id="A", journey=journey(A)), remainder_late(journey=journey(A)))
    story.pay(day(28))
    fact = fell_due("LO-1:2:0", day(65), timedelta(days=45), package_id=None, journey=journey(A))
    story.when(fact)
    assert story.case.entitled == 4_000
    assert story.last(IssueRefund).amount == usd(3_600)


def test_contents_of_lines_that_the_order_does_not_have_are_unknown() -> None:
    """Line "x" is no line of the order: the one package has all that is left, 100."""
    story = insured()
    story.when(lost(day(10), package_id="A", journey=journey(package("A", (("x", 1),)))))
    assert story.case.entitled == 10_000


# what is of the clause


def test_a_deductible_for_a_category_is_of_the_goods_of_that_category() -> None:
    """25 % on jewellery worth 10 of 100: 2.50 stay with the buyer."""
    body = clause('deductible = { share = "0.25", categories = ["jewellery"] }')
    story = insured(body, (line("1", 1_000, category="jewellery"), line("2", 9_000)))
    story.when(lost(day(10)))
    assert story.case.entitled == 9_750


def test_a_fixed_deductible_for_a_category_takes_no_more_than_its_goods() -> None:
    body = clause('deductible = { amount = { amount = "25" }, categories = ["jewellery"] }')
    story = insured(body, (line("1", 1_000, category="jewellery"), line("2", 9_000)))
    story.when(lost(day(10)))
    assert story.case.entitled == 9_000


def test_a_fixed_deductible_is_taken_once_for_what_happened_at_one_instant() -> None:
    """Both packages (60 and 40) are lost at once: 10 stay with the buyer, 6 and 4. Another day it is another 10."""
    body = clause('deductible = { amount = { amount = "10" } }')
    story = insured(body)
    story.given(*(lost(day(10), package_id=each, journey=journey(A, B)) for each in "AB"))
    assert story.case.entitled == 9_000
    other = insured(body)
    other.given(*(lost(day(10 + n), package_id=each, journey=journey(A, B)) for n, each in enumerate("AB")))
    assert other.case.entitled == 8_000


def test_a_clauses_limit_is_what_it_pays_for_all_packages_together() -> None:
    """60 and 40 under a limit of 60: 36 and 24."""
    story = insured(clause('limit = { amount = "60" }'))
    story.given(*(lost(day(10), package_id=each, journey=journey(A, B)) for each in "AB"))
    assert story.case.entitled == 6_000
    story.pay(day(11))
    why = shown(story.case, story.status, day(11)).explanation
    assert why is not None
    assert [each.benefit for each in why.findings] == [usd(3_600), usd(2_400)]
    assert recompute(why)[0] == usd(6_000)


def test_a_worded_uplift_is_paid() -> None:
    """Invoice and 10 %: 110 for goods of 100."""
    body = clause("").replace('basis = "order_total"', 'basis = "order_total", uplift = "0.10"')
    story = insured(body, basis=usd(11_000))
    story.when(lost(day(10)))
    assert story.case.entitled == 11_000


def test_what_a_person_decides_is_bound_by_the_clauses_limit_and_the_goods_value() -> None:
    """A person says 90 under a limit of 30, and is asked again; 30 are taken. So it is with goods worth 40."""
    missing = '[[clause]]\nid = "M"\nperil = "missing"\ntrigger = "claim"\ntiers = [{ share = "1.00" }]\n'
    story = insured(only(missing + 'limit = { amount = "30" }'))
    story.when(complaint(day(5), "MISSING_PARTS"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(6), amount=usd(9_000)))
    assert story.case.entitled == 0
    story.when(ruling(story.last(ClaimReferred), "pay", day(6), amount=usd(3_000)))
    assert story.case.entitled == 3_000
    worth_40 = insured(only(missing))
    worth_40.given(delivered(day(4), package_id="B", journey=journey(A, B)))
    worth_40.when(complaint(day(5), "MISSING_PARTS", package_id="B"))
    for asked in worth_40.named(ClaimReferred):
        worth_40.when(ruling(asked, "pay", day(6), amount=usd(9_000), case_version=worth_40.case.version))
    assert worth_40.case.entitled == 0
    for asked in worth_40.named(ClaimReferred)[-1:]:
        worth_40.when(ruling(asked, "pay", day(6), amount=usd(4_000), case_version=worth_40.case.version))
    worth_40.pay(day(7))
    assert worth_40.case.entitled == 4_000


def test_a_rate_that_is_known_the_other_way_round_is_divided_by_and_rounded_once() -> None:
    """300 USD at CAD/USD 0.768 are 390.625 CAD: 390.63. Twice that is 781.25, not 781.26."""
    body = only("""
[[clause]]
id = "DA-1"
peril = "damaged"
any_of = [{ scan = "DAMAGED" }]
tiers = [{ amount = { amount = "300", currency = "USD" } }]

[[clause]]
id = "T"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P7D", amount = { amount = "300", currency = "USD" }, per = "P1D" }]
""")
    paid = Money.of(100_000, "CAD")
    rate = FxRate(base="CAD", quote="USD", rate="0.768", source="ecb", as_of=day(0))
    story = ClaimsStory()
    goods = (OrderLine(line_id="1", sku="S", quantity=1, total=paid),)
    story.given(placed(paid, goods), issued(body, paid, limit=paid, rates=(rate,)), damaged(day(9)))
    assert story.case.entitled == 39_063
    story.pay(day(10))
    story.when(fell_due("T:0:0", day(27), timedelta(days=7), as_of=day(28.5)), day(28.5))
    assert story.case.entitled == 78_125


def test_sums_over_units_add_up() -> None:
    """100 in three equal packages: 33.34, 33.33, 33.33."""
    three = journey(package("A"), package("B"), package("C"))
    story = insured()
    story.given(*(lost(day(10), package_id=each, journey=three) for each in "ABC"))
    assert story.case.entitled == 10_000


# a replacement


def test_a_replacement_takes_over_no_value_and_its_arrival_makes_good() -> None:
    """A (100) is lost and paid, B ships the same again and arrives: with `return` 100 are asked back."""
    for late_arrival, back in (("return", 10_000), ("keep", 0), ("offset", 0)):
        story = insured(clause(f'late_arrival = "{late_arrival}"'), (line("1", 10_000),))
        again = journey(package("A", (("1", 1),), booked_at=day(1)), package("B", (("1", 1),), booked_at=day(12)))
        story.when(lost(day(10), package_id="A", journey=journey(package("A", (("1", 1),), booked_at=day(1)))))
        story.pay(day(11))
        story.when(delivered(day(20), package_id="B", journey=again))
        assert sum(each.amount.minor for each in story.named(RecoveryOpened)) == back


def test_a_wording_may_judge_the_first_package_alone() -> None:
    body = clause('late_arrival = "return"').replace('period = "P240D"', 'period = "P240D", replacement = "nothing"')
    story = insured(body, (line("1", 10_000),))
    again = journey(package("A", (("1", 1),), booked_at=day(1)), package("B", (("1", 1),), booked_at=day(12)))
    story.given(lost(day(10), package_id="A", journey=again), delivered(day(20), package_id="B", journey=again))
    assert story.case.entitled == 10_000


def test_a_booking_may_say_which_package_it_replaces() -> None:
    """A and C hold one piece each; B has a third and is said to replace C: A stays lost."""
    body = clause('late_arrival = "return"')
    story = insured(body, (line("1", 10_000, quantity=2),))
    shipped = [package(each, (("1", 1),), booked_at=day(n)) for n, each in enumerate("AC")]
    told = journey(*shipped, package("B", (("1", 1),), booked_at=day(12), replaces="C"))
    story.given(*(lost(day(10), package_id=each, journey=told) for each in "AC"))
    story.when(delivered(day(20), package_id="B", journey=told))
    assert story.case.entitled == 5_000


def shipped_again(*again: tuple[str, tuple[tuple[str, int], ...]]) -> Any:
    """A with both lines, and each of these packages after it."""
    both = (("1", 1), ("2", 1))
    later = [package(name, lines, booked_at=day(12)) for name, lines in again]
    return journey(package("A", both, booked_at=day(1)), *later)


def test_goods_that_are_shipped_again_in_part_make_nothing_good() -> None:
    """A (60 and 40) is lost. B brings the 40 again, and nothing changes; C brings the 60: nothing was lost."""
    story = insured(clause('late_arrival = "return"'))
    told = shipped_again(("B", (("2", 1),)), ("C", (("1", 1),)))
    story.given(lost(day(10), package_id="A", journey=told), delivered(day(20), package_id="B", journey=told))
    assert story.case.entitled == 10_000
    story.when(delivered(day(22), package_id="C", journey=told))
    assert story.case.entitled == 0


def test_a_second_replacement_makes_good_what_became_of_the_first_one() -> None:
    """A is lost, so is B with the same goods, and C with the same arrives."""
    both = (("1", 1), ("2", 1))
    told = shipped_again(("B", both), ("C", both))
    story = insured(clause('late_arrival = "return"'))
    story.given(*(lost(day(on), package_id=each, journey=told) for each, on in (("A", 10), ("B", 16))))
    assert story.case.entitled == 10_000
    story.when(delivered(day(25), package_id="C", journey=told))
    assert story.case.entitled == 0


def test_what_a_replacement_brought_in_time_was_not_late() -> None:
    """10 % are due for A on day 27. B with the same goods came on day 26, or on day 28."""
    for on, entitled in ((26, 0), (28, 1_000)):
        story = insured()
        told = shipped_again(("B", (("1", 1), ("2", 1))))
        story.given(delivered(day(on), package_id="B", journey=told), late(0, package_id="A", journey=told))
        assert story.case.entitled == entitled


def test_goods_of_another_unit_do_not_count_in_a_deductible() -> None:
    """A has all of the jewellery (60). B was booked with toys (40) and, beyond what was ordered, jewellery: what it has
    of its own is toys, so none of its 40 stays with the buyer."""
    body = clause('deductible = { share = "0.50", categories = ["jewellery"] }')
    lines = (line("1", 6_000, category="jewellery"), line("2", 4_000))
    told = journey(package("A", (("1", 1),), booked_at=day(1)), package("B", (("1", 1), ("2", 1)), booked_at=day(2)))
    story = insured(body, lines)
    story.when(lost(day(10), package_id="B", journey=told))
    assert story.case.entitled == 4_000


def test_a_fixed_deductible_is_taken_in_proportion_to_unrounded_benefits() -> None:
    """10 % of 10 and of 19 cents are 1 and 1.9. Of the cent that stays with the buyer B bears more: 1 and 0.9."""
    body = PLAIN.replace('peril = "late"', 'peril = "late"\ndeductible = { amount = { amount = "0.01" } }')
    story = insured(body, (line("1", 10), line("2", 19)), basis=usd(29))
    for name in "AB":
        story.when(late(0, package_id=name, journey=journey(A, B)))
    owes = entitlement(story.case, day(30))
    assert owes is not None
    assert owes.benefits == {"A": 1, "B": 1}


def test_a_refund_for_goods_of_which_nobody_knows_where_they_are_is_shared_by_value() -> None:
    """A is booked without contents, one of two packages: 50 of 100, like the one that is to come. 40 are refunded for
    the second line: 20 of them for A, which is lost, so 30 are due."""
    story = insured()
    told = journey(package("A"), packages_in_order=2)
    story.given(refunded("R-1", 4_000, day(9), lines=("2",)), lost(day(10), package_id="A", journey=told))
    assert story.case.entitled == 3_000


def test_a_refund_for_goods_that_were_shipped_again_is_for_the_first_package() -> None:
    """A (60 and 40) is lost and shipped again as B; the platform refunds 40 for the second line: 60 are left of A."""
    story = insured()
    told = shipped_again(("B", (("1", 1), ("2", 1))))
    story.given(refunded("R-1", 4_000, day(9), lines=("2",)), lost(day(10), package_id="A", journey=told))
    owes = entitlement(story.case, day(30))
    assert owes is not None
    assert owes.benefits == {"A": 6_000}


# what came back elsewhere


def test_what_came_back_counts_first_for_goods_to_be_made_good() -> None:
    """A (60) is lost, the platform gives 40 back for no line: 20 are left to make good."""
    story = insured()
    story.given(refunded("R1", 4_000, day(5)), lost(day(10), package_id="A", journey=journey(A, B)))
    assert story.case.entitled == 2_000


def test_a_fixed_sum_for_damage_is_no_more_than_the_goods_are_insured_for() -> None:
    """300 for goods worth 100: 100."""
    body = only(
        '[[clause]]\nid = "DA-1"\nperil = "damaged"\nany_of = [{ scan = "DAMAGED" }]\n'
        'tiers = [{ amount = { amount = "300" } }]\n'
    )
    story = insured(body)
    story.when(damaged(day(5)))
    assert story.case.entitled == 10_000
