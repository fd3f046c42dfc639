"""What the oracle says of stories whose amounts are worked out by hand, beginning with those of the decisions."""

from dataclasses import replace

from tests.oracle.facts import (
    DAY,
    Amended,
    Booked,
    Case,
    Cover,
    Disputed,
    Ended,
    Fact,
    Filed,
    Line,
    Placed,
    Refunded,
    Resolved,
    Scanned,
)
from tests.oracle.parcels import REMAINDER
from tests.oracle.rules import Answer, owed
from tests.oracle.wordings import Clause, Deductible, Exclusion, Rate, Sum, Tier, Way, Wording

LATE = Clause("TG-1", "late", (Tier(10, "0.10"),), clock="promised_latest")
LOST = Clause(
    "LO-1",
    "lost",
    (Tier(share="1.00"),),
    any_of=(Way(scan="LOST"), Way(clock="last_scan", silent_for=15), Way(clock="promised_latest", after=45)),
)
DAMAGED = Clause("DA-1", "damaged", (Tier(share="0.50"),), any_of=(Way(scan="DAMAGED"),))
TWO = (Line("1", 60), Line("2", 40))
PROMISED = 20


def order(*lines: Line, shipping: int = 0, currency: str = "USD") -> Placed:
    return Placed(known=0, lines=lines or TWO, promise=PROMISED * DAY, shipping=shipping, currency=currency)


def policy(basis: int = 100, *, ends: int = 240, package_limit: int | None = None, limit: int = 100_000) -> Cover:
    return Cover(known=0, version=1, basis=basis, limit=limit, ends=ends * DAY, package_limit=package_limit)


def amended(day: int, basis: int, version: int = 2, ends: int = 240) -> Cover:
    return Cover(known=day * DAY, version=version, basis=basis, limit=100_000, ends=ends * DAY)


def booked(
    day: int, package: str, *lines: str, announced: int | None = None, replaces: str = "", promise: int | None = None
) -> Booked:
    """Each line with one piece, or "1x3" with three."""
    parts = [name.partition("x") for name in lines]
    holds = tuple((name, int(count or 1)) for name, _, count in parts)
    return Booked(
        known=day * DAY,
        at=day * DAY,
        package=package,
        lines=holds,
        announced=announced,
        replaces=replaces,
        promise=promise,
    )


def scan(day: int, package: str, kind: str, *, known: int | None = None, until: int | None = None) -> Scanned:
    last = day if until is None else until
    return Scanned(
        known=(last if known is None else known) * DAY, package=package, kind=kind, first=day * DAY, last=last * DAY
    )


def refund(day: int, minor: int, *lines: str, ref: str = "r", same_as: str = "", echo: bool = False) -> Refunded:
    return Refunded(known=day * DAY, ref=ref, minor=minor, lines=lines, same_as=same_as, echo=echo)


def says(day: int, *facts: Fact, wording: Wording | None = None, rates: tuple[Rate, ...] = ()) -> Answer:
    """The oracle's answer on this day, of an order of 60 and 40 unless the facts have another."""
    first = () if any(isinstance(each, Placed) for each in facts) else (order(),)
    cover = () if any(isinstance(each, Cover) and each.version == 1 for each in facts) else (policy(),)
    return owed(Case(wording or Wording((LATE, LOST, DAMAGED)), (*first, *cover, *facts), rates), day * DAY)


def entitled(day: int, *facts: Fact, wording: Wording | None = None, rates: tuple[Rate, ...] = ()) -> int:
    return says(day, *facts, wording=wording, rates=rates).entitled


ONE = booked(1, "A", "1", "2")
BOTH = (booked(1, "A", "1"), booked(1, "B", "2"))


# Decision 80: units and what they are worth.


def test_goods_that_were_never_shipped_are_late() -> None:
    """Lines of 60 and 40, the first shipped and in time: 10 % of the other 40 are due ten days after the promise."""
    facts = booked(1, "A", "1"), scan(5, "A", "PICKED_UP"), scan(9, "A", "DELIVERED")
    assert entitled(29, *facts) == 0
    assert says(30, *facts).units[REMAINDER].minor == 4


