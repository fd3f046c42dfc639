"""What a person has decided of a clause, or is asked."""

from msgspec.structs import replace as changed

from waybond_claims.adjudication.benefits import by_hand
from waybond_claims.adjudication.found import Found
from waybond_claims.adjudication.view import View, question_key
from waybond_contracts.explanation import FindingReason
from waybond_contracts.money import rounded


def asked(view: View, said: Found, reason: FindingReason, about: str, fact: str = "") -> Found:
    """What a person decided about it, or that a person is asked."""
    ruling = view.ruling(said.rule, about, said.package_id, fact)
    if ruling is None:
        question = question_key(about, said.package_id, fact)
        return changed(said, reason=reason, question=question, most=most(view, said))
    return changed(
        said, reason=FindingReason.APPLIES if ruling.choice == "pay" else FindingReason.NOT_MET, by_hand=ruling.minor
    )


def most(view: View, met: Found) -> int:
    """How much a person can say is due, as far as that is known before the exclusions are looked at."""
    basis = view.value(met.cover or view.cover, met.rule, met.package_id)
    decided = by_hand(view, met.rule, met.tier or 0, basis, basis)
    return decided.benefit if decided.limit is None else min(decided.benefit, rounded(decided.limit))
