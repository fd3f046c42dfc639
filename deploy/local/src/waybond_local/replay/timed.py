"""Events with the instant at which they became known, merged into the one order in which a replay tells them."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TypedDict, TypeVar

from pydantic import ValidationError

from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.event import Event
from waybond_contracts.topics import DISPUTES, ORDERS, SHIPMENTS
from waybond_local.history.table import Contradiction

Order = TypeVar("Order")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANK = {ORDERS: 0, SHIPMENTS: 1, DISPUTES: 2}


class About(TypedDict):
    """The order that an event is about."""

    tenant: str
    platform: str
    order_id: str


@dataclass(frozen=True, slots=True)
class Timed:
    """An event and when it became known (aware UTC)."""

    known_at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Told:
    """What a history says: its events, what contradicts itself, and what had to be assumed, in words.

    `contradictions`: by kind, how many in these orders and how many in all files.
    """

    facts: tuple[Timed, ...]
    contradictions: Mapping[str, tuple[int, int]]
    rejected: int
    assumptions: Mapping[str, int]

    @property
    def first(self) -> datetime:
        return self.facts[0].known_at

    @property
    def last(self) -> datetime:
        return self.facts[-1].known_at


def counted(contradictions: Iterable[Contradiction], about: Container[str]) -> dict[str, tuple[int, int]]:
    """Contradictions by kind: about these (orders, packages or lines), and in all."""
    told, total = Counter[str](), Counter[str]()
    for each in contradictions:
        total[each.kind] += 1
        told[each.kind] += each.about in about
    return {kind: (told[kind], total[kind]) for kind in sorted(total)}


def merged(facts: Iterable[Timed]) -> tuple[Timed, ...]:
    """By known_at; at one instant orders come before shipments, else as they were given."""
    return tuple(sorted(facts, key=lambda fact: (fact.known_at, _RANK.get(fact.event.topic, len(_RANK)))))


def carried(
    orders: Iterable[Order], events: Callable[[Order], Iterable[Timed]]
) -> tuple[tuple[Timed, ...], dict[str, int]]:
    """The events of the orders, merged. An order that no event can carry is left out whole: it is counted, with what
    is wrong with the first one."""
    facts: list[Timed] = []
    wrong: list[str] = []
    for order in orders:
        try:
            facts += list(events(order))
        except ValidationError as error:
            wrong.append(str(contract_error(error)))
        except ContractError as error:
            wrong.append(str(error))
    return merged(facts), {f"orders left out, which no event can carry ({wrong[0]})": len(wrong)} if wrong else {}


def windows(facts: Sequence[Timed], grain: timedelta) -> Iterator[list[Timed]]:
    """Facts of one window of time after another."""
    for _, window in groupby(facts, key=lambda fact: (fact.known_at - EPOCH) // grain):
        yield list(window)