def test_a_package_takes_the_remainders_place() -> None:
    """The second line is booked on day 32: what was due for the remainder is due for the package, once."""
    facts = booked(1, "A", "1"), scan(5, "A", "PICKED_UP"), scan(9, "A", "DELIVERED"), booked(32, "B", "2")
    answer = says(33, *facts)
    assert answer.values == {"A": 60, "B": 40, REMAINDER: 0}
    assert (answer.entitled, answer.units["B"].minor) == (4, 4)


def test_without_a_package_the_remainder_is_the_order() -> None:
    assert says(30).units[REMAINDER].minor == 10


def test_packages_without_known_contents_share_what_the_others_leave() -> None:
    """A holds the line of 60. B names a line that the order does not have, C none: 20 each."""
    answer = says(5, booked(1, "A", "1"), booked(1, "B", "9"), booked(1, "C"))
    assert answer.values == {"A": 60, "B": 20, "C": 20, REMAINDER: 0}


def test_the_share_of_packages_that_nobody_booked_is_in_the_remainder() -> None:
    """Four packages are announced, two are booked without contents: 25 each, and 50 for the other two."""
    answer = says(5, booked(1, "A", announced=4), booked(1, "B", announced=4))
    assert answer.values == {"A": 25, "B": 25, REMAINDER: 50}


def test_the_newest_contents_count() -> None:
    """A is booked with both lines, then with the second alone: 40, and the line of 60 is nowhere."""
    assert says(9, ONE, booked(5, "A", "2")).values == {"A": 40, REMAINDER: 60}


def test_values_add_up_to_the_basis() -> None:
    """Three equal lines of a basis of 100: 33.33 each, and the first by id gets the one that is left."""
    lines = Line("1", 7), Line("2", 7), Line("3", 7)
    answer = says(5, order(*lines), *(booked(1, name, line) for name, line in zip("ABC", "123", strict=True)))
    assert answer.values == {"A": 34, "B": 33, "C": 33, REMAINDER: 0}


def test_who_lost_most_by_rounding_gets_one_more() -> None:
    """Lines of 1 and 4000, 500 for shipping, a basis of 4501: 1.12 and 4499.88 are 1 and 4500."""
    answer = says(5, order(Line("1", 1), Line("2", 4_000), shipping=500), policy(4_501), *BOTH)
    assert answer.values == {"A": 1, "B": 4_500, REMAINDER: 0}


def test_a_part_of_a_lines_pieces() -> None:
    """One of three pieces of a line of 90 lies in A: 30, and 60 remain."""
    answer = says(5, order(Line("1", 90, quantity=3)), policy(90), booked(1, "A", "1x1"))
    assert answer.values == {"A": 30, REMAINDER: 60}


def test_a_deductible_for_a_category_is_taken_of_its_goods() -> None:
    """Toys of 60 and jewellery of 40 are lost in one package; a fifth of the jewellery's 40 is not paid: 92."""
    lines = Line("1", 60), Line("2", 40, category="jewellery")
    wording = Wording((LOST,), deductible=Deductible(share="0.20", categories=("jewellery",)))
    assert entitled(11, order(*lines), ONE, scan(10, "A", "LOST"), wording=wording) == 92


def test_a_fixed_deductible_is_taken_once_an_event() -> None:
    """Both packages are late since the same instant: 600 and 400, less 100 once, which is 60 and 40."""
    wording = Wording((replace(LATE, deductible=Deductible(amount=Sum("1"))),))
    lines = Line("1", 6_000), Line("2", 4_000)
    answer = says(30, order(*lines), policy(10_000), *BOTH, wording=wording)
    assert {unit: each.minor for unit, each in answer.units.items()} == {"A": 540, "B": 360}


def test_a_fixed_deductible_is_taken_of_each_event() -> None:
    """Two packages are lost on two days: 100 is taken of each, of 6000 and of 4000."""
    wording = Wording((replace(LOST, deductible=Deductible(amount=Sum("1"))),))
    lines = Line("1", 6_000), Line("2", 4_000)
    losses = scan(10, "A", "LOST"), scan(11, "B", "LOST")
    assert entitled(12, order(*lines), policy(10_000), *BOTH, *losses, wording=wording) == 5_900 + 3_900


