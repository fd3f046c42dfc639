"""What the brake does to one payment: it waits for a switch to be released, for the next hour, or for a person.

Nothing is lost while it waits: what is owed stays owed, and the case looks again by itself.
"""

from datetime import datetime, timedelta

from waybond_claims.brake import Brake, Commanded, Paid
from waybond_claims.case.money import Command
from waybond_claims.case.question import WITHDRAWN
from waybond_claims.case.state import Case
from waybond_claims.desk.kinds import KINDS, Effect, Question, parsed
from waybond_claims.draft import Draft
from waybond_contracts.claims import ReferralReason

FIRST_LOOK = timedelta(minutes=1)
LAST_LOOK = timedelta(minutes=15)
"""A payment that waits looks again after as long as it has waited already, within these two: an hour's stop of a
hundred thousand orders is not asked about a hundred thousand times a minute."""
HOUR = timedelta(hours=1)


def stands_against(draft: Draft, minor: int, again: Command | None) -> bool:
    """Whether the brake keeps the case from commanding `minor` now; then the draft has the question to a person.

    Else what counts under a ceiling is in the draft's rows: the command must follow. `again` is the attempt that failed
    before it.
    """
    brake, case = draft.brake, draft.case
    if brake is None or case.policy is None or case.order is None:
        return False
    paid = Paid(case.order_key.partition("/")[0], case.policy.product, case.order.currency)
    draft.braked = _stopped(draft, brake, paid, minor, again)
    if draft.braked is not None:
        return True
    ceiling = brake.ceilings.get(paid)
    if ceiling is None:
        return False
    counts = counted(case, minor)
    hour = brake.hour(draft.sent_at)
    used = brake.used.get((paid, hour), 0)
    if counts and used + counts > ceiling:
        draft.braked = _above(draft, minor, again)
        if draft.braked is not None:
            return True
    if counts:
        draft.commanded = (*draft.commanded, Commanded(paid, hour, counts))
    return False


def counted(case: Case, minor: int) -> int:
    """How much of a new command of `minor` counts under a ceiling: what was commanded before and did not reach the
    buyer counted then.

    Scenario: 30 are commanded, fail, and are commanded again: nothing counts. Had 40 become due meanwhile: 10.
    """
    before = highest = 0
    for each in case.commands:
        highest = max(highest, before + each.minor)
        before += each.counts
    return max(0, before + minor - highest)


def untold(draft: Draft) -> bool:
    """Whether the payment waits for the brake and the buyer was not told so yet."""
    if draft.braked is None:
        return False
    ordinal = str(_ordinal(draft.case))
    asked = [parsed(each.key) for each in draft.case.referrals]
    return not any(kind.effect is Effect.BRAKE and about.split(":")[0] == ordinal for kind, about in asked)


def next_look(draft: Draft) -> datetime | None:
    """When a payment that waits for the brake looks again."""
    question = draft.braked
    if question is None:
        return None
    opened = [each.opened_at for each in draft.case.referrals if each.key == question.key and each.choice != WITHDRAWN]
    waited = draft.sent_at - min(opened, default=draft.sent_at)
    soon = draft.sent_at + min(max(waited, FIRST_LOOK), LAST_LOOK)
    if question.kind.queue is ReferralReason.PAYOUT_CEILING and draft.brake is not None:
        return min(soon, draft.brake.hour(draft.sent_at) + HOUR)
    return soon


def _stopped(draft: Draft, brake: Brake, paid: Paid, minor: int, again: Command | None) -> Question | None:
    for stop in brake.stops:
        if stop.holds(paid.tenant, paid.product):
            whose = " of ".join(each for each in (stop.product, stop.tenant) if each is not None) or "all"
            text = f"Payments are stopped ({whose}); this one is commanded once they are released."
            about = f"{_ordinal(draft.case)}:{stop.entry}"
            return Question(KINDS["stopped"], about, text, minor, again.refund_id if again is not None else None)
    return None


def _above(draft: Draft, minor: int, again: Command | None) -> Question | None:
    """The question about a payment above the ceiling; None where a person ordered that it is made all the same."""
    text = "The payout ceiling of this hour is reached. Is this one paid all the same, or does it wait for its turn?"
    about = f"{_ordinal(draft.case)}:{minor}"
    question = Question(KINDS["ceiling"], about, text, minor, again.refund_id if again is not None else None)
    ordered = any(each.key == question.key and each.choice == "pay" for each in draft.case.referrals)
    return None if ordered else question


def _ordinal(case: Case) -> int:
    """The number of the command that waits: what was asked and told of it is not asked and told of the next one."""
    return len(case.commands) + 1
