"""What `waybond referral assign|snooze|boost|note` publishes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.claims import ClaimsStory, complaint, day, issued, only, placed
from tests.support.desk import MISSING
from waybond_claims.service.desk.models import ShownFile
from waybond_claims.service.shown import shown
from waybond_contracts import commands
from waybond_contracts.claims import ClaimReferred
from waybond_contracts.errors import ContractError
from waybond_local.referral_handling import handled
from waybond_local.referrals import app


def asked() -> tuple[ClaimsStory, ShownFile]:
    """A person is asked about something that is missing."""
    story = ClaimsStory()
    story.given(placed(), issued(only(MISSING)), complaint(day(5), "MISSING_PARTS"))
    referral_id = story.last(ClaimReferred).referral_id
    return story, ShownFile.model_construct(
        case=shown(story.case, status=story.case.status, known_at=day(5)), referral_id=referral_id
    )


@pytest.mark.parametrize(
    ("kind", "said", "shows"),
    [
        (commands.AssignReferral, {"assignee": "adjuster-7"}, ("assignee", "adjuster-7")),
        (commands.SnoozeReferral, {"until": day(8)}, ("snoozed_until", day(8))),
        (commands.BoostReferral, {"boosted": True}, ("boosted", True)),
    ],
)
def test_what_is_said_about_a_question_is_kept_with_it(
    kind: type[commands.ReferralCommand], said: dict[str, Any], shows: tuple[str, Any]
) -> None:
    story, file = asked()
    version = story.case.version
    story.when(handled(file, kind, day(6), **said))
    (referral,) = story.case.referrals
    assert referral.desk is not None
    assert getattr(referral.desk, shows[0]) == shows[1]
    assert story.case.version == version, "whoever is about to decide still can"


def test_a_note_is_kept_in_its_words() -> None:
    story, file = asked()
    story.when(handled(file, commands.NoteReferral, day(6), note="the carrier has no photo"))
    (referral,) = story.case.referrals
    assert referral.desk is not None
    assert [each.text for each in referral.desk.notes] == ["the carrier has no photo"]


@pytest.mark.parametrize(
    ("kind", "said", "field"),
    [
        (commands.NoteReferral, {"note": ""}, "note"),
        (commands.NoteReferral, {"note": "x" * 5_000}, "note"),
        (commands.AssignReferral, {"assignee": "a b\x00"}, "assignee"),
    ],
)
def test_what_cannot_be_said_names_the_field(
    kind: type[commands.ReferralCommand], said: dict[str, Any], field: str
) -> None:
    _, file = asked()
    with pytest.raises(ContractError) as refused:
        handled(file, kind, day(6), **said)
    assert refused.value.field == field


def test_all_commands_about_questions_are_of_one_group() -> None:
    names = {each.name or (each.callback.__name__ if each.callback else "") for each in app.registered_commands}
    assert names == {"list", "show", "decide", "assign", "snooze", "boost", "note"}
