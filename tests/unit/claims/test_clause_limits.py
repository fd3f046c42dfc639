"""A clause's limit is shared by the units that it counts for; a version's by what was met under it."""

from __future__ import annotations

import pytest

from tests.support.claims import (
    ClaimsStory,
    amended,
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
    usd,
)
from waybond_claims.entitlement import entitlement
from waybond_contracts.event import Event

LINES = (line("a", 6_000), line("b", 4_000))
SHIPPED = journey(package("A", (("a", 1),)), package("B", (("b", 1),)))


def wording(late_limit: str = "", lost_limit: str = "", lost_share: str = "1.00") -> str:
    return only(f"""
[[clause]]
id = "TG-1"
peril = "late"
clock = "promised_latest"
tiers = [{{ after = "P7D", share = "0.10" }}, {{ after = "P15D", share = "0.30" }}]
{late_limit}

[[clause]]
id = "LO-1"
peril = "lost"
any_of = [{{ scan = "LOST" }}]
tiers = [{{ share = "{lost_share}" }}]
{lost_limit}
""")


def limit(amount: str) -> str:
    return f'limit = {{ amount = "{amount}" }}'


def told(body: str, *facts: Event) -> ClaimsStory:
    story = ClaimsStory()
    story.given(placed(usd(10_000), LINES), issued(body), *facts)
    return story


def by_unit(story: ClaimsStory) -> dict[str, int]:
    owes = entitlement(story.case, day(100))
    assert owes is not None
    return {str(key): minor for key, minor in owes.benefits.items()}


def both_late(tier: int = 0) -> list[Event]:
    return [late(tier, package_id=each, journey=SHIPPED) for each in "AB"]


def test_units_share_a_limit_in_proportion_to_what_they_would_get() -> None:
    """6 and 4 under a limit of 5.01: in proportion 3.006 and 2.004, which are 3.01 and 2. That A's 6 alone are more
    than the limit changes nothing."""
    story = told(wording(limit("5.01")), *both_late())
    assert by_unit(story) == {"A": 301, "B": 200}


def test_a_unit_that_another_clause_pays_uses_nothing_of_the_limit() -> None:
    """Both are late, 6 and 4, and A is lost: 60. Of the 5 that delays pay B gets its 4."""
    story = told(wording(limit("5")), *both_late(), lost(day(40), package_id="A", journey=SHIPPED))
    assert by_unit(story) == {"A": 6_000, "B": 400}


def test_a_unit_takes_the_clause_that_gives_more_once_the_limit_is_shared() -> None:
    """Both are lost under a limit of 14, which would be 8.40 and 5.60; 30 % for the delay are 18 and 12. A gains most
    by the delay, 9.60, and B has the 14 then, which are more than 12."""
    losses = [lost(day(40), package_id=each, journey=SHIPPED) for each in "AB"]
    story = told(wording(lost_limit=limit("14")), *both_late(1), *losses)
    assert by_unit(story) == {"A": 1_800, "B": 1_400}


def test_nobody_goes_over_where_that_gives_no_more() -> None:
    """A limit of 30 is 18 and 12, just what the delay gives: the loss counts, and 30 are owed."""
    losses = [lost(day(40), package_id=each, journey=SHIPPED) for each in "AB"]
    story = told(wording(lost_limit=limit("30")), *both_late(1), *losses)
    assert (by_unit(story), story.case.entitled) == ({"A": 1_800, "B": 1_200}, 3_000)


def test_what_was_met_under_one_version_is_together_no_more_than_its_limit() -> None:
    """A and B (60 and 40) are lost under a limit of 50. Then the limit is 500, and C (100) is lost: 50 and 100."""
    lines = (*LINES, line("c", 10_000))
    shipped = journey(*SHIPPED.packages, package("C", (("c", 1),)))
    story = ClaimsStory()
    story.given(placed(usd(20_000), lines), issued(wording(), usd(20_000), limit=usd(5_000)))
    for name, on in (("A", 10), ("B", 11)):
        story.when(lost(day(on), package_id=name, journey=shipped))
    assert story.case.entitled == 5_000
    story.when(amended(2, usd(20_000), occurred_at=day(12), limit=usd(50_000)))
    story.when(lost(day(14), package_id="C", journey=shipped))
    assert story.case.entitled == 15_000


def test_a_loss_is_bounded_by_the_version_that_it_was_met_under() -> None:
    """Lost under a basis of 100 and a limit of 20; amended to 500 and late under it: 30 % of 500 count, not the loss.
    The explanation says what bounds the loss, else the amount would not follow from it."""
    story = ClaimsStory()
    story.given(placed(usd(50_000), (line("a", 50_000),)), issued(wording(), limit=usd(2_000)))
    shipped = journey(package("A", (("a", 1),)))
    story.when(lost(day(10), package_id="A", journey=shipped))
    assert story.case.entitled == 2_000
    story.when(amended(2, usd(50_000), occurred_at=day(30)))
    story.when(late(1, package_id="A", journey=shipped))
    assert story.case.entitled == 15_000


@pytest.mark.parametrize("second_day", [10, 11])
def test_what_was_paid_first_is_not_kept_beside_the_others_part_of_the_limit(second_day: int) -> None:
    """A (60) is lost under a limit of 60: 60 are paid. Then B (40) is lost: 36 and 24, which are the 60 again."""
    story = told(wording(lost_limit=limit("60")), lost(day(10), package_id="A", journey=SHIPPED))
    assert story.case.owed == 6_000
    story.when(lost(day(second_day), package_id="B", journey=SHIPPED))
    assert by_unit(story) == {"A": 3_600, "B": 2_400}
    assert (story.case.owed, story.case.unpaid, story.case.asked_back) == (6_000, 0, 0)


@pytest.mark.parametrize(("most", "owed"), [("60", 6_000), ("80", 8_000), ("100", 10_000), ("200", 10_000)])
def test_what_stays_after_an_arrival_counts_towards_the_clauses_limit(most: str, owed: int) -> None:
    """A (60) is lost and paid, and found: the buyer keeps 60. B (40) is lost: the clause pays what its limit leaves."""
    story = told(wording(lost_limit=limit(most)), lost(day(10), package_id="A", journey=SHIPPED))
    story.pay(day(10.5))
    story.when(delivered(day(12), package_id="A", journey=SHIPPED))
    story.when(lost(day(14), package_id="B", journey=SHIPPED))
    assert (story.case.entitled, story.case.owed) == (4_000, owed)
    assert (story.case.unpaid, story.case.asked_back) == (0, 0)


@pytest.mark.parametrize(("late_arrival", "asked_back"), [("keep", 0), ("offset", 0), ("return", 2_000)])
def test_of_two_that_shared_a_limit_one_is_found(late_arrival: str, asked_back: int) -> None:
    """60 are paid for A under a limit of 60, B is lost too, A is found: B is owed 40 of the 60 that are there. The
    other 20 stay, or are asked back."""
    body = wording(lost_limit=limit("60") + f'\nlate_arrival = "{late_arrival}"')
    story = told(body, lost(day(10), package_id="A", journey=SHIPPED))
    story.pay(day(10.5))
    story.when(lost(day(11), package_id="B", journey=SHIPPED))
    story.when(delivered(day(12), package_id="A", journey=SHIPPED))
    assert (story.case.entitled, story.case.settled, story.case.asked_back) == (4_000, 6_000, asked_back)
