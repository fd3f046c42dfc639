"""Cover and exclusions have their time: what was met is decided under the policy that was in force then."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.claims import (
    KEY,
    PLAIN,
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
    refunded,
    resolved,
    silent_30_days,
    usd,
)
from tests.support.story import Known
from waybond_claims.case.cover import MAX_COVERS
from waybond_claims.entitlement import entitlement
from waybond_contracts.claims import ClaimApproved, ClaimReferred, RecoveryOpened, ReferralReason
from waybond_contracts.delays import ScanSeen
from waybond_contracts.disputes import DisputeStage
from waybond_contracts.event import Event
from waybond_contracts.fields import Interval
from waybond_contracts.orders import OrderAmended
from waybond_contracts.places import Lane
from waybond_contracts.refunds import CancelRefund, IssueRefund
from waybond_contracts.shipments import ScanKind


def insured(body: str = PLAIN, **fields: Any) -> ClaimsStory:
    story = ClaimsStory()
    story.given(placed(), issued(body, **fields))
    return story


def becomes(story: ClaimsStory, minor: int, at: float) -> None:
    story.when(OrderAmended(**KEY, occurred_at=day(at), revision=1, total=usd(minor)))
    story.when(amended(2, usd(minor), occurred_at=day(at)))


def reasons(story: ClaimsStory, clause_id: str) -> list[str]:
    """What was found of a clause, by unit."""
    assert story.now is not None
    owes = entitlement(story.case, story.now)
    assert owes is not None
    return [each.reason.value for each in owes.findings if each.rule.clause.id == clause_id]


def to_500(story: ClaimsStory, at: float) -> None:
    becomes(story, 50_000, at)


def test_a_loss_that_was_paid_is_owed_no_more_after_the_order_is_amended() -> None:
    story = insured()
    story.when(lost(day(10)))
    story.pay(day(11))
    to_500(story, 12)
    assert (story.case.entitled, len(story.named(IssueRefund))) == (10_000, 1)
    finding = next(each for each in story.last(ClaimApproved).explanation.findings if each.applies)
    assert (finding.policy_version, finding.basis) == (1, usd(10_000))


def test_what_is_met_after_an_amendment_is_decided_under_it() -> None:
    story = insured()
    to_500(story, 5)
    story.when(lost(day(10)))
    assert story.case.entitled == 50_000


def test_a_promise_that_was_missed_before_the_amendment_is_decided_under_the_policy_of_then() -> None:
    """Missed on day 27 under 100, amended to 500 on day 28, and heard of after that: 10 % of 100."""
    story = insured()
    to_500(story, 28)
    story.when(late(0), day(29))
    assert story.case.entitled == 1_000


def test_a_loss_while_cover_had_ended_is_not_covered_once_the_policy_is_in_force_again() -> None:
    """Over the limit on day 5 (cover ended), lost on day 10, amended back on day 12."""
    story = insured()
    story.given(cancelled(day(5)), lost(day(10)), amended(3, occurred_at=day(12)))
    assert (story.case.entitled, story.named(IssueRefund)) == (0, [])
    story.when(damaged(day(14)))
    assert story.case.entitled == 10_000


def undelivered(**fields: Any) -> Event:
    """LO-1 in the plain wording: 45 days after the promise it has not arrived."""
    after = timedelta(days=45)
    return fell_due("LO-1:2:0", day(65), after, **fields)


def test_a_loss_in_a_gap_of_cover_is_not_met_again_by_a_clock() -> None:
    """Lost on day 10, in a gap from day 5 to 12. On day 65 it counts as lost by its promise too: it was lost before."""
    story = insured()
    story.given(cancelled(day(5)), lost(day(10)), amended(3, occurred_at=day(12)), undelivered())
    assert (story.case.entitled, story.named(IssueRefund)) == (0, [])


def test_a_loss_before_cover_began_is_not_met_again_by_a_clock() -> None:
    """Lost on day 8, cover is bound on day 10: nothing on day 65."""
    story = ClaimsStory()
    story.given(placed(), issued(occurred_at=day(10), attached_at=day(10)), Known(lost(day(8)), day(11)), undelivered())
    assert (story.case.entitled, story.named(IssueRefund)) == (0, [])


@pytest.mark.parametrize("again", [None, day(30)])
def test_what_moved_on_after_a_gap_can_be_lost_in_cover(again: datetime | None) -> None:
    """Lost on day 10 in the gap, seen again on day 13: the word of day 10 does not stand. It is lost on day 30, or by
    its promise on day 65: 100."""
    story = insured()
    story.given(cancelled(day(5)), lost(day(10)), amended(3, occurred_at=day(12)))
    story.when(lost(day(10), version=2, standing=False), day(13))
    story.when(lost(again, version=3) if again else undelivered())
    assert story.case.entitled == 10_000


def test_a_clock_that_ran_out_in_cover_counts_although_a_scan_says_so_after_its_end() -> None:
    """Silent for 30 days on day 40, cover ends on day 45, the carrier says lost on day 50: 100."""
    story = insured()
    story.given(silent_30_days(day(10)), cancelled(day(45)), lost(day(50)))
    assert story.case.entitled == 10_000


@pytest.mark.parametrize("cancelled_first", [False, True])
def test_a_cancellation_that_is_heard_late_ended_cover_all_the_same(cancelled_first: bool) -> None:
    story = insured()
    facts = [cancelled(day(5)), amended(3, occurred_at=day(12))]
    for fact in facts if cancelled_first else reversed(facts):
        story.when(fact, day(20))
    story.when(lost(day(10)), day(20.5))
    assert story.case.entitled == 0


def test_another_destination_brings_no_cover_for_what_was_late_before() -> None:
    """Late on a lane without delay cover, and then "amended" to a lane with it."""
    body = PLAIN.replace('peril = "late"', 'peril = "late"\nlanes = ["*-AR"]')
    story = insured(body)
    story.when(late(0), day(27))
    story.when(amended(2, occurred_at=day(30), lane=Lane(origin="CN", destination="AR")))
    assert story.case.entitled == 0
    story.when(late(1))
    assert story.case.entitled == 3_000, "the second tier fell due on day 35, under the new lane"


def test_each_unit_is_decided_under_the_lane_of_when_it_was_lost() -> None:
    """A (60) is lost on day 10; the order goes elsewhere on day 12, and B (40) is lost there on day 14: 100."""
    story = ClaimsStory()
    shipped = journey(package("A", (("1", 1),)), package("B", (("2", 1),)))
    story.given(placed(lines=(line("1", 6_000), line("2", 4_000))), issued())
    story.when(lost(day(10), package_id="A", journey=shipped))
    story.when(amended(2, occurred_at=day(12), lane=Lane(origin="CN", destination="AR")))
    story.when(lost(day(14), package_id="B", journey=shipped))
    assert story.case.entitled == 10_000


def test_a_loss_is_of_the_lane_on_which_it_was_met_first() -> None:
    """Lost on day 10 under a limit of 20. The order goes elsewhere on day 12, under a limit of 500: that it has not
    come by day 65 either is no second loss."""
    story = insured(limit=usd(2_000))
    story.when(lost(day(10)))
    story.when(amended(2, occurred_at=day(12), lane=Lane(origin="CN", destination="AR")))
    story.when(fell_due("LO-1:2:0", day(65), timedelta(days=45)))
    assert story.case.entitled == 2_000


def test_what_was_late_on_a_lane_with_cover_stays_owed_after_the_order_goes_elsewhere() -> None:
    body = PLAIN.replace('peril = "late"', 'peril = "late"\nlanes = ["*-BR"]')
    story = insured(body)
    story.when(late(0))
    story.pay(day(28))
    story.when(amended(2, occurred_at=day(30), lane=Lane(origin="CN", destination="AR")))
    assert (story.case.entitled, story.named(RecoveryOpened)) == (1_000, [])


def test_the_limit_is_that_of_the_policy_that_was_in_force() -> None:
    story = insured(limit=usd(4_000))
    story.when(lost(day(10)))
    story.pay(day(11))
    story.when(amended(2, occurred_at=day(12), limit=usd(50_000)))
    assert story.case.entitled == 4_000


def test_a_lower_limit_later_asks_nothing_back() -> None:
    story = insured()
    story.when(lost(day(10)))
    story.pay(day(11))
    story.when(amended(2, occurred_at=day(12), limit=usd(1_000)))
    assert (story.case.entitled, story.named(RecoveryOpened)) == (10_000, [])


def test_of_a_loss_that_was_paid_before_its_amendment_was_known_no_more_stays_than_the_goods_are_worth() -> None:
    """100 in two parcels; one is lost on day 10 and 50 are paid. Then it is known that the order was amended to 60 on
    day 5: the parcel was worth 30, and 20 are asked back."""
    story = insured()
    story.given(lost(day(10), journey=journey(package("P1"), package("P2"))))
    story.pay(day(11))
    story.when(OrderAmended(**KEY, occurred_at=day(5), revision=1, total=usd(6_000)))
    story.when(amended(2, usd(6_000), occurred_at=day(5)))
    assert (story.case.entitled, story.case.settled) == (3_000, 5_000)
    assert story.last(RecoveryOpened).amount == usd(2_000)


def test_a_loss_keeps_the_worth_of_its_goods_where_the_promise_was_missed_under_a_later_policy() -> None:
    """Lost on day 10 under a basis of 100. The policy is amended to 60 on day 15, and the delay falls due on day 27
    under that: 100 stay due for the loss."""
    story = insured()
    story.given(lost(day(10)), amended(2, usd(6_000), occurred_at=day(15)), late(0))
    assert story.case.entitled == 10_000


def test_an_amendment_that_was_overtaken_was_never_in_force() -> None:
    story = insured()
    story.when(amended(3, usd(10_000), occurred_at=day(3)))
    story.when(amended(2, usd(90_000), occurred_at=day(2)), day(4))
    story.when(lost(day(10)))
    assert (story.case.entitled, len(story.case.covers)) == (10_000, 1)


def test_more_versions_than_are_kept_are_put_before_a_person() -> None:
    story = insured()
    for version in range(2, MAX_COVERS + 2):
        story.when(amended(version, occurred_at=day(1)))
    story.when(lost(day(10)))
    assert story.last(ClaimReferred).reason is ReferralReason.BOUND_REACHED
    assert story.named(IssueRefund) == []


def test_a_total_loss_has_earned_the_premium() -> None:
    """Lost and paid in full, then cancelled with 50 of the premium of 150 to give back: none of it is."""
    story = insured()
    story.when(lost(day(10)))
    story.pay(day(11))
    story.when(cancelled(day(12), returned=50))
    assert story.books["premium_receivable", "USD", None] == 150
    other = insured()
    other.when(cancelled(day(12), returned=50))
    assert other.books["premium_receivable", "USD", None] == 100


# exclusions


DAMAGE = """
[[clause]]
id = "D"
peril = "damaged"
any_of = [{ scan = "DAMAGED" }]
tiers = [{ share = "1.00" }]

