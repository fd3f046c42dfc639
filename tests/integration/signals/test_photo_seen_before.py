"""Claims and signals on real servers: a photo of another order's complaint puts the second one before a person."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.claims import issued, placed
from tests.support.filed import filed
from tests.support.kit import World, eventually
from tests.support.signalled import SEEN, heeding, photo
from waybond_claims.app import DEFINITION as CLAIMS
from waybond_contracts.claims import ClaimReferred, ReferralReason
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.registry import PROGRESS_TYPE, decode
from waybond_contracts.topics import CLAIMS as CLAIMS_TOPIC
from waybond_contracts.topics import REFUNDS
from waybond_local.journal.audit import Audit, follow
from waybond_local.journal.replay import Place
from waybond_local.journal.services import Audited
from waybond_signals.app import DEFINITION as SIGNALS

CODE = "0.1.0"


def of(order_id: str, *events: Event) -> list[Event]:
    return [each.model_copy(update={"order_id": order_id, "occurred_at": datetime.now(UTC)}) for each in events]


async def heard(world: World, topic: str, kind: type[Any], order_id: str) -> Any:
    """The first event of a kind about an order."""

    async def look() -> list[Event]:
        found = []
        for record in await world.records(topic):
            headers = dict(record.headers)
            if headers["ce_type"] != PROGRESS_TYPE.encode():
                found.append(decode(headers["ce_type"].decode(), record.value or b"", strict=True).event)
        return [each for each in found if isinstance(each, kind) and each.order_id == order_id]

    return (await eventually(look, bool))[0]


async def claims_with_the_photo(world: World, order_id: str) -> None:
    """An order that is covered from now on, and a claim of its buyer with the photo."""
    now = datetime.now(UTC)
    order = placed(buyer_ref=f"buyer of {order_id}", promise=None)
    policy = issued(heeding(SEEN), attached_at=now - timedelta(hours=1), ends_at=now + timedelta(days=90))
    (known,) = of(order_id, policy.model_copy(update={"policy_id": f"policy {order_id}"}))
    await world.publish(*of(order_id, order))
    await world.publish(known, known_at=now)
    await world.publish(*of(order_id, filed(now, documents=(photo(),))))


async def test_a_photo_seen_in_another_complaint_puts_the_second_before_a_person(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix, partitions=2).ready(CLAIMS, SIGNALS) as world:
        async with world.running(CLAIMS) as claims, world.running(SIGNALS) as signals:
            await world.open(claims)
            await world.open(signals)
            await claims_with_the_photo(world, "1")
            await heard(world, REFUNDS, IssueRefund, "1")
            await claims_with_the_photo(world, "2")
            asked = await heard(world, CLAIMS_TOPIC, ClaimReferred, "2")
        assert asked.reason is ReferralReason.SIGNALS
        assert "same_photo of the photo is 1 (above 0)" in asked.question
        assert await world.quarantine("claims") == await world.quarantine("signals") == []
        place = Place(world.admin_dsn, world.kafka, world.partitions, False, world.prefix)
        audit = Audit()
        audit.begin()
        for definition in (CLAIMS, SIGNALS):
            for shard in range(world.partitions):
                await follow(place, Audited(definition, CODE), shard, audit)
        assert all(check.holds and not check.unchecked for check in audit.checks), [each.shown for each in audit.checks]
