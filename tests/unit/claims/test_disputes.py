"""Complaints are answered by themselves: paid already, not covered and why, or too early and until when."""

from datetime import timedelta

import pytest

from tests.support.claims import (
    PLAIN,
    PROMISED,
    ClaimsStory,
    answer,
    cancelled,
    complaint,
    damaged,
    day,
    delivered,
    issued,
    late,
    lost,
    only,
    placed,
    refunded,
    ruling,
    usd,
    wording,
)
from waybond_claims.adjudication.complaints import PERILS
from waybond_claims.complaints.waits import HEARD_WITHIN
from waybond_contracts.claims import (
    BuyerNotified,
    ClaimApproved,
    ClaimDenied,
    ClaimOpened,
    ClaimReferred,
    DenialReason,
    ReferralReason,
)
from waybond_contracts.delays import Feed
from waybond_contracts.disputes import (
    DisputeReason,
    DisputeWithdrawn,
)
from waybond_contracts.policies import DeclineReason, PolicyDeclined
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.wording import DeliveredBy

KEY = {"tenant": "demo", "platform": "shop", "order_id": "A-1"}


def denials(story: ClaimsStory) -> list[DenialReason]:
    return [each.reason for each in story.named(ClaimDenied)]


def test_too_early_names_the_day_and_on_that_day_it_is_paid_by_itself() -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    published = story.when(complaint(day(10)))
    assert [type(event) for event in published] == [ClaimOpened, ClaimDenied, BuyerNotified]
    denied = story.last(ClaimDenied)
    assert (denied.reason, denied.dispute_id) == (DenialReason.TOO_EARLY, "D-1")
    assert denied.eligible_at == PROMISED + timedelta(days=7)
    assert denied.explanation is not None
    assert denied.explanation.command == usd(0)
    story.when(late(0))
    assert story.last(IssueRefund).amount == usd(1_000)
    assert denials(story) == [DenialReason.TOO_EARLY]


def test_too_early_names_the_next_day_when_nothing_fell_due_on_the_first() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)))
    story.when(refunded("R1", 100, day(5)), day(27.1))
    assert len(denials(story)) == 2, "the wake of day 27 comes behind what tracking said by then"
    days = [each.eligible_at for each in story.named(ClaimDenied)]
    assert days == [day(27), day(35)]
    story.until(day(80))
    days = [each.eligible_at for each in story.named(ClaimDenied)]
    assert days == [day(27), day(35), day(65), None]
    story.until(day(241))
    assert denials(story)[-1] is DenialReason.NOT_COVERED


def test_a_fact_that_overtakes_trackings_word_names_no_other_day() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)))
    story.armed_at = None
    story.when(refunded("R1", 100, day(5)), day(27.1))
    assert len(denials(story)) == 1
    story.when(late(0), day(27.1))
    assert story.last(IssueRefund).amount == usd(1_000)
    assert len(denials(story)) == 1


def test_too_early_waits_for_the_carrier_where_the_wording_asks_it() -> None:
    story = ClaimsStory()
    body = PLAIN.replace('id = "TG-1"', 'id = "TG-1"\nask_carrier = true')
    story.given(placed(), issued(body), complaint(day(10)))
    story.until(day(28))
    assert len(denials(story)) == 1
    story.when(late(0, feed=Feed.ANSWERED), day(28.5))
    assert story.last(IssueRefund).amount == usd(1_000)


def test_too_early_becomes_not_covered_when_it_arrives_in_time() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)))
    story.when(delivered(day(15)))
    assert denials(story) == [DenialReason.TOO_EARLY, DenialReason.NOT_COVERED]


@pytest.mark.parametrize(
    ("counted", "answers"),
    [
        ('"door", "ready_for_pickup"', [DenialReason.TOO_EARLY, DenialReason.NOT_COVERED]),
        ('"door", "pickup_point", "unknown"', [DenialReason.TOO_EARLY]),
    ],
)
def test_a_parcel_that_waits_to_be_picked_up_has_arrived_where_the_wording_says_so(
    counted: str, answers: list[DenialReason]
) -> None:
    body = PLAIN.replace('period = "P240D"', f'period = "P240D", delivered_by = [{counted}]')
    story = ClaimsStory()
    story.given(placed(), issued(body), complaint(day(10)))
    story.when(delivered(day(15), handed_to=DeliveredBy.READY_FOR_PICKUP, kind="READY_FOR_PICKUP"))
    assert denials(story) == answers


