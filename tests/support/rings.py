"""SYNTHETIC rings of fraud and innocent orders that look like them, and how well thresholds tell them apart.

Nothing here was seen anywhere: each story is made up, and how often each occurs is too. What is measured says whether
the facts carry what such thresholds need, and nothing of how much fraud there is.

    python -m tests.support.rings [worlds]
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from tests.support.signals import World, filed, flipped, hindered, placed, returned
from waybond_contracts.event import Event
from waybond_contracts.shipments import ScanKind

THRESHOLDS = {
    "buyer claims_90d": 2,
    "address claims_90d": 3,
    "address returned_90d": 2,
    "card buyers": 2,
    "photo same_photo": 0,
    "photo similar_photo": 0,
}
"""An underwriter's, as an example: a person looks at a claim where a fact is above one of these."""


class Row(NamedTuple):
    story: str
    fraud: bool
    claims: int
    referred: int


@dataclass
class Draw:
    """Stories of one world, as events with the story that each claim belongs to."""

    random: Random
    events: list[Event] = field(default_factory=list)
    claims: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def order(self, at: float, **tokens: str) -> str:
        self.count += 1
        name = f"o{self.count}"
        fresh = {"buyer": f"b{self.count}", "address": f"a{self.count}", "card": f"c{self.count}"}
        self.events.append(placed(name, at, **fresh | {"seller": f"s{self.count % 7}"} | tokens))
        return name

    def claim(self, story: str, order: str, at: float, *photos: str) -> None:
        self.claims[order] = story
        self.events.append(filed(order, at, *photos))

    def picture(self) -> str:
        return f"{self.random.getrandbits(64):016x}"

    def changed(self, picture: str, bits: int) -> str:
        return flipped(picture, self.random.sample(range(64), bits))

    def days(self, count: int, first: float = 0, last: float = 60) -> list[float]:
        return sorted(self.random.uniform(first, last) for _ in range(count))


def one_address_many_names(draw: Draw) -> None:
    for at in draw.days(8):
        draw.claim("ring at one address", draw.order(at, address="ring"), at + 20)


def returned_to_sender(draw: Draw) -> None:
    for at in draw.days(6):
        order = draw.order(at, address="nowhere")
        draw.events.append(hindered(order, at + 10, ScanKind.ADDRESS_PROBLEM))
        draw.events.append(returned(order, at + 11))
        draw.claim("ring of returns to sender", order, at + 20)


def serial_claimer(draw: Draw) -> None:
    for at in draw.days(7):
        draw.claim("one buyer, claim after claim", draw.order(at, buyer="serial"), at + 20)


def one_card(draw: Draw) -> None:
    for at in draw.days(6, 10, 11):
        draw.claim("one card, many buyers", draw.order(at, card="ring"), at + 20)


def one_photo(draw: Draw) -> None:
    picture = draw.picture()
    for at in draw.days(6):
        bits = draw.random.randint(0, 1)  # two copies of it then differ in two bits at most
        draw.claim("one photo, sent on", draw.order(at), at + 20, draw.changed(picture, bits))


def edited_photo(draw: Draw) -> None:
    picture = draw.picture()
    for at in draw.days(6):
        draw.claim("one photo, edited", draw.order(at), at + 20, draw.changed(picture, draw.random.randint(2, 4)))


def careful_ring(draw: Draw) -> None:
    for at in draw.days(5):
        draw.claim("ring that shares nothing", draw.order(at), at + 20, draw.picture())


def flatmates(draw: Draw) -> None:
    for at in draw.days(2):
        draw.claim("two honest claims at one address", draw.order(at, address="flat"), at + 20)


def bad_round(draw: Draw) -> None:
    for number, at in enumerate(draw.days(12, 20, 22)):
        draw.claim("a bad courier's round", draw.order(at, address=f"street {number}", seller="s1"), at + 20)