def test_a_clauses_limit_is_for_all_units_together() -> None:
    """600 and 400 under a limit of 5.01: in proportion 300.6 and 200.4, which are 301 and 200."""
    wording = Wording((replace(LATE, limit=Sum("5.01")),))
    lines = Line("1", 6_000), Line("2", 4_000)
    answer = says(30, order(*lines), policy(10_000), *BOTH, wording=wording)
    assert {unit: each.minor for unit, each in answer.units.items()} == {"A": 301, "B": 200}


def test_a_packages_limit_is_of_each_unit() -> None:
    """Both are lost: 60 is cut to 50, 40 stays."""
    facts = *BOTH, scan(10, "A", "LOST"), scan(10, "B", "LOST")
    assert entitled(11, policy(package_limit=50), *facts) == 90


def test_of_two_clauses_that_give_the_same_the_first_counts() -> None:
    half = replace(LOST, tiers=(Tier(share="0.50"),))
    facts = ONE, scan(5, "A", "DAMAGED"), scan(10, "A", "LOST")
    assert says(11, *facts, wording=Wording((DAMAGED, half))).units["A"].clause == "DA-1"
    assert says(11, *facts, wording=Wording((half, DAMAGED))).units["A"].clause == "LO-1"


def test_a_clause_of_the_order_counts_where_it_gives_no_less() -> None:
    """One of two packages is late. The order's 5 are less than the package's 6; 6 are no less."""
    facts = *BOTH, scan(4, "B", "PICKED_UP"), scan(9, "B", "DELIVERED")
    small = replace(LATE, id="O-1", scope="order", tiers=(Tier(10, "0.05"),))
    assert list(says(30, *facts, wording=Wording((LATE, small))).units) == ["A"]
    same = replace(small, tiers=(Tier(10, "0.06"),))
    assert list(says(30, *facts, wording=Wording((LATE, same))).units) == ["the order"]


def test_nobody_keeps_more_than_was_paid_and_the_uplift() -> None:
    """100 were paid. A basis of 110 is owed whole where the wording has 10 % on top, 100 of it where it has not."""
    facts = policy(110), ONE, scan(10, "A", "LOST")
    assert entitled(11, *facts, wording=Wording((LOST,), uplift="0.10")) == 110
    assert entitled(11, *facts, wording=Wording((LOST,))) == 100


def test_a_benefit_is_rounded_once_half_up() -> None:
    """5 % of 50 are 2.5, which are 3; 5 % of 49 are 2.45, which are 2."""
    wording = Wording((replace(LATE, tiers=(Tier(10, "0.05"),)),))
    assert entitled(30, order(Line("1", 50)), policy(50), wording=wording) == 3
    assert entitled(30, order(Line("1", 49)), policy(49), wording=wording) == 2


def test_a_rate_that_is_known_the_other_way_round_is_divided_by() -> None:
    """9 USD at 0.003 USD for a yen are 3000 yen; the inverse, cut to 333.333, would give 2999.997."""
    wording = Wording((replace(LATE, tiers=(Tier(10, amount=Sum("9", "USD")),)),))
    facts = order(Line("1", 5_000), currency="JPY"), policy(5_000), booked(1, "A", "1")
    assert entitled(30, *facts, wording=wording, rates=(Rate("JPY", "USD", "0.003"),)) == 3_000


def test_each_started_period_is_due() -> None:
    """5 % for each started five days from the promise on, and 12 at most: 5 on day 20, 10 on day 25, then 12."""
    wording = Wording((replace(LATE, tiers=(Tier(0, "0.05", per=5, at_most=Sum("0.12")),)),))
    assert [entitled(day, ONE, wording=wording) for day in (19, 20, 24, 25, 30, 90)] == [0, 5, 5, 10, 12, 12]


def test_no_period_starts_after_the_arrival_or_behind_the_end_of_cover() -> None:
    wording = Wording((replace(LATE, tiers=(Tier(0, "0.05", per=5),)),))
    assert entitled(90, ONE, scan(5, "A", "PICKED_UP"), scan(26, "A", "DELIVERED"), wording=wording) == 10
    assert entitled(90, policy(ends=31), ONE, wording=wording) == 15


def test_a_benefit_is_within_its_bounds() -> None:
    """10 % of 60 and of 40 are 6 and 4; both are 5 where 5 is the least and the most."""
    wording = Wording((replace(LATE, tiers=(Tier(10, "0.10", at_least=Sum("0.05"), at_most=Sum("0.05")),)),))
    answer = says(30, *BOTH, wording=wording)
    assert {unit: each.minor for unit, each in answer.units.items()} == {"A": 5, "B": 5}


