"""Refuses a product that could be sold and under which a clause could never pay."""

from collections.abc import Iterator

from waybond_contracts.errors import ContractError
from waybond_contracts.shipments import ScanKind
from waybond_contracts.watches import conditions
from waybond_contracts.wording import Clause, Clock, Peril, Wording

NOT_PAID_YET = frozenset({Peril.CHARGEBACK})
"""Perils of the seller: what a chargeback costs falls on the seller, and money commands pay buyers alone."""
_ENDED_BY_ARRIVAL = frozenset({Peril.LOST, Peril.RETURNED})


def check_payable(wording: Wording) -> None:
    """Raise ContractError, naming clause and field, where a clause can never pay."""
    for clause in wording.clause:
        for field, expected, got in _faults(clause):
            raise ContractError(f"clause {clause.id}.{field}", expected, got)


def _faults(clause: Clause) -> Iterator[tuple[str, str, str]]:
    if clause.peril in NOT_PAID_YET:
        yield (
            "peril",
            "a peril of the buyer: what this one costs falls on the seller, who cannot be paid yet",
            clause.peril,
        )
    ways = conditions(clause)
    if any(each.clock is Clock.DELIVERED for each in ways):
        expected = (
            "a clock that runs until the delivery: delivered starts with it (claim_window can be counted from it)"
        )
        yield "clock", expected, Clock.DELIVERED
    window = clause.claim_window.clock if clause.claim_window is not None else None
    if window is Clock.LABEL and all(each.clock is not Clock.LABEL for each in ways):
        yield "claim_window.clock", "a clock other than label, which no claim can be dated by", Clock.LABEL
    if clause.by_claim_alone and len(clause.tiers) > 1:
        yield "tiers", "one tier, where neither a clock nor a scan meets the clause", f"{len(clause.tiers)}"
    # An arrival says that there was no loss, return or non-receipt, unless a buyer claims just that it never came.
    disputed = clause.peril is Peril.NOT_RECEIVED and clause.trigger == "claim"
    ended = clause.peril in _ENDED_BY_ARRIVAL or (clause.peril is Peril.NOT_RECEIVED and not disputed)
    if ended and any(each.scan is ScanKind.DELIVERED for each in ways):
        trigger = ' (or trigger = "claim")' if clause.peril is Peril.NOT_RECEIVED else ""
        yield (
            "any_of",
            f"a scan other than the delivery, which says that it was not {clause.peril}{trigger}",
            "DELIVERED",
        )
    if clause.peril in _ENDED_BY_ARRIVAL and window is Clock.DELIVERED and not clause.by_claim_alone:
        yield "claim_window.clock", f"a clock that does not wait for the delivery of what is {clause.peril}", window
