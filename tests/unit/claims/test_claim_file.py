"""The claim file as it is stored: small, without its wording, and readable for as long as its shape holds."""

from pathlib import Path

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
    package,
    placed,
)
from waybond_claims.service.codec import CaseCodec
from waybond_claims.service.shown import shown

GOLDEN = Path(__file__).parent / "claim-file-2.json"
OLDER = Path(__file__).parent / "claim-file-1.json"
INLINE_BYTES = 1_900


def paid_late() -> ClaimsStory:
    story = ClaimsStory()
    told = journey(package("P1", carrier="X", kinds=("LABEL_CREATED", "PICKED_UP", "IN_TRANSIT")))
    story.given(placed(), issued(), late(0, journey=told))
    story.pay(day(28))
    return story


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
    assert codec.decode(2, *codec.encode(story.case)) == story.case


def test_a_file_of_this_shape_stays_readable() -> None:
    """The golden file was written by the first version of this shape: a change that cannot read it is a new shape."""
    assert CaseCodec().decode(2, GOLDEN.read_bytes(), PLAIN.encode()) == paid_late().case


def test_a_file_of_the_shape_before_is_read() -> None:
    case = CaseCodec().decode(1, OLDER.read_bytes(), PLAIN.encode())
    now = paid_late().case
    # Which command raised a grant was not written down at first.
    assert case == replace(now, grants=tuple(replace(each, refund_id="") for each in now.grants))
    assert [(each.clause_id, each.minor) for each in case.standing_grants] == [("TG-1", 1_000)]


def test_when_a_package_arrived_is_not_read_as_when_its_contents_were_told() -> None:
    older = OLDER.read_bytes().replace(
        b"null,null,null,null,null]]", b'null,null,null,null,["2026-01-29T12:00:00Z","2026-01-29T12:00:00Z"]]]'
    )
    assert older != OLDER.read_bytes()
    (package,) = CaseCodec().decode(1, older, None).packages
    assert (package.noted, package.contents_at) == ((), None)


def test_a_file_of_a_newer_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="shape 2 was expected, got 3"):
        CaseCodec().decode(3, b"{}", None)


def test_a_case_is_shown_with_its_explanation() -> None:
    story = paid_late()
    assert story.now is not None
    seen = shown(story.case, story.status, story.now)
    assert seen.order == "demo/shop/A-1"
    assert seen.explanation is not None
    assert seen.explanation.entitled == seen.owed == seen.settled
    assert seen.explanation.command.minor == 0
    assert [each.status for each in seen.refunds] == ["succeeded"]
    assert "paid" in seen.model_dump_json()


def test_a_case_without_a_policy_is_shown_too() -> None:
    story = ClaimsStory()
    story.given(placed(), complaint(day(1)))
    assert story.now is not None
    seen = shown(story.case, story.status, story.now)
    assert seen.explanation is None
    assert [each.dispute_id for each in seen.disputes] == ["D-1"]
