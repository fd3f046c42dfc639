"""The claim file as it is stored: small, without its wording, and readable for as long as its shape holds."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.claims import (
    PLAIN,
    ClaimsStory,
    complaint,
    day,
    delivered,
    issued,
    journey,
    late,
    lost,
    only,
    package,
    placed,
    resolved,
    ruling,
    usd,
)
from tests.support.filed import (
    PARTS,
    PHOTO,
    SHIPPED,
    appeal,
    clause,
    declines,
    evidence,
    filed,
    remedies,
    seller,
)
from tests.support.returned import moved, received, wanting_back
from tests.support.returned import told as bound
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.case.state import Case
from waybond_claims.decide import decide
from waybond_claims.service.codec import CaseCodec
from waybond_claims.service.shown import shown
from waybond_contracts.claims import ClaimReferred, OfferMade

GOLDEN = Path(__file__).parent / "claim-file-3.json"
FILED = Path(__file__).parent / "claim-file-3-filed.json"
RETURNED = Path(__file__).parent / "claim-file-3-returned.json"
APPEAL = 'appeal = { within = "P30D" }'
OLDER = {shape: Path(__file__).parent / f"claim-file-{shape}.json" for shape in (1, 2)}
INLINE_BYTES = 1_900


def paid_late() -> ClaimsStory:
    story = ClaimsStory()
    told = journey(package("P1", carrier="X", kinds=("LABEL_CREATED", "PICKED_UP", "IN_TRANSIT")))
    story.given(placed(), issued(), late(0, journey=told))
    story.pay(day(28))
    return story


def before(case: Case) -> Case:
    """The file as it was before files kept what the buyer was told, and who sold the goods."""
    assert case.order is not None
    return replace(case, told=(), order=replace(case.order, seller=""))


def test_a_typical_file_stays_below_what_is_kept_inline() -> None:
    state, _ = CaseCodec().encode(paid_late().case)
    assert len(state) < INLINE_BYTES


def test_the_wording_is_the_document_and_not_in_the_file() -> None:
    state, document = CaseCodec().encode(paid_late().case)
    assert document == PLAIN.encode()
    assert b"[[clause]]" not in state


def test_a_file_without_a_policy_has_no_document() -> None:
    story = ClaimsStory()
    story.given(placed())
    assert CaseCodec().encode(story.case)[1] is None


def test_a_file_that_was_written_is_read_as_it_was() -> None:
    story = paid_late()
    story.given(complaint(day(30)), lost(day(40)), delivered(day(50)))
    codec = CaseCodec()
    assert codec.decode(3, *codec.encode(story.case)) == story.case


def test_a_file_of_this_shape_stays_readable() -> None:
    """The golden file was written by the first version of this shape: a change that cannot read it is a new shape."""
    assert CaseCodec().decode(3, GOLDEN.read_bytes(), PLAIN.encode()) == before(paid_late().case)


def test_a_dispute_that_was_written_before_its_words_were_kept_is_read() -> None:
    """A chargeback of 60 that the buyer won on day 8, as a file of this shape had it at first. Then the seller wins."""
    file = json.loads(GOLDEN.read_bytes())
    when = dict.fromkeys(("known_at", "opened_at", "stage_at"), "2026-01-06T12:00:00Z")
    ended = {"ended": "BUYER_FAVOUR", "refunded": 6_000, "ended_at": "2026-01-09T12:00:00Z"}
    told = {"source": "card_scheme", "reason": "NOT_RECEIVED", "stage": "CHARGEBACK", "minor": 6_000, "currency": "USD"}
    file["disputes"] = [{"dispute_id": "D-1", **when, **ended, "resolved_at": ended["ended_at"], **told}]
    file["elsewhere"] = [["D-1", "dispute", 6_000, "USD", ended["ended_at"], "re_9", "D-1", []]]
    case = CaseCodec().decode(3, json.dumps(file).encode(), PLAIN.encode())
    assert elsewhere(case) == 6_000
    after = decide(case, resolved(day(7), 1_000), day(40)).state
    assert after is not None
    assert (after.elsewhere, elsewhere(after)) == (case.elsewhere, 6_000)
    later = decide(after, resolved(day(9)), day(40)).state
    assert later is not None
    assert (elsewhere(later), later.disputes[0].ended) == (0, "SELLER_FAVOUR")


@pytest.mark.parametrize("shape", OLDER)
def test_a_file_of_a_shape_before_is_read(shape: int) -> None:
    assert CaseCodec().decode(shape, OLDER[shape].read_bytes(), PLAIN.encode()) == before(paid_late().case)


@pytest.mark.parametrize("shape", OLDER)
def test_a_file_of_a_shape_before_is_read_without_its_wording(shape: int) -> None:
    case = CaseCodec().decode(shape, OLDER[shape].read_bytes(), None)
    assert [(row.unit, row.minor) for each in case.commands for row in each.rows] == [("P1", 1_000)]


def older(commands: list[tuple[int, str]], grants: list[list[Any]], shape: int = 2) -> list[dict[str | None, int]]:
    """What each command pays for, of a file of a shape before with these commands (amount, status) and grants."""
    file = json.loads(OLDER[shape].read_bytes())
    (known,) = file["commands"]
    made = []
    for number, (minor, status) in enumerate(commands, 1):
        moved = minor if status == "succeeded" else 0
        made.append([number, 1, f"r-{number}", minor, *known[4:9], status, 1, "re", moved, *known[13:]])
    file |= {"commands": made, "grants": grants}
    case = CaseCodec().decode(shape, json.dumps(file).encode(), PLAIN.encode())
    return [{row.unit: row.minor for row in each.rows} for each in case.commands]


def test_rows_are_made_of_grants_by_what_they_raised() -> None:
    """A was paid 10 for its delay. Then 100 are commanded: A was raised to 60, B to 50."""
    grants = [
        ["A", "TG-1", "keep", 1_000, "r-1"],
        ["A", "LO-1", "keep", 6_000, "r-2"],
        ["B", "LO-1", "keep", 5_000, "r-2"],
    ]
    assert older([(1_000, "succeeded"), (10_000, "succeeded")], grants) == [{"A": 1_000}, {"A": 5_000, "B": 5_000}]


def test_rows_of_grants_that_were_capped_are_in_proportion() -> None:
    """A and B were raised to 60 and 40 by a command of 50: 30 and 20."""
    grants = [["A", "LO-1", "keep", 6_000, "r-1"], ["B", "LO-1", "keep", 4_000, "r-1"]]
    assert older([(5_000, "succeeded")], grants) == [{"A": 3_000, "B": 2_000}]


def test_what_failed_before_counts_for_nothing_in_later_rows() -> None:
    grants = [["A", "LO-1", "keep", 6_000, "r-1"], ["A", "LO-1", "keep", 6_000, "r-2"]]
    assert older([(6_000, "failed"), (6_000, "succeeded")], grants) == [{"A": 6_000}, {"A": 6_000}]


def test_a_command_without_grants_pays_for_what_the_one_before_paid_for() -> None:
    grants = [["A", "LO-1", "keep", 6_000, "r-1"], ["B", "LO-1", "keep", 4_000, "r-1"]]
    commands = [(10_000, "succeeded"), (500, "succeeded")]
    assert older(commands, grants) == [{"A": 6_000, "B": 4_000}, {"A": 300, "B": 200}]
    assert older([(500, "succeeded")], []) == [{"": 500}]


def test_grants_of_the_first_shape_are_paid_in_their_order() -> None:
    """It did not say which command a grant was of: 10 for a delay, 90 more for the loss."""
    grants = [["A", "TG-1", "keep", 1_000], ["A", "LO-1", "return", 10_000]]
    case = older([(1_000, "succeeded"), (9_000, "succeeded")], grants, 1)
    assert case == [{"A": 1_000}, {"A": 9_000}]


def test_what_was_settled_by_hand_before_was_the_whole_command() -> None:
    file = json.loads(OLDER[2].read_bytes())
    file["commands"][0][9], file["commands"][0][12], file["commands"][0][17] = "failed", 0, True
    case = CaseCodec().decode(2, json.dumps(file).encode(), PLAIN.encode())
    assert case.settled == 1_000


def test_when_a_package_arrived_is_not_read_as_when_its_contents_were_told() -> None:
    older = (
        OLDER[1]
        .read_bytes()
        .replace(
            b"null,null,null,null,null]]", b'null,null,null,null,["2026-01-29T12:00:00Z","2026-01-29T12:00:00Z"]]]'
        )
    )
    assert older != OLDER[1].read_bytes()
    (package,) = CaseCodec().decode(1, older, None).packages
    assert (package.noted, package.contents_at) == ((), None)


def test_a_file_of_a_newer_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="shape 3 was expected, got 4"):
        CaseCodec().decode(4, b"{}", None)


def test_a_case_is_shown_with_its_explanation() -> None:
    story = paid_late()
    assert story.now is not None
    seen = shown(story.case, story.status, story.now)
    assert seen.order == "demo/shop/A-1"
    assert seen.explanation is not None
    assert seen.explanation.entitled == seen.owed == seen.settled
    assert seen.explanation.command.minor == 0
    assert [each.status for each in seen.refunds] == ["succeeded"]
    assert [(row.package_id, row.clause_id, row.amount) for row in seen.refunds[0].rows] == [("P1", "TG-1", usd(1_000))]
    assert "paid" in seen.model_dump_json()


def test_a_case_without_a_policy_is_shown_too() -> None:
    story = ClaimsStory()
    story.given(placed(), complaint(day(1)))
    assert story.now is not None
    seen = shown(story.case, story.status, story.now)
    assert seen.explanation is None
    assert [each.dispute_id for each in seen.disputes] == ["D-1"]


def test_a_file_with_the_way_of_a_complaint_stays_readable() -> None:
    """What was handed in, asked for, offered, decided and appealed against, as the first version with it wrote it."""
    body = only(clause(evidence(PHOTO, SHIPPED), remedies(PARTS), 'seller = { answers_within = "P5D" }', APPEAL))
    story = ClaimsStory()
    story.given(placed(), issued(body), filed(day(5), "photo_of_damage"), seller(day(6), "offer", minor=2_000))
    story.when(declines(story.last(OfferMade), day(7)))
    story.until(day(11))
    story.when(ruling(story.last(ClaimReferred), "do_not_pay", day(12)))
    story.when(appeal(story, day(13), "expert_opinion"))
    assert all((story.case.papers, story.case.responses, story.case.asks, story.case.offers))
    assert all((story.case.decided, story.case.appeals))
    read = CaseCodec().decode(3, FILED.read_bytes(), body.encode())
    # The first version told the buyer of the last answer alone.
    assert [each.about for each in read.told] == ["not_covered"]
    assert replace(read, notices=0, told=()) == replace(story.case, notices=0, told=())


def test_a_file_with_a_return_stays_readable() -> None:
    """A parcel that was handed in late, what the seller says of it, and which steps were open, as the first version
    with it wrote it."""
    case, read = returned_late().case, CaseCodec().decode(3, RETURNED.read_bytes(), only(wanting_back()).encode())
    assert all((case.returns, case.receipts, case.returning))
    assert (read.returns, read.receipts, read.returning) == (case.returns, case.receipts, case.returning)


def returned_late() -> ClaimsStory:
    story = bound()
    story.given(filed(day(5), "photo_of_damage"), moved(day(6)))
    way: dict[str, Any] = {"handed_in": day(18), "lost": day(19), "sent_back": day(19), "back": day(20)}
    story.when(moved(day(18), 2, tracking_number="RR1BR", **way))
    story.given(received(day(21), "missing", "1", package_id="R"))
    story.until(day(22))
    return story
