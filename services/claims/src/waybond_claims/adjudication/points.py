"""The points of one delivery, as they are kept in a finding and told to the person who decides."""

from msgspec import Struct

from waybond_contracts.received import outcome


class Scored(Struct, frozen=True, gc=False):
    """The points of one package."""

    package_id: str
    start: int
    rows: tuple[tuple[str, int], ...]
    """Each fact that is known, with its points."""
    refer_from: int
    pay_from: int

    @property
    def total(self) -> int:
        return self.start + sum([points for _, points in self.rows])

    @property
    def outcome(self) -> str:
        """pay, refer or below."""
        return outcome(self.start, [points for _, points in self.rows], self.refer_from, self.pay_from)

    @property
    def told(self) -> str:
        """The points in words, for the person who decides."""
        rows = ", ".join(f"{fact.replace('_', ' ')} {points:+d}" for fact, points in self.rows)
        known = f"{rows}: " if rows else "nothing is known of the delivery: "
        return (
            f"Points of package {self.package_id}: start {self.start:+d}, {known}{self.total} in all "
            f"(paid by itself from {self.pay_from}, a person decides from {self.refer_from})."
        )
