"""Claims as a service on real Kafka and PostgreSQL: pays a late parcel, asks a person, shows the case to its tenant."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest

from tests.support.claims import PLAIN, POLICY_ID, answer, day, issued, late, lost, placed, usd
from tests.support.kit import World, eventually
from tests.support.patience import bound
from waybond_claims.app import DEFINITION
from waybond_claims.service.cases import find
from waybond_claims.service.desk.listing import beginning as questions_that_begin
from waybond_claims.service.shown import ShownCase, shown
from waybond_contracts.claims import ClaimApproved, ClaimReferred, ClaimSettled, ReferralReason
from waybond_contracts.event import Event
from waybond_contracts.recompute import recompute
from waybond_contracts.refunds import IssueRefund
from waybond_contracts.registry import PROGRESS_TYPE, decode
from waybond_contracts.topics import CLAIMS, REFUNDS
from waybond_kit import apikeys
from waybond_local.referrals import command_for

KEY = "demo/shop/A-1"


@pytest.fixture
async def world(kafka: str, database: str, topic_prefix: str) -> AsyncIterator[World]:
    async with World(kafka, database, topic_prefix, partitions=2).ready(DEFINITION) as world:
        yield world


async def published(world: World, topic: str) -> list[Event]:
    found = []
    for record in await world.records(topic):
        headers = dict(record.headers)
        if headers["ce_type"] != PROGRESS_TYPE.encode():
            found.append(decode(headers["ce_type"].decode(), record.value or b"", strict=True).event)
    return found


async def heard(world: World, topic: str, kind: type[Any], count: int = 1) -> list[Any]:
    """Wait until so many events of a kind lie on a topic."""

    async def look() -> list[Event]:
        return [event for event in await published(world, topic) if isinstance(event, kind)]

    return await eventually(look, lambda seen: len(seen) >= count)


async def time_passes(world: World, through: datetime) -> None:
    await world.progress(through, *(each.topic for each in DEFINITION.inputs))


async def case_of(world: World, key: str = KEY) -> ShownCase:
    connection = await asyncpg.connect(world.dsns["claims"], server_settings={"search_path": "claims"})
    try:
        stored = await find(connection, key)
        assert stored is not None
        return shown(stored.case, stored.status, stored.known_at)
    finally:
        await connection.close()


async def late_and_commanded(world: World) -> IssueRefund:
    await world.publish(placed(), issued(), known_at=day(0))
    await world.publish(late(), known_at=day(27))
    await time_passes(world, day(27))
    (command,) = await heard(world, REFUNDS, IssueRefund)
    return command


async def test_a_late_parcel_is_paid_booked_and_confirmed(world: World) -> None:
    async with world.running(DEFINITION, replay=True):
        command = await late_and_commanded(world)
        assert (command.amount, command.policy_id) == (usd(1_000), POLICY_ID)
        (approved,) = await heard(world, CLAIMS, ClaimApproved)
        assert recompute(approved.explanation) == (approved.entitled, approved.amount)
        await world.publish(answer(command, "RefundSucceeded", day(27.5)), known_at=day(27.5))
        (settled,) = await heard(world, CLAIMS, ClaimSettled)
        assert settled.settled == usd(1_000)
    rows = await world.query("claims", "SELECT account, minor FROM balance WHERE minor <> 0")
    assert {row["account"]: int(row["minor"]) for row in rows} == {
        "premium_receivable": 150,
        "premium_written": -150,
        "claims_incurred": 1_000,
        "cash": -1_000,
    }
    assert await world.quarantine("claims") == []
    case = await case_of(world)
    assert (case.status, case.settled) == ("paid", usd(1_000))


async def test_an_audit_is_asked_answered_and_counted(world: World) -> None:
    """Every payment is looked at: 10 are paid, and an adjuster finds that 4 of them should not have been."""
    async with world.running(DEFINITION, replay=True):
        await world.publish(placed(), issued(PLAIN + '\n[audit]\nshare = "1.00"\n'), known_at=day(0))
        await world.publish(late(), known_at=day(27))
        (command,) = await heard(world, REFUNDS, IssueRefund)
        await world.publish(answer(command, "RefundSucceeded", day(27.5)), known_at=day(27.5))
        (asked,) = await heard(world, CLAIMS, ClaimReferred)
        case = await case_of(world)
        assert (case.status, asked.reason) == ("audit", ReferralReason.AUDIT)
        (referral,) = case.referrals
        command = command_for(case, referral, "should_not_have_paid", case.version, amount="4.00", now=day(28))
        await world.publish(command, known_at=day(28))
        found = await eventually(
            lambda: world.query("claims", "SELECT sample, minor, choice, wrong_minor FROM audit"),
            lambda rows: any(row["choice"] for row in rows),
        )
    assert [tuple(row) for row in found] == [("share", 1_000, "should_not_have_paid", 400)]
    case = await case_of(world)
    assert (case.status, case.settled, case.owed) == ("paid", usd(1_000), usd(1_000))


async def test_silence_is_referred_and_decided_by_a_person(world: World) -> None:
    async with world.running(DEFINITION, replay=True):
        command = await late_and_commanded(world)
        await time_passes(world, day(28))
        (asked,) = await heard(world, CLAIMS, ClaimReferred)
        assert (asked.reason, asked.refund_id) == (ReferralReason.PAYER_SILENT, command.refund_id)

        case = await case_of(world)
        connection = await asyncpg.connect(world.dsns["claims"], server_settings={"search_path": "claims"})
        try:
            for beginning, number in (("", 1), (asked.referral_id[:8], 1), (asked.referral_id, 1), ("none", 0)):
                assert len(await questions_that_begin(connection, beginning, 10)) == number
        finally:
            await connection.close()
        decision = command_for(case, case.referrals[0], "settled_outside", case.version, now=day(29))
        await world.publish(decision, known_at=day(29))
        (settled,) = await heard(world, CLAIMS, ClaimSettled)
        assert settled.refund_id == command.refund_id
        connection = await asyncpg.connect(world.dsns["claims"], server_settings={"search_path": "claims"})
        try:
            assert await questions_that_begin(connection, "", 10) == []
        finally:
            await connection.close()
    assert len(await published(world, REFUNDS)) == 1


async def test_a_case_is_shown_to_its_tenant_alone(world: World) -> None:
    keys = {name: apikeys.new_key() for name in ("demo", "other")}
    connection = await asyncpg.connect(world.admin_dsn, server_settings={"search_path": "claims"})
    try:
        for name, key in keys.items():
            await apikeys.add_key(connection, name, key)
    finally:
        await connection.close()
    odd = "A 1?ü"
    async with world.running(DEFINITION, replay=True) as service:
        await late_and_commanded(world)
        renamed = [event.model_copy(update={"order_id": odd}) for event in (placed(), issued(), lost(day(12)))]
        await world.publish(*renamed, known_at=day(27.1))
        await heard(world, REFUNDS, IssueRefund, 2)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=bound(10)) as client:

            async def get(path: str, tenant: str | None = "demo") -> httpx.Response:
                headers = {"Authorization": f"Bearer {keys[tenant]}"} if tenant else {}
                return await client.get(path, headers=headers)

            mine = await get(f"/v1/orders/{KEY}")
            assert mine.status_code == 200
            case = ShownCase.model_validate_json(mine.content)
            assert (case.order, case.owed, case.in_flight) == (KEY, usd(1_000), usd(1_000))
            assert case.explanation is not None
            assert recompute(case.explanation)[0] == usd(1_000)
            assert (await get(f"/v1/orders/demo/shop/{quote(odd)}")).json()["order"] == f"demo/shop/{odd}"

            for refused, status in (
                (await get(f"/v1/orders/{KEY}", None), 401),
                (await get(f"/v1/orders/{KEY}", "other"), 404),
                (await get("/v1/orders/demo/shop/no-such-order"), 404),
                (await get("/v1/orders/DEMO/shop/A-1"), 422),
            ):
                assert refused.status_code == status
                assert refused.headers["content-type"] == "application/problem+json"
                assert refused.json()["status"] == status
            assert (await client.get("/openapi.json")).json()["info"]["title"] == "Waybond claims"
