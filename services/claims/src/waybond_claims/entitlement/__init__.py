"""What an order is owed by unit, bounded and in steps, and what is due now."""

from waybond_claims.entitlement.allocate import Entitlement, entitlement
from waybond_claims.entitlement.caps import may_be_kept, unit_limit
from waybond_claims.entitlement.changed import Told, told
from waybond_claims.entitlement.due import Due, due
from waybond_claims.entitlement.keys import ORDER, key_of
from waybond_claims.entitlement.paid import net_paid
from waybond_claims.entitlement.rows import rows
from waybond_claims.entitlement.standing import standing
from waybond_claims.entitlement.steps import Stepped

__all__ = [
    "ORDER",
    "Due",
    "Entitlement",
    "Stepped",
    "Told",
    "due",
    "entitlement",
    "key_of",
    "may_be_kept",
    "net_paid",
    "rows",
    "standing",
    "told",
    "unit_limit",
]
