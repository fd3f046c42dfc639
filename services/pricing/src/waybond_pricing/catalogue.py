"""What can be sold to whom: product and rating files, and each tenant's settings with the instant they take effect."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from waybond_contracts.errors import ContractError
from waybond_contracts.sale import Terms
from waybond_contracts.times import iso8601
from waybond_contracts.worded import Amount
from waybond_contracts.wording import Wording, WordingDocument
from waybond_pricing.payable import check_payable
from waybond_pricing.rating import RatingFile, parse_rating

MAX_AHEAD = timedelta(days=2)
"""How far a platform's clock and zone may run ahead. Cover would end so much later."""
CLOSED_KEPT = timedelta(days=33)
"""How long the state of an order without cover is kept, so that what comes late finds it. Whoever tells an order again
after that comes too late for every product (S: bound anew, though it was cancelled eight days ago)."""
MAX_BIND_WITHIN = CLOSED_KEPT - MAX_AHEAD - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Product:
    """One version of a product: its file as it travels, what the file says, and its rating file."""

    document: WordingDocument
    wording: Wording
    terms: Terms
    rating: RatingFile
    currencies: frozenset[str]
    """All currencies that the wording and the rating file name: an order needs a rate to each."""

    @property
    def name(self) -> str:
        return self.wording.product

    @property
    def key(self) -> str:
        """Name and version: "order-protection@2026.11.1"."""
        return f"{self.wording.product}@{self.wording.version}"

    @classmethod
    def sold(cls, body: str, ratings: Mapping[str, str]) -> "Product":
        """A product that can be offered: every clause of it can be paid. Raises ContractError naming the field."""
        product = cls.of(body, ratings)
        check_payable(product.wording)
        return product

    @classmethod
    def of(cls, body: str, ratings: Mapping[str, str]) -> "Product":
        """From the text of a product file and of the rating files by name. Raises ContractError naming the field."""
        document = WordingDocument.of(body)
        wording = document.parsed()
        if wording.terms is None:
            raise ContractError("terms", "the terms under which the product is sold")
        if wording.terms.bind_within > MAX_BIND_WITHIN:
            raise ContractError(
                "terms.bind_within", f"at most {iso8601(MAX_BIND_WITHIN)}", iso8601(wording.terms.bind_within)
            )
        if wording.terms.rating not in ratings:
            raise ContractError("terms.rating", f"one of {', '.join(sorted(ratings))}", wording.terms.rating)
        rating = parse_rating(ratings[wording.terms.rating])
        if rating.rating != wording.terms.rating:
            raise ContractError("rating", wording.terms.rating, rating.rating)
        named = {amount.currency for amount in amounts_of(wording)} - {"order"}
        currencies = frozenset({*named, wording.cover.limit_currency, rating.currency})
        return cls(document, wording, wording.terms, rating, currencies)


def amounts_of(part: object) -> Iterator[Amount]:
    """Every sum that a part of a wording names."""
    match part:
        case Amount():
            yield part
        case BaseModel():
            for _, value in part:
                yield from amounts_of(value)
        case tuple():
            for value in part:
                yield from amounts_of(value)
        case _:
            pass


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What a tenant may sell from `effective_at` (aware UTC) on: product keys, and the one an order gets unasked."""

    effective_at: datetime
    products: tuple[str, ...]
    default_product: str | None
    active: bool = True

    def offered(self, name: str) -> str | None:
        """The key of the version that the tenant offers of the product called `name`."""
        return next((key for key in self.products if key.partition("@")[0] == name), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A snapshot of all of it. Settings are only ever added, so what held at an instant is the same in every replay."""

    products: Mapping[str, Product]
    """By key."""
    tenants: Mapping[str, tuple[TenantSettings, ...]]
    """Each tenant's settings, by rising `effective_at`."""
    ratings: Mapping[str, str]
    """The text of the rating files by name."""
    complete_until: datetime
    """Settings that the snapshot does not hold take effect after this instant (aware UTC)."""

    def bound(self, key: str, body: str) -> Product:
        """The product that a policy was bound under: by the text that the policy carries, should the file differ."""
        known = self.products.get(key)
        return known if known is not None and known.document.body == body else Product.of(body, self.ratings)

    def settings_of(self, tenant: str, at: datetime) -> TenantSettings | None:
        """The settings that held at an instant; None before the first."""
        history = self.tenants.get(tenant, ())
        past = bisect_right(history, at, key=lambda settings: settings.effective_at)
        return history[past - 1] if past else None
