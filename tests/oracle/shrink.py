"""Makes a failing case small: leaves out facts, looks, clauses and exclusions, then puts simpler numbers in.

It has to fail in the same way: who says more, at an instant at which the same kinds of units are worth something.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tests.oracle.campaign import failures
from tests.oracle.facts import Booked, Case, Cover, Fact, Placed, Scanned, only, told
from tests.oracle.parcels import REMAINDER
from tests.oracle.rules import owed
from tests.oracle.wordings import Clause

MAX_RUNS = 400


def shrunk(case: Case) -> Case:
    """The smallest case found that fails too."""
    best, runs, smaller, way = case, 0, True, _way(case)
    while smaller and runs < MAX_RUNS:
        smaller = False
        for each in _smaller(best):
            runs += 1
            if runs > MAX_RUNS:
                break
            if _fails(each, way):
                best, smaller = each, True
                break
    return best


def _fails(case: Case, way: str) -> bool:
    try:
        return _way(case) == way
    except Exception:  # what is left is no case any more: no booking, no clause
        return False


def _way(case: Case) -> str:
    """In which way a case fails; nothing if it does not."""
    wrong = failures(case)
    if not wrong:
        return ""
    for look in sorted(case.looks):
        if f"owed on {told(look)}:" not in wrong[0]:
            continue
        answer = owed(case, look)
        more = f"says {answer.entitled}, claims says 0" in wrong[0] or answer.entitled > int(wrong[0].split()[-1])
        scans = Counter(each.package for each in only(Scanned, case.until(look)))
        told_of = {each.package for each in only(Booked, case.until(look)) if each.lines}
        speaks = 1 not in scans.values()
        return f"{more} {bool(answer.values.get(REMAINDER))} {set(scans) <= told_of} {speaks} {answer.entitled > 0}"
    return wrong[0].split(":")[0]


def _smaller(case: Case) -> Iterator[Case]:
    if len(case.looks) > 1:
        for look in case.looks:
            yield replace(case, looks=(look,))
    for index, fact in enumerate(case.facts):
        first = isinstance(fact, Placed) or (isinstance(fact, Cover) and fact.version == 1)
        if not first:
            yield replace(case, facts=case.facts[:index] + case.facts[index + 1 :])
    wording = case.wording
    if len(wording.clauses) > 1:
        for clause in wording.clauses:
            clauses = tuple(each for each in wording.clauses if each is not clause)
            yield replace(case, wording=replace(wording, clauses=clauses))
    for exclusion in wording.exclusions:
        exclusions = tuple(each for each in wording.exclusions if each is not exclusion)
        yield replace(case, wording=replace(wording, exclusions=exclusions))
    for index, clause in enumerate(wording.clauses):
        for way in clause.any_of if len(clause.any_of) > 1 else ():
            left = replace(clause, any_of=tuple(each for each in clause.any_of if each is not way))
            yield _with_clause(case, index, left)
        for tier in clause.tiers if len(clause.tiers) > 1 else ():
            yield _with_clause(case, index, replace(clause, tiers=tuple(t for t in clause.tiers if t is not tier)))
        if clause.late_arrival != "keep":
            yield _with_clause(case, index, replace(clause, late_arrival="keep"))
    for index, fact in enumerate(case.facts):
        for simpler in _simpler(fact):
            yield replace(case, facts=(*case.facts[:index], simpler, *case.facts[index + 1 :]))


def _with_clause(case: Case, index: int, clause: Clause) -> Case:
    clauses = list(case.wording.clauses)
    clauses[index] = clause
    return replace(case, wording=replace(case.wording, clauses=tuple(clauses)))


def _simpler(fact: Fact) -> Iterator[Fact]:
    match fact:
        case Scanned():
            if fact.known != fact.last:
                yield replace(fact, known=fact.last)
            if fact.last != fact.first:
                yield replace(fact, known=fact.known, last=fact.first)
        case Placed():
            if any(line.quantity > 1 for line in fact.lines):
                yield replace(fact, lines=tuple(replace(line, quantity=1) for line in fact.lines))
        case _:
            pass
