"""Reads the product and rating files that come with the service."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from waybond_contracts.errors import ContractError
from waybond_pricing.catalogue import Product


@cache
def ratings() -> Mapping[str, str]:
    """The text of each rating file, by its name."""
    return MappingProxyType(_texts("ratings"))


@cache
def products() -> Mapping[str, Product]:
    """All versions of all products, by key.

    Raises ContractError, naming the file, for one that cannot be read, has a clause that cannot be paid, or is not
    called by its product and version.
    """
    read: dict[str, Product] = {}
    for name, body in _texts("products").items():
        try:
            product = Product.sold(body, ratings())
        except ContractError as error:
            raise ContractError(f"products/{name}.toml: {error.field}", error.expected, error.got) from error
        if name != product.key.replace("@", "-"):
            raise ContractError(f"products/{name}.toml", f"the name {product.key.replace('@', '-')}.toml", name)
        read[product.key] = product
    check_successors(read)
    return MappingProxyType(read)


def check_successors(known: Mapping[str, Product]) -> None:
    """Raise ContractError, naming file and field, where a product is compared with a wording that is not among them.

    `known`: by key, each of a file whose clauses can all be paid.
    """
    names = {key.replace("@", "-"): product for key, product in known.items()}
    for name, product in names.items():
        shadow = product.wording.shadow
        if shadow is None:
            continue
        others = sorted(each for each, other in names.items() if other.name == product.name and each != name)
        if shadow.successor not in others:
            expected = f"another version of {product.name} ({', '.join(others) or 'there is none'})"
            raise ContractError(f"products/{name}.toml: shadow.successor", expected, shadow.successor)


def _texts(folder: str) -> dict[str, str]:
    found = sorted((files("waybond_pricing") / folder).iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".toml"): file.read_text("utf-8") for file in found if file.name.endswith(".toml")}
