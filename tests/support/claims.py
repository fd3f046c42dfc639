"""Makes the events that claims hears, for one order from China to Brazil of 100.00 USD unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tests.support.story import Story
from waybond_claims.case.covered import highest_limit
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.case.state import Case
from waybond_claims.decide import decide
from waybond_claims.desk.audits import AuditRow
from waybond_claims.desk.inbox import Closed, Waiting
from waybond_claims.entitlement import may_be_kept, net_paid, standing
from waybond_claims.ledger import Entry, Key, balances
from waybond_claims.service.codec import CaseCodec
from waybond_contracts import claims, commands, delays, disputes, orders, policies, refunds, registry
from waybond_contracts.claims import ClaimReferred
from waybond_contracts.event import Event
from waybond_contracts.fields import Interval
from waybond_contracts.money import Money
from waybond_contracts.places import Lane
from waybond_contracts.recompute import recompute
from waybond_contracts.registry import EVENT_TYPES
from waybond_contracts.shipments import PackageLine, ScanKind
from waybond_contracts.watches import compile_watches
from waybond_contracts.wording import Clock, DeliveredBy, Scope, WordingDocument, parse
from waybond_kit.aggregate import Woken

E = TypeVar("E")

WORDINGS = Path(__file__).parent.parent / "fixtures" / "wordings"
KEY: dict[str, Any] = {"tenant": "demo", "platform": "shop", "order_id": "A-1"}
PLACED = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROMISED = PLACED + timedelta(days=20)
POLICY_ID = "5b0f3b0e-7f0e-5a6e-9a53-0d6f5a1c0b11"

PLAIN = """
product = "order-protection"
version = "2026.11.1"
title = { en = "Order protection" }
cover = { basis = "order_total", limit_minor = 50000, limit_currency = "USD", period = "P240D" }

[[clause]]
id = "TG-1"
peril = "late"
clock = "promised_latest"
tiers = [{ after = "P7D", share = "0.10" }, { after = "P15D", share = "0.30" }]

[[clause]]
id = "LO-1"
peril = "lost"
any_of = [
  { scan = "LOST" },
  { clock = "last_scan", silent_for = "P30D" },
  { clock = "promised_latest", after = "P45D" },
]
tiers = [{ share = "1.00" }]
late_arrival = "keep"

