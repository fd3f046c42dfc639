"""Tells a claim to the product: the same facts, and people who answer what it publishes; commands are paid at once."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from tests.oracle.events import KEY, START
from tests.oracle.filed.facts import (
    Appealed,
    Back,
    Case,
    Does,
    Ended,
    Fact,
    Filed,
    Handed,
    Moved,
    Need,
    Received,
    Refunded,
    Said,
    Terms,
    nth,
)
from tests.support.story import Story
from waybond_claims.case.state import Case as File
from waybond_claims.decide import decide
from waybond_contracts import commands, delays, disputes, orders, policies, refunds
from waybond_contracts.claims import ClaimApproved, OfferMade, ReturnAwaited
from waybond_contracts.event import Event
from waybond_contracts.fields import Interval
from waybond_contracts.money import Money
from waybond_contracts.places import Lane
from waybond_contracts.recompute import recompute
from waybond_contracts.watches import compile_watches
from waybond_contracts.wording import WordingDocument, parse

POLICY = "5b0f3b0e-7f0e-5a6e-9a53-0d6f5a1c0b11"
CLAIM, DISPUTE = "D-1", "D-2"
HEAD = """
product = "order-protection"
version = "2026.11.1"
title = { en = "Order protection" }
cover = { basis = "order_total", limit_minor = 50000, limit_currency = "USD", period = "P240D" }