# Decision 81: cover is dated.


def test_a_loss_counts_under_the_basis_of_its_day() -> None:
    """Lost on day 10 under a basis of 100; amended to 500 on day 12: nothing more is owed."""
    change = Amended(known=12 * DAY, revision=1, total=500, lines=(Line("1", 300), Line("2", 200)))
    facts = ONE, scan(10, "A", "LOST"), change, amended(12, 500)
    assert [entitled(day, *facts) for day in (11, 13, 100)] == [100, 100, 100]


def test_what_is_met_after_the_amendment_counts_under_it() -> None:
    change = Amended(known=12 * DAY, revision=1, total=500, lines=(Line("1", 300), Line("2", 200)))
    assert entitled(15, ONE, change, amended(12, 500), scan(14, "A", "LOST")) == 500


def test_a_policy_put_in_force_again_covers_nothing_that_came_before() -> None:
    """Cover ends on day 5, the loss is of day 10, cover comes back on day 12: nothing is owed."""
    gap = Ended(known=5 * DAY, version=2), amended(12, 100, version=3)
    only_lost = Wording((LOST,))
    assert entitled(40, ONE, *gap, scan(10, "A", "LOST"), wording=only_lost) == 0
    assert entitled(40, ONE, *gap, scan(13, "A", "LOST"), wording=only_lost) == 100


def test_what_was_lost_in_a_gap_of_cover_is_not_lost_again_by_a_clock() -> None:
    """Lost on day 10 in a gap of cover; on day 65 its promise is 45 days past: nothing. Without the carrier's word, or
    where the parcel moved on, it is lost on day 65."""
    gap = Ended(known=5 * DAY, version=2), amended(12, 100, version=3)
    only_lost = Wording((LOST,))
    assert entitled(70, ONE, *gap, scan(10, "A", "LOST"), wording=only_lost) == 0
    assert entitled(70, ONE, *gap, wording=only_lost) == 100
    moved = scan(10, "A", "LOST"), scan(13, "A", "IN_TRANSIT")
    assert entitled(70, ONE, *gap, *moved, wording=only_lost) == 100


def test_what_was_met_before_the_cancellation_stays_covered_unless_it_is_void() -> None:
    facts = ONE, scan(10, "A", "LOST")
    assert entitled(20, *facts, Ended(known=12 * DAY, version=2)) == 100
    assert entitled(20, *facts, Ended(known=12 * DAY, version=2, void=True)) == 0


def test_what_falls_due_behind_the_end_of_cover_is_not_paid() -> None:
    assert entitled(99, policy(ends=30), ONE) == 10
    assert entitled(99, policy(ends=29), ONE) == 0


def test_an_exclusion_counts_if_it_happened_before_the_benefit_fell_due() -> None:
    """Late since day 30; held on day 29 excludes it, held on day 31 only where the exclusion always applies."""
    held = Exclusion("EX-1", scans=("CUSTOMS_HELD",))
    dated, always = Wording((LATE,), (held,)), Wording((LATE,), (replace(held, applies="always"),))
    before, after = (ONE, scan(29, "A", "CUSTOMS_HELD")), (ONE, scan(31, "A", "CUSTOMS_HELD"))
    assert [entitled(40, *facts, wording=dated) for facts in (before, after)] == [0, 10]
    assert [entitled(40, *facts, wording=always) for facts in (before, after)] == [0, 0]


def test_excluded_goods_are_taken_out_of_the_value() -> None:
    lines = Line("1", 60), Line("2", 40, category="jewellery")
    wording = Wording((LOST,), (Exclusion("EX-1", categories=("jewellery",)),))
    assert entitled(11, order(*lines), ONE, scan(10, "A", "LOST"), wording=wording) == 60
    assert entitled(11, order(*lines), *BOTH, scan(10, "B", "LOST"), wording=wording) == 0


# Decision 82: what the buyer got back elsewhere.


