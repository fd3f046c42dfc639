"""A complaint that is paid once the goods are back: the steps of the return, their clocks, and what each end leads to.

An order of 100 USD with one piece, and a clause that pays all of its value for damage which a photo shows. The claim is
filed on day 5 with the photo. The seller has 3 days for a label, the buyer 10 to hand the parcel in, the carrier 45 to
bring it back, and the seller 5 to say what was in it."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.claims import (
    PLAIN,
    ClaimsStory,
    complaint,
    contents,
    day,
    delivered,
    issued,
    line,
    lost,
    only,
    package,
    placed,
    ruling,
    usd,
)
from tests.support.filed import PHOTO, appeal, clause, evidence, filed, remedies
from tests.support.returned import CLOCKS, journey, moved, received, steps, told, wanting_back
from tests.support.story import Known
from waybond_contracts.claims import (
    ClaimApproved,
    ClaimDenied,
    ClaimReferred,
    EvidenceRequested,
    RecoveryOpened,
    ReturnAwaited,
)
from waybond_contracts.disputes import DisputeWithdrawn
from waybond_contracts.refunds import IssueRefund

CLAIM = filed(day(5), "photo_of_damage")


def paid(story: ClaimsStory) -> list[int]:
    return [each.amount.minor for each in story.named(IssueRefund)]


def under_way(body: str | None = None) -> ClaimsStory:
    """Filed on day 5, with a label on day 6, handed in on day 8."""
    story = told(body)
    story.given(CLAIM, moved(day(6)), moved(day(8), 2, handed_in=day(8)))
    return story


def back(body: str | None = None) -> ClaimsStory:
    """The same, and delivered back on day 20."""
    story = under_way(body)
    story.when(moved(day(20), 3, handed_in=day(8), back=day(20)))
    return story


# returned and paid


def test_each_step_is_told_once_with_its_day() -> None:
    """3 days from day 5, 10 from the label of day 6, 45 from day 8, 5 from the delivery of day 20."""
    story = back()
    assert steps(story) == [
        ("label", "seller", day(8)),
        ("handed_in", "buyer", day(16)),
        ("back", "carrier", day(53)),
        ("acknowledged", "seller", day(25)),
    ]
    assert [each.otherwise for each in story.named(ReturnAwaited)] == ["refer", "close", "refer", "pay"]
    assert not story.named(EvidenceRequested)
    assert not story.named(ClaimReferred)


def test_what_came_back_as_it_was_sent_is_paid_once() -> None:
    """100, borne by the seller, and nothing more in the half year after that."""
    story = back()
    story.when(received(day(21)))
    assert paid(story) == [10_000]
    assert [(row.remedy, row.borne_by) for row in story.last(IssueRefund).rows] == [("return", "seller")]
    story.pay(day(22))
    story.until(day(200))
    assert paid(story) == [10_000]


def test_a_clause_of_half_the_value_pays_half_after_the_return() -> None:
    story = back(wanting_back(tiers='[{ share = "0.50" }]'))
    story.when(received(day(21)))
    assert paid(story) == [5_000]


def test_the_explanation_names_the_clause_and_the_step() -> None:
    story = back()
    story.when(received(day(21)))
    (finding,) = [each for each in story.last(ClaimApproved).explanation.findings if each.applies]
    assert (finding.clause_id, finding.return_step) == ("DA-1", "received")


def test_without_a_time_for_a_label_none_is_waited_for() -> None:
    clocks = CLOCKS.partition(", ")[2]
    story = told(clause(evidence(PHOTO), 'proven = "pay"', journey(clocks=clocks)))
    story.when(CLAIM)
    assert steps(story) == [("handed_in", "buyer", day(15))]


def test_what_a_person_gives_is_paid_after_the_return() -> None:
    """No evidence is wanted: a person decides first, and gives 60 of 100. The goods come back: 60."""
    story = told(clause(journey()))
    story.when(complaint(day(5), "DAMAGED"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(6), amount=usd(6_000)))
    assert (paid(story), steps(story)) == ([], [("label", "seller", day(9))])
    story.given(moved(day(7), handed_in=day(7), back=day(9)), received(day(10)))
    assert paid(story) == [6_000]


def test_nothing_is_waited_for_once_the_complaint_is_withdrawn() -> None:
    story = under_way()
    story.when(DisputeWithdrawn(tenant="demo", platform="shop", order_id="A-1", occurred_at=day(9), dispute_id="D-1"))
    story.given(moved(day(20), 3, handed_in=day(8), back=day(20)), received(day(21)))
    story.until(day(100))
    assert paid(story) == []


def test_what_a_person_gave_before_is_paid_where_the_next_one_says_no_amount() -> None:
    """60 of 100 first. The parcel was empty, and the person who is asked then just says `pay`: 60."""
    story = told(clause(journey()))
    story.when(complaint(day(5), "DAMAGED"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(6), amount=usd(6_000)))
    story.given(moved(day(7), handed_in=day(7), back=day(9)), received(day(10), "empty"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(11)))
    assert paid(story) == [6_000]


def test_a_return_of_another_complaint_says_nothing() -> None:
    story = told()
    story.given(CLAIM, moved(day(6), handed_in=day(6), back=day(7), dispute_id="D-2"))
    story.when(moved(day(7), package_id="R2", handed_in=day(6), back=day(7), dispute_id=None))
    assert [step for step, _, _ in steps(story)] == ["label"]


def test_no_step_is_open_once_it_is_decided() -> None:
    story = back()
    story.when(received(day(21)))
    assert [each.due for each in story.case.returning] == [None]


# the seller sends no label


@pytest.mark.parametrize(("word", "at_once"), [("pay", [10_000]), ("refer", [])])
def test_without_a_label_it_goes_as_worded(word: str, at_once: list[int]) -> None:
    story = told(wanting_back(f'unlabelled = "{word}"'))
    story.when(CLAIM)
    story.until(day(8))
    assert paid(story) == at_once
    assert len(story.named(ClaimReferred)) == (word == "refer")


def test_a_late_label_goes_on_with_the_return_while_nobody_decided() -> None:
    """Day 8 is over, a person is asked; the label of day 9 gives the buyer 10 days, and the question falls away."""
    story = told()
    story.when(CLAIM)
    story.until(day(8))
    story.when(moved(day(9), booked_at=day(9)))
    assert steps(story)[-1] == ("handed_in", "buyer", day(19))
    assert not any(each.is_open for each in story.case.referrals)


# the buyer


def test_what_is_never_handed_in_is_not_paid() -> None:
    story = told()
    story.given(CLAIM, moved(day(6)))
    story.until(day(16))
    denied = story.last(ClaimDenied)
    assert (denied.detail, denied.dispute_id, paid(story)) == ("not_returned", "D-1", [])


def test_a_person_decides_where_that_is_worded() -> None:
    story = told(wanting_back('not_handed_in = "refer"'))
    story.given(CLAIM, moved(day(6)))
    story.until(day(16))
    assert "The buyer handed nothing in." in story.last(ClaimReferred).question
    assert not story.named(ClaimDenied)


def test_a_scan_that_comes_late_and_was_in_time_counts() -> None:
    """It is closed on day 16; on day 18 the scan of day 15 becomes known."""
    story = told()
    story.given(CLAIM, moved(day(6)))
    story.until(day(16))
    story.when(moved(day(15), 2, handed_in=day(15)), day(18))
    assert steps(story)[-1] == ("back", "carrier", day(63))
    story.given(moved(day(30), 3, handed_in=day(15), back=day(30)), received(day(31)))
    assert paid(story) == [10_000]


def test_what_is_handed_in_late_is_put_before_a_person() -> None:
    story = told()
    story.given(CLAIM, moved(day(6)), moved(day(18), 2, handed_in=day(18)))
    assert "handed in on 2026-01-19, after 2026-01-17 12:00 UTC" in story.last(ClaimReferred).question
    story.when(ruling(story.last(ClaimReferred), "pay", day(19)))
    assert paid(story) == [10_000]


@pytest.mark.parametrize(("word", "amounts"), [("counts", [10_000]), ("close", [])])
def test_or_goes_as_worded(word: str, amounts: list[int]) -> None:
    """Handed in on day 18, back on day 25; the seller says nothing until day 30."""
    story = told(wanting_back(f'handed_in_late = "{word}"'))
    story.given(CLAIM, moved(day(6)), moved(day(18), 2, handed_in=day(18)))
    story.when(moved(day(25), 3, handed_in=day(18), back=day(25)))
    story.until(day(60))
    assert paid(story) == amounts


def test_the_seller_who_has_the_goods_says_more_than_a_date() -> None:
    """Handed in late, which closes it by the wording; the seller says that all came back."""
    story = told(wanting_back('handed_in_late = "close"'))
    story.given(CLAIM, moved(day(6)), moved(day(18), 2, handed_in=day(18)), received(day(26)))
    assert paid(story) == [10_000]


# the carrier


@pytest.mark.parametrize(("word", "amounts"), [("pay", [10_000]), ("close", []), ("refer", [])])
def test_a_parcel_that_is_lost_on_its_way_back_goes_as_worded(word: str, amounts: list[int]) -> None:
    story = under_way(wanting_back(f'not_back = "{word}"'))
    story.when(moved(day(12), 3, handed_in=day(8), lost=day(12), tracking_number="RR1BR"))
    assert paid(story) == amounts
    asked = [each.question for each in story.named(ClaimReferred)]
    assert ["The return RR1BR was lost on its way back." in each for each in asked] == [True] * (word == "refer")
    assert [each.detail for each in story.named(ClaimDenied)] == (["not_returned"] if word == "close" else [])


def test_what_is_stuck_for_as_long_as_the_wording_says_is_not_back() -> None:
    story = under_way(wanting_back('not_back = "pay"'))
    story.until(day(52))
    assert paid(story) == []
    story.until(day(53))
    assert paid(story) == [10_000]


def test_what_comes_back_after_that_goes_on_while_nobody_decided() -> None:
    """Not back on day 53, so a person is asked. It is delivered on day 60, the seller is silent until day 65: paid."""
    story = under_way()
    story.until(day(53))
    assert story.case.status == "referred"
    story.when(moved(day(60), 3, handed_in=day(8), back=day(60)))
    story.until(day(65))
    assert paid(story) == [10_000]


def test_a_parcel_that_turns_round_is_put_before_a_person() -> None:
    """Even where a loss pays: the buyer gets the goods."""
    story = under_way(wanting_back('not_back = "pay"'))
    story.when(moved(day(12), 3, handed_in=day(8), sent_back=day(12)))
    assert "The return R turned round" in story.last(ClaimReferred).question
    assert paid(story) == []


def test_of_two_parcels_both_have_to_come_back() -> None:
    story = back()
    story.when(moved(day(21), package_id="R2", handed_in=day(9)))
    story.until(day(52))
    assert paid(story) == []
    story.when(moved(day(52, 1), 2, package_id="R2", handed_in=day(9), back=day(52)))
    story.until(day(60))
    assert paid(story) == [10_000]


# the seller


@pytest.mark.parametrize(("word", "amounts"), [("pay", [10_000]), ("refer", [])])
def test_the_sellers_silence_means_what_is_worded(word: str, amounts: list[int]) -> None:
    story = back(wanting_back(f'silent = "{word}"'))
    story.until(day(25))
    assert paid(story) == amounts
    assert len(story.named(ClaimReferred)) == (word == "refer")


@pytest.mark.parametrize("condition", ["damaged", "empty", "missing", "other_item"])
def test_what_came_back_otherwise_is_put_before_a_person(condition: str) -> None:
    """The person gives 40 of 100."""
    story = back()
    story.when(received(day(21), condition))
    referred = story.last(ClaimReferred)
    assert f"The seller says of what came back: {condition.replace('_', ' ')}." in referred.question
    assert referred.choices == ("pay", "do_not_pay")
    story.when(ruling(referred, "pay", day(22), amount=usd(4_000)))
    story.until(day(100))
    assert paid(story) == [4_000]


@pytest.mark.parametrize("condition", ["damaged", "empty", "missing", "other_item"])
def test_or_is_paid_where_that_is_worded(condition: str) -> None:
    story = back(wanting_back(f'{condition} = "pay"'))
    story.when(received(day(21), condition))
    assert paid(story) == [10_000]


def test_an_empty_parcel_that_a_person_refuses_is_not_paid() -> None:
    story = back()
    story.when(received(day(21), "empty"))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(22)))
    story.until(day(100))
    assert paid(story) == []
    assert story.named(ClaimDenied)


def test_a_lead_who_upholds_an_appeal_pays_without_the_goods() -> None:
    story = back(wanting_back() + 'appeal = { within = "P30D" }\n')
    story.when(received(day(21), "empty"))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(22)))
    story.when(appeal(story, day(23), "carrier_report"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(24), by="lead-1", role="lead"))
    assert paid(story) == [10_000]


def test_a_lead_who_upheld_an_appeal_first_does_not_pay_for_an_empty_parcel() -> None:
    """Refused, then given by a lead, so the goods are to come back; the parcel is empty, and a person refuses that."""
    story = told(clause(journey()) + 'appeal = { within = "P30D" }\n')
    story.when(complaint(day(5), "DAMAGED"))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(6)))
    story.when(appeal(story, day(7), "expert_opinion"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(8), by="lead-1", role="lead"))
    assert [step for step, _, _ in steps(story)] == ["label"]
    story.when(received(day(20), "empty"))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(21)))
    assert paid(story) == []


def test_a_new_word_of_the_seller_is_something_new_and_whoever_decided_does_not_decide_again() -> None:
    """Refused as empty by lead-1. The seller finds the goods; the buyer appeals, and another lead decides."""
    story = back(wanting_back() + 'appeal = { within = "P30D" }\n')
    story.when(received(day(21), "empty"))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(22), by="lead-1", role="lead"))
    story.given(received(day(23)), appeal(story, day(24)))
    question = story.last(ClaimReferred)
    assert question.choices == ("uphold", "pay", "do_not_pay")
    story.when(ruling(question, "pay", day(25), by="lead-1", role="lead"))
    assert paid(story) == []
    story.when(ruling(story.last(ClaimReferred), "pay", day(26), by="lead-2", role="lead"))
    assert paid(story) == [10_000]


def test_an_earlier_word_that_is_known_later_does_not_count() -> None:
    story = back()
    story.when(received(day(22), "empty"))
    story.when(received(day(21)), day(23))
    assert paid(story) == []


def test_a_word_about_one_of_two_parcels_is_not_about_all() -> None:
    """R2 is back on day 22 with R; the seller names R alone, and then both."""
    story = back()
    story.when(moved(day(20, 1), package_id="R2", handed_in=day(9)))
    story.when(received(day(21), package_id="R"))
    assert paid(story) == []
    story.given(moved(day(22), 2, package_id="R2", handed_in=day(9), back=day(22)), received(day(23), package_id="R2"))
    assert paid(story) == [10_000]


def test_a_step_that_opens_again_keeps_its_day() -> None:
    """Back on day 20, but not on day 21: the carrier has until day 53, as it had."""
    story = back()
    story.when(moved(day(21), 4, handed_in=day(8)))
    assert steps(story)[-1] == ("back", "carrier", day(53))


def test_of_two_words_about_the_same_goods_the_later_counts() -> None:
    """Empty, it seemed on day 21; on day 22 the seller found the goods."""
    story = back()
    story.given(received(day(21), "empty"), received(day(22)))
    assert paid(story) == [10_000]
    assert not any(each.is_open for each in story.case.referrals)


def test_receipts_by_line_pay_once_they_name_all() -> None:
    """Two lines of 50. The first is back on day 21, the second on day 23."""
    story = ClaimsStory()
    story.given(placed(lines=[line("1", 5_000), line("2", 5_000)]), issued(only(wanting_back())), CLAIM)
    story.given(moved(day(20), handed_in=day(8), back=day(20)), received(day(21), "received", "1"))
    assert paid(story) == []
    story.when(received(day(23), "received", "2"))
    assert paid(story) == [10_000]


# what was paid stays paid, and the order's own parcels


def test_what_was_paid_stays_paid_whatever_the_parcel_does() -> None:
    """Paid on day 25, since the seller was silent. On day 26 a scan says that it was not delivered after all."""
    story = back()
    story.until(day(25))
    story.pay(day(25, 1))
    story.given(moved(day(26), 4, handed_in=day(8)), received(day(27), "empty"))
    story.until(day(100))
    assert paid(story) == [10_000]
    assert not story.named(RecoveryOpened)
    assert not any(each.is_open for each in story.case.referrals)


def test_the_outbound_parcel_arrives_after_the_return_was_asked_for() -> None:
    """Its arrival is no return: the buyer has until day 16 to hand the goods in."""
    story = told()
    story.given(CLAIM, moved(day(6)), delivered(day(12)))
    assert [step for step, _, _ in steps(story)] == ["label", "handed_in"]
    story.until(day(16))
    assert story.last(ClaimDenied).detail == "not_returned"
    assert paid(story) == []


def test_a_return_is_no_package_of_the_order() -> None:
    """The order's one parcel arrived. The return is lost, and seemed to be the order's for a moment: no claim."""
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN))
    story.given(contents(day(2), package("P1", [("1", 1)], booked_at=day(2))), delivered(day(10)))
    story.when(moved(day(12), handed_in=day(12), dispute_id=None))
    story.given(lost(day(20), package_id="R"))
    both = package("P1", [("1", 1)], booked_at=day(2)), package("R", booked_at=day(12))
    story.when(contents(day(21), *both, version=2, packages_in_order=2))
    story.until(day(230))
    assert [each.package_id for each in story.case.packages] == ["P1"]
    assert story.events == ()


def test_what_was_paid_for_a_return_that_seemed_to_be_a_package_is_asked_back() -> None:
    """R was unknown when it was said to be lost: half of the order, 50, since P1 holds nobody knows what."""
    story = ClaimsStory()
    body = PLAIN.replace('late_arrival = "keep"', 'late_arrival = "return"')
    story.given(placed(), issued(body), delivered(day(10)), lost(day(20), package_id="R"))
    assert paid(story) == [5_000]
    story.pay(day(21))
    story.when(moved(day(22), handed_in=day(12)))
    assert story.last(RecoveryOpened).amount == usd(5_000)
    assert [each.package_id for each in story.case.packages] == ["P1"]


def test_a_package_that_is_the_orders_after_all_counts_again() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN), moved(day(2), dispute_id=None), lost(day(10), package_id="R"))
    assert paid(story) == []
    story.given(moved(day(11), 2, dispute_id=None, standing=False), lost(day(12), package_id="R"))
    assert paid(story) == [10_000]


# any order of facts


@pytest.mark.parametrize("told_in", list(permutations(range(3))), ids=str)
def test_the_order_of_arrival_does_not_matter(told_in: tuple[int, ...]) -> None:
    """The scans before the complaint, the seller's word before both: 100, once."""
    facts = [CLAIM, moved(day(8), 2, handed_in=day(8), back=day(9)), received(day(10))]
    story = told()
    for number, index in enumerate(told_in):
        story.when(Known(facts[index], day(12 + number)))
    story.until(day(100))
    assert paid(story) == [10_000]


FACTS = (
    CLAIM,
    moved(day(6)),
    moved(day(8), 2, handed_in=day(8)),
    moved(day(9), 3, handed_in=day(8), back=day(9)),
    received(day(9), "received", receipt_id="first", package_id="R"),
    delivered(day(4)),
)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(FACTS))), st.lists(st.integers(0, len(FACTS) - 1), max_size=3))
def test_facts_in_any_order_and_twice_give_the_same_end(order: list[int], again: list[int]) -> None:
    """All within two days, long before any clock runs out."""
    story = told()
    for number, index in enumerate([*order, *again]):
        story.when(Known(FACTS[index], day(10, number)))
    story.pay(day(11))
    story.until(day(60))
    assert paid(story) == [10_000]
    assert not story.named(ClaimReferred)
    assert not story.named(ClaimDenied)


def test_a_clause_without_a_journey_says_nothing_of_steps() -> None:
    story = told(clause(evidence(PHOTO), 'proven = "pay"', remedies('{ remedy = "refund" }')))
    story.when(CLAIM)
    assert (steps(story), paid(story)) == ([], [10_000])
    assert all(each.return_step is None for each in story.last(ClaimApproved).explanation.findings)
