"""The policy and its versions, in the claim file."""

from datetime import datetime

from msgspec import Struct

MAX_COVERS = 32
"""Versions of a policy, and cancellations of it."""


class Rate(Struct, frozen=True, array_like=True, gc=False):
    """One unit of `base` costs `rate` units of `quote`; pinned when cover was bound."""

    base: str
    quote: str
    rate: str


class Policy(Struct, frozen=True, omit_defaults=True):
    """What a policy keeps for its whole life. Its wording is the file's document."""

    policy_id: str
    product: str
    product_version: str
    sha256: str
    origin: str
    destination: str
    attached_at: datetime
    rates: tuple[Rate, ...] = ()


class Cover(Struct, frozen=True, omit_defaults=True):
    """The amounts of one version of the policy, and where the order went under it (empty: where it went when bound)."""

    version: int
    currency: str
    basis: int
    limit: int
    ends_at: datetime
    premium_currency: str
    premium_net: int
    premium_tax: int
    package_limit: int | None = None
    destination: str = ""
    since: datetime | None = None
    """When it became known: it counts for what is met from then on. None for the version that was issued."""


class Ended(Struct, frozen=True, array_like=True):
    """The policy was cancelled at `at`; `returned` is premium."""

    version: int
    at: datetime
    from_start: bool
    returned: int
