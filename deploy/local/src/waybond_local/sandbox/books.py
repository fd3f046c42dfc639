"""What a payment system does with commands and with time: pure, from a payment and what comes in to answers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from waybond_contracts.money import Money
from waybond_contracts.refunds import (
    CancelRefund,
    FailureCode,
    MoneyCommand,
    RefundAccepted,
    RefundCancelled,
    RefundFailed,
    RefundPending,
    RefundResult,
    RefundReversed,
    RefundSucceeded,
)
from waybond_contracts.registry import decode
from waybond_local.sandbox.plan import Act, Plan

PENDING_WAITS_FOR = "acquirer"


class Status(StrEnum):
    """Where a payment stands. `dead`: cancelled before it was commanded."""

    DEAD = "dead"
    WAITING = "waiting"
    PAID = "paid"
    FAILED = "failed"
    REVERSED = "reversed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class DueStep:
    """A step of the plan at its instant."""

    due: datetime
    act: Act
    code: FailureCode
    retryable: bool


@dataclass(frozen=True, slots=True)
class Last:
    """The last answer as it was sent: it is read only if it has to be said again."""

    type: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Payment:
    """One refund in the books, by its refund_id. `amount` is None while only its cancellation is known."""

    refund_id: str
    tenant: str
    platform: str
    order_id: str
    partition: int
    status: Status
    amount: Money | None = None
    attempt: int = 1
    issued_version: int = 0
    cancelled_version: int = 0
    not_after: datetime | None = None
    steps: tuple[DueStep, ...] = ()
    answers: int = 0
    last: Last | None = None

    @property
    def order_key(self) -> str:
        return f"{self.tenant}/{self.platform}/{self.order_id}"

    @property
    def next_due(self) -> datetime | None:
        return self.steps[0].due if self.steps else None


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved: `minor` below zero left the account, above zero came back."""

    refund_id: str
    kind: str
    order_key: str
    minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """The payment afterwards, the answers to send, the movement to book."""

    payment: Payment
    answers: tuple[RefundResult, ...] = ()
    movement: Movement | None = None


class ConflictError(ValueError):
    """A command that contradicts what came before under the same refund_id."""


def issue(known: Payment | None, command: MoneyCommand, plan: Plan, at: datetime, partition: int) -> Effect:
    """Take a command to pay. One that came before is answered as it was then; a cancelled one stays unpaid.

    Raises ConflictError where the same refund_id asked for another amount before, or for another order.
    """
    if known is not None and known.order_key != command.order_key:
        raise ConflictError(f"order: expected {known.order_key} as before for this refund_id, got {command.order_key}")
    if known is not None and known.amount is not None:
        if known.amount != command.amount:
            raise ConflictError(f"amount: expected {known.amount} as before for this refund_id, got {command.amount}")
        return _again(known)
    base = known or _new(command, partition, Status.WAITING)
    taken = replace(
        base,
        amount=command.amount,
        attempt=command.attempt,
        issued_version=command.version,
        not_after=command.not_after,
    )
    if base.cancelled_version > command.version:
        return _answered(replace(taken, status=Status.CANCELLED), RefundCancelled, at)
    steps = tuple(DueStep(at + step.after, step.act, step.code, step.retryable) for step in plan.steps)
    return Effect(replace(taken, status=Status.WAITING, steps=steps))


def cancel(known: Payment | None, command: CancelRefund, at: datetime, partition: int) -> Effect:
    """Take a cancellation. Of what is not commanded yet it is remembered; of what is over the outcome is said again."""
    base = known or _new(command, partition, Status.DEAD)
    noted = replace(base, cancelled_version=max(base.cancelled_version, command.version))
    if noted.status is Status.WAITING and command.version > noted.issued_version:
        return _answered(replace(noted, status=Status.CANCELLED, steps=()), RefundCancelled, at)
    return _again(noted)


