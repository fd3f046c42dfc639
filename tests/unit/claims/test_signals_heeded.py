"""A clause that heeds other orders: signals may put a claim before a person, and never deny or pay it.

The clause pays 100.00 USD for broken goods with a photo. It asks a person where the buyer's other orders have more than
two claims within 90 days, unless a test says otherwise.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.claims import ClaimsStory, day, issued, late, only, placed, ruling, usd
from tests.support.filed import accepts, clause, document, evidence, filed, handed_in, seller
from tests.support.filed import appeal as appealed
from tests.support.signalled import BUYER, HASH, SECOND, SEEN, SHOP, claimed, heeding, photo, refer_when, told
from tests.support.story import Known
from waybond_claims.adjudication.heeded import ANSWERED_WITHIN
from waybond_claims.service.cases import Stored
from waybond_claims.service.codec import CaseCodec
from waybond_claims.service.desk.models import shown_file
from waybond_claims.service.status import status_of
from waybond_contracts.claims import (
    BuyerNotified,
    ClaimApproved,
    ClaimDenied,
    ClaimReferred,
    EvidenceRequested,
    OfferClosed,
    OfferMade,
    ReferralReason,
)
from waybond_contracts.disputes import EvidenceSubmitted, Party
from waybond_contracts.errors import ContractError
from waybond_contracts.orders import Language
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.signals import SubjectKind
from waybond_contracts.wording import parse

FILED = day(10)
ANSWERED = FILED + SECOND
OTHER_HASH = "00ff00ff00ff00ff"
OFFER = 'remedies = [{ remedy = "refund" }, { remedy = "part_refund", most = "0.60" }]'
FIRST = 'offer = { share = "0.50", open_for = "P5D", declined = "decide" }'


def flagged(*, at: float = 10) -> ClaimsStory:
    """The buyer's other orders have three claims."""
    story = claimed(day(at))
    story.when(told(day(at) + SECOND, ("buyer", "claims_90d", 3)))
    return story


def handed(at: float, perceptual_hash: str) -> EvidenceSubmitted:
    return handed_in(day(at), "photo_of_damage").model_copy(update={"details": (photo(perceptual_hash),)})


def outcome(story: ClaimsStory) -> str:
    """Paid, asked, denied, or nothing yet."""
    if story.named(IssueRefund):
        return "paid"
    if story.named(ClaimDenied):
        return "denied"
    return "asked" if any(each.is_open for each in story.case.referrals) else "nothing"


def test_it_is_paid_once_signals_know_nothing_against_it() -> None:
    story = claimed(FILED)
    assert outcome(story) == "nothing"
    story.when(told(ANSWERED, ("buyer", "claims_90d", 2)))
    assert story.last(IssueRefund).amount == usd(10_000)
    (finding,) = story.last(ClaimApproved).explanation.findings
    assert finding.signals is not None
    assert (finding.signals.outcome, finding.signals.version, finding.ground) == ("clear", 1, "clause")


def test_a_condition_that_holds_asks_a_person_and_names_the_fact() -> None:
    story = flagged()
    asked = story.last(ClaimReferred)
    assert (outcome(story), asked.reason) == ("asked", ReferralReason.SIGNALS)
    assert "claims_90d of the buyer is 3 (above 2)" in asked.question


def test_without_an_answer_a_person_is_asked_after_30_seconds() -> None:
    story = claimed(FILED)
    story.until(FILED + ANSWERED_WITHIN - SECOND)
    assert outcome(story) == "nothing"
    story.until(FILED + ANSWERED_WITHIN)
    assert (outcome(story), story.last(ClaimReferred).reason) == ("asked", ReferralReason.SIGNALS_MISSING)
    assert ANSWERED_WITHIN.total_seconds() == 30


