"""What is due now: what is owed less what was commanded already."""

from msgspec import Struct

from waybond_claims.case.state import Case
from waybond_claims.entitlement.allocate import Entitlement
from waybond_claims.entitlement.keys import Key
from waybond_claims.entitlement.rows import lacking
from waybond_claims.entitlement.steps import Stepped, step
from waybond_contracts.explanation import StepKind


class Due(Struct, frozen=True, gc=False):
    """What is to be commanded now (negative: to be recovered), and the steps that lead to it from `owed`."""

    command: int
    pays: str
    steps: tuple[Stepped, ...]
    difference: int
    """Owed less what was settled, is in flight and was not recovered, whether or not it can be commanded now."""
    parts: dict[Key, int] = {}
    """What each unit lacks of it; where a part is paid by other means, of what is commanded now."""


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
    parts: dict[Key, int] = {}
    if difference < 0:
        stays = {"offset": owes.tolerated - owes.owed, "waived": case.waived, "asked_back": case.asked_back}
        for what, minor in stays.items():
            if command < 0 < minor:
                command = step(steps, StepKind.PLUS, what, min(minor, -command))
    elif difference > 0:
        parts = lacking(owes, difference)
        by_refund = {key: minor for key, minor in parts.items() if key not in owes.credits}
        if parts and not any(by_refund.values()):
            pays = "credit"
        elif len(by_refund) < len(parts):
            parts = by_refund
            if difference > sum(parts.values()):
                command = step(steps, StepKind.LESS, "other_means", difference - sum(parts.values()))
        if waits:
            command = step(steps, StepKind.LESS, "waits", command)
    return Due(command, pays, tuple(steps), difference, parts)
