"""A simulated payment system: own books, idempotent by refund_id; it fails, reverses, repeats, or stays silent."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from waybond_contracts.money import Money
from waybond_contracts.refunds import (
    CancelRefund,
    FailureCode,
    MoneyCommand,
    RefundAccepted,
    RefundCancelled,
    RefundCommand,
    RefundFailed,
    RefundPending,
    RefundResult,
    RefundReversed,
    RefundSucceeded,
)

HOUR = timedelta(hours=1)
FATES = ("paid",) * 9 + (
    "pending",
    "fails",
    "fails",
    "refused",
    "reversed",
    "silent",
    "late",
    "late",
    "repeats",
    "repeats",
)


@dataclass
class Refund:
    """One refund in the books. `moved` is what the buyer has of it now."""

    refund_id: str
    order_key: str
    amount: Money | None = None
    attempt: int = 1
    status: str = "waiting"
    moved: int = 0
    cancelled_version: int = 0
    answers: list[RefundResult] = field(default_factory=list)

    @property
    def last(self) -> RefundResult | None:
        return self.answers[-1] if self.answers else None


class PaymentSystem:
    """Takes commands and answers them; `at` calls back at an instant, `publish` sends an answer."""

    def __init__(
        self,
        seed: str,
        at: Callable[[datetime, Callable[[], None], str], None],
        publish: Callable[[RefundResult], None],
        now: Callable[[], datetime],
    ) -> None:
        self._seed = seed
        self._at = at
        self._publish = publish
        self._now = now
        self.healed = False
        self.books: dict[str, Refund] = {}
        self.conflicts: list[str] = []
        """Commands that contradict an earlier one under the same refund_id."""
        self.fates: dict[str, str] = {}
        self.moves: list[tuple[datetime, str, int]] = []
        """What moved: instant, order, minor units to the buyer (below zero: back)."""

    def take(self, command: RefundCommand) -> None:
        """One command as it lies on the topic; it may come again, or late."""
        refund = self.books.get(command.refund_id)
        if refund is None:
            refund = self.books[command.refund_id] = Refund(command.refund_id, command.order_key)
        if refund.order_key != command.order_key:
            self.conflicts.append(f"refund {command.refund_id} names two orders")
        elif isinstance(command, CancelRefund):
            self._cancel(refund, command)
        elif isinstance(command, MoneyCommand):
            self._issue(refund, command)

    def settle_outside(self, refund_id: str) -> bool:
        """A person agrees with the payment system that it will not pay this any more: whether it did not."""
        refund = self.books.get(refund_id)
        if refund is None or refund.moved or refund.status not in ("waiting", "failed", "reversed"):
            return False
        refund.status = "void"
        return True

    def _issue(self, refund: Refund, command: MoneyCommand) -> None:
        if refund.amount is not None:
            if refund.amount != command.amount:
                self.conflicts.append(f"refund {refund.refund_id} has two amounts")
            elif refund.last is not None:
                self._publish(refund.last)
            return
        refund.amount, refund.attempt = command.amount, command.attempt
        if refund.cancelled_version > command.version:
            self._answer(refund, RefundCancelled, "cancelled")
            return
        draw = Random(f"{self._seed}/{refund.refund_id}")
        fate = "paid" if self.healed else draw.choice(FATES)
        self.fates[refund.refund_id] = fate
        for hours, step in _steps(fate, draw):
            self._at(self._now() + hours * HOUR, lambda step=step: self._step(refund, step), f"payer: {step}")

    def _cancel(self, refund: Refund, command: CancelRefund) -> None:
        refund.cancelled_version = max(refund.cancelled_version, command.version)
        if refund.status in ("waiting", "void") and refund.amount is not None:
            self._answer(refund, RefundCancelled, "cancelled")
        elif refund.last is not None:
            self._publish(refund.last)

    def _step(self, refund: Refund, step: str) -> None:
        if step == "repeat":
            if refund.last is not None:
                self._publish(refund.last)
        elif step == "repeat all":
            for answer in reversed(refund.answers):
                self._publish(answer)
        elif step == "reverse":
            if refund.status == "paid":
                self._move(refund, 0)
                self._answer(refund, RefundReversed, "reversed", retryable=True)
        elif step == "tell":
            if refund.status == "paid":
                self._answer(refund, RefundSucceeded, "paid")
        elif refund.status == "waiting":
            self._from_waiting(refund, step)

    def _from_waiting(self, refund: Refund, step: str) -> None:
        match step:
            case "accept":
                self._answer(refund, RefundAccepted, "waiting")
            case "pend":
                self._answer(refund, RefundPending, "waiting", waits_for="acquirer")
            case "pay":
                self._move(refund, _minor(refund))
                self._answer(refund, RefundSucceeded, "paid")
            case "pay silently":
                self._move(refund, _minor(refund))
                refund.status = "paid"
            case "fail":
                code = FailureCode.DECLINED
                self._answer(refund, RefundFailed, "failed", failure_code=code, retryable=True)
            case "refuse":
                code = FailureCode.EXPIRED_OR_CANCELED_CARD
                self._answer(refund, RefundFailed, "failed", failure_code=code, retryable=False)

    def _move(self, refund: Refund, moved: int) -> None:
        self.moves.append((self._now(), refund.order_key, moved - refund.moved))
        refund.moved = moved

    def _answer(self, refund: Refund, kind: type[RefundResult], status: str, **more: Any) -> None:
        assert refund.amount is not None
        refund.status = status
        tenant, platform, order_id = refund.order_key.split("/")
        answer = kind(
            tenant=tenant,
            platform=platform,
            order_id=order_id,
            occurred_at=self._now(),
            refund_id=refund.refund_id,
            attempt=refund.attempt,
            version=len(refund.answers) + 1,
            provider_refund_ref=f"re-{refund.refund_id}",
            amount=refund.amount,
            **more,
        )
        refund.answers.append(answer)
        self._publish(answer)


def _steps(fate: str, draw: Random) -> list[tuple[float, str]]:
    """What happens, so many hours after the command came."""
    soon, later = draw.random() * 3, 4 + draw.random() * 12
    match fate:
        case "pending":
            return [(soon, "accept"), (later, "pend"), (24 + 5 * later, "pay")]
        case "fails":
            return [(soon, "fail")]
        case "refused":
            return [(soon, "accept"), (later, "refuse")]
        case "reversed":
            return [(soon, "pay"), (20 * later, "reverse"), (20 * later + soon, "repeat all")]
        case "silent":
            return []
        case "late":
            return [(soon, "pay silently"), (22 + 8 * later, "tell")]
        case "repeats":
            return [(soon, "accept"), (soon, "pay"), (soon, "repeat"), (later, "repeat"), (6 * later, "repeat all")]
        case _:
            return [(soon, "pay")]


def _minor(refund: Refund) -> int:
    assert refund.amount is not None
    return refund.amount.minor
