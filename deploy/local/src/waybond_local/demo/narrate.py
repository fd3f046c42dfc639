"""Tells what happened to one order in plain sentences: a date, who spoke, what they said."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from waybond_contracts import claims, commands, delays, disputes, orders, policies, refunds, shipments
from waybond_contracts.event import Event
from waybond_contracts.explanation import Explanation, Finding, Step
from waybond_contracts.fields import Interval
from waybond_contracts.orders import Language
from waybond_contracts.wording import DeliveredBy, Scope, Wording
from waybond_local.demo.record import Record
from waybond_local.terminal import plain


class Said(NamedTuple):
    """Who says what, with lines under it."""

    who: str
    what: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story: when it became known, who says it, what; `more` are lines under it."""

    at: datetime
    who: str
    what: str
    more: tuple[str, ...] = ()


class Narrator:
    """Keeps what the sentences need from earlier events: the wording that the policy carries, and what was said."""

    def __init__(self) -> None:
        self._wording: Wording | None = None
        self._missed: dict[tuple[str, str | None], bool] = {}

    def line(self, record: Record) -> Line | None:
        """The event as a line, None for what is of no interest to a reader."""
        event, at = record.event, record.known_at
        if isinstance(event, policies.PolicyIssued):
            self._wording = event.wording.parsed()
        said = (
            _order(event) or _dispute(event) or _shipment(event) or self._policy(event) or self._delay(event)
            or self._claim(event) or _payment(event) or _person(event)
        )  # fmt: skip
        return Line(at, said.who, said.what, said.more) if said else None

    def _clause(self, clause_id: str) -> str:
        """ "TG-1 Late delivery", as the wording titles it."""
        clauses = self._wording.clause if self._wording else ()
        titles = [clause.title.get("en", "") for clause in clauses if clause.id == clause_id]
        return f"{clause_id} {titles[0]}".strip() if titles else clause_id

    def _policy(self, event: Event) -> Said | None:
        match event:
            case policies.PolicyIssued():
                watches = tuple(
                    f"watch {watch.id}: {watch.kind} {_days(watch.after.total_seconds())} after {watch.clock}"
                    for watch in event.watches
                )
                what = (
                    f"cover bound: {event.product} {event.product_version}, premium {event.premium.total}, "
                    f"limit {event.limit}, until {event.ends_at:%d %b %Y}"
                )
                return Said("pricing", what, watches)
            case policies.PolicyDeclined():
                return Said("pricing", f"no cover: {event.reason} {plain(event.detail)}")
            case policies.PolicyAmended():
                what = f"premium {event.premium.total}, limit {event.limit}, until {event.ends_at:%d %b %Y}"
                return Said("pricing", f"cover amended ({_words(event.reason)}): {what}")
            case policies.PolicyCancelled():
                since = " from its start" if event.from_start else ""
                returned = f"{event.premium_returned} of the premium returned"
                return Said("pricing", f"cover cancelled{since} ({_words(event.reason)}): {returned}")
            case _:
                return None

    def _delay(self, event: Event) -> Said | None:
        match event:
            case delays.WatchFellDue() if self._missed.get((event.watch_id, event.package_id)) == event.breached:
                return None  # the same again, with a journey that is known better by now
            case delays.WatchFellDue():
                self._missed[event.watch_id, event.package_id] = event.breached
                clause = self._clause(event.watch_id.split(":", maxsplit=1)[0])
                if event.package_id is None and event.scope is Scope.PACKAGE and event.journey.packages:
                    clause += ", goods that no package holds"
                clock = f"clock {event.clock} from {event.clock_start:%d %b %H:%M} ran out {event.due:%d %b %H:%M} UTC"
                outcome = "missed" if event.breached else "kept after all"
                fed = "" if event.feed is delays.Feed.NOT_ASKED else f"; carrier {event.feed.replace('_', ' ')}"
                return Said("tracking", f"{clause}: {outcome}; {clock}{fed}")
            case delays.ContentsChanged():
                return Said("tracking", f"packages: {', '.join(map(_package, event.journey.packages))}")
            case delays.ReturnMoved():
                return Said("tracking", _return(event))
            case delays.TrackingCheckRequested():
                what = f"asks {event.carrier} whether it knows more, until {event.answer_by:%d %b %H:%M} UTC"
                return Said("tracking", what)
            case delays.ShipmentDelivered():
                what = (
                    "it is ready to be picked up" if event.handed_to is DeliveredBy.READY_FOR_PICKUP else "it arrived"
                )
                return Said(
                    "tracking", f"{what}, {_when(event.when)}" if event.standing else "it did not arrive after all"
                )
            case delays.PackageSeen():
                what = type(event).__name__.removeprefix("Shipment").lower()
                return Said("tracking", f"{what}, {_when(event.when)}" if event.standing else f"not {what} after all")
            case _:
                return None

    def _claim(self, event: Event) -> Said | None:
        match event:
            case claims.ClaimApproved():
                what = f"decided: {event.amount} now, {event.entitled} in all"
                return Said("claims", what, self._explained(event.explanation))
            case claims.ClaimDenied():
                until = f", decided again by itself on {event.eligible_at:%d %b %H:%M} UTC" if event.eligible_at else ""
                detail = f" ({_words(event.detail)})" if event.detail else ""
                return Said("claims", f"answers the complaint: {event.reason.replace('_', ' ')}{detail}{until}")
            case claims.EvidenceRequested() | claims.OfferMade() | claims.OfferClosed() | claims.CommandRefused():
                return Said("claims", _on_the_way(event))
            case claims.ReturnAwaited():
                until = f"until {event.until:%d %b %H:%M} UTC"
                return Said("claims", f"waits for the {event.of}, return {_words(event.step)}, {until}")
            case claims.ClaimReferred():
                return Said("claims", f"asks a person: {event.question} ({', '.join(event.choices)})")
            case claims.ClaimSettled():
                return Said("claims", f"booked: {event.amount} confirmed, {event.settled} in all")
            case claims.ClaimReopened():
                return Said(
                    "claims", f"decides again ({_words(event.cause)}): {event.after} in all, not {event.before}"
                )
            case claims.RecoveryOpened():
                return Said("claims", f"asks {event.amount} back from {event.from_whom}: {event.reason}")
            case claims.BuyerNotified():
                return Said("to the buyer", *_notice(event))
            case _:
                return None

    def _explained(self, explanation: Explanation) -> tuple[str, ...]:
        findings = tuple(f"{self._clause(each.clause_id)}: {_finding(each)}" for each in explanation.findings)
        return (*findings, " · ".join(map(_step, explanation.steps)))


