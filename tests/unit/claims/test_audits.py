"""Audits: which payments and denials that no person decided are put to an adjuster afterwards, and what comes of it."""

from datetime import timedelta

import pytest

from tests.support.claims import (
    PLAIN,
    ClaimsStory,
    answer,
    complaint,
    damaged,
    day,
    issued,
    late,
    only,
    placed,
    ruling,
    usd,
)
from waybond_claims.case.question import MAX_AUDITS, MAX_REFERRALS, Referral
from waybond_claims.desk.asked import has_room
from waybond_claims.desk.audits import AuditRow
from waybond_claims.desk.kinds import KINDS
from waybond_claims.service.codec import CaseCodec
from waybond_contracts.claims import ClaimDenied, ClaimReferred, ClaimSettled
from waybond_contracts.errors import ContractError
from waybond_contracts.money import Money
from waybond_contracts.refunds import MoneyCommand
from waybond_contracts.wording import parse

ALL = '\n[audit]\nshare = "1.00"\n'
NO_PAYMENT = '\n[audit]\nshare = "0"\n'
ABOVE_FIFTY = '\n[audit]\nall_above = { amount = "50", currency = "USD" }\n'
DENIALS = '\n[audit]\ndenials = "1.00"\n'
MISSING = """
[[clause]]
id = "M"
peril = "missing"
trigger = "claim"
tiers = [{ share = "1.00" }]
"""


def paid(body: str) -> ClaimsStory:
    """Damaged on day 5: all of the 100 is paid, and confirmed an hour later."""
    story = ClaimsStory()
    story.given(placed(), issued(body), damaged(day(5)))
    story.pay(day(5, hours=1))
    return story


def audit_rows(story: ClaimsStory) -> list[AuditRow]:
    return [row for row in story.rows if isinstance(row, AuditRow)]


def money(story: ClaimsStory) -> list[Money]:
    return [event.amount for event in story.events if isinstance(event, MoneyCommand | ClaimSettled)]


# what is asked


def test_a_payment_is_asked_about_once_it_is_settled() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN + ALL), damaged(day(5)))
    assert not story.named(ClaimReferred)
    story.pay(day(5, hours=1))
    asked = story.last(ClaimReferred)
    assert asked.choices == ("right", "should_not_have_paid", "should_have_paid_more")
    assert (asked.reason, story.status) == ("audit", "audit")
    assert (asked.role, asked.amount, asked.refund_id) == ("adjuster", usd(10_000), None)
    assert asked.answer_by == day(19, hours=1)  # two weeks


@pytest.mark.parametrize("body", [PLAIN, PLAIN + NO_PAYMENT, PLAIN + DENIALS])
def test_without_a_share_of_payments_none_is_asked_about(body: str) -> None:
    assert not paid(body).named(ClaimReferred)


def test_a_payment_above_the_amount_is_always_asked_about() -> None:
    """100 for damage are above 50; 10 for lateness are not."""
    assert [row.sample for row in audit_rows(paid(PLAIN + ABOVE_FIFTY))] == ["above"]
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN + ABOVE_FIFTY), late())
    story.pay(day(28))
    assert not story.named(ClaimReferred)


def test_an_amount_that_cannot_be_compared_is_asked_about() -> None:
    """The order's rates know no yen."""
    assert [row.sample for row in audit_rows(paid(PLAIN + ABOVE_FIFTY.replace("USD", "JPY")))] == ["above"]


def test_what_a_person_decided_is_not_asked_about() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(only(MISSING + ALL)), complaint(day(5), "MISSING_PARTS"))
    story.when(ruling(story.last(ClaimReferred), "pay", day(6)))
    story.pay(day(6, hours=1))
    assert not audit_rows(story)


def test_a_denial_is_asked_about() -> None:
    """Nothing in the plain wording covers missing parts."""
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN + DENIALS), complaint(day(5), "MISSING_PARTS"))
    assert story.last(ClaimDenied).reason == "not_covered"
    assert story.last(ClaimReferred).choices == ("right", "should_have_paid")
    assert [(row.sample, row.minor) for row in audit_rows(story)] == [("denial", None)]


def test_a_denial_that_says_not_yet_is_not_asked_about() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN + DENIALS), complaint(day(21), "NOT_RECEIVED"))
    assert story.last(ClaimDenied).reason == "too_early"
    assert not audit_rows(story)


