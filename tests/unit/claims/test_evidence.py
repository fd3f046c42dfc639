"""A claim waits for what its clause wants to see, names what is missing, and goes on by itself once it is there.

An order of 100 USD, and a clause that pays all of the goods' value for damage that somebody claims."""

from __future__ import annotations

import json

import pytest

from tests.support.claims import (
    KEY,
    PLAIN,
    ClaimsStory,
    complaint,
    day,
    delivered,
    issued,
    late,
    only,
    placed,
    usd,
)
from tests.support.filed import PHOTO, SHIPPED, appeal, clause, document, evidence, filed, handed_in
from waybond_contracts.claims import ClaimApproved, ClaimDenied, ClaimReferred, DenialReason, EvidenceRequested
from waybond_contracts.disputes import MAX_DOCUMENTS, DisputeSource, DisputeWithdrawn, EvidenceSubmitted
from waybond_contracts.errors import ContractError
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.registry import decode

PROVEN = clause(evidence(PHOTO), 'proven = "pay"')


def told(body: str = PROVEN) -> ClaimsStory:
    """Bound under this clause alone."""
    story = ClaimsStory()
    return story.given(placed(), issued(only(body)))


def missing(request: EvidenceRequested) -> list[tuple[str, ...]]:
    return [each.any_of for each in request.needed]


def details(story: ClaimsStory) -> list[str]:
    return [each.detail for each in story.named(ClaimDenied)]


# what is asked for


def test_what_is_missing_is_asked_for_once_with_its_day() -> None:
    """The buyer has seven days from day 5, when the complaint came."""
    story = told()
    story.when(complaint(day(5), "DAMAGED"))
    (request,) = story.named(EvidenceRequested)
    assert (request.of, request.dispute_id, request.clause_id) == ("buyer", "D-1", "DA-1")
    assert (missing(request), request.answer_by) == ([("photo_of_damage", "video")], day(12))
    assert request.needed[0].absent == "close"
    story.until(day(11))
    assert len(story.named(EvidenceRequested)) == 1
    assert not story.named(ClaimReferred)


def test_the_photo_makes_it_due_in_the_same_look() -> None:
    story = told()
    story.given(complaint(day(5), "DAMAGED"))
    story.when(handed_in(day(6), "photo_of_damage"))
    assert story.last(IssueRefund).amount == usd(10_000)
    assert not story.named(ClaimReferred)


@pytest.mark.parametrize("first", ["photo", "complaint", "claim"])
def test_the_order_of_arrival_does_not_matter(first: str) -> None:
    """The photo before the complaint, behind it, or in the claim itself: 100 are paid."""
    story = told()
    photo, said = handed_in(day(5), "photo_of_damage"), complaint(day(5), "DAMAGED")
    facts = {"photo": (photo, said), "complaint": (said, photo), "claim": (filed(day(5), "photo_of_damage"),)}
    story.given(*facts[first])
    assert story.last(IssueRefund).amount == usd(10_000)


def test_where_nothing_is_paid_by_itself_a_person_is_asked_with_what_is_there() -> None:
    story = told(clause(evidence(PHOTO)))
    story.when(filed(day(5), "photo_of_damage", statement="It is broken"))
    referred = story.last(ClaimReferred)
    assert referred.choices == ("pay", "do_not_pay")
    assert "All that the clause wants was handed in." in referred.question
    assert "Of the buyer: a statement, 1 documents." in referred.question


def test_each_change_of_what_is_missing_is_told_once() -> None:
    """A photo, an invoice and a word of an expert are wanted; the photo comes, then a second one."""
    invoice = '{ any_of = ["invoice"], within = "P10D" }'
    expert = '{ any_of = ["expert_opinion"], within = "P20D" }'
    story = told(clause(evidence(PHOTO, invoice, expert)))
    story.given(complaint(day(5), "DAMAGED"), handed_in(day(6), "photo_of_damage"), handed_in(day(7), "video"))
    before, after = story.named(EvidenceRequested)
    assert missing(before) == [("photo_of_damage", "video"), ("invoice",), ("expert_opinion",)]
    assert missing(after) == [("invoice",), ("expert_opinion",)]
    assert [each.answer_by for each in after.needed] == [day(15), day(25)]


