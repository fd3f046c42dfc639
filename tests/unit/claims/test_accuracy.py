"""How often payments and denials are wrong: rates with Wilson's interval, worked out by hand."""

import pytest

from waybond_claims.service.accuracy import Counted, Rate, rates, wilson


@pytest.mark.parametrize(
    ("found", "answered", "low", "high"),
    [
        # z = 1.959964, z² = 3.841459. Of 50: z²/n = 0.076829; (0.02 + 0.038415 ± 1.959964 √(0.000392 + 0.000384)) /
        # 1.076829, and the root is 0.027859.
        (1, 50, 0.003539, 0.104954),
        # Of 10: z²/n = 0.384146; (0.5 + 0.192073 ± 1.959964 √(0.025 + 0.009604)) / 1.384146, the root is 0.186021.
        (5, 10, 0.236593, 0.763407),
        # None of 10: the upper bound is z²/(n + z²) = 3.841459 / 13.841459; all of 10: the rest of it.
        (0, 10, 0.0, 0.277533),
        (10, 10, 0.722467, 1.0),
    ],
)
def test_the_interval_is_wilsons(found: int, answered: int, low: float, high: float) -> None:
    assert wilson(found, answered) == pytest.approx((low, high), abs=2e-6)


def test_nothing_answered_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("found", "answered"), [(-1, 3), (4, 3)])
def test_more_wrong_than_answered_is_refused(found: int, answered: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to 3 of 3"):
        wilson(found, answered)


def test_samples_are_never_added_up() -> None:
    """50 answered by lot, 1 wrong; 2 above the amount, 1 wrong: 2 % and a half, not 2 of 52."""
    counts = [
        Counted("p", "share", "right", 49),
        Counted("p", "share", "should_not_have_paid", 1),
        Counted("p", "share", "", 7),
        Counted("p", "share", "withdrawn", 3),
        Counted("p", "above", "right", 1),
        Counted("p", "above", "should_have_paid_more", 1),
    ]
    above_over, above_under, over, under = rates(counts)
    assert (above_over.found, above_under.found, above_under.rate) == (0, 1, 0.5)
    assert over == Rate("p", "share", "should_not_have_paid", 57, 50, 1, 0.02, *wilson(1, 50))
    assert (under.found, under.low) == (0, 0.0)


def test_denials_are_wrong_in_one_way() -> None:
    (denied,) = rates([Counted("p", "denial", "should_have_paid", 1), Counted("p", "denial", "right", 49)])
    assert (denied.wrong, denied.rate) == ("should_have_paid", 0.02)


def test_of_questions_without_an_answer_no_rate_follows() -> None:
    over, _ = rates([Counted("p", "share", "", 4)])
    assert (over.asked, over.answered, over.rate, over.low, over.high) == (4, 0, None, 0.0, 1.0)
