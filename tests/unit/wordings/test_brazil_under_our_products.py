"""The parcel that took three months to Brazil under Waybond's own products, day by day.

An order of 100.00 USD of 2 March 2026, promised for day 41; held in customs, last heard of on day 53 at 11:00 (14:00 at
the latest), then on day 89; delivered on day 94, Thursday, 4 June, at 18:00 (21:00 UTC at the latest)."""

import pytest

from tests.support.wordings import EXAMPLES, PRODUCTS, body
from tests.unit.wordings.test_try import payments, row
from waybond_contracts.claims import ClaimDenied, EvidenceRequested
from waybond_local.wordings.drive import drive
from waybond_local.wordings.story import Disputed, read_story

BRAZIL = read_story(EXAMPLES / "brazil.json")
OURS = {path.stem.partition("-2026")[0]: body(path) for path in PRODUCTS}
RETURNS = body(EXAMPLES / "dispute-cover-brazil.toml")


def test_order_protection_pays_in_steps_and_all_of_it_when_nothing_is_heard() -> None:
    driven = drive(OURS["order-protection"], BRAZIL)
    # 7 days after the promise 10 %, after 15 days 30 %. 30 days after day 53 nobody has heard anything: the carrier has
    # three days to answer, and says nothing.
    assert payments(driven) == [
        (48, "10.00 USD", ("TG-1",)),
        (56, "30.00 USD", ("TG-1",)),
        (86, "100.00 USD", ("LO-2",)),
    ]
    assert str(row(driven, 94).paid) == "100.00 USD"


def test_the_delivery_time_guarantee_pays_by_how_late_it_is_and_no_loss() -> None:
    # 3, 7, 15 and 30 days after the promise: 5, 10, 20 and 30 %.
    assert payments(drive(OURS["logistics-time-guarantee"], BRAZIL)) == [
        (44, "5.00 USD", ("TG-1",)),
        (48, "10.00 USD", ("TG-1",)),
        (56, "20.00 USD", ("TG-1",)),
        (71, "30.00 USD", ("TG-1",)),
    ]


def test_return_and_dispute_cover_asks_a_person_and_pays_nothing_by_itself() -> None:
    # The buyer may claim from the day after the promise on, day 42, and complains on day 44.
    driven = drive(RETURNS, BRAZIL)
    assert payments(driven) == []
    assert row(driven, 44).said[0].startswith("claims: asks a person (adjuster): Clause NR-1")


@pytest.mark.parametrize(("at", "taken"), [("02:59", True), ("03:00", True), ("03:01", False)])
def test_other_goods_than_were_sold_are_claimed_within_seven_business_days(at: str, taken: bool) -> None:
    # 5, 8 to 12 and 15 June; Corpus Christi, the 4th, is no national holiday. Day 106 is the 16th, which begins
    # at 03:00 UTC in Brazil.
    complaint = Disputed.model_validate({"day": 106, "at": at, "dispute": "NOT_AS_DESCRIBED", "id": "other"})
    arrived = [step for step in BRAZIL.steps if not isinstance(step, Disputed)]
    events = [each.event for each in drive(RETURNS, BRAZIL.model_copy(update={"steps": (*arrived, complaint)})).said]
    answer = next(each for each in events if isinstance(each, EvidenceRequested | ClaimDenied))
    assert isinstance(answer, EvidenceRequested if taken else ClaimDenied)


def test_the_seller_has_five_business_days_to_answer() -> None:
    # The buyer complains on Monday, 8 June (day 98): 9 to 12 June and Monday, the 15th.
    complaint = Disputed.model_validate({"day": 98, "at": "12:00", "dispute": "NOT_AS_DESCRIBED", "id": "other"})
    arrived = [step for step in BRAZIL.steps if not isinstance(step, Disputed)]
    driven = drive(RETURNS, BRAZIL.model_copy(update={"steps": (*arrived, complaint)}))
    asked = [each.event for each in driven.said if isinstance(each.event, EvidenceRequested)]
    by = {each.of: f"{each.answer_by:%Y-%m-%d %H:%M}" for each in asked[:2]}
    assert by["seller"] == "2026-06-16 03:00"
