"""Models that are made without validation are what validation makes of the same values."""

import pytest
from pydantic import ValidationError

from tests.support.kit import START
from waybond_contracts.explanation import Finding
from waybond_contracts.fields import Interval
from waybond_contracts.making import maker
from waybond_contracts.money import Money
from waybond_contracts.shipments import PackageLine


def test_what_is_made_is_what_validation_makes() -> None:
    money = {"minor": 1_250, "currency": "USD", "exponent": 2}
    assert maker(Money)(money) == Money(**money)
    assert maker(Money)(money).model_dump_json() == Money(**money).model_dump_json()
    assert hash(maker(Money)(money)) == hash(Money(**money))


def test_a_field_with_a_default_may_be_left_out() -> None:
    named = {name for name, field in Finding.model_fields.items() if field.is_required()}
    made = maker(Finding)(dict.fromkeys(named, "x"))
    assert all(
        getattr(made, name) == field.get_default() for name, field in Finding.model_fields.items() if name not in named
    )


def test_it_is_frozen_as_any_other() -> None:
    made = maker(PackageLine)({"line_id": "1", "quantity": 2})
    with pytest.raises(ValidationError, match="frozen"):
        made.quantity = 3  # type: ignore[misc]  # it is frozen: that is what is tested


def test_two_of_them_share_nothing() -> None:
    make = maker(Interval)
    first, second = make({"earliest": START, "latest": START}), make({"earliest": START, "latest": START})
    assert first == second and first.__dict__ is not second.__dict__
