"""The products that are sold in a simulated world: one wording, with each answer to what a late arrival changes."""

from datetime import datetime

from tests.simulation.clocks import DAYS_BEFORE, START
from waybond_pricing.catalogue import Catalogue, Product, TenantSettings
from waybond_pricing.files import ratings

LATE_TIERS = ((7, "0.10"), (15, "0.30"))
SILENT_DAYS, LOST_DAYS = 30, 45
LIMIT_MINOR = 30_000
KINDS = ("sim-keep", "sim-offset", "sim-return", "sim-ask")
"""What the buyer keeps of a loss that was none: all, what is offset, nothing; and one that asks the carrier first."""

FILED = "sim-filed"
"""The product of worlds in which claims are filed."""
PHOTO_DAYS, SELLER_DAYS = 7, 5
APPEALED = "sim-appealed"
"""The same, and its decisions can be appealed against."""
CLAIMED = (FILED, APPEALED)
APPEAL_DAYS = 30
MOST_IN_PART = "0.60"

_HEAD = """
product = "{name}"
version = "2026.11.1"
title = {{ en = "Simulated" }}

[cover]
basis = "order_total"
limit_minor = {limit}
limit_currency = "USD"
period = "P240D"
promise = "as_bound"
delivered_by = ["door"]

[terms]
rating = "order-protection-2014.1"
bind_within = "PT72H"
on_cancel = "refund_unearned"
on_refund = "keep_premium"
on_amend = "rate_again"
"""
_PARCELS = """
[[clause]]
id = "TG-1"
peril = "late"
clock = "promised_latest"
tiers = [{tiers}]

[[clause]]
id = "LO-1"
peril = "lost"
any_of = [
  {{ scan = "LOST" }},
  {{ clock = "last_scan", silent_for = "P{silent}D" }},
  {{ clock = "promised_latest", after = "P{lost}D" }},
]
tiers = [{{ share = "1.00" }}]
late_arrival = "{late_arrival}"
{ask}

[[clause]]
id = "DA-1"
peril = "damaged"
any_of = [{{ scan = "DAMAGED" }}]
tiers = [{{ share = "1.00" }}]
"""
_CLAIMS = """
[[clause]]
id = "DA-1"
peril = "damaged"
trigger = "claim"
tiers = [{{ share = "1.00" }}]
evidence = [{{ of = "buyer", any_of = ["photo_of_damage"], within = "P{photo}D", absent = "close" }}]
seller = {{ answers_within = "P{answer}D", silent = "refer" }}
remedies = [{{ remedy = "refund" }}, {{ remedy = "part_refund", most = "{most}" }}]
"""


def late_arrival(product: str) -> str:
    """What the product's wording does with a parcel that arrives after its loss."""
    return {"sim-offset": "offset", "sim-return": "return"}.get(product, "keep")


def asks_carrier(product: str) -> bool:
    """Whether silence counts only once the carrier was asked."""
    return product == "sim-ask"


def _body(name: str) -> str:
    head = _HEAD.format(name=name, limit=LIMIT_MINOR)
    if name in CLAIMED:
        appeal = f'appeal = {{ within = "P{APPEAL_DAYS}D" }}' if name == APPEALED else ""
        return head + _CLAIMS.format(photo=PHOTO_DAYS, answer=SELLER_DAYS, most=MOST_IN_PART) + appeal
    return head + _PARCELS.format(
        tiers=", ".join(f'{{ after = "P{days}D", share = "{share}" }}' for days, share in LATE_TIERS),
        silent=SILENT_DAYS,
        lost=LOST_DAYS,
        late_arrival=late_arrival(name),
        ask='ask_carrier = true\nanswer_within = "P3D"' if asks_carrier(name) else "",
    )


_RATINGS = ratings()
_PRODUCTS = {product.key: product for product in (Product.of(_body(name), _RATINGS) for name in (*KINDS, *CLAIMED))}
_SETTINGS = (TenantSettings(START - DAYS_BEFORE, tuple(_PRODUCTS), None),)


def catalogue(complete_until: datetime) -> Catalogue:
    """A snapshot of the one tenant's settings."""
    return Catalogue(_PRODUCTS, {"acme": _SETTINGS}, _RATINGS, complete_until)
