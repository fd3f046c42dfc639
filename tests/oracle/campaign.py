"""Runs cases: each is told to the product and compared with the oracle, in several orders of arrival."""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, islice, permutations, product
from random import Random

from tests.oracle.draw import draw
from tests.oracle.drive import Run, drive
from tests.oracle.facts import Case, Disputed, Fact, Placed, told
from tests.oracle.rules import Answer, owed

CHUNK = 50
TOLD_AGAIN_EVERY = 4
"""Of so many cases one is told in another order of arrival too: that takes as long as another case."""
MAX_ORDERS = 24
"""Of arrival, that are tried of a case."""


def failures(case: Case) -> list[str]:
    """What is wrong with the product's reading of the case, or nothing."""
    return _failures(case, {look: owed(case, look) for look in case.looks})


def _failures(case: Case, answers: dict[int, Answer], *, again: bool = True) -> list[str]:
    wrong = _compared(case, case.facts, answers)
    if wrong or not again:
        return wrong
    found = _compared(case, another_order(case), answers, words_first=True)
    return [f"told in another order: {each}" for each in found]


def in_every_order(case: Case) -> list[str]:
    """What is wrong in any of the orders in which the case's facts may arrive, MAX_ORDERS at most: those that become
    known at the same instant in each order, and what tracking says of them before or behind the others."""
    answers = {look: owed(case, look) for look in case.looks}
    for number, (facts, words_first) in enumerate(islice(product(orders(case), (False, True)), MAX_ORDERS)):
        wrong = _compared(case, facts, answers, words_first=words_first)
        if wrong:
            return [f"in order {number}: {each}" for each in wrong]
    return []


def orders(case: Case) -> Iterator[tuple[Fact, ...]]:
    """The facts in each order that is one of arrival; the order itself stays in front, since who is known first says
    when the case began."""
    first = tuple(each for each in case.facts if isinstance(each, Placed))
    others = sorted((each for each in case.facts if not isinstance(each, Placed)), key=_known)
    together = [tuple(each) for _, each in groupby(others, key=_known)]
    for chosen in product(*(permutations(each) for each in together)):
        yield (*first, *chain.from_iterable(chosen))


def _known(fact: Fact) -> int:
    return fact.known


def another_order(case: Case) -> tuple[Fact, ...]:
    """The same facts: those that become known at the same instant change places, and some come twice. The order and
    its policy stay in front: who is known first says when the case began."""
    rng = Random(len(case.facts))
    facts = [each for each in case.facts if not isinstance(each, Placed)]
    rng.shuffle(facts)
    again = rng.sample(facts, len(facts) // 3)
    return (*(each for each in case.facts if isinstance(each, Placed)), *facts, *again)


def _compared(case: Case, facts: Sequence[Fact], answers: dict[int, Answer], *, words_first: bool = False) -> list[str]:
    run = drive(case, facts, words_first=words_first)
    wrong = [
        f"owed on {told(look)}: the oracle says {answers[look].entitled}, claims says {run.entitled[look]}"
        for look in sorted(case.looks)
        if answers[look].entitled != run.entitled[look]
    ]
    return wrong or _units_wrong(case, run, answers) or _paid_wrongly(case, run, answers)


def _units_wrong(case: Case, run: Run, answers: dict[int, Answer]) -> list[str]:
    """The units of which both say something else, where the sums are the same."""
    found: list[str] = []
    for look in sorted(case.looks):
        ours, theirs = {unit: each.minor for unit, each in answers[look].units.items()}, run.units[look]
        found += [
            f"{unit} on {told(look)}: the oracle says {ours.get(unit, 0)}, claims says {theirs.get(unit, 0)}"
            for unit in sorted({*ours, *theirs})
            if ours.get(unit, 0) != theirs.get(unit, 0)
        ]
    return found


def _paid_wrongly(case: Case, run: Run, answers: dict[int, Answer]) -> list[str]:
    """In the end no less is paid than is owed, unless a chargeback runs or a person has to look first; and each amount
    follows from its explanation."""
    if run.unexplained:
        return [f"explained wrongly: {run.unexplained[0]}"]
    final = answers[max(case.looks)].entitled
    waits = run.referrals or any(isinstance(each, Disputed) for each in case.facts)
    if run.paid < final and not waits:
        return [f"paid in the end: {final} is owed, {run.paid} was commanded"]
    return []


@dataclass
class Chunk:
    """What came of some cases."""

    cases: int = 0
    failed: list[int] = field(default_factory=list)
    owing: int = 0
    """In how many something is owed at one of the instants."""
    drawn: Counter[str] = field(default_factory=Counter)
    """How many had each feature."""


def run(seed: int, numbers: Sequence[int], features: Sequence[str]) -> Chunk:
    """Run these cases."""
    chunk = Chunk()
    gc.disable()
    try:
        for number in numbers:
            case = draw(seed, number, features)
            chunk.cases += 1
            chunk.drawn.update(case.features)
            answers = {look: owed(case, look) for look in case.looks}
            chunk.owing += any(answer.entitled for answer in answers.values())
            if _failures(case, answers, again=number % TOLD_AGAIN_EVERY == 0):
                chunk.failed.append(number)
            gc.collect(1)
    finally:
        gc.enable()
    return chunk


def parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """The numbers in chunks."""
    return (numbers[first : first + CHUNK] for first in range(0, len(numbers), CHUNK))