[[clause]]
id = "DA-1"
peril = "damaged"
any_of = [{ scan = "DAMAGED" }]
tiers = [{ share = "1.00" }]
"""


def only(clauses: str, cover: str = "") -> str:
    """The plain wording with other clauses (and exclusions) than its own; `cover` is added to its cover."""
    head = PLAIN.partition("[[clause]]")[0]
    return head.replace('period = "P240D"', f'period = "P240D"{cover}') + clauses


def usd(minor: int) -> Money:
    return Money.of(minor, "USD")


def day(count: float, hours: float = 0) -> datetime:
    """So many days after the order was placed."""
    return PLACED + timedelta(days=count, hours=hours)


def wording(name: str) -> str:
    """One of the wordings from the field."""
    return (WORDINGS / f"{name}.toml").read_text()


def placed(total: Money | None = None, lines: Sequence[orders.OrderLine] | None = None, **fields: Any) -> Any:
    total = total or usd(10_000)
    known = {
        "occurred_at": PLACED,
        "buyer_ref": "buyer-7",
        "seller_ref": "seller-3",
        "language": orders.Language.PT,
        "time_zone": "America/Sao_Paulo",
        "total": total,
        "lines": tuple(lines or (orders.OrderLine(line_id="1", sku="S", quantity=1, total=total, category="toys"),)),
        "origin": "CN",
        "destination": "BR",
        "promise": orders.Promise(latest=PROMISED),
        "payment": orders.Payment(provider="sandbox", reference="pay-1", paid_at=PLACED),
    }
    return orders.OrderPlaced(**KEY, **(known | fields))


def line(line_id: str, minor: int, *, quantity: int = 1, category: str = "toys") -> orders.OrderLine:
    return orders.OrderLine(line_id=line_id, sku="S", quantity=quantity, total=usd(minor), category=category)


def issued(body: str = PLAIN, basis: Money | None = None, **fields: Any) -> policies.PolicyIssued:
    read = parse(body)
    basis = basis or usd(10_000)
    lane = fields.pop("lane", Lane(origin="CN", destination="BR"))
    known = {
        "occurred_at": PLACED,
        "policy_id": POLICY_ID,
        "version": 1,
        "product": read.product,
        "product_version": read.version,
        "wording": WordingDocument.of(body),
        "lane": lane,
        "attached_at": PLACED,
        "ends_at": PLACED + read.cover.period,
        "basis": basis,
        "limit": Money.of(read.cover.limit_minor, basis.currency),
        "premium": premium(basis),
        "watches": compile_watches(read, lane),
    }
    return policies.PolicyIssued(**KEY, **(known | fields))


def premium(basis: Money, minor: int = 150) -> policies.Premium:
    return policies.Premium(
        total=basis.with_minor(minor), net=basis.with_minor(minor), tax=basis.zero(), rating="flat-1", factors=()
    )


def amended(version: int = 2, basis: Money | None = None, **fields: Any) -> policies.PolicyAmended:
    basis = basis or usd(10_000)
    known = {
        "occurred_at": day(1),
        "policy_id": POLICY_ID,
        "version": version,
        "basis": basis,
        "limit": basis.with_minor(50_000),
        "premium": premium(basis),
        "ends_at": day(240),
        "watches": (),
        "reason": "order_amended",
    }
    return policies.PolicyAmended(**KEY, **(known | fields))


def cancelled(at: datetime, version: int = 2, *, from_start: bool = False, returned: int = 0) -> Any:
    return policies.PolicyCancelled(
        **KEY,
        occurred_at=at,
        policy_id=POLICY_ID,
        version=version,
        reason="order_cancelled",
        from_start=from_start,
        premium_returned=usd(returned),
    )


def package(package_id: str = "P1", lines: Sequence[tuple[str, int]] = (), **fields: Any) -> delays.PackageJourney:
    kinds = tuple(ScanKind(kind) for kind in fields.pop("kinds", ()))
    contents = tuple(PackageLine(line_id=line_id, quantity=quantity) for line_id, quantity in lines)
    return delays.PackageJourney(package_id=package_id, lines=contents, kinds=kinds, **fields)


def journey(
    *packages: delays.PackageJourney, packages_in_order: int | None = None, version: int | None = None
) -> delays.Journey:
    return delays.Journey(packages=packages, packages_in_order=packages_in_order, contents_version=version)


def contents(at: datetime, *packages: delays.PackageJourney, version: int = 1, **fields: Any) -> delays.ContentsChanged:
    """Tracking says that the packages hold something else from now on."""
    return delays.ContentsChanged(
        **KEY,
        occurred_at=at,
        policy_id=POLICY_ID,
        version=version,
        as_of=at,
        journey=journey(*packages, version=version, **fields),
    )


def fell_due(
    watch_id: str, due: datetime, after: timedelta, *, package_id: str | None = "P1", version: int = 1, **fields: Any
) -> Any:
    """Tracking says that a watch fell due (ShipmentStalled with `silent=True`)."""
    kind = delays.ShipmentStalled if fields.pop("silent", False) else delays.ShipmentDelayed
    known = {
        "occurred_at": due,
        "policy_id": POLICY_ID,
        "package_id": package_id,
        "version": version,
        "as_of": due,
        "journey": journey(package(package_id)) if package_id else journey(),
        "watch_id": watch_id,
        "scope": Scope.PACKAGE,
        "clock": Clock.PROMISED_LATEST,
        "clock_start": due - after,
        "clock_source": "OrderPlaced.promise.latest",
        "due": due,
        "breached": True,
    }
    return kind(**KEY, **(known | fields))


def late(tier: int = 0, **fields: Any) -> Any:
    """The first or second tier of TG-1 in the plain wording fell due."""
    after = timedelta(days=(7, 15)[tier])
    return fell_due(f"TG-1:0:{tier}", PROMISED + after, after, **fields)


def silent_30_days(start: datetime, **fields: Any) -> Any:
    """LO-1 in the plain wording: nothing was heard for 30 days."""
    after = timedelta(days=30)
    return fell_due("LO-1:1:0", start + after, after, clock=Clock.LAST_SCAN, silent=True, **fields)


def seen(name: str, at: datetime, *, package_id: str | None = "P1", version: int = 1, **fields: Any) -> Any:
    """Tracking says what scans say: ShipmentLost, ShipmentDamaged, ShipmentReturned or ShipmentDelivered."""
    kind = EVENT_TYPES[f"io.waybond.{name}"]
    scan = {
        "ShipmentLost": ScanKind.LOST,
        "ShipmentDamaged": ScanKind.DAMAGED,
        "ShipmentReturned": ScanKind.RETURNED,
        "ShipmentDelivered": ScanKind.DELIVERED,
    }[name]
    when = fields.pop("when", Interval.at(at))
    known = {
        "occurred_at": at,
        "policy_id": POLICY_ID,
        "package_id": package_id,
        "version": version,
        "as_of": at,
        "journey": journey(package(package_id)) if package_id else journey(),
        "when": when,
        "also": tuple(
            delays.ScanSeen(kind=ScanKind(each), when=Interval.at(on)) for each, on in fields.pop("also", ())
        ),
        "scan": delays.ScanSeen(kind=ScanKind(fields.pop("kind", scan)), when=when),
    }
    if name == "ShipmentDelivered":
        known["handed_to"] = DeliveredBy.DOOR
    return kind(**KEY, **(known | fields))


def lost(at: datetime, **fields: Any) -> Any:
    return seen("ShipmentLost", at, **fields)


def damaged(at: datetime, **fields: Any) -> Any:
    return seen("ShipmentDamaged", at, **fields)


def delivered(at: datetime, **fields: Any) -> Any:
    return seen("ShipmentDelivered", at, **fields)


def answer(command: Any, name: str, at: datetime, *, version: int = 1, **fields: Any) -> Any:
    """A payment system's answer to a command: RefundSucceeded, RefundFailed, ..."""
    known: dict[str, Any] = {
        "occurred_at": at,
        "refund_id": command.refund_id,
        "attempt": command.attempt,
        "version": version,
        "provider_refund_ref": "re_1",
        "amount": command.amount,
    }
    if name in ("RefundFailed", "RefundReversed"):
        known |= {"failure_code": refunds.FailureCode.DECLINED, "retryable": True}
    return EVENT_TYPES[f"io.waybond.{name}"](**KEY, **(known | fields))