def test_what_is_needed_depends_on_how_much_is_at_stake() -> None:
    """An invoice above 50: 40 are claimed in the first case, and what is insured, 100, in the second."""
    body = clause(
        evidence(PHOTO, '{ any_of = ["invoice"], above = { amount = "50" }, within = "P7D" }'), 'proven = "pay"'
    )
    story = told(body)
    story.when(filed(day(5), "photo_of_damage", amount=usd(4_000)))
    assert not story.named(EvidenceRequested)
    story = told(body)
    story.when(filed(day(5), "photo_of_damage", amount=usd(90_000)))
    assert missing(story.last(EvidenceRequested)) == [("invoice",)]


def test_a_band_has_an_upper_end() -> None:
    """Up to 50 a photo will do; 100 are at stake, so nothing but the invoice is wanted."""
    small = '{ any_of = ["photo_of_damage"], up_to = { amount = "50" }, within = "P7D" }'
    large = '{ any_of = ["invoice"], above = { amount = "50" }, within = "P7D" }'
    story = told(clause(evidence(small, large), 'proven = "pay"'))
    story.given(complaint(day(5), "DAMAGED"))
    assert missing(story.last(EvidenceRequested)) == [("invoice",)]


def test_a_band_in_a_currency_without_a_rate_counts() -> None:
    story = told(
        clause(evidence('{ any_of = ["invoice"], above = { amount = "900", currency = "EUR" }, within = "P7D" }'))
    )
    story.given(complaint(day(5), "DAMAGED"))
    assert missing(story.last(EvidenceRequested)) == [("invoice",)]


@pytest.mark.parametrize(("by", "paid"), [("buyer", True), ("platform", True), ("seller", False), ("somebody", False)])
def test_it_counts_from_whom_it_is_wanted_or_from_the_platform(by: str, paid: bool) -> None:
    story = told()
    story.given(complaint(day(5), "DAMAGED"), handed_in(day(6), "photo_of_damage", by=by))
    assert bool(story.named(IssueRefund)) is paid


def test_a_document_that_is_named_without_details_counts() -> None:
    story = told()
    story.given(complaint(day(5), "DAMAGED"))
    named = EvidenceSubmitted(
        **KEY, occurred_at=day(6), dispute_id="D-1", evidence_id="E", kind="video", by="buyer", documents=("ref-1",)
    )
    story.when(named)
    assert story.last(IssueRefund).amount == usd(10_000)


def test_the_same_document_twice_is_one() -> None:
    story = told(clause(evidence(PHOTO)))
    story.given(
        complaint(day(5), "DAMAGED"), handed_in(day(6), "photo_of_damage"), handed_in(day(7), "photo_of_damage")
    )
    assert len(story.case.papers) == 1


def test_another_complaints_document_says_nothing_of_this_one() -> None:
    story = told()
    story.given(complaint(day(5), "DAMAGED"), handed_in(day(6), "photo_of_damage", dispute_id="D-2"))
    assert not story.named(IssueRefund)


def test_a_card_schemes_dispute_has_rules_of_its_own() -> None:
    """Nothing is asked for; a person looks at it, as ever."""
    story = told()
    story.when(complaint(day(5), "DAMAGED", source=DisputeSource.CARD_SCHEME))
    assert not story.named(EvidenceRequested)
    assert len(story.named(ClaimReferred)) == 1


# what does not come


def test_without_it_the_complaint_is_closed_with_a_word_for_it() -> None:
    story = told()
    story.given(complaint(day(5), "DAMAGED"))
    story.until(day(12))
    (denied,) = story.named(ClaimDenied)
    assert (denied.reason, denied.detail, denied.clauses) == (DenialReason.NOT_COVERED, "no_evidence", ("DA-1",))
    story.until(day(200))
    assert len(story.named(ClaimDenied)) == 1


def test_on_the_very_day_it_is_in_time() -> None:
    """Seven days from day 5: what is known on day 12 comes before the wake of day 12."""
    story = told()
    story.given(complaint(day(5), "DAMAGED"))
    story.when(handed_in(day(12), "photo_of_damage"))
    assert story.last(IssueRefund).amount == usd(10_000)


