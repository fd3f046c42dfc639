"""Where the tables of Olist and the product files lie; the tables stay where their owner put them."""

import os
from pathlib import Path

from tests.support.olist import Product, product
from tests.support.sources import ROOT
from waybond_local.history.olist import DIRECTORY_VARIABLE

DIRECTORY = Path(os.environ.get(DIRECTORY_VARIABLE) or ROOT.parent / "shared" / "data" / "olist")
PRODUCT_FILES = ROOT / "services" / "pricing" / "src" / "waybond_pricing" / "products"


CLAIMED = "return-and-dispute-cover"
"""What only people know of: a history of parcels says nothing about it."""


def our_products() -> dict[str, Product]:
    """Our products by their file's name, as the computation reads them."""
    paths = [path for path in sorted(PRODUCT_FILES.glob("*.toml")) if not path.stem.startswith(CLAIMED)]
    return {path.stem: product(path.read_text("utf-8")) for path in paths}
