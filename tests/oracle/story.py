"""Tells a case as a story: the wording, what became known when, and what both sides say is owed."""

from collections.abc import Iterator
from dataclasses import fields

from tests.oracle.facts import Case, Fact, Placed, told
from tests.oracle.rules import owed

TIMES = {"first", "last", "at", "ends", "promise"}


def story(case: Case) -> Iterator[str]:
    """The case, one line a fact, the first known first."""
    for line in case.wording.text.splitlines():
        if line and not line.startswith(("product", "version", "title")):
            yield f"    {line}"
    for rate in case.rates:
        yield f"    1 {rate.base} costs {rate.rate} {rate.quote}"
    for fact in sorted(case.facts, key=lambda each: each.known):
        yield f"  {told(fact.known):>10}: {_fact(fact)}"


def _fact(fact: Fact) -> str:
    words: list[str] = []
    for each in fields(fact):
        value = getattr(fact, each.name)
        if each.name == "known" or value == each.default or value in ((), "", None):
            continue
        if each.name in TIMES and isinstance(value, int):
            value = told(value)
        if each.name == "lines":
            value = " ".join(_line(line) for line in value)
        words.append(f"{each.name} {value}")
    if isinstance(fact, Placed):
        words.append(f"total {fact.total}")
    return f"{type(fact).__name__} {', '.join(words)}"


def _line(line: object) -> str:
    match line:
        case (str() as name, int() as count):
            return f"{name}x{count}"
        case str():
            return line
        case _:
            return "/".join(str(getattr(line, each)) for each in ("name", "minor", "quantity", "category"))


def reading(case: Case, instant: int) -> Iterator[str]:
    """How the oracle comes to what is owed at an instant."""
    answer = owed(case, instant)
    yield f"  the oracle on {told(instant)}: {answer.entitled} in all, {answer.back} came back elsewhere"
    for unit, value in answer.values.items():
        yield f"    {unit} is worth {value}"
    for unit, each in answer.units.items():
        yield f"    {each.clause} ({each.peril}) gives {unit} {each.minor}"
