"""The brake on payments: what a supervisor stops waits and is paid once it is released, and never twice."""

from datetime import datetime, timedelta

import pytest

from tests.support.claims import (
    ClaimsStory,
    answer,
    day,
    delivered,
    issued,
    late,
    lost,
    placed,
    ruling,
    usd,
)
from waybond_claims.brake import Brake, Commanded, Paid, Stop, hour_of
from waybond_claims.case.state import Case
from waybond_claims.decide import decide
from waybond_contracts.claims import BuyerNotified, ClaimApproved, ClaimReferred, ReferralReason
from waybond_contracts.event import Event
from waybond_contracts.refunds import CancelRefund, IssueRefund, MoneyCommand
from waybond_kit.aggregate import Outcome, Woken

OURS = Paid("demo", "order-protection", "USD")
LATE = day(27)
"""When the parcel is 7 days late: 10.00 of 100.00 are due."""


class Braked(ClaimsStory):
    """An order under a brake, whose counts follow what is commanded as a batch's do."""

    def __init__(self, brake: Brake | None = None) -> None:
        super().__init__()
        self.brake = brake
        self.commanded: list[Commanded] = []
        self._decide = self._braked

    def _braked(
        self, state: Case | None, fact: Event | Woken, now: datetime, sent_at: datetime | None = None
    ) -> Outcome[Case]:
        outcome = decide(state, fact, now, sent_at, self.brake)
        counts = [row for row in outcome.rows if isinstance(row, Commanded)]
        self.commanded += counts
        rows = tuple(row for row in outcome.rows if not isinstance(row, Commanded))
        return Outcome(outcome.state, outcome.events, outcome.wake_at, rows, outcome.status)

    def told(self) -> list[str]:
        """What the buyer was told, in order."""
        return [event.about for event in self.named(BuyerNotified)]


def stopped(tenant: str | None = None, product: str | None = None, entry: int = 1) -> Brake:
    return Brake((Stop(entry, tenant, product),), {}, day(0), {})


def ceiling(minor: int, used: dict[datetime, int] | None = None, paid: Paid = OURS) -> Brake:
    return Brake((), {paid: minor}, hour_of(day(0)), {(paid, hour): each for hour, each in (used or {}).items()})


def due(brake: Brake | None) -> Braked:
    """A parcel is 7 days late under this brake."""
    story = Braked(brake)
    story.given(placed(), issued(), late(0))
    return story


@pytest.mark.parametrize(
    "brake", [stopped(), stopped("demo"), stopped(None, "order-protection"), stopped("demo", "order-protection")]
)
def test_what_is_stopped_waits_as_a_question(brake: Brake) -> None:
    story = due(brake)
    asked = story.last(ClaimReferred)
    assert (asked.reason, asked.amount, asked.role) == (ReferralReason.PAYMENTS_STOPPED, usd(1_000), "lead")
    assert asked.choices == ("wait",)
    assert (story.status, story.case.unpaid) == ("referred", 1_000)
    assert story.named(MoneyCommand) == story.named(ClaimApproved) == []


@pytest.mark.parametrize("brake", [stopped("other"), stopped(None, "travel"), stopped("demo", "travel")])
def test_what_others_stop_is_paid(brake: Brake) -> None:
    assert due(brake).last(IssueRefund).amount == usd(1_000)


def test_what_was_stopped_is_paid_by_itself_once_it_is_released() -> None:
    story = due(stopped())
    story.brake = None
    story.until(LATE + timedelta(minutes=2))
    assert [command.amount for command in story.named(IssueRefund)] == [usd(1_000)]
    assert story.case.referrals[0].choice == "withdrawn"
    story.pay(day(28))
    story.until(day(29))
    assert (len(story.named(IssueRefund)), story.status) == (1, "paid")


