"""What a person decides is of the complaint that it was asked about, and within the clause's limit and window."""

import msgspec
import pytest
from msgspec.structs import replace

from tests.support.claims import (
    KEY,
    ClaimsStory,
    complaint,
    day,
    delivered,
    issued,
    only,
    placed,
    ruling,
    usd,
)
from waybond_claims.decide import decide
from waybond_contracts.claims import BuyerNotified, ClaimDenied, ClaimReferred, DenialReason, RecoveryOpened
from waybond_contracts.commands import DecideReferral
from waybond_contracts.disputes import DisputeWithdrawn
from waybond_contracts.refunds import CancelRefund, IssueRefund
from waybond_kit.aggregate import Woken

MISSING = """
[[clause]]
id = "M"
peril = "missing"
trigger = "claim"
tiers = [{ share = "1.00" }]
"""
LIMITED = MISSING + 'limit = { amount = "30" }\n'
COUNTERFEIT = """
[[clause]]
id = "CF"
peril = "counterfeit"
trigger = "claim"
tiers = [{ share = "1.00" }]
claim_window = { clock = "delivered", closes = "P30D" }
"""


def asked(body: str, reason: str = "MISSING_PARTS") -> tuple[ClaimsStory, ClaimReferred]:
    """An order of 100; the buyer complains on day 5, and a person is asked."""
    story = ClaimsStory()
    story.given(placed(), issued(only(body)), complaint(day(5), reason))
    return story, story.last(ClaimReferred)


def withdrawn(dispute_id: str = "D-1", at: float = 8) -> DisputeWithdrawn:
    return DisputeWithdrawn(**KEY, occurred_at=day(at), dispute_id=dispute_id)


# limits


def test_more_than_the_clauses_limit_is_refused_and_asked_again() -> None:
    """The clause pays 30 at most: 90 is refused, 30 is paid."""
    story, referred = asked(LIMITED)
    story.when(ruling(referred, "pay", day(6), amount=usd(9_000)))
    again = story.last(ClaimReferred)
    assert (story.case.owed, again.referral_id) == (0, referred.referral_id)
    assert again.version > referred.version
    story.when(ruling(again, "pay", day(7), amount=usd(3_000)))
    assert story.last(IssueRefund).amount == usd(3_000)


def test_more_than_the_goods_are_insured_for_is_refused() -> None:
    """They are insured for 100: 100.01 is refused."""
    story, referred = asked(MISSING)
    story.when(ruling(referred, "pay", day(6), amount=usd(10_001)))
    assert story.case.owed == 0
    story.when(ruling(story.last(ClaimReferred), "pay", day(7), amount=usd(10_000)))
    assert story.case.owed == 10_000


def test_what_a_file_says_above_the_limit_pays_the_limit() -> None:
    """A ruling of 90 that was accepted before there was a bound: 30."""
    story, referred = asked(LIMITED)
    story.when(ruling(referred, "pay", day(6), amount=usd(3_000)))
    (done,) = story.case.referrals
    before = replace(story.case, referrals=(replace(done, decided_minor=9_000),))
    after = decide(before, Woken(day(9)), day(9)).state
    assert after is not None
    assert after.owed == 3_000


# complaints


def test_a_ruling_ends_with_its_complaint() -> None:
    """It was to be paid, and the buyer withdrew: the command is taken back, nothing is owed."""
    story, referred = asked(MISSING)
    story.when(ruling(referred, "pay", day(6)))
    command = story.last(IssueRefund)
    story.when(withdrawn())
    assert (story.case.entitled, story.case.owed) == (0, 0)
    assert story.last(CancelRefund).refund_id == command.refund_id


def test_what_was_paid_on_a_complaint_that_is_withdrawn_is_asked_back() -> None:
    """100 was paid on it; a person says whether it comes back or is waived."""
    story, referred = asked(MISSING)
    story.when(ruling(referred, "pay", day(6)))
    story.pay(day(7))
    story.when(withdrawn())
    assert story.last(RecoveryOpened).amount == usd(10_000)


def test_a_second_complaint_after_a_refusal_is_looked_at_again() -> None:
    story, first = asked(MISSING)
    story.when(ruling(first, "do_not_pay", day(6)))
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED
    story.when(complaint(day(9), "MISSING_PARTS", "D-2"))
    second = story.last(ClaimReferred)
    assert second.referral_id != first.referral_id
    story.when(ruling(second, "pay", day(10)))
    assert story.last(IssueRefund).amount == usd(10_000)


def test_a_second_complaint_after_a_payment_asks_nothing() -> None:
    story, first = asked(MISSING)
    story.when(ruling(first, "pay", day(6), amount=usd(4_000)))
    story.pay(day(7))
    story.when(complaint(day(9), "MISSING_PARTS", "D-2"))
    assert len(story.named(ClaimReferred)) == 1


def test_a_ruling_stays_where_another_complaint_is_withdrawn() -> None:
    story, first = asked(MISSING)
    story.when(ruling(first, "pay", day(6)))
    story.given(complaint(day(9), "MISSING_PARTS", "D-2"), withdrawn("D-2", 10))
    assert story.case.owed == 10_000


