"""Made-up orders whose amounts were worked out by hand from the wordings: computation and services both pay just that.

Each is ordered on 1 March 2017 and promised for 20 March, which ends last on 21 March at 04:59:59 UTC. A local time may
be any instant from two to five hours later in UTC.
"""

import ast
import gzip
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.olist.comparison import Tally, compare, differences
from tests.olist.data import PRODUCT_FILES, our_products
from tests.olist.services import Services, told
from tests.support import olist as computation
from tests.support.olist import Owed, UnreadError, owed, product, read
from waybond_claims.case.cover import Policy
from waybond_claims.case.state import Case
from waybond_local.history import olist
from waybond_local.replay.timed import Timed
from waybond_local.shadow.compare import count
from waybond_local.shadow.difference import Difference, Pair
from waybond_local.shadow.gather import Order
from waybond_local.shadow.retold import retold
from waybond_local.shadow.successors import Wanted
from waybond_pricing.catalogue import Product
from waybond_pricing.files import products, ratings

PROTECTION, GUARANTEE, FREIGHT = (
    f"{name}-2026.11.1" for name in ("order-protection", "logistics-time-guarantee", "freight-time-guarantee")
)
PRODUCTS = our_products()
ALL_RAN_OUT = datetime(2018, 1, 1, tzinfo=UTC)
"""Behind the end of every cover, 240 days after the order, and of what carriers may still say."""
TEXT = (PRODUCT_FILES / f"{PROTECTION}.toml").read_text("utf-8")


def after(days: int) -> datetime:
    """So many days after the promise has run out."""
    return datetime(2017, 3, 21, 4, 59, 59, tzinfo=UTC) + timedelta(days=days)


def due(*payments: tuple[int, int], entitled: int, asked: tuple[int, ...] = (), insured: bool = True) -> Owed:
    """Payments by days after the promise."""
    return Owed(insured, tuple((after(days), minor) for days, minor in payments), entitled, tuple(map(after, asked)))


@dataclass(frozen=True)
class Told:
    """One order: what each seller's parcel is worth, when they arrived (local time), and what is due for it."""

    due: Owed
    worth: tuple[str, ...] = ("100.00",)
    arrived: str = ""
    status: str = "delivered"
    paid: str = "100.00"


STORIES = {
    "it comes in time": Told(due(entitled=0), arrived="2017-03-18 12:00:00"),
    "it comes in the last hour of the seventh day": Told(due(entitled=0), arrived="2017-03-27 23:30:00"),
    "it comes on the eighth day: 10 %": Told(due((7, 1_000), entitled=1_000), arrived="2017-03-28 12:00:00"),
    # Between 03:00 and 06:00 UTC, and the seventh day ends at 04:59:59: unknown then, and not surely late afterwards.
    "it comes when the seventh day had ended in one zone alone, and what was paid is kept": Told(
        due((7, 1_000), entitled=0), arrived="2017-03-28 01:00:00"
    ),
    "half a centavo is rounded up: 10 % of 10.05 are 1.01": Told(
        due((7, 101), entitled=101), ("10.05",), "2017-03-28 12:00:00"
    ),
    # 6 + 4, then 18 + 12 in all; nobody answered within three days: 60 + 40 in all.
    "two parcels never come": Told(
        due((7, 1_000), (15, 2_000), (48, 7_000), entitled=10_000), ("60.00", "40.00"), status="shipped"
    ),
    "it comes on day 60, is late, and what was paid as lost is kept": Told(
        due((7, 1_000), (15, 2_000), (48, 7_000), entitled=3_000), arrived="2017-05-19 12:00:00"
    ),
    "it comes while the carrier is asked, and was not lost": Told(
        due((7, 1_000), (15, 2_000), entitled=3_000), arrived="2017-05-05 12:00:00"
    ),
    # 100 USD are 319.00 BRL.
    "worth 100 dollars, a carrier's silence is believed": Told(
        due((7, 3_190), (15, 6_380), (48, 22_330), entitled=31_900), ("319.00",), status="shipped"
    ),
    "worth a centavo more, a person is asked": Told(
        due((7, 3_190), (15, 6_380), entitled=9_570, asked=(48,)), ("319.01",), status="shipped"
    ),
    # 32 + 5, then 96 + 15, then 96 + 50.
    "of two parcels the dear one is asked about, the other paid": Told(
        due((7, 3_700), (15, 7_400), (48, 3_500), entitled=14_600, asked=(48,)), ("320.00", "50.00"), status="shipped"
    ),
    "it was cancelled": Told(due(entitled=0), status="canceled"),
    "nothing is known but what was paid": Told(
        due((7, 378), (15, 757), (48, 2_649), entitled=3_784), (), status="created", paid="37.84"
    ),
    # 500 USD are 1,595.00 BRL.
    "worth 500 dollars, it is insured": Told(
        due((7, 15_950), entitled=15_950), ("1595.00",), arrived="2017-03-28 12:00:00"
    ),
    "worth a centavo more, it is declined": Told(
        due(entitled=0, insured=False), ("1595.01",), arrived="2017-03-28 12:00:00"
    ),
}
NAMES = {name: f"o{number:02}" for number, name in enumerate(STORIES)}
OTHER_PRODUCTS = [
    (GUARANTEE, "it comes on the eighth day: 10 %", due((3, 500), (7, 500), entitled=1_000)),
    (GUARANTEE, "two parcels never come", due((3, 500), (7, 500), (15, 1_000), (30, 1_000), entitled=3_000)),
    (GUARANTEE, "worth a centavo more, it is declined", due((3, 7_975), (7, 7_975), entitled=15_950)),
    (FREIGHT, "it comes on the eighth day: 10 %", due((7, 100), entitled=100)),
    (FREIGHT, "two parcels never come", due((7, 100), (15, 200), (30, 300), (60, 600), entitled=1_200)),
]
CASES = [(PROTECTION, name, told.due) for name, told in STORIES.items()] + OTHER_PRODUCTS


