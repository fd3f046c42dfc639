"""Another wording beside the one that decides: the same history under both, its difference worked out by hand."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.support import claims as told
from tests.support import pricing
from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case
from waybond_contracts.disputes import DisputeOpened, DisputeReason, DisputeSource
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.orders import OrderCancelled
from waybond_contracts.shipments import HandedTo, ScanKind, ShipmentBooked, ShipmentScanned
from waybond_kit.aggregate import Outcome
from waybond_local.replay.timed import Timed
from waybond_local.shadow.command import figures, show
from waybond_local.shadow.compare import count
from waybond_local.shadow.difference import MAX_SHOWN, Difference, Pair, bars
from waybond_local.shadow.gather import Order
from waybond_local.shadow.retold import Before, Result, retold
from waybond_local.shadow.successors import Wanted, given
from waybond_local.shadow.telling import MAX_STEPS, Telling, TellingError
from waybond_pricing.catalogue import Product
from waybond_pricing.files import products, ratings

PARCEL = "order-protection@2026.11.1"
NOW = products()[PARCEL]
END = told.PLACED + timedelta(days=300)
FIRST_TIER = 'tiers = [{ after = "P7D", share = "0.10" }, { after = "P15D", share = "0.30" }]'
SILENCE = '{ clock = "last_scan", silent_for = "P30D", live_after = 2, lanes = ["international"] }'
ASKS = """ask_carrier = true
answer_within = "P3D"
unanswered = "counts"
unanswered_up_to = { amount = "100", currency = "USD" }
"""
DAY = told.day


def successor(*replacements: tuple[str, str]) -> Product:
    return Product.sold(pricing.changed(PARCEL, *replacements, version="2026.12.1"), ratings())


def key(order: str) -> dict[str, Any]:
    return {"tenant": "demo", "platform": "shop", "order_id": order}


def scan(at: datetime, kind: ScanKind, order: str = "A-1", **fields: Any) -> ShipmentScanned:
    return ShipmentScanned(**key(order), occurred_at=at, package_id="P1", kind=kind, provider="easypost", **fields)


def arrived(at: datetime, order: str = "A-1") -> ShipmentScanned:
    return scan(at, ScanKind.DELIVERED, order, handed_to=HandedTo.DOOR)


def parcel(*scans: Event, order: str = "A-1", **placed: Any) -> list[Timed]:
    """An order of 100 USD from China to Brazil, promised for day 20; its package is booked on day 1."""
    facts = [
        told.placed(**placed).model_copy(update=key(order)),
        ShipmentBooked(**key(order), occurred_at=DAY(1), package_id="P1", carrier="C", tracking_number=f"T-{order}"),
        *scans,
    ]
    return [Timed(each.occurred_at, each) for each in facts]


def both(facts: Sequence[Timed], then: Product, until: datetime = END) -> tuple[dict[str, int], dict[str, int]]:
    return dict(retold(facts, NOW, until).clauses), dict(retold(facts, then, until).clauses)


# one order


def test_the_same_wording_makes_no_difference() -> None:
    facts = parcel(arrived(DAY(30)))
    assert both(facts, NOW) == ({"TG-1": 1_000}, {"TG-1": 1_000})


def test_an_earlier_tier_pays_orders_that_got_nothing() -> None:
    """Promised for day 20, there on day 25: 7 days late it never was, 3 days it was: 10 % of 100."""
    then = successor((FIRST_TIER, FIRST_TIER.replace("P7D", "P3D")))
    assert both(parcel(arrived(DAY(25))), then) == ({}, {"TG-1": 1_000})


def test_what_is_paid_before_an_arrival_is_known_stays_paid() -> None:
    """Two scans, the last on day 4; then nothing until the parcel arrives on day 30. After 30 days of silence (day 34)
    nothing is lost, and 10 % are paid for 7 days late. After 20 (day 24, nobody is asked) all of the 100 is paid, and
    kept when it arrives. What the file says on day 300, that it arrived, would tell of no loss.
    """
    facts = parcel(scan(DAY(2), ScanKind.PICKED_UP), scan(DAY(4), ScanKind.IN_TRANSIT), arrived(DAY(30)))
    then = successor((SILENCE, SILENCE.replace("P30D", "P20D")), (ASKS, ""))
    assert both(facts, then) == ({"TG-1": 1_000}, {"LO-2": 10_000})


def test_a_carrier_that_nobody_asked_counts_as_silent_and_is_told_of() -> None:
    """The same, with the carrier asked on day 24: it does not answer within 2 days, and up to 100 that counts."""
    facts = parcel(scan(DAY(2), ScanKind.PICKED_UP), scan(DAY(4), ScanKind.IN_TRANSIT), arrived(DAY(30)))
    then = retold(facts, successor((SILENCE, SILENCE.replace("P30D", "P20D")), ("P3D", "P2D")), END)
    assert (dict(then.clauses), then.checks) == ({"LO-2": 10_000}, {("P1", DAY(24))})
    assert not retold(facts, NOW, END).checks


def test_another_limit_and_basis_are_reckoned_anew() -> None:
    """Lost on day 5. A limit of 40 USD pays 40; with an uplift of 10 % an order of 100 is insured for 110."""
    facts = parcel(scan(DAY(5), ScanKind.LOST))
    assert both(facts, successor(("limit_minor = 50000", "limit_minor = 4000"))) == ({"LO-1": 10_000}, {"LO-1": 4_000})
    uplift = successor(('basis = "order_total"', 'basis = "order_total"\nuplift = "0.10"'))
    assert both(facts, uplift)[1] == {"LO-1": 11_000}


def test_an_order_that_the_successor_does_not_take_gets_nothing() -> None:
    then = successor(('max_order_value = { amount = "500"', 'max_order_value = { amount = "99"'))
    result = retold(parcel(scan(DAY(5), ScanKind.LOST)), then, END)
    assert (result.bound, result.declined, result.minor) == (False, "value_over_limit", 0)


def test_a_cancelled_order_is_cancelled_under_both() -> None:
    """Cancelled on day 2 from its start, lost on day 5."""
    gone = OrderCancelled(**key("A-1"), occurred_at=DAY(2))
    cancelled = successor(('on_cancel = "refund_unearned"', 'on_cancel = "refund_premium"'))
    assert both(parcel(gone, scan(DAY(5), ScanKind.LOST)), cancelled) == ({}, {})


def test_our_own_refund_that_the_platform_reports_is_not_the_platforms() -> None:
    """Damaged on day 5, 100 are paid; on day 6 the platform reports a refund of 100 under re_9. If that is ours it
    counts nothing. If it is not, the buyer had the money twice: 100 are asked back."""
    report = told.refunded("r-1", 10_000, DAY(6), provider_refund_ref="re_9")
    facts = parcel(scan(DAY(5), ScanKind.DAMAGED), report, arrived(DAY(8)))
    assert retold(facts, NOW, END, Before(refunds=frozenset({"re_9"}))).minor == 10_000
    assert retold(facts, NOW, END).minor == 0


def test_the_future_is_not_told() -> None:
    facts = parcel(scan(DAY(5), ScanKind.LOST))
    assert retold(facts, NOW, DAY(4)).clauses == {}
    assert retold(facts, NOW, DAY(5)).clauses == {"LO-1": 10_000}


MISSING = """
[[clause]]
id = "MI-1"
peril = "missing"
title = { en = "Missing" }
trigger = "claim"
tiers = [{ share = "0.50" }]
"""


def test_a_person_gives_the_same_answer_to_the_same_question() -> None:
    """Half of 100 where a person said pay; without an answer the question stays open, and nothing is paid."""
    complaint = DisputeOpened(
        **key("A-1"),
        occurred_at=DAY(9),
        dispute_id="D-1",
        source=DisputeSource.BUYER,
        reason=DisputeReason.MISSING_PARTS,
    )
    facts, then = parcel(arrived(DAY(8)), complaint), successor(("[[exclusion]]", MISSING + "\n[[exclusion]]"))
    waiting = retold(facts, then, END)
    assert (dict(waiting.clauses), len(waiting.asked)) == ({}, 1)
    (question,) = waiting.asked
    said = Referral(
        "r", question, "answer_missing", "?", ("pay", "do_not_pay"), DAY(9), 2, choice="pay", decided_by="ann"
    )
    answered = retold(facts, then, END, Before((said,)))
    assert (dict(answered.clauses), answered.asked) == ({"MI-1": 5_000}, frozenset())


# many orders


def counted(orders: dict[str, list[Timed]], then: Product) -> Difference:
    """What `waybond shadow report` counts, without servers: files as claims keeps them, facts as topics hold them."""
    found = Difference()
    wanted = Wanted(catalogue=products(), given=then)
    for name, facts in orders.items():
        count(found, f"demo/shop/{name}", Order(file(name, facts), facts), wanted, END)
    return found


def file(name: str, facts: Sequence[Timed]) -> Case:
    """The claim file that the services make of the order."""
    story = told.ClaimsStory()
    story.given(told.placed().model_copy(update=key(name)), told.issued(NOW.document.body))
    return story.case


def test_the_report_by_hand() -> None:
    """Four orders of 100 USD under a successor that pays 10 % from 3 days of delay on, not 7, and of a damage 60 %:

    |order|what happened|now|successor|
    |---|---|---|---|
    |A|there on day 25, 5 days late|0|TG-1 10|
    |B|there on day 30, 10 days late|TG-1 10|TG-1 10|
    |C|there on day 10, damaged|DA-1 100|DA-1 60|
    |D|there on day 40, 20 days late|TG-1 30|TG-1 30|
    """
    orders = {
        "A": parcel(arrived(DAY(25), "A"), order="A"),
        "B": parcel(arrived(DAY(30), "B"), order="B"),
        "C": parcel(scan(DAY(5), ScanKind.DAMAGED, "C"), arrived(DAY(10), "C"), order="C"),
        "D": parcel(arrived(DAY(40), "D"), order="D"),
    }
    damage = 'any_of = [{ scan = "DAMAGED" }]\ntiers = [{ share = "1.00" }]'
    then = successor((FIRST_TIER, FIRST_TIER.replace("P7D", "P3D")), (damage, damage.replace("1.00", "0.60")))
    found = counted(orders, then)
    assert (found.orders, found.more, found.less, found.nothing, found.same) == (4, 1, 1, 0, 2)
    delays, damages = found.clauses["USD"]["TG-1"], found.clauses["USD"]["DA-1"]
    assert (delays.orders, delays.minor) == (Pair(2, 3), Pair(4_000, 5_000))
    assert (damages.orders, damages.minor) == (Pair(1, 1), Pair(10_000, 6_000))
    assert found.currencies["USD"].minor == Pair(14_000, 11_000)
    assert [(each.order_key, each.then - each.now) for each in found.shown] == [
        ("demo/shop/C", -4_000),
        ("demo/shop/A", 1_000),
    ]


def test_an_order_whose_facts_are_gone_is_left_out_with_its_reason() -> None:
    found = counted({"A": [], "B": parcel(order="B")}, NOW)
    assert found.orders == 1
    assert found.left_out == {"its order is not on its topic any more": 1}


PLAIN = {"running": False, "off_file": False}


def result(minor: int) -> Result:
    return Result("USD", bound=True, clauses={"X": minor} if minor else {})


def test_of_many_differences_the_largest_are_named() -> None:
    found = Difference()
    for number in range(30):
        found.add(f"o-{number:02}", result(100), result(100 + number), **PLAIN)
    assert [each.size for each in found.shown] == list(range(29, 29 - MAX_SHOWN, -1))
    assert (found.more, found.same) == (29, 1)


@pytest.mark.parametrize(
    ("now", "then", "said"), [(0, 5, "more"), (5, 6, "more"), (6, 5, "less"), (5, 0, "nothing"), (5, 5, "same")]
)
def test_each_order_gets_more_less_nothing_any_more_or_the_same(now: int, then: int, said: str) -> None:
    found = Difference()
    found.add("o", result(now), result(then), **PLAIN)
    counts = {name: getattr(found, name) for name in ("more", "less", "nothing", "same")}
    assert counts == {name: int(name == said) for name in counts}


def test_what_is_printed_says_what_was_counted() -> None:
    found = Difference()
    found.add("demo/shop/A", result(10_000), result(6_000), running=True, off_file=True)
    found.add("demo/shop/B", result(0), Result("USD", bound=False, declined="value_over_limit"), **PLAIN)
    found.leave_out("its order is not on its topic any more")
    to = Console(width=160, record=True, file=StringIO())
    show(found, to)
    text = to.export_text()
    for said in (
        "2 orders: 0 buyers get more, 1 less, 0 nothing any more, 1 the same.",
        "1 orders the successor would not have taken (1: value_over_limit).",
        "1 orders could not be compared (1: its order is not on its topic any more).",
        "X            now       " + "#" * 40,
        "successor " + "#" * 24,
        "-40.00 USD",
    ):
        assert said in text


def test_the_figures_are_json() -> None:
    found = Difference()
    found.add("demo/shop/A", result(10_000), result(6_000), **PLAIN)
    said = json.loads(json.dumps(figures(found)))
    assert said["clauses"]["USD"]["X"]["minor"] == {"now": 10_000, "then": 6_000}
    assert said["largest"] == [
        {"size": 4_000, "order_key": "demo/shop/A", "currency": "USD", "now": 10_000, "then": 6_000}
    ]


def test_a_file_that_is_no_product_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="successor: expected a product file"):
        given(tmp_path / "none.toml")
    (tmp_path / "p.toml").write_text(NOW.document.body.replace('peril = "late"', 'peril = "chargeback"', 1))
    with pytest.raises(ContractError, match=r"p\.toml: clause TG-1\.peril"):
        given(tmp_path / "p.toml")


def test_bars_are_as_long_as_their_amounts() -> None:
    assert bars({"A": Pair(50, 100), "B": Pair(0, 1)}, width=10) == {"A": ("#####", "#" * 10), "B": ("", "#")}


# which orders


def case(product: str = "order-protection", version: str = "2026.11.1", body: str = "") -> Case:
    story = told.ClaimsStory()
    story.given(told.placed(), told.issued(body or NOW.document.body, product=product, product_version=version))
    return story.case


def test_orders_are_chosen_by_product_tenant_and_date() -> None:
    then = successor()
    assert Wanted(catalogue={}, given=then).takes(case())
    assert Wanted(catalogue={}, given=then, product=PARCEL, tenant="demo", since=told.PLACED).takes(case())
    assert not Wanted(catalogue={}, given=then, product="order-protection@2026.11.2").takes(case())
    assert not Wanted(catalogue={}, given=then, tenant="dem").takes(case())
    assert not Wanted(catalogue={}, given=then, since=told.day(1)).takes(case())
    assert not Wanted(catalogue={}, given=then).takes(case(product="freight"))


def test_the_successor_is_the_one_that_the_file_names() -> None:
    then = successor()
    named = NOW.document.body + '\n[shadow]\nsuccessor = "order-protection-2026.12.1"\n'
    wanted = Wanted(catalogue={PARCEL: NOW, then.key: then})
    assert wanted.successor(case(body=named)) is then
    assert wanted.successor(case()) is None


def test_an_order_that_wakes_for_ever_is_left_out() -> None:
    """A `decide` that wants to look again a second later, always."""

    def restless(state: Any, fact: Any, now: datetime, sent_at: datetime | None = None) -> Outcome[Any]:
        return Outcome("state", wake_at=now + timedelta(seconds=1))

    with pytest.raises(TellingError, match=f"more than {MAX_STEPS} facts and wakes"):
        Telling[Any](restless).tell(parcel(), END)


def test_a_wake_comes_behind_what_was_known_by_its_due() -> None:
    """Woken for day 2, of which a fact is known as well: the fact first, then the wake, once."""
    seen: list[tuple[str, datetime]] = []

    def noting(state: Any, fact: Any, now: datetime, sent_at: datetime | None = None) -> Outcome[Any]:
        seen.append((type(fact).__name__, now))
        return Outcome("state", wake_at=DAY(2) if now < DAY(2) else None)

    Telling[Any](noting).tell(parcel(arrived(DAY(2))), END)
    assert [name for name, _ in seen] == ["OrderPlaced", "ShipmentBooked", "ShipmentScanned", "Woken"]
    assert seen[-1] == ("Woken", DAY(2))


def test_a_telling_gives_nothing_back_for_nothing() -> None:
    telling = Telling[Any](lambda state, fact, now, sent_at=None: pytest.fail("nothing was told"))
    assert telling.tell((), END).published == []