[[exclusion]]
id = "X"
"""


def refused(at: float) -> Any:
    scan = ScanSeen(kind=ScanKind.REFUSED, when=Interval.at(day(at)))
    return journey(package("P1", kinds=("REFUSED",), last_scan=scan))


@pytest.mark.parametrize(("at", "applies", "entitled"), [(8, "", 0), (12, "", 10_000), (12, "always", 0)])
def test_what_happened_after_the_benefit_fell_due_takes_nothing_away(at: float, applies: str, entitled: int) -> None:
    always = f'applies = "{applies}"' if applies else ""
    story = insured(only(f'{DAMAGE}scans = ["REFUSED"]\n{always}'))
    story.when(damaged(day(10), journey=refused(at)), day(13))
    moved = ScanSeen(kind=ScanKind.IN_TRANSIT, when=Interval.at(day(14)))
    later = journey(package("P1", kinds=("REFUSED",), last_scan=moved))
    story.when(delivered(day(15), journey=later))
    assert story.case.entitled == entitled


@pytest.mark.parametrize(("of_then", "to", "entitled"), [(10_000, 50_000, 10_000), (50_000, 10_000, 0)])
def test_an_exclusion_by_value_looks_at_what_the_order_cost_then(of_then: int, to: int, entitled: int) -> None:
    """Above 200 nothing is covered. Lost on day 10; on day 12 the order is amended beyond it, or to less."""
    story = ClaimsStory()
    exclusion = '[[exclusion]]\nid = "X"\nvalue_above = { amount = "200" }'
    story.given(placed(usd(of_then)), issued(f"{PLAIN}{exclusion}", usd(of_then)), lost(day(10)))
    story.when(OrderAmended(**KEY, occurred_at=day(12), revision=1, total=usd(to)))
    assert story.case.entitled == entitled


def test_what_an_exclusion_takes_of_a_higher_tier_leaves_the_lower_one() -> None:
    """10 % on day 27, held by customs on day 30, so the 30 % of day 35 are not covered: 10 are owed, not nothing."""
    story = insured(f'{PLAIN}[[exclusion]]\nid = "X"\nscans = ["CUSTOMS_HELD"]')
    held = ScanSeen(kind=ScanKind.CUSTOMS_HELD, when=Interval.at(day(30)))
    told = journey(package("P1", kinds=("CUSTOMS_HELD",), last_scan=held))
    story.given(late(0), late(1, journey=told))
    assert story.case.entitled == 1_000


def test_of_two_ways_the_one_that_was_met_first_counts() -> None:
    """Silent until day 32 under 100, which is a loss; amended to 500 on day 33, and declared lost on day 34."""
    story = insured()
    story.when(silent_30_days(day(2)))
    story.pay(day(32.5))
    to_500(story, 33)
    story.when(lost(day(34)))
    assert (story.case.entitled, len(story.named(IssueRefund))) == (10_000, 1)


def test_a_scan_whose_time_is_not_known_counts() -> None:
    story = insured(only(f'{DAMAGE}scans = ["REFUSED"]'))
    story.when(damaged(day(10), journey=journey(package("P1", kinds=("REFUSED",)))))
    assert story.case.entitled == 0


def test_an_open_chargeback_makes_no_recovery_and_no_cancellation() -> None:
    body = only(f"{DAMAGE}chargeback_open = true")
    story = insured(body)
    story.when(damaged(day(10)))
    story.when(complaint(day(10.5), stage=DisputeStage.CHARGEBACK))
    assert story.named(CancelRefund) == []
    story.pay(day(11))
    assert (story.named(RecoveryOpened), story.case.entitled) == ([], 10_000)


def test_what_fell_due_while_a_chargeback_was_open_is_due_when_it_is_refused() -> None:
    """30 % fell due while frozen."""
    story = insured(PLAIN + '[[exclusion]]\nid = "X"\nchargeback_open = true\n')
    story.given(complaint(day(5), stage=DisputeStage.CHARGEBACK), late(0), late(1))
    assert story.named(IssueRefund) == []
    story.when(resolved(day(50)))
    assert story.last(IssueRefund).amount == usd(3_000)


LARGE = DAMAGE + 'value_above = { amount = "300" }\n'


def test_an_order_that_grows_after_the_loss_is_not_too_large_for_it() -> None:
    """100 were damaged on day 10 and paid; on day 12 the order is amended to 500, and orders above 300 are excluded."""
    story = insured(only(LARGE))
    story.when(damaged(day(10)))
    story.pay(day(11))
    to_500(story, 12)
    assert (story.case.entitled, story.named(RecoveryOpened)) == (10_000, [])


def test_an_order_that_shrinks_after_the_loss_was_too_large_for_it() -> None:
    """500 were damaged on day 10; amended to 100 on day 12, the order is none that is covered."""
    story = ClaimsStory()
    story.given(placed(usd(50_000)), issued(only(LARGE), usd(50_000)), damaged(day(10)))
    becomes(story, 10_000, 12)
    assert story.case.entitled == 0


def test_what_the_platform_gave_back_after_the_loss_excludes_nothing_unless_worded() -> None:
    """Late for 7 days on day 27: 10 %. All was given back on day 30; what was due on day 27 is no exclusion's, and the
    buyer keeps no more than the 100 that were paid."""
    kept = insured(PLAIN + '[[exclusion]]\nid = "X"\nrefunded_by_platform = true\n')
    kept.given(late(0), refunded("R1", 10_000, day(30)))
    assert reasons(kept, "TG-1") == ["applies"]
    always = insured(PLAIN + '[[exclusion]]\nid = "X"\nrefunded_by_platform = true\napplies = "always"\n')
    always.given(late(0), refunded("R1", 10_000, day(30)))
    assert reasons(always, "TG-1") == ["excluded"]


def test_a_platform_that_gave_one_package_back_excludes_that_one_alone() -> None:
    """Lines of 60 and 40 in two packages, both 10 % late. The platform gave 60 back for the first: 4 for the second."""
    story = ClaimsStory()
    goods = (line("1", 6_000), line("2", 4_000))
    told = journey(package("P1", [("1", 1)]), package("P2", [("2", 1)]))
    body = PLAIN + '[[exclusion]]\nid = "X"\nrefunded_by_platform = true\n'
    story.given(placed(lines=goods), issued(body), refunded("R1", 6_000, day(5), lines=["1"]))
    story.given(late(0, journey=told), late(0, package_id="P2", journey=told))
    assert story.case.entitled == 400


def test_our_own_refund_that_the_platform_reports_excludes_nothing() -> None:
    """10 are paid for lateness; the platform reports them, and gives 90 of its own: not all that the goods cost."""
    story = insured(PLAIN + '[[exclusion]]\nid = "X"\nrefunded_by_platform = true\napplies = "always"\n')
    story.when(late(0))
    story.pay(day(27.1))
    story.given(refunded("R1", 1_000, day(28), provider_refund_ref="re_1"), refunded("R2", 9_000, day(29)))
    assert (story.case.entitled, story.named(RecoveryOpened)) == (1_000, [])


def test_a_part_that_the_platform_gave_back_excludes_nothing() -> None:
    """10 of 100 came back: the parcel is lost, 90 are left to make good."""
    story = insured(only(f"{DAMAGE}refunded_by_platform = true"))
    story.given(refunded("R1", 1_000, day(5)), damaged(day(10)))
    assert story.case.entitled == 9_000
