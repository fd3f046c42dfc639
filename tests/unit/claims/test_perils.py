"""What each peril pays: late in steps, lost, damaged, stalled, returned."""

from datetime import timedelta

import pytest

from tests.support import tracking as tracked
from tests.support.claims import (
    PROMISED,
    ClaimsStory,
    damaged,
    day,
    delivered,
    fell_due,
    issued,
    journey,
    late,
    lost,
    only,
    package,
    placed,
    seen,
    silent_30_days,
    usd,
)
from waybond_contracts.claims import BuyerNotified, ClaimApproved, ClaimOpened, ClaimSettled
from waybond_contracts.delays import Feed
from waybond_contracts.explanation import FindingReason
from waybond_contracts.money import Money
from waybond_contracts.orders import FxRate
from waybond_contracts.recompute import recompute
from waybond_contracts.refunds import IssuePayout, IssueRefund
from waybond_contracts.shipments import ScanKind
from waybond_contracts.wording import Clock, Peril


def test_a_late_parcel_is_paid_before_anybody_asks() -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    published = story.when(late())
    assert [type(event) for event in published] == [ClaimOpened, ClaimApproved, IssueRefund, BuyerNotified]
    command = story.last(IssueRefund)
    assert command.amount == usd(1_000)
    assert (command.step, command.attempt, command.version) == (1, 1, 1)
    assert command.payment.reference == "pay-1"
    assert command.not_after == command.requested_at + timedelta(days=30)
    assert story.last(ClaimOpened).peril is Peril.LATE


def test_tiers_are_cumulative_thirty_in_all_not_forty() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    story.when(late(1))
    approved = story.last(ClaimApproved)
    assert (approved.amount, approved.entitled) == (usd(2_000), usd(3_000))
    assert story.last(IssueRefund).step == 2


def test_a_second_tier_that_comes_first_is_paid_whole() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(1))
    assert story.last(ClaimApproved).entitled == usd(3_000)
    story.pay(day(36))
    assert story.when(late(0), day(37)) == ()


def test_while_a_refund_is_on_its_way_the_next_one_waits() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    first = story.last(IssueRefund)
    story.when(lost(day(27.5)))
    assert story.last(IssueRefund) == first
    published = story.pay(day(27.6))
    assert [type(event) for event in published] == [ClaimSettled, ClaimApproved, IssueRefund, BuyerNotified]
    assert story.last(IssueRefund).amount == usd(9_000)


def test_facts_may_come_before_order_and_policy() -> None:
    story = ClaimsStory()
    assert story.when(late(), day(27)) == ()
    assert story.when(issued(), day(27)) == ()
    published = story.when(placed(), day(27))
    assert IssueRefund in [type(event) for event in published]


def test_a_breach_that_is_taken_back_before_payment_pays_nothing() -> None:
    story = ClaimsStory()
    for fact in (late(), late(version=2, breached=False), issued(), placed()):
        story.when(fact, day(27))
    assert story.named(ClaimApproved) == []


def test_an_older_version_does_not_bring_a_breach_back() -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    story.when(late(version=2, breached=False), day(27))
    story.when(late(version=1), day(28))
    assert story.named(ClaimApproved) == []


@pytest.mark.parametrize(("name", "clause_id"), [("ShipmentLost", "LO-1"), ("ShipmentDamaged", "DA-1")])
def test_lost_and_damaged_are_paid_in_full_by_scan(name: str, clause_id: str) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), seen(name, day(12)))
    approved = story.last(ClaimApproved)
    assert approved.amount == usd(10_000)
    applied = [finding for finding in approved.explanation.findings if finding.applies]
    assert [finding.clause_id for finding in applied] == [clause_id]
    assert applied[0].fact == f"{name}/1"


def test_of_one_version_the_first_word_counts() -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    story.when(late(version=1, breached=False), day(27))
    story.when(late(version=1), day(28))
    story.when(lost(day(12), standing=False), day(28))
    story.when(lost(day(12)), day(29))
    assert story.named(ClaimApproved) == []


def test_a_scan_that_does_not_stand_pays_nothing() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(12), standing=False))
    assert story.named(ClaimApproved) == []


def test_destroyed_counts_as_lost_but_lost_not_as_destroyed() -> None:
    body = only(
        """
[[clause]]
id = "X"
peril = "lost"
any_of = [{ scan = "DESTROYED" }]
tiers = [{ share = "1.00" }]
        """
    )
    story = ClaimsStory()
    story.given(placed(), issued(body), lost(day(12)))
    assert story.named(ClaimApproved) == []
    story.when(lost(day(12), version=2, also=[("DESTROYED", day(13))]))
    assert story.last(ClaimApproved).amount == usd(10_000)
    assert [each.fact_at for each in story.last(ClaimApproved).explanation.findings] == [day(13)]
    other = ClaimsStory()
    other.given(placed(), issued(), lost(day(12), kind="DESTROYED"))
    assert other.last(ClaimApproved).amount == usd(10_000)