def parcel_shop(draw: Draw) -> None:
    for number, at in enumerate(draw.days(60)):
        order = draw.order(at, address="parcel shop")
        if number % 30 == 7:
            draw.events.append(returned(order, at + 12))
        if number % 12 == 0:
            draw.claim("a parcel shop", order, at + 20)


def student_house(draw: Draw) -> None:
    for number, at in enumerate(draw.days(40)):
        order = draw.order(at, address="student house", buyer=f"student {number % 15}", card=f"student {number % 15}")
        if number % 13 == 0:
            draw.claim("a student house", order, at + 20, draw.picture())


def family_card(draw: Draw) -> None:
    for number, at in enumerate(draw.days(9)):
        order = draw.order(at, address="home", buyer=f"family {number % 3}", card="family")
        if number == 8:
            draw.claim("a family's card", order, at + 20)


def good_customer(draw: Draw) -> None:
    for number, at in enumerate(draw.days(40)):
        order = draw.order(at, buyer="loyal", address="loyal", card="loyal")
        if number % 14 == 0:
            draw.claim("forty orders, three claims", order, at + 20, draw.picture())


def one_box(draw: Draw) -> None:
    picture = draw.picture()
    for _ in range(2):
        draw.claim("one broken box, two orders", draw.order(15, buyer="box", address="box", card="box"), 40, picture)


def sellers_picture(draw: Draw) -> None:
    picture = draw.picture()
    for at in draw.days(3):
        draw.claim("the shop's own picture", draw.order(at), at + 20, picture)


def blank_wall(draw: Draw) -> None:
    for at in draw.days(3):
        draw.claim("a photo without detail", draw.order(at), at + 20, "0000000000000001")


def ordinary(draw: Draw) -> None:
    for number, at in enumerate(draw.days(200)):
        order = draw.order(at)
        if number % 10 == 0:
            draw.claim("ordinary claims", order, at + 20, draw.picture())


RINGS: tuple[Callable[[Draw], None], ...] = (
    *(one_address_many_names, returned_to_sender, serial_claimer, one_card, one_photo, edited_photo, careful_ring),
)
INNOCENT: tuple[Callable[[Draw], None], ...] = (
    *(flatmates, bad_round, parcel_shop, student_house, family_card, good_customer, one_box, sellers_picture),
    *(blank_wall, ordinary),
)


def measured(worlds: int) -> list[Row]:
    """Each story's claims, and those that are put before a person, over so many worlds."""
    claims: Counter[tuple[str, bool]] = Counter()
    referred: Counter[tuple[str, bool]] = Counter()
    for seed in range(worlds):
        draw = Draw(Random(seed))
        guilty: set[str] = set()
        for story in (*RINGS, *INNOCENT):
            before = set(draw.claims)
            story(draw)
            guilty |= set(draw.claims) - before if story in RINGS else set()
        world = World()
        for event in sorted(draw.events, key=lambda each: each.occurred_at):
            world.given(event)
        for order, story in draw.claims.items():
            key = story, order in guilty
            claims[key] += 1
            referred[key] += any(world.facts(order).get(fact, 0) > most for fact, most in THRESHOLDS.items())
    return [Row(*key, claims[key], referred[key]) for key in claims]


def table(rows: list[Row]) -> Iterator[str]:
    """The rows as a table of docs/signals.md, precision and recall below."""
    yield "|Story (synthetic)|Fraud|Claims|Put before a person|"
    yield "|---|---|---|---|"
    for row in rows:
        yield f"|{row.story}|{'yes' if row.fraud else 'no'}|{row.claims}|{row.referred}|"
    caught = sum(row.referred for row in rows if row.fraud)
    precision = caught / sum(row.referred for row in rows)
    recall = caught / sum(row.claims for row in rows if row.fraud)
    yield f"|**Precision {precision:.1%}, recall {recall:.1%}**| | | |"


if __name__ == "__main__":
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    print("\n".join(table(measured(worlds))))  # noqa: T201  # it is a command
