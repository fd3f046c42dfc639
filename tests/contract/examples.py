"""One example of every event as it lies on its topic: the Brazil parcel's story and the cases around it."""

import hashlib
from typing import Any

WORDING = """\
product = "order-protection"
version = "2026.11.1"
title = { en = "Order protection", zh = "跨境订单保", pt = "Proteção do pedido", es = "Protección del pedido" }
cover = { basis = "order_total", limit_minor = 50000, limit_currency = "USD", period = "P180D" }

[[clause]]
id = "TG-1"
peril = "late"
clock = "promised_latest"
lanes = ["*-BR", "*-AR"]
tiers = [{ after = "P7D", share = "0.10" }, { after = "P15D", share = "0.30" }]

[[clause]]
id = "LO-1"
peril = "lost"
any_of = [
  { scan = "LOST" },
  { clock = "last_scan", silent_for = "P30D", lanes = ["international"] },
  { clock = "promised_latest", after = "P45D" },
]
tiers = [{ share = "1.00" }]
late_arrival = "keep"
"""


def usd(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "USD", "exponent": 2}


ORDER = {"tenant": "demo", "platform": "shop", "order_id": "2026-000123"}
PAYMENT = {"provider": "acme-pay", "kind": "card", "reference": "ch_3Nf1", "paid_at": "2026-01-05T14:02:11Z"}
LINE = {"line_id": "1", "sku": "LAMP-7", "quantity": 2, "total": usd(4200), "category": "9405", "title": "Desk lamp"}
PREMIUM = {
    "total": usd(158),
    "net": usd(150),
    "tax": usd(8),
    "rating": "scms-2026.11.1",
    "factors": [
        {"name": "base", "key": "CN-BR", "value": "0.031", "result": usd(142), "observations": 412},
        {"name": "season", "key": "Q1", "value": "1.056", "result": usd(150), "credibility": "0.83", "source": "SCMS"},
    ],
}
WATCH = {
    "id": "TG-1:0:0",
    "clock": "promised_latest",
    "kind": "deadline",
    "after": "P7D",
    "scope": "package",
    "delivered_by": ["door", "neighbour", "locker", "pickup_point", "unknown"],
}
WATCHES = [
    WATCH,
    WATCH | {"id": "TG-1:0:1", "after": "P15D"},
    WATCH | {"id": "LO-1:1:0", "clock": "last_scan", "kind": "silence", "after": "P30D", "ask_carrier": True},
    WATCH | {"id": "LO-1:2:0", "after": "P45D", "follow_promise": True, "answer_within": "PT48H"},
]
RATE = {"base": "USD", "quote": "BRL", "rate": "5.4321", "source": "ECB", "as_of": "2026-01-05T00:00:00Z"}
SCAN = {
    "kind": "IMPORT_ARRIVED",
    "when": {"earliest": "2026-01-19T02:00:00Z", "latest": "2026-01-19T16:00:00Z"},
    "provider": "17track",
    "raw_code": "InTransit_Arrival",
}
PACKAGE = {
    "package_id": "p1",
    "carrier": "correios",
    "tracking_number": "LX123456785CN",
    "lines": [{"line_id": "1", "quantity": 2}],
    "booked_at": "2026-01-06T09:00:00Z",
    "first_scan": SCAN | {"kind": "PICKED_UP"},
    "last_scan": SCAN,
    "kinds": ["PICKED_UP", "IN_TRANSIT", "EXPORT_DEPARTED", "IMPORT_ARRIVED"],
    "carrier_eta": "2026-02-01T00:00:00Z",
    "arrived": SCAN["when"],
    "handed_to": "locker",
}
JOURNEY = {
    "packages": [PACKAGE],
    "packages_in_order": 1,
    "promised_latest": "2026-02-04T23:59:59Z",
    "contents_version": 1,
}
DELAY = {"policy_id": "5d1c", "package_id": "p1", "version": 1, "as_of": "2026-02-12T00:00:00Z", "journey": JOURNEY}
WATCHED = DELAY | {
    "watch_id": "TG-1:0:0",
    "scope": "package",
    "clock": "promised_latest",
    "clock_start": "2026-02-04T23:59:59Z",
    "clock_source": "OrderPlaced.promise.latest",
    "due": "2026-02-11T23:59:59Z",
    "breached": True,
    "arrived": None,
    "feed": "answered",
    "asked_at": "2026-02-12T00:00:00Z",
    "checked_as_of": "2026-02-12T01:00:00Z",
}
SEEN = DELAY | {"when": SCAN["when"], "scan": SCAN, "standing": True, "also": [SCAN | {"kind": "RETURNED"}]}
CLAIM = {"claim_id": "c-77", "policy_id": "5d1c", "version": 3}
CLOCK = {
    "clock": "promised_latest",
    "start": "2026-02-04T23:59:59Z",
    "source": "OrderPlaced.promise.latest",
    "due": "2026-02-11T23:59:59Z",
    "as_of": "2026-02-12T00:00:00Z",
    "watch_id": "TG-1:0:0",
}
FINDING = {
    "clause_id": "TG-1",
    "peril": "late",
    "package_id": "p1",
    "tier": 0,
    "applies": True,
    "reason": "applies",
    "fact": "ShipmentDelayed/1",
    "fact_at": "2026-02-11T23:59:59Z",
    "exclusion_id": "",
    "clock": CLOCK,
    "basis": usd(4600),
    "share": "0.10",
    "benefit": usd(460),
}
EXPLANATION = {
    "product": "order-protection",
    "product_version": "2026.11.1",
    "wording_sha256": hashlib.sha256(WORDING.encode()).hexdigest(),
    "interpreter": 1,
    "policy_id": "5d1c",
    "policy_version": 1,
    "case_version": 3,
    "decided_at": "2026-02-12T00:00:00Z",
    "packages": [{"package_id": "p1", "basis": usd(4600)}],
    "findings": [
        FINDING,
        {"clause_id": "LO-1", "peril": "lost", "package_id": "p1", "applies": False, "reason": "not_met"}
        | {"return_step": "not_handed_in"},
        {"clause_id": "LO-1", "peril": "lost", "applies": False, "reason": "needs_claim", "fixed": usd(500)}
        | {"eligible_at": "2026-03-21T23:59:59Z"},
    ],
    "steps": [
        {"kind": "add", "what": "package:p1", "amount": usd(460), "result": usd(460)},
        {"kind": "cap", "what": "limit", "amount": usd(50000), "result": usd(460)},
        {"kind": "cap", "what": "paid_less_refunded", "amount": usd(4600), "result": usd(460)},
    ],
    "entitled": usd(460),
    "command": usd(460),
    "rates": ["5.4321"],
}
COMMAND = {"command_id": "cmd-1", "claim_id": "c-77", "case_version": 3, "by": "adjuster-9"}
HANDLED = {"command_id": "cmd-2", "claim_id": "c-77", "referral_id": "rf-1", "by": "adjuster-9"}
HELD = {"command_id": "op-1", "service": "claims", "topic_name": "shipments", "record_offset": 4711, "by": "ops-1"}
ROWS = [{"package_id": "p1", "remainder": False, "clause_id": "TG-1", "amount": usd(460)}]
REFUND = {"refund_id": "r-1", "claim_id": "c-77", "policy_id": "5d1c", "version": 1}
MONEY_COMMAND = REFUND | {
    "step": 1,
    "attempt": 1,
    "amount": usd(460),
    "reason_code": "late",
    "narrative": "Order 2026-000123 arrives late",
    "decision_version": 3,
    "requested_at": "2026-02-12T00:00:00Z",
    "not_after": "2026-03-14T00:00:00Z",
    "rows": ROWS,
}
RESULT = {"refund_id": "r-1", "attempt": 1, "version": 1, "provider_refund_ref": "re_8", "amount": usd(460)}
FAILED = RESULT | {"failure_code": "declined", "failure_raw": "05", "retryable": True}
PHOTO = {
    "kind": "photo_of_damage",
    "sha256": hashlib.sha256(b"photo").hexdigest(),
    "media_type": "image/jpeg",
    "size_bytes": 240_112,
    "perceptual_hash": "d1c4f0e8a3b29576",
    "taken_at": "2026-02-13T09:30:00Z",
    "ref": "photo-1",
}
DISPUTE = {"dispute_id": "dp-5"}
TEXTS = [
    {"language": "en", "subject": "Your parcel is late", "body": "We refund 4.60 USD. It arrives by 20 February."},
    {"language": "zh", "subject": "包裹延误", "body": "我们退款 4.60 美元。"},
    {"language": "pt", "subject": "Sua encomenda está atrasada", "body": "Reembolsamos US$ 4,60."},
    {"language": "es", "subject": "Su paquete se retrasa", "body": "Le devolvemos 4,60 USD."},
]

