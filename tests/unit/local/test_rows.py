"""I11 holds for what claims commands, and fails for each way in which rows can be for something else."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.support.claims import (
    PLAIN,
    ClaimsStory,
    answer,
    damaged,
    day,
    delivered,
    issued,
    journey,
    late,
    line,
    lost,
    package,
    placed,
    refunded,
    ruling,
    usd,
)
from waybond_contracts.claims import ClaimApproved, ClaimReferred
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund, MoneyCommand
from waybond_contracts.rows import PaidRow
from waybond_local.invariants.check import Check
from waybond_local.invariants.rows import Rows

RETURN = PLAIN.replace('late_arrival = "keep"', 'late_arrival = "return"')


def look(events: Sequence[Event], moved: dict[str, int]) -> Check:
    """As verify reads them: decisions first, then commands."""
    rows = Rows(moved)
    for event in events:
        if isinstance(event, ClaimApproved):
            rows.approved(event)
    for event in events:
        if isinstance(event, MoneyCommand):
            rows.commanded(event)
    return rows.check


def looked(story: ClaimsStory) -> Check:
    return look(story.events, moved(story))


def moved(story: ClaimsStory) -> dict[str, int]:
    return {each.refund_id: each.settled for each in story.case.commands}


def two_packages() -> ClaimsStory:
    """Lines of 60 and 40 in A and B. B is late: 10 % of 40 are 4. Then both are lost: 60 and 36."""
    told = journey(package("A", (("a", 1),)), package("B", (("b", 1),)))
    story = ClaimsStory()
    story.given(placed(lines=[line("a", 6_000), line("b", 4_000)]), issued())
    story.when(late(0, package_id="B", journey=told))
    story.pay(day(28))
    story.when(lost(day(29), package_id="A", journey=told))
    story.pay(day(30))
    story.when(lost(day(31), package_id="B", journey=told))
    story.pay(day(32))
    return story


def remainder_that_shrank() -> ClaimsStory:
    """A holds the first line. 10 % of the remainder of 40 are 4; then B is booked with it, and lost: 36."""
    before = journey(package("A", (("a", 1),)))
    after = journey(package("A", (("a", 1),)), package("B", (("b", 1),)))
    story = ClaimsStory()
    story.given(placed(lines=[line("a", 6_000), line("b", 4_000)]), issued())
    story.when(late(0, package_id=None, journey=before))
    story.pay(day(28))
    story.when(lost(day(30), package_id="B", journey=after))
    return story


def given_back_and_owed_again() -> ClaimsStory:
    """100 for the loss; it arrives, and 100 are given back. It is damaged: 100 again."""
    story = ClaimsStory()
    story.given(placed(), issued(RETURN), lost(day(12)))
    story.pay(day(13))
    story.when(delivered(day(14)))
    story.when(ruling(story.last(ClaimReferred), "recovered", day(15)))
    story.when(damaged(day(16)))
    return story


def less_moved() -> ClaimsStory:
    """100 are commanded, 50 moved; a person lets payments go on, and the other 50 are commanded."""
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(12)))
    story.when(answer(story.last(IssueRefund), "RefundSucceeded", day(13), amount=usd(5_000)))
    story.when(ruling(story.last(ClaimReferred), "go_on", day(14)))
    return story


def refunded_in_part() -> ClaimsStory:
    """The platform gave 30 back before the loss: 70."""
    story = ClaimsStory()
    story.given(placed(), issued(), refunded("R1", 3_000, day(10)), lost(day(12)))
    return story


def bound_by_the_limit() -> ClaimsStory:
    """A (60) and B (40) are lost before the policy is known, whose limit is 50: 30 and 20."""
    told = journey(package("A", (("a", 1),)), package("B", (("b", 1),)))
    story = ClaimsStory()
    story.given(
        placed(lines=[line("a", 6_000), line("b", 4_000)]),
        *[lost(day(12), package_id=each, journey=told) for each in "AB"],
    )
    story.when(issued(limit=usd(5_000)), day(12))
    return story


def more_packages_than_rows() -> ClaimsStory:
    """60 packages at 1 each are lost before the policy is known: 51 rows of 1, and one of 9 for the order."""
    story = ClaimsStory()
    story.given(placed(usd(6_000), [line(f"l{number}", 100) for number in range(60)]))
    for number in range(60):
        name = f"p{number:02}"
        story.when(lost(day(12), package_id=name, journey=journey(package(name, ((f"l{number}", 1),)))))
    story.when(issued(basis=usd(6_000)), day(12))
    return story


@pytest.mark.parametrize(
    "told",
    [
        more_packages_than_rows,
        two_packages,
        remainder_that_shrank,
        given_back_and_owed_again,
        less_moved,
        refunded_in_part,
        bound_by_the_limit,
    ],
)
def test_what_is_commanded_adds_up(told: Callable[[], ClaimsStory]) -> None:
    check = looked(told())
    assert check.holds, check.shown
    assert check.figures["rows judged by their decision"] == check.figures["rows"] > 0


def failed_and_tried_again(*, asked: bool) -> ClaimsStory:
    """100 are commanded for a loss and fail; a person orders another attempt, or time does."""
    story = ClaimsStory()
    story.given(placed(), issued(), lost(day(12)))
    story.when(answer(story.last(IssueRefund), "RefundFailed", day(13), retryable=not asked))
    if asked:
        story.when(ruling(story.last(ClaimReferred), "retry", day(13.5)))
    story.until(day(14))
    return story


@pytest.mark.parametrize(("asked", "repeated"), [(False, 0), (True, 1)])
def test_another_attempt_pays_for_the_same(asked: bool, repeated: int) -> None:
    """What a person decided makes another version of the case, of which there is no decision on the topic."""
    check = looked(failed_and_tried_again(asked=asked))
    assert check.holds, check.shown
    assert (check.figures["money commands"], check.figures["repeated"]) == (2, repeated)


def test_a_refund_that_is_paid_after_all_was_not_known_of() -> None:
    """S: 100 fail and are paid by the next attempt. Then the payment system says that the first one was paid too."""
    story = failed_and_tried_again(asked=False)
    both = {each.refund_id: each.minor for each in story.case.commands}
    assert len(both) == 2
    assert look(story.events, both).holds


def test_what_lies_on_its_topic_twice_is_one_command() -> None:
    """S: a zombie's send lands, and the new owner publishes the same."""
    story = two_packages()
    check = look([*story.events, *story.events], moved(story))
    assert check.holds, check.shown
    assert check.figures["money commands"] == 3


