"""Every peril of the contracts is either paid in a story or refused when the product is loaded."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.support.claims import (
    ClaimsStory,
    complaint,
    damaged,
    day,
    delivered,
    fell_due,
    issued,
    late,
    lost,
    only,
    placed,
    ruling,
    seen,
    usd,
)
from tests.support.pricing import PARCEL, changed
from waybond_contracts.claims import ClaimApproved, ClaimDenied, ClaimReferred, DenialReason
from waybond_contracts.errors import ContractError
from waybond_contracts.wording import Clock, Peril
from waybond_pricing.catalogue import Product
from waybond_pricing.files import products, ratings

SILENT = timedelta(days=30)


def clause(peril: str, how: str, share: str = "1.00") -> str:
    after = 'after = "P7D", ' if "promised_latest" in how else ""
    return f"""
[[clause]]
id = "TG-1"
peril = "{peril}"
{how}
tiers = [{{ {after}share = "{share}" }}]
"""


def by_scan(peril: str) -> str:
    return clause(peril, f'any_of = [{{ scan = "{peril.upper()}" }}]')


def by_claim(peril: str, window: str = 'claim_window = { clock = "delivered", closes = "P30D" }') -> str:
    return clause(peril, f'trigger = "claim"\n{window}')


def claimed(story: ClaimsStory, reason: str) -> None:
    """Delivered on day 15; the buyer complains on day 18, and a person says that it is paid."""
    story.given(delivered(day(15)), complaint(day(18), reason))
    story.when(ruling(story.last(ClaimReferred), "pay", day(19)))


PAID: dict[Peril, tuple[str, Callable[[ClaimsStory], object], int]] = {
    Peril.LATE: (clause("late", 'clock = "promised_latest"', "0.10"), lambda story: story.when(late(0)), 1_000),
    Peril.LOST: (by_scan("lost"), lambda story: story.when(lost(day(9))), 10_000),
    Peril.DAMAGED: (by_scan("damaged"), lambda story: story.when(damaged(day(9))), 10_000),
    Peril.STALLED: (
        clause("stalled", 'any_of = [{ clock = "last_scan", silent_for = "P30D" }]', "0.20"),
        lambda story: story.when(fell_due("TG-1:0:0", day(40), SILENT, clock=Clock.LAST_SCAN, silent=True)),
        2_000,
    ),
    Peril.RETURNED: (by_scan("returned"), lambda story: story.when(seen("ShipmentReturned", day(9))), 10_000),
    Peril.NOT_RECEIVED: (by_claim("not_received"), lambda story: claimed(story, "NOT_RECEIVED"), 10_000),
    Peril.NOT_AS_DESCRIBED: (by_claim("not_as_described"), lambda story: claimed(story, "NOT_AS_DESCRIBED"), 10_000),
    Peril.MISSING: (by_claim("missing"), lambda story: claimed(story, "MISSING_PARTS"), 10_000),
    Peril.COUNTERFEIT: (by_claim("counterfeit"), lambda story: claimed(story, "COUNTERFEIT"), 10_000),
}
"""A clause, a story of an order of 100, and what it pays; worked out by hand."""
NOT_SOLD = frozenset({Peril.CHARGEBACK})


def told(body: str) -> ClaimsStory:
    story = ClaimsStory()
    story.given(placed(), issued(only(body)))
    return story


def sold(body: str) -> Product:
    """The product of parcels with this clause instead of its own."""
    head = changed(PARCEL).partition("[[clause]]")[0]
    return Product.sold(head + body, ratings())


@pytest.mark.parametrize("peril", Peril)
def test_every_peril_is_paid_or_not_sold(peril: Peril) -> None:
    if peril in NOT_SOLD:
        with pytest.raises(ContractError, match="cannot be paid yet"):
            sold(clause(peril, 'any_of = [{ scan = "LOST" }]'))
        return
    body, happens, minor = PAID[peril]
    assert sold(body).wording.clause[0].peril is peril
    story = told(body)
    happens(story)
    assert story.last(ClaimApproved).amount == usd(minor)
    story.pay(day(50))
    assert story.case.settled == minor


def test_the_products_that_are_sold_can_be_paid() -> None:
    assert all(each.peril in PAID for product in products().values() for each in product.wording.clause)


# delivered, and yet not received


DELIVERED = by_claim("not_received", 'claim_window = { clock = "delivered", opens = "P5D", closes = "P30D" }')
SCANNED = clause("not_received", 'trigger = "claim"\nany_of = [{ scan = "DELIVERED" }]')


def test_a_complaint_before_the_window_opens_is_decided_when_it_does() -> None:
    """Recorded as delivered on day 15, complained about on day 16: from day 20 a person looks at it."""
    story = told(DELIVERED)
    story.given(delivered(day(15)), complaint(day(16)))
    assert story.last(ClaimDenied).reason is DenialReason.TOO_EARLY
    assert story.last(ClaimDenied).eligible_at == day(20)
    story.until(day(20.1))
    story.when(ruling(story.last(ClaimReferred), "pay", day(21), amount=usd(6_000)))
    assert story.last(ClaimApproved).amount == usd(6_000)


def test_a_complaint_after_the_window_closed_is_denied() -> None:
    story = told(DELIVERED)
    story.given(delivered(day(15)), complaint(day(46)))
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED
    assert story.named(ClaimReferred) == []


@pytest.mark.parametrize("body", [DELIVERED, SCANNED])
def test_nothing_is_paid_for_a_delivery_that_nobody_disputes(body: str) -> None:
    story = told(body)
    story.when(delivered(day(15)))
    story.until(day(200))
    assert story.case.owed == 0
    assert story.named(ClaimReferred) == []


def test_a_clause_that_the_delivery_scan_meets_pays_whoever_says_that_it_never_came() -> None:
    """The record is what is disputed, so it does not answer the complaint."""
    story = told(SCANNED)
    story.given(delivered(day(15)), complaint(day(18)))
    story.when(ruling(story.last(ClaimReferred), "pay", day(19)))
    assert story.last(ClaimApproved).amount == usd(10_000)


def test_a_complaint_that_is_refused_leaves_the_delivery_as_it_is() -> None:
    story = told(SCANNED)
    story.given(delivered(day(15)), complaint(day(18)))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(19)))
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED
    assert story.case.owed == 0


# what can be sold


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (clause("lost", 'any_of = [{ scan = "DELIVERED" }]'), "any_of"),
        (clause("not_received", 'any_of = [{ scan = "DELIVERED" }]'), "any_of"),
        (clause("late", 'any_of = [{ clock = "delivered", after = "P5D" }]'), "clock"),
        (by_claim("missing", 'claim_window = { clock = "label", closes = "P30D" }'), "claim_window.clock"),
        (by_scan("lost") + 'trigger = "claim"\nclaim_window = { clock = "delivered" }', "claim_window.clock"),
        (by_claim("missing").replace("tiers = [", 'tiers = [{ share = "0.50" }, '), "tiers"),
    ],
)
def test_a_clause_that_can_never_pay_is_refused_by_its_field(body: str, field: str) -> None:
    with pytest.raises(ContractError) as raised:
        sold(body)
    assert raised.value.field == f"clause TG-1.{field}"
