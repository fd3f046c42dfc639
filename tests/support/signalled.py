"""Makes what signals tell claims, and a clause that heeds it: broken goods, paid once a photo of them is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.support.claims import KEY, ClaimsStory, issued, only, placed
from tests.support.filed import PHOTO, clause, document, evidence, filed
from waybond_contracts.disputes import Document
from waybond_contracts.signals import SignalFact, SignalsTold, SubjectKind

SECOND = timedelta(seconds=1)
HASH = "0f1e2d3c4b5a6978"
"""Of the photo that the buyer hands in."""
BUYER = '{ fact = "claims_90d", of = "buyer", above = 2 }'
SHOP = '{ fact = "claims_90d", of = "address", above = 3, of_orders = "0.20" }'
SEEN = '{ fact = "same_photo", of = "photo", above = 0 }'


def refer_when(*conditions: str) -> str:
    return f"refer_when = [{', '.join(conditions)}]"


def heeding(*conditions: str, more: str = "") -> str:
    """A wording with one clause that pays with a photo, and heeds these conditions."""
    return only(clause(evidence(PHOTO), 'proven = "pay"', refer_when(*(conditions or (BUYER,))), more))


def photo(perceptual_hash: str = HASH) -> Document:
    return document(name=perceptual_hash).model_copy(update={"perceptual_hash": perceptual_hash})


def claimed(at: datetime, body: str | None = None, **fields: Any) -> ClaimsStory:
    """Somebody files a claim with the photo for an order that is covered."""
    story = ClaimsStory().given(placed(), issued(body or heeding()))
    known: dict[str, Any] = {"documents": (photo(),)} | fields
    story.when(filed(at, **known))
    return story


def told(at: datetime, *facts: tuple[str, str, int], version: int = 1, **fields: Any) -> SignalsTold:
    """Signals tell these facts (kind, name, how many) about claim D-1 and its photo."""
    known = {
        "version": version,
        "disputes": ("D-1",),
        "asked_at": at,
        "facts": tuple(
            SignalFact(of=SubjectKind(of), fact=fact, value=value, orders=("shop/Z-9",)) for of, fact, value in facts
        ),
        "photos": (HASH,),
    }
    return SignalsTold(**KEY, occurred_at=at, **(known | fields))
