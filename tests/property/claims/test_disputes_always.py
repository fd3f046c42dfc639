"""A dispute is the same in whichever order it is told, with revisions, without, or some of its words with them."""

import random
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.claims import KEY, ClaimsStory, complaint, day, filed, issued, lost, placed, resolved, staged, usd
from waybond_claims.case.complaint import Dispute
from waybond_claims.case.elsewhere import elsewhere
from waybond_claims.case.money import Elsewhere
from waybond_claims.case.told import contradictory
from waybond_contracts.disputes import DisputeOutcome, DisputeWithdrawn
from waybond_contracts.event import Event

KNOWN = day(60)
MOST_ORDERS = 24
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


def seen(order: tuple[Event, ...]) -> Seen:
    """What the file has of the dispute once all is told, but for what was answered meanwhile."""
    story = ClaimsStory()
    story.given(placed(), issued())
    for each in order:
        story.when(each, KNOWN)
    story.when(lost(day(12)), KNOWN)
    case = story.case
    (dispute,) = case.disputes
    told = replace(dispute, answer="", eligible_at=None)
    return told, case.elsewhere, elsewhere(case), case.entitled, contradictory(dispute)


@settings(max_examples=120, deadline=None)
@given(words(), st.integers(0, 2**32))
def test_all_orders_in_which_a_dispute_is_told_give_the_same_file(found: list[Event], seed: int) -> None:
    orders = list(permutations(found))
    first = seen(orders[0])
    for order in random.Random(seed).sample(orders, min(MOST_ORDERS, len(orders))):
        assert seen(order) == first
