"""Quotes: what is asked for must fit together."""

from datetime import timedelta

import pytest

from tests.support.pricing import KEYS, KNOWN_AT, catalogue, usd
from waybond_contracts.errors import ContractError
from waybond_pricing.desk import Desk
from waybond_pricing.quotes import QuoteRequest, quote


def test_shipping_above_the_total_is_refused_by_name() -> None:
    desk = Desk()
    desk.catalogue, desk.keys = catalogue(), KEYS
    asked = QuoteRequest(
        platform="shop", order_id="1001", total=usd(6_000), shipping=usd(9_000), origin="CN", destination="BR"
    )
    with pytest.raises(ContractError, match=r"shipping: expected at most the total, 60\.00 USD, got 90\.00 USD"):
        quote(desk, "acme", asked, KNOWN_AT, timedelta(minutes=30))
