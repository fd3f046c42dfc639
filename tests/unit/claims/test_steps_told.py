"""The buyer is told each step of a complaint once, as it happens, with what comes next and by when.

An order of 100 USD, and a clause that pays all of the goods' value for damage; the buyer complains on day 5."""

from __future__ import annotations

import pytest

from tests.support import returned as returns
from tests.support.claims import ClaimsStory, complaint, day, issued, only, placed, ruling, usd
from tests.support.filed import (
    PARTS,
    PHOTO,
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
from waybond_contracts.claims import BuyerNotified, ClaimReferred, OfferMade
from waybond_contracts.disputes import Wish
from waybond_contracts.orders import Language

HALF = 'offer = { share = "0.50", open_for = "P10D" }'
SELLER = 'seller = { answers_within = "P5D", silent = "nothing" }'
APPEAL = 'appeal = { within = "P30D" }'
INVOICE = '{ of = "buyer", any_of = ["invoice"], within = "P9D", absent = "refer" }'


def told(*lines: str) -> ClaimsStory:
    """Bound under this clause alone."""
    story = ClaimsStory()
    story.given(placed(), issued(only(clause(*lines))))
    return story


def abouts(story: ClaimsStory) -> list[str]:
    return [each.about for each in story.named(BuyerNotified)]


def english(story: ClaimsStory) -> str:
    """The last notice."""
    notice = story.last(BuyerNotified)
    return next(each.body for each in notice.texts if each.language is Language.EN)


# evidence


def test_what_is_asked_for_is_named_with_its_day_and_what_follows() -> None:
    story = told(evidence(PHOTO), 'proven = "pay"')
    story.when(complaint(day(5), "DAMAGED"))
    assert abouts(story) == ["evidence_requested"]
    assert story.last(BuyerNotified).act_by == day(12)
    assert "a photo of the damage or a video" in english(story)
    assert "You have 7 days" in english(story)
    assert english(story).endswith("we will close the claim.")


def test_the_photo_that_pays_at_once_is_answered_by_the_money_alone() -> None:
    story = told(evidence(PHOTO), 'proven = "pay"')
    story.given(complaint(day(5), "DAMAGED"))
    story.when(handed_in(day(6), "photo_of_damage"))
    assert abouts(story) == ["evidence_requested", "approved"]


def test_of_two_that_are_missing_the_one_that_is_left_is_asked_for_again() -> None:
    story = told(evidence(PHOTO, INVOICE), 'proven = "pay"')
    story.given(complaint(day(5), "DAMAGED"))
    assert "a photo of the damage or a video and the invoice" in english(story)
    story.when(handed_in(day(6), "photo_of_damage"))
    assert abouts(story) == ["evidence_requested", "evidence_requested"]
    assert "we need from you: the invoice." in english(story)
    assert english(story).endswith("we will decide on what we know.")


def test_what_came_and_still_waits_for_the_seller_is_confirmed() -> None:
    """The seller has until day 10: no day of an answer is known yet."""
    story = told(evidence(PHOTO), SELLER, 'proven = "pay"')
    story.given(complaint(day(5), "DAMAGED"))
    assert abouts(story) == ["evidence_requested", "seller_asked"]
    story.when(handed_in(day(6), "photo_of_damage"))
    assert abouts(story)[2:] == ["evidence_received"]
    assert "a photo of the damage" in english(story)


def test_what_the_seller_hands_in_is_not_told() -> None:
    story = told(evidence(PHOTO), SELLER, 'proven = "pay"')
    story.given(complaint(day(5), "DAMAGED"))
    story.when(handed_in(day(6), "proof_of_shipment", by="seller"))
    assert abouts(story) == ["evidence_requested", "seller_asked"]


def test_a_claim_that_is_closed_says_until_when_it_can_be_opened_again() -> None:
    """Nothing came by day 12; there are 30 days from then."""
    story = told(evidence(PHOTO), APPEAL, 'proven = "pay"')
    story.given(complaint(day(5), "DAMAGED"))
    story.until(day(13))
    assert abouts(story) == ["evidence_requested", "claim_closed"]
    assert story.last(BuyerNotified).act_by == day(42)
    assert "send us what we asked you for" in english(story)


def test_a_claim_that_cannot_be_opened_again_says_nothing_of_it() -> None:
    story = told(evidence(PHOTO), 'proven = "pay"')
    story.given(complaint(day(5), "DAMAGED"))
    story.until(day(13))
    assert (abouts(story)[-1], story.last(BuyerNotified).act_by) == ("claim_closed", None)


# offers


def test_an_offer_and_what_became_of_it() -> None:
    story = told(evidence(PHOTO), remedies(PARTS), HALF, 'proven = "pay"')
    story.when(filed(day(5), "photo_of_damage"))
    assert (abouts(story), story.last(BuyerNotified).act_by) == (["offer_made"], day(15))
    assert "we offer you $50.00. You have 10 days" in english(story)
    assert english(story).endswith("nothing more will be paid for this claim.")
    story.when(accepts(story.last(OfferMade), day(6)))
    assert abouts(story) == ["offer_made", "offer_accepted", "approved"]


def test_who_declines_learns_that_a_person_looks() -> None:
    story = told(evidence(PHOTO), remedies(PARTS), HALF, 'proven = "pay"')
    story.given(filed(day(5), "photo_of_damage"))
    story.when(declines(story.last(OfferMade), day(6)))
    assert abouts(story) == ["offer_made", "offer_declined", "referred"]
    assert story.last(BuyerNotified).texts


def test_an_offer_that_nobody_answers_is_told_to_be_over() -> None:
    story = told(evidence(PHOTO), remedies(PARTS), HALF, 'proven = "pay"')
    story.given(filed(day(5), "photo_of_damage"))
    story.until(day(15.5))
    assert abouts(story) == ["offer_made", "offer_expired", "referred"]


def test_goods_that_are_sent_again_are_offered_without_an_amount() -> None:
    """The seller offers a new one: a reshipment moves no money."""
    story = told(remedies(PARTS, '{ remedy = "reship", borne_by = "seller" }'), SELLER)
    story.given(filed(day(5), "photo_of_damage"))
    story.when(seller(day(6), "offer", remedy=Wish.RESHIP))
    assert abouts(story) == ["seller_asked", "offer_made"]
    assert "we offer to send you the goods again" in english(story)
    assert "$" not in english(story)


def test_the_offer_of_a_seller_is_told_like_any_other() -> None:
    story = told(remedies(PARTS), SELLER)
    story.given(filed(day(5), "photo_of_damage"))
    story.when(seller(day(6), "offer", minor=3_000))
    assert abouts(story) == ["seller_asked", "offer_made"]
    assert "$30.00" in english(story)


# people


def test_a_complaint_that_a_person_looks_at_is_told_once() -> None:
    """The second complaint about the same goods is another one, and told as well."""
    story = told()
    story.when(complaint(day(5), "DAMAGED"))
    referred = story.last(ClaimReferred)
    assert abouts(story) == ["referred"]
    assert referred.answer_by is not None
    assert "You should have our answer by" in english(story)
    story.until(day(30))
    assert abouts(story) == ["referred"], "what is told again to a lead is not told to the buyer"


def test_a_chargeback_is_not_told() -> None:
    story = told()
    story.when(complaint(day(5), "DAMAGED", source="card_scheme", stage="CHARGEBACK"))
    assert abouts(story) == []


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("uphold", ["appeal_rejected"]), ("pay", ["appeal_upheld", "approved"]), ("do_not_pay", ["appeal_rejected"])],
)
def test_an_appeal_and_its_end(choice: str, expected: list[str]) -> None:
    """What was not paid at first is appealed against with an expert's word."""
    story = told(APPEAL)
    story.given(filed(day(5), "photo_of_damage"))
    story.given(ruling(story.last(ClaimReferred), "do_not_pay", day(6)))
    story.when(appeal(story, day(10), "expert_opinion"))
    assert abouts(story) == ["referred", "not_covered", "appeal_received"]
    story.when(ruling(story.last(ClaimReferred), choice, day(11), by="lead-1", role="lead"))
    assert abouts(story)[3:] == expected


