"""The kinds of question that people are asked: who is asked, what can be answered, and what the answer does.

A question is kept under its key, `kind:what it is about`, so that the same question is asked once. The kind is read
from the key here and nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from waybond_contracts.claims import ReferralReason

WAITED_LONGER = timedelta(days=7)
"""After this a question comes again that was answered with `keep_waiting` or `wait`."""

GO_ON, STOP = "go_on", "stop_payments"
OFFER = "offer"
"""The choice that offers the buyer a part, where the clause has a remedy that is one."""

RIGHT = "right"
OVERPAID, UNDERPAID, UNPAID = "should_not_have_paid", "should_have_paid_more", "should_have_paid"
"""What an audit finds wrong: of a payment, of a payment, of a denial."""

COMMITS = frozenset({"pay", OFFER, "covered", "settled_outside", "ended_paid", "recovered", "waived"})
"""The choices that make an amount due, give it up, or say that it moved: they need authority over it."""
TAKES_AMOUNT = frozenset(
    {"pay", OFFER, "recovered", "waived", "ended_paid", "settled_outside", OVERPAID, UNDERPAID, UNPAID}
)
"""The choices that may say how much."""


class Role(StrEnum):
    """Who is asked."""

    ADJUSTER = "adjuster"
    """Reads the wording, and says what is due."""
    PAYMENTS = "payments"
    """Asks payment systems and card schemes, and asks money back."""
    LEAD = "lead"
    """Decides what is above the others' authority, and what nobody answered in time."""


class Effect(StrEnum):
    """What an answer does."""

    STOPS = "stops"
    """It says whether payments go on; read with each new command."""
    RULES = "rules"
    """It stands for a fact of the wording; read with each new decision."""
    COMMAND = "command"
    """It changes the refund that was asked about."""
    DISPUTE = "dispute"
    """It changes the dispute that was asked about."""
    BRAKE = "brake"
    """It says whether a payment waits for the brake; read with each new command."""
    RECOVERY = "recovery"
    """It says what came back of the money that is asked back."""
    NONE = "none"
    """It is kept and counted, and changes nothing: what an audit finds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of question."""

    name: str
    queue: ReferralReason
    role: Role
    choices: tuple[str, ...]
    effect: Effect
    answer_within: timedelta
    """How long it may stay unanswered before it is told again, to a lead."""
    needs_amount: bool = False
    """Whether `pay` is no answer without how much."""
    of_silence: bool = False
    """Whether it is asked since nothing was heard: on a wake alone, which comes behind all that was heard."""
    again_after: timedelta | None = None
    """When it is asked again, if the answer was to wait. None: no question of time; it stays until it is answered."""


_REASON = ReferralReason
_RULING = ("pay", "do_not_pay")
_STOPPED, _RULED, _PAID, _ASKED_BACK, _AUDITED = (timedelta(days=days) for days in (1, 3, 2, 14, 14))


def _trouble(name: str, queue: ReferralReason = _REASON.CONTRADICTION) -> Kind:
    return Kind(name, queue, Role.ADJUSTER, (GO_ON, STOP), Effect.STOPS, _STOPPED)