def test_what_comes_too_late_changes_nothing_without_a_time_to_appeal() -> None:
    story = told()
    story.given(complaint(day(5), "DAMAGED"))
    story.when(handed_in(day(13), "photo_of_damage"))
    assert details(story) == ["no_evidence"]
    assert not story.named(IssueRefund)


@pytest.mark.parametrize(("at", "paid"), [(41, True), (43, False)])
def test_within_the_time_to_appeal_it_opens_the_complaint_again(at: int, paid: bool) -> None:
    """Closed on day 12; for 30 days the photo still makes 100 due."""
    story = told(PROVEN + 'appeal = { within = "P30D" }\n')
    story.given(complaint(day(5), "DAMAGED"))
    story.when(handed_in(day(at), "photo_of_damage"))
    assert details(story) == ["no_evidence"]
    assert bool(story.named(IssueRefund)) is paid


def test_an_appeal_that_brings_it_needs_no_person() -> None:
    story = told(PROVEN + 'appeal = { within = "P30D" }\n')
    story.given(complaint(day(5), "DAMAGED"))
    story.until(day(20))
    story.when(appeal(story, day(20), "photo_of_damage"))
    assert story.last(IssueRefund).amount == usd(10_000)
    assert not story.named(ClaimReferred)


def test_where_its_absence_pays_nobody_has_to_prove_it() -> None:
    """The seller was to prove the shipment by day 10 and did not: 100, though a person decides what is proven."""
    story = told(clause(evidence(PHOTO, SHIPPED)))
    story.given(filed(day(5), "photo_of_damage"))
    assert [(each.of, missing(each)) for each in story.named(EvidenceRequested)] == [
        ("seller", [("proof_of_shipment",)])
    ]
    story.until(day(10))
    assert story.last(IssueRefund).amount == usd(10_000)


def test_where_its_absence_refers_a_person_is_told_what_is_missing() -> None:
    story = told(clause(evidence('{ any_of = ["invoice"], within = "P7D", absent = "refer" }'), 'proven = "pay"'))
    story.given(complaint(day(5), "DAMAGED"))
    story.until(day(12))
    assert "The buyer was asked for invoice, and it did not come." in story.last(ClaimReferred).question
    story.when(handed_in(day(14), "invoice"))
    assert story.last(IssueRefund).amount == usd(10_000), "it came before anybody decided"


def test_the_buyers_silence_closes_whatever_the_sellers_silence_means() -> None:
    """The seller's time ends on day 10, the buyer's on day 12."""
    story = told(clause(evidence(PHOTO, SHIPPED)))
    story.given(complaint(day(5), "DAMAGED"))
    story.until(day(30))
    assert details(story) == ["no_evidence"]
    assert not story.named(ClaimApproved)


def test_a_complaint_is_closed_while_another_one_about_the_same_goods_waits() -> None:
    """The first has until day 12, the second until day 17."""
    story = told()
    story.given(complaint(day(5), "DAMAGED"), complaint(day(10), "DAMAGED", "D-2"))
    story.until(day(12))
    assert [(each.dispute_id, each.detail) for each in story.named(ClaimDenied)] == [("D-1", "no_evidence")]


# what was decided stays


def test_what_was_paid_stays_paid_though_more_would_be_needed_now() -> None:
    """Up to 50 a photo is enough, and 40 were claimed; the claim is told again with 90."""
    body = clause(
        evidence(PHOTO, '{ any_of = ["invoice"], above = { amount = "50" }, within = "P7D" }'), 'proven = "pay"'
    )
    story = told(body)
    story.given(filed(day(5), "photo_of_damage", amount=usd(4_000)))
    story.pay(day(6))
    story.when(filed(day(7), "photo_of_damage", amount=usd(9_000)))
    assert story.case.owed == 4_000, "what it asked for first"
    assert not story.named(EvidenceRequested)


# too early


def test_before_the_window_opens_nothing_is_asked_and_on_its_day_it_is_decided() -> None:
    """Whoever did not receive it may claim from day 30 after the order; the word of the buyer is needed."""
    body = clause(
        'claim_window = { clock = "order", opens = "P30D" }',
        evidence('{ any_of = ["statement"], within = "P7D", absent = "close" }'),
        'proven = "pay"',
    ).replace('"damaged"', '"not_received"')
    story = told(body)
    story.given(complaint(day(10), "NOT_RECEIVED", statement="It is not here"))
    (denied,) = story.named(ClaimDenied)
    assert (denied.reason, denied.eligible_at) == (DenialReason.TOO_EARLY, day(30))
    assert not story.named(EvidenceRequested)
    story.until(day(30))
    assert story.last(IssueRefund).amount == usd(10_000)


