"""Audits change nothing: whatever comes and whatever an adjuster finds, all else is as without them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.claims.test_claims_always import KNOWN, facts
from tests.support.claims import ClaimsStory, answer, ruling
from waybond_claims.desk.audits import AuditRow
from waybond_contracts.claims import BuyerNotified, ClaimDenied, ClaimReferred, RecoveryOpened
from waybond_contracts.event import Event
from waybond_contracts.policies import PolicyIssued
from waybond_contracts.refunds import MoneyCommand, RefundCommand
from waybond_contracts.wording import WordingDocument

AUDIT = '\n[audit]\nshare = "1"\ndenials = "1"\n'
STEP = timedelta(hours=1)


def told(found: Sequence[Event], seed: int, *, audited: bool) -> ClaimsStory:
    """The facts in an order, each command paid or refused at once; with audits, an adjuster answers some of them."""
    dice, people = random.Random(seed), random.Random(seed + 1)
    order = [_audited(fact) if audited else fact for fact in found]
    dice.shuffle(order)
    story, at = ClaimsStory(), KNOWN
    for fact in order:
        at += STEP
        story.when(fact, at)
        flight = story.case.in_flight
        if flight is not None:
            command = next(each for each in story.named(MoneyCommand) if each.refund_id == flight.refund_id)
            story.when(answer(command, dice.choice(("RefundSucceeded", "RefundSucceeded", "RefundFailed")), at), at)
        for referral in story.case.referrals:
            if referral.is_audit and referral.is_open and people.random() < 0.5:
                asked = [each for each in story.named(ClaimReferred) if each.referral_id == referral.referral_id][-1]
                story.when(ruling(asked, people.choice(asked.choices), at, case_version=story.case.version), at)
    story.until(at + timedelta(days=60))
    return story


def _audited(fact: Event) -> Event:
    if not isinstance(fact, PolicyIssued):
        return fact
    return fact.model_copy(update={"wording": WordingDocument.of(fact.wording.body + AUDIT)})


def said(story: ClaimsStory) -> list[tuple[object, ...]]:
    """All that moves money, answers a complaint, asks somebody or tells the buyer, beside audits, in order."""
    found: list[tuple[object, ...]] = []
    for each in story.published:
        match each.event:
            case RefundCommand(refund_id=refund_id, version=version):
                amount = each.event.amount if isinstance(each.event, MoneyCommand) else None
                found.append((each.at, type(each.event), refund_id, version, amount))
            case RecoveryOpened(amount=amount, reason=reason):
                found.append((each.at, "recovery", amount, reason))
            case ClaimDenied(reason=reason, dispute_id=dispute_id):
                found.append((each.at, "denied", dispute_id, reason))
            case BuyerNotified(about=about, amount=amount):
                found.append((each.at, "told", about, amount))
            case ClaimReferred(reason=reason, referral_id=referral_id, role=role) if reason != "audit":
                found.append((each.at, reason, referral_id, role))
            case _:
                pass
    return found


@settings(max_examples=40, deadline=None)
@given(facts(), st.integers(0, 2**32))
def test_with_audits_all_else_is_as_without_them(found: list[Event], seed: int) -> None:
    plain, audited = told(found, seed, audited=False), told(found, seed, audited=True)
    assert said(audited) == said(plain)
    assert audited.books == plain.books
    assert (audited.case.owed, audited.case.settled) == (plain.case.owed, plain.case.settled)
    asked = [(each.referral_id, each.key, each.choice) for each in audited.case.referrals if not each.is_audit]
    assert asked == [(each.referral_id, each.key, each.choice) for each in plain.case.referrals]


@settings(max_examples=40, deadline=None)
@given(facts(), st.integers(0, 2**32))
def test_each_settled_payment_of_nobodys_has_one_row_that_stands(found: list[Event], seed: int) -> None:
    story = told(found, seed, audited=True)
    rows = {row.referral_id: row for row in story.rows if isinstance(row, AuditRow)}
    assert {each.referral_id for each in story.case.referrals if each.is_audit} == set(rows)
    for referral in story.case.referrals:
        if referral.is_audit:
            assert (rows[referral.referral_id].choice, rows[referral.referral_id].minor) == (
                referral.choice,
                referral.amount,
            )
