"""What each command pays for: its rows, and what they stand for as the command fails, comes back or is recovered."""

from datetime import timedelta

from msgspec.structs import replace

from tests.support.claims import (
    PLAIN,
    PROMISED,
    ClaimsStory,
    answer,
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
    silent_30_days,
    usd,
)
from waybond_claims.case.money import Recovery
from waybond_claims.entitlement import standing
from waybond_contracts.claims import ClaimApproved, ClaimReferred, ClaimSettled, RecoveryOpened
from waybond_contracts.delays import Journey
from waybond_contracts.orders import OrderLine
from waybond_contracts.refunds import CancelRefund, IssuePayout, IssueRefund, MoneyCommand
from waybond_contracts.rows import MAX_ROWS
from waybond_contracts.wording import Scope

RETURN = PLAIN.replace('late_arrival = "keep"', 'late_arrival = "return"')


def goods(**minor: int) -> tuple[list[OrderLine], Journey]:
    """Lines of these amounts, each in a package of its own that has its name in capitals."""
    lines = [line(name, each) for name, each in minor.items()]
    return lines, journey(*[package(name.upper(), ((name, 1),)) for name in minor])


def of(story: ClaimsStory) -> list[dict[str | None, int]]:
    """What each command pays for, by unit."""
    return [{row.unit: row.minor for row in command.rows} for command in story.case.commands]


def stand(story: ClaimsStory) -> dict[str | None, int]:
    """What the rows stand for, by unit."""
    found: dict[str | None, int] = {}
    for each in standing(story.case):
        found[each.row.unit] = found.get(each.row.unit, 0) + each.minor
    return found


def both_lost(body: str = PLAIN, **minor: int) -> ClaimsStory:
    """All packages are lost before the policy is known, so that one command pays for them."""
    lines, told = goods(**(minor or {"a": 5_000, "b": 5_000}))
    story = ClaimsStory()
    story.given(placed(lines=lines), *[lost(day(12), package_id=name.upper(), journey=told) for name in minor or "ab"])
    story.when(issued(body), day(12))
    return story


# What a command pays for


def test_a_loss_after_a_delay_pays_the_rest() -> None:
    """10 % of 100 for the delay: 10. Then all of it for the loss: 90 more."""
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(27.5))
    story.when(silent_30_days(day(10)))
    assert of(story) == [{"P1": 1_000}, {"P1": 9_000}]
    assert [row.clause_id for each in story.case.commands for row in each.rows] == ["TG-1", "LO-1"]


def test_one_command_for_two_packages_has_a_row_for_each() -> None:
    """Lines of 60 and 40, both lost: 100, of which 60 are for A and 40 for B; decision and command say so."""
    story = both_lost(a=6_000, b=4_000)
    assert of(story) == [{"A": 6_000, "B": 4_000}]
    for event in (story.last(ClaimApproved), story.last(IssueRefund)):
        assert [(row.package_id, row.remainder, row.clause_id, row.amount) for row in event.rows] == [
            ("A", False, "LO-1", usd(6_000)),
            ("B", False, "LO-1", usd(4_000)),
        ]


def test_the_policys_limit_is_shared_in_proportion() -> None:
    """Lines of 60 and 40, both lost under a limit of 50: 30 and 20."""
    lines, told = goods(a=6_000, b=4_000)
    story = ClaimsStory()
    story.given(placed(lines=lines), *[lost(day(12), package_id=each, journey=told) for each in "AB"])
    story.when(issued(limit=usd(5_000)), day(12))
    assert of(story) == [{"A": 3_000, "B": 2_000}]


def test_what_rounding_cuts_off_goes_to_who_lost_most() -> None:
    """33.33, 33.33 and 33.34 under a limit of 50: 16.665, 16.665 and 16.67. The cent goes to A, the first of equal."""
    lines, told = goods(a=3_333, b=3_333, c=3_334)
    story = ClaimsStory()
    story.given(placed(lines=lines), *[lost(day(12), package_id=each, journey=told) for each in "ABC"])
    story.when(issued(limit=usd(5_000)), day(12))
    assert of(story) == [{"A": 1_667, "B": 1_666, "C": 1_667}]


def test_a_clause_of_the_order_pays_for_the_order() -> None:
    body = only("""
[[clause]]
id = "OR"
peril = "late"
clock = "promised_latest"
scope = "order"
tiers = [{ after = "P0D", share = "0.10" }]
""")
    story = ClaimsStory()
    story.given(placed(), issued(body), fell_due("OR:0:0", PROMISED, timedelta(0), package_id=None, scope=Scope.ORDER))
    assert of(story) == [{"": 1_000}]
    (row,) = story.last(IssueRefund).rows
    assert (row.package_id, row.remainder) == (None, False)


