"""What holds on the way of a claim, whatever people hand in, say, accept, decide or leave undone, and when."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.claims import KEY, ClaimsStory, complaint, day, issued, only, placed, refunded, ruling, usd
from tests.support.filed import (
    PARTS,
    PHOTO,
    SHIPPED,
    accepts,
    appeal,
    clause,
    declines,
    evidence,
    filed,
    handed_in,
    remedies,
    seller,
)
from waybond_claims.case.offer import ACCEPTED
from waybond_claims.case.state import Case
from waybond_claims.complaints.waits import open_disputes
from waybond_contracts.claims import ClaimReferred, OfferMade
from waybond_contracts.disputes import DisputeWithdrawn, Wish
from waybond_contracts.event import Event
from waybond_contracts.refunds import MoneyCommand

INVOICE = '{ any_of = ["invoice"], above = { amount = "50" }, within = "P9D", absent = "refer" }'
NEEDS = st.sampled_from(((), (PHOTO,), (PHOTO, INVOICE), (PHOTO, SHIPPED), (INVOICE, SHIPPED)))
REMEDIES = st.sampled_from(
    (
        "",
        remedies(PARTS),
        remedies(PARTS, '{ remedy = "reship" }', '{ remedy = "credit" }'),
        remedies('{ remedy = "return", within = "P5D" }', '{ remedy = "part_refund", most = "0.60" }'),
    )
)
SELLER = st.sampled_from(
    ("", *(f'seller = {{ answers_within = "P4D", silent = "{word}" }}' for word in ("pay", "refer", "nothing")))
)
SHARE = st.sampled_from(("0.10", "0.50", "0.60"))
WINDOW = st.sampled_from(("", 'claim_window = { clock = "order", opens = "P15D", closes = "P60D" }'))


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """A clause with some of what a wording can say of claims."""
    needs, made_good = draw(NEEDS), draw(REMEDIES)
    lines = [evidence(*needs), draw(SELLER), made_good, draw(WINDOW)]
    if needs and draw(st.booleans()):
        lines.append('proven = "pay"')
    if made_good and draw(st.booleans()):
        declined = draw(st.sampled_from(("refer", "decide")))
        lines.append(f'offer = {{ share = "{draw(SHARE)}", open_for = "P3D", declined = "{declined}" }}')
    if draw(st.booleans()):
        lines.append('appeal = { within = "P20D" }')
    return only(clause(*lines))


def told(body: str, seed: int) -> ClaimsStory:
    """Two complaints at most, and whatever people do about them for 60 days; after each step the rules are checked."""
    dice = random.Random(seed)
    story = ClaimsStory()
    story.given(placed(), issued(body))
    at = day(1)
    for _ in range(dice.randrange(4, 24)):
        at += timedelta(hours=dice.choice((0, 1, 12, 24, 48, 96)))
        fact = _something(story, dice, at)
        if fact is None:
            story.until(at)
        else:
            for _ in range(dice.choice((1, 1, 1, 2))):
                story.when(fact, at)
        check(story)
    for _ in range(60):
        at += timedelta(days=2)
        story.until(at)
        check(story)
    return story


def _something(story: ClaimsStory, dice: random.Random, at: datetime) -> Event | None:
    name = dice.choice(("D-1", "D-1", "D-2"))
    kind = dice.choice(("photo_of_damage", "invoice", "proof_of_shipment", "proof_of_return", "messages"))
    made = story.named(OfferMade)
    open_now = [each for each in story.case.referrals if each.is_open]
    likely = [6] * 6 * any(each.is_open for each in story.case.offers) + [7] * 6 * bool(open_now)
    likely += [8] * 3 * bool(story.case.decided)
    match dice.choice((*range(11), *likely)):
        case 0 | 1:
            return filed(at, *dice.choice(((), ("photo_of_damage",))), dispute_id=name)
        case 2:
            return complaint(at, "DAMAGED", name, amount=usd(dice.choice((1_000, 5_100, 20_000))))
        case 3:
            return handed_in(at, kind, by=dice.choice(("buyer", "seller", "platform")), dispute_id=name)
        case 4:
            return seller(at, dice.choice(("accept", "contest")), dispute_id=name)
        case 5:
            wish = dice.choice((None, None, Wish.RESHIP, Wish.CREDIT))
            return seller(at, "offer", dispute_id=name, minor=dice.choice((0, 900, 4_000, 15_000)), remedy=wish)
        case 6 if made:
            answer = dice.choice((accepts, accepts, declines))
            return answer(
                dice.choice((*made[-2:], made[-1], made[-1])),
                at,
                case_version=story.case.version - dice.choice((0, 0, 0, 1)),
            )
        case 7 if open_now:
            referral = dice.choice(open_now)
            asked = [each for each in story.named(ClaimReferred) if each.referral_id == referral.referral_id][-1]
            much = usd(dice.choice((500, 5_900, 9_000))) if dice.random() < 0.6 else None
            return ruling(
                asked,
                dice.choice(asked.choices),
                at,
                case_version=story.case.version,
                amount=much,
                by=dice.choice(("a", "b")),
                role=dice.choice(("", "lead")),
            )
        case 8 if story.case.version:
            return appeal(story, at, kind, dispute_id=name, name=str(dice.randrange(3)))
        case 9:
            if dice.random() < 0.5:
                return DisputeWithdrawn(**KEY, occurred_at=at, dispute_id=name)
            return refunded(f"R{at:%d%H}", dice.randrange(1, 3_000), at)
        case _:
            return None


def check(story: ClaimsStory) -> None:
    """One offer is open at most; what was accepted bounds what is paid; every open complaint has something to come."""
    case = story.case
    assert sum(each.is_open for each in case.offers) <= 1
    settled = [each for each in case.offers if each.closed == ACCEPTED]
    assert len({each.dispute_id for each in settled}) == len(settled), "a complaint is settled once"
    if settled and len(case.disputes) == 1:
        # The one clause and the one complaint that there are: nothing is owed beside what was accepted.
        assert case.entitled <= sum(each.total or 0 for each in settled)
    for each in open_disputes(case):
        assert _has_something_to_come(story, case, each.dispute_id), each


def _has_something_to_come(story: ClaimsStory, case: Case, dispute_id: str) -> bool:
    """An answer, an open question, or an instant at which it goes on by itself, with a wake that is no later."""
    complaint = next(each for each in case.disputes if each.dispute_id == dispute_id)
    if complaint.answer or any(each.is_open for each in case.referrals):
        return True
    until = [each.expires_at for each in case.offers if each.is_open]
    until += [
        each.answer_by for each in case.asks if each.dispute_id == dispute_id and each.missing and not each.lapsed_at
    ]
    wake = story.armed_at
    return bool(until) and wake is not None and wake <= min(until)


@settings(max_examples=150, deadline=None)
@given(bodies(), st.integers(0, 2**32))
def test_no_complaint_is_left_lying_and_no_offer_is_paid_twice(body: str, seed: int) -> None:
    story = told(body, seed)
    accepted = [each for each in story.case.offers if each.closed == ACCEPTED]
    for each in accepted:
        made = next(one for one in story.named(OfferMade) if one.offer_id == each.offer_id)
        assert made.amount.minor == each.minor <= 10_000
    assert sum(each.amount.minor for each in story.named(MoneyCommand)) <= 10_000 * max(1, len(story.case.commands))
