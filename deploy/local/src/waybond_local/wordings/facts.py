"""The events that a story's order and steps are: what platform, carrier, buyer and people would have published."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError

from waybond_claims.case.state import Case
from waybond_contracts.commands import DecideReferral
from waybond_contracts.disputes import DisputeOpened, DisputeResolved, DisputeWithdrawn, ReturnReceived
from waybond_contracts.errors import ContractError, contract_error
from waybond_contracts.event import Event
from waybond_contracts.orders import (
    CoverSelection,
    OrderAmended,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    OrderRefunded,
    Payment,
    Promise,
    PromiseChanged,
    RefundedLine,
)
from waybond_contracts.shipments import Direction, PackageLine, ShipmentBooked, ShipmentChecked, ShipmentScanned
from waybond_contracts.signals import MAX_COMPLAINTS_NAMED, SignalFact, SignalsTold
from waybond_local.replay.timed import About
from waybond_local.wordings import story as told
from waybond_local.wordings.story import Story, StoryLine

TENANT, PLATFORM, ORDER_ID = "underwriter", "story", "order-1"
ABOUT = About(tenant=TENANT, platform=PLATFORM, order_id=ORDER_ID)
CARRIER = "carrier"


def placed(story: Story, product: str) -> OrderPlaced:
    """The story's order, which wants the product. Raises ContractError naming the field."""
    try:
        return _placed(story, product)
    except ValidationError as error:
        raise _named("order", error) from None


def signals(story: Story, disputes: Sequence[str], version: int, at: datetime) -> SignalsTold:
    """What signals tell of other orders about these complaints."""
    told = [SignalFact(of=each.of, fact=each.fact.value, value=each.value) for each in story.signals]
    return SignalsTold(
        **ABOUT,
        occurred_at=at,
        version=version,
        disputes=tuple(disputes[:MAX_COMPLAINTS_NAMED]),
        asked_at=at,
        facts=tuple(told),
    )


def event(story: Story, index: int, case: Case | None) -> Event:
    """What a step of the story is; `case` is the claim file as it stands then. Raises ContractError naming the step."""
    try:
        return _event(story, index, case)
    except ValidationError as error:
        raise _named(f"steps.{index}", error) from None


def _named(where: str, error: ValidationError) -> ContractError:
    wrong = contract_error(error)
    return ContractError(f"{where}.{wrong.field}", wrong.expected, wrong.got)


def _placed(story: Story, product: str) -> OrderPlaced:
    order, at = story.order, story.placed_at
    shipping = story.money(order.shipping, "order.shipping") if order.shipping is not None else None
    return OrderPlaced(
        **ABOUT,
        occurred_at=at,
        buyer_ref="buyer",
        seller_ref="seller",
        total=story.money(order.total, "order.total"),
        shipping=shipping,
        lines=_lines(story, story.lines, "order.lines"),
        origin=order.origin,
        destination=order.destination,
        promise=_promise(story, order.promised_latest),
        service=order.service,
        payment=Payment(provider="payer", reference="payment-1", paid_at=at),
        cover=CoverSelection(product=product),
        settlement_rate=order.exchange.fx_rate(at) if order.exchange is not None else None,
    )


def _event(story: Story, index: int, case: Case | None) -> Event:
    step, at = story.steps[index], story.placed_at + story.steps[index].after
    match step:
        case told.Booked() | told.Scanned() | told.Checked():
            return _shipped(story, step, at)
        case told.Disputed() | told.Withdrawn() | told.Resolved() | told.Received():
            return _disputed(story, step, at, f"steps.{index}")
        case told.Decided():
            return _decided(story, step, at, f"steps.{index}", case)
        case _:
            return _changed(story, step, at, index)


def _shipped(story: Story, step: told.Booked | told.Scanned | told.Checked, at: datetime) -> Event:
    match step:
        case told.Booked():
            lines = tuple(PackageLine(line_id=line, quantity=quantity) for line, quantity in step.lines.items())
            return ShipmentBooked(
                **ABOUT,
                occurred_at=at,
                package_id=step.booked,
                carrier=CARRIER,
                tracking_number=step.booked,
                lines=lines,
                packages_in_order=step.packages_in_order,
                promise=_promise(story, step.promised_latest),
                replaces=step.replaces,
                direction=Direction.OUTBOUND if step.returns is None else Direction.RETURN,
                dispute_id=step.returns,
            )
        case told.Scanned():
            return ShipmentScanned(
                **ABOUT,
                occurred_at=at,
                occurred_until=at + timedelta(hours=step.unsure_hours) if step.unsure_hours else None,
                package_id=step.package,
                kind=step.scan,
                handed_to=step.handed_to,
                carrier_eta=story.instant(step.carrier_eta) if step.carrier_eta is not None else None,
                provider=CARRIER,
            )
        case told.Checked():
            return ShipmentChecked(**ABOUT, occurred_at=at, package_id=step.checked, as_of=at, provider=CARRIER)


