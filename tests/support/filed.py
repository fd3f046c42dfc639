"""Makes what people say on the way of a claim: documents, answers of sellers and buyers, appeals."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any

from tests.support.claims import KEY, ClaimsStory, usd
from waybond_contracts.claims import OfferMade
from waybond_contracts.commands import AcceptOffer, Appeal, DeclineOffer
from waybond_contracts.disputes import (
    ClaimFiled,
    DisputeReason,
    Document,
    DocumentKind,
    EvidenceSubmitted,
    Party,
    SellerResponded,
    SellerResponse,
)


def clause(*lines: str, trigger: str = "claim", tiers: str = '[{ share = "1.00" }]') -> str:
    """A clause that pays for damage which somebody claims, all of the goods' value, with these lines in it."""
    head = ["[[clause]]", 'id = "DA-1"', 'peril = "damaged"', f'trigger = "{trigger}"', f"tiers = {tiers}"]
    return "\n" + "\n".join([*head, *lines]) + "\n"


PHOTO = '{ of = "buyer", any_of = ["photo_of_damage", "video"], within = "P7D", absent = "close" }'
SHIPPED = '{ of = "seller", any_of = ["proof_of_shipment"], within = "P5D", absent = "pay" }'
PARTS = '{ remedy = "refund" }, { remedy = "part_refund", most = "0.60", borne_by = "seller" }'


def evidence(*needs: str) -> str:
    return f"evidence = [{', '.join(needs)}]"


def remedies(*each: str) -> str:
    return f"remedies = [{', '.join(each)}]"


def document(kind: str = "photo_of_damage", name: str = "") -> Document:
    """A document whose bytes are its name."""
    digest = sha256((name or kind).encode()).hexdigest()
    return Document(kind=DocumentKind(kind), sha256=digest, media_type="image/jpeg", size_bytes=1_000)


def handed_in(at: datetime, *kinds: str, by: str = "buyer", dispute_id: str = "D-1", name: str = "") -> Any:
    """Somebody hands in documents of these kinds."""
    return EvidenceSubmitted(
        **KEY,
        occurred_at=at,
        dispute_id=dispute_id,
        evidence_id=f"E-{at.isoformat()}",
        kind=kinds[0],
        by=by,
        details=tuple(document(kind, name) for kind in kinds),
    )


def filed(at: datetime, *kinds: str, dispute_id: str = "D-1", reason: str = "DAMAGED", **fields: Any) -> ClaimFiled:
    """The buyer files a claim with these documents."""
    known = {"by": Party.BUYER, "reason": DisputeReason(reason), "documents": tuple(map(document, kinds))}
    return ClaimFiled(**KEY, occurred_at=at, dispute_id=dispute_id, **(known | fields))


def seller(at: datetime, response: str, *, dispute_id: str = "D-1", minor: int | None = None, **fields: Any) -> Any:
    """The seller accepts, contests or offers `minor`."""
    known = {"response_id": f"S-{at.isoformat()}", "amount": usd(minor) if minor is not None else None}
    return SellerResponded(
        **KEY, occurred_at=at, dispute_id=dispute_id, response=SellerResponse(response), **(known | fields)
    )


def accepts(offer: OfferMade, at: datetime, **fields: Any) -> AcceptOffer:
    """The buyer takes the offer, as its event showed it."""
    return AcceptOffer(**KEY, **(_command(offer, at, "a") | fields))


def declines(offer: OfferMade, at: datetime, **fields: Any) -> DeclineOffer:
    return DeclineOffer(**KEY, **(_command(offer, at, "d") | fields))


def _command(offer: OfferMade, at: datetime, what: str) -> dict[str, Any]:
    return {
        "occurred_at": at,
        "command_id": f"{what}-{at.isoformat()}",
        "claim_id": offer.claim_id,
        "case_version": offer.version,
        "by": "buyer-7",
        "offer_id": offer.offer_id,
    }


def appeal(story: ClaimsStory, at: datetime, *kinds: str, name: str = "", **fields: Any) -> Appeal:
    """The buyer appeals with these documents."""
    known: dict[str, Any] = {
        "occurred_at": at,
        "command_id": f"p-{at.isoformat()}",
        "claim_id": story.case.claim_id,
        "case_version": story.case.version,
        "by": "buyer-7",
        "dispute_id": "D-1",
        "documents": tuple(document(kind, name) for kind in kinds),
    }
    return Appeal(**KEY, **(known | fields))
