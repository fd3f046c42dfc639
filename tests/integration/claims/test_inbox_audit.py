"""I7 of claims with its inbox: what the journal makes is what the table holds, and what somebody changed is noticed."""

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from tests.support.desk import FIFTY, MISSING, ask
from tests.support.kit import World, eventually
from waybond_claims.app import DEFINITION
from waybond_contracts import commands
from waybond_local.invariants.check import Check
from waybond_local.journal.audit import Audit, follow
from waybond_local.journal.replay import Place
from waybond_local.journal.services import Audited


async def replays(world: World) -> Check:
    place = Place(world.admin_dsn, world.kafka, world.partitions, False, world.prefix)
    audit = Audit()
    audit.begin()
    for shard in range(world.partitions):
        await follow(place, Audited(DEFINITION, version("waybond-claims")), shard, audit)
    return audit.replays


def said(kind: type[Any], row: dict[str, Any], claim_id: str, **fields: Any) -> Any:
    tenant, platform, order_id = row["order_key"].split("/")
    known = {"tenant": tenant, "platform": platform, "order_id": order_id, "occurred_at": datetime.now(UTC)}
    known |= {"claim_id": claim_id, "referral_id": row["referral_id"], "by": "adjuster-1"}
    return kind(**known, command_id=f"{kind.__name__}-{order_id}", **fields)


async def test_the_inbox_is_what_the_journal_makes(kafka: str, database: str, topic_prefix: str) -> None:
    """Of three orders one is handled, one is decided, and of one somebody proposes more than they may decide."""
    async with World(kafka, database, topic_prefix, partitions=2).ready(DEFINITION) as world:
        async with world.running(DEFINITION) as service:
            await world.open(service)
            rows = await ask(world, "A-1", "A-2", "A-3", body=MISSING + FIFTY)
            decide = {"case_version": rows["A-1"]["version"], "role": "adjuster"}
            await world.publish(
                said(commands.AssignReferral, rows["A-1"], "c", assignee="adjuster-2"),
                said(commands.NoteReferral, rows["A-1"], "c", note="called"),
                said(commands.DecideReferral, rows["A-2"], "c", choice="do_not_pay", **decide),
                said(commands.DecideReferral, rows["A-3"], "c", choice="pay", **decide),
            )
            await eventually(
                lambda: world.query("claims", "SELECT assignee, notes, proposed_by FROM inbox ORDER BY order_key"),
                lambda found: [tuple(row) for row in found] == [("adjuster-2", 1, ""), ("", 0, "adjuster-1")],
            )
        check = await replays(world)
        assert check.holds, check.shown
        await world.execute("claims", "UPDATE inbox SET assignee = 'adjuster-9' WHERE order_key LIKE '%A-1'")
        assert ["A-1" in each and "questions" in each for each in (await replays(world)).shown] == [True]
        await world.execute("claims", "DELETE FROM inbox")
        assert len((await replays(world)).shown) == 2
