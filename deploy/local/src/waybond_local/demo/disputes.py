"""The demo's two disputes, on a stack that takes its time from the wall: what people say, and who decides.

A vase arrives broken, and is paid with its photo. A lamp is not the one in the picture: a part is offered and declined,
a person does not pay, the buyer appeals with an expert's opinion, and a lead pays. Both decide over HTTP, as the
[desk](docs/desk.md) has it. Nothing is said of parcels: what was promised in time is another product's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from aiokafka import AIOKafkaProducer
from rich.console import Console

from waybond_contracts import claims, disputes, orders, policies, refunds
from waybond_contracts.commands import Appeal, DeclineOffer
from waybond_contracts.disputes import DisputeReason, Document, DocumentKind, Party
from waybond_contracts.money import Money
from waybond_contracts.orders import CoverSelection, OrderLine, Payment
from waybond_contracts.topics import TOPICS
from waybond_local.demo.record import reader
from waybond_local.demo.scene import Desk, Scene
from waybond_local.people import add_person
from waybond_local.provision import DATABASE, with_database
from waybond_local.replay.command import ensure_tenant
from waybond_local.replay.timed import About
from waybond_local.state import StackState

PRODUCT = "return-and-dispute-cover"
PLATFORM = "shop"
VASE, LAMP = "US-2001", "US-2002"


async def tell(stack: StackState, tenant: str, console: Console) -> None:
    """Play both disputes on a running stack, and print them as they happen."""
    await ensure_tenant(stack, tenant, PRODUCT)
    dsn, url = with_database(stack.admin_dsn, DATABASE), stack.url("claims")
    adjuster = Desk(url, await add_person(dsn, tenant, "adjuster-1", "adjuster", {}))
    lead = Desk(url, await add_person(dsn, tenant, "lead-1", "lead", {}))
    topics = [topic.name for topic in TOPICS]
    async with (
        AIOKafkaProducer(bootstrap_servers=stack.kafka, acks="all", enable_idempotence=True) as producer,
        reader(stack.kafka, topics, stack.partitions, replay=False) as log,
    ):
        for order_id, play in ((VASE, _broken_vase), (LAMP, _other_lamp)):
            scene = Scene(producer, log, console, About(tenant=tenant, platform=PLATFORM, order_id=order_id))
            await play(scene, adjuster, lead)


async def _broken_vase(scene: Scene, _adjuster: Desk, _lead: Desk) -> None:
    await scene.say(_order(scene, "Vase", 12_000, "sku-vase-2"))
    await scene.until(policies.PolicyIssued)
    await scene.say(_claim(scene, DisputeReason.DAMAGED, "It was broken when I opened the box"))
    await scene.until(claims.EvidenceRequested)
    await scene.until(claims.BuyerNotified)
    await scene.say(_hands_in(scene, DocumentKind.PHOTO_OF_DAMAGE))
    await scene.until(claims.ClaimSettled)
    took = scene.appended_ms(refunds.IssueRefund) - scene.appended_ms(disputes.EvidenceSubmitted)
    scene.console.print(f"{'':27}Between the photo and the refund command lay {took} ms.")


async def _other_lamp(scene: Scene, adjuster: Desk, lead: Desk) -> None:
    await scene.say(_order(scene, "Lamp", 8_000, "sku-lamp-9"))
    await scene.until(policies.PolicyIssued)
    reason = "The shade is plastic, and the picture shows glass"
    await scene.say(_claim(scene, DisputeReason.DIFFERENT, reason, DocumentKind.PHOTO_OF_GOODS))
    offer = await scene.until(claims.OfferMade)
    await scene.until(claims.BuyerNotified)
    declined = DeclineOffer(
        **scene.about,
        occurred_at=_now(),
        command_id="d-1",
        claim_id=offer.claim_id,
        case_version=offer.version,
        by="buyer-51",
        offer_id=offer.offer_id,
    )
    await scene.say(declined)
    await scene.until(claims.BuyerNotified, lambda notice: notice.about == "referred")
    await adjuster.decide(LAMP, "do_not_pay", "evidence_missing", "the photo does not show what it is made of")
    await scene.until(claims.BuyerNotified, lambda notice: notice.about == "not_covered")
    appealed = Appeal(
        **scene.about,
        occurred_at=_now(),
        command_id="a-1",
        claim_id=offer.claim_id,
        by="buyer-51",
        case_version=scene.version,
        dispute_id="claim-1",
        statement="A dealer in lamps has looked at it",
        documents=(_document(DocumentKind.EXPERT_OPINION),),
    )
    await scene.say(appealed)
    await scene.until(claims.BuyerNotified, lambda notice: notice.about == "appeal_received")
    await lead.decide(LAMP, "pay", "evidence_accepted", "the dealer's opinion is clear")
    await scene.until(claims.ClaimSettled)


def _order(scene: Scene, title: str, minor: int, sku: str) -> orders.OrderPlaced:
    total = Money.of(minor, "USD")
    return orders.OrderPlaced(
        **scene.about,
        occurred_at=_now(),
        buyer_ref="buyer-51",
        seller_ref="seller-19",
        total=total,
        lines=(OrderLine(line_id="1", sku=sku, quantity=1, total=total, title=title),),
        origin="CN",
        destination="US",
        payment=Payment(provider="sandbox", kind="card", reference="fate:paid"),
        cover=CoverSelection(product=PRODUCT),
    )


def _claim(scene: Scene, reason: DisputeReason, statement: str, *kinds: DocumentKind) -> disputes.ClaimFiled:
    return disputes.ClaimFiled(
        **scene.about,
        occurred_at=_now(),
        dispute_id="claim-1",
        by=Party.BUYER,
        reason=reason,
        statement=statement,
        documents=tuple(map(_document, kinds)),
    )


def _hands_in(scene: Scene, kind: DocumentKind) -> disputes.EvidenceSubmitted:
    return disputes.EvidenceSubmitted(
        **scene.about,
        occurred_at=_now(),
        dispute_id="claim-1",
        evidence_id="evidence-1",
        kind=kind.value,
        by="buyer",
        details=(_document(kind),),
    )


def _document(kind: DocumentKind) -> Document:
    digest = sha256(f"demo {kind}".encode()).hexdigest()
    return Document(kind=kind, sha256=digest, media_type="image/jpeg", size_bytes=182_340, taken_at=_now())


def _now() -> datetime:
    """A moment ago: what was said comes before what is heard."""
    return datetime.now(UTC) - timedelta(milliseconds=1)
