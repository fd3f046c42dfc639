"""Quotes: what is asked for must fit together, and the token says all that the price was made of."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.pricing import KEYS, KNOWN_AT, PROMISED, catalogue, rate, usd
from waybond_contracts.errors import ContractError
from waybond_contracts.money import Money
from waybond_contracts.orders import Promise
from waybond_pricing.desk import Desk
from waybond_pricing.quotes import QuoteRequest, quote
from waybond_pricing.tokens import Quote, verify


def asked(**changes: Any) -> QuoteRequest:
    order = {"platform": "shop", "order_id": "1001", "total": usd(6_000), "origin": "CN", "destination": "BR"}
    return QuoteRequest(**{**order, **changes})


def desk() -> Desk:
    found = Desk()
    found.catalogue, found.keys = catalogue(), KEYS
    return found


def token(request: QuoteRequest) -> Quote:
    return verify(quote(desk(), "acme", request, KNOWN_AT, timedelta(minutes=30)).offered[0].token, KEYS)


def test_shipping_above_the_total_is_refused_by_name() -> None:
    with pytest.raises(ContractError, match=r"shipping: expected at most the total, 60\.00 USD, got 90\.00 USD"):
        quote(desk(), "acme", asked(shipping=usd(9_000)), KNOWN_AT, timedelta(minutes=30))


def test_a_token_says_the_exchange_rate_and_the_season_that_the_price_was_made_of() -> None:
    used = rate("USD", "CNY", "7.1")
    given = token(
        asked(total=Money.of(42_600, "CNY"), settlement_rate=used, service="air", promise=Promise(latest=PROMISED))
    )
    assert (given.exchange, given.season) == (used, "Q4")


def test_without_a_promise_a_token_says_no_season() -> None:
    assert token(asked(service="air")).season is None
