"""For which goods the buyer got money back elsewhere, worked out by hand."""

from collections.abc import Mapping, Sequence

from waybond_claims.case.given_back import Unit, given_back
from waybond_claims.case.money import Elsewhere
from waybond_claims.case.order import Line

LINES = (Line("a", 3, 6_000), Line("b", 1, 4_000))
VALUES: dict[Unit, int] = {"P1": 4_000, "P2": 6_000}
HOLDS: dict[Unit, tuple[tuple[str, int], ...]] = {"P1": (("a", 2),), "P2": (("a", 1), ("b", 1))}


def given_to(
    named: Elsewhere,
    values: Mapping[Unit, int],
    holds: Mapping[Unit, Sequence[tuple[str, int]]],
    due: Mapping[Unit, int],
) -> dict[Unit, int]:
    return given_back([named], values, holds, LINES, due)


def refund(minor: int, *lines: tuple[str, int | None, int | None]) -> Elsewhere:
    return Elsewhere("R1", "platform", minor, "USD", lines=lines)


def test_a_line_counts_for_the_units_that_hold_it_by_their_pieces() -> None:
    """Two of the three pieces of line a are in P1: 40 of 60."""
    assert given_to(refund(6_000, ("a", None, None)), VALUES, HOLDS, {}) == {"P1": 4_000, "P2": 2_000}


def test_cents_go_to_those_that_lose_most_by_rounding() -> None:
    """2/3 of 1.00 are 66.67 cents, 1/3 is 33.33: the one cent is P1's."""
    assert given_to(refund(100, ("a", None, None)), VALUES, HOLDS, {}) == {"P1": 67, "P2": 33}


def test_several_lines_share_by_their_worth() -> None:
    """One piece of a (20) and line b (40) share 30: 10 to a, of it 6.67 and 3.33, and 20 to b."""
    named = refund(3_000, ("a", 1, None), ("b", None, None))
    assert given_to(named, VALUES, HOLDS, {}) == {"P1": 667, "P2": 2_333}


def test_amounts_of_lines_count_before_their_worth() -> None:
    """9 of 10 are for line b."""
    named = refund(1_000, ("a", None, 100), ("b", None, 900))
    assert given_to(named, VALUES, HOLDS, {}) == {"P1": 67, "P2": 933}


def test_no_line_counts_first_where_worth_was_lost_and_up_to_it() -> None:
    """Of 50 P1 takes its 40; the rest is for the other unit."""
    assert given_to(refund(5_000), VALUES, HOLDS, {"P1": 4_000}) == {"P1": 4_000, "P2": 1_000}


def test_no_line_and_no_loss_counts_by_value() -> None:
    assert given_to(refund(1_000), VALUES, HOLDS, {}) == {"P1": 400, "P2": 600}


def test_a_line_counts_where_contents_are_not_known_if_nobody_holds_it() -> None:
    """Line b is in P2 or P3, of which nothing is known, and which are worth the same."""
    values: dict[Unit, int]
    holds: dict[Unit, tuple[tuple[str, int], ...]]
    values, holds = {"P1": 6_000, "P2": 2_000, "P3": 2_000}, {"P1": (("a", 3),), "P2": ()}
    given = given_to(refund(1_001, ("b", None, None)), values, holds, {})
    assert given == {"P1": 0, "P2": 501, "P3": 500}


def test_pieces_that_no_unit_holds_are_for_none() -> None:
    """P1 holds one of the three pieces, the others are not shipped: a third of 60."""
    assert given_to(refund(6_000, ("a", None, None)), {"P1": 2_000}, {"P1": (("a", 1),)}, {}) == {"P1": 2_000}


def test_the_remainder_holds_what_is_not_shipped() -> None:
    holds: dict[Unit, tuple[tuple[str, int], ...]] = {"P1": (("a", 1),), None: (("a", 2), ("b", 1))}
    given = given_to(refund(6_000, ("a", None, None)), {"P1": 2_000, None: 8_000}, holds, {})
    assert given == {"P1": 2_000, None: 4_000}


def test_a_line_that_nobody_knows_is_no_line() -> None:
    assert given_to(refund(1_000, ("z", None, None)), VALUES, HOLDS, {}) == {"P1": 400, "P2": 600}