def _on_the_way(
    event: claims.EvidenceRequested | claims.OfferMade | claims.OfferClosed | claims.CommandRefused,
) -> str:
    """What is asked for, offered or refused before a complaint is decided."""
    match event:
        case claims.EvidenceRequested():
            kinds = [" or ".join(map(_words, each.any_of)) for each in event.needed] or [*map(_words, event.kinds)]
            return f"asks the {event.of} for {', '.join(kinds)}, until {event.answer_by:%d %b %H:%M} UTC"
        case claims.OfferMade():
            return f"offers the buyer {event.amount} ({_words(event.remedy)}), until {event.expires_at:%d %b %H:%M} UTC"
        case claims.OfferClosed():
            return (
                f"the offer of {event.amount} is {_words(event.how)}" if event.amount else f"offer {_words(event.how)}"
            )
        case claims.CommandRefused():
            return f"refuses {event.command} {plain(event.command_id)}: {_words(event.reason)}"


def _return(event: delays.ReturnMoved) -> str:
    """ "return R1: handed in 03 Feb 10:00 UTC"."""
    if not event.standing:
        return f"{event.package_id} is no return after all"
    steps = [("handed in", event.handed_in), ("lost", event.lost), ("turned round", event.sent_back)]
    steps.append(("back", event.back))
    told = [f"{name} {_when(at)}" for name, at in steps if at is not None]
    return f"return {event.package_id}: {', '.join(told) or 'booked'}"


