"""I8 holds for what claims commands, and fails for each way in which a payment can be too early."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.claims import POLICY_ID, ClaimsStory, amended, damaged, day, issued, late, placed, seen
from waybond_contracts.claims import ClaimApproved
from waybond_contracts.explanation import Finding
from waybond_contracts.refunds import IssueRefund
from waybond_local.invariants.check import Check
from waybond_local.invariants.clocks import Clocks

SOON = timedelta(days=1)


def told(*facts: Any) -> ClaimsStory:
    story = ClaimsStory()
    story.given(placed(), issued(), *facts)
    return story


def judged(
    story: ClaimsStory,
    approved: Callable[[ClaimApproved], ClaimApproved] = lambda event: event,
    commanded: Callable[[IssueRefund], IssueRefund] = lambda event: event,
) -> Check:
    clocks = Clocks()
    clocks.issued(issued())
    for each in story.named(ClaimApproved):
        clocks.approved(approved(each))
    for each in story.named(IssueRefund):
        command = commanded(each)
        clocks.commanded(command, command.requested_at)
    return clocks.check


def with_finding(change: Callable[[Finding], Finding]) -> Callable[[ClaimApproved], ClaimApproved]:
    """The decision with its paying findings changed."""

    def changed(event: ClaimApproved) -> ClaimApproved:
        findings = tuple(change(each) if each.applies else each for each in event.explanation.findings)
        return event.model_copy(update={"explanation": event.explanation.model_copy(update={"findings": findings})})

    return changed


def with_clock(**fields: Any) -> Callable[[ClaimApproved], ClaimApproved]:
    return with_finding(
        lambda each: each.model_copy(update={"clock": each.clock.model_copy(update=fields) if each.clock else None})
    )


LATE = told(late(0))
DUE = day(27)


def test_a_payment_behind_its_clock_holds() -> None:
    check = judged(LATE)
    assert check.holds
    assert check.figures == {"money commands": 1, "by a clock": 1, "by a scan": 0, "by a person": 0}


def test_a_payment_for_a_scan_needs_no_clock() -> None:
    check = judged(told(damaged(day(9))))
    assert check.holds
    assert check.figures["by a scan"] == 1


def test_a_carrier_whose_clock_is_ahead_of_the_broker_s_is_believed() -> None:
    known_before = {"requested_at": day(9) - timedelta(microseconds=49)}
    check = judged(told(damaged(day(9))), commanded=lambda each: each.model_copy(update=known_before))
    assert check.holds


EARLY: dict[str, tuple[ClaimsStory, dict[str, Any], str]] = {
    "a clock that was said to be shorter than the wording": (
        LATE, {"approved": with_clock(due=DUE - SOON)}, "not what its wording says",
    ),
    "a clock that was said to have started earlier": (
        LATE, {"approved": with_clock(start=day(19))}, "not what its wording says",
    ),
    "another clock": (LATE, {"approved": with_clock(clock="order")}, "not what its wording says"),
    "a watch of another clause": (LATE, {"approved": with_clock(watch_id="LO-1:2:0")}, "is no watch of TG-1"),
    "a command ahead of its clock": (
        LATE, {"commanded": lambda each: each.model_copy(update={"requested_at": DUE - SOON})}, "ran to",
    ),
    "a command without a decision": (
        LATE, {"commanded": lambda each: each.model_copy(update={"claim_id": "other"})}, "follows from no decision",
    ),
    "a command without a policy": (
        LATE, {"commanded": lambda each: each.model_copy(update={"policy_id": "other"})}, "follows from no policy",
    ),
    "a decision that pays nothing": (
        LATE, {"approved": with_finding(lambda each: each.model_copy(update={"applies": False}))}, "no clause",
    ),
    "a clause that the wording has not": (
        LATE, {"approved": with_finding(lambda each: each.model_copy(update={"clause_id": "XX-1"}))}, "no clause XX-1",
    ),
    "a scan that was still to come": (
        told(seen("ShipmentLost", day(9))),
        {"commanded": lambda each: each.model_copy(update={"requested_at": day(6.9)})},
        "what happened at",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EARLY)
def test_a_payment_that_is_too_early_is_found(name: str) -> None:
    story, changes, says = EARLY[name]
    check = judged(story, **changes)
    assert not check.holds
    assert any(says in shown for shown in check.shown), check.shown


def test_the_policy_is_named_as_it_was_bound() -> None:
    assert issued().policy_id == POLICY_ID


def test_a_policy_that_lies_on_its_topic_twice_is_still_amended() -> None:
    """S: a zombie's send of PolicyIssued lands behind PolicyAmended, under which the payment was right."""
    clocks = Clocks()
    clocks.issued(issued())
    watches = tuple(each.model_copy(update={"after": each.after + SOON}) for each in issued().watches)
    clocks.amended(amended(watches=watches))
    clocks.issued(issued())
    for each in LATE.named(ClaimApproved):
        clocks.approved(with_clock(due=DUE + SOON)(each))
    for command in LATE.named(IssueRefund):
        clocks.commanded(command.model_copy(update={"requested_at": DUE + SOON}), DUE + SOON)
    assert clocks.check.holds, clocks.check.shown


def test_a_payment_whose_policy_is_gone_from_its_topic_is_not_judged() -> None:
    """S: retention took the policies of last year, and I8 names every payment of theirs."""
    clocks = Clocks()
    clocks.cut = "policies/0 begins at 7"
    for command in LATE.named(IssueRefund):
        clocks.commanded(command, command.requested_at)
    assert (clocks.check.holds, clocks.check.unchecked) == (True, "policies/0 begins at 7")
