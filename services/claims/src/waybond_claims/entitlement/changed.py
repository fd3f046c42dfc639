"""Which units an explanation is about: those that changed since the last approval; of the others it tells the sum.

Whatever is explained once need not be told again: the approval before says it. Scenario: an order of 50 packages under
12 clauses, of which one package after the other is late. Each approval has the findings of one package, and one step
for the others together, not 600 findings. An order of few findings is always explained whole.
"""

from collections.abc import Collection
from zlib import crc32

from msgspec import Struct

from waybond_claims.adjudication.found import Found, rank
from waybond_claims.case.explained import Explained
from waybond_claims.case.state import Case
from waybond_claims.entitlement.allocate import WHOLE_FINDINGS, Entitlement
from waybond_claims.entitlement.keys import ORDER, Key, key_of, label
from waybond_claims.entitlement.steps import Stepped, step
from waybond_contracts.explanation import OTHERS, FindingReason, StepKind
from waybond_contracts.recompute import REFUNDED


class Told(Struct, frozen=True, gc=False):
    """What an explanation says: these findings, and of the units that it does not name their number."""

    findings: tuple[Found, ...]
    units: frozenset[Key] | None
    """The units that it names; None: all."""
    others: int = 0
    digests: dict[Key, str] = {}
    """Of a large order what was found of each unit."""

    @property
    def remembered(self) -> tuple[Explained, ...]:
        """What the file keeps of an approval, so that the next one tells what changed; nothing of a small order."""
        return tuple([Explained(key, digest) for key, digest in self.digests.items()])

    def steps(self, steps: tuple[Stepped, ...]) -> tuple[Stepped, ...]:
        """The steps of an amount, those of units that are not named as one."""
        if self.units is None:
            return steps
        named = {label(key) for key in self.units}
        kept: list[Stepped] = []
        others = before = 0
        for each in steps:
            if _of_unit(each) and each.what.removeprefix(REFUNDED) not in named:
                others += each.result - before
            else:
                kept.append(each)
            before = each.result
        found: list[Stepped] = []
        if others:
            step(found, StepKind.ADD, OTHERS, others)
        for each in kept:
            step(found, each.kind, each.what, each.minor)
        return tuple(found)


def told(case: Case, owes: Entitlement, also: Collection[Found] = ()) -> Told:
    """What an explanation says that is published now; `also`: findings that it has to name whether or not they changed,
    since a complaint is answered by them."""
    if is_small(owes):
        return Told(owes.findings, None)
    before = {each.unit: each.digest for each in case.explained}
    now = _digests(owes)
    units = {key for key in (*now, *before) if now.get(key) != before.get(key)}
    # What is paid is always named: the unit of which most is new, and the order, which stands beside all units.
    units |= {key_of(each) for each in (*also, *owes.best[:1])} | {ORDER}.intersection(owes.benefits)
    mine = owes.of(units)
    if len(mine) > WHOLE_FINDINGS:
        mine = _shortened(owes, mine, also)
    others = sum(1 for key in owes.view.ids if key not in units)
    return Told(tuple(mine), frozenset(units), others, now)


def _shortened(owes: Entitlement, mine: list[Found], also: Collection[Found]) -> list[Found]:
    """More than WHOLE_FINDINGS without what says nothing; if that is still too many, of each unit the finding that says
    most, or is paid."""
    most = {key_of(each): each for each in sorted(mine, key=rank)} | {key_of(each): each for each in owes.best}
    named = {id(each) for each in (*also, *most.values())}
    telling = [each for each in mine if _says_something(each) or id(each) in named]
    return telling if len(telling) <= WHOLE_FINDINGS else [each for each in mine if id(each) in named]


def is_small(owes: Entitlement) -> bool:
    """Whether an explanation of the order is always whole."""
    return owes.whole and len(owes.findings) <= WHOLE_FINDINGS


def _digests(owes: Entitlement) -> dict[Key, str]:
    """Of each unit of which something was found, what that is and what it gives, in eight characters."""
    said: dict[Key, list[str]] = {}
    for each in owes.findings:
        if _says_something(each):
            version = each.cover.version if each.cover is not None else 0
            parts = (
                each.rule.clause.id,
                each.reason.value,
                each.fact,
                each.exclusion_id,
                each.tier,
                version,
                each.benefit,
            )
            said.setdefault(key_of(each), []).append(repr(parts))
    elsewhere = owes.bounds.elsewhere
    return {
        key: f"{crc32(repr((parts, owes.bounds.value(key), elsewhere.get(key, 0))).encode()):08x}"
        for key, parts in said.items()
    }


def _says_something(found: Found) -> bool:
    """Whether something happened that the clause is about, other than an arrival in time."""
    reason = found.reason
    if found.fact:
        return reason is not FindingReason.KEPT
    return bool(found.question) or reason is FindingReason.APPLIES


def _of_unit(each: Stepped) -> bool:
    return each.kind is StepKind.ADD or each.what.startswith(REFUNDED)