def refunded(ref: str, minor: int, at: datetime, currency: str = "USD", **fields: Any) -> orders.OrderRefunded:
    """The platform refunded; `lines` are those it names."""
    fields["lines"] = tuple(orders.RefundedLine(line_id=each) for each in fields.pop("lines", ()))
    return orders.OrderRefunded(**KEY, occurred_at=at, refund_ref=ref, amount=Money.of(minor, currency), **fields)


def complaint(at: datetime, reason: str = "NOT_RECEIVED", dispute_id: str = "D-1", **fields: Any) -> Any:
    """A dispute that is opened; `source` and `stage` may be given as their words."""
    fields["source"] = disputes.DisputeSource(fields.get("source", "buyer"))
    fields["stage"] = disputes.DisputeStage(fields.get("stage", "INQUIRY"))
    reasons = disputes.DisputeReason
    return disputes.DisputeOpened(**KEY, occurred_at=at, dispute_id=dispute_id, reason=reasons(reason), **fields)


def filed(at: datetime, reason: str = "DAMAGED", dispute_id: str = "D-1", **fields: Any) -> disputes.ClaimFiled:
    """A claim; `lines` are the ids of those it names."""
    fields["lines"] = tuple(orders.RefundedLine(line_id=each) for each in fields.pop("lines", ()))
    known = {"by": disputes.Party.BUYER, "reason": disputes.DisputeReason(reason)}
    return disputes.ClaimFiled(**KEY, occurred_at=at, dispute_id=dispute_id, **(known | fields))


def staged(at: datetime, stage: str = "CHARGEBACK", dispute_id: str = "D-1", **fields: Any) -> Any:
    known = {"occurred_at": at, "dispute_id": dispute_id, "stage": disputes.DisputeStage(stage)}
    return disputes.DisputeStageChanged(**KEY, **(known | fields))


def resolved(
    at: datetime, refunded_minor: int | None = None, dispute_id: str = "D-1", **fields: Any
) -> disputes.DisputeResolved:
    won = disputes.DisputeOutcome.BUYER_FAVOUR if refunded_minor else disputes.DisputeOutcome.SELLER_FAVOUR
    known: dict[str, Any] = {
        "occurred_at": at,
        "dispute_id": dispute_id,
        "outcome": won,
        "refunded": usd(refunded_minor) if refunded_minor is not None else None,
    }
    return disputes.DisputeResolved(**KEY, **(known | fields))


def ruling(referral: ClaimReferred, choice: str, at: datetime, **fields: Any) -> commands.DecideReferral:
    """A person decides a referral as its event showed it."""
    known = {"case_version": referral.version, "command_id": f"c-{at.isoformat()}", "by": "adjuster-1"}
    return commands.DecideReferral(
        **KEY,
        occurred_at=at,
        claim_id=referral.claim_id,
        referral_id=referral.referral_id,
        choice=choice,
        **(known | fields),
    )