def test_only_a_wake_says_that_no_answer_came() -> None:
    """Scenario: claims was down, and reads the seller's word of an hour later before the answer of signals."""
    story = claimed(FILED)
    story.armed_at = None
    story.when(handed_in(FILED + 3_600 * SECOND, "listing", by="seller"))
    assert outcome(story) == "nothing"
    story.when(told(ANSWERED))
    assert outcome(story) == "paid"


def test_an_answer_that_comes_after_all_takes_the_question_back() -> None:
    story = claimed(FILED)
    story.until(FILED + ANSWERED_WITHIN)
    story.when(told(FILED + 60 * SECOND))
    assert outcome(story) == "paid"
    assert not any(each.is_open for each in story.case.referrals)


def test_an_answer_that_comes_before_its_complaint_counts() -> None:
    story = ClaimsStory().given(placed(), issued(heeding()))
    story.when(told(FILED - SECOND, ("buyer", "claims_90d", 3)))
    story.when(filed(FILED, documents=(photo(),)))
    assert story.last(ClaimReferred).reason is ReferralReason.SIGNALS


def test_the_newest_answer_counts() -> None:
    story = claimed(FILED, heeding(BUYER, SEEN), documents=())
    story.when(told(ANSWERED + SECOND, ("buyer", "claims_90d", 3), version=2))
    story.when(told(ANSWERED, version=1), ANSWERED + 2 * SECOND)
    story.when(handed(11, HASH))
    assert story.last(ClaimReferred).reason is ReferralReason.SIGNALS


def test_a_photo_waits_for_an_answer_that_knows_it() -> None:
    """Claim on day 10 without a photo: clear. The photo of day 12 is paid on only once it was compared."""
    story = claimed(FILED, heeding(SEEN), documents=())
    story.when(told(ANSWERED, photos=()))
    story.when(handed(12, HASH))
    assert outcome(story) == "nothing"
    story.when(told(day(12) + SECOND, ("photo", "same_photo", 1), version=2))
    assert story.last(ClaimReferred).reason is ReferralReason.SIGNALS


def test_a_kind_that_did_not_answer_in_time_is_no_answer() -> None:
    story = claimed(FILED)
    story.when(told(FILED + 20 * SECOND, unknown=(SubjectKind.BUYER,), late=(SubjectKind.BUYER,)))
    assert outcome(story) == "nothing"
    story.until(FILED + ANSWERED_WITHIN)
    assert story.last(ClaimReferred).reason is ReferralReason.SIGNALS_MISSING


def test_a_kind_that_the_order_does_not_name_asks_nobody() -> None:
    story = claimed(FILED, heeding('{ fact = "claims_30d", of = "card", above = 0 }'))
    story.when(told(ANSWERED, unknown=(SubjectKind.CARD, SubjectKind.ADDRESS)))
    assert outcome(story) == "paid"


def test_an_answer_without_the_order_is_no_answer() -> None:
    """Every order names its buyer: signals had heard of the complaint before the order."""
    story = claimed(FILED, heeding('{ fact = "claims_30d", of = "card", above = 0 }'))
    story.when(told(ANSWERED, unknown=tuple(SubjectKind)))
    assert outcome(story) == "nothing"


def test_the_time_begins_anew_when_the_order_becomes_known() -> None:
    """Scenario: the complaint comes a day before its order, and signals know of nobody. They tell anew."""
    story = ClaimsStory()
    story.when(filed(FILED, documents=(photo(),)))
    story.when(told(ANSWERED, unknown=tuple(SubjectKind), photos=(HASH,)))
    story.given(Known(placed(), day(11)), Known(issued(heeding()), day(11)))
    story.until(day(11) + ANSWERED_WITHIN - SECOND)
    assert outcome(story) == "nothing"
    story.when(told(day(11) + ANSWERED_WITHIN - SECOND, version=2))
    assert outcome(story) == "paid"


