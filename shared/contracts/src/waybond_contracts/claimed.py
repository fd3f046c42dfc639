"""What a wording says of claims that people file: evidence, the seller's time, remedies, a first offer, appeals."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from waybond_contracts.business_days import BusinessDays
from waybond_contracts.disputes import DocumentKind
from waybond_contracts.errors import ContractError
from waybond_contracts.fields import Duration, Share
from waybond_contracts.return_terms import ReturnTerms
from waybond_contracts.worded import Amount, Strict

MAX_NEEDS = 8
MAX_KINDS = 8
"""Of documents, any of which will do."""


def _above_zero(field: str, duration: timedelta | None) -> None:
    if duration is not None and not duration:
        raise ContractError(field, "a duration above zero", "PT0S")


class Evidence(Strict):
    """Something that has to be handed in before a claim is decided: one document of these kinds."""

    of: Literal["buyer", "seller"] = "buyer"
    """Who has to hand it in; the platform can do it for both."""
    any_of: Annotated[tuple[DocumentKind, ...], Field(min_length=1, max_length=MAX_KINDS)]
    """One of these is enough."""
    above: Amount | None = None
    """Needed only where more is at stake: what is asked for, at most the insured value of the goods that the claim is
    about."""
    up_to: Amount | None = None
    """Needed only where no more is at stake."""
    within: Duration
    """How long they have, from when they are asked."""
    absent: Literal["close", "pay", "refer"] = "refer"
    """What follows if it does not come: nothing is paid (close), it counts as if it were there and no person is needed
    any more (pay), or a person decides (refer)."""

    @model_validator(mode="after")
    def _consistent(self) -> "Evidence":
        _above_zero("within", self.within)
        if len(set(self.any_of)) < len(self.any_of):
            raise ContractError("any_of", "each kind of document once", ", ".join(self.any_of))
        if self.of == "seller" and self.absent == "close":
            raise ContractError("absent", "pay or refer: a seller could end a claim by being silent", "close")
        above, up_to = self.above, self.up_to
        if above and up_to and above.currency == up_to.currency and Decimal(above.amount) >= Decimal(up_to.amount):
            raise ContractError("up_to", f"more than {above.amount}, which `above` says", up_to.amount)
        return self


class SellerTime(Strict):
    """The seller is asked before a claim is decided. Whoever accepts it makes it due as worded, whoever contests it
    brings it before a person, and what is offered is put to the buyer, as far as `remedies` has it."""

    answers_within: Duration
    """How long the seller has, from when the claim is known."""
    silent: Literal["pay", "refer", "nothing"] = "nothing"
    """What no answer means: the claim is due as worded once the evidence is there (pay), a person decides (refer), or
    it is decided as if there were no seller (nothing)."""
    business: BusinessDays | None = None
    """The seller's time in business days. Beyond the calendar's years `answers_within` counts."""

    @model_validator(mode="after")
    def _consistent(self) -> "SellerTime":
        _above_zero("answers_within", self.answers_within)
        return self


class RemedyKind(StrEnum):
    """What somebody who files a claim can get."""

    REFUND = "refund"
    """What the clause gives, as money back."""
    PART_REFUND = "part_refund"
    """A part of it, which settles the claim."""
    KEEP = "keep"
    """A part of it, and the goods stay with the buyer, which settles the claim."""
    RETURN = "return"
    """What the clause gives, once the goods were sent back: as a document proves it, or as the parcel is tracked."""
    RESHIP = "reship"
    """The goods once more, and no money."""
    CREDIT = "credit"
    """A credit at the platform."""


IN_FULL = frozenset({RemedyKind.REFUND, RemedyKind.RETURN, RemedyKind.CREDIT})
IN_PART = frozenset({RemedyKind.PART_REFUND, RemedyKind.KEEP})


class Remedy(Strict):
    """One of the ways in which a clause makes good what somebody claims."""

    remedy: RemedyKind
    """Which one."""
    most: Share | None = None
    """With `part_refund` and `keep`: the largest part of what the clause gives."""
    within: Duration | None = None
    """With `return`: how long the buyer has to hand in the proof_of_return; without it nothing is paid."""
    borne_by: Literal["insurer", "seller", "platform"] = "insurer"
    """Who bears what it costs; told with each row that is paid."""
    journey: ReturnTerms | None = None
    """With `return`, instead of `within`: the parcel is tracked on its way back, with a clock for each step."""

    @model_validator(mode="after")
    def _consistent(self) -> "Remedy":
        _above_zero("within", self.within)
        if (self.most is not None) != (self.remedy in IN_PART):
            expected = "a share" if self.remedy in IN_PART else "no share: it is no part"
            raise ContractError("most", f"{expected} with {self.remedy}", self.most or "")
        if self.most is not None and not self.most.strip("0."):
            raise ContractError("most", "a share above zero", self.most)
        if self.journey is not None and self.remedy is not RemedyKind.RETURN:
            raise ContractError("journey", f"no journey with {self.remedy}: nothing is sent back", "")
        if self.journey is not None and self.within is not None:
            raise ContractError("within", "one of within and journey: the parcel itself is the proof of return", "")
        if self.within is not None and self.remedy is not RemedyKind.RETURN:
            raise ContractError("within", f"no duration with {self.remedy}", "")
        if self.remedy is RemedyKind.RETURN and self.within is None and self.journey is None:
            raise ContractError("within", f"a duration with {self.remedy}", "")
        return self


class FirstOffer(Strict):
    """What the buyer is offered before a claim is paid in full or brought before a person."""

    remedy: Literal[RemedyKind.PART_REFUND, RemedyKind.KEEP, RemedyKind.CREDIT] = RemedyKind.PART_REFUND
    """Which of the clause's remedies."""
    share: Share
    """Of what the clause gives."""
    open_for: Duration
    """How long it can be accepted."""
    declined: Literal["refer", "decide"] = "refer"
    """What follows if the buyer declines it, or lets it run out: a person decides, or it is decided as if nothing had
    been offered. The same holds for what a seller offers."""

    @model_validator(mode="after")
    def _consistent(self) -> "FirstOffer":
        _above_zero("open_for", self.open_for)
        if not self.share.strip("0."):
            raise ContractError("share", "a share above zero", self.share)
        return self