def _package(each: delays.PackageJourney) -> str:
    """ "A with 2 x line 1 (instead of B)"."""
    goods = " and ".join(f"{line.quantity} x line {line.line_id}" for line in each.lines) or "contents unknown"
    return f"{each.package_id} with {goods}" + (f" (instead of {each.replaces})" if each.replaces else "")


def _finding(each: Finding) -> str:
    if not each.applies:
        until = f" before {each.eligible_at:%d %b %H:%M} UTC" if each.eligible_at else ""
        return each.reason.replace("_", " ") + until
    share = f"{each.share} of {each.basis}" if each.share else "a fixed sum"
    by = f" by {each.fact}" if each.fact else ""  # what people claim has no clock and no scan
    return f"applies{by}, {share} = {each.benefit}"


def _step(step: Step) -> str:
    return f"{step.kind} {step.what} {step.amount} → {step.result}"


def _notice(event: claims.BuyerNotified) -> tuple[str, tuple[str, ...]]:
    """The text in the buyer's language, and in English where that is another."""
    texts = {text.language: text.body for text in event.texts}
    english = () if event.language is Language.EN else (f"({texts[Language.EN]})",)
    return texts[event.language], english


def _order(event: Event) -> Said | None:
    match event:
        case orders.OrderPlaced():
            promise = f", promised by {event.promise.latest:%d %b %Y}" if event.promise else ""
            return Said("platform", f"order {event.order_id} placed: {event.total}, {event.lane}{promise}")
        case orders.OrderAmended():
            total = f" to {event.total}" if event.total is not None else ""
            return Said("platform", f"order amended{total}{_in_brackets(plain(event.reason))}")
        case orders.OrderCancelled():
            return Said("platform", f"order cancelled{_in_brackets(event.reason)}")
        case orders.OrderRefunded():
            return Said("platform", f"refunded {event.amount} itself{_in_brackets(event.reason)}")
        case orders.PromiseChanged():
            until = f"{event.promise.latest:%d %b %Y}"
            return Said("platform", f"the promise is changed by the {event.by or 'platform'}: until {until}")
        case _:
            return None


def _dispute(event: Event) -> Said | None:
    match event:
        case disputes.DisputeOpened(source=disputes.DisputeSource.BUYER):
            return Said("buyer", f"complains: {_words(event.reason)}")
        case disputes.DisputeOpened():
            return Said(_words(event.source), f"opens {_words(event.stage)} {event.dispute_id}: {_words(event.reason)}")
        case disputes.ClaimFiled():
            return Said(event.by.value, f"files a claim: {_words(event.reason)}")
        case disputes.SellerResponded():
            much = f" of {event.amount}" if event.amount is not None else ""
            return Said("seller", f"{event.dispute_id}: {_words(event.response)}{much}")
        case disputes.ReturnReceived():
            return Said(event.by, f"{event.dispute_id}: of what came back: {_words(event.condition)}")
        case disputes.DisputeStageChanged():
            return Said("dispute", f"{event.dispute_id} goes on as {_words(event.stage)}")
        case disputes.DisputeWithdrawn():
            return Said("dispute", f"{event.dispute_id} is withdrawn")
        case disputes.DisputeResolved():
            got = f", {event.refunded} to the buyer" if event.refunded is not None else ""
            return Said("dispute", f"{event.dispute_id} is resolved: {_words(event.outcome)}{got}")
        case disputes.EvidenceSubmitted():
            return Said("dispute", f"{event.dispute_id}: the {event.by} hands in {_words(event.kind)}")
        case _:
            return None


