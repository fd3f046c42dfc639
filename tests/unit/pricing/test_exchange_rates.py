"""Exchange rates of platforms: declined by name if they are too far from the product's reference rate."""

import pytest

from tests.support.pricing import KEYS, KNOWN_AT, PARCEL, Deciding, catalogue, changed, placed, rate, settings
from tests.support.story import Story
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.orders import FxRate, OrderPlaced
from waybond_contracts.policies import DeclineReason, PolicyDeclined, PolicyIssued
from waybond_pricing.catalogue import Product
from waybond_pricing.files import ratings
from waybond_pricing.state import StateCodec

BOUNDED = (
    "bind_within",
    """reference_rates = [{ base = "USD", quote = "BRL", rate = "5.40" }]
rate_within = "0.10"
bind_within""",
)


def told(order: OrderPlaced) -> Event:
    """What comes of it under a product that takes rates within 10 % of 5.40 reais for a dollar: from 4.86 to 5.94."""
    key = "order-protection@2026.11.99"
    known = catalogue(settings(key, default=key), extra=(changed(PARCEL, BOUNDED),))
    (event,) = Story(Deciding(known, KEYS), StateCodec()).when(order, KNOWN_AT)
    return event


@pytest.mark.parametrize(
    "given",
    [
        rate("USD", "BRL", "0.54"),
        rate("USD", "BRL", "4.859"),
        rate("USD", "BRL", "5.941"),
        rate("BRL", "USD", "0.206"),  # 1 / 4.854
        rate("BRL", "USD", "0.168"),  # 1 / 5.952
    ],
)
def test_an_exchange_rate_too_far_from_the_reference_is_declined_by_name(given: FxRate) -> None:
    event = told(placed(6_000, "BRL", settlement_rate=given))

    assert isinstance(event, PolicyDeclined)
    assert event.reason is DeclineReason.NO_EXCHANGE_RATE
    assert event.detail.startswith("settlement_rate: ") and given.rate in event.detail and "5.40" in event.detail


@pytest.mark.parametrize(
    "given",
    [rate("USD", "BRL", "4.86"), rate("USD", "BRL", "5.94"), rate("BRL", "USD", "0.2"), rate("BRL", "USD", "0.169")],
)
def test_an_exchange_rate_near_the_reference_is_taken(given: FxRate) -> None:
    assert isinstance(told(placed(6_000, "BRL", settlement_rate=given)), PolicyIssued)


def test_a_pair_without_a_reference_rate_is_not_compared() -> None:
    assert isinstance(told(placed(6_000, "EUR", settlement_rate=rate("EUR", "USD", "1.99"))), PolicyIssued)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ('rate_within = "0.10"', "terms.rate_within"),
        ('reference_rates = [{ base = "USD", quote = "BRL", rate = "5.40" }]', "terms.rate_within"),
        (
            'rate_within = "0.1"\nreference_rates = [{ base = "USD", quote = "BRL", rate = "5" }, '
            '{ base = "BRL", quote = "USD", rate = "0.2" }]',
            "terms.reference_rates",
        ),
        (
            'rate_within = "0.1"\nreference_rates = [{ base = "USD", quote = "USD", rate = "1" }]',
            "terms.reference_rates.0.quote",
        ),
    ],
)
def test_reference_rates_that_say_nothing_are_refused(terms: str, field: str) -> None:
    with pytest.raises(ContractError) as raised:
        Product.of(changed(PARCEL, ("bind_within", f"{terms}\nbind_within")), ratings())
    assert raised.value.field == field
