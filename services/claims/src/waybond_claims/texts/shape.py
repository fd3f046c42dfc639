"""What the files of texts have to hold: of which sentences each notice is made, and what is filled in where.

A sentence is named `group.key`, as the files have it. A key that was published stays: claim files name it.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from waybond_contracts.disputes import DocumentKind
from waybond_contracts.wording import Peril


class Place(Enum):
    """What is filled in for a name in braces."""

    ORDER = "the order's id"
    AMOUNT = "an amount"
    DAY = "a day where the buyer lives"
    MOMENT = "a day and a time where the buyer lives"
    LEFT = "how many days, hours or minutes are left"
    CLAUSE = "a clause's title, or the name of its peril"
    KINDS = "kinds of evidence"
    FREE = "text of the platform"


PLACES: Mapping[str, Place] = {
    "order": Place.ORDER,
    "amount": Place.AMOUNT,
    "total": Place.AMOUNT,
    "date": Place.DAY,
    "arrives": Place.DAY,
    "until": Place.MOMENT,
    "back": Place.MOMENT,
    "left": Place.LEFT,
    "clause": Place.CLAUSE,
    "kinds": Place.KINDS,
    "label": Place.FREE,
}

PERILS = (*[peril.value for peril in Peril], "other")
HAPPENED = tuple([f"happened.{peril}" for peril in PERILS])
REST = tuple([f"rest.{peril}" for peril in PERILS])
UNITS = ("days", "hours", "minutes")
"""What is counted; in a file each has a form for each plural that its language has."""
OTHER_EVIDENCE = DocumentKind.OTHER.value
"""How evidence of a kind without a name of its own is called."""
EVIDENCE = frozenset([kind.value for kind in DocumentKind])
"""The kinds of evidence that have a name in each language."""
MAX_KINDS_NAMED = 8
"""How many kinds of evidence a notice names; what is beyond them is other evidence."""


class Made(NamedTuple):
    """Of what a notice is made: its subject `<about>.subject`, and one sentence of each slot, in this order.

    A slot with an empty name among its sentences may be left out.
    """

    slots: tuple[tuple[str, ...], ...]


_NEXT = ("next.answer", "next.undated")

NOTICES: Mapping[str, Made] = {
    "approved": Made(
        (HAPPENED + REST, ("approved.clause", ""), ("approved.refund", "approved.credit"), ("approved.in_all", ""))
    ),
    "refund_delayed": Made((("refund_delayed.body",),)),
    "refund_withdrawn": Made((("refund_withdrawn.body", "refund_withdrawn.elsewhere"),)),
    "too_early": Made((("too_early.body", "too_early.undated"),)),
    "already_paid": Made((("already_paid.body", "already_paid.elsewhere"), ("already_paid.later", ""))),
    "not_covered": Made((("not_covered.body",), ("not_covered.clause", ""))),
    "excluded": Made((("excluded.body",), ("excluded.clause", ""))),
    "no_policy": Made((("no_policy.body",),)),
    "offer_made": Made((("offer_made.body", "offer_made.again"), ("offer_made.gives_up", ""))),
    "offer_accepted": Made((("offer_accepted.body", "offer_accepted.again"),)),
    "offer_declined": Made((("offer_declined.body", "offer_declined.again"), _NEXT)),
    "offer_expired": Made((("offer_expired.body", "offer_expired.again"),)),
    "offer_withdrawn": Made((("offer_withdrawn.body", "offer_withdrawn.again"),)),
    "evidence_requested": Made(
        (("evidence_requested.body",), ("evidence_requested.decided", "evidence_requested.closed"))
    ),
    "evidence_received": Made((("evidence_received.body",), _NEXT)),
    "seller_asked": Made((("seller_asked.body",),)),
    "referred": Made((("referred.body",), _NEXT)),
    "claim_closed": Made((("claim_closed.body", "claim_closed.not_returned"), ("claim_closed.reopen", ""))),
    "appeal_received": Made((("appeal_received.body",), _NEXT)),
    "appeal_upheld": Made((("appeal_upheld.body",),)),
    "appeal_lowered": Made((("appeal_lowered.body",),)),
    "appeal_rejected": Made(
        (("appeal_rejected.body", "appeal_rejected.appeal_too_late", "appeal_rejected.nothing_new"),)
    ),
    "return_requested": Made(
        (("return_requested.body",), ("return_requested.back", ""), ("return_requested.label", ""))
    ),
    "return_received": Made((("return_received.body",), _NEXT)),
}
"""By what a notice is about."""


def keys() -> dict[str, set[str]]:
    """What each group of sentences has to hold, beside the counts and the kinds of evidence."""
    wanted: dict[str, set[str]] = {"peril": set(PERILS)}
    for about, made in NOTICES.items():
        wanted.setdefault(about, set()).add("subject")
        for name in [each for slot in made.slots for each in slot if each]:
            group, _, key = name.partition(".")
            wanted.setdefault(group, set()).add(key)
    return wanted