@pytest.mark.parametrize(("claims", "orders", "expected"), [(5, 24, "asked"), (5, 25, "paid"), (3, 4, "paid")])
def test_claims_are_seen_against_orders(claims: int, orders: int, expected: str) -> None:
    """More than 3 claims, and more than a fifth of the orders: 5 of 24 are, 5 of 25 are not; 3 are not enough."""
    story = claimed(FILED, heeding(SHOP))
    story.when(told(ANSWERED, ("address", "claims_90d", claims), ("address", "orders_90d", orders)))
    assert outcome(story) == expected


def test_evidence_is_asked_for_before_a_person() -> None:
    story = claimed(FILED, documents=())
    story.when(told(ANSWERED, ("buyer", "claims_90d", 3), photos=()))
    assert story.named(EvidenceRequested) and not story.named(ClaimReferred)
    story.when(handed_in(day(11), "photo_of_damage"))
    assert story.last(ClaimReferred).reason is ReferralReason.SIGNALS


@pytest.mark.parametrize("facts", [(("buyer", "claims_90d", 3),), None])
def test_nothing_that_is_missing_closes_what_signals_ask_about(facts: tuple[tuple[str, str, int], ...] | None) -> None:
    """The photo does not come within 7 days. Without a signal that closes the claim; with one, or without an answer, a
    person decides."""
    story = claimed(FILED, documents=())
    if facts is not None:
        story.when(told(ANSWERED, *facts, photos=()))
    story.until(day(18))
    assert outcome(story) == "asked"


def test_a_claim_that_signals_say_nothing_of_is_closed_by_its_clause() -> None:
    story = claimed(FILED, documents=())
    story.when(told(ANSWERED, photos=()))
    story.until(day(18))
    denial = story.last(ClaimDenied)
    assert denial.explanation is not None
    (finding,) = denial.explanation.findings
    assert finding.signals is not None
    assert (denial.detail, finding.signals.outcome, finding.ground) == ("no_evidence", "clear", "clause")


def test_what_was_closed_is_not_opened_by_a_later_signal() -> None:
    story = claimed(FILED, documents=())
    story.when(told(ANSWERED, photos=()))
    story.until(day(18))
    story.when(told(day(19), ("buyer", "claims_90d", 3), version=2, photos=()))
    assert outcome(story) == "denied" and not story.named(ClaimReferred)


def test_what_was_paid_stays_paid_whatever_signals_say_later() -> None:
    story = claimed(FILED)
    story.when(told(ANSWERED))
    story.when(told(day(11), ("buyer", "claims_90d", 9), version=2))
    assert len(story.named(IssueRefund)) == 1 and not story.named(ClaimReferred)


@pytest.mark.parametrize("choice", ["pay", "do_not_pay"])
def test_a_later_signal_does_not_ask_again_after_a_person(choice: str) -> None:
    story = flagged()
    story.when(ruling(story.last(ClaimReferred), choice, day(11)))
    before = len(story.named(ClaimReferred))
    story.when(told(day(12), ("buyer", "claims_90d", 7), version=2))
    assert len(story.named(ClaimReferred)) == before
    assert outcome(story) == ("paid" if choice == "pay" else "denied")


def test_a_denial_after_a_signal_names_the_person() -> None:
    story = flagged()
    asked = story.last(ClaimReferred)
    story.when(ruling(asked, "do_not_pay", day(11)))
    denial = story.last(ClaimDenied)
    assert denial.explanation is not None
    (finding,) = denial.explanation.findings
    assert finding.signals is not None
    assert (finding.signals.outcome, finding.ground) == ("refer", asked.referral_id)
    assert [(each.fact, each.value) for each in finding.signals.held] == [("claims_90d", 3)]


def test_another_complaint_is_looked_at_anew() -> None:
    """A person refused a first claim; a second one about the same order is another question."""
    story = flagged()
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(11)))
    story.when(filed(day(20), dispute_id="D-2", documents=(photo(),)))
    story.when(told(day(20) + SECOND, ("buyer", "claims_90d", 3), version=2, disputes=("D-1", "D-2")))
    assert story.last(ClaimReferred).reason is ReferralReason.SIGNALS
    assert story.case.referrals[-1].key.endswith("/D-2")


