"""What the buyer is told in the course of a complaint: each notice as it is read, in told-of-complaints.toml.

The buyer lives in Sao Paulo, three hours behind Greenwich. It is noon in Greenwich on 4 January 2026.
"""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.claims import ClaimsStory, check_event, complaint, day, issued, placed
from waybond_claims import notices
from waybond_claims.case.notified import MAX_TOLD
from waybond_claims.draft import Draft
from waybond_claims.notices.rendered import MAX_LABEL_CHARACTERS, left
from waybond_claims.notices.rendered import texts as rendered
from waybond_claims.texts.shape import NOTICES
from waybond_contracts.claims import BuyerNotified

NOW = datetime(2026, 1, 4, 12, tzinfo=UTC)
IN_3_DAYS = datetime(2026, 1, 7, 20, 30, tzinfo=UTC)
"""Three days and eight and a half hours from now; 17:30 in Sao Paulo."""
IN_1_DAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
IN_FEBRUARY = datetime(2026, 2, 1, 1, tzinfo=UTC)
"""Still January in Sao Paulo."""
LABEL = "https://labels.example/{order}/77"

Tell = Callable[[Draft], None]
STEPS: dict[str, Tell] = {
    "offer_made": lambda draft: notices.offer_made(draft, 1_250, IN_3_DAYS, gives_up=False),
    "offer_made_for_all": lambda draft: notices.offer_made(draft, 1_250, IN_1_DAY, gives_up=True),
    "offer_accepted": lambda draft: notices.offer_accepted(draft, 1_250),
    "offer_declined": lambda draft: notices.offer_declined(draft, 1_250, answer_by=IN_3_DAYS),
    "offer_expired": lambda draft: notices.offer_expired(draft, 1_250, NOW),
    "offer_accepted_again": lambda draft: notices.offer_accepted(draft, 0),
    "offer_declined_again": lambda draft: notices.offer_declined(draft, 0),
    "offer_expired_again": lambda draft: notices.offer_expired(draft, 0, IN_3_DAYS),
    "offer_withdrawn": lambda draft: notices.offer_withdrawn(draft, 1_250),
    "offer_withdrawn_again": lambda draft: notices.offer_withdrawn(draft, 0),
    "evidence_requested": lambda draft: notices.evidence_requested(draft, ["photo", "x_ray", "invoice"], IN_3_DAYS),
    "evidence_or_closed": lambda draft: notices.evidence_requested(draft, ["photo"], IN_3_DAYS, otherwise="closed"),
    "evidence_received": lambda draft: notices.evidence_received(draft, ["photo"]),
    "seller_asked": lambda draft: notices.seller_asked(draft, IN_3_DAYS),
    "referred": lambda draft: notices.referred(draft, answer_by=IN_3_DAYS),
    "claim_closed": notices.claim_closed,
    "claim_closed_for_now": lambda draft: notices.claim_closed(draft, reopen_until=IN_3_DAYS),
    "appeal_received": lambda draft: notices.appeal_received(draft, answer_by=IN_3_DAYS),
    "appeal_upheld": notices.appeal_upheld,
    "appeal_lowered": notices.appeal_lowered,
    "appeal_rejected": notices.appeal_rejected,
    "return_requested": lambda draft: notices.return_requested(draft, hand_in_by=IN_3_DAYS),
    "return_with_label": lambda draft: notices.return_requested(
        draft, hand_in_by=IN_3_DAYS, back_by=IN_FEBRUARY, label=LABEL
    ),
    "return_received": notices.return_received,
    "too_early": lambda draft: notices.too_early(draft, IN_FEBRUARY),
    "too_early_undated": lambda draft: notices.too_early(draft, None),
}
READ = tomllib.loads((Path(__file__).parent / "told-of-complaints.toml").read_text(encoding="utf-8"))
"""Of each step: what the notice is about, its subjects, and its bodies by language."""


def draft_of(time_zone: str = "America/Sao_Paulo") -> Draft:
    """A complaint is being decided."""
    story = ClaimsStory()
    story.given(placed(time_zone=time_zone), issued(), complaint(day(2)))
    return Draft(story.case, NOW, "DisputeOpened", NOW, [])


def told(tell: Tell, draft: Draft | None = None) -> BuyerNotified:
    """The one notice that is published."""
    draft = draft or draft_of()
    tell(draft)
    (event,) = draft.events
    assert isinstance(event, BuyerNotified)
    check_event(event)
    return event


