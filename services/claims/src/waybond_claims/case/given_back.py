"""Says for which goods the buyer got money back elsewhere: each refund in whole minor units that add up.

A refund that names lines counts for the units that hold them. One that names none may be for anything: it counts first
where worth was lost, since that is what refunds are given for, and only what is left for the other units. So a buyer
whose lost parcel was refunded by the platform is not paid for it again, and a delay of the other parcel stays due.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from waybond_claims.case.money import Elsewhere
from waybond_claims.case.order import Line

U = TypeVar("U", bound=Hashable)
Unit = str | None
"""A package by its id; None: the order as a whole, or what no package holds."""

_NOBODY = ""
"""Holds the pieces of a line that no unit holds."""


def given_back(
    refunds: Sequence[Elsewhere],
    values: Mapping[Unit, int],
    holds: Mapping[Unit, Sequence[tuple[str, int]]],
    lines: Sequence[Line],
    indemnity_due: Mapping[Unit, int],
) -> dict[Unit, int]:
    """What came back for each unit, in minor units of the order's currency.

    refunds: what the buyer got back, all in one currency, each money once.
    values: the insured value of each unit; its keys are the units.
    holds: the contents of each unit as (line_id, quantity); of one that is missing or empty they are not known.
    lines: what the line_ids are worth; of a line that was amended away as it was before.
    indemnity_due: what each unit is due for a loss of worth, before anything came back.

    What is given back for a line that no unit holds belongs to units whose contents are not known, by their value;
    where there are none, it is for no unit. All else adds up to the refunds.
    """
    given = dict.fromkeys(values, 0)
    if not values:
        return given
    unnamed = 0
    for refund in refunds:
        weights = _weights(refund, lines)
        if not sum(weights.values()):
            unnamed += refund.minor
            continue
        for line_id, minor in split(refund.minor, weights).items():
            _add(given, split(minor, _holders(line_id, values, holds, lines)))
    for unit in sorted(values, key=_order):
        if indemnity_due.get(unit, 0) > 0:
            part = min(unnamed, max(0, values[unit] - given[unit]))
            given[unit] += part
            unnamed -= part
    others = {unit: value for unit, value in values.items() if indemnity_due.get(unit, 0) <= 0}
    for shares in (others, values, dict.fromkeys(values, 1)):
        if unnamed and sum(shares.values()):
            _add(given, split(unnamed, shares))
            break
    return given


def split(minor: int, weights: Mapping[U, int]) -> dict[U, int]:
    """The amount in parts that add up: each is rounded down, and those that lost most by it get one more (of equal ones
    the first by id, None last). Nothing where all weights are zero."""
    whole = sum(weights.values())
    if not whole:
        return {}
    parts = {key: minor * weight // whole for key, weight in weights.items()}
    left = minor - sum(parts.values())
    by_loss = sorted(weights, key=lambda key: (-(minor * weights[key] % whole), _order(key)))
    for key in by_loss[:left]:
        parts[key] += 1
    return parts


def _order(unit: object) -> tuple[bool, str]:
    return unit is None, str(unit)


def _add(given: dict[Unit, int], parts: Mapping[Unit, int]) -> None:
    for unit, minor in parts.items():
        if unit != _NOBODY:
            given[unit] += minor


def _weights(refund: Elsewhere, lines: Sequence[Line]) -> dict[str, int]:
    """How much of the refund is for each line that it names: as it says, else by the worth of the units it names."""
    known = {line.line_id: line for line in lines}
    # In millionths of a minor unit: one of three units of a line of 100 is worth 33.33.
    weights: dict[str, int] = {}
    for line_id, quantity, minor in refund.lines:
        line = known.get(line_id)
        if minor is not None or line is None:
            weights[line_id] = (minor or 0) * 1_000_000
        else:
            pieces = min(quantity or line.quantity, line.quantity)
            weights[line_id] = line.minor * 1_000_000 * pieces // line.quantity
    return weights


def _holders(
    line_id: str, values: Mapping[Unit, int], holds: Mapping[Unit, Sequence[tuple[str, int]]], lines: Sequence[Line]
) -> dict[Unit, int]:
    """The units that hold the line, by how many pieces of it; what is held nowhere known is where contents are unknown,
    by value."""
    held: dict[Unit, int] = {}
    unknown: dict[Unit, int] = {}
    for unit, value in values.items():
        contents = holds.get(unit)
        if not contents:
            unknown[unit] = value
        elif pieces := sum(quantity for held_id, quantity in contents if held_id == line_id):
            held[unit] = pieces
    ordered = next((line.quantity for line in lines if line.line_id == line_id), 1)
    missing = max(0, ordered - sum(held.values()))
    worth = sum(unknown.values())
    if not worth:
        return held | {_NOBODY: missing}
    return {unit: pieces * worth for unit, pieces in held.items()} | {
        unit: missing * value for unit, value in unknown.items()
    }