def test_a_refund_that_names_the_lost_line_takes_its_place() -> None:
    """A (60) is lost. The platform refunds 60 and names its line: nothing is owed. Had it refunded 40 for the other
    line, nothing would change."""
    facts = *BOTH, scan(5, "B", "PICKED_UP"), scan(9, "B", "DELIVERED"), scan(10, "A", "LOST")
    assert entitled(15, *facts) == 60
    assert entitled(15, *facts, refund(12, 60, "1")) == 0
    assert entitled(15, *facts, refund(12, 40, "2")) == 60


def test_a_refund_that_names_no_line_is_for_what_was_lost_first() -> None:
    """Of 70 for A (60, lost) and B (40, damaged half later): 60 are A's and 10 are B's."""
    facts = *BOTH, scan(10, "A", "LOST"), scan(10, "B", "DAMAGED")
    assert entitled(15, *facts) == 60 + 20
    assert entitled(15, *facts, refund(12, 70)) == 20
    assert entitled(15, *facts, refund(12, 90)) == 10


def test_a_delay_is_not_lowered_by_a_refund_for_something_else() -> None:
    """10 for the delay stay beside a refund of 90, and what the buyer keeps is no more than 100."""
    assert entitled(30, ONE, refund(12, 90)) == 10
    assert entitled(30, ONE, refund(12, 95)) == 5


def test_the_same_money_is_one() -> None:
    """60 were told as the dispute's outcome and again as a refund: 60 of 100 came back."""
    end = Resolved(known=12 * DAY, dispute="D", outcome="BUYER_FAVOUR", minor=60, at=12 * DAY)
    facts = ONE, scan(10, "A", "LOST"), Disputed(known=11 * DAY, dispute="D", minor=60, at=11 * DAY), end
    assert entitled(15, *facts, refund(13, 60, same_as="D")) == 40
    assert entitled(15, *facts, refund(13, 50, same_as="D")) == 50, "the newest word counts"


def test_our_own_refund_told_back_is_an_echo() -> None:
    assert entitled(15, ONE, scan(10, "A", "LOST"), refund(13, 100, echo=True)) == 100


def test_an_outcome_without_an_amount_is_what_was_disputed() -> None:
    """Nothing was named: all that was paid, 100. 30 were disputed: 30."""
    end = Resolved(known=12 * DAY, dispute="D", outcome="ACCEPTED", at=12 * DAY)
    facts = ONE, scan(10, "A", "LOST"), end
    assert entitled(15, *facts) == 0
    assert entitled(15, *facts, Disputed(known=11 * DAY, dispute="D", minor=30)) == 70
    told = Resolved(known=14 * DAY, dispute="D", outcome="ACCEPTED", minor=20, at=14 * DAY)
    assert entitled(15, *facts, told) == 80
    assert entitled(15, ONE, scan(10, "A", "LOST"), replace(end, outcome="SELLER_FAVOUR")) == 100


def test_of_revisions_of_an_outcome_the_highest_counts() -> None:
    """60, then nothing, then 30 of 100. Without an amount: what was disputed or claimed, else all, once it was lost."""
    lost_one = ONE, scan(10, "A", "LOST")
    first = Resolved(known=12 * DAY, dispute="D", outcome="PAYOUT", minor=60, at=15 * DAY, revision=1)
    second = Resolved(known=13 * DAY, dispute="D", outcome="SELLER_FAVOUR", at=14 * DAY, revision=2)
    third = Resolved(known=11 * DAY, dispute="D", outcome="PAYOUT", minor=30, at=13 * DAY, revision=3)
    assert entitled(20, *lost_one, first) == 40
    assert entitled(20, *lost_one, first, second) == 100
    assert entitled(20, *lost_one, third, second, first) == 70
    unsaid = replace(third, minor=None)
    assert entitled(20, *lost_one, first, unsaid) == 40
    assert entitled(20, *lost_one, first, second, unsaid) == 0
    assert entitled(20, *lost_one, first, second, unsaid, Filed(known=9 * DAY, dispute="D", minor=25)) == 75


# Decision 83: silence and arrival.


def test_one_scan_is_no_feed_that_speaks() -> None:
    """Handed over on day 2, promised for day 20, delivered on day 18, told on day 21: nothing was ever due."""
    facts = ONE, scan(2, "A", "PICKED_UP"), scan(18, "A", "DELIVERED", known=21)
    assert [entitled(day, *facts) for day in (17, 20, 21, 60)] == [0, 0, 0, 0]


