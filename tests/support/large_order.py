"""An order of 50 packages under 12 clauses: the largest that the contracts allow, for sizes and times."""

from typing import Any

from tests.support.claims import day, issued, journey, late, line, only, package, placed, usd
from waybond_contracts.event import Event
from waybond_contracts.fields import MAX_PACKAGES

VALUE = 1_000
"""Of each package, in minor units."""
PACKAGES = tuple(f"P{number:02}" for number in range(1, MAX_PACKAGES + 1))

CLAUSES = """
[[clause]]
id = "TG-1"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P7D", share = "0.10" }, { after = "P15D", share = "0.30" }]
""" + "".join(
    f"""
[[clause]]
id = "{name}"
peril = "{peril}"
{how}
tiers = [{{ share = "1.00" }}]
"""
    for name, peril, how in (
        ("LO-1", "lost", 'any_of = [{ scan = "LOST" }, { scan = "DESTROYED" }]'),
        ("LO-2", "lost", 'any_of = [{ clock = "last_scan", silent_for = "P30D" }]'),
        ("LO-3", "lost", 'any_of = [{ clock = "promised_latest", after = "P45D" }]'),
        ("DA-1", "damaged", 'any_of = [{ scan = "DAMAGED" }]'),
        ("ST-1", "stalled", 'any_of = [{ clock = "last_scan", silent_for = "P60D" }]'),
        ("RE-1", "returned", 'any_of = [{ scan = "RETURNED" }]'),
        ("NR-1", "not_received", 'trigger = "claim"\nclaim_window = { clock = "delivered", closes = "P30D" }'),
        ("ND-1", "not_as_described", 'trigger = "claim"\nclaim_window = { clock = "delivered", closes = "P30D" }'),
        ("MI-1", "missing", 'trigger = "claim"\nclaim_window = { clock = "delivered", closes = "P30D" }'),
        ("CO-1", "counterfeit", 'trigger = "claim"\nclaim_window = { clock = "delivered", closes = "P90D" }'),
        ("DO-1", "late", 'lanes = ["domestic"]\nany_of = [{ clock = "order", after = "P30D" }]'),
    )
)
WORDING = only(CLAUSES)
_SCANS = ("PICKED_UP", "EXPORT_DEPARTED", "IMPORT_ARRIVED")
JOURNEY = journey(*(package(each, lines=[(each, 1)], kinds=_SCANS, booked_at=day(1)) for each in PACKAGES))


def ordered() -> list[Event]:
    """The order and its policy: a line of 10.00 in each package, 500.00 in all."""
    total = usd(VALUE * len(PACKAGES))
    lines = [line(each, VALUE) for each in PACKAGES]
    return [placed(total, lines), issued(WORDING, total)]


def late_package(package_id: str, tier: int = 0, **fields: Any) -> Event:
    """One package of it is late."""
    return late(tier, package_id=package_id, journey=JOURNEY, **fields)
