"""Alerts are about what services really export, each has a runbook that is there, and each fires when it should."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.desk import waiting
from tests.support.kit import World, eventually
from tests.support.patience import bound
from waybond_claims.app import DEFINITION as CLAIMS
from waybond_claims.service.storage import ClaimsStorage
from waybond_contracts.topics import DELAYS, ORDERS, POLICIES
from waybond_kit import figures
from waybond_kit.service import Definition, serving
from waybond_pricing.app import DEFINITION as PRICING
from waybond_pricing.app import PricingSettings
from waybond_tracking.app import DEFINITION as TRACKING

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/alerts/waybond.rules.yml"
TESTS = RULES.with_name("waybond.test.yml")


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def metrics_of(rule: dict[str, Any]) -> set[str]:
    return set(re.findall(r"waybond_\w+", rule["expr"]))


Samples = dict[str, list[tuple[dict[str, str], float]]]
"""Labels and values by the metric's name."""


def samples(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


async def scraped(world: World, definition: Definition[Any], seen: Callable[[Samples], bool]) -> Samples:
    """What a running service exports, once it has read something and `seen` holds."""
    told = world.settings(definition.name).model_dump(exclude_unset=True)
    told["database"] = told["database"].get_secret_value()
    async with serving(definition, PricingSettings(**told)) as service:
        await world.open(service)
        await world.progress(datetime.now(UTC), POLICIES, DELAYS)
        await world.send(ORDERS, b"acme/shop/bad", b"{", [])
        await eventually(lambda: world.quarantine(definition.name), bool)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=bound(10)) as client:

            async def asked() -> Samples:
                return samples((await client.get("/metrics")).text)

            return await eventually(asked, seen)


@pytest.mark.parametrize("definition", [PRICING, TRACKING, CLAIMS], ids=lambda each: each.name)
async def test_every_metric_of_an_alert_is_exported_by_a_running_service(
    kafka: str, database: str, topic_prefix: str, definition: Definition[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "COUNT_SECONDS", 0.2)
    of_claims = {
        *("waybond_referrals_waiting", "waybond_ledger_off_minor"),
        *("waybond_payments_stopped", "waybond_payout_ceiling_used_ratio"),
    }
    of_pricing = {"waybond_settings_behind_seconds"}
    wanted = set().union(*map(metrics_of, rules()))
    async with World(kafka, database, topic_prefix).ready(definition) as world:
        if definition is CLAIMS:
            await books(world)
            await brake(world)
        if definition is not CLAIMS:
            wanted -= of_claims
        if definition is not PRICING:
            wanted -= of_pricing
        found = await scraped(world, definition, lambda seen: wanted <= seen.keys())
    for rule in rules():  # and with the labels that the rule sums by
        labels = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", rule["expr"])))) - {"job"}
        for metric in metrics_of(rule) & found.keys():
            assert labels <= set().union(*(each for each, _ in found[metric])), (rule["alert"], metric)


async def books(world: World) -> None:
    """A question that waits for a person, and an entry that somebody has changed."""
    await world.execute("claims", "INSERT INTO shard (shard) SELECT generate_series(0, 3)")
    connection = await asyncpg.connect(world.dsns["claims"], server_settings={"search_path": "claims"})
    try:
        await ClaimsStorage().save(connection, 1, [waiting(1, reason="payer_silent")])
    finally:
        await connection.close()
    await world.execute(
        "claims",
        "ALTER TABLE posting DISABLE TRIGGER USER; INSERT INTO entry VALUES (1, 1, 'o', 1, now(), 'c', 'p', 'CN-BR'), "
        "(2, 2, 'o', 2, now(), 'c', 'p', 'CN-BR'); INSERT INTO posting VALUES (1, 1, 0, 'bank', 'USD', 250), "
        "(2, 2, 0, 'bank', 'BRL', 9), (2, 2, 1, 'in_flight', 'BRL', -9)",
    )


async def brake(world: World) -> None:
    """All payments are stopped; a quarter of a ceiling, and all of one that lets nothing pass, is used up."""
    await world.execute(
        "claims",
        "INSERT INTO brake (kind, tenant, product, currency, minor, author, reason) VALUES "
        "('stop', NULL, NULL, NULL, NULL, 'a', 'r'), ('ceiling', 'acme', 'p', 'EUR', 1000, 'a', 'r'), "
        "('ceiling', 'acme', 'p', 'USD', 0, 'a', 'r'); "
        "INSERT INTO payout SELECT date_trunc('hour', now(), 'UTC') - make_interval(hours => back), shard, 'acme', "
        "'p', 'EUR', 125 FROM generate_series(0, 1) AS back, generate_series(0, 1) AS shard",
    )


async def test_claims_counts_what_waits_and_what_its_books_are_off(
    kafka: str, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "COUNT_SECONDS", 0.2)
    async with World(kafka, database, topic_prefix).ready(CLAIMS) as world:
        await books(world)
        # Shards open one after the other: the figures are whole once those of both that have books are counted.
        found = await scraped(world, CLAIMS, lambda seen: len(seen.get("waybond_ledger_off_minor", ())) == 2)
    asked = {labels["reason"]: value for labels, value in found["waybond_referrals_waiting"]}
    assert asked["payer_silent"] == 1 and sum(asked.values()) == 1
    off = {labels["currency"]: value for labels, value in found["waybond_ledger_off_minor"]}
    assert off == {"USD": 250, "BRL": 0}


async def test_claims_tells_what_is_stopped_and_how_much_of_a_ceiling_is_used(
    kafka: str, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "COUNT_SECONDS", 0.2)
    async with World(kafka, database, topic_prefix).ready(CLAIMS) as world:
        await brake(world)
        found = await scraped(world, CLAIMS, lambda seen: "waybond_payments_stopped" in seen)
    assert found["waybond_payments_stopped"] == [({"tenant": "", "product": ""}, 1)]
    used = {labels["currency"]: value for labels, value in found["waybond_payout_ceiling_used_ratio"]}
    assert used == {"EUR": 0.25, "USD": 1}


def test_each_alert_has_a_runbook_and_is_explained() -> None:
    explained = (ROOT / "docs/operations.md").read_text()
    for rule in rules():
        runbook = rule["annotations"]["runbook"]
        assert (ROOT / runbook).is_file(), rule["alert"]
        assert f"`{rule['alert']}`" in explained, rule["alert"]
        assert runbook.removeprefix("docs/") in explained, rule["alert"]
        assert rule["alert"] in (ROOT / runbook).read_text(), rule["alert"]


def test_each_alert_is_tested() -> None:
    tested = {
        case["alertname"]
        for test in yaml.safe_load(TESTS.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert tested == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("arguments", [("check", "rules", str(RULES)), ("test", "rules", str(TESTS))], ids="/".join)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    promtool = os.environ.get("WAYBOND_PROMTOOL") or shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: Debian's package prometheus has it")
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