def test_a_unit_that_was_paid_too_much_leaves_less_for_another() -> None:
    """A (40) is lost, paid, found, and to be given back. Then B (60) is lost: of 60 there are 40, so 20 for B."""
    lines, told = goods(a=4_000, b=6_000)
    story = ClaimsStory()
    story.given(placed(lines=lines), issued(RETURN), lost(day(12), package_id="A", journey=told))
    story.pay(day(13))
    story.when(delivered(day(14), package_id="A", journey=told))
    story.when(lost(day(15), package_id="B", journey=told))
    assert of(story) == [{"A": 4_000}, {"B": 2_000}]


def test_a_unit_that_was_paid_too_much_leaves_less_for_the_others_in_proportion() -> None:
    """A (20) was paid and found. B (50) lacks 50: with A's 20 there are 30 for it. C (30) is lost too: B lacks 20 and
    C 30, and 30 are commanded: 12 and 18."""
    lines, told = goods(a=2_000, b=5_000, c=3_000)
    story = ClaimsStory()
    story.given(placed(lines=lines), issued(RETURN), lost(day(12), package_id="A", journey=told))
    story.pay(day(13))
    story.when(delivered(day(14), package_id="A", journey=told))
    story.when(lost(day(15), package_id="B", journey=told))
    story.pay(day(16))
    story.when(lost(day(17), package_id="C", journey=told))
    assert of(story) == [{"A": 2_000}, {"B": 3_000}, {"B": 1_200, "C": 1_800}]


def test_a_row_of_the_remainder_stands_for_the_goods_that_left_it() -> None:
    """Lines of 60 and 40, A booked with the first. 10 % of the remainder: 4. Then B is booked with the second line and
    is lost: 40 are owed for it, 4 were paid, so 36."""
    lines = [line("a", 6_000), line("b", 4_000)]
    story = ClaimsStory()
    before = journey(package("A", (("a", 1),)))
    story.given(placed(lines=lines), issued(), late(0, package_id=None, journey=before))
    assert of(story) == [{None: 400}]
    (row,) = story.last(IssueRefund).rows
    assert (row.package_id, row.remainder) == (None, True)
    story.pay(day(28))
    after = journey(package("A", (("a", 1),)), package("B", (("b", 1),)))
    story.when(lost(day(30), package_id="B", journey=after))
    assert of(story) == [{None: 400}, {"B": 3_600}]


def test_beyond_the_bound_the_smallest_rows_are_one_for_the_order() -> None:
    """60 packages at 1 each are lost: 51 rows of 1, and one of 9 for the order, so that they add up to 60."""
    lines = [line(f"l{number}", 100) for number in range(60)]
    story = ClaimsStory()
    story.given(placed(usd(6_000), lines))
    for number in range(60):
        name = f"p{number:02}"
        story.when(lost(day(12), package_id=name, journey=journey(package(name, ((f"l{number}", 1),)))))
    story.when(issued(basis=usd(6_000)), day(12))
    (paid,) = of(story)
    assert (len(paid), paid[""], sum(paid.values())) == (MAX_ROWS, 900, 6_000)
    story.pay(day(13))
    assert story.case.settled == story.case.owed == 6_000


def test_a_credit_after_a_payout_stays_a_credit() -> None:
    """A's loss of 50 could not be refunded and was paid out. B is late, for which the wording gives a credit of 5."""
    body = PLAIN.replace(
        'tiers = [{ after = "P7D", share = "0.10" }, { after = "P15D", share = "0.30" }]',
        'tiers = [{ after = "P7D", amount = { amount = "5" }, pays = "credit" }]',
    )
    lines, told = goods(a=5_000, b=5_000)
    story = ClaimsStory()
    story.given(placed(lines=lines), issued(body), lost(day(12), package_id="A", journey=told))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(13), retryable=False))
    story.when(ruling(story.last(ClaimReferred), "payout", day(14)))
    story.pay(day(15))
    story.when(late(0, package_id="B", journey=told))
    assert story.last(MoneyCommand) == story.last(IssuePayout)
    assert story.last(IssuePayout).amount == usd(500)
    assert [row.means for each in story.case.commands for row in each.rows] == ["refund", "credit", "credit"]


# What rows stand for


def test_what_failed_stands_for_nothing_and_its_retry_for_all() -> None:
    story = both_lost()
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(13)))
    assert of(story) == [{"A": 5_000, "B": 5_000}] * 2
    assert stand(story) == {"A": 5_000, "B": 5_000}


