"""What a buyer may see of an order: what was told, how far each refund is, and nothing that is for others."""

import json
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.support.claims import (
    ClaimsStory,
    answer,
    complaint,
    day,
    issued,
    late,
    lost,
    placed,
    refunded,
    ruling,
    usd,
)
from waybond_claims.case.notified import Told
from waybond_claims.service.status import BuyerStatus, language_of, status_of
from waybond_contracts.claims import BuyerNotified, ClaimReferred
from waybond_contracts.orders import Language
from waybond_contracts.refunds import IssueRefund


def late_order() -> ClaimsStory:
    story = ClaimsStory()
    story.given(placed(), issued(), late(0))
    return story


def seen(story: ClaimsStory, at: float = 27, language: Language = Language.EN) -> BuyerStatus:
    return status_of(story.case, language, day(at))


def test_notices_are_those_that_were_told_in_the_language_asked() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)), late(0))
    told = story.named(BuyerNotified)
    for language in Language:
        shown = seen(story, language=language).notices
        expected = [
            (each.about, each.occurred_at, text.subject, text.body)
            for each in told
            for text in each.texts
            if text.language is language
        ]
        assert [(each.about, each.told_at, each.subject, each.body) for each in shown] == expected
    assert [each.amount for each in seen(story).notices] == [None, usd(1_000)]


def test_a_refund_is_on_its_way_and_then_paid() -> None:
    story = late_order()
    before = seen(story)
    assert (before.status, before.order_total, before.refunded, before.on_its_way) == (
        *("paying", usd(10_000), usd(0), usd(1_000)),
    )
    assert [(each.status, each.amount, each.paid) for each in before.refunds] == [
        ("on_its_way", usd(1_000), usd(0)),
    ]
    story.pay(day(28))
    after = seen(story, 28)
    assert (after.status, after.refunded, after.on_its_way) == ("paid", usd(1_000), usd(0))
    assert [(each.status, each.paid) for each in after.refunds] == [("paid", usd(1_000))]


def test_a_refund_that_failed_for_good_is_delayed_while_a_person_decides() -> None:
    story = late_order()
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(28), retryable=False))
    shown = seen(story, 28)
    assert (shown.status, [each.status for each in shown.refunds]) == ("deciding", ["delayed"])


def test_a_refund_that_does_not_come_any_more_is_withdrawn() -> None:
    story = late_order()
    story.when(refunded("R1", 10_000, day(27.1)))
    story.when(answer(story.last(IssueRefund), "RefundCancelled", day(27.5)))
    shown = seen(story, 28)
    assert [each.status for each in shown.refunds] == ["withdrawn"]
    assert shown.status == "decided"


def test_of_several_attempts_the_last_one_is_shown() -> None:
    story = late_order()
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(27.1)))
    assert [each.status for each in seen(story).refunds] == ["on_its_way"]


def test_the_next_date_is_one_that_the_last_notice_names_and_that_is_to_come() -> None:
    """The delay of day 27 is refunded and should be there ten days later."""
    story = late_order()
    assert seen(story, 28).next_at == day(37)
    assert seen(story, 37).next_at is None
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(28), retryable=False))
    assert seen(story, 28).next_at is None, "that it takes longer names no date"


def test_an_order_without_a_claim_is_covered_or_not() -> None:
    story = ClaimsStory()
    story.given(placed(), issued())
    shown = seen(story, 1)
    assert (shown.status, shown.notices, shown.refunds, shown.next_at) == ("covered", (), (), None)


def test_a_complaint_is_decided_on_and_then_decided() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)))
    shown = seen(story, 10)
    assert (shown.status, shown.next_at) == ("decided", story.case.disputes[0].eligible_at)


def test_nothing_is_shown_that_is_for_adjusters_or_about_a_person() -> None:
    """A person is asked, and answers with a note; the refund fails for a reason that the payment system gives."""
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(12)))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(13), retryable=False))
    asked = story.last(ClaimReferred)
    story.when(ruling(asked, "retry", day(14)))
    shown = json.loads(seen(story, 14).model_dump_json())
    assert set(shown) == {
        *("order_id", "language", "status", "order_total", "refunded", "on_its_way", "refunds", "notices", "next_at"),
    }
    assert {key for each in shown["refunds"] for key in each} == {"amount", "paid", "pays", "status", "requested_at"}
    assert {key for each in shown["notices"] for key in each} == {"told_at", "about", "subject", "body", "amount"}
    text = json.dumps(shown)
    referral = story.case.referrals[0]
    for secret in (referral.referral_id, referral.question, referral.decided_by, referral.reason, story.case.claim_id):
        assert secret
        assert secret not in text


@pytest.mark.parametrize(
    ("asked", "accepted", "expected"),
    [
        ("es", "zh", "es"),
        ("pt-BR", "", "pt"),
        ("EN_us", "", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "en;q=0.5, es;q=0.9", "es"),
        ("", "de, fr;q=0.9, en;q=0.1", "en"),
        ("", "en;q=0, es;q=0.1", "es"),
        ("", "de, *;q=0.5", "pt"),
        ("xx", "", "pt"),
        ("", "", "pt"),
        ("", "en;q=nan, zh;q=much, ;;;,,", "pt"),
        ("", "de," * 20 + "en", "pt"),
        ("\x00", "\x00", "pt"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_buyers(asked: str, accepted: str, expected: str) -> None:
    """The buyer's own is Portuguese."""
    assert language_of(asked, accepted, late_order().case).value == expected


def test_a_notice_of_a_newer_release_is_left_out_and_the_others_are_shown() -> None:
    story = late_order()
    newer = Told("hugged", day(28), ("hugged.body",)), Told("approved", day(28), ("approved.with_love",))
    case = replace(story.case, told=(*newer, *story.case.told))
    assert [each.about for each in status_of(case, Language.EN, day(29)).notices] == ["approved"]


def test_without_an_order_the_language_is_english() -> None:
    story = ClaimsStory()
    story.given(issued())
    assert language_of("", "", story.case) is Language.EN
    assert status_of(story.case, Language.EN, day(1) + timedelta(hours=1)).order_total is None
