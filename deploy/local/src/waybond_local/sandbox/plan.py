"""What the sandbox does with a refund, and when: drawn from the seed and the refund's id alone."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from waybond_contracts.refunds import FailureCode

FATE_PREFIX = "fate:"
"""A payment whose reference starts so says itself what becomes of its refunds, as test cards do: "fate:declined,paid"
declines the first attempt and pays the second; the last one named holds for all later attempts."""

_RETRYABLE = (FailureCode.INSUFFICIENT_FUNDS, FailureCode.DECLINED, FailureCode.UNKNOWN)
_FINAL = (FailureCode.EXPIRED_OR_CANCELED_CARD, FailureCode.LOST_OR_STOLEN_CARD, FailureCode.CHARGE_DISPUTED)


class Fate(StrEnum):
    """What becomes of one refund."""

    PAID = "paid"
    PENDING = "pending"
    """Paid, after days of waiting that it speaks about."""
    LATE = "late"
    """Paid, but for more than a day it says nothing at all."""
    DECLINED = "declined"
    """Failed; another attempt may work."""
    REFUSED = "refused"
    """Failed for good."""
    REVERSED = "reversed"
    """Paid, then the money comes back."""
    REPEATED = "repeated"
    """Paid, and it says so three times."""
    SILENT = "silent"
    """Neither paid nor answered; only a cancellation is answered."""


class Act(StrEnum):
    """One thing that the payment system does."""

    ACCEPT = "accept"
    PEND = "pend"
    PAY = "pay"
    FAIL = "fail"
    REVERSE = "reverse"
    REPEAT = "repeat"


class Odds(BaseModel):
    """How often each fate is drawn, as weights of any sum above zero."""

    model_config = ConfigDict(frozen=True)

    paid: int = Field(default=860, ge=0)
    pending: int = Field(default=50, ge=0)
    late: int = Field(default=20, ge=0)
    declined: int = Field(default=25, ge=0)
    refused: int = Field(default=10, ge=0)
    reversed: int = Field(default=15, ge=0)
    repeated: int = Field(default=15, ge=0)
    silent: int = Field(default=5, ge=0)

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not any(weight for _, weight in self.weights()):
            raise ValueError("one weight above zero was expected")
        return self

    def weights(self) -> list[tuple[Fate, int]]:
        return [(fate, getattr(self, fate.value)) for fate in Fate]


@dataclass(frozen=True, slots=True)
class Step:
    """An act, so long after the command came."""

    after: timedelta
    act: Act
    code: FailureCode = FailureCode.UNKNOWN
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one refund in the order of their time."""

    fate: Fate
    steps: tuple[Step, ...]


class _Draw:
    """Whole numbers that follow from the seed and the refund's id."""

    def __init__(self, seed: str, refund_id: str) -> None:
        self._key = f"{seed}\x1f{refund_id}"

    def number(self, what: str, below: int) -> int:
        digest = blake2b(f"{self._key}\x1f{what}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) % below

    def span(self, what: str, least: timedelta, most: timedelta) -> timedelta:
        """A duration in whole seconds between the two."""
        seconds = int((most - least).total_seconds())
        return least + timedelta(seconds=self.number(what, seconds + 1))


def plan(seed: str, refund_id: str, odds: Odds, *, attempt: int = 1, payment_reference: str = "") -> Plan:
    """The plan of one refund."""
    draw = _Draw(seed, refund_id)
    fate = _told(payment_reference, attempt) or _drawn(draw, odds)
    return Plan(fate, _steps(fate, draw))


def _told(reference: str, attempt: int) -> Fate | None:
    if not reference.startswith(FATE_PREFIX):
        return None
    fates = reference.removeprefix(FATE_PREFIX).split(",")
    named = fates[min(attempt, len(fates)) - 1]
    return next((fate for fate in Fate if fate == named), None)


def _drawn(draw: _Draw, odds: Odds) -> Fate:
    weights = odds.weights()
    number = draw.number("fate", sum(weight for _, weight in weights))
    for fate, weight in weights:
        if number < weight:
            return fate
        number -= weight
    raise AssertionError("a number below the sum of all weights lies in one of them")


def _steps(fate: Fate, draw: _Draw) -> tuple[Step, ...]:
    """Terminal answers come within a day but for `pending`, `late` and `silent`."""
    minute, hour, day = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
    accept = Step(draw.span("accept", timedelta(seconds=1), minute), Act.ACCEPT)
    paid_after = draw.span("pay", 2 * minute, 4 * hour)
    pay = Step(paid_after, Act.PAY)
    match fate:
        case Fate.PAID:
            return (accept, pay)
        case Fate.PENDING:
            pend = Step(draw.span("pend", 2 * minute, hour), Act.PEND)
            return (accept, pend, Step(draw.span("pay", day, 5 * day), Act.PAY))
        case Fate.LATE:
            return (Step(draw.span("pay", 25 * hour, 60 * hour), Act.PAY),)
        case Fate.DECLINED:
            code = _RETRYABLE[draw.number("code", len(_RETRYABLE))]
            return (accept, Step(draw.span("fail", 2 * minute, 30 * minute), Act.FAIL, code, retryable=True))
        case Fate.REFUSED:
            code = _FINAL[draw.number("code", len(_FINAL))]
            return (accept, Step(draw.span("fail", 2 * minute, 30 * minute), Act.FAIL, code))
        case Fate.REVERSED:
            back = draw.span("reverse", 2 * day, 10 * day)
            return (accept, pay, Step(back, Act.REVERSE, FailureCode.DECLINED, retryable=True))
        case Fate.REPEATED:
            again = (Step(paid_after + draw.span(f"again{n}", n * minute, n * hour), Act.REPEAT) for n in (1, 2))
            return (accept, pay, *sorted(again, key=lambda step: step.after))
        case Fate.SILENT:
            return ()
