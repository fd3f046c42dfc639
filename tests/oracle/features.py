"""What can be drawn into a case beside its plain story, and which of it the product follows.

The plain story: one to three packages that hold the whole order and are booked early, on time, late, silent, lost,
damaged or returned, with facts that become known late; a parcel whose loss fell due does not arrive any more.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that can be drawn."""

    about: str
    waits_for: str = ""
    """What the product does not do yet; a feature that waits is drawn only where it is asked for."""


FEATURES: dict[str, Feature] = {
    "rounding": Feature("amounts that do not divide by the packages"),
    "destroyed": Feature("parcels that the carrier destroyed, under wordings that name LOST alone too"),
    "at_bounds": Feature("at_least and at_most of a tier"),
    "fixed": Feature("a fixed sum instead of a share"),
    "fixed_indemnity": Feature("a fixed sum for damage, which may be more than the goods are worth"),
    "periods": Feature("a tier that pays for each started period"),
    "deductible_share": Feature("a deductible that is a share of the benefit"),
    "deductible_fixed": Feature("a fixed deductible"),
    "deductible_category": Feature("a deductible for goods of a category"),
    "clause_limit": Feature("a clause that pays no more than a sum"),
    "package_limit": Feature("a limit for each package"),
    "uplift": Feature("a basis with 10 % on top"),
    "exclusion_scan": Feature("an exclusion by a scan"),
    "exclusion_category": Feature("an exclusion of goods of a category"),
    "exclusion_value": Feature("an exclusion of orders above a value"),
    "scope_order": Feature("a clause that looks at the order as a whole"),
    "currencies": Feature("orders in BRL, JPY and KWD with sums in USD"),
    "rounded_once": Feature("sums in another currency, of which a share stays with the buyer"),
    "intervals": Feature("scans whose time zone is unknown"),
    "own_promise": Feature("packages that are booked with an earlier promise"),
    "unknown_lines": Feature("packages whose contents are not told, or name a line that the order does not have"),
    "announced": Feature("packages that are announced and not booked"),
    "remainder": Feature("lines that no package holds"),
    "moved_lines": Feature("packages that are booked again with other contents"),
    "replacement": Feature("lines that are shipped again"),
    "refunds": Feature("refunds of the platform that name no line"),
    "told_twice": Feature("a chargeback's outcome that the platform tells as its refund too"),
    "echo": Feature("a refund of ours that the platform tells as its own"),
    "refund_lines": Feature("refunds of the platform that name lines"),
    "chargeback": Feature("chargebacks that end with an amount"),
    "chargeback_no_amount": Feature("chargebacks that end in the buyer's favour without an amount"),
    "chargeback_revised": Feature("chargebacks whose outcome is reversed, told with revisions in any order"),
    "filed": Feature("claims that are filed under a chargeback's name, or alone"),
    "dated_cover": Feature("policies whose basis is amended"),
    "cancelled": Feature("policies that are cancelled"),
    "reinstated": Feature("policies that are cancelled and put in force again"),
    "sparse": Feature("feeds that tell hand-over and arrival alone"),
    "live": Feature("silence that counts after one, three or certain scans"),
    "asks_carrier": Feature("losses that count if the carrier, asked, knows no more, and answers that come or do not"),
    "dated_lane": Feature("orders that go to another country, and clauses for one of the two"),
    "arrival_after_loss": Feature("parcels that arrive after they counted as lost"),
}

DEFAULT = tuple(name for name, feature in FEATURES.items() if not feature.waits_for)
"""What the product follows."""


def chosen(names: str) -> tuple[str, ...]:
    """Read "periods,uplift": the features of that name; nothing: the default; "all": all; "plain": none."""
    if names == "plain":
        return ()
    if not names:
        return DEFAULT
    found = tuple(FEATURES) if names == "all" else tuple(each.strip() for each in names.split(","))
    unknown = [each for each in found if each not in FEATURES]
    if unknown:
        raise ValueError(f"no feature {', '.join(unknown)}; there are {', '.join(FEATURES)}")
    return found
