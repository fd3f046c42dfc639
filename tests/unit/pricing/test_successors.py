"""A product file that names a successor: one that pricing knows, of the same product."""

import pytest

from tests.support.pricing import PARCEL, changed
from waybond_contracts.errors import ContractError
from waybond_pricing.catalogue import Product
from waybond_pricing.files import check_successors, products, ratings


def known(successor: str) -> dict[str, Product]:
    """All products, one more version of order protection, and its successor as its file names it."""
    body = changed(PARCEL, version="2026.11.99") + f'\n[shadow]\nsuccessor = "{successor}"\n'
    product = Product.sold(body, ratings())
    return {**products(), product.key: product}


def test_a_known_version_of_the_same_product_is_taken() -> None:
    check_successors(known("order-protection-2026.11.1"))


@pytest.mark.parametrize(
    "successor",
    [
        "order-protection-2026.12.1",  # no such file
        "order-protection-2026.11.99",  # itself
        "freight-time-guarantee-2026.11.1",  # another product
    ],
)
def test_any_other_is_refused_with_what_there_is(successor: str) -> None:
    with pytest.raises(
        ContractError, match=r"2026\.11\.99\.toml: shadow\.successor: expected another version"
    ) as error:
        check_successors(known(successor))
    assert "order-protection-2026.11.1" in error.value.expected


def test_a_name_without_its_version_is_refused() -> None:
    with pytest.raises(ContractError, match=r"shadow\.successor"):
        known("order-protection")


def test_a_successor_that_cannot_be_paid_is_refused() -> None:
    """As any product file is: one whose loss is met by the delivery scan could never pay."""
    body = changed(PARCEL, ('[{ scan = "LOST" }, { scan = "DESTROYED" }]', '[{ scan = "DELIVERED" }]'))
    with pytest.raises(ContractError, match=r"clause LO-1\.any_of"):
        Product.sold(body, ratings())
