"""What is due now: what is owed less what was commanded already."""

from msgspec import Struct

from waybond_claims.case.state import Case
from waybond_claims.entitlement.allocate import Entitlement
from waybond_claims.entitlement.steps import Stepped, step
from waybond_contracts.explanation import StepKind


class Due(Struct, frozen=True, gc=False):
    """What is to be commanded now (negative: to be recovered), and the steps that lead to it from `owed`."""

    command: int
    pays: str
    steps: tuple[Stepped, ...]
    difference: int
    """Owed less what was settled, is in flight and was not recovered, whether or not it can be commanded now."""


def due(case: Case, owes: Entitlement, *, waits: bool, flying: bool = True) -> Due:
    """The difference to what was commanded already (`flying`: with what is on its way); nothing is commanded while it
    `waits`."""
    steps = list(owes.steps)
    flight = case.in_flight if flying else None
    if owes.owed > owes.entitled:
        step(steps, StepKind.PLUS, "kept", owes.owed - owes.entitled)
    step(steps, StepKind.LESS, "settled", case.settled)
    if flight is not None:
        step(steps, StepKind.LESS, "in_flight", flight.minor)
    if case.recovered:
        step(steps, StepKind.PLUS, "recovered", case.recovered)
    difference = command = steps[-1].result
    pays = "refund"
    if difference < 0:
        parts = {"offset": owes.tolerated - owes.owed, "waived": case.waived, "asked_back": case.asked_back}
        for what, minor in parts.items():
            if command < 0 < minor:
                command = step(steps, StepKind.PLUS, what, min(minor, -command))
    elif difference > 0:
        by_refund = min(difference, owes.owed - owes.credits - _paid_by_refund(case))
        pays = "refund" if by_refund > 0 else "credit"
        if 0 < by_refund < difference:
            command = step(steps, StepKind.LESS, "other_means", difference - by_refund)
        if waits:
            command = step(steps, StepKind.LESS, "waits", command)
    return Due(command, pays, tuple(steps), difference)


def _paid_by_refund(case: Case) -> int:
    moved = sum(
        each.settled or (each.minor if each.in_flight else 0) for each in case.commands if each.pays == "refund"
    )
    return moved - case.recovered
