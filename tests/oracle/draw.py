"""Draws cases: small ones, whose instants lie on a coarse grid so that they meet."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

from tests.oracle.facts import (
    DAY,
    Amended,
    Booked,
    Case,
    Checked,
    Cover,
    Disputed,
    Ended,
    Fact,
    Filed,
    Line,
    Placed,
    Refunded,
    Resolved,
    Scanned,
)
from tests.oracle.journeys import Trip, journey
from tests.oracle.rules import rounded
from tests.oracle.tables import drawn_wording
from tests.oracle.wordings import Rate, Wording

HALF = 12
PROMISE = 20 * DAY
ENDS = 240 * DAY
AFTER_ALL = 300 * DAY + 7
"""An instant behind everything."""
PRICES = (1, 7, 1_000, 3_333, 4_000, 6_000, 9_999)
ROUND_PRICES = (100, 1_000, 4_000, 6_000)
CURRENCIES = {
    "BRL": (Rate("USD", "BRL", "5.1237"),),
    "JPY": (Rate("JPY", "USD", "0.0067"),),
    "KWD": (Rate("USD", "KWD", "0.30719"),),
}
PARTS = {"uplift", "dated_cover", "remainder", "moved_lines", "unknown_lines", "announced"}
"""With these a unit's value has to be rounded where prices are odd."""
IMPLIED = {"rounded_once": ("currencies", "deductible_share")}
"""What a feature brings with it."""
IN_FORCE_AGAIN_WITHIN_DAYS = 33
"""So long after cover ended pricing knows the order, and may put its cover in force again."""
REMEMBERED = 7 * DAY
"""So long after cover ended tracking knows an order of which it has told nothing that could be taken back."""
Packing = dict[str, tuple[tuple[str, int], ...]]


def draw(seed: int, number: int, features: Sequence[str]) -> Case:
    """The case of this number: it has up to three of the features, one at least where one alone is asked for."""
    rng = Random(f"{seed}/{number}")
    most = min(len(features), 3)
    least = min(len(features), 1) if len(features) < 3 else 0
    picked = tuple(sorted(rng.sample(list(features), rng.randint(least, most))))
    return _Drawer(rng, picked).case()


