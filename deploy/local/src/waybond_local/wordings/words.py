"""The words of a wording in plain English: durations, sums, lanes, clocks and perils."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from waybond_contracts.business_days import BusinessDays
from waybond_contracts.places import country_name
from waybond_contracts.worded import Amount
from waybond_contracts.wording import Clock, Deductible, Peril, Tier

CLOCKS: Mapping[Clock, str] = {
    Clock.ORDER: "the order",
    Clock.PAYMENT: "the payment",
    Clock.FULFILMENT: "the booking of the package",
    Clock.LABEL: "the label",
    Clock.FIRST_SCAN: "the first scan",
    Clock.LAST_SCAN: "the last scan",
    Clock.CARRIER_ETA: "the carrier's expected delivery",
    Clock.PROMISED_LATEST: "the promised date",
    Clock.DELIVERED: "the delivery",
}
PERILS: Mapping[Peril, str] = {
    Peril.LATE: "late",
    Peril.LOST: "lost",
    Peril.DAMAGED: "damaged",
    Peril.STALLED: "stalled",
    Peril.RETURNED: "returned",
    Peril.NOT_RECEIVED: "not received",
    Peril.NOT_AS_DESCRIBED: "not as described",
    Peril.MISSING: "missing",
    Peril.COUNTERFEIT: "counterfeit",
    Peril.CHARGEBACK: "charged back",
}
EVERYWHERE = ("*",)


def duration(span: timedelta) -> str:
    """ "7 days", "36 hours", "1 day"; "at once" for none."""
    if not span:
        return "at once"
    seconds = int(span.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds % size == 0:
            return counted(seconds // size, unit)
    raise AssertionError("every whole number of seconds is one of seconds")


def business(days: BusinessDays) -> str:
    """ "15 business days of us"."""
    return f"{counted(days.days, 'business day')} of {days.calendar}"


def after(span: timedelta) -> str:
    """ "after 7 days", or "at once"."""
    return f"after {duration(span)}" if span else "at once"


def counted(number: int, what: str) -> str:
    """ "1 day", "2 days"."""
    return f"{number} {what}" + ("" if number == 1 else "s")


def amount(given: Amount) -> str:
    """ "5 USD", "5 in the order's currency"."""
    return f"{given.amount} {'in the order' + chr(39) + 's currency' if given.currency == 'order' else given.currency}"


def percent(share: str) -> str:
    """ "0.10" is "10 %"."""
    text = f"{Decimal(share) * 100:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " %"


def lane(pattern: str) -> str:
    """A lane pattern as who it is about: "orders to Brazil"."""
    if pattern == "*":
        return "all orders"
    if pattern in ("international", "domestic"):
        return f"{pattern} orders"
    origin, _, destination = pattern.partition("-")
    parts = (
        f"from {country_name(origin)}" if origin != "*" else "",
        f"to {country_name(destination)}" if destination != "*" else "",
    )
    return " ".join(("orders", *(part for part in parts if part)))


def lanes(patterns: Sequence[str], unless: Sequence[str] = ()) -> str:
    """ "orders to Brazil or Argentina", "all orders except domestic orders"."""
    if "*" in patterns:
        text = "all orders"
    elif len(patterns) > 1 and all(pattern.startswith("*-") for pattern in patterns):
        text = f"orders to {listed([country_name(pattern[2:]) for pattern in patterns], 'or')}"
    else:
        text = listed([lane(pattern) for pattern in patterns])
    return text + (f" except {lanes(unless)}" if unless else "")


def listed(items: Iterable[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    *head, tail = list(items) or [""]
    return f"{', '.join(head)} {last} {tail}" if head else tail


def spoken(code: str) -> str:
    """A member of an enumeration as words: "pickup_point" is "pickup point"."""
    return code.replace("_", " ")


def benefit(tier: Tier) -> str:
    """What a tier gives: "10 % of what is insured, at least 5 CNY"."""
    if tier.amount is not None:
        text = amount(tier.amount)
    else:
        text = (
            "all that is insured"
            if Decimal(tier.share or 0) == 1
            else f"{percent(tier.share or '0')} of what is insured"
        )
    if tier.per is not None:
        text += f" for each started {each(tier.per)}"
    if tier.at_least is not None:
        text += f", at least {amount(tier.at_least)}"
    if tier.at_most is not None:
        text += f", at most {amount(tier.at_most)}"
    return text + (" as a credit" if tier.pays == "credit" else "")


def each(span: timedelta) -> str:
    """ "day", "2 days": what comes behind "each"."""
    return duration(span).removeprefix("1 ")


def deductible(given: Deductible) -> str:
    """ "10 % of the benefit, at least 5 USD, of goods of toys"."""
    parts = (
        percent(given.share) + " of the benefit" if given.share else "",
        amount(given.amount) if given.amount else "",
    )
    named = [part for part in parts if part]
    text = f"the larger of {listed(named)}" if len(named) > 1 else "".join(named) or "nothing"
    return text + (f", for goods of {listed(given.categories)}" if given.categories else "")