def proceed(payment: Payment, at: datetime) -> Effect:
    """Do the payment's next step, `at` being its instant (or the clock's, if that is later)."""
    step, left = payment.steps[0], replace(payment, steps=payment.steps[1:])
    match step.act:
        case Act.ACCEPT:
            return _answered(left, RefundAccepted, at)
        case Act.PEND:
            return _answered(left, RefundPending, at, waits_for=PENDING_WAITS_FOR)
        case Act.PAY:
            return _pay(left, at)
        case Act.FAIL:
            return _fail(left, at, step.code, retryable=step.retryable)
        case Act.REVERSE:
            reversed_ = replace(left, status=Status.REVERSED, steps=())
            effect = _answered(reversed_, RefundReversed, at, failure_code=step.code, retryable=step.retryable)
            return replace(effect, movement=_movement(left, "reversal", at))
        case Act.REPEAT:
            return _again(left)


def _pay(payment: Payment, at: datetime) -> Effect:
    if payment.not_after is not None and at > payment.not_after:
        return _fail(payment, at, FailureCode.TOO_LATE, retryable=False)
    effect = _answered(replace(payment, status=Status.PAID), RefundSucceeded, at)
    return replace(effect, movement=_movement(payment, "refund", at))


def _fail(payment: Payment, at: datetime, code: FailureCode, *, retryable: bool) -> Effect:
    failed = replace(payment, status=Status.FAILED, steps=())
    return _answered(failed, RefundFailed, at, failure_code=code, failure_raw=code.value.upper(), retryable=retryable)


def _new(command: MoneyCommand | CancelRefund, partition: int, status: Status) -> Payment:
    return Payment(
        refund_id=command.refund_id,
        tenant=command.tenant,
        platform=command.platform,
        order_id=command.order_id,
        partition=partition,
        status=status,
    )


def _amount(payment: Payment) -> Money:
    if payment.amount is None:
        raise AssertionError("only a payment that was commanded has steps and answers")
    return payment.amount


def _movement(payment: Payment, kind: str, at: datetime) -> Movement:
    amount = _amount(payment)
    minor = -amount.minor if kind == "refund" else amount.minor
    return Movement(payment.refund_id, kind, payment.order_key, minor, amount.currency, at)


def _again(payment: Payment) -> Effect:
    """The last answer as it was, word for word, if there is one."""
    if payment.last is None:
        return Effect(payment)
    said = decode(payment.last.type, payment.last.value).event
    if not isinstance(said, RefundResult):
        raise TypeError(f"last answer: expected a RefundResult, got {payment.last.type}")
    return Effect(payment, (said,))


def _answered(payment: Payment, kind: type[RefundResult], at: datetime, **more: Any) -> Effect:
    answer = kind(
        tenant=payment.tenant,
        platform=payment.platform,
        order_id=payment.order_id,
        occurred_at=at,
        refund_id=payment.refund_id,
        attempt=payment.attempt,
        version=payment.answers + 1,
        provider_refund_ref=f"re_{blake2b(payment.refund_id.encode(), digest_size=10).hexdigest()}",
        amount=_amount(payment),
        **more,
    )
    last = Last(answer.event_type, answer.model_dump_json().encode())
    return Effect(replace(payment, answers=answer.version, last=last), (answer,))


def run_until(
    payments: Iterable[Payment], until: datetime, clock: datetime | None
) -> tuple[list[Payment], list[tuple[datetime, RefundResult]], list[Movement]]:
    """Do every step that is due by `until`; the answers come in the order of their instants, each with its own.

    `clock` is when the steps happen where time is the wall's; without it (replay) each happens at its own instant.
    """
    done: list[Payment] = []
    answers: list[tuple[datetime, RefundResult]] = []
    movements: list[Movement] = []
    for first in payments:
        payment = first
        while payment.next_due is not None and payment.next_due <= until:
            at = clock or payment.next_due
            effect = proceed(payment, at)
            payment = effect.payment
            answers.extend((at, answer) for answer in effect.answers)
            if effect.movement:
                movements.append(effect.movement)
        done.append(payment)
    return done, sorted(answers, key=lambda each: each[0]), movements
