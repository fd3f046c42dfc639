"""A dispute is the same in whichever order it is told, with revisions, without, or some of its words with them."""

import random
from collections.abc import Sequence
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.claims import KEY, ClaimsStory, complaint, day, filed, issued, lost, placed, resolved, staged, usd
from tests.support.story import Story
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.case.money import Elsewhere
from waybond_claims.case.state import Case
from waybond_claims.case.told import contradictory
from waybond_claims.decide import decide
from waybond_contracts.disputes import DisputeOutcome, DisputeWithdrawn
from waybond_contracts.event import Event

KNOWN = day(60)
MOST_ORDERS = 4
DAYS = st.integers(5, 9)
REVISIONS = st.none() | st.integers(1, 3)
AMOUNTS = st.sampled_from((None, 0, 3_000, 6_000))


@st.composite
def words(draw: st.DrawFn) -> list[Event]:
    """Two to five words of one dispute, close together, so that dates and revisions meet and cross."""
    found: list[Event] = []
    for _ in range(draw(st.integers(2, 5))):
        at, revision = day(draw(DAYS)), draw(REVISIONS)
        amount = draw(st.none() | st.just(usd(2_500)))
        match draw(st.sampled_from(("opened", "filed", "staged", "ended", "ended", "withdrawn"))):
            case "opened":
                reason = draw(st.sampled_from(("OTHER", "DAMAGED")))
                found.append(complaint(at, reason, stage="CHARGEBACK", amount=amount, provider="visa", raw_code="13.1"))
            case "filed":
                found.append(filed(at, draw(st.sampled_from(("OTHER", "LATE"))), amount=amount, lines=("1",)))
            case "staged":
                stage = draw(st.sampled_from(("INQUIRY", "CHARGEBACK", "ARBITRATION")))
                found.append(
                    staged(at, stage, revision=revision, amount=amount, answer_by=draw(st.none() | st.just(at)))
                )
            case "withdrawn":
                found.append(DisputeWithdrawn(**KEY, occurred_at=at, dispute_id="D-1"))
            case _:
                outcome = draw(st.sampled_from(DisputeOutcome))
                ref = draw(st.sampled_from((None, "re_8", "re_9")))
                ended = resolved(at, draw(AMOUNTS), outcome=outcome, revision=revision, provider_refund_ref=ref)
                found.append(ended)
    return found


Seen = tuple[Dispute, tuple[Elsewhere, ...], int, int, bool]


BOUND = ClaimsStory()
BOUND.given(placed(), issued())
"""Told once; the words of each order come behind it."""


def seen(story: Story[Case], order: Sequence[Event]) -> Seen:
    """What the file has of the dispute once all is told, but for what was answered meanwhile."""
    for each in order:
        story.when(each, KNOWN)
    story.when(lost(day(12)), KNOWN)
    case = story.state
    assert case is not None
    (dispute,) = case.disputes
    told = replace(dispute, answer="", eligible_at=None)
    return told, case.elsewhere, elsewhere(case), case.entitled, contradictory(dispute)


def checked() -> ClaimsStory:
    """The order is bound; what must always hold is checked after each step."""
    story = ClaimsStory()
    story.given(placed(), issued())
    return story


def plain() -> Story[Case]:
    """The same without the checks and the codec, which take most of the time."""
    story = Story(decide)
    story.state, story.now, story.armed_at = BOUND.state, BOUND.now, BOUND.armed_at
    return story


def orders(found: Sequence[Event], seed: int) -> list[tuple[Event, ...]]:
    """All orders of two or three words, of more some: backwards, and others that are drawn."""
    every = list(permutations(found))[1:]
    return every if len(every) < MOST_ORDERS else [every[-1], *random.Random(seed).sample(every, MOST_ORDERS)]


@settings(max_examples=100, deadline=None)
@given(words(), st.integers(0, 2**32))
def test_all_orders_in_which_a_dispute_is_told_give_the_same_file(found: list[Event], seed: int) -> None:
    first = seen(checked(), found)
    for order in orders(found, seed):
        assert seen(plain(), order) == first
