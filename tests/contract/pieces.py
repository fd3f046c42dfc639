"""Parts of which the examples of events are made."""

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
CHARGE = {
    "orders": [{"order_id": ORDER["order_id"], "paid": usd(4600)}, {"order_id": "2026-000124", "paid": usd(1900)}]
}
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
PROOF = {"signature": "matches", "photo": True, "code": False, "address_matches": True, "distance_m": 12}
