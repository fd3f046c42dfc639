"""What the buyer is told, in all four languages: what happened, what is paid, what happens next and by when.

Each function here writes one notice into the draft. The sentences are data (texts/*.toml).
"""

from waybond_claims.notices.complaints import (
    appeal_lowered,
    appeal_received,
    appeal_rejected,
    appeal_upheld,
    claim_closed,
    denied,
    evidence_received,
    evidence_requested,
    offer_accepted,
    offer_declined,
    offer_expired,
    offer_made,
    offer_withdrawn,
    referred,
    return_received,
    return_requested,
    seller_asked,
    too_early,
)
from waybond_claims.notices.payments import approved, refund_delayed, refund_withdrawn
from waybond_claims.notices.steps import appeal_decided, asked_a_person, received, steps

__all__ = [
    "appeal_decided",
    "appeal_lowered",
    "appeal_received",
    "appeal_rejected",
    "appeal_upheld",
    "approved",
    "asked_a_person",
    "claim_closed",
    "denied",
    "evidence_received",
    "evidence_requested",
    "offer_accepted",
    "offer_declined",
    "offer_expired",
    "offer_made",
    "offer_withdrawn",
    "received",
    "referred",
    "refund_delayed",
    "refund_withdrawn",
    "return_received",
    "return_requested",
    "seller_asked",
    "steps",
    "too_early",
]
