"""Disputes that go to a card scheme stop new payments until they have ended, and what they give counts."""

from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from tests.support.claims import (
    ClaimsStory,
    complaint,
    day,
    issued,
    late,
    lost,
    placed,
    resolved,
    ruling,
    usd,
)
from waybond_contracts.claims import (
    ClaimReferred,
    RecoveryOpened,
    ReferralReason,
)
from waybond_contracts.disputes import (
    DisputeSource,
    DisputeStage,
    DisputeStageChanged,
    DisputeWithdrawn,
)
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund

KEY: dict[str, Any] = {"tenant": "demo", "platform": "shop", "order_id": "A-1"}


@pytest.mark.parametrize(
    "fields",
    [{"stage": DisputeStage.CHARGEBACK}, {"source": DisputeSource.CARD_SCHEME}, {"stage": DisputeStage.ARBITRATION}],
)
def test_a_chargeback_stops_new_payments_until_it_has_ended(fields: dict[str, Any]) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10), **fields), late(0))
    assert story.named(IssueRefund) == []
    assert story.status == "waiting"
    story.when(resolved(day(30)))
    assert story.last(IssueRefund).amount == usd(1_000)


def test_a_chargeback_cancels_nothing_that_is_on_its_way() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0), complaint(day(27.1), stage=DisputeStage.CHARGEBACK))
    assert [type(each).__name__ for each in story.events].count("CancelRefund") == 0
    story.pay(day(28))
    assert story.case.settled == 1_000
    story.when(late(1))
    assert story.case.in_flight is None


def test_a_dispute_that_rises_to_a_chargeback_stops_payments_from_then_on() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)))
    story.when(DisputeStageChanged(**KEY, occurred_at=day(20), dispute_id="D-1", stage=DisputeStage.CHARGEBACK))
    story.when(late(0))
    assert story.named(IssueRefund) == []
    story.when(DisputeWithdrawn(**KEY, occurred_at=day(29), dispute_id="D-1"))
    assert story.last(IssueRefund).amount == usd(1_000)


def test_a_stage_that_is_known_before_its_dispute_counts() -> None:
    story = ClaimsStory()
    changed = DisputeStageChanged(**KEY, occurred_at=day(20), dispute_id="D-1", stage=DisputeStage.CHARGEBACK)
    story.given(placed(), issued())
    story.when(changed)
    story.when(complaint(day(10)), day(21))
    story.when(late(0))
    assert story.named(IssueRefund) == []


def test_a_chargeback_of_which_nothing_is_heard_is_put_before_a_person_if_something_is_owed() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), stage(day(10), DisputeStage.CHARGEBACK), lost(day(12)))
    story.until(day(13))
    story.when(ruling(story.last(ClaimReferred), "answered", day(14)))
    assert story.until(day(129)) == ()
    story.until(day(130))
    referred = story.last(ClaimReferred)
    assert (referred.reason, referred.choices) == (ReferralReason.ANSWER_MISSING, ("wait", "ended", "ended_paid"))
    story.when(ruling(referred, "wait", day(131)))
    story.until(day(138))
    again = story.last(ClaimReferred)
    assert again.referral_id != referred.referral_id
    story.when(ruling(again, "ended", day(139)))
    assert story.last(IssueRefund).amount == usd(10_000)
    story.pay(day(140))
    story.when(resolved(day(30), 4_000), day(141))
    assert story.last(RecoveryOpened).amount == usd(4_000)


def test_a_chargeback_is_not_asked_about_while_nothing_is_owed_or_its_stages_change() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10), stage=DisputeStage.CHARGEBACK))
    story.until(day(200))
    assert story.named(ClaimReferred) == []
    story.given(stage(day(201), DisputeStage.ARBITRATION), lost(day(202)))
    story.until(day(207))
    story.when(ruling(story.last(ClaimReferred), "answered", day(207)))
    story.until(day(320))
    assert len(story.named(ClaimReferred)) == 1
    story.until(day(321))
    assert len(story.named(ClaimReferred)) == 2
    story.when(stage(day(322), DisputeStage.ARBITRATION))
    assert [each.choice for each in story.case.referrals] == ["answered", "withdrawn"]


def test_what_a_chargeback_paid_back_is_not_paid_again() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10), stage=DisputeStage.CHARGEBACK), lost(day(12)))
    story.when(resolved(day(30), 9_000))
    assert story.last(IssueRefund).amount == usd(1_000)


def test_what_a_chargeback_paid_back_beside_us_is_asked_back() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(12)))
    story.pay(day(13))
    story.given(complaint(day(20), source=DisputeSource.CARD_SCHEME), resolved(day(30), 10_000))
    assert story.last(RecoveryOpened).amount == usd(10_000)
    assert story.last(RecoveryOpened).reason == "refunded_elsewhere"


def test_the_same_dispute_resolved_with_two_amounts_is_a_contradiction() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)), resolved(day(20), 100), resolved(day(21), 200))
    assert story.last(ClaimReferred).reason is ReferralReason.CONTRADICTION


def stage(at: datetime, to: DisputeStage) -> DisputeStageChanged:
    return DisputeStageChanged(**KEY, occurred_at=at, dispute_id="D-1", stage=to)


def test_an_appeal_against_a_resolution_stops_payments_again_and_its_resolution_counts() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(5), stage=DisputeStage.CHARGEBACK), resolved(day(8)))
    story.given(stage(day(9), DisputeStage.PRE_ARBITRATION), lost(day(12)))
    assert story.named(IssueRefund) == []
    assert story.status == "waiting"
    story.when(resolved(day(30), 10_000))
    assert [(each.ref, each.minor) for each in story.case.elsewhere] == [("D-1", 10_000)]
    assert story.named(IssueRefund) == []
    assert story.case.contradictions == ()


def test_an_appeal_may_take_back_what_the_first_resolution_gave() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(5), stage=DisputeStage.CHARGEBACK), resolved(day(8), 9_000))
    story.given(stage(day(9), DisputeStage.PRE_ARBITRATION), lost(day(12)), resolved(day(30)))
    assert story.case.elsewhere == ()
    assert story.last(IssueRefund).amount == usd(10_000)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_dispute_ends_as_its_last_resolution_says_in_whichever_order_its_steps_become_known(
    order: tuple[int, ...],
) -> None:
    steps: list[Event] = [
        complaint(day(5), stage=DisputeStage.CHARGEBACK),
        resolved(day(8), 3_000),
        stage(day(9), DisputeStage.PRE_ARBITRATION),
        resolved(day(30), 10_000),
    ]
    story = ClaimsStory()
    story.given(placed(), issued())
    for index in order:
        story.when(steps[index], day(40))
    assert [(each.ref, each.minor) for each in story.case.elsewhere] == [("D-1", 10_000)]
    assert not story.case.frozen_by_dispute


def test_a_withdrawal_that_is_older_than_the_last_stage_ends_nothing() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(5)), stage(day(9), DisputeStage.CHARGEBACK))
    story.when(DisputeWithdrawn(**KEY, occurred_at=day(7), dispute_id="D-1"), day(10))
    story.when(lost(day(12)))
    assert story.named(IssueRefund) == []
