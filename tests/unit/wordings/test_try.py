"""Stories that `waybond wording try` decides, with what is paid on which day worked out by hand."""

import json
from itertools import pairwise
from typing import Any

import pytest

from tests.support.wordings import EXAMPLES, FIELD, LATE, PRODUCTS, body, clause, exclusion, wording
from waybond_contracts.claims import ClaimReferred
from waybond_contracts.errors import ContractError
from waybond_contracts.policies import PolicyDeclined
from waybond_contracts.refunds import IssueRefund, RefundResult, RefundSucceeded
from waybond_local.wordings.drive import Drive, drive
from waybond_local.wordings.story import parse_story, read_story
from waybond_local.wordings.timeline import Row, rows

BRAZIL, NEVER_SHIPPED = (read_story(EXAMPLES / name) for name in ("brazil.json", "never-shipped.json"))
FIELDS = {path.stem: body(path) for path in FIELD}
PROTECTION = next(body(path) for path in PRODUCTS if path.stem.startswith("order-protection"))


def told(text: str, *steps: dict[str, Any], until: int = 90, **order: Any) -> Drive:
    """A story of an order of 100.00 USD from China to Brazil."""
    placed = {"total": "100.00", "currency": "USD", "origin": "CN", "destination": "BR"} | order
    return drive(text, parse_story(json.dumps({"order": placed, "steps": steps, "until": until}).encode()))


def payments(driven: Drive) -> list[tuple[int, str, tuple[str, ...]]]:
    """The days on which something was paid: the day, all that was paid until then, and the clauses."""
    found: list[tuple[int, str, tuple[str, ...]]] = []
    before = 0
    for row in rows(driven):
        if row.paid.minor != before:
            found.append((row.day, str(row.paid), row.clauses))
        before = row.paid.minor
    return found


def row(driven: Drive, day: int) -> Row:
    return next(each for each in rows(driven) if each.day == day)


def test_brazil_under_wish_the_seller_is_liable_for_all_of_it_from_day_29() -> None:
    driven = drive(FIELDS["wish"], BRAZIL)
    assert payments(driven) == [(29, "100.00 USD", ("LIABLE-1",))]
    assert row(driven, 27).wakes == "day 29, tracking"
    assert "tracking: LIABLE-1 fell due for A: 29 days from the order" in row(driven, 29).said
    assert "claims: answers the complaint: already paid" in row(driven, 44).said


def test_brazil_under_seel_5_on_day_30_and_all_of_it_on_day_60_though_it_arrives() -> None:
    driven = drive(FIELDS["seel"], BRAZIL)
    # 5.00 for the delay; then the whole 100.00 for the loss, of which 95.00 are left; it arrives and stays paid.
    assert payments(driven) == [(30, "5.00 USD", ("DELAY-2",)), (60, "100.00 USD", ("LOSS-1",))]
    assert row(driven, 94).happened == ("A scanned: DELIVERED (door)",)
    assert str(row(driven, 94).paid) == "100.00 USD"


def test_brazil_under_aliexpress_nothing_before_day_120_and_it_arrives_before() -> None:
    driven = drive(FIELDS["aliexpress"], BRAZIL)
    assert payments(driven) == []
    assert row(driven, 53).wakes == "day 120, tracking"
    assert row(driven, 94).said == ("tracking: A arrived",)


def test_brazil_under_aliexpress_all_of_it_on_day_120_if_it_does_not_arrive() -> None:
    missing = BRAZIL.model_copy(update={"steps": BRAZIL.steps[:-1]})
    assert payments(drive(FIELDS["aliexpress"], missing)) == [(120, "100.00 USD", ("GUARANTEE-1",))]


def test_of_two_packages_the_one_that_is_never_shipped_is_paid_in_steps() -> None:
    driven = drive(PROTECTION, NEVER_SHIPPED)
    # Promised for day 20, 40.00 of 100.00 missing: 10 % a week later, 30 % in all after 15 days, all of it after 45
    # days, once the carrier had three days to answer.
    assert payments(driven) == [
        (27, "4.00 USD", ("TG-1",)),
        (35, "12.00 USD", ("TG-1",)),
        (68, "40.00 USD", ("LO-2",)),
    ]
    assert row(driven, 65).said == ("tracking: asks the carrier about B, until day 68",)


def test_a_carrier_that_knows_no_more_makes_it_sooner() -> None:
    steps = [{"day": 1, "booked": "A"}, {"day": 66, "checked": "A"}]
    driven = told(PROTECTION, *steps, promised_latest=20)
    assert [(day, paid) for day, paid, _ in payments(driven)][-1] == (66, "100.00 USD")


def test_what_becomes_known_late_counts_from_then() -> None:
    scan = {"day": 10, "scan": "LOST", "package": "A"}
    assert [day for day, *_ in payments(told(PROTECTION, scan))] == [10]
    assert [day for day, *_ in payments(told(PROTECTION, scan | {"known": 14}))] == [14]


