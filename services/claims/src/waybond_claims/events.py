"""Makes the events and their parts without validation: the only place that does.

The values are ours, and validating them would cost more than deciding; tests read every kind of event that is
published back against its contract.
"""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from msgspec import structs

from waybond_claims.adjudication import INTERPRETER
from waybond_claims.adjudication.benefits import Amounts
from waybond_claims.adjudication.found import Found, rank
from waybond_claims.adjudication.heeded import Heard
from waybond_claims.adjudication.points import Scored
from waybond_claims.case.journey import WatchFact
from waybond_claims.case.money import Command
from waybond_claims.case.order import Order
from waybond_claims.case.state import Case
from waybond_claims.entitlement import ORDER, Due, Entitlement, Stepped, Told, key_of, unit_limit
from waybond_claims.entitlement.keys import Key
from waybond_contracts.claims import Needed, Notice
from waybond_contracts.explanation import MAX_FINDINGS, ClockUsed, Converted, Explanation, Finding, PackageBasis, Step
from waybond_contracts.fields import MAX_PACKAGES
from waybond_contracts.making import maker
from waybond_contracts.money import Money, exponent_of, rounded
from waybond_contracts.orders import Language, Payment
from waybond_contracts.received import DeliveryFact, ScoreRow, ScoreUsed
from waybond_contracts.refer_when import SignalsUsed, SignalUsed
from waybond_contracts.rows import PaidRow
from waybond_contracts.wording import Clock

AMOUNTS_KEPT = 65_536

_MONEY = maker(Money)
_PAYMENT = maker(Payment)
_ROW = maker(PaidRow)
_NOTICE = maker(Notice)
_NEEDED = maker(Needed)
_EXPLANATION = maker(Explanation)
_PACKAGE = maker(PackageBasis)
_FINDING = maker(Finding)
_CLOCK = maker(ClockUsed)
_STEP = maker(Step)
_CONVERTED = maker(Converted)
_SCORE = maker(ScoreUsed)
_SCORE_ROW = maker(ScoreRow)
_SIGNALS = maker(SignalsUsed)
_SIGNAL = maker(SignalUsed)


def about(case: Case, now: datetime) -> dict[str, Any]:
    """What all events about the case's order have in common that occur now."""
    tenant, platform, order_id = case.order_key.split("/", 2)
    return {
        "tenant": tenant,
        "platform": platform,
        "order_id": order_id,
        "occurred_at": now,
        "claim_id": case.claim_id,
        "policy_id": case.policy.policy_id if case.policy is not None else None,
    }


@lru_cache(AMOUNTS_KEPT)
def money_of(minor: int, currency: str) -> Money:
    """An amount; immutable, so one of each is enough. Raises ContractError for an unknown currency."""
    return _MONEY({"minor": minor, "currency": currency, "exponent": exponent_of(currency)})


def money(case: Case, minor: int) -> Money:
    """An amount in the order's currency."""
    currency = case.order.currency if case.order is not None else case.cover.currency if case.cover is not None else ""
    return money_of(minor, currency)


def payment(order: Order) -> Payment:
    """What the order was paid with."""
    paid = order.payment
    return _PAYMENT(
        {"provider": paid.provider, "kind": paid.kind, "reference": paid.reference, "paid_at": paid.paid_at}
    )


def paid_rows(case: Case, command: Command) -> tuple[PaidRow, ...]:
    """What a command pays for, unit by unit."""
    return tuple(
        [
            _ROW(
                {
                    "package_id": row.unit or None,
                    "remainder": row.unit is None,
                    "clause_id": row.clause_id,
                    "amount": money(case, row.minor),
                    "remedy": row.remedy if row.borne_by else "",
                    "borne_by": row.borne_by,
                }
            )
            for row in command.rows
        ]
    )


def notice(language: Language, subject: str, body: str) -> Notice:
    """One text for the buyer."""
    return _NOTICE({"language": language, "subject": subject, "body": body})


def needed(any_of: tuple[str, ...], answer_by: datetime, absent: str) -> Needed:
    """One thing that is missing."""
    return _NEEDED({"any_of": any_of, "answer_by": answer_by, "absent": absent})


