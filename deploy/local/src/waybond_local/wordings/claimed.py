"""Says in plain sentences what a clause wants of people: evidence, the seller's word, an offer first, appeals."""

from __future__ import annotations

from collections.abc import Iterator

from waybond_contracts.claimed import Evidence, Remedy, RemedyKind
from waybond_contracts.received import Score
from waybond_contracts.wording import Clause
from waybond_local.wordings import heeded, words

_ABSENT = {
    "close": "nothing is paid, and the claim is closed",
    "pay": "it counts as if it were there, and no person is needed",
    "refer": "a person decides",
}
_SILENT = {
    "pay": "it is due as soon as the evidence is there",
    "refer": "a person decides",
    "nothing": "it goes on as if nobody had asked",
}
_REMEDIES = {
    RemedyKind.REFUND: "money back",
    RemedyKind.CREDIT: "a credit",
    RemedyKind.RETURN: "money back for goods that are sent back",
    RemedyKind.PART_REFUND: "a part of the money",
    RemedyKind.KEEP: "a part of the money for goods that the buyer keeps",
    RemedyKind.RESHIP: "the goods once more",
}


def asked(clause: Clause) -> Iterator[str]:
    """A sentence for each thing that people are asked for, and for what is decided without them."""
    for need in clause.evidence:
        yield _evidence(need)
    if clause.seller is not None:
        within = words.duration(clause.seller.answers_within)
        yield f"The seller has {within} to answer; without an answer {_SILENT[clause.seller.silent]}."
    if clause.remedies:
        yield f"It can be made good by {words.listed(map(_remedy, clause.remedies), 'or')}."
    if clause.offer is not None:
        offer = clause.offer
        then = "a person decides" if offer.declined == "refer" else "it is decided as if nothing had been offered"
        yield (
            f"First the buyer is offered {words.percent(offer.share)} of it ({_REMEDIES[RemedyKind(offer.remedy)]}), "
            f"for {words.duration(offer.open_for)}; who does not take it: {then}."
        )
    if clause.proven == "pay":
        contested = ", unless the seller contests it" if clause.seller is not None else ""
        yield f"With all of that it is paid by itself{contested}."
    if clause.score is not None:
        yield _score(clause.score)
    if clause.refer_when:
        yield heeded.said(clause)
    if clause.appeal is not None:
        yield f"The buyer can ask for another look for {words.duration(clause.appeal.within)}, with something new."


def _score(score: Score) -> str:
    return (
        f"What is known of the delivery is weighed, from {score.start} points on: from {score.pay_from} on it is paid "
        f"by itself, from {score.refer_from} on a person decides; below, the other rules of the clause decide, else a "
        "person, and the points alone deny nothing."
    )


def _evidence(need: Evidence) -> str:
    kinds = words.listed((kind.value.replace("_", " ") for kind in need.any_of), "or")
    bounds = [f"above {words.amount(need.above)}"] if need.above is not None else []
    bounds += [f"up to {words.amount(need.up_to)}"] if need.up_to is not None else []
    within = words.duration(need.within)
    said = f"{need.of} has {within} to hand in {kinds}; without it {_ABSENT[need.absent]}."
    if not bounds:
        return f"The {said}"
    where = words.listed(bounds)
    return f"{where[:1].upper()}{where[1:]} the {said}"


def _remedy(remedy: Remedy) -> str:
    most = f", at most {words.percent(remedy.most)}" if remedy.most is not None else ""
    within = f", within {words.duration(remedy.within)}" if remedy.within is not None else ""
    borne = f", borne by the {remedy.borne_by}" if remedy.borne_by != "insurer" else ""
    return f"{_REMEDIES[remedy.remedy]}{most}{within}{borne}"