@dataclass(frozen=True)
class Made:
    """The made-up tables as both sides read them, by the story's name."""

    orders: dict[str, computation.Order]
    facts: dict[str, list[Timed]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("olist")
    tables: dict[str, list[str]] = {
        "olist_customers_dataset": ["c1,01001,SP"],
        "olist_sellers_dataset": ["s0,13023,SP", "s1,20000,RJ"],
        "olist_products_dataset": ["p1,perfumaria,225"],
        "product_category_name_translation": ["perfumaria,perfumery"],
        "olist_orders_dataset": [],
        "olist_order_items_dataset": [],
        "olist_order_payments_dataset": [],
    }
    for story, order in STORIES.items():
        name, placed = NAMES[story], "2017-03-01 12:00:00"
        handed = "2017-03-03 12:00:00" if order.status in ("delivered", "shipped") else ""
        tables["olist_orders_dataset"].append(
            f"{name},c1,{order.status},{placed},{placed},{handed},{order.arrived},2017-03-20 00:00:00"
        )
        tables["olist_order_items_dataset"] += [
            f"{name},{number + 1},p1,s{number},{worth},0.00" for number, worth in enumerate(order.worth)
        ]
        tables["olist_order_payments_dataset"].append(f"{name},1,boleto,{order.paid}")
    for table, rows in tables.items():
        text = "\n".join([",".join(olist.TABLES[table]), *rows]) + "\n"
        (folder / f"{table}.csv.gz").write_bytes(gzip.compress(text.encode()))
    stories = {name: story for story, name in NAMES.items()}
    facts = told(olist.read(folder), lambda order_id: True)
    return Made(
        {stories[order.order_id]: order for order in read(folder)},
        {stories[order_id]: each for order_id, each in facts.items()},
    )


@pytest.mark.parametrize(("by", "story", "expected"), CASES)
def test_the_computation_pays_what_was_worked_out_by_hand(by: str, story: str, expected: Owed, made: Made) -> None:
    assert owed(made.orders[story], PRODUCTS[by]) == expected


@pytest.mark.parametrize(("by", "story", "expected"), CASES)
def test_the_services_pay_what_was_worked_out_by_hand(by: str, story: str, expected: Owed, made: Made) -> None:
    decided = Services().decide(made.facts[story], PRODUCTS[by].key.partition("@")[0])
    assert differences(expected, decided) == []


@pytest.mark.parametrize(("by", "story", "expected"), CASES)
def test_told_again_an_order_comes_to_what_was_worked_out_by_hand(
    by: str, story: str, expected: Owed, made: Made
) -> None:
    found = retold(made.facts[story], products()[PRODUCTS[by].key], ALL_RAN_OUT)
    assert found.minor == sum(minor for _, minor in expected.payments)
    assert (found.bound, bool(found.asked)) == (expected.insured, bool(expected.asked))


def test_the_shadow_report_on_these_orders(made: Made) -> None:
    """Under a successor that never believes in silence, nothing of LO-2 is paid and nobody is asked about it: 70 of
    either parcel that was silent for 45 days, 223.30, 35 and 26.49, 424.79 in all. TG-1 stays: 10.00, 10.00, 1.01,
    three times 30.00, twice 95.70, 111.00, 11.35 and 159.50, 584.26 in all.
    """
    silence = 'unanswered = "counts"\nunanswered_up_to = { amount = "100", currency = "USD" }'
    now = products()[PRODUCTS[PROTECTION].key]
    then = Product.sold(TEXT.replace(silence, 'unanswered = "not_met"').replace("2026.11.1", "2026.12.1", 1), ratings())
    case = Case(since=ALL_RAN_OUT, order_key="acme/olist/x", wording=TEXT, policy=_policy(now))
    found = Difference()
    for story, facts in made.facts.items():
        count(found, story, Order(case, facts), Wanted(catalogue={}, given=then), ALL_RAN_OUT)
    assert (found.orders, found.more, found.less, found.nothing, found.same) == (14, 0, 5, 0, 9)
    assert found.left_out == {"told again it is not covered (value_over_limit)": 1}
    clauses = found.clauses["BRL"]
    assert (clauses["TG-1"].orders, clauses["TG-1"].minor) == (Pair(11, 11), Pair(58_426, 58_426))
    assert (clauses["LO-2"].orders, clauses["LO-2"].minor) == (Pair(5, 0), Pair(42_479, 0))
    assert found.currencies["BRL"].minor == Pair(100_905, 58_426)
    assert found.asked == Pair(2, 0)
    assert [each.then - each.now for each in found.shown] == [-22_330, -7_000, -7_000, -3_500, -2_649]


def _policy(product: Product) -> Policy:
    wording = product.wording
    return Policy("p", wording.product, wording.version, product.document.sha256, "BR", "BR", ALL_RAN_OUT)


@pytest.mark.parametrize(
    ("worded", "other"),
    [
        ('after = "P7D"', 'after = "P8D"'),
        ('share = "0.30"', 'share = "0.31"'),
        ('after = "P45D"', 'after = "P46D"'),
        ('answer_within = "P3D"', 'answer_within = "P4D"'),
        ('unanswered = "counts"\nunanswered_up_to = { amount = "100", currency = "USD" }', 'unanswered = "not_met"'),
        ('amount = "100", currency', 'amount = "99", currency'),
        ('amount = "500", currency', 'amount = "501", currency'),
    ],
)
def test_services_that_decide_by_another_wording_are_found(worded: str, other: str, made: Made) -> None:
    assert worded in TEXT
    services, tally, by = Services(), Tally(), product(TEXT.replace(worded, other))
    for story, order in made.orders.items():
        compare(order, by, made.facts[story], services, tally)
    assert tally.differences
    assert not tally.good


def test_a_loss_that_is_paid_for_a_parcel_that_had_arrived_is_found(made: Made) -> None:
    """S: claims pays a loss on 8 May of what the tables say arrived on 1 May."""
    story = "it comes on day 60, is late, and what was paid as lost is kept"
    arrived = datetime(2017, 5, 1, 14, tzinfo=UTC)
    order, tally = replace(made.orders[story], arrived=(arrived, arrived)), Tally()
    compare(order, PRODUCTS[PROTECTION], made.facts[story], Services(), tally)
    assert (tally.lost, tally.lost_though_arrived) == (1, 1)


@pytest.mark.parametrize(
    ("worded", "other", "says"),
    [
        ("live_after = 2", "live_after = 1", "live_after"),
        ('basis = "order_total"', 'basis = "items"', "basis"),
        ('late_arrival = "keep"\nask_carrier', 'late_arrival = "return"\nask_carrier', "late_arrival"),
        ('peril = "late"', 'peril = "stalled"', "peril"),
        ('tiers = [{ after = "P7D"', 'tiers = [{ per = "P1D", after = "P7D"', "per"),
        ('scans = ["REFUSED"', 'scans = ["PICKED_UP"', "scans"),
        ('period = "P240D"', 'period = "P1M"', "P1M"),
    ],
)
def test_a_rule_that_the_computation_does_not_have_is_named(worded: str, other: str, says: str) -> None:
    assert worded in TEXT
    with pytest.raises(UnreadError, match=says):
        product(TEXT.replace(worded, other))


def test_the_computation_shares_nothing_with_what_it_checks() -> None:
    tree = ast.parse(Path(computation.__file__).read_text())
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or "."] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }
    assert imported <= sys.stdlib_module_names
