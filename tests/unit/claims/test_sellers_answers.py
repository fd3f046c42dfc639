"""A seller who is asked may accept a claim, contest it, offer something else, or say nothing: each as it is worded.

An order of 100 USD, and a clause that pays all of the goods' value for damage that somebody claims. The seller has five
days from day 5, the buyer seven for a photo."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.claims import ClaimsStory, complaint, day, issued, only, placed, ruling, usd
from tests.support.filed import (
    PARTS,
    PHOTO,
    accepts,
    clause,
    declines,
    document,
    evidence,
    filed,
    handed_in,
    remedies,
    seller,
)
from tests.support.returned import journey, moved, received, steps
from waybond_contracts.claims import (
    ClaimDenied,
    ClaimReferred,
    EvidenceRequested,
    OfferClosed,
    OfferMade,
)
from waybond_contracts.disputes import Wish
from waybond_contracts.money import Money
from waybond_contracts.refunds import IssueRefund, MoneyCommand


def asked(*lines: str, silent: str = "nothing", complains: bool = True) -> ClaimsStory:
    """The buyer complains on day 5, without a photo."""
    body = clause(evidence(PHOTO), f'seller = {{ answers_within = "P5D", silent = "{silent}" }}', *lines)
    story = ClaimsStory()
    story.given(placed(), issued(only(body)))
    if complains:
        story.given(complaint(day(5), "DAMAGED"))
    return story


def test_the_seller_is_asked_beside_the_buyer() -> None:
    story = asked()
    buyer, other = story.named(EvidenceRequested)
    assert [(each.of, each.kinds, each.answer_by) for each in (buyer, other)] == [
        ("buyer", ("photo_of_damage", "video"), day(12)),
        ("seller", ("answer",), day(10)),
    ]


def test_accepting_makes_it_due_without_any_evidence() -> None:
    story = asked()
    story.when(seller(day(6), "accept"))
    assert story.last(IssueRefund).amount == usd(10_000)
    story.until(day(40))
    assert not story.named(ClaimDenied)


def test_an_answer_may_come_before_the_complaint() -> None:
    story = asked(complains=False)
    story.given(seller(day(4), "accept"), complaint(day(5), "DAMAGED"))
    assert story.last(IssueRefund).amount == usd(10_000)
    assert not story.named(EvidenceRequested)


def test_contesting_asks_a_person_once_the_evidence_is_there() -> None:
    """The seller has a statement and a paper; the buyer's photo comes a day later."""
    story = asked('proven = "pay"')
    contest = seller(day(6), "contest", statement="It left whole", documents=(document("proof_of_shipment"),))
    story.when(contest)
    assert not story.named(ClaimReferred)
    story.when(handed_in(day(7), "photo_of_damage"))
    question = story.last(ClaimReferred).question
    assert "The seller contests it." in question
    assert "Of the buyer: no statement, 1 documents. Of the seller: a statement, 1 documents." in question
    assert not story.named(MoneyCommand)


def test_contesting_does_not_need_the_buyer_to_be_silent_twice() -> None:
    """No photo comes: it is closed on day 12, contested or not."""
    story = asked()
    story.when(seller(day(6), "contest"))
    story.until(day(12))
    assert story.last(ClaimDenied).detail == "no_evidence"


@pytest.mark.parametrize(
    ("silent", "proven", "paid", "referred"),
    [
        ("pay", "refer", True, False),
        ("refer", "pay", False, True),
        ("nothing", "pay", True, False),
        ("nothing", "refer", False, True),
    ],
)
def test_silence_means_what_is_worded(silent: str, proven: str, paid: bool, referred: bool) -> None:
    story = asked(f'proven = "{proven}"', silent=silent)
    story.when(handed_in(day(6), "photo_of_damage"))
    story.until(day(9))
    assert not story.named(MoneyCommand)
    story.until(day(10))
    assert (bool(story.named(IssueRefund)), bool(story.named(ClaimReferred))) == (paid, referred)


def test_silence_is_no_proof_for_the_buyer() -> None:
    """A silent seller pays; the photo is missing still on day 10, and comes on day 11."""
    story = asked(silent="pay")
    story.until(day(10))
    assert not story.named(MoneyCommand)
    story.when(handed_in(day(11), "photo_of_damage"))
    assert story.last(IssueRefund).amount == usd(10_000)


def test_of_several_answers_the_latest_counts() -> None:
    """Contested on day 6, accepted on day 8."""
    story = asked()
    story.given(seller(day(6), "contest"), seller(day(8), "accept"))
    assert story.last(IssueRefund).amount == usd(10_000)


def test_the_same_answer_twice_is_one() -> None:
    story = asked()
    said = seller(day(6), "contest")
    story.given(said, said)
    assert len(story.case.responses) == 1


# offers


def test_what_the_seller_offers_is_put_to_the_buyer_before_any_evidence() -> None:
    """20 of 100; the buyer takes them: 20 are paid, and the photo is not needed any more."""
    story = asked(remedies(PARTS))
    story.when(seller(day(6), "offer", minor=2_000))
    made = story.last(OfferMade)
    assert (made.amount, made.remedy, made.offered_by) == (usd(2_000), "part_refund", "seller")
    story.when(accepts(made, day(7)))
    command = story.last(IssueRefund)
    assert command.amount == usd(2_000)
    assert [(row.remedy, row.borne_by) for row in command.rows] == [("part_refund", "seller")]
    story.until(day(40))
    assert not story.named(ClaimDenied)