def explanation(case: Case, owes: Entitlement, difference: Due, now: datetime, said: Told) -> Explanation:
    """Why this is owed and that is commanded, as far as `said` tells it, for the event that the case's next version is
    published with."""
    seen = owes.view
    policy = seen.policy
    currency = seen.order.currency
    looked_at = said.findings
    if len(looked_at) > MAX_FINDINGS:
        looked_at = tuple(sorted(looked_at, key=rank, reverse=True)[:MAX_FINDINGS])
    above = _above_value(owes, looked_at)
    units = [key for key in dict.fromkeys([key_of(each) for each in looked_at]) if key == ORDER or key in seen.ids]
    return _EXPLANATION(
        {
            "product": policy.product,
            "product_version": policy.product_version,
            "wording_sha256": policy.sha256,
            "interpreter": INTERPRETER,
            "policy_id": policy.policy_id,
            "policy_version": seen.cover.version,
            "case_version": case.version + 1,
            "decided_at": now,
            "packages": tuple([_package(owes, key, above, currency) for key in units[:MAX_PACKAGES]]),
            "findings": tuple([_finding(each, owes, currency) for each in looked_at]),
            "steps": tuple([_step(each, currency) for each in said.steps(difference.steps)]),
            "entitled": money_of(owes.entitled, currency),
            "command": money_of(difference.command, currency),
            "rates": tuple([each.rate for each in policy.rates]),
            "others": said.others,
        }
    )


def _package(owes: Entitlement, key: Key, above: set[Key], currency: str) -> PackageBasis:
    bounds = owes.bounds
    return _PACKAGE(
        {
            "package_id": key or None,
            "remainder": key is None,
            "basis": money_of(bounds.value(key), currency),
            "limit": _optional(unit_limit(owes.view.case, bounds.cover(key), key), currency),
            "elsewhere": _optional(bounds.elsewhere.get(key, 0 if key in above else None), currency),
        }
    )


def _above_value(owes: Entitlement, looked_at: tuple[Found, ...]) -> set[Key]:
    """The units for which a clause would give more than their goods are insured for (a fixed sum)."""
    bounds = owes.bounds
    return {key_of(each) for each in looked_at if each.applies and bounds.gross(each) > bounds.net(each)}


def _step(step: Stepped, currency: str) -> Step:
    amount, result = money_of(step.minor, currency), money_of(step.result, currency)
    return _STEP({"kind": step.kind, "what": step.what, "amount": amount, "result": result})


def _optional(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else money_of(minor, currency)


def _finding(found: Found, owes: Entitlement, currency: str) -> Finding:
    clause, applies = found.rule.clause, found.applies
    fields: dict[str, Any] = {
        "clause_id": clause.id,
        "peril": clause.peril,
        "package_id": found.package_id,
        "remainder": found.of_remainder,
        "tier": found.tier if applies else None,
        "applies": applies,
        "reason": found.reason,
        "fact": found.fact,
        "fact_at": found.fact_at,
        "exclusion_id": found.exclusion_id,
        "eligible_at": found.eligible_at,
        "policy_version": found.cover.version if found.cover is not None else None,
    }
    if found.return_step:
        fields["return_step"] = found.return_step
    if found.score is not None:
        fields |= {"score": _score(found.score), "ground": found.ground}
    if found.signals is not None:
        fields |= {"signals": _signals(found.signals), "ground": found.ground}
    if found.watch is not None:
        fields["clock"] = _clock(found.watch)
    if found.amounts is not None:
        fields |= _amounts(found.amounts, currency)
        fields["bound"] = _optional(owes.bounds.bound(found), currency) if applies else None
    return _FINDING(fields)


def _score(score: Scored) -> ScoreUsed:
    rows = tuple([_SCORE_ROW({"fact": DeliveryFact(fact), "points": points}) for fact, points in score.rows])
    return _SCORE(
        {
            "package_id": score.package_id,
            "start": score.start,
            "rows": rows,
            "total": score.total,
            "refer_from": score.refer_from,
            "pay_from": score.pay_from,
        }
    )


def _signals(heard: Heard) -> SignalsUsed:
    held = tuple([_SIGNAL(structs.asdict(each)) for each in heard.held])
    return _SIGNALS({"outcome": heard.outcome, "version": heard.version, "held": held})


def _clock(watch: WatchFact) -> ClockUsed:
    return _CLOCK(
        {
            "clock": Clock(watch.clock),
            "start": watch.start,
            "source": watch.source,
            "due": watch.due,
            "as_of": watch.as_of,
            "watch_id": watch.watch_id,
        }
    )


def _amounts(value: Amounts, currency: str) -> dict[str, Any]:
    return {
        "basis": money_of(value.basis, currency),
        "share": value.share,
        "fixed": _sum(value.fixed, currency),
        "periods": value.periods,
        "at_least": _sum(value.at_least, currency),
        "at_most": _sum(value.at_most, currency),
        "deductible_share": value.deductible_share,
        "deductible": _sum(value.deductible, currency),
        "deductible_goods": _optional(value.deductible_goods, currency),
        "limit": _sum(value.limit, currency),
        "converted": tuple([_CONVERTED(structs.asdict(each)) for each in value.converted]),
        "benefit": money_of(value.benefit, currency),
    }


def _sum(minor: Decimal | None, currency: str) -> Money | None:
    return None if minor is None else money_of(rounded(minor), currency)
