"""What the buyer is told of a complaint is so when it is told, is told once, and nothing that was told stays open.

An order of 100 USD, and a clause that pays all of the goods' value for damage; the buyer complains on day 5."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.support.claims import (
    ClaimsStory,
    complaint,
    day,
    delivered,
    issued,
    late,
    only,
    placed,
    resolved,
    ruling,
    usd,
)
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
from waybond_claims.complaints.appeals import NOTHING_NEW
from waybond_contracts.claims import BuyerNotified, ClaimDenied, ClaimReferred, DenialReason, OfferMade
from waybond_contracts.disputes import DisputeOutcome, Wish
from waybond_contracts.orders import Language

HALF = 'offer = { share = "0.50", open_for = "P10D" }'
SELLER = 'seller = { answers_within = "P9D", silent = "nothing" }'
APPEAL = 'appeal = { within = "P30D" }'
RESHIP = remedies(PARTS, '{ remedy = "reship", borne_by = "seller" }')
TOYS = '\n[[exclusion]]\nid = "EX-1"\ntitle = { en = "Toys" }\ncategories = ["toys"]\n'


def told(*lines: str, rest: str = "") -> ClaimsStory:
    """Bound under this clause, and what the rest says."""
    story = ClaimsStory()
    story.given(placed(), issued(only(clause(*lines) + rest)))
    return story


def second(*lines: str) -> str:
    """Another clause for damage."""
    return clause(*lines).replace("DA-1", "DA-2")


def abouts(story: ClaimsStory) -> list[str]:
    return [each.about for each in story.named(BuyerNotified)]


def english(story: ClaimsStory) -> str:
    """The last notice."""
    return next(each.body for each in story.last(BuyerNotified).texts if each.language is Language.EN)


# once


def test_the_seller_is_asked_once_whatever_the_seller_hands_in() -> None:
    """Papers of the shipment are wanted by day 10, an answer by day 14: the papers are nobody's business here."""
    story = told(evidence(SHIPPED), SELLER, 'proven = "pay"')
    story.when(complaint(day(5), "DAMAGED"))
    assert "The seller can answer until January 15, 2026" in english(story), "noon of day 14"
    story.when(handed_in(day(6), "proof_of_shipment", by="seller"))
    assert abouts(story) == ["seller_asked"]


def test_two_clauses_that_want_the_same_photo_ask_once() -> None:
    story = told(evidence(PHOTO), 'proven = "pay"', rest=second(evidence(PHOTO), 'proven = "pay"'))
    story.when(complaint(day(5), "DAMAGED"))
    assert abouts(story) == ["evidence_requested"]


def test_a_photo_that_comes_twice_is_confirmed_once() -> None:
    story = told(evidence(PHOTO), SELLER, 'proven = "pay"')
    story.given(complaint(day(5), "DAMAGED"))
    story.given(handed_in(day(6), "photo_of_damage"), handed_in(day(7), "photo_of_damage"))
    assert abouts(story) == ["evidence_requested", "seller_asked", "evidence_received"]


def test_in_any_order_nothing_is_told_twice_and_a_person_is_told_last() -> None:
    facts = filed(day(5)), handed_in(day(5.1), "photo_of_damage"), seller(day(5.2), "contest")
    for order in permutations(facts):
        story = told(evidence(PHOTO), SELLER, remedies(PARTS), HALF)
        story.given(*order)
        assert abouts(story)[-1] == "referred"
        assert len(abouts(story)) == len(set(abouts(story)))
        before = abouts(story)
        story.given(*order)
        assert abouts(story) == before


# so


def test_what_comes_after_the_money_is_not_promised_an_answer() -> None:
    story = told(evidence(PHOTO), 'proven = "pay"')
    story.given(complaint(day(5), "DAMAGED"), handed_in(day(6), "photo_of_damage"))
    story.pay(day(7))
    story.when(handed_in(day(8), "video"))
    assert abouts(story) == ["evidence_requested", "approved"]


