"""Refund commands as claims would publish them, for tests of whoever takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from waybond_contracts.money import Money
from waybond_contracts.orders import Payment
from waybond_contracts.refunds import CancelRefund, IssueRefund

COMMANDED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def issue_refund(
    refund_id: str = "r-1", *, order_id: str = "o-1", reference: str = "fate:paid", **more: Any
) -> IssueRefund:
    """A command to refund 12.50 USD; the payment's reference says what becomes of it."""
    fields: dict[str, Any] = {
        "tenant": "demo",
        "platform": "shop",
        "order_id": order_id,
        "occurred_at": COMMANDED,
        "refund_id": refund_id,
        "claim_id": "c-1",
        "policy_id": "p-1",
        "version": 1,
        "step": 1,
        "attempt": 1,
        "amount": Money.of(1250, "USD"),
        "reason_code": "TG-1",
        "narrative": "Late by more than 7 days",
        "decision_version": 1,
        "requested_at": COMMANDED,
        "not_after": COMMANDED + timedelta(days=30),
        "payment": Payment(provider="sandbox", reference=reference),
    }
    return IssueRefund(**(fields | more))


def cancel_refund(refund_id: str = "r-1", *, order_id: str = "o-1", version: int = 2, **more: Any) -> CancelRefund:
    """A cancellation of the refund."""
    fields: dict[str, Any] = {
        "tenant": "demo",
        "platform": "shop",
        "order_id": order_id,
        "occurred_at": COMMANDED,
        "refund_id": refund_id,
        "claim_id": "c-1",
        "policy_id": "p-1",
        "version": version,
        "reason_code": "silent",
    }
    return CancelRefund(**(fields | more))