def test_a_command_of_an_earlier_release_has_no_rows() -> None:
    story = two_packages()
    check = look([each.model_copy(update={"rows": ()}) for each in story.events if _pays(each)], moved(story))
    assert check.holds
    assert check.figures["without rows, of an earlier release"] == 3


def _pays(event: Event) -> bool:
    return isinstance(event, ClaimApproved | MoneyCommand)


def with_rows(story: ClaimsStory, *, of: tuple[type[Event], ...] = (ClaimApproved, MoneyCommand), **to: Any) -> Check:
    """The last decision and its command with other rows: `to` changes each row."""
    last = [story.last(each) for each in of]
    events = [
        event.model_copy(update={"rows": tuple(row.model_copy(update=to) for row in _rows(event))})
        if event in last
        else event
        for event in story.events
    ]
    return look(events, moved(story))


def _rows(event: Event) -> tuple[PaidRow, ...]:
    assert isinstance(event, ClaimApproved | MoneyCommand)
    return event.rows


@pytest.mark.parametrize(
    ("of", "to", "says"),
    [
        ((ClaimApproved, MoneyCommand), {"amount": usd(3_599)}, "pays 3600, and its rows are 3599 together"),
        ((MoneyCommand,), {"package_id": "A"}, "its decision pays for something else"),
        ((ClaimApproved, MoneyCommand), {"clause_id": "DA-1"}, "package:B is paid under DA-1, which does not apply"),
        # A is worth 60 and was paid 60 before.
        ((ClaimApproved, MoneyCommand), {"package_id": "A"}, "package:A gets 9600 in all, 3600 more than its 6000"),
        ((ClaimApproved, MoneyCommand), {"package_id": None, "remainder": True}, "remainder gets 3600 in all"),
    ],
)
def test_rows_that_are_for_something_else_are_found(of: tuple[type[Event], ...], to: dict[str, Any], says: str) -> None:
    check = with_rows(two_packages(), of=of, **to)
    assert any(says in shown for shown in check.shown), check.shown


def test_what_was_paid_before_counts() -> None:
    """B was paid 4 for the delay; a command of 40 for its loss pays it 44."""
    story = two_packages()
    last = [story.last(ClaimApproved), story.last(MoneyCommand)]
    (row,) = story.last(MoneyCommand).rows
    more = {"amount": usd(4_000), "rows": (row.model_copy(update={"amount": usd(4_000)}),)}
    events = [each.model_copy(update=more) if each in last else each for each in story.events]
    check = look(events, moved(story))
    assert check.shown == [
        f"demo/shop/A-1: {story.last(MoneyCommand).refund_id}: package:B gets 4400 in all, 400 more than its 4000"
    ]


def test_what_came_back_elsewhere_counts() -> None:
    """The platform gave 30 of 100 back: of 70 that are paid, none can be for 71."""
    story = refunded_in_part()
    check = with_rows(story, amount=usd(7_100))
    assert any("package:P1 gets 7100 in all, 100 more than its 7000" in shown for shown in check.shown)


def test_a_bound_of_all_bounds_each() -> None:
    """Under a limit of 50 A is entitled to 30: 50 for A are 20 too much."""
    story = bound_by_the_limit()
    whole = PaidRow(package_id="A", clause_id="LO-1", amount=usd(5_000))
    events = [each.model_copy(update={"rows": (whole,)}) if _pays(each) else each for each in story.events]
    check = look(events, moved(story))
    assert any("package:A gets 5000 in all, 2000 more than its 3000" in shown for shown in check.shown)


def test_a_unit_that_an_explanation_does_not_name_is_as_it_was() -> None:
    """Of a large order the second decision names B alone, with A's 60 among the others; its command pays B 36."""
    story = two_packages()
    last = story.last(ClaimApproved)
    why = last.explanation
    steps = tuple(
        step.model_copy(update={"what": "others"}) if step.what == "package:A" else step for step in why.steps
    )
    small = why.model_copy(
        update={
            "steps": steps,
            "packages": tuple(each for each in why.packages if each.package_id != "A"),
            "findings": tuple(each for each in why.findings if each.package_id != "A"),
        }
    )
    events = [each.model_copy(update={"explanation": small}) if each == last else each for each in story.events]
    assert look(events, moved(story)).holds
    to_a = {"rows": tuple(row.model_copy(update={"package_id": "A"}) for row in last.rows)}
    wrong = [each.model_copy(update=to_a) if _pays(each) and _rows(each) == last.rows else each for each in events]
    check = look(wrong, moved(story))
    assert any("package:A gets 9600 in all, 3600 more than its 6000" in shown for shown in check.shown)