@pytest.mark.parametrize(("before", "kind"), [("RETURNING", "RETURNED"), ("LOST", "DESTROYED")])
@pytest.mark.parametrize("second_first", [False, True])
def test_a_scan_that_the_wording_names_counts_after_another_of_its_sort(
    before: str, kind: str, second_first: bool
) -> None:
    """Told by tracking itself: the parcel was on its way back, or lost, before it was what the wording names."""
    body = f"""{tracked.HEAD}
[[clause]]
id = "R"
peril = "returned"
any_of = [{{ scan = "{kind}" }}]
tiers = [{{ share = "1.00" }}]
"""
    facts = [tracked.order_placed(), tracked.policy_issued(body=body)]
    scans = [tracked.scanned(ScanKind(before), 10), tracked.scanned(ScanKind(kind), 15)]
    parcel = tracked.story().given(*facts, tracked.booked(1))
    for scan in reversed(scans) if second_first else scans:
        parcel.when(scan, tracked.day(16))
    story = ClaimsStory()
    story.given(*facts)
    for each in parcel.published:
        story.when(each.event, each.at)
    assert story.last(ClaimApproved).amount == usd(4_000)
    assert [each.fact_at for each in story.last(ClaimApproved).explanation.findings] == [tracked.day(15)]


def test_silence_is_a_loss_where_the_wording_says_so() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), silent_30_days(day(5)))
    approved = story.last(ClaimApproved)
    assert approved.amount == usd(10_000)
    used = next(finding.clock for finding in approved.explanation.findings if finding.applies)
    assert used is not None
    assert (used.clock, used.start, used.due) == (Clock.LAST_SCAN, day(5), day(35))


def test_the_highest_clause_counts_not_the_sum() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    story.when(lost(day(40)))
    assert story.last(ClaimApproved).amount == usd(9_000)
    assert story.last(ClaimApproved).entitled == usd(10_000)


def test_stalled_and_returned_are_perils_like_others() -> None:
    stalled = only(
        """
[[clause]]
id = "S"
peril = "stalled"
any_of = [{ clock = "last_scan", silent_for = "P5D" }]
tiers = [{ share = "0.05" }]
        """
    )
    story = ClaimsStory()
    silence = fell_due("S:0:0", day(10), timedelta(days=5), clock=Clock.LAST_SCAN, silent=True)
    story.given(placed(), issued(stalled), silence)
    assert story.last(ClaimApproved).amount == usd(500)

    returned = only(
        """
[[clause]]
id = "R"
peril = "returned"
any_of = [{ scan = "RETURNED" }]
tiers = [{ share = "0.50" }]
        """
    )
    other = ClaimsStory()
    other.given(placed(), issued(returned), seen("ShipmentReturned", day(9), kind="RETURNING"))
    assert other.named(ClaimApproved) == []
    other.when(seen("ShipmentReturned", day(9), version=2, kind="RETURNING", also=[("RETURNED", day(15))]))
    assert other.last(ClaimApproved).amount == usd(5_000)


def test_a_scan_that_only_the_journey_shows_needs_a_person_where_its_time_is_unknown() -> None:
    body = only(
        """
[[clause]]
id = "C"
peril = "stalled"
any_of = [{ scan = "CUSTOMS_HELD" }]
tiers = [{ share = "0.20" }]
        """
    )
    story = ClaimsStory()
    held = journey(package("P1", kinds=("IN_TRANSIT", "CUSTOMS_HELD")))
    story.given(placed(), issued(body), delivered(day(30), journey=held))
    finding = story.case.referrals[0]
    assert finding.key == "when:C:P1"
    assert "a scan whose time is not known" in finding.question


def test_a_fixed_sum_is_in_the_orders_currency_and_credits_are_payouts() -> None:
    body = only(
        """
[[clause]]
id = "T"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P0D", amount = { amount = "5" }, pays = "credit" }]
        """
    )
    yen = Money.of(9_000, "JPY")
    story = ClaimsStory()
    story.given(placed(yen), issued(body, yen), fell_due("T:0:0", PROMISED, timedelta(0)))
    payout = story.last(IssuePayout)
    assert payout.amount == Money.of(5, "JPY")
    assert payout.payee == "buyer-7"
    assert story.named(IssueRefund) == []