def test_an_open_question_follows_what_becomes_known() -> None:
    story = claimed(FILED)
    story.until(FILED + ANSWERED_WITHIN)
    first = story.last(ClaimReferred)
    story.when(told(FILED + 40 * SECOND, ("buyer", "claims_90d", 3)))
    again = story.last(ClaimReferred)
    assert again.referral_id == first.referral_id
    assert (first.reason, again.reason) == (ReferralReason.SIGNALS_MISSING, ReferralReason.SIGNALS)


def test_a_new_photo_leaves_an_open_question_open() -> None:
    story = flagged()
    story.when(handed(11, OTHER_HASH))
    (asked,) = story.case.referrals
    assert asked.is_open


def test_what_the_seller_accepts_is_put_before_a_person_too() -> None:
    body = only(clause(evidence(), 'seller = { answers_within = "P5D" }', refer_when(BUYER)))
    story = claimed(FILED, body)
    story.when(told(ANSWERED, ("buyer", "claims_90d", 3)))
    story.when(seller(day(11), "accept"))
    asked = story.last(ClaimReferred)
    assert (outcome(story), asked.reason) == ("asked", ReferralReason.SIGNALS)
    assert "The seller accepts it." in asked.question


def test_nothing_is_offered_where_signals_ask_a_person() -> None:
    story = claimed(FILED, only(clause(OFFER, FIRST, refer_when(BUYER))))
    assert not story.named(OfferMade)
    story.when(told(ANSWERED, ("buyer", "claims_90d", 3)))
    assert outcome(story) == "asked" and not story.named(OfferMade)


def test_an_offer_stays_open_while_a_new_photo_is_compared() -> None:
    story = claimed(FILED, only(clause(OFFER, FIRST, refer_when(SEEN))))
    story.when(told(ANSWERED))
    story.when(handed(11, OTHER_HASH))
    assert not story.named(OfferClosed)
    story.when(told(day(11) + SECOND, version=2, photos=(HASH, OTHER_HASH)))
    story.when(accepts(story.last(OfferMade), day(12), case_version=story.case.version))
    assert story.last(IssueRefund).amount == usd(5_000)


def test_an_offer_is_withdrawn_when_signals_ask_a_person() -> None:
    story = claimed(FILED, only(clause(OFFER, FIRST, refer_when(SEEN))))
    story.when(told(ANSWERED))
    story.when(handed(11, OTHER_HASH))
    story.when(told(day(11) + SECOND, ("photo", "same_photo", 1), version=2, photos=(HASH, OTHER_HASH)))
    assert story.last(OfferClosed).how == "withdrawn"
    assert story.last(ClaimReferred).reason is ReferralReason.SIGNALS


def test_what_the_seller_hands_in_is_not_waited_for() -> None:
    story = claimed(FILED, heeding(SEEN))
    story.when(told(ANSWERED))
    paid = len(story.named(IssueRefund))
    story.when(handed(11, OTHER_HASH).model_copy(update={"by": Party.SELLER.value}))
    assert paid == 1 and story.case.signalled is not None
    assert story.case.signalled.photos == (HASH,)


def test_a_clause_without_conditions_waits_for_nothing_and_keeps_nothing() -> None:
    story = claimed(FILED, only(clause(evidence('{ of = "buyer", any_of = ["photo_of_damage"], within = "P7D" }'))))
    assert story.named(ClaimReferred)
    before = story.case
    story.when(told(ANSWERED, ("buyer", "claims_90d", 9)))
    assert story.case is before or story.case == before
    assert story.case.signalled is None