def test_who_appeals_and_gets_less_is_told_so_and_nothing_of_what_is_asked_back() -> None:
    """100 were paid; the lead finds that nothing was due, and the money is asked back by another way."""
    story = told(APPEAL)
    story.given(filed(day(5), "photo_of_damage"))
    story.given(ruling(story.last(ClaimReferred), "pay", day(6)))
    story.pay(day(7))
    story.given(appeal(story, day(10), "expert_opinion"))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(11), by="lead-1", role="lead"))
    assert abouts(story) == ["referred", "approved", "appeal_received", "appeal_lowered"]
    assert "$" not in english(story)


@pytest.mark.parametrize(
    ("on", "kinds", "words"),
    [(40, ("expert_opinion",), "the time for that was over"), (10, (), "we knew already what you told us")],
)
def test_an_appeal_that_nobody_looks_at_says_why(on: int, kinds: tuple[str, ...], words: str) -> None:
    """Decided on day 6, with 30 days to appeal."""
    story = told(APPEAL)
    story.given(filed(day(5), "photo_of_damage"))
    story.given(ruling(story.last(ClaimReferred), "do_not_pay", day(6)))
    story.when(appeal(story, day(on), *kinds))
    assert abouts(story)[-1] == "appeal_rejected"
    assert words in english(story)