def test_what_was_due_before_it_became_known_is_paid_when_it_became_known() -> None:
    driven = told(FIELDS["seel"], {"day": 0, "booked": "A", "known": 50})
    # 5.00 were due on day 30, 30 days after the booking of day 0; the loss falls due on day 60 as always.
    assert payments(driven) == [(50, "5.00 USD", ("DELAY-2",)), (60, "100.00 USD", ("LOSS-1",))]
    assert row(driven, 50).wakes == "day 60, tracking"


def test_an_order_that_no_product_takes_is_declined_with_its_reason() -> None:
    driven = told(PROTECTION, currency="BRL")
    assert [type(each.event) for each in driven.said[1:]] == [PolicyDeclined]
    assert "needs an exchange rate" in row(driven, 0).said[0]
    rate = {"base": "USD", "quote": "BRL", "rate": "5.40"}
    assert row(told(PROTECTION, currency="BRL", exchange=rate), 0).said[0].startswith("pricing: cover bound")


def test_an_order_that_is_cancelled_has_no_cover_any_more() -> None:
    driven = told(wording(LATE), {"day": 10, "cancelled": True})
    assert payments(driven) == []
    assert row(driven, 10).said[0].startswith("pricing: cover ended")


def test_what_the_platform_gave_back_is_not_paid_again() -> None:
    lost = {"day": 10, "scan": "LOST", "package": "A"}
    driven = told(PROTECTION, {"day": 5, "refunded": "30.00"}, lost)
    assert payments(driven) == [(10, "70.00 USD", ("LO-1",))]


def test_an_order_that_is_amended_is_paid_as_it_stands() -> None:
    driven = told(wording(LATE), {"day": 5, "amend": {"total": "60.00", "lines": [{"id": "1", "total": "60.00"}]}})
    # 10 % of 60.00 on day 20, 30 % in all on day 30.
    assert payments(driven) == [(20, "6.00 USD", ("LATE",)), (30, "18.00 USD", ("LATE",))]


DAMAGE = clause('trigger = "claim"\ntiers = [{ share = "1" }]', "damaged", "DMG")


def test_a_person_s_answer_is_what_the_story_says() -> None:
    complaint = {"day": 10, "dispute": "DAMAGED"}
    asked = told(wording(DAMAGE), complaint)
    assert [each.event.role for each in asked.said if isinstance(each.event, ClaimReferred)][:1] == ["adjuster"]
    paid = told(wording(DAMAGE), complaint, {"day": 12, "decide": "pay", "amount": "40.00"})
    assert payments(paid) == [(12, "40.00 USD", ("DMG",))]


def test_a_decision_that_nobody_asked_for_is_refused_by_its_step() -> None:
    with pytest.raises(ContractError, match=r"steps\.0\.decide: expected a question that waits .* on day 3"):
        told(wording(DAMAGE), {"day": 3, "decide": "pay"})
    with pytest.raises(ContractError, match=r"steps\.1\.decide: expected one of .*, got maybe"):
        told(wording(DAMAGE), {"day": 3, "dispute": "DAMAGED"}, {"day": 4, "decide": "maybe"})


def test_a_benefit_by_the_period_grows_until_the_parcel_arrives() -> None:
    text = wording(
        clause(
            'clock = "order"\ntiers = [{ after = "P10D", share = "0.05", per = "P1D", at_most = { amount = "20" } }]'
        )
    )
    arrives = {"day": 12, "at": "12:00", "scan": "DELIVERED", "package": "A", "handed_to": "door"}
    # Due on day 10: 5.00 for each of the days 11, 12 and 13 that had begun; the fourth would have made 20.00.
    assert [(day, paid) for day, paid, _ in payments(told(text, arrives))][-1] == (12, "15.00 USD")
    assert [paid for _, paid, _ in payments(told(text))] == ["5.00 USD", "10.00 USD", "15.00 USD", "20.00 USD"]


def test_an_exclusion_takes_it_away() -> None:
    refused = {"day": 5, "scan": "REFUSED", "package": "A"}
    assert payments(told(wording(LATE, exclusion('scans = ["REFUSED"]')), refused)) == []
    assert payments(told(wording(LATE), refused)) != []


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_the_same_story_and_wording_always_give_the_same(name: str) -> None:
    once, again = (drive(FIELDS[name], BRAZIL) for _ in range(2))
    assert once.said == again.said
    assert rows(once) == rows(again)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_nothing_is_known_before_it_is_told(name: str) -> None:
    driven = drive(FIELDS[name], BRAZIL)
    assert all(one.at <= other.at for one, other in pairwise(driven.said))


