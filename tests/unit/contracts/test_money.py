"""Money of 0, 2, 3 and 4 decimals: read from decimal strings, added, shared, rounded once, shown."""

from decimal import Decimal

import pytest

from waybond_contracts._iso import EXPONENTS
from waybond_contracts.errors import ContractError
from waybond_contracts.fields import MAX_INTEGER
from waybond_contracts.money import Money, exponent_of, total


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1250", "JPY", 1250),
        ("12.50", "USD", 1250),
        ("12.5", "USD", 1250),
        ("1.250", "KWD", 1250),
        ("0.1250", "CLF", 1250),
        ("-12.50", "USD", -1250),
        ("0", "USD", 0),
        ("-0.00", "USD", 0),
        # As providers write it: decimals that the currency does not have, all of them zero.
        ("1250.00", "JPY", 1250),
        ("1250.0000", "ISK", 1250),
        ("12.500", "USD", 1250),
        ("9007199254740991", "JPY", MAX_INTEGER),
        ("90071992547409.91", "USD", MAX_INTEGER),
    ],
)
def test_a_decimal_string_is_read(amount: str, currency: str, minor: int) -> None:
    money = Money.parse(amount, currency)
    assert (money.minor, money.currency, money.exponent) == (minor, currency, EXPONENTS[currency])
    assert money.amount == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency", "field", "expected"),
    [
        ("12.505", "USD", "amount", "at most 2 decimals for USD"),
        ("12.5", "JPY", "amount", "at most 0 decimals for JPY"),
        ("1.2345", "KWD", "amount", "at most 3 decimals for KWD"),
        ("12,50", "USD", "amount", "a decimal string"),
        ("1e3", "USD", "amount", "a decimal string"),
        ("1e999999999", "USD", "amount", "a decimal string"),
        ("1_000", "USD", "amount", "a decimal string"),
        ("NaN", "USD", "amount", "a decimal string"),
        ("Infinity", "USD", "amount", "a decimal string"),
        ("", "USD", "amount", "a decimal string"),
        (" 1", "USD", "amount", "a decimal string"),
        ("1\n", "USD", "amount", "a decimal string"),
        ("+1", "USD", "amount", "a decimal string"),
        ("\u0661", "USD", "amount", "a decimal string"),
        ("99999999999999.99", "USD", "minor", "at most 9007199254740991"),
        ("1", "XXQ", "currency", "an ISO 4217 currency code"),
        ("1", "usd", "currency", "an ISO 4217 currency code"),
    ],
)
def test_what_is_no_amount_is_named(amount: str, currency: str, field: str, expected: str) -> None:
    with pytest.raises(ContractError) as error:
        Money.parse(amount, currency)
    assert error.value.field == field
    assert expected in error.value.expected


@pytest.mark.parametrize(("minor", "currency"), [(1.5, "USD"), (True, "USD"), ("1", "USD"), (MAX_INTEGER + 1, "USD")])
def test_money_is_made_of_bounded_integers_alone(minor: object, currency: str) -> None:
    with pytest.raises(ContractError) as error:
        Money.of(minor, currency)  # pyright: ignore[reportArgumentType] (what a careless caller passes)
    assert error.value.field == "minor"


def test_sums_and_differences_keep_the_currency() -> None:
    left, right = Money.of(1250, "KWD"), Money.of(751, "KWD")
    assert left.plus(right) == Money.of(2001, "KWD")
    assert right.less(left) == Money.of(-499, "KWD")
    assert left.at_most(right) == right
    assert left.zero() == Money.of(0, "KWD")
    assert total([left, right, right], "KWD") == Money.of(2752, "KWD")
    assert total([], "JPY") == Money.of(0, "JPY")


@pytest.mark.parametrize("operation", ["plus", "less", "at_most"])
def test_two_currencies_do_not_mix(operation: str) -> None:
    with pytest.raises(ContractError) as error:
        getattr(Money.of(1, "USD"), operation)(Money.of(1, "EUR"))
    assert str(error.value) == "currency: expected USD, got EUR"


def test_a_sum_over_the_bound_is_refused() -> None:
    with pytest.raises(ContractError) as error:
        Money.of(MAX_INTEGER, "USD").plus(Money.of(1, "USD"))
    assert error.value.field == "minor"


@pytest.mark.parametrize(
    ("minor", "currency", "factor", "expected"),
    [
        (4600, "USD", "0.10", 460),
        (4605, "USD", "0.10", 461),  # 460.5 goes up
        (-4605, "USD", "0.10", -461),  # away from zero
        (4604, "USD", "0.10", 460),
        (125, "JPY", "0.5", 63),
        (1001, "KWD", "0.3333", 334),
        (10001, "CLF", "0.00005", 1),
        (1, "USD", "0", 0),
        # 28 digits, Decimal's usual precision, would round this twice: first up to the half, then up.
        (1, "USD", "0.4" + "9" * 29, 0),
        (MAX_INTEGER, "USD", "1.000000000000", MAX_INTEGER),
    ],
)
def test_a_share_is_rounded_once_half_up(minor: int, currency: str, factor: str, expected: int) -> None:
    assert Money.of(minor, currency).times(Decimal(factor)).minor == expected


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123456789, "JPY", "123,456,789 JPY"),
        (1250, "USD", "12.50 USD"),
        (1250, "KWD", "1.250 KWD"),
        (12500000, "UYW", "1,250.0000 UYW"),
        (-5, "USD", "-0.05 USD"),
    ],
)
def test_money_shows_the_decimals_of_its_currency(minor: int, currency: str, text: str) -> None:
    assert str(Money.of(minor, currency)) == text


def test_the_table_has_withdrawn_currencies_and_every_number_of_decimals() -> None:
    assert set(EXPONENTS.values()) == {0, 2, 3, 4}
    assert [exponent_of(code) for code in ("HRK", "BGN", "ANG", "SLL")] == [2, 2, 2, 2]
    assert [sum(exponent == n for exponent in EXPONENTS.values()) for n in (0, 3, 4)] == [17, 7, 2]
