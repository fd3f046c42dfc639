"""Writes a notice into the draft: the event, and in the file what was told."""

from collections.abc import Mapping
from datetime import datetime

from waybond_claims.case.notified import MAX_TOLD, Told
from waybond_claims.draft import Draft, named
from waybond_claims.events import money
from waybond_claims.notices.rendered import texts
from waybond_contracts.claims import BuyerNotified
from waybond_contracts.orders import Language


def tell(
    draft: Draft,
    about: str,
    *sentences: str,
    amounts: Mapping[str, int] | None = None,
    instants: Mapping[str, datetime] | None = None,
    words: Mapping[str, str] | None = None,
    pays: int | None = None,
    expected_by: datetime | None = None,
    act_by: datetime | None = None,
) -> None:
    """Tell the buyer these sentences, with these values by their names in the texts.

    `pays` (minor units), `expected_by` and `act_by` are told by the event beside the texts.
    """
    case = draft.case
    order = case.order
    told = Told(about, draft.now, sentences, dict(amounts or {}), dict(instants or {}), dict(words or {}))
    fields = {
        "version": case.version,
        "notice_id": named(case.claim_id, f"notice/{case.notices}"),
        "about": about,
        "language": Language(order.language) if order is not None else Language.EN,
        "texts": texts(told, case),
        "amount": money(case, pays) if pays is not None else None,
        "expected_by": expected_by,
        "act_by": act_by,
        "ordinal": case.notices,
    }
    draft.publish(BuyerNotified, fields)
    draft.change(notices=case.notices + 1, told=(*case.told, told)[-MAX_TOLD:])