def test_each_command_is_answered_once() -> None:
    driven = drive(FIELDS["seel"], BRAZIL)
    commands = [each.event.refund_id for each in driven.said if isinstance(each.event, IssueRefund)]
    answers = [each.event for each in driven.said if isinstance(each.event, RefundResult)]
    assert [each.refund_id for each in answers] == commands
    assert {type(each) for each in answers} == {RefundSucceeded}


RETURN = clause(
    'trigger = "claim"\ntiers = [{ share = "0.80" }]\nremedies = [{ remedy = "return", journey = { '
    'label_within = "P3D", handed_in_within = "P10D", back_within = "P45D", acknowledged_within = "P5D" } }]',
    "damaged",
    "DA",
)
SENT_BACK = (
    {"day": 1, "booked": "A"},
    {"day": 9, "scan": "DELIVERED", "package": "A"},
    {"day": 20, "dispute": "DAMAGED"},
    {"day": 21, "decide": "pay"},
    {"day": 22, "booked": "R", "returns": "dispute"},
    {"day": 25, "scan": "PICKED_UP", "package": "R"},
    {"day": 35, "scan": "DELIVERED", "package": "R"},
)


def test_goods_that_come_back_are_paid_when_the_seller_had_time_to_look() -> None:
    """80 of 100, five days after they were back."""
    driven = told(wording(RETURN), *SENT_BACK)
    assert payments(driven) == [(40, "80.00 USD", ("DA",))]
    assert "claims: the seller has until day 24: label" in row(driven, 21).said
    assert "claims: the buyer has until day 32: handed in" in row(driven, 22).said
    assert "tracking: return R handed in" in row(driven, 25).said
    assert "claims: the carrier has until day 70: back" in row(driven, 25).said
    assert "claims: the seller has until day 40: acknowledged" in row(driven, 35).said


def test_goods_that_the_seller_has_received_are_paid_on_that_day() -> None:
    driven = told(wording(RETURN), *SENT_BACK, {"day": 36, "received": "received"})
    assert payments(driven) == [(36, "80.00 USD", ("DA",))]
    assert row(driven, 36).happened == ("seller says what came back: received",)


def test_an_empty_return_is_put_before_a_person() -> None:
    empty = {"day": 36, "received": "empty", "package": "R"}
    driven = told(wording(RETURN), *SENT_BACK, empty, {"day": 37, "decide": "pay", "amount": "10.00"})
    assert payments(driven) == [(37, "10.00 USD", ("DA",))]


def test_a_return_of_a_complaint_that_there_is_not_is_refused() -> None:
    with pytest.raises(ContractError, match=r"steps\.0: expected the id of a dispute of the story"):
        told(wording(RETURN), {"day": 22, "booked": "R", "returns": "D-9"})


HEEDING = wording(
    clause(
        'trigger = "claim"\ntiers = [{ share = "1.00" }]\n'
        'refer_when = [{ fact = "claims_90d", of = "buyer", above = 2 }]\n'
        'evidence = [{ of = "seller", any_of = ["proof_of_shipment"], within = "P5D", absent = "pay" }]',
        "damaged",
        "DA",
    )
)


@pytest.mark.parametrize(("claims", "paid"), [(2, [(10, "100.00 USD", ("DA",))]), (3, [])])
def test_signals_tell_what_the_story_says_of_other_orders(claims: int, paid: list[Any]) -> None:
    """The seller shows nothing by day 10: paid then, and put before a person where the buyer has three claims."""
    story = {
        "order": {"total": "100.00", "currency": "USD", "origin": "CN", "destination": "BR"},
        "steps": [{"day": 5, "dispute": "DAMAGED"}],
        "until": 20,
        "signals": [{"fact": "claims_90d", "of": "buyer", "value": claims}],
    }
    driven = drive(HEEDING, parse_story(json.dumps(story).encode()))
    assert payments(driven) == paid
    assert f"signals: of other orders: claims_90d of the buyer is {claims}" in row(driven, 5).said
    assert any(isinstance(each.event, ClaimReferred) for each in driven.said) is not bool(paid)


def test_without_a_word_signals_know_nothing_of_other_orders() -> None:
    assert payments(told(HEEDING, {"day": 5, "dispute": "DAMAGED"}, until=20)) == [(10, "100.00 USD", ("DA",))]
    assert not any("signals" in each for each in row(told(LATE_WORDING, {"day": 5, "dispute": "LATE"}), 5).said)


@pytest.mark.parametrize("fact", ["claims_7d", "same_photo"])
def test_a_fact_that_signals_do_not_tell_of_a_buyer_is_named(fact: str) -> None:
    story = {"order": {"total": "1", "currency": "USD", "origin": "CN", "destination": "BR"}, "until": 1}
    with pytest.raises(ContractError, match="signals"):
        parse_story(json.dumps(story | {"signals": [{"fact": fact, "of": "buyer", "value": 1}]}).encode())


LATE_WORDING = wording(LATE)
