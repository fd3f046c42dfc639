"""The sandbox's books as stories: given these commands, when time passes, then these answers and this money."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.refunds import COMMANDED, cancel_refund, issue_refund
from waybond_contracts.money import Money
from waybond_contracts.refunds import CancelRefund, IssueRefund, RefundFailed, RefundResult
from waybond_local.sandbox.books import ConflictError, Movement, Payment, Status, cancel, issue, run_until
from waybond_local.sandbox.plan import Odds, plan

YEAR = timedelta(days=365)


class Story:
    """One refund's payment, its answers and its movements."""

    def __init__(self) -> None:
        self.payment: Payment | None = None
        self.answers: list[RefundResult] = []
        self.movements: list[Movement] = []

    def when(self, command: IssueRefund | CancelRefund, at: datetime = COMMANDED) -> "Story":
        if isinstance(command, CancelRefund):
            effect = cancel(self.payment, command, at, 0)
        else:
            drawn = plan(
                "s", command.refund_id, Odds(), attempt=command.attempt, payment_reference=command.payment.reference
            )
            effect = issue(self.payment, command, drawn, at, 0)
        self.payment = effect.payment
        self.answers += effect.answers
        return self

    def until(self, at: datetime) -> "Story":
        if self.payment is not None:
            (self.payment,), answers, movements = run_until([self.payment], at, None)
            self.answers += [answer for _, answer in answers]
            self.movements += movements
        return self

    @property
    def said(self) -> list[str]:
        return [type(answer).__name__ for answer in self.answers]

    @property
    def moved(self) -> int:
        return sum(movement.minor for movement in self.movements)


@pytest.mark.parametrize(
    ("fate", "said", "moved"),
    [
        ("paid", ["RefundAccepted", "RefundSucceeded"], -1250),
        ("pending", ["RefundAccepted", "RefundPending", "RefundSucceeded"], -1250),
        ("late", ["RefundSucceeded"], -1250),
        ("declined", ["RefundAccepted", "RefundFailed"], 0),
        ("refused", ["RefundAccepted", "RefundFailed"], 0),
        ("reversed", ["RefundAccepted", "RefundSucceeded", "RefundReversed"], 0),
        ("repeated", ["RefundAccepted", "RefundSucceeded", "RefundSucceeded", "RefundSucceeded"], -1250),
        ("silent", [], 0),
    ],
)
def test_what_becomes_of_a_refund(fate: str, said: Sequence[str], moved: int) -> None:
    story = Story().when(issue_refund(reference=f"fate:{fate}")).until(COMMANDED + YEAR)
    assert story.said == said
    assert story.moved == moved


def test_versions_of_answers_rise_and_a_repetition_keeps_its_own() -> None:
    story = Story().when(issue_refund(reference="fate:repeated")).until(COMMANDED + YEAR)
    assert [answer.version for answer in story.answers] == [1, 2, 2, 2]
    assert story.answers[1] == story.answers[3]


def test_only_a_declined_refund_may_be_tried_again() -> None:
    for fate, retryable in (("declined", True), ("refused", False)):
        failed = Story().when(issue_refund(reference=f"fate:{fate}")).until(COMMANDED + YEAR).answers[-1]
        assert isinstance(failed, RefundFailed)
        assert failed.retryable is retryable


def test_a_command_that_comes_twice_pays_once_and_is_answered_again() -> None:
    story = Story().when(issue_refund()).until(COMMANDED + YEAR)
    story.when(issue_refund(), COMMANDED + YEAR).until(COMMANDED + 2 * YEAR)
    assert story.moved == -1250
    assert story.said == ["RefundAccepted", "RefundSucceeded", "RefundSucceeded"]


def test_the_same_refund_with_another_amount_is_a_conflict() -> None:
    story = Story().when(issue_refund())
    with pytest.raises(ConflictError, match="amount"):
        story.when(issue_refund(amount=Money.of(9_900, "USD")))


def test_the_same_refund_for_another_order_is_a_conflict() -> None:
    story = Story().when(issue_refund())
    with pytest.raises(ConflictError, match="order"):
        story.when(issue_refund(order_id="o-2"))


def test_a_cancellation_in_time_moves_no_money() -> None:
    story = Story().when(issue_refund()).until(COMMANDED + timedelta(minutes=1))
    story.when(cancel_refund(), COMMANDED + timedelta(minutes=1)).until(COMMANDED + YEAR)
    assert story.said == ["RefundAccepted", "RefundCancelled"]
    assert story.moved == 0


def test_a_cancellation_that_is_too_late_hears_that_it_was_paid() -> None:
    story = Story().when(issue_refund()).until(COMMANDED + YEAR).when(cancel_refund(), COMMANDED + YEAR)
    assert story.said[-1] == "RefundSucceeded"
    assert story.moved == -1250


def test_a_silent_payer_answers_a_cancellation() -> None:
    story = Story().when(issue_refund(reference="fate:silent")).when(cancel_refund()).until(COMMANDED + YEAR)
    assert story.said == ["RefundCancelled"]


def test_a_command_behind_its_cancellation_is_dead() -> None:
    story = Story().when(cancel_refund())
    assert story.payment is not None
    assert story.payment.status is Status.DEAD
    story.when(issue_refund()).until(COMMANDED + YEAR)
    assert story.said == ["RefundCancelled"]
    assert story.moved == 0


def test_an_older_cancellation_stops_nothing() -> None:
    story = Story().when(issue_refund(version=3)).when(cancel_refund(version=2)).until(COMMANDED + YEAR)
    assert story.moved == -1250


def test_a_payment_after_not_after_fails_as_too_late() -> None:
    story = Story().when(issue_refund(not_after=COMMANDED + timedelta(minutes=1))).until(COMMANDED + YEAR)
    failed = story.answers[-1]
    assert isinstance(failed, RefundFailed)
    assert failed.failure_code == "too_late"
    assert not failed.retryable
    assert story.moved == 0


COMMANDS = st.sampled_from(["issue", "cancel", "wait"])
FATES = st.sampled_from(["paid", "pending", "late", "declined", "refused", "reversed", "repeated", "silent"])


@given(FATES, st.lists(COMMANDS, max_size=12))
def test_whatever_comes_in_whatever_order_pays_at_most_once(fate: str, commands: list[str]) -> None:
    story, now = Story(), COMMANDED
    for command in commands:
        if command == "issue":
            story.when(issue_refund(reference=f"fate:{fate}"), now)
        elif command == "cancel":
            story.when(cancel_refund(), now)
        else:
            now += timedelta(hours=7)
        story.until(now)
    story.until(now + YEAR)
    assert story.moved in (0, -1250)
    assert sum(movement.kind == "refund" for movement in story.movements) <= 1
    assert sum(movement.kind == "reversal" for movement in story.movements) <= 1
    paid = story.payment is not None and story.payment.status is Status.PAID
    assert (story.moved == -1250) is paid
