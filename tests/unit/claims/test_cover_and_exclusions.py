"""What is not paid: before and after cover, other lanes, exclusions, what a person has to say first."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.claims import (
    KEY,
    PLACED,
    ClaimsStory,
    amended,
    cancelled,
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
    premium,
    refunded,
    resolved,
    ruling,
    usd,
    wording,
)
from waybond_claims.case.keeping import KEPT_AFTER_END
from waybond_claims.ledger import Entry
from waybond_claims.service.shown import shown
from waybond_contracts.claims import (
    ClaimApproved,
    ClaimDenied,
    ClaimReferred,
    DenialReason,
    RecoveryOpened,
    ReferralReason,
)
from waybond_contracts.delays import Feed, ScanSeen
from waybond_contracts.disputes import DisputeStage
from waybond_contracts.event import Event
from waybond_contracts.explanation import FindingReason
from waybond_contracts.fields import Interval
from waybond_contracts.orders import OrderAmended
from waybond_contracts.places import Lane
from waybond_contracts.policies import DeclineReason, PolicyDeclined
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.shipments import ScanKind
from waybond_contracts.wording import Clock, DeliveredBy

DAMAGE = """
[[clause]]
id = "D"
peril = "damaged"
any_of = [{ scan = "DAMAGED" }]
tiers = [{ share = "1.00" }]
"""


def told(exclusion: str, *facts: Event, total: int = 10_000, **order: Any) -> ClaimsStory:
    """A damaged parcel under the plain cover with one exclusion."""
    story = ClaimsStory()
    story.given(
        placed(usd(total), **order), issued(only(f"{DAMAGE}\n[[exclusion]]\nid = 'X'\n{exclusion}"), usd(total))
    )
    story.given(*facts)
    return story


def reasons(story: ClaimsStory) -> dict[str, FindingReason]:
    """Why each clause applies or does not to the first package, as the case is shown."""
    assert story.now is not None
    why = shown(story.case, story.status, story.now).explanation
    assert why is not None
    return {each.clause_id: each.reason for each in why.findings if each.package_id != "P2"}


def test_what_had_happened_when_cover_attached_is_not_covered() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(attached_at=day(13)), damaged(day(12)))
    assert story.named(ClaimApproved) == []
    assert reasons(story)["DA-1"] is FindingReason.BEFORE_COVER
    at_once = ClaimsStory()
    at_once.given(placed(), issued(attached_at=day(12)), damaged(day(12)))
    assert at_once.named(ClaimApproved) == []
    ended = ClaimsStory()
    ended.given(placed(), issued(ends_at=day(12)), damaged(day(12)))
    assert ended.last(ClaimApproved).entitled == usd(10_000)


def test_an_instant_that_is_not_known_exactly_counts_at_its_later_end() -> None:
    story = ClaimsStory()
    when = Interval(earliest=day(12), latest=day(13))
    story.given(placed(), issued(attached_at=day(12.5)), lost(day(13), when=when))
    assert story.last(ClaimApproved).amount == usd(10_000)


def test_what_happens_after_cover_has_ended_is_not_covered() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(ends_at=day(22)))
    story.when(late(0))
    assert story.named(ClaimApproved) == []
    assert reasons(story)["TG-1"] is FindingReason.AFTER_COVER


def test_a_cancelled_policy_covers_what_had_happened_before() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), cancelled(day(28), returned=50), late(0), late(1))
    assert story.last(ClaimApproved).entitled == usd(1_000)


def test_a_policy_that_is_cancelled_from_its_start_covers_nothing() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), cancelled(day(2), from_start=True, returned=150), damaged(day(5)))
    assert story.named(ClaimApproved) == []


def test_cover_may_begin_with_the_first_scan_and_a_label_is_none() -> None:
    body = only(DAMAGE, cover=', starts = "first_scan"')
    label = ScanSeen(kind=ScanKind.LABEL_CREATED, when=Interval.at(day(1)))
    story = ClaimsStory()
    story.given(placed(), issued(body), damaged(day(9), journey=journey(package("P1", first_scan=label))))
    assert story.named(ClaimApproved) == []
    pickup = ScanSeen(kind=ScanKind.PICKED_UP, when=Interval.at(day(2)))
    other = ClaimsStory()
    other.given(placed(), issued(body), damaged(day(9), journey=journey(package("P1", first_scan=pickup))))
    assert other.last(ClaimApproved).amount == usd(10_000)


def test_a_clause_of_other_lanes_does_not_apply() -> None:
    body = only(DAMAGE.replace("peril", 'lanes = ["*-AR"]\nperil'))
    story = ClaimsStory()
    story.given(placed(), issued(body), damaged(day(9)))
    assert story.named(ClaimApproved) == []
    assert reasons(story)["D"] is FindingReason.OTHER_LANE
    argentina = ClaimsStory()
    argentina.given(placed(), issued(body, lane=Lane(origin="CN", destination="AR")), damaged(day(9)))
    assert argentina.last(ClaimApproved).amount == usd(10_000)


def test_excluded_by_a_scan_on_the_package() -> None:
    held = journey(package("P1", kinds=("REFUSED",)), package("P2"))
    story = told('scans = ["REFUSED"]', damaged(day(9), journey=held))
    assert story.named(ClaimApproved) == []
    assert reasons(story)["D"] is FindingReason.EXCLUDED
    other = told('scans = ["REFUSED"]', damaged(day(9), package_id="P2", journey=held))
    assert other.last(ClaimApproved).amount == usd(5_000)


@pytest.mark.parametrize(("before", "after", "entitled"), [(10_000, 20_000, 0), (20_000, 10_000, 10_000)])
def test_excluded_by_the_value_of_the_order_as_it_stands(before: int, after: int, entitled: int) -> None:
    change = OrderAmended(**KEY, occurred_at=day(1), revision=1, total=usd(after))
    facts = (change, amended(basis=usd(after)), damaged(day(9)))
    assert told('value_above = { amount = "150" }', *facts, total=before).case.entitled == entitled


def test_a_policy_that_is_put_in_force_again_has_its_premium_back() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), cancelled(day(2), returned=100))
    assert story.books["premium_receivable", "USD", None] == 50
    story.when(amended(version=3))
    books = {account: minor for (account, _, _), minor in story.books.items() if minor}
    assert books == {"premium_receivable": 150, "premium_written": -150}


def test_a_cover_that_costs_nothing_is_no_entry_in_the_books() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(premium=premium(usd(10_000), 0)))
    assert story.rows == []


@pytest.mark.parametrize("amendment_first", [False, True])
def test_an_amended_destination_decides_which_clauses_apply(amendment_first: bool) -> None:
    body = only(
        DAMAGE.replace("peril", 'lanes = ["*-BR"]\nperil')
        + DAMAGE.replace('"D"', '"A"').replace("1.00", "0.30").replace("peril", 'lanes = ["*-AR"]\nperil')
    )
    facts: list[Event] = [issued(body), amended(lane=Lane(origin="CN", destination="AR"))]
    story = ClaimsStory()
    story.when(placed())
    for fact in reversed(facts) if amendment_first else facts:
        story.when(fact, day(1))
    story.when(damaged(day(9)))
    assert story.last(ClaimApproved).entitled == usd(3_000)
    assert story.now is not None
    assert shown(story.case, story.status, story.now).lane == "CN-AR"
    entry = story.rows[-1]
    assert isinstance(entry, Entry)
    assert entry.lane == "CN-AR"


def test_an_amendment_that_names_no_lane_leaves_the_policys_own() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(DAMAGE.replace("peril", 'lanes = ["*-BR"]\nperil'))), amended(), damaged(day(9)))
    assert story.case.entitled == 10_000


BY_CLAIM = """
[[clause]]
id = "M"
peril = "missing"
trigger = "claim"
tiers = [{ share = "1.00" }]
"""
IN_TEN_DAYS = BY_CLAIM + 'claim_window = { clock = "delivered", closes = "P10D" }'


def denial(story: ClaimsStory) -> DenialReason:
    return story.last(ClaimDenied).reason


def test_a_claim_on_a_void_policy_is_put_before_nobody() -> None:
    story = ClaimsStory()
    story.given(
        placed(), issued(only(BY_CLAIM)), cancelled(day(2), from_start=True), complaint(day(5), "MISSING_PARTS")
    )
    assert denial(story) is DenialReason.NO_POLICY
    assert story.named(ClaimReferred) == []


def test_what_a_person_granted_is_asked_back_once_the_policy_is_void() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(BY_CLAIM)), complaint(day(5), "MISSING_PARTS"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(6)))
    story.pay(day(7))
    story.when(cancelled(day(8), from_start=True))
    assert story.case.entitled == 0
    assert (story.last(RecoveryOpened).amount, story.last(RecoveryOpened).reason) == (usd(10_000), "policy_void")


@pytest.mark.parametrize(("at", "reason"), [(day(2), FindingReason.BEFORE_COVER), (day(31), FindingReason.AFTER_COVER)])
def test_a_claim_outside_cover_is_put_before_nobody(at: datetime, reason: FindingReason) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(BY_CLAIM), attached_at=day(3), ends_at=day(30)), complaint(at, "MISSING_PARTS"))
    assert denial(story) is DenialReason.NOT_COVERED
    assert story.named(ClaimReferred) == []
    assert reasons(story)["M"] is reason


@pytest.mark.parametrize(("arrived", "asked"), [(2, 0), (25, 1), (32, 0)])
def test_a_claim_after_cover_counts_within_a_window_that_began_in_cover(arrived: float, asked: int) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(IN_TEN_DAYS), attached_at=day(3), ends_at=day(30)), delivered(day(arrived)))
    story.when(complaint(day(34), "MISSING_PARTS"))
    assert len(story.named(ClaimReferred)) == asked


def test_a_carrier_that_does_not_answer_after_cover_has_ended_is_put_before_a_person() -> None:
    body = only("""