def test_a_product_that_audits_nothing_is_refused() -> None:
    with pytest.raises(ContractError, match="at least one of share, all_above and denials"):
        parse(PLAIN + "\n[audit]\n")


# what an answer does


@pytest.mark.parametrize("choice", ["right", "should_not_have_paid", "should_have_paid_more"])
def test_an_answer_moves_no_money(choice: str) -> None:
    story, plain = paid(PLAIN + ALL), paid(PLAIN)
    story.when(ruling(story.last(ClaimReferred), choice, day(8)))
    story.until(day(60))
    plain.until(day(60))
    assert money(story) == money(plain)
    assert (story.case.owed, story.case.settled, story.case.recoveries) == (10_000, 10_000, ())
    assert story.status == plain.status == "paid"


def test_an_open_question_does_not_stop_the_next_payment() -> None:
    """10 % for 7 days late are paid and asked about; 20 more follow on the 15th day, answered or not."""
    story = ClaimsStory()
    story.given(placed(), issued(PLAIN + ALL), late())
    story.pay(day(28))
    assert story.last(ClaimReferred).amount == usd(1_000)
    story.when(late(1))
    assert story.last(MoneyCommand).amount == usd(2_000)


def test_the_row_says_what_was_found() -> None:
    story = paid(PLAIN + ALL)
    story.when(ruling(story.last(ClaimReferred), "should_not_have_paid", day(8), amount=usd(4_000)))
    asked, found = audit_rows(story)
    assert (asked.product, asked.product_version, asked.sample) == ("order-protection", "2026.11.1", "share")
    assert (asked.minor, asked.currency, asked.choice) == (10_000, "USD", "")
    assert (found.referral_id, found.choice, found.wrong_minor) == (asked.referral_id, "should_not_have_paid", 4_000)
    assert (found.decided_by, found.decided_at) == ("adjuster-1", day(8))


def test_more_than_was_paid_cannot_have_been_paid_wrongly() -> None:
    story = paid(PLAIN + ALL)
    story.when(ruling(story.last(ClaimReferred), "should_not_have_paid", day(8), amount=usd(10_001)))
    assert story.case.referrals[0].is_open


def test_a_payment_that_came_back_is_asked_about_no_more() -> None:
    story = paid(PLAIN + ALL)
    command = story.last(MoneyCommand)
    story.when(answer(command, "RefundReversed", day(6), version=2, retryable=False))
    assert [row.choice for row in audit_rows(story)] == ["", "withdrawn"]


# bounds


def referral(number: int, key: str) -> Referral:
    reason = "audit" if key.startswith("audit:") else "answer_missing"
    return Referral(f"r-{number}", key, reason, "?", ("right",), day(1), 1)


def test_audits_take_no_other_questions_place() -> None:
    """A file full of audits has room for all others, one full of others has room for audits."""
    case = paid(PLAIN).case
    audits = tuple(referral(number, f"audit:share:{number}") for number in range(MAX_AUDITS))
    others = tuple(referral(number, f"claim:M:{number}") for number in range(MAX_REFERRALS))
    full = case.__class__(since=case.since, referrals=audits + others[1:])
    assert (has_room(full, KINDS["audit"]), has_room(full, KINDS["claim"])) == (False, True)
    full = case.__class__(since=case.since, referrals=audits[1:] + others)
    assert (has_room(full, KINDS["audit"]), has_room(full, KINDS["claim"])) == (True, False)


# the lot


def drawn(share: str, reference: str) -> bool:
    story = ClaimsStory()
    story.given(placed(), issued(f'{PLAIN}\n[audit]\nshare = "{share}"\n'), damaged(day(5)))
    story.when(answer(story.last(MoneyCommand), "RefundSucceeded", day(6), provider_refund_ref=reference))
    return bool(story.named(ClaimReferred))


def test_the_lot_depends_on_the_payment_systems_reference() -> None:
    """Of 100 references about half; with 0.5 fewer than 30 or more than 70 would come once in 40,000 hashes."""
    lots = [drawn("0.5", f"re_{number}") for number in range(100)]
    assert 30 < sum(lots) < 70
    assert lots == [drawn("0.5", f"re_{number}") for number in range(100)]


def test_a_question_stays_when_the_file_is_read_again() -> None:
    story = paid(PLAIN + ALL)
    codec = CaseCodec()
    body, document = codec.encode(story.case)
    assert codec.decode(codec.shape, body, document) == story.case
    story.wake(day(5) + timedelta(days=2))
    assert [each.is_open for each in story.case.referrals] == [True]