def test_an_offer_is_never_above_what_the_wording_gives() -> None:
    """The seller offers 90; no more than 0.60 of 100 may be a part refund."""
    story = asked(remedies(PARTS))
    story.when(seller(day(6), "offer", minor=9_000))
    assert story.last(OfferMade).amount == usd(6_000)


@pytest.mark.parametrize(
    "fields",
    [{"remedy": Wish.RESHIP}, {"remedy": Wish.CREDIT, "minor": 500}, {"amount": Money.of(500, "EUR")}, {"minor": 0}],
    ids=["reship", "credit", "other_currency", "nothing"],
)
def test_what_the_clause_does_not_have_is_for_a_person(fields: dict[str, Any]) -> None:
    story = asked(remedies(PARTS), 'proven = "pay"')
    story.given(seller(day(6), "offer", **fields), handed_in(day(7), "photo_of_damage"))
    assert not story.named(OfferMade)
    assert len(story.named(ClaimReferred)) == 1


def test_an_offer_that_is_declined_is_for_a_person_with_the_evidence() -> None:
    story = asked(remedies(PARTS), 'proven = "pay"')
    story.given(seller(day(6), "offer", minor=2_000))
    story.when(declines(story.last(OfferMade), day(7)))
    assert not story.named(ClaimReferred), "the photo is missing yet"
    story.when(handed_in(day(8), "photo_of_damage"))
    assert "The buyer did not take what the seller offers." in story.last(ClaimReferred).question
    story.when(ruling(story.last(ClaimReferred), "pay", day(9), amount=usd(5_000)))
    assert story.last(IssueRefund).amount == usd(5_000)


def test_a_better_offer_takes_the_place_of_the_first() -> None:
    story = asked(remedies(PARTS))
    story.given(seller(day(6), "offer", minor=2_000), seller(day(7), "offer", minor=3_000))
    assert [each.amount for each in story.named(OfferMade)] == [usd(2_000), usd(3_000)]
    assert [each.how for each in story.named(OfferClosed)] == ["withdrawn"]


def test_a_seller_who_accepts_after_all_pays_in_full() -> None:
    story = asked(remedies(PARTS))
    story.given(seller(day(6), "offer", minor=2_000), seller(day(7), "accept"))
    assert [each.how for each in story.named(OfferClosed)] == ["withdrawn"]
    assert story.last(IssueRefund).amount == usd(10_000)


def test_goods_that_are_shipped_again_settle_it_without_money() -> None:
    """The offer is of 0: the buyer takes it, and nothing more is said or paid."""
    story = asked(remedies(PARTS, '{ remedy = "reship", borne_by = "seller" }'))
    story.when(seller(day(6), "offer", remedy=Wish.RESHIP))
    made = story.last(OfferMade)
    assert (made.amount, made.remedy) == (usd(0), "reship")
    story.when(accepts(made, day(7)))
    story.until(day(60))
    assert not story.named(MoneyCommand)
    assert not story.named(ClaimDenied)


def test_a_credit_that_is_accepted_is_paid_as_one() -> None:
    story = asked(remedies('{ remedy = "refund" }', '{ remedy = "credit", borne_by = "platform" }'))
    story.when(seller(day(6), "offer", remedy=Wish.CREDIT, minor=7_000))
    story.when(accepts(story.last(OfferMade), day(7)))
    command = story.last(MoneyCommand)
    assert (type(command).__name__, command.amount) == ("IssuePayout", usd(7_000))


def test_where_goods_have_to_go_back_it_is_paid_once_they_did() -> None:
    """The seller accepts on day 6; the proof may come until day 20."""
    story = asked(remedies('{ remedy = "return", within = "P14D", borne_by = "seller" }'))
    story.when(seller(day(6), "accept"))
    request = story.last(EvidenceRequested)
    assert (request.kinds, request.answer_by) == (("proof_of_return",), day(20))
    assert not story.named(MoneyCommand)
    story.when(handed_in(day(15), "proof_of_return"))
    assert [(row.remedy, row.borne_by) for row in story.last(IssueRefund).rows] == [("return", "seller")]


def test_goods_that_do_not_go_back_are_not_paid() -> None:
    story = asked(remedies('{ remedy = "return", within = "P14D" }'))
    story.when(seller(day(6), "accept"))
    story.until(day(20))
    assert story.last(ClaimDenied).detail == "no_evidence"


def test_a_wording_without_the_sellers_time_does_not_heed_the_seller() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(clause(evidence(PHOTO), 'proven = "pay"'))), filed(day(5)))
    story.when(seller(day(6), "accept"))
    assert not story.named(MoneyCommand)


def test_what_is_accepted_can_come_back_before_the_window_opens() -> None:
    """Damage can be claimed from day 15 on. The seller accepts the claim of day 5 on day 6: a label by day 9.
    The goods come back on day 9: 100."""
    window = 'claim_window = { clock = "order", opens = "P15D", closes = "P60D" }'
    story = asked(journey(), window, complains=False)
    story.given(filed(day(5), "photo_of_damage"))
    assert steps(story) == []
    story.when(seller(day(6), "accept"))
    assert steps(story) == [("label", "seller", day(9))]
    story.given(moved(day(7), handed_in=day(7), back=day(9)), received(day(10)))
    assert [each.amount for each in story.named(IssueRefund)] == [usd(10_000)]