class _Drawer:
    """Draws one case."""

    def __init__(self, rng: Random, features: tuple[str, ...]) -> None:
        self.rng, self.picked = rng, features
        self.features = (*features, *(name for each in features for name in IMPLIED.get(each, ())))
        self.currency = rng.choice(sorted(CURRENCIES)) if self.has("currencies") else "USD"
        self.lines = self._lines()
        self.wording: Wording = drawn_wording(rng, self.features, sum(line.minor for line in self.lines))
        shipping = rng.choice((0, 500)) if self.has("rounding") or len(self.lines) == 1 else 0
        self.placed = Placed(known=0, lines=self.lines, promise=PROMISE, shipping=shipping, currency=self.currency)
        self.ends: int = rng.choice((ENDS, ENDS, ENDS, 28 * DAY, 40 * DAY))
        self.issued = self._issued()

    def has(self, feature: str) -> bool:
        return feature in self.features

    def case(self) -> Case:
        rng = self.rng
        facts: list[Fact] = [self.placed, self.issued]
        packing = self._packing()
        for package, lines in packing.items():
            facts += self._package(package, lines)
        for feature, draws in (
            ("moved_lines", self._moved),
            ("replacement", self._replacement),
        ):
            if self.has(feature):
                facts += draws(packing)
        for feature, tells in (
            ("refunds", self._refunds),
            ("refund_lines", self._refunds_of_lines),
            ("chargeback", self._chargeback),
            ("chargeback_no_amount", self._chargeback),
            ("chargeback_revised", self._revised),
            ("filed", self._filed),
            ("told_twice", self._told_twice),
            ("echo", self._echoes),
            ("dated_cover", self._amended),
            ("dated_lane", self._sent_elsewhere),
            ("cancelled", self._cancelled),
            ("reinstated", self._reinstated),
        ):
            if self.has(feature):
                facts += tells()
        facts = _numbered(facts)
        looks = sorted(rng.sample(range(1, 200), 2))
        rates = CURRENCIES.get(self.currency, ())
        heard = tuple(each for each in facts if not self._too_late(each, facts))
        return Case(self.wording, heard, rates, self.picked, (*(day * HALF + 7 for day in looks), AFTER_ALL))

    def _too_late(self, fact: Fact, facts: Sequence[Fact]) -> bool:
        """Whether it is of a package and becomes known when tracking has forgotten the order."""
        ends = max(each.ends for each in facts if isinstance(each, Cover))
        return isinstance(fact, Scanned | Booked) and fact.known > ends + REMEMBERED

    def _lines(self) -> tuple[Line, ...]:
        rng = self.rng
        goods = ("toys", "jewellery") if any("category" in each for each in self.features) else ("toys",)
        pieces = (1, 2, 3) if self.has("remainder") or self.has("moved_lines") else (1,)
        prices = PRICES if self.has("rounding") or not set(self.features) & PARTS else ROUND_PRICES
        return tuple(
            Line(f"L{each}", rng.choice(prices), rng.choice(pieces), rng.choice(goods))
            for each in range(1, rng.randint(1, 3) + 1)
        )

    def _issued(self) -> Cover:
        total = self.placed.total
        limit = self.rng.choice((total * 3, total * 3, total * 3, max(1, total // 2)))
        return Cover(
            known=0,
            version=1,
            basis=self._basis(total),
            limit=limit,
            ends=self.ends,
            package_limit=self.rng.choice((1, total // 3 + 1, total)) if self.has("package_limit") else None,
        )

    def _basis(self, total: int) -> int:
        return rounded(total * (1 + Fraction(self.wording.uplift or 0)))

    def _packing(self) -> Packing:
        """Which package holds which lines."""
        rng = self.rng
        packages = [f"P{each}" for each in range(1, rng.randint(1, len(self.lines)) + 1)]
        holds: dict[str, list[tuple[str, int]]] = {name: [] for name in packages}
        for index, line in enumerate(self.lines):
            package = packages[index] if index < len(packages) else rng.choice(packages)
            count = rng.randint(0, line.quantity) if self.has("remainder") else line.quantity
            if count:
                holds[package].append((line.name, count))
        if self.has("unknown_lines"):
            for name in rng.sample(packages, rng.randint(1, len(packages))):
                holds[name] = rng.choice(([], [], [("L9", 1)]))
        packed = {name: tuple(lines) for name, lines in holds.items()}
        return packed if self.has("unknown_lines") else {name: lines for name, lines in packed.items() if lines}

    def _package(self, package: str, lines: tuple[tuple[str, int], ...]) -> list[Fact]:
        rng = self.rng
        at = HALF * rng.randint(1, 8)
        promise = HALF * rng.randint(16, 39) if self.has("own_promise") and rng.random() < 0.7 else None
        announced = rng.randint(2, 4) if self.has("announced") else None
        booked = Booked(known=at, at=at, package=package, lines=lines, promise=promise, announced=announced)
        scans = self._scans(package, at, promise or PROMISE)
        return [booked, *scans, *(self._checks(package) if self.has("asks_carrier") else ())]

    def _checks(self, package: str) -> list[Checked]:
        """Answers of the carrier, whether it was asked or not."""
        found: list[Checked] = []
        for _ in range(self.rng.choice((0, 1, 1, 3))):
            known = HALF * self.rng.randint(20, 160) + self.rng.choice((2, 5))
            found.append(Checked(known=known, package=package, at=known - self.rng.choice((0, 1, 12, 72))))
        return found

    def _scans(self, package: str, after: int, promise: int = PROMISE) -> list[Fact]:
        trip = Trip(
            after=after,
            promise=promise,
            sparse=self.has("sparse"),
            found=self.has("arrival_after_loss"),
            destroyed=self.has("destroyed"),
            held=self.has("exclusion_scan"),
            spans=self.has("intervals"),
        )
        # The first two scans are known at once: a feed speaks from then on, unless it is drawn as sparse.
        return [
            Scanned(known=last + (self._delay() if nth > 1 else 0), package=package, kind=kind, first=first, last=last)
            for nth, (kind, first, last) in enumerate(journey(self.rng, trip))
        ]

    def _delay(self) -> int:
        return HALF * self.rng.choice((0, 0, 0, 0, 1, 6, 20))

    def _moved(self, packing: Packing) -> list[Fact]:
        """Packages are booked again: a line has gone to another one, two change their contents, or a piece is gone."""
        rng, names = self.rng, list(packing)
        at = HALF * rng.randint(9, 80)
        if not names:
            return []
        if len(names) == 1:
            again = {names[0]: tuple((line, max(1, count - 1)) for line, count in packing[names[0]])}
        else:
            source, target = rng.sample(names, 2)
            moved, stays = packing[source][:1], packing[source][1:]
            both = dict(packing[target])
            for line, count in moved:
                both[line] = both.get(line, 0) + count
            if stays:
                again = {target: tuple(both.items()), source: stays}
            else:
                again = {source: packing[target], target: packing[source]}
        return [Booked(known=at, at=at, package=package, lines=lines) for package, lines in again.items()]

    def _replacement(self, packing: Packing) -> list[Fact]:
        """One or two packages that bring all or some of another one's goods again, whether they say so or not."""
        rng, facts = self.rng, list[Fact]()
        at, before = HALF * rng.randint(12, 60), sorted(packing)
        for name in ("R1", "R2")[: rng.choice((1, 1, 2)) if packing else 0]:
            of = rng.choice(before)
            lines = rng.choice((packing[of], packing[of], packing[of][:1], ()))
            says = of if not lines or rng.random() < 0.5 else ""
            facts += [Booked(known=at, at=at, package=name, lines=lines, replaces=says), *self._scans(name, at)]
            packing, before, at = packing | {name: lines}, [of, name], at + HALF * rng.randint(1, 40)
        return facts

    def _sums(self, most: int) -> int:
        return self.rng.choice((1, most // 3 + 1, most // 2, most))

    def _refunds(self) -> list[Fact]:
        return [
            Refunded(known=HALF * self.rng.randint(2, 120) + 1, ref=f"r{each}", minor=self._sums(self.placed.total))
            for each in range(self.rng.randint(1, 2))
        ]

    def _refunds_of_lines(self) -> list[Fact]:
        rng = self.rng
        found: list[Fact] = []
        for each in range(rng.randint(1, 2)):
            lines = rng.sample(self.lines, rng.randint(1, min(2, len(self.lines))))
            minor = self._sums(sum(line.minor for line in lines))
            names = tuple(line.name for line in lines)
            found.append(Refunded(known=HALF * rng.randint(2, 120) + 1, ref=f"l{each}", minor=minor, lines=names))
        return found

    def _told_twice(self) -> list[Fact]:
        """The outcome of a dispute, with an amount or without one, and the platform's word of the same money."""
        rng, total = self.rng, self.placed.total
        opened = HALF * rng.randint(20, 90) + 1
        over, told = opened + HALF * rng.randint(1, 40), opened + HALF * rng.randint(1, 60) + 2
        won = Resolved(known=over, at=over, dispute="D2", outcome="PAYOUT", minor=rng.choice((None, self._sums(total))))
        lines = (rng.choice(self.lines).name,) if rng.random() < 0.3 else ()
        again = Refunded(known=told, ref="t1", minor=self._sums(total), lines=lines, same_as="D2")
        return [Disputed(known=opened, at=opened, dispute="D2"), won, again]

    def _echoes(self) -> list[Fact]:
        known = HALF * self.rng.randint(30, 200) + 5
        return [Refunded(known=known, ref="e1", minor=self._sums(self.placed.total), echo=True)]

    def _sent_elsewhere(self) -> list[Fact]:
        at = HALF * self.rng.randint(2, 120) + 2
        return [replace(self._issued(), known=at, version=2, lane="CN-AR")]

    def _chargeback(self) -> list[Fact]:
        rng, total = self.rng, self.placed.total
        opened = HALF * rng.randint(20, 110) + 1
        over = opened + HALF * rng.randint(1, 60)
        open_ended = rng.random() < 0.2
        named = rng.choice((None, self._sums(total)))
        facts: list[Fact] = [Disputed(known=opened, at=opened, dispute="D1", minor=named)]
        if open_ended:
            return facts
        won = ("BUYER_FAVOUR", "ACCEPTED", "PAYOUT")
        if self.has("chargeback_no_amount"):
            end = Resolved(known=over, at=over, dispute="D1", outcome=rng.choice(won))
        else:
            outcome, minor = rng.choice((("SELLER_FAVOUR", None), ("SELLER_FAVOUR", 0), (won[0], self._sums(total))))
            end = Resolved(known=over, at=over, dispute="D1", outcome=outcome, minor=minor)
        return [*facts, end]

    def _revised(self) -> list[Fact]:
        """Outcomes one after the other, each a revision, dated and known in any order; the dispute told or not."""
        rng, total = self.rng, self.placed.total
        opened = HALF * rng.randint(20, 90) + 1
        found: list[Fact] = []
        if rng.random() < 0.7:
            minor = rng.choice((None, self._sums(total)))
            found.append(Disputed(known=opened, at=opened, dispute="D3", minor=minor))
        for revision in range(1, rng.randint(3, 5)):
            outcome, most = rng.choice((("SELLER_FAVOUR", 0), ("BUYER_FAVOUR", total), ("PAYOUT", total)))
            minor = rng.choice((None, self._sums(most))) if most else None
            at, known = (opened + HALF * rng.randint(1, 40) for _ in range(2))
            end = Resolved(known=known, at=at, dispute="D3", outcome=outcome, minor=minor, revision=revision)
            found.append(end)
        return found

    def _filed(self) -> list[Fact]:
        """What a claim asks for bounds nothing that is due by itself; it is what a chargeback of the same name counts
        as that was won without an amount."""
        rng = self.rng
        at = HALF * rng.randint(10, 120) + 1
        lines = (rng.choice(self.lines).name,) if rng.random() < 0.5 else ()
        minor = rng.choice((None, self._sums(self.placed.total)))
        return [Filed(known=at, at=at, dispute=rng.choice(("D3", "D4")), lines=lines, minor=minor)]

    def _amended(self) -> list[Fact]:
        """All prices rise or fall, and the policy follows an hour later."""
        at = HALF * self.rng.randint(2, 120) + 1
        factor = Fraction(self.rng.choice(("2", "5", "0.5")))
        lines = tuple(replace(line, minor=max(1, rounded(line.minor * factor))) for line in self.lines)
        total = sum(line.minor for line in lines) + self.placed.shipping
        cover = Cover(
            known=at + 1,
            version=2,
            basis=self._basis(total),
            limit=self.rng.choice((total * 3, total // 2 + 1)),
            ends=self.ends,
        )
        return [Amended(known=at, revision=1, total=total, lines=lines), cover]

    def _cancelled(self) -> list[Fact]:
        at = HALF * self.rng.randint(2, 120) + 3
        return [self._ended(at, void=self.rng.random() < 0.2)]

    def _reinstated(self) -> list[Fact]:
        at = HALF * self.rng.randint(2, 120) + 3
        ended = self._ended(at, void=False)
        again = replace(self._issued(), known=at + HALF * self.rng.randint(1, 40), version=2)
        return [ended, again]

    def _ended(self, at: int, *, void: bool) -> Ended:
        return Ended(known=at, version=2, void=void)


def _numbered(facts: Sequence[Fact]) -> list[Fact]:
    """The versions of the policy numbered as they became known; without those that put it in force again so long
    after it ended that pricing no longer knows the order."""
    drawn = sorted((each for each in facts if isinstance(each, Cover | Ended)), key=lambda each: each.known)
    numbers: dict[int, int] = {}
    ended: int | None = None
    for each in drawn:
        if isinstance(each, Ended):
            ended = each.known if ended is None else ended
        elif ended is not None and each.known > ended + IN_FORCE_AGAIN_WITHIN_DAYS * DAY:
            continue
        else:
            ended = None
        numbers[id(each)] = len(numbers) + 1
    found: list[Fact] = []
    for each in facts:
        if not isinstance(each, Cover | Ended):
            found.append(each)
        elif id(each) in numbers:
            found.append(replace(each, version=numbers[id(each)]))
    return found
