"""Derives the amounts of a decision again from its explanation alone, without the code that decided."""

from collections import defaultdict
from decimal import Decimal

from waybond_contracts.errors import ContractError
from waybond_contracts.explanation import INDEMNITY, Explanation, Finding, PackageBasis, Step, StepKind
from waybond_contracts.money import Money, rounded

ENTITLED_BY = ("limit", "paid_less_refunded")


def recompute(explanation: Explanation) -> tuple[Money, Money]:
    """What the order is owed in all, and what is commanded now: `entitled` and `command` of an honest explanation.

    The benefits are derived from each finding's basis, share and bounds, the sums from the findings; of the steps only
    what findings cannot know is taken: limits, and what was paid already. What came back for a package lowers its
    benefits of indemnity. A benefit of the whole order stands beside
    the sum of the packages' benefits: the larger one counts. Raises ContractError if a finding that applies says
    neither share nor fixed sum.
    """
    amount = _owed_before_limits(explanation)
    caps = [step for step in explanation.steps if step.kind is StepKind.CAP and step.what in ENTITLED_BY]
    others = [step for step in explanation.steps if step.kind is not StepKind.ADD and step not in caps]
    for cap in caps:
        amount = _applied(cap, amount)
    entitled = amount
    for step in others:
        amount = _applied(step, amount)
    return explanation.entitled.with_minor(entitled), explanation.entitled.with_minor(amount)


def benefit(finding: Finding) -> int:
    """Minor units that a clause that applies gives for one package, rounded once, half up."""
    if finding.fixed is not None:
        gross = Decimal(finding.fixed.minor)
    elif finding.share is not None and finding.basis is not None:
        gross = Decimal(finding.basis.minor) * Decimal(finding.share)
    else:
        raise ContractError(f"findings.{finding.clause_id}", "a fixed sum, or a share and its basis")
    if finding.periods is not None:
        gross *= finding.periods
    if finding.at_least is not None:
        gross = max(gross, Decimal(finding.at_least.minor))
    if finding.at_most is not None:
        gross = min(gross, Decimal(finding.at_most.minor))
    kept_back = gross * Decimal(finding.deductible_share or 0)
    if finding.deductible is not None:
        kept_back = max(kept_back, Decimal(finding.deductible.minor))
    net = max(gross - kept_back, Decimal(0))
    if finding.limit is not None:
        net = min(net, Decimal(finding.limit.minor))
    return rounded(net)


def _owed_before_limits(explanation: Explanation) -> int:
    packages = {each.package_id: each for each in explanation.packages}
    highest: dict[str | None, int] = defaultdict(int)
    for finding in explanation.findings:
        if finding.applies:
            minor = _of_package(finding, packages.get(finding.package_id))
            highest[finding.package_id] = max(highest[finding.package_id], minor)
    whole_order = highest.pop(None, 0)
    return max(whole_order, sum(highest.values()))


def _of_package(finding: Finding, package: PackageBasis | None) -> int:
    """The benefit within the package's limit, and within what did not come back of the package's worth."""
    minor = benefit(finding)
    if package is None:
        return minor
    if package.limit is not None:
        minor = min(minor, package.limit.minor)
    if package.given_back is not None and finding.peril in INDEMNITY:
        minor = min(minor, max(0, package.basis.minor - package.given_back.minor))
    return minor


def _applied(step: Step, amount: int) -> int:
    match step.kind:
        case StepKind.ADD | StepKind.PLUS:
            return amount + step.amount.minor
        case StepKind.CAP:
            return min(amount, step.amount.minor)
        case StepKind.LESS:
            return amount - step.amount.minor