def test_silence_of_a_feed_that_speaks_is_a_loss() -> None:
    facts = ONE, scan(2, "A", "PICKED_UP"), scan(4, "A", "IN_TRANSIT")
    assert [entitled(day, *facts) for day in (18, 19)] == [0, 100]


def test_a_wording_can_count_silence_sooner_or_later() -> None:
    after = [replace(LOST, any_of=(Way(clock="last_scan", silent_for=15, live_after=count),)) for count in (1, 2, 3)]
    facts = ONE, scan(2, "A", "PICKED_UP"), scan(4, "A", "IN_TRANSIT")
    assert [entitled(17, facts[0], facts[1], wording=Wording((each,))) for each in after] == [100, 0, 0]
    assert [entitled(19, *facts, wording=Wording((each,))) for each in after] == [100, 100, 0]


def test_what_has_arrived_was_not_lost_but_late() -> None:
    """Silent since day 4, so lost on day 19; it arrives on day 35: 10 for the delay are left of 100."""
    facts = ONE, scan(2, "A", "PICKED_UP"), scan(4, "A", "IN_TRANSIT"), scan(35, "A", "DELIVERED")
    assert [entitled(day, *facts) for day in (19, 34, 35)] == [100, 100, 10]


def test_a_declared_loss_is_taken_away_by_an_arrival() -> None:
    facts = ONE, scan(10, "A", "LOST"), scan(15, "A", "DELIVERED")
    assert [entitled(day, *facts) for day in (9, 10, 15)] == [0, 100, 0]


def test_an_arrival_that_is_known_late_takes_a_delay_away() -> None:
    facts = ONE, scan(2, "A", "PICKED_UP"), scan(18, "A", "DELIVERED", known=35)
    assert [entitled(day, *facts, wording=Wording((LATE,))) for day in (30, 34, 35)] == [10, 10, 0]


def test_an_earlier_promise_of_a_package_is_kept() -> None:
    """Promised for day 12 by its booking, dated before the order too: late on day 22. A later one moves nothing."""
    for at in (-DAY, 0, DAY):
        own = replace(ONE, at=at, promise=12 * DAY)
        assert [entitled(day, own) for day in (21, 22)] == [0, 10]
    assert [entitled(day, replace(ONE, promise=90 * DAY)) for day in (29, 30)] == [0, 10]


# Decision 84: a replacement.


def test_a_replacement_is_worth_nothing_by_itself() -> None:
    """Shipped as A, which is lost: 100. Shipped again as B, which arrives: nothing was lost after all."""
    facts = (
        ONE,
        scan(10, "A", "LOST"),
        booked(12, "B", "1", "2"),
        scan(14, "B", "PICKED_UP"),
        scan(18, "B", "DELIVERED"),
    )
    assert says(13, *facts).values == {"A": 100, "B": 0, REMAINDER: 0}
    assert [entitled(day, *facts) for day in (11, 17, 18)] == [100, 100, 0]


def test_a_delay_lasts_until_the_replacement() -> None:
    facts = (
        ONE,
        scan(10, "A", "LOST"),
        booked(12, "B", "1", "2"),
        scan(14, "B", "PICKED_UP"),
        scan(40, "B", "DELIVERED"),
    )
    assert entitled(41, *facts) == 10


def test_a_replacement_makes_nothing_good_where_the_wording_says_so() -> None:
    facts = (
        ONE,
        scan(10, "A", "LOST"),
        booked(12, "B", "1", "2"),
        scan(14, "B", "PICKED_UP"),
        scan(18, "B", "DELIVERED"),
    )
    assert entitled(20, *facts, wording=Wording((LATE, LOST), replacement="nothing")) == 100


def test_a_booking_says_which_package_it_replaces() -> None:
    """A and B hold a piece each of one line; C replaces B, which is lost, and arrives."""
    facts = (order(Line("1", 100, quantity=2)), booked(1, "A", "1"), booked(2, "B", "1"), scan(9, "B", "LOST"))
    again = booked(12, "C", "1", replaces="B"), scan(14, "C", "PICKED_UP"), scan(18, "C", "DELIVERED")
    assert entitled(11, *facts) == 50
    assert entitled(19, *facts, *again) == 0