def test_on_the_day_of_the_window_what_is_missing_is_asked_for_by_itself() -> None:
    body = clause('claim_window = { clock = "order", opens = "P30D" }', evidence(PHOTO))
    story = told(body)
    story.given(complaint(day(10), "DAMAGED"))
    story.until(day(30))
    assert story.last(EvidenceRequested).answer_by == day(37)
    story.until(day(37))
    assert details(story) == ["", "no_evidence"]


def test_its_day_comes_although_something_else_was_paid_meanwhile() -> None:
    """10 are paid for a delay, and the complaint of day 30 is told so; on day 60 the clause pays 100 in all."""
    late_first = PLAIN.partition('[[clause]]\nid = "LO-1"')[0]
    body = clause('claim_window = { clock = "order", opens = "P60D" }', evidence(PHOTO), 'proven = "pay"')
    story = ClaimsStory()
    story.given(placed(), issued(late_first + body), late(0))
    story.pay(day(28))
    story.when(complaint(day(30), "NOT_AS_DESCRIBED"))
    story.when(handed_in(day(31), "photo_of_damage"))
    assert len(story.named(IssueRefund)) == 1
    story.until(day(60))
    assert [each.amount for each in story.named(IssueRefund)] == [usd(1_000), usd(9_000)]


def test_a_closed_claim_that_is_filed_again_is_for_a_person() -> None:
    story = told()
    story.given(complaint(day(5), "DAMAGED"))
    story.when(filed(day(20), "photo_of_damage", dispute_id="D-2"))
    assert not story.named(IssueRefund)
    assert "Complaint D-1 about the same goods was decided before." in story.last(ClaimReferred).question


def test_what_comes_after_the_window_has_closed_is_not_asked_for() -> None:
    story = told(clause('claim_window = { clock = "delivered", closes = "P30D" }', evidence(PHOTO)))
    story.given(delivered(day(5)), complaint(day(40), "DAMAGED"))
    assert not story.named(EvidenceRequested)
    assert story.last(ClaimDenied).reason is DenialReason.NOT_COVERED


@pytest.mark.parametrize(("known", "paid"), [(12, [10_000]), (14, [])])
def test_a_photo_counts_by_when_it_became_known_where_it_is_read_before_the_wake(known: int, paid: list[int]) -> None:
    """Scenario: an outage. The photo was asked for by day 12; it is read before the wake of day 12 fires."""
    story = told()
    story.when(filed(day(5)))
    story.armed_at = None
    story.when(handed_in(day(known), "photo_of_damage"))
    story.wake(day(12))
    assert [each.amount.minor for each in story.named(IssueRefund)] == paid
    assert bool(story.named(ClaimDenied)) is not bool(paid)


# hostile


def test_more_documents_than_a_claim_may_have_are_refused_at_the_door() -> None:
    event = filed(day(5)).model_dump(mode="json")
    event["documents"] = [document(name=str(index)).model_dump(mode="json") for index in range(MAX_DOCUMENTS + 1)]
    with pytest.raises(ContractError, match="documents: expected at most 20 items"):
        decode("io.waybond.ClaimFiled", json.dumps(event).encode())


def test_more_documents_than_are_kept_stop_payments_until_a_person_has_looked() -> None:
    story = told(clause(evidence(PHOTO)))
    story.given(complaint(day(5), "DAMAGED"))
    for index in range(300):
        story.when(handed_in(day(6), "other", name=str(index)))
    assert len(story.case.papers) == 256
    assert "More papers came than are kept" in story.last(ClaimReferred).question


def test_a_complaint_that_is_withdrawn_waits_for_nothing() -> None:
    story = told()
    story.given(complaint(day(5), "DAMAGED"), DisputeWithdrawn(**KEY, occurred_at=day(6), dispute_id="D-1"))
    story.until(day(20))
    assert not story.named(ClaimDenied)
