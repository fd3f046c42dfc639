"""A story that was told, as a table: day by day what happened, what each service said, and what was paid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.markup import escape
from rich.table import Table

from waybond_contracts import claims, commands, delays, disputes, orders, policies, refunds, shipments
from waybond_contracts.event import Event
from waybond_contracts.money import Money
from waybond_contracts.signals import SignalsTold
from waybond_contracts.wording import DeliveredBy, Scope
from waybond_local.terminal import plain
from waybond_local.wordings import words
from waybond_local.wordings.drive import Drive, Said, Standing


@dataclass(frozen=True, slots=True)
class Row:
    """One day of the story on which something happened."""

    day: int
    happened: tuple[str, ...]
    said: tuple[str, ...]
    paid: Money
    clauses: tuple[str, ...]
    """Ids of the clauses that fell due or decided."""
    wakes: str
    """Who looks again, and on which day, if that is before the story's end; else empty."""


def rows(drive: Drive) -> tuple[Row, ...]:
    """A row for each day on which something happened or was said."""
    return tuple(_Days(drive).rows())


class _Days:
    """What is needed to say things by the day."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._story = drive.story
        self._missed: dict[tuple[str, str | None], bool] = {}

    def rows(self) -> Iterator[Row]:
        by_day: dict[int, list[Said]] = {}
        for said in self._drive.said:
            by_day.setdefault(self._day(said.at), []).append(said)
        currency = self._story.order.currency
        for day in sorted(by_day):
            standing = self._drive.standings[day]
            happened = [text for said in by_day[day] if said.by == "outside" for text in [self._outside(said.event)]]
            heard = [f"{said.by}: {text}" for said in by_day[day] for text in [self._service(said)] if text]
            named = dict.fromkeys(clause for said in by_day[day] for clause in clauses(said.event))
            yield Row(
                day,
                tuple(happened),
                tuple(heard),
                Money.of(standing.paid, currency),
                tuple(named),
                self._wakes(standing),
            )

    def _day(self, at: datetime) -> int:
        return (at - self._story.placed_at).days

    def _wakes(self, standing: Standing) -> str:
        if standing.wakes is None or self._day(standing.wakes[1]) > self._story.until:
            return ""
        return f"day {self._day(standing.wakes[1])}, {standing.wakes[0]}"

    def _outside(self, event: Event) -> str:
        match event:
            case orders.OrderPlaced():
                promise = f", promised by day {self._day(event.promise.latest)}" if event.promise else ""
                return f"order placed: {event.total}, {event.lane}{promise}"
            case orders.OrderAmended():
                parts = (
                    f"total {event.total}" if event.total is not None else "",
                    f"{len(event.lines)} lines" if event.lines is not None else "",
                    f"to {event.destination}" if event.destination is not None else "",
                )
                return f"order amended: {', '.join(part for part in parts if part)}"
            case orders.OrderCancelled():
                return "order cancelled"
            case orders.OrderRefunded():
                return f"platform refunds {event.amount}"
            case orders.PromiseChanged():
                return f"promise changed to day {self._day(event.promise.latest)}"
            case shipments.ShipmentBooked():
                what = "package" if event.direction is shipments.Direction.OUTBOUND else "return"
                return f"{what} {plain(event.package_id)} booked"
            case shipments.ShipmentScanned():
                where = f" ({words.spoken(event.handed_to)})" if event.handed_to is not None else ""
                return f"{plain(event.package_id)} scanned: {event.kind}{where}"
            case shipments.ShipmentChecked():
                return f"carrier knows no more of {plain(event.package_id)}"
            case disputes.DisputeOpened():
                return f"{words.spoken(event.source)} complains: {words.spoken(event.reason).lower()}"
            case disputes.DisputeWithdrawn():
                return f"complaint {plain(event.dispute_id)} withdrawn"
            case disputes.DisputeResolved():
                got = f", {event.refunded} refunded" if event.refunded is not None else ""
                return f"complaint {plain(event.dispute_id)} resolved: {words.spoken(event.outcome).lower()}{got}"
            case disputes.ReturnReceived():
                return f"{event.by} says what came back: {words.spoken(event.condition)}"
            case commands.DecideReferral():
                much = f", {event.amount}" if event.amount is not None else ""
                return f"a person decides: {plain(event.choice)}{much}"
            case _:
                return event.event_type

    def _service(self, said: Said) -> str:
        """What a service or the payment system says; empty for what tells a reader nothing new."""
        match said.by:
            case "pricing":
                return self._pricing(said.event)
            case "tracking":
                return self._tracking(said.event)
            case "claims":
                return self._claims(said.event)
            case "signals" if isinstance(said.event, SignalsTold):
                told = [f"{each.fact} of the {each.of} is {each.value}" for each in said.event.facts]
                return f"of other orders: {', '.join(told) or 'nothing that is counted'}"
            case "payments" if isinstance(said.event, refunds.RefundSucceeded):
                return f"{said.event.amount} paid"
            case "payments":
                return "not paid: it was cancelled before"
            case _:
                return ""

    def _pricing(self, event: Event) -> str:
        match event:
            case policies.PolicyIssued():
                until = self._day(event.ends_at)
                return f"cover bound, premium {event.premium.total}, limit {event.limit}, to day {until}"
            case policies.PolicyDeclined():
                return f"no cover: {event.detail}"
            case policies.PolicyAmended():
                return f"cover amended, premium {event.premium.total}, limit {event.limit}"
            case policies.PolicyCancelled():
                return f"cover ended ({words.spoken(event.reason)}), {event.premium_returned} of the premium returned"
            case _:
                return ""

    def _tracking(self, event: Event) -> str:
        match event:
            case delays.WatchFellDue():
                before = self._missed.get((event.watch_id, event.package_id))
                self._missed[event.watch_id, event.package_id] = event.breached
                if before == event.breached:
                    return ""
                if not event.breached:
                    return f"{clauses(event)[0]} was kept after all"
                ran = words.duration(event.due - event.clock_start)
                fed = "" if event.feed is delays.Feed.NOT_ASKED else f", carrier {words.spoken(event.feed)}"
                start = (
                    f"{ran} from {words.CLOCKS[event.clock]}"
                    if event.due > event.clock_start
                    else words.CLOCKS[event.clock]
                )
                return f"{clauses(event)[0]} fell due{_of(event)}: {start}{fed}"
            case delays.ReturnMoved():
                steps = (("handed in", event.handed_in), ("lost", event.lost), ("back", event.back))
                known = [name for name, at in steps if at is not None]
                return f"return {plain(event.package_id)} {known[-1]}" if known and event.standing else ""
            case delays.TrackingCheckRequested():
                return f"asks the carrier about {plain(event.package_id)}, until day {self._day(event.answer_by)}"
            case delays.ShipmentDelivered():
                waits = event.handed_to is DeliveredBy.READY_FOR_PICKUP
                what = "can be picked up" if waits else "arrived"
                return (
                    f"{plain(event.package_id or '')} {what}"
                    if event.standing
                    else f"{event.package_id} did not arrive"
                )
            case delays.PackageSeen():
                what = type(event).__name__.removeprefix("Shipment").lower()
                return f"{plain(event.package_id or '')} {what}" if event.standing else f"{event.package_id} not {what}"
            case _:
                return ""

    def _claims(self, event: Event) -> str:
        match event:
            case claims.ClaimApproved():
                return f"{event.amount} approved, {event.entitled} in all"
            case claims.ClaimDenied():
                again = (
                    f", decided again on day {self._day(event.eligible_at)}" if event.eligible_at is not None else ""
                )
                return f"answers the complaint: {words.spoken(event.reason)}{again}"
            case claims.ReturnAwaited():
                return f"the {event.of} has until day {self._day(event.until)}: {words.spoken(event.step)}"
            case claims.ClaimReferred():
                return f"asks a person ({event.role}): {plain(event.question)}"
            case claims.ClaimReopened():
                return f"owed now: {event.after}, before it was {event.before}"
            case claims.RecoveryOpened():
                return f"asks {event.amount} back: {words.spoken(event.reason)}"
            case refunds.CancelRefund():
                return "cancels a refund"
            case _:
                return ""


def clauses(event: Event) -> tuple[str, ...]:
    """Ids of the clauses of the wording that an event is about: that fell due, or that decided."""
    match event:
        case delays.WatchFellDue():
            return (event.watch_id.partition(":")[0],)
        case claims.ClaimApproved():
            return tuple(row.clause_id for row in event.rows)
        case claims.ClaimDenied():
            return tuple(event.clauses)
        case _:
            return ()


def table(shown: Sequence[Row]) -> Table:
    """The rows as a table."""
    drawn = Table("day", "what happened", "what was said", "clause", "paid so far", "next wake", show_lines=True)
    for row in shown:
        drawn.add_row(
            str(row.day),
            escape("\n".join(row.happened)),
            escape("\n".join(row.said)),
            escape("\n".join(row.clauses)),
            str(row.paid),
            row.wakes,
        )
    return drawn


def _of(event: delays.WatchFellDue) -> str:
    """What of the order it is about: " for A"."""
    if event.package_id is not None:
        return f" for {plain(event.package_id)}"
    return " for the order" if event.scope is Scope.ORDER else " for goods in no package"