def _disputed(
    story: Story, step: told.Disputed | told.Withdrawn | told.Resolved | told.Received, at: datetime, where: str
) -> Event:
    match step:
        case told.Disputed():
            return DisputeOpened(
                **ABOUT,
                occurred_at=at,
                dispute_id=step.id,
                source=step.source,
                reason=step.dispute,
                stage=step.stage,
                package_id=step.package,
                amount=story.money(step.amount, f"{where}.amount") if step.amount is not None else None,
                provider=PLATFORM,
            )
        case told.Withdrawn():
            return DisputeWithdrawn(**ABOUT, occurred_at=at, dispute_id=step.withdrawn)
        case told.Received():
            return ReturnReceived(
                **ABOUT,
                occurred_at=at,
                dispute_id=step.of,
                receipt_id=where,
                condition=step.received,
                package_id=step.package,
            )
        case told.Resolved():
            refunded = story.money(step.refunded, f"{where}.refunded") if step.refunded is not None else None
            return DisputeResolved(
                **ABOUT, occurred_at=at, dispute_id=step.resolved, outcome=step.outcome, refunded=refunded
            )


def _changed(
    story: Story, step: told.Amended | told.Cancelled | told.Refunded | told.Promised, at: datetime, index: int
) -> Event:
    """What the platform says; the step's place in the file counts its revisions, so that the later one wins."""
    where = f"steps.{index}"
    match step:
        case told.Amended():
            amend = step.amend
            return OrderAmended(
                **ABOUT,
                occurred_at=at,
                revision=index + 1,
                total=story.money(amend.total, f"{where}.amend.total") if amend.total is not None else None,
                lines=_lines(story, amend.lines, f"{where}.amend.lines") if amend.lines is not None else None,
                destination=amend.destination,
            )
        case told.Cancelled():
            return OrderCancelled(**ABOUT, occurred_at=at)
        case told.Refunded():
            return OrderRefunded(
                **ABOUT,
                occurred_at=at,
                refund_ref=f"platform-{index}",
                amount=story.money(step.refunded, f"{where}.refunded"),
                lines=tuple(RefundedLine(line_id=line) for line in step.lines),
            )
        case told.Promised():
            promise = Promise(latest=story.instant(step.promised))
            return PromiseChanged(**ABOUT, occurred_at=at, revision=index + 1, promise=promise)


def _decided(story: Story, step: told.Decided, at: datetime, where: str, case: Case | None) -> DecideReferral:
    waiting = [each for each in case.referrals if each.is_open] if case is not None else []
    if case is None or not waiting:
        raise ContractError(f"{where}.decide", f"a question that waits for a person on day {step.day}", step.decide)
    question = min(waiting, key=lambda each: each.opened_at)
    if step.decide not in question.choices:
        expected = f"one of {', '.join(question.choices)}: the question is {question.question!r}"
        raise ContractError(f"{where}.decide", expected, step.decide)
    return DecideReferral(
        **ABOUT,
        occurred_at=at,
        command_id=where,
        claim_id=case.claim_id,
        case_version=case.version,
        by="story",
        referral_id=question.referral_id,
        choice=step.decide,
        amount=story.money(step.amount, f"{where}.amount") if step.amount is not None else None,
    )


def _promise(story: Story, day: int | None) -> Promise | None:
    return Promise(latest=story.instant(day)) if day is not None else None


def _lines(story: Story, lines: Sequence[StoryLine], where: str) -> tuple[OrderLine, ...]:
    return tuple(
        OrderLine(
            line_id=each.id,
            sku=each.id,
            quantity=each.quantity,
            total=story.money(each.total, f"{where}.{index}.total"),
            category=each.category,
        )
        for index, each in enumerate(lines)
    )
