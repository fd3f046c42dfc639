"""Money: integer minor units with a currency and its exponent; shares are taken in Decimal and rounded once."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import Field, model_validator

from waybond_contracts._iso import EXPONENTS
from waybond_contracts.errors import ContractError
from waybond_contracts.fields import MAX_INTEGER, Model

Minor = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER, description="integer minor units of the currency")]


class Money(Model):
    """An amount in minor units; `exponent` says how many decimals the currency has (ISO 4217), so that a reader
    needs no table. Arithmetic between two currencies raises `ContractError`."""

    minor: Minor
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    exponent: Annotated[int, Field(ge=0, le=4)]

    @model_validator(mode="after")
    def _known(self) -> "Money":
        exponent = EXPONENTS.get(self.currency)
        if exponent is None:
            raise ValueError(f"an ISO 4217 currency code was expected, {self.currency} is none")
        if exponent != self.exponent:
            raise ValueError(f"the exponent of {self.currency} is {exponent}, not {self.exponent}")
        return self

    @classmethod
    def of(cls, minor: int, currency: str) -> "Money":
        """`minor` units of `currency`. Raises ContractError for a currency that ISO 4217 does not list."""
        return cls(minor=minor, currency=currency, exponent=exponent_of(currency))

    @classmethod
    def parse(cls, amount: str, currency: str) -> "Money":
        """Read "12.50". Raises ContractError for anything but a decimal string with at most the currency's decimals."""
        exponent = exponent_of(currency)
        try:
            scaled = Decimal(amount).scaleb(exponent)
        except ArithmeticError:
            raise ContractError("amount", "a decimal string", amount) from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise ContractError("amount", f"at most {exponent} decimals for {currency}", amount)
        return cls.of(int(scaled), currency)

    @property
    def amount(self) -> Decimal:
        """In major units."""
        return Decimal(self.minor).scaleb(-self.exponent)

    def with_minor(self, minor: int) -> "Money":
        """The same currency, another amount; skips validation, since only the checked `minor` is new."""
        if not -MAX_INTEGER <= minor <= MAX_INTEGER:
            raise ContractError("minor", f"at most {MAX_INTEGER} minor units", minor)
        return Money.model_construct(minor=minor, currency=self.currency, exponent=self.exponent)

    def zero(self) -> "Money":
        return self.with_minor(0)

    def plus(self, other: "Money") -> "Money":
        self._same(other)
        return self.with_minor(self.minor + other.minor)

    def less(self, other: "Money") -> "Money":
        self._same(other)
        return self.with_minor(self.minor - other.minor)

    def times(self, factor: Decimal) -> "Money":
        """Rounded once, half up (away from zero), to a minor unit."""
        return self.with_minor(rounded(Decimal(self.minor) * factor))

    def at_most(self, other: "Money") -> "Money":
        self._same(other)
        return self if self.minor <= other.minor else other

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ContractError("currency", self.currency, other.currency)

    def __str__(self) -> str:
        return f"{self.amount:,.{self.exponent}f} {self.currency}"


def exponent_of(currency: str) -> int:
    """Decimals of an ISO 4217 currency: 0, 2, 3 or 4. Raises ContractError for a code that is not listed."""
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        raise ContractError("currency", "an ISO 4217 code", currency)
    return exponent


def rounded(minor: Decimal) -> int:
    """Half up, away from zero, to an integer number of minor units."""
    return int(minor.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of `amounts`, zero in `currency` if there are none."""
    result = Money.of(0, currency)
    for amount in amounts:
        result = result.plus(amount)
    return result
