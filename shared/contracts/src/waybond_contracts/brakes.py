"""What supervisors do about payments (topic `brakes`): they stop them, bound them, and release them again.

These are about no order in particular, so their records have no key; all of them lie on partition 0, in order.
"""

from waybond_contracts.fields import Code, Id, Instant, Model, Positive, Segment, Text
from waybond_contracts.money import Money


class BrakeChange(Model):
    """Base: one entry of the history. It may come again, under the same `entry`."""

    entry: Positive
    """Its number in the history; the highest one about the same kind, tenant, product and currency counts."""
    occurred_at: Instant
    """When it was set or released; services know of it some seconds later."""
    kind: Code
    """`stop`: no payment is commanded. `ceiling`: no more than an amount an hour. More words may come."""
    tenant: Segment | None = None
    """Whose payments; none: those of all tenants."""
    product: Code | None = None
    """Under which product; none: under all of them."""
    by: Id
    """Who decided: a pseudonymous id."""
    reason: Text
    """Why."""


class BrakeSet(BrakeChange):
    """Payments are stopped, or bounded, from now on; what is already commanded goes on."""

    ceiling: Money | None = None
    """Of a ceiling: how much may be commanded in an hour, in this currency."""


class BrakeReleased(BrakeChange):
    """A stop or a ceiling is in force no longer: what waited for it is commanded by itself."""

    currency: Code | None = None
    """Of a ceiling: its currency."""