def test_too_early_becomes_not_covered_when_cover_ends() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(wording("wish"), ends_at=day(26)), complaint(day(10)))
    assert denials(story) == [DenialReason.NOT_COVERED], "no clock can run out before cover ends"
    other = ClaimsStory()
    other.given(placed(), issued(wording("wish"), ends_at=day(30)), complaint(day(10)))
    other.until(day(60))
    assert denials(other) == [DenialReason.TOO_EARLY, DenialReason.TOO_EARLY, DenialReason.NOT_COVERED]
    assert [each.eligible_at for each in other.named(ClaimDenied)] == [day(29), None, None]


def test_already_paid_says_how_much() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.pay(day(28))
    story.when(complaint(day(29), "LATE"))
    denied = story.last(ClaimDenied)
    assert (denied.reason, denied.paid) == (DenialReason.ALREADY_PAID, usd(1_000))


def test_what_is_on_its_way_counts_as_paid() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0), complaint(day(27.1), "LATE"))
    assert denials(story) == [DenialReason.ALREADY_PAID]


def test_already_paid_by_the_platform() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), refunded("R1", 10_000, day(5)), complaint(day(6), "OTHER"))
    assert denials(story) == [DenialReason.ALREADY_PAID]


def test_too_early_becomes_already_paid_when_the_platform_refunds_everything() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)), refunded("R1", 10_000, day(12)))
    assert denials(story) == [DenialReason.TOO_EARLY, DenialReason.ALREADY_PAID]
    assert story.case.disputes[0].answer == DenialReason.ALREADY_PAID
    told = next(each.body for each in story.last(BuyerNotified).texts if each.language == "en")
    assert "already received your money back" in told


def test_not_covered_names_the_clauses_that_were_looked_at() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10), "DAMAGED"))
    denied = story.last(ClaimDenied)
    assert (denied.reason, denied.clauses) == (DenialReason.NOT_COVERED, ("DA-1",))
    story.when(damaged(day(12)))
    assert story.last(ClaimApproved).entitled == usd(10_000)


def test_a_reason_that_no_clause_covers_is_not_covered() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10), "UNAUTHORIZED"))
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED


def test_excluded_says_so() -> None:
    body = only("""
[[clause]]
id = "D"
peril = "damaged"
any_of = [{ scan = "DAMAGED" }]
tiers = [{ share = "1.00" }]

[[exclusion]]
id = "X"
categories = ["toys"]
""")
    story = ClaimsStory()
    story.given(placed(), issued(body), complaint(day(10), "DAMAGED"))
    assert story.last(ClaimDenied).reason is DenialReason.EXCLUDED


def test_no_policy_once_pricing_has_said_so() -> None:
    story = ClaimsStory()
    story.given(placed(), complaint(day(0.1)))
    assert story.events == ()
    story.when(PolicyDeclined(**KEY, occurred_at=day(0.2), reason=DeclineReason.NOT_WANTED))
    assert denials(story) == [DenialReason.NO_POLICY]
    assert story.last(ClaimDenied).explanation is None
    assert story.last(BuyerNotified).about == "no_policy"


def test_no_policy_if_it_was_void_from_its_start() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), cancelled(day(1), from_start=True), complaint(day(2)))
    assert denials(story) == [DenialReason.NO_POLICY]


def test_a_dispute_about_an_order_of_which_nobody_has_spoken_is_put_before_a_person() -> None:
    story = ClaimsStory()
    story.when(complaint(day(10)))
    assert story.until(day(10, hours=23.9)) == ()
    story.until(day(11))
    referred = story.last(ClaimReferred)
    assert referred.reason is ReferralReason.ANSWER_MISSING
    story.when(ruling(referred, "answer_no_policy", day(12)))
    assert denials(story) == [DenialReason.NO_POLICY]


def test_waiting_longer_for_a_policy_is_asked_about_again() -> None:
    story = ClaimsStory()
    story.when(complaint(day(10)))
    story.until(day(11))
    story.when(ruling(story.last(ClaimReferred), "wait", day(12)))
    assert story.until(day(18, hours=23)) == ()
    story.until(day(19))
    assert len(story.named(ClaimReferred)) == 2
    story.when(ruling(story.last(ClaimReferred), "answer_no_policy", day(20)))
    assert denials(story) == [DenialReason.NO_POLICY]


def test_a_dispute_that_waits_for_its_policy_is_put_before_a_person_on_a_wake_alone() -> None:
    story = ClaimsStory()
    story.when(complaint(day(10)))
    story.when(refunded("R1", 100, day(9)), day(11))
    assert story.events == ()
    story.given(placed(), issued())
    story.until(day(12))
    assert story.named(ClaimReferred) == []
    assert denials(story) == [DenialReason.TOO_EARLY]


