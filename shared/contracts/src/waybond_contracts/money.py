"""Money: integer minor units with a currency and its exponent; shares are taken in Decimal and rounded once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic_core import core_schema

from waybond_contracts._iso import EXPONENTS
from waybond_contracts.errors import ContractError
from waybond_contracts.fields import MAX_INTEGER, Model
from waybond_contracts.making import maker

EXPECTED_CURRENCY = "an ISO 4217 currency code"
# 16 digits of an amount times 18 + 12 digits of a rate: a product is exact before it is rounded, once.
_EXACT = Context(prec=64, rounding=ROUND_HALF_UP)
_WRITTEN = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,16})?")


def _listed(code: str) -> str:
    if code not in EXPONENTS:
        raise ContractError("", EXPECTED_CURRENCY, code)
    return code


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_listed)]
"""An ISO 4217 code, or one that was withdrawn but that old orders still carry."""
Minor = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]


class Money(Model):
    """An amount in minor units; `exponent` says how many decimals the currency has, so that a reader needs no table."""

    minor: Minor
    """The amount in minor units: 1250 is 12.50 USD, 1250 JPY, 1.250 KWD."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """ISO 4217 code."""
    exponent: Annotated[int, Field(ge=0, le=4)]
    """How many decimals the currency has (ISO 4217): 0, 2, 3 or 4."""

    @model_validator(mode="after")
    def _known(self) -> "Money":
        exponent = EXPONENTS.get(self.currency)
        if exponent is None:
            raise ContractError("currency", EXPECTED_CURRENCY, self.currency)
        if exponent != self.exponent:
            raise ContractError("exponent", f"{exponent}, the decimals of {self.currency}", self.exponent)
        return self

    @classmethod
    def of(cls, minor: int, currency: str) -> "Money":
        """`minor` units of `currency`. Raises ContractError for a currency that ISO 4217 does not list, and for an
        amount that is no integer or over MAX_INTEGER."""
        if type(minor) is not int:
            raise ContractError("minor", "an integer", minor)
        return _MADE({"minor": _bounded(minor), "currency": currency, "exponent": exponent_of(currency)})

    @classmethod
    def parse(cls, amount: str, currency: str) -> "Money":
        """Read "12.50". Raises ContractError for anything but a plain decimal string with at most the currency's
        decimals; zeros beyond them are no decimals ("1000.00" is 1000 JPY, as some providers write it)."""
        exponent = exponent_of(currency)
        if not _WRITTEN.fullmatch(amount):
            raise ContractError("amount", "a decimal string such as 12.50", amount)
        scaled = Decimal(amount).scaleb(exponent, _EXACT)
        if scaled != scaled.to_integral_value():
            raise ContractError("amount", f"at most {exponent} decimals for {currency}", amount)
        return cls.of(int(scaled), currency)

    @property
    def amount(self) -> Decimal:
        """In major units."""
        return Decimal(self.minor).scaleb(-self.exponent)

    def with_minor(self, minor: int) -> "Money":
        """The same currency, another amount; skips validation, since only the checked `minor` is new."""
        return _MADE({"minor": _bounded(minor), "currency": self.currency, "exponent": self.exponent})

    def zero(self) -> "Money":
        return self.with_minor(0)

    # Arithmetic between two currencies, and a result over MAX_INTEGER, raise ContractError.

    def plus(self, other: "Money") -> "Money":
        self._same(other)
        return self.with_minor(self.minor + other.minor)

    def less(self, other: "Money") -> "Money":
        self._same(other)
        return self.with_minor(self.minor - other.minor)

    def times(self, factor: Decimal) -> "Money":
        """Rounded once, half up (away from zero), to a minor unit."""
        return self.with_minor(rounded(_EXACT.multiply(Decimal(self.minor), factor)))

    def at_most(self, other: "Money") -> "Money":
        self._same(other)
        return self if self.minor <= other.minor else other

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ContractError("currency", self.currency, other.currency)

    def __str__(self) -> str:
        return f"{self.amount:,.{self.exponent}f} {self.currency}"


_MADE = maker(Money)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Marks a field of Money whose amount is at least `minor` units."""

    minor: int

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, object]:
        return {"allOf": [handler(schema), {"properties": {"minor": {"minimum": self.minor}}}]}

    def _checked(self, money: Money) -> Money:
        if money.minor < self.minor:
            raise ContractError("minor", f"{self.minor} or more", money.minor)
        return money


ZeroOrMore = Annotated[Money, AtLeast(0)]
MoreThanZero = Annotated[Money, AtLeast(1)]


def exponent_of(currency: str) -> int:
    """Decimals of an ISO 4217 currency: 0, 2, 3 or 4. Raises ContractError for a code that is not listed."""
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        raise ContractError("currency", EXPECTED_CURRENCY, currency)
    return exponent


def rounded(minor: Decimal) -> int:
    """Half up, away from zero, to an integer number of minor units."""
    return int(minor.quantize(Decimal(1), context=_EXACT))


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of `amounts`, zero in `currency` if there are none."""
    result = Money.of(0, currency)
    for amount in amounts:
        result = result.plus(amount)
    return result


def _bounded(minor: int) -> int:
    if not -MAX_INTEGER <= minor <= MAX_INTEGER:
        raise ContractError("minor", f"at most {MAX_INTEGER} minor units", minor)
    return minor
