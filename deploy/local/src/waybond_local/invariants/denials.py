"""I12: neither a score nor signals deny: what each denial of a complaint with points or signals rests on."""

from waybond_contracts.claims import (
    ClaimDenied,
    ClaimEvent,
    ClaimReferred,
    DenialReason,
    EvidenceRequested,
    OfferClosed,
    ReturnAwaited,
)
from waybond_contracts.explanation import Finding, FindingReason
from waybond_local.invariants.check import Check

BY_CLAUSE, BY_OFFER = "clause", "offer"
CLEAR = "clear"
"""What signals say where nothing speaks for a look."""
READ = (ClaimDenied, ClaimReferred, EvidenceRequested, OfferClosed, ReturnAwaited)
"""What it has to be fed."""


class Denials:
    """Feed it what claims published, in the order of the topic.

    The clause denies only what it asked for before: a document, or the goods; and nothing that signals put before a
    person, or have not answered. A person denies what they were asked.
    """

    def __init__(self) -> None:
        self.check = Check("I12", "a score and signals deny nothing: a clause or a person does")
        for figure in ("denials", "denials with points", "denials with signals"):
            self.check.count(figure, 0)
        self._asked: set[tuple[str, str, str]] = set()
        self._referred: set[tuple[str, str]] = set()
        self._accepted: set[tuple[str, str]] = set()

    def published(self, event: ClaimEvent) -> None:
        """One event of claims; those that are not in READ say nothing."""
        match event:
            case EvidenceRequested() | ReturnAwaited():
                self._asked.add((event.claim_id, event.dispute_id or "", event.clause_id))
            case ClaimReferred():
                self._referred.add((event.claim_id, event.referral_id))
            case OfferClosed():
                if event.how == "accepted":
                    self._accepted.add((event.claim_id, event.dispute_id or ""))
            case ClaimDenied():
                self._denied(event)
            case _:
                pass

    def _denied(self, event: ClaimDenied) -> None:
        self.check.count("denials")
        if event.reason is not DenialReason.NOT_COVERED or event.explanation is None:
            return
        # Of another complaint about the same goods that still waits the finding says needs_claim.
        weighed = [
            each
            for each in event.explanation.findings
            if (each.score is not None or each.signals is not None) and each.reason is FindingReason.NOT_MET
        ]
        if any(each.score is not None for each in weighed):
            self.check.count("denials with points")
        if any(each.signals is not None for each in weighed):
            self.check.count("denials with signals")
        for each in weighed:
            named = f"{event.order_key}: {event.dispute_id or 'a complaint'} is denied under {each.clause_id}"
            self.check.expect(each.clause_id in event.clauses, f"{named}, which it does not cite")
            self.check.expect(
                self._holds(event, each), f"{named} by {each.ground or 'points or signals alone'}, and nobody was asked"
            )
            told = each.signals.outcome if each.signals is not None else CLEAR
            self.check.expect(
                each.ground != BY_CLAUSE or told == CLEAR,
                f"{named} by itself, and signals said {told}: a person decides",
            )

    def _holds(self, event: ClaimDenied, found: Finding) -> bool:
        dispute = event.dispute_id or ""
        if found.ground == BY_CLAUSE:
            return (event.claim_id, dispute, found.clause_id) in self._asked
        if found.ground == BY_OFFER:
            return (event.claim_id, dispute) in self._accepted
        return (event.claim_id, found.ground) in self._referred
