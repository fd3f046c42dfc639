"""Derives the amounts of a decision again from its explanation alone, without the code that decided."""

from collections import defaultdict
from decimal import Decimal

from waybond_contracts.errors import ContractError
from waybond_contracts.explanation import OTHERS, Explanation, Finding, PackageBasis, Step, StepKind
from waybond_contracts.money import Money, rounded
from waybond_contracts.wording import PARAMETRIC

ENTITLED_BY = ("limit", "paid_less_refunded")
REFUNDED = "refunded:"
"""What a step is called by which a unit's benefit is less since money came back for it; it follows from findings."""


def recompute(explanation: Explanation) -> tuple[Money, Money]:
    """What the order is owed in all, and what is commanded now: `entitled` and `command` of an honest explanation.

    The benefits are derived from each finding's basis, share and bounds, the sums from the findings; of the steps only
    what findings cannot know is taken: limits, what was paid already, and the sum of the units that are not named.
    What came back for a package lowers its benefits of indemnity. A benefit of the whole order stands beside the sum of
    the packages' benefits: the larger one counts. Raises ContractError if a finding that applies says neither share nor
    fixed sum.
    """
    amount = _owed_before_limits(explanation)
    caps = [step for step in explanation.steps if step.kind is StepKind.CAP and step.what in ENTITLED_BY]
    others = [step for step in explanation.steps if step not in caps and not _of_unit(step)]
    for cap in caps:
        amount = _applied(cap, amount)
    entitled = amount
    for step in others:
        amount = _applied(step, amount)
    return explanation.entitled.with_minor(entitled), explanation.entitled.with_minor(amount)


def _of_unit(step: Step) -> bool:
    return step.kind is StepKind.ADD or step.what.startswith(REFUNDED)


def benefit(finding: Finding) -> int:
    """Minor units that a clause that applies gives for one unit, rounded once, half up."""
    sums = _unrounded(finding)
    if finding.fixed is not None:
        gross = sums["fixed"]
    elif finding.share is not None and finding.basis is not None:
        gross = Decimal(finding.basis.minor) * Decimal(finding.share)
    else:
        raise ContractError(f"findings.{finding.clause_id}", "a fixed sum, or a share and its basis")
    if finding.periods is not None:
        gross *= finding.periods
    gross = max(gross, sums.get("at_least", gross))
    gross = min(gross, sums.get("at_most", gross))
    touched = gross
    if finding.deductible_goods is not None and finding.basis is not None:
        touched = gross * finding.deductible_goods.minor / finding.basis.minor
    kept_back = max(touched * Decimal(finding.deductible_share or 0), sums.get("deductible", Decimal(0)))
    net = gross - min(touched, kept_back)
    return rounded(min(net, sums.get("limit", net)))


def _unrounded(finding: Finding) -> dict[str, Decimal]:
    """The sums of the finding in minor units; those that were converted by a rate are not rounded."""
    given = {
        "fixed": finding.fixed,
        "at_least": finding.at_least,
        "at_most": finding.at_most,
        "deductible": finding.deductible,
        "limit": finding.limit,
    }
    sums = {what: Decimal(money.minor) for what, money in given.items() if money is not None}
    for each in finding.converted:
        amount, rate, money = Decimal(each.amount), Decimal(each.rate), given.get(each.what)
        if money is not None:
            sums[each.what] = (amount / rate if each.divided else amount * rate).scaleb(money.exponent)
    return sums


def _owed_before_limits(explanation: Explanation) -> int:
    bases = {(each.package_id, each.remainder): each for each in explanation.packages}
    highest: dict[tuple[str | None, bool], int] = defaultdict(int)
    for finding in explanation.findings:
        if finding.applies:
            unit = finding.package_id, finding.remainder
            highest[unit] = max(highest[unit], _within(finding, bases.get(unit)))
    whole_order = highest.pop((None, False), 0)
    others = sum(step.amount.minor for step in explanation.steps if step.kind is StepKind.ADD and step.what == OTHERS)
    return max(whole_order, sum(highest.values()) + others)


def _within(finding: Finding, unit: PackageBasis | None) -> int:
    """The benefit within the policy's limit for the unit and, of goods that are made good, within their value."""
    amount = benefit(finding)
    if finding.bound is not None:
        return min(amount, finding.bound.minor)
    if unit is not None and unit.limit is not None:
        amount = min(amount, unit.limit.minor)
    if unit is not None and unit.elsewhere is not None and finding.peril not in PARAMETRIC:
        amount = min(amount, max(0, unit.basis.minor - unit.elsewhere.minor))
    return amount


def _applied(step: Step, amount: int) -> int:
    match step.kind:
        case StepKind.ADD | StepKind.PLUS:
            return amount + step.amount.minor
        case StepKind.CAP:
            return min(amount, step.amount.minor)
        case StepKind.LESS:
            return amount - step.amount.minor