def test_what_clocks_and_scans_pay_waits_for_no_signal() -> None:
    body = heeding().replace(
        "[[clause]]",
        '[[clause]]\nid = "TG-1"\nperil = "late"\nclock = "promised_latest"\n'
        'tiers = [{ after = "P7D", share = "0.10" }]\n\n[[clause]]',
        1,
    )
    story = ClaimsStory().given(placed(), issued(body))
    story.when(late())
    assert story.last(IssueRefund).amount == usd(1_000)


def test_the_desk_sees_the_facts_with_their_orders() -> None:
    story = flagged()
    stored = Stored(story.case, 0, story.status, ANSWERED)
    (seen,) = shown_file(stored, story.case.referrals[-1]).signals
    assert (seen.of, seen.fact, seen.value, seen.orders) == ("buyer", "claims_90d", 3, ("shop/Z-9",))


def test_the_buyer_is_told_nothing_of_signals() -> None:
    story = flagged()
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(11)))
    texts = [f"{text.subject} {text.body}" for notice in story.named(BuyerNotified) for text in notice.texts]
    assert texts
    texts += [status_of(story.case, language, day(12)).model_dump_json() for language in Language]
    for word in ("signal", "claims_90d", "other order", "sinais", "señales", "z-9"):
        assert not any(word in each.lower() for each in texts)


def test_an_appeal_brings_a_photo_and_is_decided_by_a_person() -> None:
    body = heeding(BUYER, more='appeal = { within = "P30D" }')
    story = claimed(FILED, body, documents=())
    story.when(told(ANSWERED, photos=()))
    story.until(day(18))
    story.when(told(day(19), ("buyer", "claims_90d", 3), version=2, photos=()))
    story.when(appealed(story, day(20), "photo_of_damage"))
    assert not story.named(IssueRefund)
    assert story.last(ClaimReferred).reason is ReferralReason.SIGNALS


def test_a_file_with_signals_stays_readable() -> None:
    """One fact with its order, a photo, and a complaint that had no answer in time, as the first version wrote it."""
    read = CaseCodec().decode(3, (Path(__file__).parent / "claim-file-3-signalled.json").read_bytes(), None)
    assert read.signalled is not None
    assert [(each.of, each.fact, each.value, each.orders) for each in read.signalled.facts] == [
        ("buyer", "claims_90d", 3, ("shop/Z-9",))
    ]
    assert read.signalled == unheard().case.signalled


def unheard() -> ClaimsStory:
    """The answer of the address comes too late, and a second complaint has none at all."""
    story = claimed(FILED)
    story.when(told(FILED + 20 * SECOND, ("buyer", "claims_90d", 3), late=(SubjectKind.ADDRESS,)))
    story.when(filed(day(20), dispute_id="D-2", documents=(photo(OTHER_HASH),)))
    story.until(day(21))
    return story


@pytest.mark.parametrize(
    ("conditions", "field"),
    [
        ('{ fact = "claims_7d", of = "buyer", above = 2 }', "fact"),
        ('{ fact = "same_photo", of = "buyer", above = 0 }', "of"),
        ('{ fact = "buyers", of = "buyer", above = 1 }', "of"),
        ('{ fact = "orders_90d", of = "buyer", above = 1, of_orders = "0.5" }', "of_orders"),
        ('{ fact = "claims_90d", of = "buyer", above = -1 }', "above"),
        (f"{BUYER}, {BUYER}", "refer_when"),
    ],
)
def test_a_condition_that_means_nothing_is_refused(conditions: str, field: str) -> None:
    with pytest.raises(ContractError) as refused:
        parse(only(clause(refer_when(conditions))))
    assert field in str(refused.value)


def test_only_what_people_claim_can_be_put_before_a_person() -> None:
    with pytest.raises(ContractError, match="refer_when"):
        parse(only(clause('any_of = [{ scan = "DAMAGED" }]', refer_when(BUYER), trigger="automatic")))


def test_documents_without_a_hash_are_not_waited_for() -> None:
    story = claimed(FILED, heeding(SEEN), documents=(document(),))
    story.when(told(ANSWERED, photos=()))
    assert outcome(story) == "paid"
