"""A dispute follows from all that was told of it: the same file in whichever order its words become known."""

from collections.abc import Sequence
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.claims import (
    KEY,
    ClaimsStory,
    complaint,
    day,
    filed,
    issued,
    lost,
    placed,
    resolved,
    ruling,
    staged,
    usd,
)
from waybond_claims.case.complaint import MAX_TELLINGS, Dispute
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.case.told import dated
from waybond_claims.decide import decide
from waybond_contracts.claims import ClaimReferred, RecoveryOpened, ReferralReason
from waybond_contracts.disputes import DisputeOutcome, DisputeWithdrawn
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund

BUYER, SELLER = DisputeOutcome.BUYER_FAVOUR, DisputeOutcome.SELLER_FAVOUR
WON = {"outcome": BUYER, "refunded": None}
KNOWN = day(60)


def told(steps: Sequence[Event], at: datetime = KNOWN) -> ClaimsStory:
    """An order of 100 under a policy, and then all these at one instant."""
    story = ClaimsStory()
    story.given(placed(), issued())
    for step in steps:
        story.when(step, at)
    return story


def came_back(story: ClaimsStory) -> list[int]:
    return [each.minor for each in story.case.elsewhere]


STORIES: dict[str, tuple[list[Event], str, int]] = {
    "won, lost, won": (
        [
            complaint(day(5), stage="CHARGEBACK", amount=usd(6_000)),
            resolved(day(8), 6_000, revision=2),
            resolved(day(9), None, revision=3, outcome=SELLER),
            resolved(day(10), 6_000, revision=4),
        ],
        "BUYER_FAVOUR",
        6_000,
    ),
    "the higher revision has the earlier date": (
        [complaint(day(5)), resolved(day(12), 6_000, revision=4), resolved(day(11), 0, revision=5)],
        "SELLER_FAVOUR",
        0,
    ),
    "a stage opens it again": (
        [resolved(day(8), 3_000, revision=1), staged(day(8), "ARBITRATION", revision=2), complaint(day(5))],
        "",
        3_000,
    ),
    "a withdrawal without a revision": (
        [
            complaint(day(5)),
            staged(day(6), revision=7),
            DisputeWithdrawn(**KEY, occurred_at=day(9), dispute_id="D-1"),
        ],
        "withdrawn",
        0,
    ),
    "an amount that an echo does not name stands": (
        [resolved(day(8), 4_500, revision=3), resolved(day(9), revision=4, **WON), complaint(day(5))],
        "BUYER_FAVOUR",
        4_500,
    ),
    "an amount that was reversed does not": (
        [
            filed(day(5), amount=usd(2_000)),
            resolved(day(8), 4_500, revision=3),
            resolved(day(9), 0, revision=4),
            resolved(day(10), revision=5, **WON),
        ],
        "BUYER_FAVOUR",
        2_000,
    ),
    "the disputed amount of the newest stage": (
        [
            complaint(day(5), amount=usd(6_000)),
            staged(day(6), revision=2, amount=usd(5_000)),
            staged(day(7), revision=3, amount=usd(4_000)),
            resolved(day(9), revision=4, **WON),
        ],
        "BUYER_FAVOUR",
        4_000,
    ),
    "a claim beside the dispute": (
        [
            filed(day(4), "DAMAGED", lines=("1",), amount=usd(3_000)),
            complaint(day(5), "OTHER", stage="CHARGEBACK", amount=usd(6_000)),
            resolved(day(9), **WON),
        ],
        "BUYER_FAVOUR",
        6_000,
    ),
    "filed again": (
        [
            filed(day(4), "OTHER", package_id="P1"),
            filed(day(6), "DAMAGED", amount=usd(3_000), package_id="P2"),
            filed(day(5), "OTHER", lines=("1",)),
        ],
        "",
        0,
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_all_permutations_of_a_disputes_words_give_the_same_file(name: str) -> None:
    steps, ended, back = STORIES[name]
    files = []
    for order in permutations(steps):
        story = told(order)
        assert elsewhere(story.case) == back
        (dispute,) = story.case.disputes
        assert (dispute.ended if dispute.over else "") == ended
        files.append((replace(dispute, answer="", eligible_at=None), story.case.elsewhere, story.case.entitled))
    assert all(each == files[0] for each in files)


def test_what_is_filed_again_completes_and_what_was_told_stays() -> None:
    (dispute,) = told(STORIES["filed again"][0]).case.disputes
    assert (dispute.reason, dispute.package_id, dispute.asked) == ("DAMAGED", "P1", 3_000)
    assert dispute.lines == (("1", None, None),)
    assert dispute.opened_at == day(4)


def test_a_word_that_comes_twice_changes_nothing() -> None:
    steps = STORIES["won, lost, won"][0]
    once, again = told(steps), told([*steps, *steps])
    assert once.case.disputes == again.case.disputes
    assert once.events == again.events


def test_a_higher_revision_is_newer_than_a_lower_one_and_words_without_one_are_in_between_by_their_time() -> None:
    words = [
        staged(day(9), "ARBITRATION", revision=2),
        staged(day(5), "PRE_ARBITRATION", revision=3),
        staged(day(8), "CHARGEBACK"),
    ]
    (dispute,) = told(words).case.disputes
    assert dispute.stage == "PRE_ARBITRATION"
    in_order = [word.stage for _, word in sorted(dated(dispute.words), key=lambda each: each[0])]
    assert in_order == ["CHARGEBACK", "ARBITRATION", "PRE_ARBITRATION"]


def test_outcomes_that_a_source_counts_are_no_contradiction() -> None:
    """60, then 45: the second one counts, and 55 of 100 are paid for the lost parcel."""
    story = told([resolved(day(8), 6_000, revision=1), resolved(day(9), 4_500, revision=2), lost(day(12))])
    assert story.named(ClaimReferred) == []
    assert story.last(IssueRefund).amount == usd(5_500)


def test_two_amounts_under_one_revision_are_a_contradiction() -> None:
    story = told([complaint(day(5)), resolved(day(8), 6_000, revision=1), resolved(day(8), 4_500, revision=1)])
    assert story.last(ClaimReferred).reason is ReferralReason.CONTRADICTION


def test_a_stage_that_comes_late_takes_the_contradiction_away() -> None:
    story = told([complaint(day(5)), resolved(day(8), 1_000), resolved(day(12), 2_000)])
    assert [each.choice for each in story.case.referrals] == [""]
    story.when(staged(day(10), "ARBITRATION"), day(61))
    assert [each.choice for each in story.case.referrals] == ["withdrawn"]
    assert came_back(story) == [2_000]


def test_the_providers_words_are_kept() -> None:
    fields = {"provider": "paypal", "raw_code": " UNAUTHORISED "}
    steps = [
        complaint(day(5), "UNAUTHORIZED", **fields),
        staged(day(6), revision=1, raw_status="UNDER_REVIEW"),
        resolved(day(8), 0, revision=2, raw_status="RESOLVED_SELLER_FAVOUR", appeal_by=day(20)),
    ]
    (dispute,) = told(steps).case.disputes
    assert (dispute.provider, dispute.raw_code) == ("paypal", "UNAUTHORISED")
    assert (dispute.raw_status, dispute.appeal_by) == ("RESOLVED_SELLER_FAVOUR", day(20))


def test_more_words_than_are_kept_stop_payments_and_ask_a_person() -> None:
    words = [staged(day(5 + each / 10), revision=each) for each in range(MAX_TELLINGS + 1)]
    story = told([complaint(day(4)), *words])
    (dispute,) = story.case.disputes
    assert len(dispute.openings) + len(dispute.words) == MAX_TELLINGS
    assert story.last(ClaimReferred).reason is ReferralReason.BOUND_REACHED


# files of before

BEFORE = [
    Dispute(
        "D-1", day(5), day(5), "card_scheme", "NOT_RECEIVED", None, "CHARGEBACK", day(5), minor=6_000, currency="USD"
    ),
    Dispute("D-1", day(5), day(5), "buyer", "NOT_RECEIVED", "P1", "INQUIRY", day(5), "withdrawn", ended_at=day(6)),
    Dispute("D-1", day(8), ended="SELLER_FAVOUR", refunded=0, ended_at=day(8), resolved_at=day(8)),
    Dispute("D-1", day(8), ended="BUYER_FAVOUR", ended_at=day(8), won_at=day(8)),
    Dispute("D-1", day(8), ended="SELLER_FAVOUR", ended_at=day(9), refunded=0, resolved_at=day(9), won_at=day(8)),
    Dispute("D-1", day(5), day(5), "buyer", "LATE", None, "ARBITRATION", day(9), "ended", ended_at=day(10), said=500),
]


@pytest.mark.parametrize("before", BEFORE)
def test_a_dispute_of_a_file_of_before_is_what_it_was_when_something_new_is_told(before: Dispute) -> None:
    """A stage that is older than all says nothing new."""
    story = told([])
    case = replace(story.case, disputes=(before,))
    outcome = decide(case, staged(day(1), "INQUIRY"), KNOWN)
    assert outcome.state is not None
    (after,) = outcome.state.disputes
    for name in ("opened_at", "source", "reason", "package_id", "ended", "ended_at", "refunded", "minor", "said"):
        assert getattr(after, name) == getattr(before, name), name
    assert (after.resolved_at, after.won_at) == (before.resolved_at, before.won_at)
    assert (after.stage, after.stage_at) == (before.stage, before.stage_at or day(1))


def test_an_amount_of_a_file_of_before_stays_until_a_newer_one_is_told() -> None:
    story = told([resolved(day(8), 6_000)])
    (now,) = story.case.disputes
    before = replace(now, words=(), openings=())
    case = replace(story.case, disputes=(before,))
    same = decide(case, resolved(day(7), 0, revision=None), KNOWN).state
    newer = decide(case, resolved(day(9), 4_000), KNOWN).state
    assert same is not None and newer is not None
    assert [each.minor for each in same.elsewhere] == [6_000]
    assert [each.minor for each in newer.elsewhere] == [4_000]


# money


def test_what_a_person_said_counts_until_an_outcome_is_told() -> None:
    """A chargeback of 100 runs, 100 are lost. A person says that the buyer got 30 by it: 70 are paid. Then the scheme
    tells 45: 15 are asked back."""
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(5), source="card_scheme", stage="CHARGEBACK"), lost(day(6)))
    story.until(day(12))
    story.when(ruling(story.last(ClaimReferred), "ended_paid", day(12), amount=usd(3_000)))
    assert story.last(IssueRefund).amount == usd(7_000)
    story.pay(day(13))
    story.when(resolved(day(11), 4_500), day(14))
    assert story.last(RecoveryOpened).amount == usd(1_500)


@pytest.mark.parametrize("fields", [{}, {"revision": 3}])
def test_a_person_who_ends_a_dispute_is_overruled_by_a_newer_stage(fields: dict[str, Any]) -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(5), stage="CHARGEBACK"), lost(day(6)))
    story.until(day(12))
    story.when(ruling(story.last(ClaimReferred), "ended", day(12)))
    assert not story.case.frozen_by_dispute
    story.when(staged(day(13), "ARBITRATION", **fields))
    assert story.case.frozen_by_dispute