def test_every_step_is_read_in_some_notice() -> None:
    assert set(READ) == set(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_told_in_four_languages(step: str) -> None:
    event = told(STEPS[step])
    assert {text.language.value: [text.subject, text.body] for text in event.texts} == READ[step]


@pytest.mark.parametrize("step", STEPS)
def test_a_notice_is_made_of_the_sentences_that_its_shape_has(step: str) -> None:
    draft = draft_of()
    event = told(STEPS[step], draft)
    kept = draft.case.told[-1]
    assert (kept.about, kept.at) == (event.about, NOW)
    assert rendered(kept, draft.case) == event.texts
    slots = list(NOTICES[event.about].slots)
    for slot in slots:
        chosen = [name for name in kept.sentences if name in slot]
        assert len(chosen) == 1 or (not chosen and "" in slot)
    order = [next(index for index, slot in enumerate(slots) if name in slot) for name in kept.sentences]
    assert order == sorted(set(order))


@pytest.mark.parametrize(
    ("step", "act_by"),
    [
        ("offer_made", IN_3_DAYS),
        ("evidence_requested", IN_3_DAYS),
        ("return_requested", IN_3_DAYS),
        ("claim_closed_for_now", IN_3_DAYS),
        ("claim_closed", None),
        ("seller_asked", None),
        ("referred", None),
    ],
)
def test_the_event_says_until_when_the_buyer_can_act(step: str, act_by: datetime | None) -> None:
    assert told(STEPS[step]).act_by == act_by


def test_what_a_notice_is_about_follows_from_the_step_alone() -> None:
    assert {told(tell).about for tell in STEPS.values()} == set(NOTICES) - {
        *("approved", "refund_delayed", "refund_withdrawn"),
        *("already_paid", "not_covered", "excluded", "no_policy"),
    }


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (timedelta(days=2), (2, "days")),
        (timedelta(days=1, hours=23), (1, "days")),
        (timedelta(hours=23, minutes=59), (23, "hours")),
        (timedelta(minutes=59, seconds=59), (59, "minutes")),
        (timedelta(seconds=30), (0, "minutes")),
        (timedelta(seconds=-1), (0, "minutes")),
    ],
)
def test_no_more_time_is_told_than_there_is(time: timedelta, expected: tuple[int, str]) -> None:
    assert left(NOW, NOW + time) == expected


@pytest.mark.parametrize(
    ("until", "texts"),
    [
        (IN_1_DAY, {"zh": "1 天", "en": "1 day ", "pt": "1 dia ", "es": "1 día "}),
        (IN_3_DAYS, {"zh": "3 天", "en": "3 days ", "pt": "3 dias ", "es": "3 días "}),
        (NOW + timedelta(hours=1), {"zh": "1 小时", "en": "1 hour ", "pt": "1 hora ", "es": "1 hora "}),
        (NOW + timedelta(hours=5), {"zh": "5 小时", "en": "5 hours ", "pt": "5 horas ", "es": "5 horas "}),
        (NOW, {"zh": "0 分钟", "en": "0 minutes ", "pt": "0 minuto ", "es": "0 minutos "}),
    ],
)
def test_counts_have_the_plurals_of_each_language(until: datetime, texts: dict[str, str]) -> None:
    """Portuguese has the singular for zero too."""
    event = told(lambda draft: notices.offer_made(draft, 100, until, gives_up=False))
    assert all(texts[text.language.value] in text.body for text in event.texts)


def test_a_time_says_of_which_zone_it_is() -> None:
    for zone, expected in (
        ("Asia/Shanghai", "January 8, 2026, 4:30\u202fAM (GMT+08:00)"),
        ("Nowhere/Land", "January 7, 2026, 8:30\u202fPM (GMT+00:00)"),
    ):
        event = told(STEPS["referred"], draft_of(zone))
        assert any(expected in text.body for text in event.texts)


def test_a_label_that_is_too_long_is_refused_and_not_cut() -> None:
    with pytest.raises(ValueError, match=r"label: at most 200 characters were expected, got 201"):
        notices.return_requested(draft_of(), hand_in_by=IN_3_DAYS, label="x" * (MAX_LABEL_CHARACTERS + 1))


def test_an_amount_is_told_by_the_texts_and_not_as_paid() -> None:
    """`amount` is what is paid: an offer is not."""
    assert told(STEPS["offer_made"]).amount is None


def test_the_file_keeps_the_last_notices() -> None:
    draft = draft_of()
    for minor in range(1, 41):
        notices.offer_accepted(draft, minor)
    assert [told.amounts["amount"] for told in draft.case.told] == list(range(9, 41))
    assert (len(draft.case.told), draft.case.notices) == (MAX_TOLD, 41)
