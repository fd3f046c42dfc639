"""The buyer says that a parcel never came which its carrier delivered: points pay it or ask a person, and never deny.

An order of 100 USD in one package, delivered on day 10; the complaint comes on day 12. The table starts at 30, pays
from 60 on and asks a person from 20 on.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.claims import ClaimsStory, complaint, day, delivered, issued, only, placed, ruling, usd
from tests.support.filed import handed_in, seller
from waybond_contracts.claims import BuyerNotified, ClaimApproved, ClaimDenied, ClaimReferred
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.received import Proof, Signature
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.wording import DeliveredBy, parse

POINTS = (
    "signature_matches = -40, signature_other = 10, photo = -10, locker = -10, code = -30, neighbour = 5, "
    "address_match = -5, address_mismatch = 60, near = -10, far = 40, second_scan = 10"
)
DECLARED = 'evidence = [{ of = "buyer", any_of = ["statement", "police_report"], within = "P7D", absent = "close" }]'


def clause(*lines: str, start: int = 30, points: str = POINTS, refer_from: int = 20, pay_from: int = 60) -> str:
    score = f"start = {start}, points = {{ {points} }}, refer_from = {refer_from}, pay_from = {pay_from}"
    head = ['id = "NR-1"', 'peril = "not_received"', 'trigger = "claim"', 'tiers = [{ share = "1.00" }]']
    return "\n".join(["", "[[clause]]", *head, f"score = {{ {score} }}", *lines, ""])


def arrived(version: int = 1, *, at: float = 10, **fields: Any) -> Any:
    """Tracking tells of the delivery; what is no field of the event is of its proof."""
    known = {name: fields.pop(name) for name in ("handed_to", "again", "package_id") if name in fields}
    known = {"handed_to": DeliveredBy.UNKNOWN} | known
    return delivered(day(at), version=version, proof=Proof(**fields) if fields else None, **known)


def told(*facts: Event, body: str | None = None) -> ClaimsStory:
    story = ClaimsStory()
    return story.given(placed(), issued(only(body or clause())), *facts)


def complained(delivery: Event, body: str | None = None) -> ClaimsStory:
    story = told(delivery, body=body)
    story.when(complaint(day(12)))
    return story


def outcome(story: ClaimsStory) -> str:
    """Paid, asked or denied; one of them."""
    if story.named(IssueRefund):
        return "paid"
    return "denied" if story.named(ClaimDenied) else "asked" if story.named(ClaimReferred) else "nothing"


STORIES = {
    # start 30, and by hand:
    "signed by the buyer's name": ({"signature": Signature.MATCHES}, -10, "asked"),
    "signed by a stranger": ({"signature": Signature.OTHER}, 40, "asked"),
    "left with a neighbour": ({"handed_to": DeliveredBy.NEIGHBOUR}, 35, "asked"),
    "in a locker with a code": ({"handed_to": DeliveredBy.LOCKER, "code": True}, -10, "asked"),
    "photo at another address": ({"photo": True, "address_matches": False}, 80, "paid"),
    "delivered 3 km away": ({"distance_m": 3_000}, 70, "paid"),
    "delivered again next day": ({"again": day(11)}, 40, "asked"),
    "nothing known": ({}, 30, "asked"),
}


@pytest.mark.parametrize("name", STORIES)
def test_points_pay_or_ask_a_person(name: str) -> None:
    facts, points, expected = STORIES[name]
    story = complained(arrived(**facts))
    assert outcome(story) == expected
    if expected == "paid":
        (finding,) = story.last(ClaimApproved).explanation.findings
        assert story.last(IssueRefund).amount == usd(10_000)
        assert finding.score is not None
        assert (finding.score.total, finding.score.outcome, finding.ground) == (points, "pay", "score")
        assert finding.score.start + sum(row.points for row in finding.score.rows) == points
    else:
        assert f"{points} in all" in story.last(ClaimReferred).question


@pytest.mark.parametrize(("start", "expected"), [(60, "paid"), (59, "asked"), (20, "asked"), (19, "denied")])
def test_each_threshold_counts_from_itself_on(start: int, expected: str) -> None:
    """With a clause that closes what the buyer does not document in time: 60 is paid without a document, 59 and 20 are
    put to a person, 19 is closed."""
    story = complained(arrived(), clause(DECLARED, start=start, points="photo = -10"))
    story.until(day(20))
    assert outcome(story) == expected
    if expected == "denied":
        denial = story.last(ClaimDenied)
        assert (denial.detail, denial.clauses) == ("no_evidence", ("NR-1",))
        assert denial.explanation is not None
        (finding,) = denial.explanation.findings
        assert finding.score is not None
        assert (finding.score.outcome, finding.ground) == ("below", "clause")


def test_below_both_thresholds_a_person_decides_where_no_rule_denies() -> None:
    story = complained(arrived(signature=Signature.MATCHES, code=True))
    story.until(day(60))
    assert not story.named(ClaimDenied)
    story.when(ruling(story.named(ClaimReferred)[0], "do_not_pay", day(61)))
    denial = story.last(ClaimDenied)
    assert denial.explanation is not None
    (finding,) = denial.explanation.findings
    assert finding.ground == story.last(ClaimReferred).referral_id


def test_the_question_names_each_fact_with_its_points() -> None:
    story = complained(arrived(signature=Signature.OTHER, photo=True))
    asked = story.last(ClaimReferred).question
    assert "photo -10, signature other +10: 30 in all (paid by itself from 60, a person decides from 20)" in asked


def test_the_buyer_is_told_no_points() -> None:
    story = complained(arrived(signature=Signature.OTHER))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(13)))
    texts = [notice.body.lower() for each in story.named(BuyerNotified) for notice in each.texts]
    assert texts
    assert not any("point" in text or "score" in text or "signature" in text for text in texts)


def test_what_becomes_known_changes_the_open_question() -> None:
    story = complained(arrived())
    story.when(arrived(2, photo=True))
    first, second = story.named(ClaimReferred)
    assert first.referral_id == second.referral_id
    assert "photo -10: 20 in all" in second.question


def test_what_becomes_known_can_pay_what_a_person_was_asked() -> None:
    story = complained(arrived())
    story.when(arrived(2, address_matches=False))
    assert outcome(story) == "paid"
    assert not [each for each in story.case.referrals if each.is_open]


def test_what_was_paid_by_points_stays_paid() -> None:
    story = complained(arrived(distance_m=3_000))
    story.pay(day(13))
    story.when(arrived(2, signature=Signature.MATCHES, distance_m=3))
    story.until(day(60))
    assert len(story.named(IssueRefund)) == 1
    assert not [each for each in story.case.recoveries if each.outstanding]


def test_without_a_delivery_there_are_no_points() -> None:
    story = told(body=clause(start=100))
    story.when(complaint(day(12)))
    assert outcome(story) == "asked"
    assert "Points" not in story.last(ClaimReferred).question


def test_a_seller_who_contests_puts_it_to_a_person() -> None:
    story = told(arrived(distance_m=3_000), body=clause('seller = { answers_within = "P5D", silent = "nothing" }'))
    story.given(complaint(day(12)))
    story.when(seller(day(13), "contest"))
    assert outcome(story) == "asked"


def test_of_two_packages_the_one_with_fewer_points_counts() -> None:
    """P1 was left 3 km away (70), P2 was signed for by the buyer (-10): the order is not paid by itself."""
    story = told(arrived(distance_m=3_000), arrived(signature=Signature.MATCHES, package_id="P2"))
    story.when(complaint(day(12)))
    assert outcome(story) == "asked"
    assert "Points of package P2" in story.last(ClaimReferred).question


def test_a_late_document_counts_where_the_points_ask_a_person() -> None:
    story = complained(arrived(), clause(DECLARED))
    story.given(handed_in(day(13), "statement"))
    assert outcome(story) == "asked"


def test_permuted_facts_come_to_the_same_end() -> None:
    facts = (arrived(), arrived(2, photo=True), complaint(day(12)))
    ends = set()
    for order in permutations(facts):
        story = told(*order)
        (asked,) = [each for each in story.case.referrals if each.is_open]
        ends.add((outcome(story), asked.question))
    assert len(ends) == 1


RANKS = {"denied": 0, "asked": 1, "paid": 2}
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "signature": st.sampled_from([Signature.MATCHES, Signature.NONE]),
        "photo": st.booleans(),
        "handed_to": st.sampled_from([DeliveredBy.LOCKER, DeliveredBy.DOOR]),
        "distance_m": st.sampled_from([3, 499, 500]),
    },
)


@settings(max_examples=25)
@given(FACTS, st.sampled_from([{"address_matches": False}, {"again": day(11)}]))
def test_more_in_the_buyers_favour_never_lowers_the_outcome(known: dict[str, Any], more: dict[str, Any]) -> None:
    body = clause(DECLARED)
    before, after = complained(arrived(**known), body), complained(arrived(**known, **more), body)
    for story in (before, after):
        story.until(day(20))
    assert RANKS[outcome(after)] >= RANKS[outcome(before)]


@pytest.mark.parametrize(
    ("score", "field"),
    [
        ("points = { photo = 1 }, refer_from = 20, pay_from = 20", "pay_from"),
        ("points = { photograph = 1 }, refer_from = 20, pay_from = 60", "photograph"),
        ("points = { photo = 1001 }, refer_from = 20, pay_from = 60", "photo"),
        ("points = { photo = 1.5 }, refer_from = 20, pay_from = 60", "photo"),
        ("points = { photo = 1 }, pay_from = 60", "refer_from"),
        ("points = { photo = 1 }, deny_from = 3, refer_from = 20, pay_from = 60", "deny_from"),
    ],
)
def test_a_table_that_is_none_names_its_field(score: str, field: str) -> None:
    body = clause().split("score = ")[0] + f"score = {{ {score} }}\n"
    with pytest.raises(ContractError) as found:
        parse(only(body))
    assert field in str(found.value)


def test_a_score_is_of_not_received_alone() -> None:
    with pytest.raises(ContractError, match="not_received"):
        parse(only(clause().replace('peril = "not_received"', 'peril = "damaged"')))
