"""What a wording may say of goods that are sent back; what contradicts itself is refused by the field's name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.claims import KEY, day, only
from tests.support.filed import clause, remedies
from tests.support.returned import CLOCKS, journey, wanting_back
from waybond_contracts.disputes import ReturnCondition, ReturnReceived
from waybond_contracts.errors import ContractError
from waybond_contracts.shipments import Direction, ShipmentBooked
from waybond_contracts.wording import parse

HERE = "clause.0.remedies.0"


def test_every_word_of_a_journey_is_read() -> None:
    words = [
        'unlabelled = "pay"',
        'not_handed_in = "refer"',
        'handed_in_late = "counts"',
        'not_back = "close"',
        'silent = "refer"',
        *(f'{condition} = "pay"' for condition in ("damaged", "empty", "missing", "other_item")),
    ]
    (remedy,) = parse(only(wanting_back(*words))).clause[0].remedies
    terms = remedy.journey
    assert terms is not None
    assert (terms.label_within, terms.handed_in_within) == (timedelta(days=3), timedelta(days=10))
    assert (terms.back_within, terms.acknowledged_within) == (timedelta(days=45), timedelta(days=5))
    assert (terms.unlabelled, terms.not_handed_in, terms.handed_in_late) == ("pay", "refer", "counts")
    assert (terms.not_back, terms.silent) == ("close", "refer")
    assert {terms.damaged, terms.empty, terms.missing, terms.other_item} == {"pay"}


def test_what_is_not_said_asks_a_person_or_is_of_the_one_who_did_nothing() -> None:
    (remedy,) = parse(only(wanting_back())).clause[0].remedies
    terms = remedy.journey
    assert terms is not None
    assert (terms.unlabelled, terms.not_handed_in, terms.handed_in_late) == ("refer", "close", "refer")
    assert (terms.not_back, terms.silent, terms.empty) == ("refer", "pay", "refer")


@pytest.mark.parametrize(
    ("lines", "field", "expected"),
    [
        ([journey('empty = "close"')], f"{HERE}.journey.empty", "'pay' or 'refer'"),
        ([journey('silent = "close"')], f"{HERE}.journey.silent", "'pay' or 'refer'"),
        ([journey('unlabelled = "close"')], f"{HERE}.journey.unlabelled", "'pay' or 'refer'"),
        ([journey('not_handed_in = "pay"')], f"{HERE}.journey.not_handed_in", "'close' or 'refer'"),
        ([journey('received = "refer"')], f"{HERE}.journey.received", ""),
        ([journey('unlabelled = "pay"', clocks=CLOCKS.partition(", ")[2])], f"{HERE}.journey.unlabelled", "label"),
        ([journey(clocks='handed_in_within = "P5D"')], f"{HERE}.journey.back_within", ""),
        ([journey(clocks=CLOCKS.replace("P45D", "P0D"))], f"{HERE}.journey.back_within", "above zero"),
        ([remedies(f'{{ remedy = "refund", journey = {{ {CLOCKS} }} }}')], f"{HERE}.journey", "no journey with refund"),
        (
            [remedies(f'{{ remedy = "return", within = "P9D", journey = {{ {CLOCKS} }} }}')],
            f"{HERE}.within",
            "one of within and journey",
        ),
        (
            [remedies(f'{{ remedy = "return", journey = {{ {CLOCKS} }} }}', '{ remedy = "refund" }')],
            "clause.0.remedies",
            "nobody would send anything",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(lines: list[str], field: str, expected: str) -> None:
    with pytest.raises(ContractError) as refused:
        parse(only(clause(*lines)))
    assert refused.value.field == field
    assert expected in str(refused.value)


def test_a_package_is_outbound_unless_it_is_said_otherwise() -> None:
    booking = ShipmentBooked(**KEY, occurred_at=day(1), package_id="P1", carrier="c", tracking_number="t")
    assert (booking.direction, booking.dispute_id) == (Direction.OUTBOUND, None)


def test_who_sent_goods_back_does_not_receive_them() -> None:
    fields: dict[str, Any] = {"dispute_id": "D-1", "receipt_id": "1", "condition": ReturnCondition.RECEIVED}
    with pytest.raises(ValueError, match="'seller' or 'platform'"):
        ReturnReceived(**KEY, occurred_at=day(1), **fields, by="buyer")  # type: ignore[arg-type]  # that is the test
