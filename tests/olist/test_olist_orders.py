"""Real orders of Olist end as the raw tables and the product file say, order by order, for each of our products."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.olist.comparison import EVERY, OTHER, Tally, compare, kinds, sample
from tests.olist.data import DIRECTORY, our_products
from tests.olist.services import Services, told
from tests.support.olist import Order, read
from waybond_local.history import olist
from waybond_local.replay.timed import Timed

pytestmark = pytest.mark.skipif(
    not DIRECTORY.is_dir(), reason=f"no Olist data in {DIRECTORY}: set {olist.DIRECTORY_VARIABLE}"
)
PRODUCTS = our_products()


@dataclass(frozen=True)
class Sampled:
    """The orders of the sample, and their facts by order."""

    whole: list[Order]
    orders: list[Order]
    facts: Mapping[str, list[Timed]]


@pytest.fixture(scope="module")
def sampled() -> Sampled:
    whole = read(DIRECTORY)
    orders = sample(whole)
    return Sampled(whole, orders, told(olist.read(DIRECTORY), {order.order_id for order in orders}.__contains__))


def test_the_sample_holds_all_that_is_rare(sampled: Sampled) -> None:
    here, in_all = kinds(sampled.orders), kinds(sampled.whole)
    assert {kind: here[kind] for kind in here if kind != OTHER} == {
        "cancelled or unavailable": 155,
        "never arrived": 197,
        "15 days late or more": 101,
        "3 to 15 days late": 323,
        "several parcels": 100,
    }
    assert all(here[kind] == in_all[kind] for kind in here if kind != OTHER)
    assert here[OTHER] * EVERY - in_all[OTHER] in range(EVERY)


@pytest.mark.parametrize("name", PRODUCTS)
def test_every_order_ends_as_computed(name: str, sampled: Sampled) -> None:
    services, tally = Services(), Tally()
    for order in sampled.orders:
        compare(order, PRODUCTS[name], sampled.facts.get(order.order_id, ()), services, tally)
    assert tally.differences == []
    assert tally.lost_though_arrived == 0
    assert tally.without_a_person >= 0.95
    assert tally.claims > 200