def test_the_same_answer_is_not_given_twice() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)), complaint(day(10)))
    story.wake(day(11))
    story.when(complaint(day(10)), day(12))
    assert len(story.named(ClaimDenied)) == 1


def test_a_withdrawn_dispute_is_not_answered_any_more() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)))
    story.when(DisputeWithdrawn(**KEY, occurred_at=day(11), dispute_id="D-1"))
    story.when(delivered(day(15)))
    assert denials(story) == [DenialReason.TOO_EARLY]


def test_a_question_of_the_buyer_stops_no_payment() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)), late(0))
    assert story.last(IssueRefund).amount == usd(1_000)


def test_a_refund_reported_twice_with_two_amounts_is_a_contradiction() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), refunded("R1", 100, day(5)), refunded("R1", 200, day(6)), late(0))
    assert story.named(IssueRefund) == []
    assert story.last(ClaimReferred).reason is ReferralReason.CONTRADICTION
    story.when(ruling(story.last(ClaimReferred), "go_on", day(30)))
    assert story.last(IssueRefund).amount == usd(1_000)


def test_a_refund_in_another_currency_is_left_out_and_referred() -> None:
    story = ClaimsStory()
    story.given(refunded("R1", 100, day(0), "EUR"), placed(), issued(), late(0))
    assert story.named(IssueRefund) == []
    assert story.last(ClaimReferred).reason is ReferralReason.CURRENCY_DIFFERS
    story.when(ruling(story.last(ClaimReferred), "stop_payments", day(30)))
    story.when(lost(day(40)))
    assert story.named(IssueRefund) == []


def test_a_clause_that_pays_what_somebody_claims_asks_a_person_once_somebody_does() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(wording("seel")), delivered(day(15)))
    assert story.named(ClaimReferred) == []
    story.when(complaint(day(16)))
    referred = story.last(ClaimReferred)
    assert "NR-1" in referred.question
    story.when(ruling(referred, "pay", day(17)))
    assert story.last(ClaimApproved).entitled == usd(10_000)


def test_a_claim_that_is_refused_by_a_person_is_answered() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(wording("seel")), delivered(day(15)), complaint(day(16)))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(17)))
    assert denials(story) == [DenialReason.NOT_COVERED]


def test_a_claim_outside_its_window_is_not_covered_and_before_it_too_early() -> None:
    late_claim = ClaimsStory()
    late_claim.given(placed(), issued(wording("seel")), delivered(day(15)), complaint(day(23)))
    assert denials(late_claim) == [DenialReason.NOT_COVERED]
    early = ClaimsStory()
    early.given(placed(), issued(wording("route")), delivered(day(15)), complaint(day(16)))
    assert early.last(ClaimDenied).eligible_at == day(20)
    early.until(day(20))
    assert early.last(ClaimReferred).reason is ReferralReason.ANSWER_MISSING


def about_a_package_that_nobody_knows() -> ClaimsStory:
    story = ClaimsStory()
    story.given(placed(), issued(), delivered(day(9), package_id="P1"))
    story.when(complaint(day(10), "NOT_RECEIVED", package_id="P2"))
    assert denials(story) == []
    return story


def test_a_complaint_about_a_package_that_nobody_knows_is_answered_once_it_is_known() -> None:
    story = about_a_package_that_nobody_knows()
    story.when(lost(day(10.5), package_id="P2"))
    assert denials(story) == [] and story.case.disputes[0].answer == "approved"
    assert story.last(ClaimApproved).amount.minor > 0


def test_a_complaint_about_a_package_that_nobody_knows_is_answered_after_a_day() -> None:
    story = about_a_package_that_nobody_knows()
    story.until(day(10) + HEARD_WITHIN - timedelta(seconds=1))
    assert denials(story) == []
    story.until(day(10) + HEARD_WITHIN)
    assert denials(story) == [DenialReason.NOT_COVERED]


def test_every_reason_of_a_dispute_is_answered() -> None:
    for reason in DisputeReason:
        story = ClaimsStory()
        story.given(placed(), issued(), complaint(day(10), reason.value))
        assert len(story.named(ClaimDenied)) == 1, reason
    assert set(PERILS) < set(DisputeReason)


def test_a_refund_that_failed_is_not_called_paid() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(28), retryable=False))
    story.when(complaint(day(29), "LATE"))
    assert denials(story) == []
    story.when(ruling(story.last(ClaimReferred), "retry", day(30)))
    assert story.case.disputes[0].answer == "approved"
