"""Runs claims: each is told to the product and compared with the oracle."""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.oracle.filed.draw import draw
from tests.oracle.filed.drive import drive, wording
from tests.oracle.filed.facts import Case, told
from tests.oracle.filed.way import Way

HIDDEN = {"product", "version", "title", "cover", "id", "peril", "trigger", "[[clause]]"}
"""Lines of the wording that are the same in each case."""
CHUNK = 50


@dataclass
class Chunk:
    """What came of some cases."""

    cases: int = 0
    failed: list[int] = field(default_factory=list)
    owing: int = 0
    """In how many something was owed at some time."""
    drawn: Counter[str] = field(default_factory=Counter)
    """In how many a claim stood so at some time, an offer was accepted, an appeal looked at."""


def failures(case: Case) -> list[str]:
    """What is wrong with the product's way of the claim, or nothing."""
    return _compared(case, Way(case).run())


def _compared(case: Case, way: Way) -> list[str]:
    run = drive(case)
    wrong = [
        f"owed on {told(look)}: the oracle says {way.entitled.get(look)}, claims says {run.entitled[look]}"
        for look in case.looks
        if way.entitled.get(look) != run.entitled[look]
    ]
    if way.offers != run.offers:
        wrong.append(
            f"offered (when, how much, until when): the oracle says {_shown(way.offers)}, claims {_shown(run.offers)}"
        )
    if way.steps != run.steps:
        wrong.append(f"steps of the return: the oracle says {_steps(way.steps)}, claims {_steps(run.steps)}")
    if run.unexplained:
        wrong.append(f"explained wrongly: {run.unexplained[0]}")
    final = way.entitled.get(case.looks[-1], 0)
    if not wrong and not final <= run.commanded <= way.most:
        wrong.append(f"commanded {run.commanded}: {final} is owed in the end, and never more than {way.most}")
    return wrong


def _shown(offers: Sequence[tuple[int, int, int]]) -> str:
    return " ".join(f"({told(at)} {minor} {told(until)})" for at, minor, until in offers) or "nothing"


def _steps(steps: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} by {told(until)}" for name, until in steps) or "none"


def run(seed: int, numbers: Sequence[int]) -> Chunk:
    """Run these cases."""
    chunk = Chunk()
    gc.disable()
    try:
        for number in numbers:
            case = draw(seed, number)
            way = Way(case).run()
            chunk.cases += 1
            chunk.owing += way.most > 0
            chunk.drawn.update(met(way))
            if _compared(case, way):
                chunk.failed.append(number)
            gc.collect(1)
    finally:
        gc.enable()
    return chunk


def met(way: Way) -> set[str]:
    """What happened on the way."""
    found = {f"claim {each}" for each in way.stood}
    found |= {"offer accepted"} if way.settled is not None else set()
    found |= {f"appeal: {each.what}" for each, _ in way.appeal_ruling.values()}
    found |= {f"return: {name}" for name, _ in way.steps}
    found |= {f"keeper: {way.back_ruling[0].what}"} if way.back_ruling is not None else set()
    found |= {f"person: {each.what}" for each in way.claim_ruling.values()}
    return found


def shrunk(case: Case) -> Case:
    """The same case with facts left out, as long as it fails."""
    smaller = True
    while smaller:
        smaller = False
        for index in range(len(case.facts)):
            less = replace(case, facts=case.facts[:index] + case.facts[index + 1 :])
            if failures(less):
                case, smaller = less, True
                break
    return case


def story(case: Case) -> Iterator[str]:
    """The case as a story, and what both sides say."""
    yield from (f"    {line}" for line in wording(case.terms).splitlines() if line.partition(" ")[0] not in HIDDEN)
    yield f"  the order is worth {case.total}"
    for fact in case.facts:
        yield f"  {told(fact.at):>10}: {fact}"
    for who in ("buyer", "person", "lead", "keeper"):
        yield f"  the {who}: {getattr(case, who)}"
    way = Way(case).run()
    yield f"  the claim stood: {', '.join(way.stood)}"
    yield from (f"  {each}" for each in failures(case))


def parts(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """The numbers in chunks."""
    return (numbers[first : first + CHUNK] for first in range(0, len(numbers), CHUNK))
