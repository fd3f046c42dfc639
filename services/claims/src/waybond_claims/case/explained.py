"""What the last approval said of the units of a large order, in the claim file."""

from msgspec import Struct


class Explained(Struct, frozen=True, array_like=True, gc=False):
    """A unit of which something was found: a package's id, None for the remainder, "" for the order as a whole."""

    unit: str | None
    digest: str
    """Of what was found; another digest means that something changed."""
