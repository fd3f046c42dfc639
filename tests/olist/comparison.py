"""Compares, order by order, what the services decided with what the computation says, and counts what came of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tests.olist.services import Decided, Services
from tests.support.olist import Order, Owed, Product, owed
from waybond_local.replay.timed import Timed

EVERY = 20
"""Of the orders that came in time, one parcel each, the sample has every so many-th."""
VERY_LATE, LATE = timedelta(days=15), timedelta(days=3)
OTHER = "in time, one parcel"
KINDS = (
    "cancelled or unavailable",
    "never arrived",
    "15 days late or more",
    "3 to 15 days late",
    "several parcels",
    OTHER,
)
WITHOUT_A_PERSON = 0.95
"""The share of claims that has to end without a person."""
MAX_SHOWN = 20


@dataclass
class Tally:
    """What came of the orders of one product. Amounts in minor units of BRL."""

    orders: int = 0
    insured: int = 0
    claims: int = 0
    asked: int = 0
    """Claims in which a person was asked."""
    paid: int = 0
    paid_minor: int = 0
    lost: int = 0
    """Orders to which something was paid for a loss."""
    lost_though_arrived: int = 0
    """Of these: the parcel had arrived, by the earliest that its time may mean, before the payment."""
    kept: int = 0
    """Orders that were paid more than the facts give in the end: the parcel came after it was paid as lost, or its
    arrival may have been in time."""
    differences: list[str] = field(default_factory=list)

    @property
    def without_a_person(self) -> float:
        """The share of claims that end without a person; 1 where there are none."""
        return 1 - self.asked / self.claims if self.claims else 1.0

    @property
    def good(self) -> bool:
        """Whether nothing differs, few claims need a person, and what had arrived was not paid as lost."""
        return not self.differences and self.without_a_person >= WITHOUT_A_PERSON and not self.lost_though_arrived


def kind_of(order: Order) -> str:
    """Which of KINDS the order is: the first that fits."""
    fits = (
        order.cancelled_at is not None,
        order.arrived is None,
        order.arrived is not None and order.arrived[0] > order.promised + VERY_LATE,
        order.arrived is not None and order.arrived[1] > order.promised + LATE,
        len(order.units) > 1,
        True,
    )
    return KINDS[fits.index(True)]


def sample(orders: Iterable[Order], every: int = EVERY) -> list[Order]:
    """All orders that are told apart by KINDS, and of the last kind every so many-th by id."""
    by_kind: dict[str, list[Order]] = {kind: [] for kind in KINDS}
    for order in sorted(orders, key=lambda each: each.order_id):
        by_kind[kind_of(order)].append(order)
    by_kind[OTHER] = by_kind[OTHER][::every]
    return [order for kind in KINDS for order in by_kind[kind]]


def kinds(orders: Iterable[Order]) -> Mapping[str, int]:
    """How many of each kind."""
    return Counter(map(kind_of, orders))


def compare(order: Order, by: Product, facts: Sequence[Timed], services: Services, tally: Tally) -> None:
    """Tell one order, compare, and count it."""
    tally.orders += 1
    if not facts:
        tally.differences.append(f"{order.order_id}: no event can carry it")
        return
    decided = services.decide(facts, by.key.partition("@")[0])
    expected = owed(order, by)
    tally.differences += [f"{order.order_id}: {each}" for each in differences(expected, decided)]
    tally.insured += decided.insured
    tally.claims += decided.claimed
    tally.asked += bool(decided.asked)
    paid = sum(minor for _, minor in decided.payments)
    tally.paid += paid > 0
    tally.paid_minor += paid
    tally.kept += paid > decided.entitled
    tally.lost += bool(decided.lost)
    arrived = order.arrived
    tally.lost_though_arrived += arrived is not None and any(arrived[0] <= at for at in decided.lost)


def differences(expected: Owed, decided: Decided) -> list[str]:
    """What the services decided otherwise than the computation says."""
    pairs = {
        "insured": (expected.insured, decided.insured),
        "payments": (expected.payments, decided.payments),
        "owed in the end": (expected.entitled, decided.entitled),
        "a person asked": (expected.asked, decided.asked),
        "asked back": (0, decided.asked_back),
    }
    return [f"{what}: {ours}, the services say {theirs}" for what, (ours, theirs) in pairs.items() if ours != theirs]