[[clause]]
id = "DA-1"
peril = "damaged"
trigger = "claim"
"""
MAX_STEPS = 2_000


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def minute(instant: datetime) -> int:
    return int((instant - START).total_seconds()) // 60


def usd(minor: int) -> Money:
    return Money.of(minor, "USD")


@dataclass
class Run:
    """What the product made of a case."""

    entitled: dict[int, int] = field(default_factory=dict)
    offers: list[tuple[int, int, int]] = field(default_factory=list)
    steps: list[tuple[str, int]] = field(default_factory=list)
    commanded: int = 0
    unexplained: list[str] = field(default_factory=list)


class Drive:
    """Claims and the people around it, for one case."""

    def __init__(self, case: Case, facts: tuple[Fact, ...]) -> None:
        self.case, self.run = case, Run()
        self.story: Story[File] = Story(decide)
        self._queue: list[tuple[int, int, int, Callable[[datetime], Event | None]]] = []
        self._count = 0
        self._heard = 0
        self._reacted: set[str] = set()
        self._question: tuple[str, int] | None = None
        self._asked = self._led = self._kept = 0
        self._leads: set[str] = set()
        for fact in facts:
            self._add(fact.at, 0, lambda now, fact=fact: self.event(fact, now))

    def go(self) -> Run:
        self.story.when(placed(self.case))
        self.story.when(issued(self.case))
        for look in self.case.looks:
            while self._queue and self._queue[0][0] <= look:
                self._step()
            self._until(at(look))
            self.run.entitled[look] = self.file.entitled
        return self.run

    @property
    def file(self) -> File:
        assert self.story.state is not None
        return self.story.state

    def _add(self, when: int, turn: int, make: Callable[[datetime], Event | None]) -> None:
        heapq.heappush(self._queue, (when, turn, self._count, make))
        self._count += 1

    def _step(self) -> None:
        """The next thing that somebody says; what ran out before it may make others say something sooner."""
        when = self._queue[0][0]
        while self.story.armed_at is not None and self.story.armed_at < at(when):
            self.story.until(self.story.armed_at)
            self._react()
            if self._queue[0][0] < when:
                return
        _, _, _, make = heapq.heappop(self._queue)
        event = make(at(when))
        if event is not None:
            self.story.when(event, at(when))
            self._react()

    def _until(self, end: datetime) -> None:
        for _ in range(MAX_STEPS):
            due = self.story.armed_at
            if due is None or due > end:
                return
            self.story.until(due)
            self._react()
            while self._queue and at(self._queue[0][0]) <= end:
                self._step()
        raise AssertionError(f"more than {MAX_STEPS} wakes")

    # what people do

    def _react(self) -> None:
        while self._heard < len(self.story.published):
            event = self.story.published[self._heard].event
            now = self.story.published[self._heard].at
            self._heard += 1
            if isinstance(event, OfferMade):
                self._offered(event, minute(now))
            elif isinstance(event, refunds.MoneyCommand):
                self.run.commanded += event.amount.minor
                self.story.when(paid(event, now), now)
            elif isinstance(event, ReturnAwaited):
                self.run.steps.append((event.step, minute(event.until)))
            elif isinstance(event, ClaimApproved):
                follows = recompute(event.explanation)
                if follows != (event.entitled, event.amount):
                    self.run.unexplained.append(f"{event.entitled.minor} and {event.amount.minor}, not {follows}")
        self._asked_people()

    def _offered(self, event: OfferMade, now: int) -> None:
        self.run.offers.append((now, event.amount.minor, minute(event.expires_at)))
        origin = next(each.origin for each in self.file.offers if each.offer_id == event.offer_id)
        if origin not in self._reacted:
            self._reacted.add(origin)
            does = self.case.buyer.get(event.offered_by, Does(""))
            if does.what:
                self._add(now + does.after, 1, lambda at: self._of_buyer(origin, does, at))

    def _of_buyer(self, origin: str, does: Does, now: datetime) -> Event | None:
        offer = next((each for each in self.file.offers if each.is_open and each.origin == origin), None)
        if offer is None:
            return None
        kind = commands.DeclineOffer if does.what == "decline" else commands.AcceptOffer
        version = self.file.version + (does.what == "stale")
        return kind(**self._command(now, "buyer-7", version), offer_id=offer.offer_id)

    def _command(self, now: datetime, by: str, version: int) -> dict[str, Any]:
        return {
            **KEY,
            "occurred_at": now,
            "command_id": f"{by}-{minute(now)}",
            "claim_id": self.file.claim_id,
            "case_version": version,
            "by": by,
        }

    def _asked_people(self) -> None:
        now = minute(self.story.now or START)
        asked = {each.key.partition(":")[0]: each for each in self.file.referrals if each.is_open}
        about = next((each for each in ("claim", "return") if each in asked), None)
        if about is None:
            self._question = None
        elif self._question is None or self._question[0] != about:
            question = self._question = (about, now)
            does = nth(self.case.person, self._asked) if about == "claim" else nth(self.case.keeper, self._kept)
            if does.what:
                self._add(now + does.after, 1, lambda at: self._of_person(question, at))
        lead = asked.get("appeal")
        if lead is not None and lead.referral_id not in self._leads:
            self._leads.add(lead.referral_id)
            does = nth(self.case.lead, self._led)
            if does.what:
                self._add(now + does.after, 1, lambda at: self._of_lead(lead.referral_id, at))

    def _of_person(self, question: tuple[str, int], now: datetime) -> Event | None:
        if self._question != question:
            return None
        about = question[0]
        if about == "claim":
            does = nth(self.case.person, self._asked)
            self._asked += 1
        else:
            does = nth(self.case.keeper, self._kept)
            self._kept += 1
        referral = next(each for each in self.file.referrals if each.is_open and each.key.startswith(f"{about}:"))
        return self._decides(does, referral.referral_id, f"{about}-{self._asked + self._kept}", "adjuster", now)

    def _of_lead(self, referral_id: str, now: datetime) -> Event | None:
        if not any(each.referral_id == referral_id and each.is_open for each in self.file.referrals):
            return None
        does = nth(self.case.lead, self._led)
        self._led += 1
        return self._decides(does, referral_id, f"lead-{self._led}", "lead", now)

    def _decides(self, does: Does, referral_id: str, by: str, role: str, now: datetime) -> Event:
        return commands.DecideReferral(
            **self._command(now, by, self.file.version),
            referral_id=referral_id,
            choice=does.what,
            role=role,
            amount=usd(does.minor) if does.minor is not None else None,
        )

    # what becomes known

    def event(self, fact: Fact, now: datetime) -> Event | None:
        known: dict[str, Any] = {**KEY, "occurred_at": now}
        match fact:
            case Filed(asked=asked, kinds=kinds):
                amount = usd(asked) if asked is not None else None
                documents = tuple(document(each, each) for each in kinds)
                return disputes.ClaimFiled(
                    **known,
                    dispute_id=CLAIM,
                    by=disputes.Party.BUYER,
                    reason=disputes.DisputeReason.DAMAGED,
                    amount=amount,
                    documents=documents,
                )
            case Handed(by=by, kind=kind, name=name):
                return disputes.EvidenceSubmitted(
                    **known,
                    dispute_id=CLAIM,
                    evidence_id=f"E-{fact.at}",
                    kind=kind,
                    by=by,
                    details=(document(kind, name),),
                )
            case Said(response=response, minor=minor, remedy=remedy):
                return disputes.SellerResponded(
                    **known,
                    dispute_id=CLAIM,
                    response_id=f"S-{fact.at}",
                    response=disputes.SellerResponse(response),
                    amount=usd(minor) if minor is not None else None,
                    remedy=disputes.Wish(remedy) if remedy else None,
                )
            case Appealed(kind=kind, name=name):
                if not self.file.claim_id:
                    return None
                command = self._command(now, "buyer-7", self.file.version or 1)
                handed = (document(kind, name),) if kind else ()
                return commands.Appeal(**command, dispute_id=CLAIM, documents=handed)
            case Moved():
                return moved(fact, now)
            case Received(condition=condition):
                return disputes.ReturnReceived(
                    **known,
                    dispute_id=CLAIM,
                    receipt_id=f"B-{fact.at}",
                    condition=disputes.ReturnCondition(condition),
                )
            case Refunded(minor=minor):
                return orders.OrderRefunded(**known, refund_ref=f"R-{fact.at}", amount=usd(minor))
            case Ended(revision=revision, minor=minor):
                outcomes = disputes.DisputeOutcome
                return disputes.DisputeResolved(
                    **known,
                    dispute_id=DISPUTE,
                    outcome=outcomes.BUYER_FAVOUR if minor else outcomes.SELLER_FAVOUR,
                    refunded=usd(minor),
                    revision=revision,
                )
            case _:
                raise AssertionError(f"no event for {fact}")


def document(kind: str, name: str) -> disputes.Document:
    return disputes.Document(
        kind=disputes.DocumentKind(kind),
        sha256=sha256(name.encode()).hexdigest(),
        media_type="image/jpeg",
        size_bytes=1_000,
    )


def moved(fact: Moved, now: datetime) -> delays.ReturnMoved:
    known: dict[str, Any] = {
        name: Interval.at(at(minutes))
        for name in ("handed_in", "back", "lost", "sent_back")
        if (minutes := getattr(fact, name)) is not None
    }
    return delays.ReturnMoved(
        **KEY,
        occurred_at=now,
        policy_id=POLICY,
        package_id="R",
        dispute_id=CLAIM,
        version=fact.version,
        as_of=now,
        booked_at=START,
        **known,
    )


def placed(case: Case) -> orders.OrderPlaced:
    total = usd(case.total)
    return orders.OrderPlaced(
        **KEY,
        occurred_at=START,
        buyer_ref="buyer-7",
        seller_ref="seller-3",
        total=total,
        lines=(orders.OrderLine(line_id="1", sku="S", quantity=1, total=total, category="toys"),),
        origin="CN",
        destination="BR",
        promise=orders.Promise(latest=START + timedelta(days=20)),
        payment=orders.Payment(provider="sandbox", reference="pay-1", paid_at=START),
    )


def issued(case: Case) -> policies.PolicyIssued:
    body = wording(case.terms)
    read, lane, basis = parse(body), Lane(origin="CN", destination="BR"), usd(case.total)
    return policies.PolicyIssued(
        **KEY,
        occurred_at=START,
        policy_id=POLICY,
        version=1,
        product=read.product,
        product_version=read.version,
        wording=WordingDocument.of(body),
        lane=lane,
        attached_at=START,
        ends_at=START + read.cover.period,
        basis=basis,
        limit=usd(50_000),
        premium=policies.Premium(total=usd(150), net=usd(150), tax=usd(0), rating="flat-1", factors=()),
        watches=compile_watches(read, lane),
    )


def paid(command: refunds.MoneyCommand, now: datetime) -> Event:
    return refunds.RefundSucceeded(
        **KEY,
        occurred_at=now,
        refund_id=command.refund_id,
        attempt=command.attempt,
        version=1,
        provider_refund_ref=f"re-{command.refund_id}",
        amount=command.amount,
    )


def wording(terms: Terms) -> str:
    """The wording's text."""
    lines = [HEAD.strip(), f'tiers = [{{ share = "{terms.share}" }}]']
    if terms.limit is not None:
        lines.append(f'limit = {{ amount = "{terms.limit / 100:.2f}", currency = "USD" }}')
    if terms.needs:
        lines.append(f"evidence = [{', '.join(map(_need, terms.needs))}]")
    if terms.proven:
        lines.append('proven = "pay"')
    if terms.seller is not None:
        days, silent = terms.seller
        lines.append(f'seller = {{ answers_within = "P{days}D", silent = "{silent}" }}')
    if terms.remedies or terms.back is not None:
        each = [f'{{ remedy = "{kind}"{_named("most", most)} }}' for kind, most in terms.remedies]
        each += [_back(terms.back)] if terms.back is not None else []
        lines.append(f"remedies = [{', '.join(each)}]")
    if terms.offer is not None:
        first = terms.offer
        lines.append(
            f'offer = {{ remedy = "{first.remedy}", share = "{first.share}", open_for = "P{first.days}D",'
            f' declined = "{first.declined}" }}'
        )
    if terms.appeal is not None:
        lines.append(f'appeal = {{ within = "P{terms.appeal}D" }}')
    if terms.opens is not None:
        lines.append(f'claim_window = {{ clock = "order", opens = "P{terms.opens}D", closes = "P200D" }}')
    return "\n".join(lines) + "\n"