SUBJECT = {"of": "buyer", "subject": "9c" * 16}
BAND = {"of": "photo", "subject": "0-0f1e"}
SIGNAL = {"of": "buyer", "fact": "claims_90d", "value": 2, "orders": ["shop/2026-000101", "shop/2026-000088"]}

# Each payload without the order's three fields and occurred_at, which every event has.
_FIELDS: dict[str, dict[str, Any]] = {
    "OrderPlaced": {
        "language": "pt",
        "time_zone": "America/Sao_Paulo",
        "buyer_ref": "b-1",
        "seller_ref": "s-1",
        "total": usd(4600),
        "shipping": usd(400),
        "lines": [LINE],
        "origin": "CN",
        "destination": "BR",
        "postal_prefix": "013",
        "promise": {"earliest": "2026-01-25T00:00:00Z", "latest": "2026-02-04T23:59:59Z"},
        "service": "standard",
        "payment": PAYMENT,
        "cover": {"wanted": True, "product": "order-protection", "quote_token": "q.eyJ.sig"},
        "settlement_rate": RATE,
        "address_token": "ad-7f",
        "card_token": "cf-19",
    },
    "OrderAmended": {"revision": 1, "total": usd(4600), "lines": [LINE], "destination": "BR", "reason": "address"},
    "OrderCancelled": {"reason": "buyer"},
    "OrderRefunded": {
        "refund_ref": "pr-1",
        "amount": usd(1000),
        "reason": "goodwill",
        "lines": [{"line_id": "l1", "amount": usd(800)}, {"line_id": "l2", "quantity": 1}],
        "provider_refund_ref": "re_77",
        "dispute_id": "dp-5",
    },
    "PromiseChanged": {"revision": 1, "promise": {"latest": "2026-02-10T23:59:59Z"}, "by": "carrier"},
    "ShipmentBooked": {
        "package_id": "p1",
        "carrier": "correios",
        "tracking_number": "LX123456785CN",
        "lines": [{"line_id": "1", "quantity": 2}],
        "packages_in_order": 1,
        "promise": {"latest": "2026-02-04T23:59:59Z"},
        "service": "express",
        "replaces": "p0",
        "direction": "return",
        "dispute_id": "dp-5",
    },
    "ShipmentScanned": {
        "package_id": "p1",
        "kind": "IMPORT_ARRIVED",
        "occurred_until": "2026-12-31T00:00:00Z",
        "handed_to": "unknown",
        "carrier_eta": "2026-02-01T00:00:00Z",
        "provider": "17track",
        "raw_code": "InTransit_Arrival",
        "raw_text": "Arrived at destination country",
        "country": "BR",
        "scan_ref": "s-9",
        "direction": "outbound",
    },
    "ShipmentChecked": {"package_id": "p1", "as_of": "2026-02-12T01:00:00Z", "provider": "17track", "scans_known": 4},
    "DisputeOpened": DISPUTE
    | {
        "source": "buyer",
        "reason": "NOT_RECEIVED",
        "stage": "INQUIRY",
        "amount": usd(4600),
        "package_id": "p1",
        "provider": "paypal",
        "raw_code": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "raw_category": "not_received",
        "statement": "Onde está?",
        "answer_by": "2026-02-20T00:00:00Z",
    },
    "EvidenceSubmitted": DISPUTE
    | {
        "evidence_id": "e-1",
        "kind": "photo",
        "by": "buyer",
        "documents": ["sha256:ab"],
        "note": "box",
        "details": [PHOTO],
    },
    "ClaimFiled": DISPUTE
    | {
        "by": "buyer",
        "reason": "DAMAGED",
        "provider": "ebay",
        "raw_code": "SignificantlyNotAsDescribed",
        "raw_category": "arrived_damaged",
        "package_id": "p1",
        "lines": [{"line_id": "l1", "quantity": 1}],
        "amount": usd(4600),
        "wishes": ["reship", "refund"],
        "statement": "A caixa chegou quebrada",
        "documents": [PHOTO],
    },
    "SellerResponded": DISPUTE
    | {
        "response_id": "r-1",
        "response": "offer",
        "amount": usd(2000),
        "remedy": "part_refund",
        "statement": "It can be repaired",
        "documents": [PHOTO | {"kind": "proof_of_shipment"}],
    },
    "ReturnReceived": DISPUTE
    | {
        "receipt_id": "rr-1",
        "condition": "empty",
        "package_id": "r1",
        "lines": [{"line_id": "1", "quantity": 2}],
        "by": "platform",
        "statement": "Nothing was in the box",
        "documents": [PHOTO | {"kind": "photo_of_package"}],
    },
    "DisputeStageChanged": DISPUTE
    | {
        "stage": "CHARGEBACK",
        "revision": 2,
        "amount": usd(4600),
        "answer_by": "2026-03-01T00:00:00Z",
        "provider": "stripe",
        "raw_status": "needs_response",
    },
    "DisputeWithdrawn": DISPUTE,
    "DisputeResolved": DISPUTE
    | {
        "outcome": "PAYOUT",
        "refunded": usd(4600),
        "provider_refund_ref": "re_77",
        "lines": [{"line_id": "l1", "quantity": 1}],
        "revision": 3,
        "provider": "paypal",
        "raw_status": "RESOLVED_WITH_PAYOUT",
        "appeal_by": "2026-03-10T00:00:00Z",
    },
    "PolicyIssued": {
        "policy_id": "5d1c",
        "version": 1,
        "product": "order-protection",
        "product_version": "2026.11.1",
        "wording": {"sha256": hashlib.sha256(WORDING.encode()).hexdigest(), "body": WORDING},
        "lane": {"origin": "CN", "destination": "BR"},
        "attached_at": "2026-01-05T14:02:12Z",
        "ends_at": "2026-07-04T14:02:11Z",
        "basis": usd(4600),
        "limit": usd(50000),
        "package_limit": usd(50000),
        "premium": PREMIUM,
        "rates": [RATE],
        "watches": WATCHES,
        "quoted": True,
    },
    "PolicyDeclined": {"reason": "unknown_lane", "detail": "no rate for CN-AQ", "product": "order-protection"},
    "PolicyAmended": {
        "policy_id": "5d1c",
        "version": 2,
        "basis": usd(2300),
        "limit": usd(50000),
        "package_limit": usd(50000),
        "premium": PREMIUM,
        "ends_at": "2026-07-04T14:02:11Z",
        "watches": WATCHES,
        "reason": "order_amended",
        "lane": {"origin": "CN", "destination": "AR"},
    },
    "PolicyCancelled": {
        "policy_id": "5d1c",
        "version": 3,
        "reason": "cancelled",
        "from_start": True,
        "premium_returned": usd(158),
    },
    "ShipmentDelayed": WATCHED,
    "ShipmentStalled": WATCHED | {"watch_id": "LO-1:1:0", "clock": "last_scan"},
    "ShipmentLost": SEEN,
    "ShipmentDamaged": SEEN,
    "ShipmentReturned": SEEN,
    "ShipmentHindered": SEEN,
    "ShipmentDelivered": SEEN | {"handed_to": "door"},
    "ContentsChanged": DELAY | {"package_id": None},
    "ReturnMoved": {
        "policy_id": "5d1c",
        "package_id": "r1",
        "version": 4,
        "as_of": "2026-03-08T00:00:00Z",
        "standing": False,
        "dispute_id": "dp-5",
        "lines": [{"line_id": "1", "quantity": 2}],
        "carrier": "correios",
        "tracking_number": "RR123456785BR",
        "booked_at": "2026-02-14T09:00:00Z",
        "handed_in": SCAN["when"],
        "back": SCAN["when"],
        "lost": SCAN["when"],
        "sent_back": SCAN["when"],
    },
    "TrackingCheckRequested": {
        "policy_id": "5d1c",
        "watch_id": "LO-1:1:0",
        "package_id": "p1",
        "carrier": "correios",
        "tracking_number": "LX123456785CN",
        "due": "2026-02-18T16:00:00Z",
        "answer_by": "2026-02-20T16:00:00Z",
    },
    "ClaimOpened": CLAIM | {"cause": "ShipmentDelayed", "peril": "late", "dispute_id": "dp-5"},
    "EvidenceRequested": CLAIM
    | {
        "of": "buyer",
        "kinds": ["photo_of_damage", "video"],
        "answer_by": "2026-02-20T00:00:00Z",
        "dispute_id": "dp-5",
        "clause_id": "DA-1",
        "needed": [
            {"any_of": ["photo_of_damage", "video"], "answer_by": "2026-02-20T00:00:00Z", "absent": "close"},
        ],
    },
    "ReturnAwaited": CLAIM
    | {
        "dispute_id": "dp-5",
        "clause_id": "DA-1",
        "step": "handed_in",
        "of": "buyer",
        "until": "2026-02-24T00:00:00Z",
        "otherwise": "close",
    },
    "ClaimReferred": CLAIM
    | {
        "referral_id": "rf-1",
        "reason": "payer_silent",
        "question": "No answer for 24 h",
        "choices": ["keep_waiting", "settled_outside"],
        "amount": usd(460),
        "refund_id": "r-1",
        "role": "payments",
        "answer_by": "2026-02-12T00:00:00Z",
    },
    "OfferMade": CLAIM
    | {
        "offer_id": "of-1",
        "amount": usd(460),
        "expires_at": "2026-03-01T00:00:00Z",
        "dispute_id": "dp-5",
        "clause_id": "DA-1",
        "remedy": "part_refund",
        "offered_by": "wording",
        "gives_up": "rest_of_claim",
    },
    "OfferClosed": CLAIM | {"offer_id": "of-1", "how": "accepted", "dispute_id": "dp-5", "amount": usd(460)},
    "CommandRefused": CLAIM | {"command_id": "c-7", "command": "AcceptOffer", "reason": "stale"},
    "ClaimApproved": CLAIM | {"amount": usd(460), "entitled": usd(460), "explanation": EXPLANATION, "rows": ROWS},
    "ClaimDenied": CLAIM
    | {
        "reason": "too_early",
        "dispute_id": "dp-5",
        "eligible_at": "2026-02-11T23:59:59Z",
        "paid": usd(0),
        "explanation": EXPLANATION,
    }
    | {"clauses": ["TG-1"], "detail": "no_evidence", "exclusions": ["EX-1"]},
    "ClaimSettled": CLAIM | {"refund_id": "r-1", "amount": usd(460), "settled": usd(460)},
    "ClaimReopened": CLAIM
    | {"cause": "ShipmentScanned", "before": usd(460), "after": usd(1380), "explanation": EXPLANATION},
    "RecoveryOpened": CLAIM
    | {
        "recovery_id": "rc-1",
        "from_whom": "buyer",
        "amount": usd(460),
        "reason": "late_arrival",
        "explanation": EXPLANATION,
    },
    "BuyerNotified": CLAIM
    | {
        "notice_id": "n-1",
        "about": "approved",
        "language": "pt",
        "texts": TEXTS,
        "amount": usd(460),
        "expected_by": "2026-02-20T00:00:00Z",
        "ordinal": 1,
        "act_by": "2026-02-13T00:00:00Z",
    },
    "IssueRefund": MONEY_COMMAND | {"payment": PAYMENT},
    "IssuePayout": MONEY_COMMAND | {"payee": "buyer", "payment": PAYMENT},
    "CancelRefund": REFUND | {"version": 2, "reason_code": "refunded_by_platform"},
    "RefundAccepted": RESULT,
    "RefundPending": RESULT | {"waits_for": "bank"},
    "RefundSucceeded": RESULT | {"version": 2},
    "RefundFailed": FAILED,
    "RefundReversed": FAILED | {"version": 3},
    "RefundCancelled": RESULT,
    "DecideReferral": COMMAND
    | {"referral_id": "rf-1", "choice": "keep_waiting", "amount": usd(460), "note": "asked", "role": "lead"}
    | {"reason_code": "confirmed_by_others", "authority": usd(5_000)},
    "AssignReferral": HANDLED | {"assignee": "adjuster-2"},
    "SnoozeReferral": HANDLED | {"until": "2026-01-09T08:00:00Z"},
    "BoostReferral": HANDLED | {"boosted": True},
    "NoteReferral": HANDLED | {"note": "The carrier searches until Friday"},
    "AcceptOffer": COMMAND | {"offer_id": "of-1"},
    "DeclineOffer": COMMAND | {"offer_id": "of-1"},
    "Appeal": COMMAND | {"statement": "It never came", "dispute_id": "d-1", "documents": [PHOTO]},
    "OrderObserved": SUBJECT | {"what": "claimed", "buyer": "0f" * 16, "card": "1e" * 16},
    "PhotoObserved": BAND | {"perceptual_hash": "0f1e2d3c4b5a6978"},
    "SubjectAsked": BAND | {"round": 1, "perceptual_hashes": ["0f1e2d3c4b5a6978"]},
    "SubjectTold": SUBJECT | {"round": 1, "facts": [SIGNAL]},
    "SignalsTold": {
        "version": 1,
        "disputes": ["d-1"],
        "asked_at": "2026-02-10T08:00:00Z",
        "facts": [SIGNAL],
        "unknown": ["card"],
    },
    "ReleaseHeld": HELD | {"note": "fixed"},
    "DiscardHeld": HELD | {"note": "not ours"},
}

EXAMPLES: dict[str, dict[str, Any]] = {
    f"io.waybond.{name}": ORDER | {"occurred_at": "2026-01-05T14:02:11Z"} | fields for name, fields in _FIELDS.items()
}
"""CloudEvents type -> payload."""