def test_what_comes_while_a_person_looks_is_confirmed() -> None:
    story = told(evidence(PHOTO))
    story.given(filed(day(5), "photo_of_damage"))
    story.given(complaint(day(5), "DAMAGED"), handed_in(day(6), "photo_of_goods"))
    assert abouts(story) == ["referred"], "nothing was asked for"
    story = told(evidence(PHOTO))
    story.given(complaint(day(5), "DAMAGED"), handed_in(day(6), "photo_of_damage"))
    story.when(handed_in(day(7), "photo_of_goods"))
    assert abouts(story) == ["evidence_requested", "referred", "evidence_received"]


@pytest.mark.parametrize(
    ("answer", "expected"), [(accepts, ["offer_accepted"]), (declines, ["offer_declined", "referred"])]
)
def test_an_answer_to_goods_that_are_sent_again_is_told(answer: object, expected: list[str]) -> None:
    story = told(RESHIP, SELLER)
    story.given(filed(day(5), "photo_of_damage"), seller(day(6), "offer", remedy=Wish.RESHIP))
    story.when((accepts if answer is accepts else declines)(story.last(OfferMade), day(7)))
    assert abouts(story) == ["seller_asked", "offer_made", *expected]
    body = next(each.body for each in story.named(BuyerNotified)[2].texts if each.language is Language.EN)
    assert "to send you the goods of your order A-1 again" in body
    assert "$" not in body


def test_an_offer_of_goods_that_nobody_answers_is_told_to_be_over() -> None:
    """A seller's offer stands for 14 days: day 6 to day 20."""
    story = told(RESHIP, SELLER)
    story.given(filed(day(5), "photo_of_damage"), seller(day(6), "offer", remedy=Wish.RESHIP))
    story.until(day(21))
    assert abouts(story) == ["seller_asked", "offer_made", "offer_expired", "referred"]


def test_an_offer_that_falls_away_is_told_unless_another_one_takes_its_place() -> None:
    """The buyer takes the complaint back; then nothing can be accepted any more."""
    story = told(evidence(PHOTO), remedies(PARTS), HALF, 'proven = "pay"')
    story.given(filed(day(5), "photo_of_damage"))
    story.when(resolved(day(6), outcome=DisputeOutcome.CANCELLED))
    assert abouts(story) == ["offer_made", "offer_withdrawn"]
    assert "$50.00" in english(story)


def test_an_offer_that_is_made_anew_is_told_as_the_new_one_alone() -> None:
    """50 of 100 are offered until day 28; on day 27 10 fall due for a delay, and 40 more are offered."""
    body = only(
        clause(evidence(PHOTO), remedies(PARTS), 'offer = { share = "0.50", open_for = "P23D" }', 'proven = "pay"')
        + '\n[[clause]]\nid = "TG-1"\nperil = "late"\nclock = "promised_latest"\n'
        'tiers = [{ after = "P7D", share = "0.10" }]\n'
    )
    story = ClaimsStory()
    story.given(placed(), issued(body), filed(day(5), "photo_of_damage"))
    story.when(late())
    assert abouts(story) == ["offer_made", "offer_made", "approved"]
    bodies = [each.body for notice in story.named(BuyerNotified) for each in notice.texts if each.language == "en"]
    assert "we offer you $40.00" in bodies[1]


@pytest.mark.parametrize(
    ("again", "expected"),
    [(4_000, ["appeal_rejected"]), (3_000, ["appeal_lowered"]), (5_000, ["appeal_upheld", "approved"])],
)
def test_an_appeal_is_answered_by_what_is_due_after_it(again: int, expected: list[str]) -> None:
    """40 were paid. A lead pays the same once more, or less, or 10 more."""
    story = told(APPEAL)
    story.given(filed(day(5), "photo_of_damage"))
    story.given(ruling(story.last(ClaimReferred), "pay", day(6), amount=usd(4_000)))
    story.pay(day(7))
    story.given(appeal(story, day(10), "expert_opinion"))
    lead = ruling(story.last(ClaimReferred), "pay", day(11), by="lead-1", role="lead", amount=usd(again))
    story.when(lead)
    assert abouts(story) == ["referred", "approved", "appeal_received", *expected]
    story.when(lead)
    assert abouts(story)[3:] == expected