def test_a_fixed_sum_of_another_currency_is_converted_at_the_pinned_rate() -> None:
    body = only(
        """
[[clause]]
id = "T"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P0D", amount = { amount = "5", currency = "USD" } }]
        """
    )
    reals = Money.of(30_000, "BRL")
    rate = FxRate(base="USD", quote="BRL", rate="5.4321", source="ecb", as_of=day(0))
    story = ClaimsStory()
    story.given(placed(reals), issued(body, reals, rates=(rate,)), fell_due("T:0:0", PROMISED, timedelta(0)))
    assert story.last(IssueRefund).amount == Money.of(2_716, "BRL")
    assert story.last(ClaimApproved).explanation.rates == ("5.4321",)

    back = FxRate(base="BRL", quote="USD", rate="0.2", source="ecb", as_of=day(0))
    other = ClaimsStory()
    other.given(placed(reals), issued(body, reals, rates=(back,)), fell_due("T:0:0", PROMISED, timedelta(0)))
    assert other.last(IssueRefund).amount == Money.of(2_500, "BRL")


def test_goods_that_are_shipped_again_get_no_fixed_sum_of_another_currency_either() -> None:
    """7 USD a late package at 0.0067 USD a yen are 1,045 yen (1,044.78) for P; R ships the same goods once more."""
    body = only(
        """
[[clause]]
id = "T"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P7D", amount = { amount = "7", currency = "USD" }, at_least = { amount = "1", currency = "USD" } }]
        """
    )
    yen = Money.of(7_333, "JPY")
    rate = FxRate(base="JPY", quote="USD", rate="0.0067", source="ecb", as_of=day(0))
    story = ClaimsStory()
    story.given(placed(yen), issued(body, yen, rates=(rate,)))
    both = journey(package("P", (("1", 1),)), package("R", (("1", 1),), replaces="P"))
    story.given(*(fell_due("T:0:0", day(27), timedelta(7), package_id=each, journey=both) for each in "RP"))
    why = story.last(ClaimApproved)
    assert why.entitled == Money.of(1_045, "JPY")
    assert recompute(why.explanation) == (why.entitled, why.amount)


def test_started_days_are_counted_until_arrival_within_bounds() -> None:
    body = only(
        """
[[clause]]
id = "D"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P0D", share = "0.05", per = "P1D", at_least = { amount = "7" }, at_most = { amount = "18" } }]
        """
    )
    story = ClaimsStory()
    story.given(placed(), issued(body), fell_due("D:0:0", PROMISED, timedelta(0)))
    assert story.last(ClaimApproved).entitled == usd(700)
    story.pay(day(21))
    for at in (PROMISED + timedelta(days=1, hours=12), PROMISED + timedelta(days=2, minutes=30)):
        story.until(at)
        story.pay(at)
    story.when(delivered(PROMISED + timedelta(days=2, hours=1)))
    assert story.last(ClaimApproved).entitled == usd(1_500)
    finding = next(each for each in story.last(ClaimApproved).explanation.findings if each.applies)
    assert finding.periods == 3
    story.pay(day(23))
    slow = ClaimsStory()
    slow.given(placed(), issued(body), fell_due("D:0:0", PROMISED, timedelta(0)))
    slow.pay(day(21))
    slow.when(delivered(day(30)))
    assert slow.case.entitled == 1_800


@pytest.mark.parametrize(("feed", "pays"), [(Feed.ANSWERED, True), (Feed.UNANSWERED, False), (Feed.NOT_ASKED, False)])
def test_silence_counts_only_if_the_carrier_was_heard_where_the_wording_asks(feed: Feed, pays: bool) -> None:
    body = only(
        """
[[clause]]
id = "L"
peril = "lost"
any_of = [{ clock = "last_scan", silent_for = "P30D" }]
tiers = [{ share = "1.00" }]
ask_carrier = true
        """
    )
    story = ClaimsStory()
    silence = fell_due("L:0:0", day(40), timedelta(days=30), clock=Clock.LAST_SCAN, silent=True, feed=feed)
    story.given(placed(), issued(body), silence)
    assert bool(story.named(IssueRefund)) is pays
    assert bool(story.case.referrals) is not pays


def test_every_clause_has_a_finding_with_its_reason() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    findings = {each.clause_id: each for each in story.last(ClaimApproved).explanation.findings}
    assert findings["TG-1"].reason is FindingReason.APPLIES
    assert findings["LO-1"].reason is FindingReason.NOT_YET
    assert findings["LO-1"].eligible_at == PROMISED + timedelta(days=45)
    assert findings["DA-1"].reason is FindingReason.NOT_MET


def test_damage_is_not_undone_by_arrival() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), damaged(day(9)), delivered(day(10)))
    assert story.last(ClaimApproved).entitled == usd(10_000)
    assert story.case.entitled == 10_000
