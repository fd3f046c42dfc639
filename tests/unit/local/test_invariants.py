"""Each invariant holds for books that agree, and fails for each way in which they can disagree."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace as changed

from waybond_claims.case.cover import Cover
from waybond_claims.case.money import Command, Recovery, Row
from waybond_claims.case.order import Order, Payment
from waybond_claims.case.question import Referral
from waybond_claims.case.state import Case
from waybond_local.invariants.check import MAX_SHOWN, Check
from waybond_local.invariants.flow import Control, Kept, Log, Place, Spans, applied, drained, kept_once
from waybond_local.invariants.load import unread
from waybond_local.invariants.money import Ledger, Limits, Moved, Owed, PaymentBooks, balanced

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ORDER = "demo/shop/o-1"
PAID = Command(
    step=1, attempt=1, refund_id="r-1", minor=1_000, requested_at=NOW, patience=NOW, decision_version=1,
    status="succeeded", moved=1_000, rows=(Row("p-1", "TG-1", "keep", 1_000, 1_000),),
)  # fmt: skip
FLYING = changed(PAID, refund_id="r-2", step=2, status="requested", moved=0)
CASE = Case(
    since=NOW,
    order_key=ORDER,
    order=Order(NOW, "USD", 5_000, (), "en", "UTC", "b", Payment("p", "card", "x")),
    cover=Cover(1, "USD", 5_000, 4_000, NOW, "USD", 90, 10, package_limit=2_000),
    owed=1_000,
    commands=(PAID,),
)
UNDERPAID = Order(NOW, "USD", 999, (), "en", "UTC", "b", Payment("p", "card", "x"))
MOVED = Moved(ORDER, "r-1", "USD", 1_000)


def owed(case: Case, *moved: Moved, waiting: int = 0, cash: int = -1_000) -> Check:
    check = Owed(moved, {ORDER: waiting})
    check.add(case)
    return check.finish({"r-1": cash})


def test_what_is_owed_moved() -> None:
    check = owed(CASE, MOVED)
    assert check.holds
    assert check.figures["orders with refunds"] == 1
    assert check.figures["owed USD"] == check.figures["reached buyers USD"] == 1_000


def test_a_refund_in_flight_may_have_moved_or_not() -> None:
    case = changed(CASE, owed=2_000, commands=(PAID, FLYING))
    assert owed(case, MOVED).holds
    assert owed(case, MOVED, replace(MOVED, refund_id="r-2")).holds


def test_what_waits_for_a_person_may_be_unpaid() -> None:
    refused = changed(PAID, status="failed", moved=0)
    asked = Referral("f-1", "k", "refund_failed", "?", ("retry",), NOW, 1)
    assert owed(changed(CASE, commands=(refused,), referrals=(asked,))).holds


RETRIED = (changed(PAID, refund_id="r-0", status="failed", moved=0), changed(PAID, attempt=2))
QUESTION = Referral("f-1", "platform:9", "contradiction", "?", ("go_on", "stop_payments"), NOW, 1)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(changed(CASE, contradictions=("platform:9",), referrals=(QUESTION,)), id="asked"),
        pytest.param(
            changed(CASE, contradictions=("platform:9",), referrals=(changed(QUESTION, choice="stop_payments"),)),
            id="stopped",
        ),
        pytest.param(changed(CASE, commands=(PAID, changed(FLYING, status="failed"))), id="failed"),
    ],
)
def test_what_stands_against_a_payment_may_leave_it_unpaid(case: Case) -> None:
    assert owed(changed(case, owed=3_000), MOVED).holds


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(changed(CASE, commands=RETRIED), id="retried with success"),
        pytest.param(
            changed(CASE, contradictions=("platform:9",), referrals=(changed(QUESTION, choice="go_on"),)),
            id="decided to go on",
        ),
        pytest.param(changed(CASE, referrals=(changed(QUESTION, key="recovery:1:500:0"),)), id="asked something else"),
    ],
)
def test_what_stood_against_a_payment_once_silences_nothing(case: Case) -> None:
    check = owed(changed(case, owed=3_000), MOVED)
    assert check.shown == [f"{ORDER}: owes 2000 more than was settled or is in flight, and nothing says why it waits"]


def test_what_is_asked_back_may_be_paid_too_much() -> None:
    assert owed(changed(CASE, owed=400, recoveries=(Recovery(1, "late_arrival", 600),)), MOVED).holds


@pytest.mark.parametrize(
    ("case", "moved", "says"),
    [
        (CASE, (), "0 reached the buyer"),
        (CASE, (MOVED, replace(MOVED, refund_id="r-9")), "never commanded"),
        (CASE, (replace(MOVED, minor=2_000),), "2000 reached the buyer"),
        (CASE, (replace(MOVED, currency="EUR"),), "moved EUR"),
        (changed(CASE, owed=1_500), (MOVED,), "owes 500 more"),
        (changed(CASE, owed=400), (MOVED,), "paid 600 more than is owed"),
        (changed(CASE, commands=(FLYING, changed(FLYING, refund_id="r-3"))), (), "2 refunds are in flight"),
        (changed(CASE, commands=(changed(PAID, status="reversed", moved=0),), owed=0), (MOVED,), "reversed"),
    ],
)
def test_money_that_is_not_owed_is_found(case: Case, moved: tuple[Moved, ...], says: str) -> None:
    check = owed(case, *moved)
    assert not check.holds
    assert any(says in shown for shown in check.shown)


def test_two_payments_on_their_way_for_one_order_are_found() -> None:
    assert not owed(CASE, MOVED, waiting=2).holds


def test_money_of_an_order_without_a_file_must_be_in_the_ledger() -> None:
    other = changed(CASE, order_key="demo/shop/o-2", commands=(), owed=0)
    assert owed(other, MOVED).holds
    assert not owed(other, MOVED, cash=0).holds


LEDGER = Ledger(
    1, 2, (), {"USD": -1_000}, {"r-1": -1_000}, {("cash", "USD"): -1_000, ("claims_incurred", "USD"): 1_000}
)
BOOKS = PaymentBooks({"USD": -1_000}, {"USD": -1_000}, 1, 1)


def test_the_ledger_agrees_with_the_payment_system() -> None:
    assert balanced(LEDGER, BOOKS).holds


@pytest.mark.parametrize(
    ("ledger", "books", "says"),
    [
        (replace(LEDGER, unbalanced=("demo/shop/o-1/1",)), BOOKS, "does not sum to zero"),
        (replace(LEDGER, cash={"USD": -900}), BOOKS, "cash is -900"),
        (LEDGER, replace(BOOKS, balance={"USD": -900}), "reports -900"),
        (LEDGER, replace(BOOKS, moved={"USD": -2_000}), "movements are -2000"),
        (LEDGER, replace(BOOKS, balance={"USD": -1_000, "EUR": -5}), "EUR"),
        (replace(LEDGER, accounts={("cash", "USD"): -1_000}), BOOKS, "all accounts together"),
    ],
)
def test_books_that_disagree_are_found(ledger: Ledger, books: PaymentBooks, says: str) -> None:
    check = balanced(ledger, books)
    assert not check.holds
    assert any(says in shown for shown in check.shown)


PLACE = Place("claims", "delays", 3)
LOG = Log(0, 10)
SPANS = Spans(offsets=8, overlaps=0, between=((3, 4),))
PROGRESS = Control(control=2, events=0)
KEPT = Kept(PLACE, 5, "unreadable", "expected JSON, got \\xff", 1, (b"k", b"\xff"), (b"k", b"\xff"))


def flow(
    *,
    log: Log = LOG,
    reached: int = 10,
    spans: Spans | None = SPANS,
    between: Control = PROGRESS,
    kept: tuple[Kept, ...] = (),
) -> Check:
    return applied({PLACE: log}, {PLACE: reached}, {PLACE: spans} if spans else {}, {PLACE: between}, kept)


def test_what_was_produced_is_applied_or_quarantined_or_says_how_far_a_shard_is() -> None:
    check = flow(kept=(KEPT,))
    assert check.holds
    assert check.figures == {"produced": 10, "applied": 7, "quarantined": 1, "progress alone": 2}


def test_a_reader_may_be_further_than_the_log_was_when_it_was_asked() -> None:
    assert flow(log=Log(0, 8)).holds


def test_a_reader_that_has_only_heard_how_far_others_are_is_not_behind() -> None:
    """Two records behind the reader: of one that looked, Progress alone is no work, and an event is."""

    def behind(rest: Control | None) -> Check:
        ahead = {PLACE: rest} if rest is not None else None
        return applied({PLACE: Log(0, 12)}, {PLACE: 10}, {PLACE: SPANS}, {PLACE: PROGRESS}, (), ahead=ahead)

    assert behind(Control(control=2, events=0)).holds
    for rest in (None, Control(control=1, events=1), Control(control=1, events=0, unseen=1)):
        assert not behind(rest).holds
    assert unread({PLACE: Log(0, 12)}, {PLACE: 10}) == {PLACE: Spans(0, 0, ((10, 11),))}
    assert unread({PLACE: Log(0, 12)}, {PLACE: 12}) == {}


def test_a_log_that_ends_before_what_was_worked_on_is_another_one() -> None:
    """S: the topic was made anew, and has records again: what the tables say was applied lay on the one before."""
    check = applied({PLACE: Log(0, 4)}, {PLACE: 10}, {PLACE: SPANS}, {PLACE: PROGRESS}, (), since={PLACE: Log(0, 9)})
    assert [says.partition(": ")[2] for says in check.shown] == [
        "the log ends at 9, and 10 are worked on: it was made anew, or has lost its end"
    ]
    assert applied({PLACE: Log(0, 4)}, {PLACE: 10}, {PLACE: SPANS}, {PLACE: PROGRESS}, (), since={PLACE: LOG}).holds


def test_what_retention_took_is_left_aside() -> None:
    spans = Spans(offsets=4, overlaps=0, between=((6, 6),))
    check = flow(log=Log(5, 10), spans=spans, between=Control(control=1, events=0), kept=(replace(KEPT, offset=2),))
    assert check.holds, check.shown
    assert check.figures == {"produced": 5, "applied": 4, "quarantined": 0, "progress alone": 1}


def test_what_was_not_looked_at_is_said() -> None:
    check = flow(between=Control(control=1, events=0, unseen=1))
    assert check.holds
    assert check.figures["too old to look at"] == 1


@pytest.mark.parametrize(
    ("break_", "says"),
    [
        (lambda: flow(reached=9), "9 are worked on"),
        (lambda: flow(spans=None), "10 records were produced, 2 are known"),
        (lambda: flow(between=Control(control=1, events=1)), "1 events were neither applied nor quarantined"),
        (lambda: flow(between=Control(control=1, events=0)), "10 records were produced, 9 are known"),
        (lambda: flow(spans=replace(SPANS, overlaps=1)), "applied twice"),
        (lambda: flow(spans=replace(SPANS, offsets=9)), "10 records were produced, 11 are known"),
        (lambda: applied({}, {}, {PLACE: SPANS}, {}, ()), "the broker does not"),
    ],
)
def test_a_record_that_went_astray_is_found(break_: Callable[[], Check], says: str) -> None:
    check = break_()
    assert not check.holds
    assert any(says in shown for shown in check.shown)


def test_an_outbox_that_is_not_empty_is_found() -> None:
    assert drained({"claims": 0, "payment system": 0}).holds
    assert not drained({"claims": 1, "payment system": 0}).holds


def test_a_bad_message_is_kept_once_with_its_bytes() -> None:
    check = kept_once([KEPT])
    assert check.holds
    assert check.figures["compared with the log"] == 1


@pytest.mark.parametrize(
    "broken",
    [
        replace(KEPT, times=2),
        replace(KEPT, detail=""),
        replace(KEPT, bytes_=(b"k", b"other")),
        replace(KEPT, bytes_=(None, b"\xff")),
    ],
)
def test_a_bad_message_that_was_not_kept_as_it_came_is_found(broken: Kept) -> None:
    assert not kept_once([broken]).holds


def limits(case: Case, *moved: Moved) -> Check:
    check = Limits(moved)
    check.add(case)
    return check.check


def test_paid_within_limits() -> None:
    check = limits(CASE, MOVED)
    assert check.holds
    assert check.figures["policies that paid"] == 1


@pytest.mark.parametrize(
    "case",
    [
        changed(CASE, cover=Cover(1, "USD", 5_000, 900, NOW, "USD", 90, 10)),
        changed(
            CASE, commands=(changed(PAID, minor=2_001, moved=2_001, rows=(Row("p-1", "TG-1", "keep", 2_001, 2_001),)),)
        ),
        changed(CASE, order=UNDERPAID, cover=Cover(1, "USD", 999, 4_000, NOW, "USD", 90, 10)),
    ],
)
def test_paid_beyond_a_limit_is_found(case: Case) -> None:
    assert not limits(case, MOVED).holds


def test_the_payment_system_counts_even_if_the_file_says_less() -> None:
    assert not limits(CASE, replace(MOVED, minor=4_001)).holds


def test_many_violations_are_counted_and_some_are_shown() -> None:
    check = Check("I0", "test")
    for n in range(MAX_SHOWN + 3):
        check.violate(str(n))
    assert (check.violations, len(check.shown)) == (MAX_SHOWN + 3, MAX_SHOWN)