def test_a_complaint_that_was_refused_says_nothing_for_what_was_paid_on_another() -> None:
    """The first is refused, 50 are paid on the second, and the buyer withdraws the second: 50 are asked back."""
    story, first = asked(MISSING)
    story.when(ruling(first, "do_not_pay", day(6)))
    story.when(complaint(day(9), "MISSING_PARTS", "D-2"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(10), amount=usd(5_000)))
    story.pay(day(11))
    story.when(withdrawn("D-2", 12))
    assert (story.case.entitled, story.case.owed) == (0, 0)
    assert story.last(RecoveryOpened).amount == usd(5_000)


def test_a_complaint_that_came_too_late_says_nothing_for_what_was_paid_on_another() -> None:
    """Delivered on day 8, 100 are paid on a complaint of day 10. One of day 90 is behind the window; the first is
    withdrawn: 100 are asked back."""
    story = ClaimsStory()
    story.given(placed(), issued(only(COUNTERFEIT)), delivered(day(8)), complaint(day(10), "COUNTERFEIT"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(11)))
    story.pay(day(12))
    story.given(complaint(day(90), "COUNTERFEIT", "D-2"), withdrawn("D-1", 91))
    assert (story.case.entitled, story.case.owed) == (0, 0)
    assert story.last(RecoveryOpened).amount == usd(10_000)


def test_what_was_paid_stays_until_the_other_complaint_is_decided() -> None:
    """100 are paid on the first complaint, a second one is made, the first is withdrawn: a person is asked about the
    second. It is refused: 100 are asked back."""
    story, first = asked(MISSING)
    story.when(ruling(first, "pay", day(6)))
    story.pay(day(7))
    story.given(complaint(day(9), "MISSING_PARTS", "D-2"), withdrawn("D-1", 10))
    assert (story.case.owed, story.named(RecoveryOpened)) == (10_000, [])
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(11)))
    assert (story.case.owed, story.last(RecoveryOpened).amount) == (0, usd(10_000))


def test_a_complaint_that_is_withdrawn_takes_its_question_with_it() -> None:
    story, _ = asked(MISSING)
    story.when(withdrawn())
    assert [each.choice for each in story.case.referrals] == ["withdrawn"]


def test_a_ruling_of_an_earlier_file_is_of_the_complaints_that_were_known() -> None:
    """There it names no complaint: it stands for the one before it, and a later one is looked at again."""
    story, referred = asked(MISSING)
    story.when(ruling(referred, "do_not_pay", day(6)))
    (done,) = story.case.referrals
    assert done.key == "claim:M::D-1"
    old = replace(story.case, referrals=(replace(done, key="claim:M:"),))
    assert [type(each) for each in decide(old, Woken(day(9)), day(7)).events] == []
    again = decide(old, complaint(day(9), "MISSING_PARTS", "D-2"), day(9))
    assert [type(each) for each in again.events] == [ClaimReferred, BuyerNotified]
    assert again.state is not None
    assert msgspec.json.decode(msgspec.json.encode(again.state))["referrals"][1]["key"] == "claim:M::D-2"


# windows


def test_a_complaint_of_another_kind_does_not_meet_the_window() -> None:
    """Delivered on day 8, the window closes on day 38. Late on day 10, counterfeit on day 90: denied."""
    story = ClaimsStory()
    story.given(placed(), issued(only(COUNTERFEIT)), delivered(day(8)), complaint(day(10), "LATE"))
    story.when(complaint(day(90), "COUNTERFEIT", "D-2"))
    denied = story.last(ClaimDenied)
    assert (denied.dispute_id, denied.reason) == ("D-2", DenialReason.NOT_COVERED)
    assert story.named(ClaimReferred) == []


def test_a_complaint_that_was_withdrawn_does_not_meet_the_window() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(COUNTERFEIT)), delivered(day(8)), complaint(day(10), "COUNTERFEIT"))
    story.given(withdrawn("D-1", 12), complaint(day(90), "COUNTERFEIT", "D-2"))
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED


def test_a_complaint_within_the_window_is_looked_at_after_it() -> None:
    """Made on day 30, heard of on day 50: the window was open when it was made."""
    story = ClaimsStory()
    story.given(placed(), issued(only(COUNTERFEIT)), delivered(day(8)))
    story.when(complaint(day(30), "COUNTERFEIT"), day(50))
    story.when(ruling(story.last(ClaimReferred), "pay", day(51)))
    assert story.case.owed == 10_000


@pytest.mark.parametrize("about", ["P1", None])
def test_a_ruling_is_about_the_package_that_the_complaint_names(about: str | None) -> None:
    """Two parcels of equal worth: a complaint about P1 pays 50, one about the order is asked for each."""
    story = ClaimsStory()
    story.given(placed(), issued(only(MISSING)))
    for package_id in ("P1", "P2"):
        story.when(delivered(day(4), package_id=package_id))
    story.when(complaint(day(5), "MISSING_PARTS", package_id=about))
    for referred in story.named(ClaimReferred):
        story.when(ruling(referred, "pay", day(6), case_version=story.case.version))
    assert len(story.named(ClaimReferred)) == (1 if about else 2)
    assert story.case.owed == (5_000 if about else 10_000)


def test_a_decision_carries_no_more_than_it_did() -> None:
    assert {"choice", "amount", "referral_id", "case_version"} <= set(DecideReferral.model_fields)
