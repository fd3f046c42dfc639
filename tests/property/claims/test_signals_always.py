"""Whatever comes in whichever order: a claim that signals speak against, or of which they say nothing, is a person's.

The clause pays broken goods once a photo is there, and closes the claim without one after 7 days. It heeds the buyer's
claims and the photo.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.claims import ClaimsStory, day, issued, placed
from tests.support.filed import filed, handed_in
from tests.support.signalled import BUYER, HASH, SECOND, SEEN, heeding, photo, told
from waybond_contracts.claims import ClaimDenied
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.signals import SignalsTold, SubjectKind

FILED = day(10)
HANDED_IN = handed_in(FILED, "photo_of_damage").model_copy(update={"details": (photo(),)})

Word = tuple[int, int, int, bool, tuple[SubjectKind, ...]]
"""Version, claims of the buyer, orders with the same photo, whether the photo was compared, what did not answer."""
answers: st.SearchStrategy[Word] = st.tuples(
    st.integers(1, 3),
    st.sampled_from([0, 2, 3]),
    st.sampled_from([0, 1]),
    st.booleans(),
    st.sampled_from([(), (SubjectKind.BUYER,), (SubjectKind.PHOTO,), (SubjectKind.ADDRESS,)]),
)
seconds = st.one_of(st.integers(0, 60), st.integers(60, 10 * 86_400))


def answered(at: datetime, word: Word) -> SignalsTold:
    version, claims, same, compared, late = word
    facts = [("buyer", "claims_90d", claims), ("photo", "same_photo", same)]
    return told(
        at,
        *[each for each in facts if each[2]],
        version=version,
        photos=(HASH,) if compared else (),
        late=late,
    )


def clears(word: SignalsTold | None, compared: bool) -> bool:
    """Whether nothing speaks for a look, and it knows what the clause asks about, and a photo that was handed in."""
    if word is None or (word.late and set(word.late) != {SubjectKind.ADDRESS}):
        return False
    over = any(each.value > (2 if each.fact == "claims_90d" else 0) for each in word.facts)
    return not over and (HASH in word.photos or not compared)


@settings(max_examples=60)
@given(st.lists(st.tuples(seconds, answers), max_size=4), st.one_of(st.none(), seconds))
def test_nothing_is_paid_or_closed_by_itself_unless_signals_clear_it(
    words: list[tuple[int, Word]], handed: int | None
) -> None:
    story = ClaimsStory().given(placed(), issued(heeding(BUYER, SEEN)))
    facts: list[Event] = [answered(FILED + timedelta(seconds=after), word) for after, word in words]
    if handed is not None:
        facts.append(HANDED_IN.model_copy(update={"occurred_at": FILED + timedelta(seconds=handed)}))
    story.when(filed(FILED))
    known: list[SignalsTold] = []
    compared = False
    before = 0
    for fact in [*sorted(facts, key=lambda each: each.occurred_at), None]:
        if fact is None:
            story.until(day(40))
        else:
            story.until(fact.occurred_at - SECOND / 2)
        check(story, before, known, compared)
        before = len(story.published)
        if fact is None:
            break
        story.when(fact)
        known += [fact] if isinstance(fact, SignalsTold) else []
        compared = compared or fact.event_type == HANDED_IN.event_type
        check(story, before, known, compared)
        before = len(story.published)


def check(story: ClaimsStory, since: int, known: list[SignalsTold], compared: bool) -> None:
    """Of what was published since then: what was paid or denied, the newest word clears."""
    newest = max(known, key=lambda each: (each.asked_at, each.version), default=None)
    for each in story.published[since:]:
        if isinstance(each.event, IssueRefund | ClaimDenied):
            assert clears(newest, compared), (type(each.event).__name__, newest)
