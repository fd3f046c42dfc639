"""Explanations of large orders: bounded in size, about what changed, and the amounts still follow from them alone."""

from tests.support.claims import (
    ClaimsStory,
    answer,
    complaint,
    damaged,
    day,
    delivered,
    lost,
    refunded,
    resolved,
    usd,
)
from tests.support.large_order import JOURNEY, PACKAGES, VALUE, late_package, ordered
from waybond_contracts.claims import ClaimApproved, ClaimDenied, ClaimReopened
from waybond_contracts.disputes import DisputeStage
from waybond_contracts.explanation import Explanation
from waybond_contracts.recompute import recompute
from waybond_contracts.refunds import MoneyCommand
from waybond_contracts.registry import encode

MOST_BYTES = 32 * 1024
ALL_AT_ONCE_BYTES = 48 * 1024


def story(*late: str) -> ClaimsStory:
    """The order with these packages late, each paid before the next."""
    told = ClaimsStory()
    told.given(*ordered())
    for package_id in late:
        told.when(late_package(package_id))
        told.pay(day(27))
    return told


def named(why: Explanation | None) -> set[str | None]:
    assert why is not None
    assert {each.package_id for each in why.packages} >= {each.package_id for each in why.findings if each.applies}
    return {each.package_id for each in why.packages}


def test_a_decision_on_one_of_fifty_packages_stays_small() -> None:
    """10 % of each package of 10.00: 1.00 for the first one, 50.00 in all with the last one."""
    told = story(*PACKAGES)
    approved = told.named(ClaimApproved)
    assert [each.amount for each in approved] == [usd(100)] * 50
    assert approved[-1].entitled == usd(5_000)
    assert max(len(encode(each)) for each in approved) < MOST_BYTES


def test_an_approval_names_the_package_that_changed() -> None:
    told = story("P01", "P02", "P03")
    for approved, package_id in zip(told.named(ClaimApproved), ("P01", "P02", "P03"), strict=True):
        assert named(approved.explanation) == {package_id}
        assert approved.explanation.others == 49
        assert len(approved.explanation.findings) == 11, "every clause on the lane"


def test_the_others_are_one_step_and_the_amounts_follow() -> None:
    """After two packages of 1.00 each the third makes 3.00."""
    why = story("P01", "P02", "P03").last(ClaimApproved).explanation
    assert [(each.what, each.amount.minor) for each in why.steps[:2]] == [("others", 200), ("package:P03", 100)]
    assert recompute(why) == (usd(300), usd(100))


def test_an_explanation_whose_others_are_another_sum_is_found_out() -> None:
    why = story("P01", "P02").last(ClaimApproved).explanation
    steps = (why.steps[0].model_copy(update={"amount": usd(999)}), *why.steps[1:])
    assert recompute(why.model_copy(update={"steps": steps})) != (why.entitled, why.command)


def test_what_was_approved_and_comes_to_more_is_named_again() -> None:
    """P01 has 1.00 for 7 days; after 15 days it is 3.00."""
    told = story("P01", "P02")
    told.when(late_package("P01", tier=1))
    why = told.last(ClaimApproved).explanation
    assert named(why) == {"P01"}
    assert (why.entitled, why.command) == (usd(400), usd(200))


def test_packages_that_change_while_a_refund_is_on_its_way_are_named_together() -> None:
    told = story()
    told.given(*(late_package(each) for each in PACKAGES))
    told.pay(day(28))
    first, second = told.named(ClaimApproved)
    assert named(first.explanation) == {"P01"}
    assert named(second.explanation) == set(PACKAGES[1:])
    assert second.amount == usd(4_900)
    assert len(encode(second)) < ALL_AT_ONCE_BYTES


def test_whatever_happens_to_all_packages_at_once_is_bounded() -> None:
    """All are late, lost and damaged: the 1.00 for P01 is on its way, then 9.00 more and 10.00 for each other."""
    told = story()
    told.given(*(late_package(each) for each in PACKAGES))
    told.given(*(lost(day(27.1), package_id=each, journey=JOURNEY) for each in PACKAGES))
    told.given(*(damaged(day(27.2), package_id=each, journey=JOURNEY) for each in PACKAGES))
    told.pay(day(28))
    last = told.last(ClaimApproved)
    assert last.amount == usd(49_900)
    assert named(last.explanation) == set(PACKAGES)
    assert len(encode(last)) < ALL_AT_ONCE_BYTES


def test_arrivals_in_time_are_no_news() -> None:
    told = story()
    told.given(*(delivered(day(18), package_id=each, journey=JOURNEY) for each in PACKAGES[1:]))
    told.when(late_package("P01"))
    assert named(told.last(ClaimApproved).explanation) == {"P01"}


def test_what_falls_away_is_named() -> None:
    """P01 is lost and paid, 10.00; the platform refunds its line: nothing is owed for it any more."""
    told = story("P02")
    told.when(lost(day(28), package_id="P01", journey=JOURNEY))
    told.pay(day(28))
    told.when(refunded("R-1", VALUE, day(29), lines=["P01"]))
    reopened = told.last(ClaimReopened)
    assert named(reopened.explanation) == {"P01", "P02"}, "of P02, which is paid, most is new"
    assert (reopened.before, reopened.after) == (usd(1_100), usd(100))


def test_what_money_moves_for_is_named_though_nothing_changed() -> None:
    """The 1.00 for P01 is taken back since the buyer is said to have won everything, and is due again since that was
    wrong: for P01 nothing has changed since its approval."""
    told = story()
    told.when(late_package("P01"))
    first = told.last(MoneyCommand)
    told.given(complaint(day(27.1), stage=DisputeStage.CHARGEBACK), resolved(day(27.2), 50_000))
    told.when(answer(first, "RefundCancelled", day(27.3)))
    told.when(resolved(day(27.4), 0))
    assert len(told.named(ClaimApproved)) == 2
    assert named(told.last(ClaimApproved).explanation) == {"P01"}


def test_a_complaint_about_a_quiet_package_is_answered_by_its_findings() -> None:
    told = story("P01")
    told.when(complaint(day(27), package_id="P40"))
    denied = told.last(ClaimDenied)
    assert denied.explanation is not None
    assert "P40" in named(denied.explanation)
    assert len(encode(denied)) < MOST_BYTES


def test_a_complaint_about_the_order_is_answered_by_the_findings_that_say_most() -> None:
    told = story()
    told.given(delivered(day(5), package_id="P50", journey=JOURNEY), complaint(day(10)))
    denied = told.last(ClaimDenied)
    assert denied.explanation is not None
    clauses = {each.clause_id for each in denied.explanation.findings}
    assert {"TG-1", "LO-1", "LO-3"} <= clauses
    assert denied.explanation.others > 0
    assert len(encode(denied)) < MOST_BYTES


def test_the_file_stays_small_and_forgets_small_orders() -> None:
    assert len(story(*PACKAGES).case.explained) == 50
    assert all(len(each.digest) == 8 for each in story("P01").case.explained)