def _person(event: Event) -> Said | None:
    """Decisions: what was asked for. What became of it follows in the lines behind."""
    match event:
        case commands.DecideReferral():
            much = f", {event.amount}" if event.amount is not None else ""
            note = (f'"{plain(event.note)}"',) if event.note else ()
            return Said("person", f"{event.by} decides referral {event.referral_id[:8]}: {event.choice}{much}", note)
        case commands.AcceptOffer():
            return Said("buyer", f"accepts offer {event.offer_id[:8]}")
        case commands.DeclineOffer():
            return Said("buyer", f"declines offer {event.offer_id[:8]}")
        case commands.Appeal():
            return Said(
                "buyer", "appeals against a decision", (f'"{plain(event.statement)}"',) if event.statement else ()
            )
        case commands.ReferralCommand():
            did, note = _handled(event)
            return Said("person", f"{event.by} {did} referral {event.referral_id[:8]}", note)
        case commands.HeldCommand():
            word = "release" if isinstance(event, commands.ReleaseHeld) else "discard"
            note = (f'"{plain(event.note)}"',) if event.note else ()
            what = f"{event.topic_name}/{event.record_offset} of {event.service}"
            return Said("person", f"{event.by} wants to {word} {what}", note)
        case _:
            return None


def _handled(event: commands.ReferralCommand) -> tuple[str, tuple[str, ...]]:
    """What somebody did about a question, and what they wrote."""
    match event:
        case commands.AssignReferral():
            return (f"gives {event.assignee}" if event.assignee else "gives nobody"), ()
        case commands.SnoozeReferral():
            return (f"snoozes until {event.until:%F %H:%M}" if event.until is not None else "no longer snoozes"), ()
        case commands.BoostReferral():
            return ("boosts" if event.boosted else "no longer boosts"), ()
        case commands.NoteReferral():
            return "notes on", (f'"{plain(event.note)}"',)
        case _:
            return "handles", ()


def _shipment(event: Event) -> Said | None:
    match event:
        case shipments.ShipmentBooked():
            what = "package" if event.direction is shipments.Direction.OUTBOUND else "return"
            return Said("platform", f"{what} {event.package_id} announced to {event.carrier}")
        case shipments.ShipmentScanned():
            own_words = f" ({plain(event.raw_text)})" if event.raw_text else ""
            return Said("carrier", f"{event.kind}{own_words}, {_when(event.when)}")
        case shipments.ShipmentChecked():
            return Said("carrier", f"was asked: knows {event.scans_known} scans, all of them reported")
        case _:
            return None


def _payment(event: Event) -> Said | None:
    match event:
        case refunds.MoneyCommand():
            word = "payout" if isinstance(event, refunds.IssuePayout) else "refund"
            return Said("claims", f"commands {word} {event.refund_id[:8]} of {event.amount} (attempt {event.attempt})")
        case refunds.CancelRefund():
            return Said("claims", f"cancels refund {event.refund_id[:8]}: {event.reason_code}")
        case refunds.RefundFailed():
            again = "may be tried again" if event.retryable else "for good"
            return Said("payments", f"refund {event.refund_id[:8]} failed: {event.failure_code}, {again}")
        case refunds.RefundResult():
            word = type(event).__name__.removeprefix("Refund").lower()
            if isinstance(event, refunds.RefundReversed):  # a part may have come back
                word = f"came back: {event.amount}, {_words(event.failure_code)}"
            return Said("payments", f"refund {event.refund_id[:8]} {word}")
        case _:
            return None


def _words(code: str) -> str:
    return code.replace("_", " ").lower()


def _in_brackets(reason: str) -> str:
    return f" ({reason.replace('_', ' ')})" if reason else ""


def _when(when: Interval) -> str:
    if when.earliest == when.latest:
        return f"{when.earliest:%d %b %H:%M} UTC"
    until = f"{when.latest:%H:%M}" if when.earliest.date() == when.latest.date() else f"{when.latest:%d %b %H:%M}"
    return f"between {when.earliest:%d %b %H:%M} and {until} UTC"


def _days(seconds: float) -> str:
    days = seconds / 86_400
    return f"{days:.0f} d" if days == int(days) else f"{seconds / 3_600:.0f} h"