def _rules(name: str, choices: tuple[str, ...] = _RULING, *, needs_amount: bool = False) -> Kind:
    return Kind(name, _REASON.ANSWER_MISSING, Role.ADJUSTER, choices, Effect.RULES, _RULED, needs_amount)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _trouble("order"),
        _trouble("amended"),
        _trouble("policy"),
        _trouble("platform"),
        _trouble("dispute"),
        _trouble("refund"),
        _trouble("result"),
        _trouble("amount"),
        _trouble("currency", _REASON.CURRENCY_DIFFERS),
        _trouble("bound", _REASON.BOUND_REACHED),
        _rules("claim"),
        _rules("return"),
        _rules("when"),
        _rules("periods", needs_amount=True),
        _rules("rate", needs_amount=True),
        _rules("circumstance", ("covered", "excluded")),
        Kind("appeal", _REASON.ANSWER_MISSING, Role.LEAD, ("uphold", *_RULING), Effect.RULES, _RULED),
        Kind("carrier", _REASON.CARRIER_CHECK_UNANSWERED, Role.ADJUSTER, _RULING, Effect.RULES, _RULED),
        Kind(
            "no_policy",
            _REASON.ANSWER_MISSING,
            Role.ADJUSTER,
            ("answer_no_policy", "wait"),
            Effect.DISPUTE,
            _STOPPED,
            again_after=WAITED_LONGER,
        ),
        Kind("reason", _REASON.ANSWER_MISSING, Role.ADJUSTER, (), Effect.DISPUTE, _STOPPED),
        Kind(
            "answer",
            _REASON.ANSWER_MISSING,
            Role.PAYMENTS,
            ("answered", "ended", "ended_paid"),
            Effect.DISPUTE,
            _STOPPED,
            of_silence=True,
        ),
        Kind(
            "frozen",
            _REASON.ANSWER_MISSING,
            Role.PAYMENTS,
            ("wait", "ended", "ended_paid"),
            Effect.DISPUTE,
            _ASKED_BACK,
            of_silence=True,
            again_after=WAITED_LONGER,
        ),
        Kind(
            "silent",
            _REASON.PAYER_SILENT,
            Role.PAYMENTS,
            ("keep_waiting", "settled_outside", "cancel_and_retry"),
            Effect.COMMAND,
            _PAID,
            of_silence=True,
            again_after=WAITED_LONGER,
        ),
        Kind(
            "failed",
            _REASON.REFUND_FAILED,
            Role.PAYMENTS,
            ("retry", "payout", "settled_outside"),
            Effect.COMMAND,
            _PAID,
        ),
        Kind("ceiling", _REASON.PAYOUT_CEILING, Role.LEAD, ("pay", "wait"), Effect.BRAKE, _STOPPED),
        Kind("stopped", _REASON.PAYMENTS_STOPPED, Role.LEAD, ("wait",), Effect.BRAKE, _STOPPED),
        Kind("recovery", _REASON.RECOVERY, Role.PAYMENTS, ("recovered", "waived"), Effect.RECOVERY, _ASKED_BACK),
        Kind("audit", _REASON.AUDIT, Role.ADJUSTER, (RIGHT, OVERPAID, UNDERPAID), Effect.NONE, _AUDITED),
    )
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a person has to decide. `about` stays the same as long as it is the same question."""

    kind: Kind
    about: str
    text: str
    minor: int | None = None
    """What is at stake."""
    refund_id: str | None = None
    most: int | None = None
    """The largest amount that can be answered, where there is a bound."""
    among: tuple[str, ...] = ()
    """Where it is about the remainder: the packages beside it."""
    choices: tuple[str, ...] = ()
    """Where they are others than those of its kind."""
    disputes: tuple[str, ...] = ()
    """The disputes that it is about."""
    follows: bool = False
    """Whether its text follows what becomes known while it is open: then it is told anew."""
    by: datetime | None = None
    """By when the provider of a dispute has to be answered, less our own margin: no answer is of use later."""
    queue: ReferralReason | None = None
    """Where it is another one than that of its kind."""

    @property
    def key(self) -> str:
        """What it is kept under."""
        return f"{self.kind.name}:{self.about}" if self.about else self.kind.name

    @property
    def reason(self) -> ReferralReason:
        """Why a person is needed."""
        return self.queue or self.kind.queue

    @property
    def answers(self) -> tuple[str, ...]:
        """What can be answered."""
        return self.choices or self.kind.choices


def parsed(key: str) -> tuple[Kind, str]:
    """The kind of the question that is kept under this key, and what it is about. Raises KeyError for another key."""
    name, _, about = key.partition(":")
    return KINDS[name], about


def kind_of(key: str) -> Kind:
    """The kind of the question that is kept under this key."""
    return parsed(key)[0]
