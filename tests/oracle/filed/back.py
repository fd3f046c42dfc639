"""How goods come back, read from "Returns" in docs/claims.md: one parcel, and what the seller says of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.oracle.filed.facts import DAY, Back, Moved, Received

PAY, REFER, CLOSE = "pay", "refer", "close"


@dataclass(frozen=True, slots=True)
class Come:
    """How far they have come: a step that is open for so many days, or what follows from how it ended."""

    follows: str = ""
    step: str = ""
    days: int = 0


@dataclass
class Goods:
    """What is known of the way back, and by when each step was, or is, to be done."""

    parcel: Moved | None = None
    said: Received | None = None
    dates: dict[str, int] = field(default_factory=dict)
    open: str = ""
    passed: int = -1
    """When a date ran out last."""

    def hear(self, fact: Moved | Received) -> None:
        if isinstance(fact, Received):
            self.said = fact
        elif self.parcel is None or fact.version > self.parcel.version:
            self.parcel = fact

    def known(self) -> set[str]:
        """By what an appeal may be new."""
        found = {f"received {self.said.at}"} if self.said is not None else set[str]()
        return found | {f"parcel {self.parcel.version}"} if self.parcel is not None else found

    def come(self, terms: Back) -> Come:
        """What the seller says counts before what the carrier shows."""
        if self.said is not None:
            return Come(PAY if self.said.condition == "received" else dict(terms.said)[self.said.condition])
        parcel = self.parcel
        if parcel is None and terms.label is not None:
            return self._step("label", terms.label, terms.unlabelled)
        if parcel is None or parcel.handed_in is None:
            return self._step("handed_in", terms.handed_in, terms.not_handed_in)
        by = self.dates.get("handed_in")
        if by is not None and parcel.handed_in > by and terms.late != "counts":
            return Come(terms.late)
        if parcel.back is not None:
            return self._step("acknowledged", terms.acknowledged, terms.silent)
        if parcel.sent_back is not None:
            return Come(REFER)
        if parcel.lost is not None:
            return Come(terms.not_back)
        return self._step("back", terms.back, terms.not_back)

    def _step(self, name: str, days: int, otherwise: str) -> Come:
        """A date that was missed holds as long as nothing comes."""
        return Come(otherwise) if self._is_over(name) else Come(step=name, days=days)

    def _is_over(self, name: str) -> bool:
        return name in self.dates and self.dates[name] <= self.passed

    def wait(self, come: Come | None, now: int) -> tuple[str, int] | None:
        """Open this step, or none; what is told: the step, and by when, if it was not open before."""
        name = come.step if come is not None else ""
        if not name or name == self.open or come is None:
            self.open = name
            return None
        self.open = name
        self.dates.setdefault(name, now + come.days * DAY)
        return name, self.dates[name]

    def ends(self, now: int) -> Iterator[int]:
        if self.open and not self._is_over(self.open):
            yield max(now, self.dates[self.open])

    def run_out(self, now: int) -> None:
        if self.open and self.dates[self.open] <= now:
            self.passed = max(self.passed, now)