def test_a_payment_looks_again_after_as_long_as_it_has_waited_and_a_quarter_of_an_hour_at_most() -> None:
    story = due(stopped())
    looks = []
    while story.armed_at is not None and story.armed_at < LATE + timedelta(hours=1):
        looks.append((story.armed_at - LATE) / timedelta(minutes=1))
        story.until(story.armed_at)
    assert looks == [1, 2, 4, 8, 16, 31, 46]


def test_after_an_outage_a_stopped_payment_does_not_look_again_for_each_quarter_of_an_hour_of_it() -> None:
    story = Braked(stopped())
    story.sent_at = LATE + timedelta(days=3)
    story.given(placed(), issued(), late(0))
    assert story.armed_at == LATE + timedelta(days=3, minutes=15)


def test_the_buyer_hears_once_that_it_takes_longer() -> None:
    story = due(stopped())
    story.until(LATE + timedelta(hours=5))
    story.brake = stopped(entry=2)
    story.until(LATE + timedelta(hours=6))
    story.brake = ceiling(0)
    story.until(LATE + timedelta(hours=8))
    assert story.told() == ["refund_delayed"]
    assert [each.reason for each in story.case.referrals] == ["payments_stopped", "payments_stopped", "payout_ceiling"]
    assert [each.is_open for each in story.case.referrals] == [False, False, True]
    story.brake = None
    story.until(LATE + timedelta(hours=9))
    assert story.told() == ["refund_delayed", "approved"]


def test_the_same_stop_asks_once_whatever_comes_meanwhile() -> None:
    story = due(stopped())
    story.until(LATE + timedelta(hours=12))
    story.when(delivered(LATE + timedelta(hours=13)))
    assert len(story.named(ClaimReferred)) == 1


def test_a_refund_on_its_way_is_not_touched() -> None:
    story = due(None)
    story.brake = stopped()
    story.when(lost(day(28)))
    assert story.named(CancelRefund) == []
    story.pay(day(28.1))
    assert story.last(ClaimReferred).amount == usd(9_000)
    story.brake = None
    story.until(day(28.5))
    assert [command.amount.minor for command in story.named(IssueRefund)] == [1_000, 9_000]


def test_another_attempt_is_stopped_too_and_counts_once() -> None:
    story = due(ceiling(1_000))
    story.brake = stopped()
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(27.1), retryable=True))
    story.until(day(27.5))
    assert len(story.named(IssueRefund)) == 1
    story.brake = ceiling(1_000, {hour_of(day(27.5) + timedelta(hours=hour)): 1_000 for hour in range(3)})
    story.until(day(27.6))
    assert [command.attempt for command in story.named(IssueRefund)] == [1, 2]
    assert story.commanded == [Commanded(OURS, LATE, 1_000)]
    assert story.told() == ["approved", "refund_delayed"]


def test_up_to_the_ceiling_is_paid_and_counted() -> None:
    story = due(ceiling(1_500, {LATE: 500}))
    assert story.last(IssueRefund).amount == usd(1_000)
    assert story.commanded == [Commanded(OURS, LATE, 1_000)]


def test_above_the_ceiling_a_lead_is_asked() -> None:
    story = due(ceiling(1_500, {LATE: 501}))
    asked = story.last(ClaimReferred)
    assert (asked.reason, asked.amount, asked.role) == (ReferralReason.PAYOUT_CEILING, usd(1_000), "lead")
    assert asked.choices == ("pay", "wait")
    assert (story.named(MoneyCommand), story.commanded) == ([], [])
    assert story.told() == ["refund_delayed"]


@pytest.mark.parametrize(
    "paid",
    [Paid("other", "order-protection", "USD"), Paid("demo", "order-protection", "EUR"), Paid("demo", "travel", "USD")],
)
def test_a_ceiling_bounds_its_own_tenant_product_and_currency(paid: Paid) -> None:
    story = due(ceiling(0, paid=paid))
    assert story.last(IssueRefund).amount == usd(1_000)
    assert story.commanded == []