def _need(need: Need) -> str:
    kinds = ", ".join(f'"{each}"' for each in need.kinds)
    bounds = "".join(
        f', {name} = {{ amount = "{minor / 100:.2f}", currency = "USD" }}'
        for name, minor in (("above", need.above), ("up_to", need.up_to))
        if minor is not None
    )
    return f'{{ of = "{need.of}", any_of = [{kinds}], within = "P{need.days}D", absent = "{need.absent}"{bounds} }}'


def _back(terms: Back) -> str:
    """The remedy by which goods come back first."""
    words = {
        "handed_in_within": f"P{terms.handed_in}D",
        "not_handed_in": terms.not_handed_in,
        "handed_in_late": terms.late,
        "back_within": f"P{terms.back}D",
        "not_back": terms.not_back,
        "acknowledged_within": f"P{terms.acknowledged}D",
        "silent": terms.silent,
        **dict(terms.said),
    }
    if terms.label is not None:
        words |= {"label_within": f"P{terms.label}D", "unlabelled": terms.unlabelled}
    told = ", ".join(f'{name} = "{word}"' for name, word in words.items())
    return f'{{ remedy = "return", journey = {{ {told} }} }}'


def _named(name: str, value: str | None) -> str:
    return f', {name} = "{value}"' if value is not None else ""


def drive(case: Case, facts: tuple[Fact, ...] | None = None) -> Run:
    """Tell the case, with its facts in this order of arrival."""
    return Drive(case, case.facts if facts is None else facts).go()