[[clause]]
id = "L"
peril = "lost"
any_of = [{ clock = "last_scan", silent_for = "P30D" }]
tiers = [{ share = "1.00" }]
ask_carrier = true
answer_within = "P10D"
""")
    story = ClaimsStory()
    story.given(placed(), issued(body, ends_at=day(40)))
    silence = fell_due("L:0:0", day(40), timedelta(days=30), clock=Clock.LAST_SCAN, silent=True, feed=Feed.UNANSWERED)
    story.when(silence, day(50))
    assert story.last(ClaimReferred).reason is ReferralReason.CARRIER_CHECK_UNANSWERED


def test_a_claim_counts_to_the_last_day_of_its_window_and_then_the_file_is_dropped() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(wording("route")), delivered(day(59)))
    story.when(complaint(day(59 + 30), "DAMAGED"))
    assert "DMG-1" in story.last(ClaimReferred).question
    other = ClaimsStory()
    other.given(placed(), issued(wording("route")), delivered(day(59)))
    other.until(day(60 + 30) + KEPT_AFTER_END)
    assert other.state is None


def test_a_claim_on_a_lane_that_has_no_way_to_meet_the_clause_is_put_before_nobody() -> None:
    body = only(BY_CLAIM + 'any_of = [{ scan = "DAMAGED", lanes = ["*-AR"] }]')
    story = ClaimsStory()
    story.given(placed(), issued(body), complaint(day(5), "MISSING_PARTS"))
    assert denial(story) is DenialReason.NOT_COVERED
    assert story.named(ClaimReferred) == []


def test_excluded_by_lane_by_peril_and_by_value() -> None:
    assert told('lanes = ["*-BR"]', damaged(day(9))).case.entitled == 0
    assert told('lanes = ["*-AR"]', damaged(day(9))).case.entitled == 10_000
    assert told('perils = ["late"]\nlanes = ["*-BR"]', damaged(day(9))).case.entitled == 10_000
    assert told('value_above = { amount = "99.99" }', damaged(day(9))).case.entitled == 0
    assert told('value_above = { amount = "100" }', damaged(day(9))).case.entitled == 10_000


def test_goods_that_are_excluded_are_taken_out_of_the_basis() -> None:
    exclusion = 'categories = ["jewellery"]\nvalue_above = { amount = "15" }'
    ring, chain, toy = (
        line("r", 4_000, quantity=2, category="jewellery"),
        line("c", 1_000, category="jewellery"),
        line("t", 5_000),
    )
    story = told(exclusion, damaged(day(9)), lines=(ring, chain, toy))
    assert story.last(ClaimApproved).entitled == usd(6_000)
    finding = next(each for each in story.last(ClaimApproved).explanation.findings if each.applies)
    assert (finding.exclusion_id, finding.basis) == ("X", usd(6_000))
    assert told(exclusion, damaged(day(9)), total=4_000, lines=(ring,)).case.entitled == 0


def test_excluded_while_a_chargeback_is_open() -> None:
    opened = complaint(day(3), stage=DisputeStage.CHARGEBACK)
    story = told("chargeback_open = true", opened, damaged(day(9)))
    assert story.named(ClaimApproved) == []
    story.when(resolved(day(20)))
    assert story.last(ClaimApproved).amount == usd(10_000)


def test_excluded_if_the_platform_refunded_all_that_the_goods_were_worth() -> None:
    assert told("refunded_by_platform = true", refunded("R1", 10_000, day(3)), damaged(day(9))).case.entitled == 0
    assert told("refunded_by_platform = true", refunded("R1", 100, day(3)), damaged(day(9))).case.entitled == 9_900
    assert told("refunded_by_platform = true", damaged(day(9))).case.entitled == 10_000


@pytest.mark.parametrize(("choice", "minor"), [("covered", 10_000), ("excluded", 0)])
def test_a_circumstance_needs_a_person(choice: str, minor: int) -> None:
    held = journey(package("P1", kinds=("HELD",)))
    story = told('scans = ["HELD"]\ncircumstance = "force_majeure"', damaged(day(9), journey=held))
    assert story.named(ClaimApproved) == []
    referred = story.last(ClaimReferred)
    assert referred.reason is ReferralReason.ANSWER_MISSING
    story.when(ruling(referred, choice, day(10)))
    assert story.case.entitled == minor


def test_a_circumstance_that_nothing_points_to_is_no_question() -> None:
    story = told('scans = ["HELD"]\ncircumstance = "force_majeure"', damaged(day(9)))
    assert story.last(ClaimApproved).amount == usd(10_000)


def test_a_sum_in_a_currency_without_a_rate_needs_a_person() -> None:
    body = only("""