def test_the_next_hour_pays_what_the_ceiling_kept() -> None:
    story = due(ceiling(1_500, {LATE: 501}))
    story.until(LATE + timedelta(minutes=59))
    assert story.named(IssueRefund) == []
    story.until(LATE + timedelta(hours=1))
    assert [command.requested_at for command in story.named(IssueRefund)] == [LATE + timedelta(hours=1)]
    assert story.commanded == [Commanded(OURS, LATE + timedelta(hours=1), 1_000)]


def test_a_command_counts_in_the_hour_in_which_it_can_be_heard() -> None:
    story = Braked(ceiling(5_000))
    story.sent_at = LATE + timedelta(days=3, minutes=20)
    story.given(placed(), issued(), late(0))
    assert story.commanded == [Commanded(OURS, LATE + timedelta(days=3), 1_000)]


def test_a_lead_pays_one_order_above_the_ceiling() -> None:
    story = due(ceiling(500))
    asked = story.last(ClaimReferred)
    story.when(ruling(asked, "pay", LATE + timedelta(minutes=5)))
    assert story.last(IssueRefund).amount == usd(1_000)
    assert story.commanded == [Commanded(OURS, LATE, 1_000)]
    story.pay(day(27.5))
    story.when(lost(day(28)))
    assert (story.last(ClaimReferred).amount, len(story.named(IssueRefund))) == (usd(9_000), 1)


def test_what_a_lead_pays_is_all_of_it_and_no_other_role_does() -> None:
    for refused in ({"role": "payments"}, {"role": "adjuster"}, {"amount": usd(500)}):
        story = due(ceiling(500))
        story.when(ruling(story.last(ClaimReferred), "pay", LATE + timedelta(minutes=5), **refused))
        assert story.named(IssueRefund) == []
        assert len(story.named(ClaimReferred)) == 2


def test_a_stop_stands_above_what_a_lead_paid() -> None:
    story = due(ceiling(500))
    story.brake = Brake((Stop(1, None, None),), {OURS: 500}, day(0), {})
    story.when(ruling(story.last(ClaimReferred), "pay", LATE + timedelta(minutes=5)))
    assert story.named(IssueRefund) == []
    assert story.last(ClaimReferred).reason is ReferralReason.PAYMENTS_STOPPED


def test_who_is_told_to_wait_is_paid_in_the_next_hour_all_the_same() -> None:
    story = due(ceiling(1_500, {LATE: 501}))
    story.when(ruling(story.last(ClaimReferred), "wait", LATE + timedelta(minutes=5)))
    assert (story.status, len(story.named(ClaimReferred))) == ("waiting", 1)
    story.until(LATE + timedelta(hours=1))
    assert story.last(IssueRefund).amount == usd(1_000)


def test_what_grew_while_it_waited_counts_as_what_it_is_then() -> None:
    story = due(stopped())
    story.when(lost(day(28)))
    assert story.named(MoneyCommand) == []
    story.brake = ceiling(10_000)
    story.until(day(28.5))
    assert [command.amount for command in story.named(IssueRefund)] == [usd(10_000)]
    assert [each.minor for each in story.commanded] == [10_000]


def test_of_another_attempt_only_what_was_added_counts() -> None:
    """The first attempt is made again at once; 90.00 more are due before the third one."""
    story = due(ceiling(100_000))
    for hours in (1, 2):
        story.when(answer(story.last(IssueRefund), "RefundFailed", LATE + timedelta(hours=hours)))
    story.when(lost(LATE + timedelta(hours=3)))
    story.until(day(28))
    assert [command.amount.minor for command in story.named(IssueRefund)] == [1_000, 1_000, 10_000]
    assert [each.minor for each in story.commanded] == [1_000, 9_000]


def test_what_no_longer_is_owed_is_asked_about_no_longer() -> None:
    story = due(stopped("demo", "order-protection"))
    story.until(LATE + timedelta(hours=1))
    story.brake = None
    story.until(LATE + timedelta(hours=2))
    assert [each.choice for each in story.case.referrals] == ["withdrawn"]
