"""Contents are facts with a revision: what tracking told last is what counts, and a case is decided again by it.

Orders of 100.00 USD, with lines of 60 (1) and 40 (2). A loss pays the insured value, a delay of a week 10 % of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.claims import (
    PLAIN,
    ClaimsStory,
    contents,
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
    ruling,
    usd,
)
from waybond_contracts.claims import ClaimReferred, RecoveryOpened
from waybond_contracts.delays import Feed
from waybond_contracts.refunds import IssueRefund

LINES = (line("1", 6_000), line("2", 4_000))
A, B = package("A", (("1", 1),)), package("B", (("2", 1),))
RETURNED = only("""
[[clause]]
id = "LO-1"
peril = "lost"
any_of = [{ scan = "LOST" }]
tiers = [{ share = "1.00" }]
late_arrival = "return"
""")
ASKS = only("""
[[clause]]
id = "LO-1"
peril = "lost"
any_of = [{ clock = "promised_latest", after = "P45D" }]
tiers = [{ share = "1.00" }]
ask_carrier = true
""")


def insured(body: str = PLAIN, lines: Any = LINES) -> ClaimsStory:
    story = ClaimsStory()
    story.given(placed(lines=lines), issued(body))
    return story


def test_a_case_is_decided_again_when_contents_become_known() -> None:
    """A and B share 100 as long as nobody says what they hold. A is lost: 50. A holds line 1: 60, so 10 more."""
    story = insured()
    story.given(contents(day(2), package("A"), package("B")))
    story.when(lost(day(10), package_id="A", journey=journey(package("A"), package("B"), version=1)))
    assert story.last(IssueRefund).amount == usd(5_000)
    story.pay(day(11))
    story.when(contents(day(12), A, package("B"), version=2))
    assert story.last(IssueRefund).amount == usd(1_000)


def test_the_rest_is_paid_when_the_goods_of_a_lost_package_turn_out_to_be_more() -> None:
    """A (60) is lost and paid while nobody knows what B holds. It holds nothing of line 2, which A had too."""
    story = insured()
    story.when(lost(day(10), package_id="A", journey=journey(A, package("B"), version=1)))
    story.pay(day(11))
    both = package("A", (("1", 1), ("2", 1)))
    story.when(contents(day(12), both, package("B"), version=2))
    assert story.last(IssueRefund).amount == usd(4_000)


def test_goods_that_are_never_shipped_count_from_when_contents_say_so() -> None:
    """The only package has all. Then it is booked again with line 1 alone: line 2 is late, 4 of 40."""
    story = insured()
    story.given(contents(day(2), package("A")), delivered(day(9), package_id="A", journey=journey(package("A"))))
    story.given(late(0, package_id=None, journey=journey(package("A"), version=1)))
    assert story.case.entitled == 0
    story.when(contents(day(28), A, version=2))
    assert story.last(IssueRefund).amount == usd(400)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_highest_version_counts_in_whatever_order_they_come(order: tuple[int, int]) -> None:
    """Both bookings were made at one instant, and tracking says which counts: A holds line 2."""
    told = {
        1: contents(day(3), package("A", (("1", 1),), contents_as_of=day(2)), B, version=1),
        2: contents(day(4), package("A", (("2", 1),), contents_as_of=day(2)), B, version=2, packages_in_order=None),
    }
    story = insured()
    for version in order:
        story.when(told[version], day(5))
    story.when(lost(day(10), package_id="A", journey=told[1].journey))
    assert story.case.entitled == 4_000


def test_a_verdict_shows_contents_of_its_version() -> None:
    """The loss is told with contents that are older than those told before it."""
    story = insured()
    story.given(contents(day(2), A, version=1), contents(day(3), package("A", (("2", 1),)), version=2))
    story.when(lost(day(10), package_id="A", journey=journey(A, version=1)))
    assert story.case.entitled == 4_000
    story.when(lost(day(11), package_id="A", version=2, journey=journey(package("A"), version=3)))
    assert story.case.entitled == 10_000


def test_how_many_packages_there_are_can_be_unsaid() -> None:
    """Two are announced: A has half. A is booked again, and nobody speaks of a second one: A has all."""
    story = insured()
    story.when(contents(day(2), package("A"), packages_in_order=2))
    story.when(lost(day(10), package_id="A", journey=journey(package("A"), packages_in_order=2, version=1)))
    assert story.case.entitled == 5_000
    story.when(contents(day(11), package("A"), version=2))
    assert story.case.entitled == 10_000


def test_contents_alone_open_no_claim() -> None:
    story = insured()
    story.given(contents(day(2), A), contents(day(3), A, B, version=2))
    assert story.events == ()
    assert not story.case.opened


# replacements


def test_what_replaces_a_replacement_makes_the_first_package_good() -> None:
    """A is lost and paid: 100. B replaces it and is lost too, C replaces B and arrives: 100 are asked back."""
    story = insured(RETURNED, (line("1", 10_000),))
    shipped = [package("A", (("1", 1),), booked_at=day(1))]
    story.when(lost(day(10), package_id="A", journey=journey(*shipped, version=1)))
    story.pay(day(11))
    shipped.append(package("B", (("1", 1),), booked_at=day(12), replaces="A"))
    story.when(lost(day(20), package_id="B", journey=journey(*shipped, version=2)))
    assert story.case.entitled == 10_000
    shipped.append(package("C", (("1", 1),), booked_at=day(22), replaces="B"))
    story.when(delivered(day(30), package_id="C", journey=journey(*shipped, version=3)))
    assert story.last(RecoveryOpened).amount == usd(10_000)


def test_a_replacement_of_unknown_contents_is_worth_nothing() -> None:
    """Nobody says what A and R hold. R replaces A, so A has all, and not half of it."""
    story = insured()
    told = journey(package("A"), package("R", replaces="A"), version=1)
    story.when(lost(day(10), package_id="A", journey=told))
    assert story.case.entitled == 10_000


def test_pieces_that_are_still_to_come_are_no_replacements() -> None:
    """Three pieces of 100 in all: one in A, the same one again in R. Two are left: 66.67, late: 6.67."""
    story = insured(PLAIN, (line("1", 10_000, quantity=3),))
    told = journey(package("A", (("1", 1),)), package("R", (("1", 1),), replaces="A"), version=1)
    story.given(delivered(day(9), package_id="A", journey=told), delivered(day(19), package_id="R", journey=told))
    story.when(late(0, package_id=None, journey=told))
    assert story.case.entitled == 667


def test_pieces_that_a_replacement_brings_beside_are_its_own() -> None:
    """R has line 1 once more, and line 2 for the first time: R is worth 40, A 60."""
    story = insured()
    told = journey(package("A", (("1", 1),)), package("R", (("1", 1), ("2", 1)), replaces="A"), version=1)
    story.when(lost(day(10), package_id="R", journey=told))
    assert story.case.entitled == 4_000


@pytest.mark.parametrize(("replaces", "by"), [("Z", ""), ("A", ""), ("B", "A")])
def test_a_replacement_of_nothing_is_a_package_like_any_other(replaces: str, by: str) -> None:
    """A names a package that is not there, itself, or B, which names A: A is worth 60."""
    story = insured()
    told = journey(package("A", (("1", 1),), replaces=replaces), package("B", (("2", 1),), replaces=by or None))
    story.when(lost(day(10), package_id="A", journey=told))
    assert story.case.entitled == 6_000


def test_what_a_replacement_brings_in_time_was_not_late() -> None:
    """A never arrives, which tracking tells. R, which replaces it, arrived before that fell due."""
    story = insured()
    told = journey(package("A", (("1", 1),)), package("R", (("1", 1),), replaces="A"), B, version=1)
    story.given(delivered(day(19), package_id="R", journey=told), delivered(day(19), package_id="B", journey=told))
    story.when(late(0, package_id="A", journey=told))
    assert story.case.entitled == 0


# what people decide about the remainder


def missing(unit: str | None) -> Any:
    """The unit did not arrive, and nobody answered the question for it."""
    return fell_due("LO-1:0:0", day(65), timedelta(days=45), package_id=unit, journey=journey(A), feed=Feed.UNANSWERED)


def test_what_a_person_decides_about_the_remainder_is_not_about_a_package_beside_it() -> None:
    """A (60) and the remainder (40) are silent; a person takes the 40 for lost. A is asked about by itself."""
    story = insured(ASKS)
    story.when(missing(None))
    story.when(missing("A"))
    of_remainder, of_package = story.named(ClaimReferred)
    story.when(ruling(of_remainder, "pay", day(66), case_version=story.case.version))
    assert story.case.entitled == 4_000
    story.when(ruling(of_package, "pay", day(67), case_version=story.case.version))
    assert story.case.entitled == 10_000


def test_what_a_person_decided_about_the_remainder_stands_for_the_package_that_takes_over() -> None:
    story = insured(ASKS)
    story.when(missing(None))
    story.when(ruling(story.last(ClaimReferred), "pay", day(66)))
    story.pay(day(67))
    told = journey(A, B, version=1)
    story.when(
        fell_due("LO-1:0:0", day(65), timedelta(days=45), package_id="B", journey=told, feed=Feed.UNANSWERED), day(68)
    )
    assert story.case.entitled == 4_000
    assert len(story.named(ClaimReferred)) == 1
