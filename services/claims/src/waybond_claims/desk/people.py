"""Who works at the desk: what each role may do, and how much a person decides alone."""

from collections.abc import Mapping

from waybond_claims.desk.kinds import Role
from waybond_contracts.money import Money

VIEWER = "viewer"
READ, HANDLE, DECIDE = "referrals:read", "referrals:handle", "referrals:decide"

SCOPES: Mapping[str, frozenset[str]] = {
    VIEWER: frozenset({READ}),
    Role.ADJUSTER.value: frozenset({READ, HANDLE, DECIDE}),
    Role.PAYMENTS.value: frozenset({READ, HANDLE, DECIDE}),
    Role.LEAD.value: frozenset({READ, HANDLE, DECIDE}),
}
"""What a key of each role may do at most."""


def authority(limits: Mapping[str, int], currency: str) -> Money | None:
    """How much somebody with these limits (minor units by currency) decides alone of amounts in `currency`.

    Nothing in a currency that is not named. None for somebody without limits: as much as the role."""
    return Money.of(limits.get(currency, 0), currency) if limits else None