def test_of_another_amount_each_row_has_its_part() -> None:
    """60 and 40 are commanded, and 50 moved: 30 and 20. What is missing is 30 and 20."""
    story = both_lost(a=6_000, b=4_000)
    story.when(answer(story.last(IssueRefund), "RefundSucceeded", day(13), amount=usd(5_000)))
    assert stand(story) == {"A": 3_000, "B": 2_000}
    story.when(ruling(story.last(ClaimReferred), "go_on", day(14)))
    assert of(story)[-1] == {"A": 3_000, "B": 2_000}


def test_of_one_package_that_is_found_what_did_not_come_back_is_kept() -> None:
    """100 moved, 60 came back, A is found: 40 are owed, as the buyer keeps what is there, and 40 are there."""
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(12)))
    story.pay(day(13))
    story.when(answer(story.last(IssueRefund), "RefundReversed", day(14), version=2, amount=usd(6_000)))
    story.when(delivered(day(14.05)))
    story.when(ruling(story.last(ClaimReferred), "go_on", day(14.1), case_version=story.case.version))
    assert (story.case.owed, story.case.settled, len(of(story))) == (4_000, 4_000, 1)


def test_of_a_refund_that_came_back_in_part_each_unit_keeps_its_part() -> None:
    """A and B are worth 50 each and lost; 100 are paid and 60 come back, so that 20 are there for each. A arrives: 20
    are kept for it, 50 are owed for B. Of 70 there are 40, and 30 are commanded, for B."""
    story = both_lost()
    story.pay(day(13))
    told = journey(package("A", (("a", 1),)), package("B", (("b", 1),)))
    story.when(answer(story.last(IssueRefund), "RefundReversed", day(14), version=2, amount=usd(6_000)))
    assert stand(story) == {"A": 2_000, "B": 2_000}
    story.when(delivered(day(14.05), package_id="A", journey=told))
    story.when(ruling(story.last(ClaimReferred), "go_on", day(14.1), case_version=story.case.version))
    assert (story.case.entitled, story.case.owed, story.case.settled) == (5_000, 7_000, 4_000)
    assert of(story)[-1] == {"B": 3_000}


def test_what_is_given_back_comes_off_the_unit_that_it_was_asked_for() -> None:
    """A (60) and B (40) are lost and paid. The platform refunds A's line: 60 are asked back and given back. B's 40
    stand, although they were paid last."""
    lines, told = goods(a=6_000, b=4_000)
    story = ClaimsStory()
    story.given(placed(lines=lines), issued(), lost(day(12), package_id="A", journey=told))
    story.pay(day(13))
    story.when(lost(day(14), package_id="B", journey=told))
    story.pay(day(15))
    story.when(refunded("R1", 6_000, day(16), lines=("a",)))
    assert story.last(RecoveryOpened).amount == usd(6_000)
    story.when(ruling(story.last(ClaimReferred), "recovered", day(17)))
    assert stand(story) == {"B": 4_000}


def test_what_may_not_be_kept_is_given_back_first() -> None:
    """Late (10, kept) and lost (90, to be given back) are paid; it arrives, and 40 of 90 are given back: 10 and 50."""
    story = ClaimsStory()
    story.given(placed(), issued(RETURN), late(0))
    story.pay(day(27.5))
    story.when(silent_30_days(day(10)))
    story.pay(day(41))
    story.when(delivered(day(60)))
    story.when(ruling(story.last(ClaimReferred), "recovered", day(61), amount=usd(4_000)))
    assert [(each.row.clause_id, each.minor) for each in standing(story.case)] == [("TG-1", 1_000), ("LO-1", 5_000)]


def test_what_a_recovery_did_not_name_comes_off_what_may_not_be_kept_first() -> None:
    """A file of before names no rows: of 100, of which 10 may be kept, 95 came back. 90 and then 5 of the 10."""
    story = ClaimsStory()
    story.given(placed(), issued(RETURN), late(0))
    story.pay(day(27.5))
    story.when(silent_30_days(day(10)))
    story.pay(day(41))
    case = replace(story.case, recoveries=(Recovery(1, "late_arrival", 9_500, recovered=9_500),))
    assert [(each.row.clause_id, each.minor) for each in standing(case)] == [("TG-1", 500)]


def test_what_was_given_back_is_owed_again_for_the_same_unit() -> None:
    """Lost, paid, arrived and given back: 100. Then it turns out to be damaged: 100 again, beside nothing."""
    story = ClaimsStory()
    story.given(placed(), issued(RETURN), lost(day(12)))
    story.pay(day(13))
    story.when(delivered(day(14)))
    story.when(ruling(story.last(ClaimReferred), "recovered", day(15)))
    assert stand(story) == {}
    story.when(damaged(day(16)))
    assert of(story) == [{"P1": 10_000}] * 2


