"""A wording as pricing sells it: under its own terms or, where it has none, to everybody and for nothing."""

from datetime import UTC, datetime, timedelta

from waybond_contracts.sale import Terms
from waybond_contracts.wording import WordingDocument
from waybond_pricing.catalogue import MAX_BIND_WITHIN, Catalogue, Product, TenantSettings, amounts_of
from waybond_pricing.files import ratings
from waybond_pricing.rating import Base, Credibility, Observed, RatingFile

FREE = "free"
SINCE, FOR_EVER = datetime(2000, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


def product(body: str, currency: str) -> Product:
    """The product that a wording's text makes for an order in `currency`. Raises ContractError naming the field."""
    document = WordingDocument.of(body)
    wording = document.parsed()
    if wording.terms is not None:
        return Product.of(body, ratings())
    named = {each.currency for each in amounts_of(wording)} - {"order"}
    terms = Terms(rating=FREE, bind_within=MAX_BIND_WITHIN)
    return Product(document, wording, terms, _free(currency), frozenset({*named, wording.cover.limit_currency}))


def catalogue(sold: Product, tenant: str) -> Catalogue:
    """One tenant that sells one product, at all times."""
    settings = TenantSettings(SINCE, (sold.key,), sold.key)
    return Catalogue({sold.key: sold}, {tenant: (settings,)}, ratings(), FOR_EVER)


def _free(currency: str) -> RatingFile:
    """No premium for anybody: a wording without terms says nothing of one."""
    return RatingFile(
        rating=FREE,
        note="The wording has no terms: it is tried without a premium.",
        source="none",
        currency=currency,
        base=Base(all=Observed(value="0", observations=0)),
        credibility=Credibility(base="1", service="1", season="1", value_band="1"),
        minimum_minor={currency: 0},
    )
