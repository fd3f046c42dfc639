"""Finds the wording that an order's own is compared with: a given file, or the successor that its product names."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from waybond_claims.case.state import Case
from waybond_contracts.errors import ContractError
from waybond_contracts.wording import parse
from waybond_pricing.catalogue import Product
from waybond_pricing.files import ratings

BOUND_KEPT = 256


class Wanted(Struct, frozen=True):
    """Which orders are compared with what.

    `product`: a name ("order-protection") or one version of it ("order-protection@2026.11.1"); empty: all. `given`: a
    wording for all orders of its product; None: the successor that each product file names.
    """

    catalogue: Mapping[str, Product]
    """The products that come with pricing, by key."""
    product: str = ""
    tenant: str = ""
    since: datetime | None = None
    """Orders whose cover attached from then on."""
    given: Product | None = None

    def takes(self, case: Case) -> bool:
        """Whether the order is one of them."""
        policy = case.policy
        if policy is None or (self.since is not None and policy.attached_at < self.since):
            return False
        names = policy.product, f"{policy.product}@{policy.product_version}"
        if (self.product and self.product not in names) or not case.order_key.startswith(self._prefix):
            return False
        return self.successor(case) is not None

    @property
    def _prefix(self) -> str:
        return f"{self.tenant}/" if self.tenant else ""

    def successor(self, case: Case) -> Product | None:
        """The wording that the order's own is compared with."""
        if case.policy is None:
            return None
        if self.given is not None:
            return self.given if self.given.name == case.policy.product else None
        own = parse(case.wording).shadow
        known = self.catalogue.get(f"{case.policy.product}@{case.policy.product_version}")
        shadow = own or (known.wording.shadow if known is not None else None)
        return self._named(shadow.successor) if shadow is not None else None

    def _named(self, name: str) -> Product | None:
        return next((each for key, each in self.catalogue.items() if key.replace("@", "-") == name), None)


def given(path: Path) -> Product:
    """The product in a file. Raises ContractError, naming the field, if it cannot be read, sold or paid."""
    try:
        body = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError("successor", "a product file in UTF-8", f"{path}: {error}") from None
    try:
        return Product.sold(body, ratings())
    except ContractError as error:
        raise ContractError(f"{path.name}: {error.field}", error.expected, error.got) from error


@lru_cache(BOUND_KEPT)
def bound(body: str) -> Product:
    """The product that a policy was bound under. Raises ContractError where its rating file is gone."""
    return Product.of(body, ratings())
