"""Tenants in a real migrated: settings by the instant they take effect, keys rotated and revoked in every service."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tests.support.kit import eventually
from tests.support.pools import pool_of
from waybond_contracts.errors import ContractError
from waybond_kit.apikeys import caller_of, hash_of, new_key
from waybond_local import tenants as commands
from waybond_pricing import desk
from waybond_pricing.desk import Desk
from waybond_pricing.tenants import TAKES_EFFECT_AFTER, refreshed

PARCEL = "order-protection@2026.11.1"
GUARANTEE = "logistics-time-guarantee@2026.11.1"
SINCE = datetime(2006, 1, 1, tzinfo=UTC)


@pytest.fixture
async def pools(migrated: str) -> AsyncIterator[dict[str, asyncpg.Pool]]:
    """A pool for each service that keeps keys."""
    opened = {service: await pool_of(migrated, service, "test") for service in ("pricing", "claims")}
    yield opened
    for pool in opened.values():
        await pool.close()


async def tenant_of(pool: asyncpg.Pool, header: str) -> str | None:
    caller = await caller_of(pool, header)
    return caller.tenant if caller is not None else None


async def let_in(pools: dict[str, asyncpg.Pool], key: str) -> set[str | None]:
    return {await tenant_of(pool, f"Bearer {key}") for pool in pools.values()}


async def test_a_new_tenant_is_let_in_by_every_service_and_may_sell_from_a_minute_later_on(
    migrated: str, pools: dict[str, asyncpg.Pool]
) -> None:
    key, effective_at = await commands.add_tenant(migrated, "acme", ["order-protection"], "order-protection")

    assert await let_in(pools, key) == {"acme"}
    snapshot = await refreshed(pools["pricing"], None)
    assert snapshot.catalogue.complete_until < effective_at
    assert snapshot.catalogue.settings_of("acme", effective_at - timedelta(microseconds=1)) is None
    settings = snapshot.catalogue.settings_of("acme", effective_at)
    assert settings is not None
    assert (settings.products, settings.default_product) == ((PARCEL,), PARCEL)


async def test_only_a_hash_of_the_key_is_kept(migrated: str, pools: dict[str, asyncpg.Pool]) -> None:
    key, _ = await commands.add_tenant(migrated, "acme", ["order-protection"], None)

    for pool in pools.values():
        row = await pool.fetchrow("SELECT * FROM api_key")
        assert row is not None
        assert row["hash"] == hash_of(key)
        assert key.rsplit("_", 1)[1] not in str(dict(row))


async def test_a_tenant_may_be_added_since_long_ago_to_replay_history(
    migrated: str, pools: dict[str, asyncpg.Pool]
) -> None:
    _, effective_at = await commands.add_tenant(migrated, "acme", ["order-protection"], None, since=SINCE)

    assert effective_at == SINCE
    snapshot = await refreshed(pools["pricing"], None)
    assert snapshot.catalogue.settings_of("acme", datetime(2014, 1, 1, tzinfo=UTC)) is not None


async def test_changed_settings_take_effect_later_and_leave_what_held_before(
    migrated: str, pools: dict[str, asyncpg.Pool]
) -> None:
    await commands.add_tenant(migrated, "acme", ["order-protection"], "order-protection", since=SINCE)

    effective_at = await commands.change_tenant(migrated, "acme", ["logistics-time-guarantee"], None)

    catalogue = (await refreshed(pools["pricing"], None)).catalogue
    before, after = (catalogue.settings_of("acme", at) for at in (effective_at - timedelta(seconds=1), effective_at))
    assert before is not None
    assert after is not None
    assert (before.products, after.products) == ((PARCEL,), (GUARANTEE,))


async def test_a_snapshot_is_read_again_only_if_something_was_added(
    migrated: str, pools: dict[str, asyncpg.Pool]
) -> None:
    await commands.add_tenant(migrated, "acme", ["order-protection"], None, since=SINCE)
    first = await refreshed(pools["pricing"], None)

    second = await refreshed(pools["pricing"], first)
    await commands.add_tenant(migrated, "other", ["order-protection"], None, since=SINCE)
    third = await refreshed(pools["pricing"], second)

    assert second.catalogue.tenants is first.catalogue.tenants
    assert second.catalogue.complete_until > first.catalogue.complete_until
    assert set(third.catalogue.tenants) == {"acme", "other"}


async def test_what_a_snapshot_does_not_hold_takes_effect_after_it_is_complete(
    migrated: str, pools: dict[str, asyncpg.Pool]
) -> None:
    """S: a change is written just after a process took its snapshot, and an order arrives just before the next one."""
    snapshot = await refreshed(pools["pricing"], None)

    _, effective_at = await commands.add_tenant(migrated, "acme", ["order-protection"], None)

    assert snapshot.catalogue.complete_until < effective_at
    assert timedelta(seconds=60) == TAKES_EFFECT_AFTER


async def test_after_rotation_both_keys_hold_until_the_overlap_is_over(
    migrated: str, pools: dict[str, asyncpg.Pool]
) -> None:
    old, _ = await commands.add_tenant(migrated, "acme", ["order-protection"], None)

    new = await commands.rotate_key(migrated, "acme", timedelta(hours=1))
    assert (await let_in(pools, old), await let_in(pools, new)) == ({"acme"}, {"acme"})

    newest = await commands.rotate_key(migrated, "acme", timedelta(0))
    assert [await let_in(pools, key) for key in (old, new, newest)] == [{None}, {None}, {"acme"}]


async def test_a_longer_overlap_does_not_prolong_a_key_that_ends_earlier(
    migrated: str, pools: dict[str, asyncpg.Pool]
) -> None:
    old, _ = await commands.add_tenant(migrated, "acme", ["order-protection"], None)
    await commands.rotate_key(migrated, "acme", timedelta(0))

    await commands.rotate_key(migrated, "acme", timedelta(days=30))

    assert await let_in(pools, old) == {None}


async def test_a_revoked_key_lets_nobody_in(migrated: str, pools: dict[str, asyncpg.Pool]) -> None:
    key, _ = await commands.add_tenant(migrated, "acme", ["order-protection"], None)
    other, _ = await commands.add_tenant(migrated, "other", ["order-protection"], None)

    await commands.revoke_key(migrated, key.split("_")[1])

    assert (await let_in(pools, key), await let_in(pools, other)) == ({None}, {"other"})
    with pytest.raises(ContractError, match="prefix: expected the prefix of a key that is not revoked yet"):
        await commands.revoke_key(migrated, key.split("_")[1])


async def test_what_is_no_valid_key_lets_nobody_in(migrated: str, pools: dict[str, asyncpg.Pool]) -> None:
    key, _ = await commands.add_tenant(migrated, "acme", ["order-protection"], None)
    prefix = key.split("_")[1]
    wrong = [
        None,
        "",
        key,
        f"Basic {key}",
        f"bearer {key}",
        f"Bearer {key} ",
        f"Bearer {key[:-1]}",
        f"Bearer wb_{prefix}_{new_key().rsplit('_', 1)[1][:43]}",
        f"Bearer {new_key()}",
        f"Bearer wb_{prefix}_' OR tenant = 'acme",
        "Bearer " + "x" * 10_000,
        "Bearer \x00",
    ]

    assert {header: await tenant_of(pools["pricing"], header) for header in wrong} == dict.fromkeys(wrong)


async def test_tenants_are_listed_with_their_settings_and_keys(migrated: str, pools: dict[str, asyncpg.Pool]) -> None:
    key, _ = await commands.add_tenant(migrated, "acme", ["order-protection"], "order-protection", since=SINCE)
    await commands.change_tenant(migrated, "acme", ["order-protection"], None, active=False)

    listed = await commands.list_tenants(migrated)

    assert list(listed) == ["acme"]
    assert [each.active for each in listed["acme"].settings] == [True, False]
    assert [each.prefix for each in listed["acme"].keys] == [key.split("_")[1]]


async def test_a_tenant_that_is_not_as_expected_is_refused_and_leaves_nothing(
    migrated: str, pools: dict[str, asyncpg.Pool]
) -> None:
    wrong: list[tuple[str, list[str], str | None, str]] = [
        ("Acme Inc", ["order-protection"], None, "tenant: expected text of the form"),
        ("", ["order-protection"], None, "tenant: expected"),
        ("acme", ["moon-landing"], None, "product: expected one of .*, got moon-landing"),
        ("acme", ["order-protection@1999.1.1"], None, "product: expected one of"),
        ("acme", ["order-protection"], "logistics-time-guarantee", "default_product: expected one of"),
    ]
    for tenant, offered, default, message in wrong:
        with pytest.raises(ContractError, match=message):
            await commands.add_tenant(migrated, tenant, offered, default)

    assert await commands.list_tenants(migrated) == {}


async def test_a_tenant_is_added_once_and_its_history_is_not_rewritten(
    migrated: str, pools: dict[str, asyncpg.Pool]
) -> None:
    await commands.add_tenant(migrated, "acme", ["order-protection"], None)

    with pytest.raises(ContractError, match="tenant: expected a tenant that is not there yet, got acme"):
        await commands.add_tenant(migrated, "acme", ["order-protection"], None, since=SINCE)
    with pytest.raises(ContractError, match="tenant: expected one of acme, got other"):
        await commands.change_tenant(migrated, "other", ["order-protection"], None)
    with pytest.raises(ContractError, match="tenant: expected one of acme, got other"):
        await commands.rotate_key(migrated, "other", timedelta(0))


async def test_one_version_of_a_product_is_offered(migrated: str, pools: dict[str, asyncpg.Pool]) -> None:
    assert commands.product_keys(["order-protection", PARCEL]) == (PARCEL,)
    assert commands.product_keys([]) == ()


CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = 'waybond_pricing' AND pid <> pg_backend_pid()
"""


async def test_sessions_that_are_cut_at_any_instant_leave_the_settings_fresh(
    migrated: str, pools: dict[str, asyncpg.Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenario: the database restarts, or an administrator ends sessions, while a process reads the settings.

    asyncpg tells of it by five kinds of errors, as the instant falls. With one that ended the reading, the process
    would bind no order any more, until somebody starts it anew.
    """
    monkeypatch.setattr(desk, "REFRESH_SECONDS", 0.0)
    mine = Desk()
    reading = asyncio.create_task(mine.keep_fresh(pools["pricing"]))
    administrator = await asyncpg.connect(migrated)
    try:
        for cut in range(300):
            await administrator.fetch(CUT)
            await asyncio.sleep(cut % 7 / 1000)
        last = mine.catalogue.complete_until

        async def known_until() -> datetime:
            assert not reading.done()
            return mine.catalogue.complete_until

        await eventually(known_until, lambda until: until > last)
    finally:
        await administrator.close()
        reading.cancel()