def test_what_is_given_back_and_reversed_as_well_is_paid_once_more_for_what_was_paid_last() -> None:
    """100 are paid, given back after the arrival, and then the payment system reverses the refund: the buyer is out of
    pocket by 100, although nothing is owed."""
    story = ClaimsStory()
    story.given(placed(), issued(RETURN), lost(day(12)))
    story.pay(day(13))
    story.when(delivered(day(14)))
    story.when(ruling(story.last(ClaimReferred), "recovered", day(15)))
    story.when(answer(story.last(IssueRefund), "RefundReversed", day(16), version=2))
    assert (story.case.owed, of(story)) == (0, [{"P1": 10_000}] * 2)
    story.pay(day(17))
    assert stand(story) == {}


# Settled by hand


def failed_for_good() -> ClaimsStory:
    """100 are owed for a loss, and the refund failed for good."""
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(12)))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(13), retryable=False))
    return story


def test_settled_by_hand_is_what_is_outstanding() -> None:
    """100 are commanded and fail. Then the platform refunds 60: 40 were outstanding, and 40 are booked."""
    story = failed_for_good()
    story.when(refunded("R1", 6_000, day(14)))
    story.when(ruling(story.last(ClaimReferred), "settled_outside", day(15), case_version=story.case.version))
    assert (story.case.owed, story.case.settled) == (4_000, 4_000)
    assert (story.last(ClaimSettled).amount, story.last(ClaimSettled).settled) == (usd(4_000), usd(4_000))
    assert story.books["bank", "USD", None] == -4_000
    assert story.books["outstanding", "USD", None] == 0
    assert stand(story) == {"P1": 4_000}
    assert story.named(RecoveryOpened) == []


def test_a_person_may_say_how_much_was_settled_by_hand() -> None:
    """30 of 100: the other 70 are commanded."""
    story = failed_for_good()
    story.when(ruling(story.last(ClaimReferred), "settled_outside", day(14), amount=usd(3_000)))
    assert (story.case.settled, story.last(IssueRefund).amount) == (3_000, usd(7_000))
    assert of(story) == [{"P1": 10_000}, {"P1": 7_000}]
    assert stand(story) == {"P1": 10_000}


def test_more_than_is_outstanding_was_not_settled_by_hand() -> None:
    story = failed_for_good()
    story.when(refunded("R1", 6_000, day(14)))
    asked = story.last(ClaimReferred)
    story.when(ruling(asked, "settled_outside", day(15), case_version=story.case.version, amount=usd(4_001)))
    assert story.case.settled == 0
    assert story.last(ClaimReferred).referral_id == asked.referral_id
    assert story.last(ClaimReferred).version > asked.version


def test_of_a_silent_refund_that_is_taken_back_what_is_still_owed_was_settled_by_hand() -> None:
    """100 are on their way when the platform refunds 95; the payment system says nothing, and a person has settled it:
    5 were outstanding."""
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(12)), refunded("R1", 9_500, day(12.5)))
    assert len(story.named(CancelRefund)) == 1
    story.until(day(14))
    story.when(ruling(story.last(ClaimReferred), "settled_outside", day(14)))
    assert (story.case.owed, story.case.settled, story.case.in_flight) == (500, 500, None)


def test_where_nothing_is_owed_any_more_nothing_was_settled_by_hand() -> None:
    """100 are on their way when the platform refunds all of it: the question is over, and nothing is booked."""
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(12)), refunded("R1", 10_000, day(12.5)))
    story.until(day(14))
    story.when(ruling(story.last(ClaimReferred), "settled_outside", day(14)))
    assert (story.case.owed, story.case.settled, story.case.in_flight) == (0, 0, None)
    assert story.named(ClaimSettled) == []
    assert stand(story) == {}


def test_what_was_paid_twice_is_not_kept_twice() -> None:
    """10 for the delay fail, are commanded again, and were paid after all: 10 are owed, and 10 of 20 asked back."""
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    first = story.last(IssueRefund)
    story.when(answer(first, "RefundFailed", day(27.1)))
    story.when(answer(story.last(IssueRefund), "RefundSucceeded", day(27.2)))
    story.when(answer(first, "RefundSucceeded", day(27.3), version=2))
    assert stand(story) == {"P1": 2_000}
    assert (story.case.owed, story.last(RecoveryOpened).amount) == (1_000, usd(1_000))
    story.when(ruling(story.last(ClaimReferred), "recovered", day(28)))
    assert stand(story) == {"P1": 1_000}
