"""I7 of claims with its inbox: what the journal makes is what the table holds, and what somebody changed is noticed."""

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from tests.support.claims import answer, day, issued, only, placed, usd
from tests.support.desk import FIFTY, MISSING, ask
from tests.support.filed import filed
from tests.support.kit import World, eventually
from waybond_claims.app import DEFINITION
from waybond_contracts import commands
from waybond_contracts.event import Event
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.registry import decode
from waybond_contracts.topics import REFUNDS
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
    known |= {"claim_id": claim_id, "referral_id": str(row["referral_id"]), "by": "adjuster-1"}
    return kind(**known, command_id=f"{kind.__name__}-{order_id}", **fields)


PAID = """
[[clause]]
id = "M"
peril = "missing"
trigger = "claim"
tiers = [{ share = "1.00" }]
proven = "pay"
evidence = [{ of = "buyer", any_of = ["photo_of_package"], within = "P7D" }]

[audit]
share = "1.00"
"""


async def commanded(world: World) -> Event:
    """The refund command, once it is there."""

    async def look() -> list[Event]:
        found = []
        for record in await world.records(REFUNDS):
            headers = {name: value.decode() for name, value in record.headers}
            if headers["ce_type"] == IssueRefund.event_type:
                found.append(decode(headers["ce_type"], record.value or b"", strict=True).event)
        return found

    (command,) = await eventually(look, bool)
    return command


async def test_what_audits_asked_is_what_the_journal_makes(kafka: str, database: str, topic_prefix: str) -> None:
    """Each payment that is made by itself is looked at afterwards; this one was wrong by 40 of 100."""
    async with World(kafka, database, topic_prefix, partitions=2).ready(DEFINITION) as world:
        async with world.running(DEFINITION) as service:
            await world.open(service)
            claimed = filed(day(5), "photo_of_package", reason="MISSING_PARTS")
            await world.publish(placed(), issued(only(PAID)), claimed, known_at=day(0))
            command = await commanded(world)
            await world.publish(answer(command, "RefundSucceeded", day(6)), known_at=day(6))
            (row,) = await eventually(lambda: world.query("claims", "SELECT * FROM audit"), bool)
            (waits,) = await eventually(lambda: world.query("claims", "SELECT version FROM inbox"), bool)
            found = {"choice": "should_not_have_paid", "amount": usd(4_000), "case_version": waits["version"]}
            await world.publish(said(commands.DecideReferral, dict(row), "c", role="adjuster", **found))
            await eventually(lambda: world.query("claims", "SELECT 1 FROM audit WHERE wrong_minor = 4000"), bool)
        check = await replays(world)
        assert check.holds, check.shown
        await world.execute("claims", "UPDATE audit SET wrong_minor = 400")
        assert ["A-1" in each and "audits" in each for each in (await replays(world)).shown] == [True]


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