class ClaimsStory(Story[Case]):
    """A story told to claims; after every step what must always hold is checked."""

    def __init__(self) -> None:
        super().__init__(decide, CaseCodec())
        self.books: dict[Key, int] = {}
        self.inbox: dict[str, Waiting] = {}
        self.version = 0

    def named(self, kind: type[E]) -> list[E]:
        """Everything of one kind published so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def last(self, kind: type[E]) -> E:
        return self.named(kind)[-1]

    def pay(self, at: datetime) -> tuple[Event, ...]:
        """Let the payment system confirm the last command."""
        return self.when(answer(self.last(refunds.MoneyCommand), "RefundSucceeded", at))

    @property
    def case(self) -> Case:
        assert self.state is not None
        return self.state

    def _step(self, fact: Event | Woken, at: datetime) -> None:
        before = len(self.published), len(self.rows)
        super()._step(fact, at)
        events = [each.event for each in self.published[before[0] :]]
        for event in events:
            check_event(event)
        versions = [event.version for event in events if isinstance(event, claims.ClaimEvent)]
        assert versions == sorted(versions)
        assert all(version >= self.version for version in versions)
        self.version = max(versions, default=self.version)
        for row in self.rows[before[1] :]:
            if isinstance(row, Waiting | Closed):
                self.inbox.pop(row.referral_id, None)
                if isinstance(row, Waiting):
                    self.inbox[row.referral_id] = row
            if isinstance(row, Waiting | Closed | AuditRow):
                continue
            assert isinstance(row, Entry)
            for posting in row.postings:
                key = posting.account, posting.currency, posting.refund_id
                self.books[key] = self.books.get(key, 0) + posting.minor
            assert check_balanced(row)
        asked = [each.referral_id for each in self.state.referrals if each.is_open] if self.state is not None else []
        assert sorted(self.inbox) == sorted(asked)
        if self.state is None:
            self.books.clear()
        else:
            check_case(self.state, events)
            assert {key: minor for key, minor in self.books.items() if minor} == {
                key: minor for key, minor in balances(self.state).items() if minor
            }


EXPLAINED = claims.ClaimApproved | claims.ClaimDenied | claims.ClaimReopened | claims.RecoveryOpened
"""What moves amounts says why."""


def check_event(event: Event) -> None:
    """What is made without validation is what its contract says, and its amounts follow from its explanation."""
    data = event.model_dump_json(warnings="error").encode()
    assert registry.decode(event.event_type, data, strict=True).event == event
    why = event.explanation if isinstance(event, EXPLAINED) else None
    if why is not None:
        assert recompute(why) == (why.entitled, why.command)
    if isinstance(event, claims.ClaimReopened):
        assert why is not None
        assert event.after == why.entitled
    if isinstance(event, claims.RecoveryOpened):
        assert why is not None
        assert event.amount.minor == -why.command.minor
    if isinstance(event, claims.ClaimApproved | refunds.MoneyCommand):
        assert sum(row.amount.minor for row in event.rows) == event.amount.minor
    if isinstance(event, claims.ClaimApproved):
        assert (event.entitled, event.amount) == (event.explanation.entitled, event.explanation.command)
        assert event.explanation.case_version == event.version
        assert event.amount.minor > 0


def check_balanced(entry: Entry) -> bool:
    sums: dict[str, int] = {}
    for posting in entry.postings:
        sums[posting.currency] = sums.get(posting.currency, 0) + posting.minor
    return bool(entry.postings) and not any(sums.values())


def check_case(case: Case, events: Sequence[Event]) -> None:
    """Money is never negative, never above what may be owed, and one command is unresolved at most."""
    assert sum(command.in_flight for command in case.commands) <= 1
    assert case.entitled >= 0
    assert case.owed >= case.entitled
    for command in case.commands:
        assert sum(row.minor for row in command.rows) == command.minor
        assert all(row.minor > 0 for row in command.rows)
    # What the rows stand for is what was paid; more can come back than was paid (recovered, and then reversed).
    assert sum(each.minor for each in standing(case)) == max(0, net_paid(case))
    ids = [command.refund_id for command in case.commands]
    assert len(ids) == len(set(ids))
    if any(isinstance(event, refunds.MoneyCommand) for event in events):
        assert case.cover is not None
        assert 0 <= net_paid(case) <= min(highest_limit(case), max(0, may_be_kept(case) - elsewhere(case)))
        if len({row.unit for command in case.commands for row in command.rows}) == 1:
            # What one package was paid and keeps is no reason to pay it more than the facts give it now.
            assert net_paid(case) <= case.entitled