[[clause]]
id = "T"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P7D", amount = { amount = "5", currency = "CNY" } }]
""")
    story = ClaimsStory()
    story.given(placed(), issued(body), fell_due("T:0:0", day(27), timedelta(days=7)))
    referred = story.last(ClaimReferred)
    story.when(ruling(referred, "pay", day(28)))
    assert story.named(ClaimApproved) == [], "without an amount it cannot be paid"
    story.when(ruling(story.last(ClaimReferred), "pay", day(29), amount=usd(70)))
    assert story.last(ClaimApproved).amount == usd(70)


def test_an_arrival_that_the_wording_does_not_count_is_none() -> None:
    body = only("""
[[clause]]
id = "L"
peril = "lost"
clock = "promised_latest"
delivered_by = ["door"]
late_arrival = "offset"
tiers = [{ after = "P7D", share = "1.00" }]
""")
    story = ClaimsStory()
    story.given(placed(), issued(body), delivered(day(25), handed_to=DeliveredBy.LOCKER))
    story.when(fell_due("L:0:0", day(27), timedelta(days=7)))
    assert story.last(ClaimApproved).amount == usd(10_000)


def test_an_order_without_a_claim_leaves_no_state_long_after_its_policy_ended() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), delivered(day(15)))
    ends = PLACED + timedelta(days=240) + KEPT_AFTER_END
    story.until(ends - timedelta(hours=1))
    assert story.state is not None
    story.until(ends)
    assert story.state is None


def test_a_policy_that_is_said_again_after_its_end_is_neither_booked_nor_in_force_again() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), cancelled(day(10), 2))
    books = list(story.rows)
    story.until(day(60))
    story.when(issued())
    story.when(late(0))
    assert story.rows == books
    assert story.named(IssueRefund) == []


def test_an_order_that_was_declined_leaves_no_state_after_a_week() -> None:
    story = ClaimsStory()
    declined = PolicyDeclined(
        tenant="demo", platform="shop", order_id="A-1", occurred_at=day(0), reason=DeclineReason.NOT_WANTED
    )
    story.given(placed(), declined)
    story.until(day(7))
    assert story.state is None
