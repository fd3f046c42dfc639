"""I11: what money commands say that they pay for, unit by unit, against what their decisions give each unit."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from waybond_contracts.claims import ClaimApproved
from waybond_contracts.explanation import Explanation, Finding, PackageBasis, StepKind
from waybond_contracts.refunds import MoneyCommand
from waybond_contracts.rows import MAX_ROWS, PaidRow
from waybond_local.invariants.check import Check

BOUNDS = frozenset({"limit", "paid_less_refunded"})
"""Steps that bring what all units get down to a bound of all."""
REFUNDED, OTHERS, RECOVERED = "refunded:", "others", "recovered"
ORDER, REMAINDER = "order", "remainder"
NOTHING = Fraction(0)


class Given(NamedTuple):
    """What a decision gives. `benefits`: of each unit, before the bounds of all; `clauses`: those that apply, by unit;
    `recovered`: what had been given back by then."""

    rows: tuple[PaidRow, ...]
    benefits: Mapping[str, int]
    clauses: frozenset[tuple[str, str]]
    entitled: int
    recovered: int

    def most(self, unit: str) -> int:
        """What the unit is entitled to; where a bound of all takes something away, from each in proportion."""
        benefit, total = self.benefits.get(unit, 0), sum(self.benefits.values())
        return benefit if total <= self.entitled else ceil(Fraction(benefit * self.entitled, total))


class Rows:
    """Feed it decisions, then money commands, each in the order of their topics. `moved`: what the payment system's
    books say that it moved, by refund_id.

    No unit gets more than its decision gives it, with what was paid for it before. That all units together get what is
    owed, or why not, is I1. What was recovered may be paid once more, for whichever unit lacks it. What was paid for
    the remainder may stand for a package by now: it counts for none.
    """

    def __init__(self, moved: Mapping[str, int] | None = None) -> None:
        self.check = Check("I11", "what commands pay for adds up, unit by unit, to what was entitled")
        for figure in ("money commands", "rows", "rows judged by their decision", "repeated"):
            self.check.count(figure, 0)
        self._moved = moved or {}
        self._last: dict[str, Given] = {}
        self._decisions: dict[tuple[str, int], list[Given]] = {}
        self._commands: dict[str, dict[str, MoneyCommand]] = {}

    def approved(self, event: ClaimApproved) -> None:
        """A decision, with its explanation and its rows.

        Scenario: a backup was restored, so there are two of one version."""
        given = _given(event, self._last.get(event.claim_id))
        self._last[event.claim_id] = given
        self._decisions.setdefault((event.claim_id, event.version), []).append(given)

    def commanded(self, command: MoneyCommand) -> None:
        """Money is to move: add up what it is for."""
        before = self._commands.setdefault(command.claim_id, {})
        if command.refund_id in before:
            return  # it lies on its topic twice (Scenario: a zombie's send)
        paid = self._paid(command.step, before.values())
        before[command.refund_id] = command
        self.check.count("money commands")
        if not command.rows:
            self.check.count("without rows, of an earlier release")
            return
        name = f"{command.order_key}: {command.refund_id}"
        self.check.count("rows", len(command.rows))
        self._adds_up(name, command)
        decisions = self._decisions.get((command.claim_id, command.decision_version), [])
        given = next((each for each in decisions if each.rows == command.rows), None)
        if given is not None:
            self.check.count("rows judged by their decision", len(command.rows))
            self._judge(name, given, paid)
        elif not decisions or command.attempt > 1:
            # Another attempt of what was approved earlier. A first one without a decision is I8's.
            self.check.count("repeated")
        else:
            self.check.violate(f"{name}: its decision pays for something else")

    def _adds_up(self, name: str, command: MoneyCommand) -> None:
        amount = command.amount
        total = sum(row.amount.minor for row in command.rows)
        self.check.expect(total == amount.minor, f"{name}: pays {amount.minor}, and its rows are {total} together")
        strange = {row.amount.currency for row in command.rows} - {amount.currency}
        self.check.expect(not strange, f"{name}: pays {amount.currency}, and rows are in {', '.join(sorted(strange))}")

    def _judge(self, name: str, given: Given, paid: Mapping[str, Fraction]) -> None:
        gets: dict[str, int] = {}
        for row in given.rows:
            unit = _unit(row)
            if unit == ORDER and len(given.rows) == MAX_ROWS:
                continue  # of more units than rows can name the smallest are together
            gets[unit] = gets.get(unit, floor(paid.get(unit, NOTHING))) + row.amount.minor
            # What was given back, and came back to the payer too, is paid again although nothing applies.
            known = (unit, row.clause_id) in given.clauses or given.recovered
            self.check.expect(bool(known), f"{name}: {unit} is paid under {row.clause_id}, which does not apply to it")
        over = {unit: minor - given.most(unit) for unit, minor in gets.items() if minor > given.most(unit)}
        if sum(over.values()) > given.recovered:
            for unit, minor in over.items():
                self.check.violate(f"{name}: {unit} gets {gets[unit]} in all, {minor} more than its {given.most(unit)}")

    def _paid(self, step: int, commands: Iterable[MoneyCommand]) -> dict[str, Fraction]:
        """What other steps moved for each unit; of another amount than was commanded each row has its part.

        Of the attempts of a step one counts. Scenario: a refund fails, is paid by the next attempt, and the first one
        is paid after all: nobody knew that when the next step was commanded, and I1 says what becomes of it.
        """
        moved = {each.step: each for each in commands if each.step != step and self._moved.get(each.refund_id)}
        found: dict[str, Fraction] = {}
        for command in moved.values():
            part = Fraction(self._moved[command.refund_id], command.amount.minor)
            for row in command.rows:
                if not row.remainder:
                    unit = _unit(row)
                    found[unit] = found.get(unit, NOTHING) + row.amount.minor * part
        return found


def _given(event: ClaimApproved, before: Given | None) -> Given:
    """What the decision gives: the steps of its explanation up to the bounds of all.

    Units that an explanation does not name are as they were in the decision before.
    """
    why = event.explanation
    benefits: dict[str, int] = {}
    for step in why.steps:
        if step.what in BOUNDS:
            break
        unit = step.what.removeprefix(REFUNDED)
        sign = 1 if step.kind is StepKind.ADD else -1
        benefits[unit] = benefits.get(unit, 0) + sign * step.amount.minor
    clauses = {(_unit(each), each.clause_id) for each in why.findings if each.applies}
    if benefits.pop(OTHERS, None) is not None and before is not None:
        named = _named(why)
        benefits |= {unit: minor for unit, minor in before.benefits.items() if unit not in named}
        clauses |= {(unit, clause) for unit, clause in before.clauses if unit not in named}
    recovered = sum(step.amount.minor for step in why.steps if step.what == RECOVERED)
    return Given(event.rows, benefits, frozenset(clauses), why.entitled.minor, recovered)


def _named(why: Explanation) -> set[str]:
    return {_unit(each) for each in why.packages} | {_unit(each) for each in why.findings}


def _unit(of: PaidRow | Finding | PackageBasis) -> str:
    """As the steps of an explanation name it."""
    return REMAINDER if of.remainder else ORDER if of.package_id is None else f"package:{of.package_id}"