def test_money_for_a_delay_does_not_make_an_appeal_fail() -> None:
    """10 are paid for a delay and 40 for damage. The lead finds 45 for the damage: 5 more, though 50 were paid."""
    story = ClaimsStory()
    late_too = (
        '\n[[clause]]\nid = "TG-1"\nperil = "late"\nscope = "order"\nclock = "promised_latest"\n'
        'tiers = [{ after = "P7D", share = "0.10" }]\n'
    )
    story.given(placed(), issued(only(clause(APPEAL) + late_too)), late(package_id=None))
    story.pay(day(28))
    story.given(filed(day(29), "photo_of_damage"))
    story.given(ruling(story.last(ClaimReferred), "pay", day(30), amount=usd(4_000)))
    story.pay(day(31))
    story.given(appeal(story, day(32), "expert_opinion"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(33), by="lead-1", role="lead", amount=usd(4_500)))
    assert abouts(story)[-2:] == ["appeal_upheld", "approved"]


# denials


def test_a_denial_for_goods_that_are_left_out_names_the_exclusion() -> None:
    """Toys are left out of both clauses."""
    story = told(rest=second() + TOYS)
    story.when(complaint(day(5), "DAMAGED"))
    denied = story.last(ClaimDenied)
    assert (denied.reason, denied.exclusions) == (DenialReason.EXCLUDED, ("EX-1",))
    assert denied.clauses == ("DA-1", "DA-2")
    assert "We decided this under “Toys” of your cover." in english(story)
    spanish = next(each.body for each in story.last(BuyerNotified).texts if each.language is Language.ES)
    assert "«daños»" in spanish, "without a title in the language it is called by its peril"


def test_an_exclusion_without_a_title_is_called_by_its_clause() -> None:
    story = told('title = { en = "Broken goods" }', rest=TOYS.replace('title = { en = "Toys" }\n', ""))
    story.when(complaint(day(5), "DAMAGED"))
    assert story.last(ClaimDenied).exclusions == ("EX-1",)
    assert "We decided this under “Broken goods” of your cover." in english(story)


def test_what_a_person_refuses_under_one_clause_of_two_names_that_one() -> None:
    """The second clause's time ended 3 days after the delivery of day 1: it was not what was decided."""
    window = 'claim_window = { clock = "delivered", closes = "P3D" }'
    story = told(rest=second(window))
    story.given(delivered(day(1)), complaint(day(5), "DAMAGED"))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(6)))
    assert story.last(ClaimDenied).clauses == ("DA-1",)
    assert "We decided this under" in english(story)


def test_a_claim_that_is_closed_names_the_clause_that_asked() -> None:
    story = told(evidence(PHOTO), 'proven = "pay"')
    story.given(complaint(day(5), "DAMAGED"))
    story.until(day(13))
    denied = story.last(ClaimDenied)
    assert (denied.clauses, denied.detail) == (("DA-1",), "no_evidence")


def test_an_appeal_with_nothing_new_names_the_clause_of_the_decision() -> None:
    story = told(APPEAL)
    story.given(filed(day(5), "photo_of_damage"))
    story.given(ruling(story.last(ClaimReferred), "do_not_pay", day(6)))
    story.when(appeal(story, day(10)))
    denied = story.last(ClaimDenied)
    assert (denied.clauses, denied.detail) == (("DA-1",), NOTHING_NEW)


def test_what_is_too_early_names_the_clauses_that_wait() -> None:
    """The plain wording waits for a delay and for a loss; damage was not complained of."""
    story = ClaimsStory()
    story.given(placed(), issued())
    story.when(complaint(day(5)))
    denied = story.last(ClaimDenied)
    assert (denied.reason, denied.clauses) == (DenialReason.TOO_EARLY, ("TG-1", "LO-1"))


def test_a_complaint_after_a_delay_was_paid_is_told_what_paid_it() -> None:
    """10 were paid for seven days of delay."""
    story = ClaimsStory()
    story.given(placed(), issued(), late())
    story.pay(day(28))
    story.when(complaint(day(29)))
    denied = story.last(ClaimDenied)
    assert (denied.reason, denied.clauses) == (DenialReason.ALREADY_PAID, ("TG-1",))
    assert "We have already sent you $10.00 for it." in english(story)
    assert "If your order A-1 has not arrived by March 7, 2026" in english(story), "45 days after the promise: a loss"
    story.until(day(60))
    assert len(story.named(ClaimDenied)) == 1, "the day does not make it another answer"
