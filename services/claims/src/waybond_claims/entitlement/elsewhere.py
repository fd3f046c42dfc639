"""What the buyer got back beside Waybond, in all and by unit."""

from collections.abc import Collection, Mapping

from waybond_claims.adjudication.units import spread
from waybond_claims.entitlement.keys import ORDER, Key
from waybond_claims.state import Case


def elsewhere(case: Case) -> int:
    """What platform, card scheme or carrier gave back; another currency is not counted but referred."""
    if not case.elsewhere:
        return 0
    currency = case.order.currency if case.order is not None else ""
    return sum(each.minor for each in case.elsewhere if each.currency == currency)


def by_unit(back: int, values: Mapping[str | None, int], first: Collection[Key]) -> dict[Key, int]:
    """What of `back` counts for each unit of these insured values, where nobody said for which goods it was.

    It counts for the units `first`, to which an indemnity is due, in the order of their ids and up to their value; what
    is left counts for the others by their value. For the order all of it counts.
    """
    found: dict[Key, int] = {ORDER: back}
    left = back
    for unit, value in values.items():
        if unit in first:
            found[unit] = min(left, value)
            left -= found[unit]
    others = [unit for unit in values if unit not in first]
    parts = spread(left, [values[unit] for unit in others])
    return found | dict(zip(others, parts, strict=True))