# denials


def test_a_denial_names_its_clause() -> None:
    story = told('title = { en = "Broken goods", es = "Productos rotos" }')
    story.given(filed(day(5), "photo_of_damage"))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(6)))
    assert "We decided this under “Broken goods” of your cover." in english(story)
    texts = {each.language: each.body for each in story.last(BuyerNotified).texts}
    assert "«Productos rotos»" in texts[Language.ES]
    assert "dano" in texts[Language.PT].lower(), "without a title it is called by its peril"


def test_amounts_that_are_asked_for_are_not_told_as_if_they_were_paid() -> None:
    story = told(evidence(PHOTO), 'proven = "pay"')
    story.when(filed(day(5), amount=usd(4_000)))
    assert story.last(BuyerNotified).amount is None


# returns


def test_goods_that_go_back_are_told_of_from_the_label_to_the_seller() -> None:
    """A label on day 6, ten days to hand the parcel in, back on day 20: the seller has its turn, then money comes."""
    story = returns.told()
    story.given(filed(day(5), "photo_of_damage"))
    story.when(returns.moved(day(6), tracking_number="RR1BR"))
    assert (abouts(story), story.last(BuyerNotified).act_by) == (["return_requested"], day(16))
    assert english(story).endswith("Your return label: RR1BR")
    story.given(returns.moved(day(8), 2, handed_in=day(8)))
    story.when(returns.moved(day(20), 3, handed_in=day(8), back=day(20)))
    assert abouts(story) == ["return_requested", "return_received"]
    story.when(returns.received(day(21), "received"))
    assert abouts(story)[2:] == ["approved"]


def test_goods_that_were_never_handed_in_close_the_claim() -> None:
    """Until day 16 the parcel of day 6 can be handed in."""
    story = returns.told()
    story.given(filed(day(5), "photo_of_damage"), returns.moved(day(6)))
    story.until(day(17))
    assert abouts(story)[-1] == "claim_closed"
    assert "were not sent back in time" in english(story)


def test_an_empty_parcel_brings_it_before_a_person() -> None:
    story = returns.told()
    story.given(filed(day(5), "photo_of_damage"), returns.moved(day(6)))
    story.when(returns.received(day(9), "empty"))
    assert abouts(story) == ["return_requested", "referred"]
