"""Many encoded facts and states from one: only the ids of the order differ, so nothing is encoded twice."""

import re
from collections.abc import Mapping, Sequence


class StencilError(ValueError):
    """The encoded text does not hold what should differ from order to order."""


class Stencil:
    """One encoded fact or state with holes where ids stand.

    Args:
        encoded: what the product's own code encoded for a specimen.
        ids: the specimen's ids by name, each of which differs from order to order; one that does not occur is ignored.
            An id may not occur within another's text except whole (`ch_bench-00000001` holds `bench-00000001`).

    Raises StencilError if none of the ids occurs.
    """

    def __init__(self, encoded: bytes, ids: Mapping[str, str]) -> None:
        names = {identity.encode(): name for name, identity in ids.items()}
        longest_first = sorted(names, key=len, reverse=True)
        pieces = re.split(b"(" + b"|".join(map(re.escape, longest_first)) + b")", encoded)
        self._fixed = pieces[::2]
        self._holes = [names[piece] for piece in pieces[1::2]]
        if not self._holes:
            raise StencilError(f"none of {', '.join(ids)} occurs in {encoded[:200]!r}")

    @property
    def names(self) -> frozenset[str]:
        """The names of the ids that have to be filled in."""
        return frozenset(self._holes)

    def fill(self, ids: Mapping[str, str]) -> bytes:
        """The same for another order."""
        parts: Sequence[bytes] = [
            part
            for pair in zip(self._fixed, (ids[name].encode() for name in self._holes), strict=False)
            for part in pair
        ]
        return b"".join(parts) + self._fixed[-1]
