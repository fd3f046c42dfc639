"""The explanation: from it alone the amounts follow, a false one is found out, and people can read it."""

import io
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.support.claims import ClaimsStory, cancelled, complaint, damaged, day, issued, late, only, placed, usd
from waybond_claims.draft import named
from waybond_contracts.claims import ClaimApproved, ClaimDenied, ClaimReopened, RecoveryOpened
from waybond_contracts.errors import ContractError
from waybond_contracts.explanation import Explanation
from waybond_contracts.recompute import benefit, recompute
from waybond_local.orders_cli import Decision, headline, reasons

RICH_CLAUSE = """
[[clause]]
id = "D"
peril = "damaged"
any_of = [{ scan = "DAMAGED" }]
tiers = [{ share = "0.80" }]
deductible = { share = "0.10", amount = { amount = "3" } }
limit = { amount = "70" }
"""


def approved(body: str | None = None) -> ClaimApproved:
    story = ClaimsStory()
    story.given(placed(), issued(body) if body else issued(), damaged(day(9)) if body else late(1))
    return story.last(ClaimApproved)


def forged(why: Explanation, **finding: object) -> Explanation:
    """The explanation with one field of its finding that applies changed."""
    findings = tuple(each.model_copy(update=finding) if each.applies else each for each in why.findings)
    return why.model_copy(update={"findings": findings})


def test_amounts_follow_from_the_explanation_alone() -> None:
    event = approved()
    assert recompute(event.explanation) == (usd(3_000), usd(3_000))


@pytest.mark.parametrize(
    "finding", [{"share": "0.31"}, {"basis": usd(9_000)}, {"applies": False}, {"limit": usd(2_999)}, {"periods": 2}]
)
def test_an_explanation_that_does_not_give_its_amount_is_found_out(finding: dict[str, object]) -> None:
    event = approved()
    assert recompute(forged(event.explanation, **finding)) != (event.entitled, event.amount)


def test_a_finding_that_applies_without_a_benefit_is_an_error() -> None:
    event = approved()
    with pytest.raises(ContractError, match=r"findings\.TG-1"):
        recompute(forged(event.explanation, share=None))


def test_bounds_are_part_of_what_is_derived() -> None:
    finding = next(each for each in approved(only(RICH_CLAUSE)).explanation.findings if each.applies)
    assert (finding.deductible_share, finding.deductible, finding.limit) == ("0.10", usd(300), usd(7_000))
    assert benefit(finding) == 7_000
    assert finding.benefit == usd(7_000)


def test_people_can_read_it_clause_by_clause() -> None:
    text = rendered(approved(only(RICH_CLAUSE)))
    for part in ("D damaged", "applies", "ShipmentDamaged/1", "0.80 of 100.00 USD", "up to 70.00 USD = 70.00 USD"):
        assert part in text, text
    assert "derived again from this alone: the same" in text


def test_people_can_read_an_answer_to_a_complaint() -> None:
    story = ClaimsStory()
    story.given(placed(), issued(), complaint(day(10)))
    text = rendered(story.last(ClaimDenied))
    assert "too early, decided again on 28 Jan 2026 12:00 UTC" in text
    assert "not before 28 Jan 2026 12:00 UTC" in text


def test_people_can_read_why_money_is_asked_back() -> None:
    """S: money is asked back, and `waybond order explain` ends with the decision that paid it."""
    story = ClaimsStory()
    story.given(placed(), issued(only(RICH_CLAUSE)), damaged(day(9)))
    story.pay(day(9.1))
    story.when(cancelled(day(10), from_start=True))
    asked, reopened = story.last(RecoveryOpened), story.last(ClaimReopened)
    assert "70.00 USD asked back from the buyer, policy void" in rendered(asked)
    assert "0.00 USD in all after PolicyCancelled, not 70.00 USD" in rendered(reopened)
    for each in (asked, reopened):
        assert isinstance(each, Decision)
        assert "derived again from this alone: the same" in rendered(each)


def test_a_decision_shows_what_is_paid_for() -> None:
    told = rendered(approved()).splitlines()  # 30 % of 100
    headings = next(index for index, each in enumerate(told) if each.startswith("paid for"))
    assert told[headings + 1].split() == ["P1", "TG-1", "30.00", "USD"]


def test_a_false_explanation_says_so() -> None:
    event = approved()
    false = event.model_copy(update={"explanation": forged(event.explanation, share="0.99")})
    assert "another amount" in rendered(false)


def rendered(event: Decision) -> str:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    console.print(headline(event))
    for part in reasons(event):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@given(st.uuids(), st.text(max_size=40))
def test_ids_are_uuids_of_version_5(space: UUID, name: str) -> None:
    assert named(str(space), name) == str(uuid5(space, name))
    assert named("no uuid", name) == named("no uuid", name)
    assert named("no uuid", name) != named(str(NAMESPACE_URL), name)
