"""How benefits are kept apart: by unit, and for the order as a whole."""

from waybond_claims.adjudication.found import Found

Key = str | None
"""A package's id, None for the remainder, ORDER for the order as a whole."""
ORDER = ""


def key_of(found: Found) -> Key:
    """Which unit a finding is about, or ORDER."""
    return ORDER if found.rule.of_order else found.package_id


def label(key: Key) -> str:
    """The unit as steps of an explanation name it."""
    return "remainder" if key is None else f"package:{key}" if key else "order"
