"""The products that come with the service, and what is refused of a product file."""

from datetime import timedelta

import pytest

from tests.support.pricing import FREIGHT, GUARANTEE, PARCEL, changed
from waybond_contracts.errors import ContractError
from waybond_contracts.places import Lane
from waybond_contracts.watches import compile_watches
from waybond_contracts.wording import Clock, Peril
from waybond_pricing.catalogue import Product
from waybond_pricing.files import products, ratings

DISPUTES = "return-and-dispute-cover@2026.12.1"


def test_the_service_sells_four_products() -> None:
    assert set(products()) == {PARCEL, GUARANTEE, FREIGHT, DISPUTES}


@pytest.mark.parametrize("key", [PARCEL, GUARANTEE, FREIGHT, DISPUTES])
def test_a_product_speaks_four_languages_and_says_that_its_rates_are_synthetic(key: str) -> None:
    wording = products()[key].wording

    assert set(wording.title) == {"en", "zh", "pt", "es"}
    assert all(set(clause.title) == {"en", "zh", "pt", "es"} for clause in wording.clause)
    assert "synthetic rating file, not from market rates" in wording.note


def test_order_protection_covers_delay_loss_and_damage() -> None:
    wording = products()[PARCEL].wording

    assert {clause.peril for clause in wording.clause} == {Peril.LATE, Peril.LOST, Peril.DAMAGED}


@pytest.mark.parametrize("key", [PARCEL, GUARANTEE, FREIGHT])
def test_no_watch_can_fall_due_after_the_policy_ended_on_a_promise_of_sixty_days(key: str) -> None:
    product = products()[key]
    watches = compile_watches(product.wording, Lane(origin="CN", destination="BR"))

    promised = [watch.after for watch in watches if watch.clock is Clock.PROMISED_LATEST]
    assert promised
    assert max(promised) + timedelta(days=60) < product.wording.cover.period


def test_a_product_without_terms_of_sale_is_refused() -> None:
    body = changed(GUARANTEE)
    start, end = body.index("[terms]"), body.index("[[clause]]")

    with pytest.raises(ContractError, match="terms: expected the terms under which the product is sold"):
        Product.of(body[:start] + body[end:], ratings())


def test_a_product_that_may_be_bound_longer_than_an_ended_order_is_known_is_refused() -> None:
    with pytest.raises(ContractError) as raised:
        Product.of(changed(PARCEL, ('"PT72H"', '"P31D"')), ratings())
    assert str(raised.value) == "terms.bind_within: expected at most P30D, got P31D"


def test_a_product_with_an_unknown_rating_file_is_refused() -> None:
    body = changed(GUARANTEE, ("logistics-time-guarantee-2014.1", "logistics-time-guarantee-1999.1"))

    with pytest.raises(ContractError, match=r"terms\.rating: expected one of .*, got logistics-time-guarantee-1999\.1"):
        Product.of(body, ratings())


def test_a_rating_file_under_another_name_is_refused() -> None:
    swapped = {**ratings(), "logistics-time-guarantee-2014.1": ratings()["order-protection-2014.1"]}

    with pytest.raises(ContractError, match=r"rating: expected logistics-time-guarantee-2014\.1"):
        Product.of(changed(GUARANTEE), swapped)


def test_a_product_knows_every_currency_that_it_names() -> None:
    body = changed(
        PARCEL, ('{ after = "P7D", share = "0.10" }', '{ after = "P7D", amount = { amount = "5", currency = "EUR" } }')
    )

    assert Product.of(body, ratings()).currencies == {"USD", "EUR"}