class AppealTime(Strict):
    """Whoever filed a claim can ask for another look at its decision, by somebody else, if there is something new."""

    within: Duration
    """From the decision."""

    @model_validator(mode="after")
    def _consistent(self) -> "AppealTime":
        _above_zero("within", self.within)
        return self


def check_remedies(remedies: Sequence[Remedy], offer: FirstOffer | None, pays: frozenset[str], clause_id: str) -> None:
    """Raise ContractError where a clause's remedies contradict each other, its offer, or how its tiers pay."""
    kinds = [each.remedy for each in remedies]
    if len(set(kinds)) < len(kinds):
        raise ContractError("remedies", f"each remedy once in clause {clause_id}", ", ".join(kinds))
    if remedies and IN_FULL.isdisjoint(kinds):
        raise ContractError("remedies", f"refund, return or credit beside what is less in clause {clause_id}")
    money = {RemedyKind.REFUND, RemedyKind.RETURN}.intersection(kinds)
    if (money and "refund" not in pays) or (remedies and not money and "credit" not in pays):
        means = "refund" if money else "credit"
        raise ContractError("remedies", f'a tier with pays = "{means}" in clause {clause_id}', ", ".join(kinds))
    if any(each.journey is not None for each in remedies) and not IN_FULL.isdisjoint({*kinds} - {RemedyKind.RETURN}):
        expected = (
            f"no refund or credit beside a return that is tracked in clause {clause_id}: nobody would send anything"
        )
        raise ContractError("remedies", expected, ", ".join(kinds))
    if offer is None:
        return
    offered = next((each for each in remedies if each.remedy == offer.remedy), None)
    if offered is None:
        raise ContractError("offer.remedy", f"one of the remedies of clause {clause_id}", offer.remedy)
    if offered.most is not None and Decimal(offer.share) > Decimal(offered.most):
        raise ContractError("offer.share", f"at most {offered.most}, which the remedy {offer.remedy} has", offer.share)
