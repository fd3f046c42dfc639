"""`waybond brake` as somebody types it."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from typer.testing import CliRunner

from tests.support.servers import create_topics
from waybond_claims.app import DEFINITION as CLAIMS
from waybond_claims.service.brakes import Entry
from waybond_contracts.brakes import BrakeReleased, BrakeSet
from waybond_contracts.envelope import read
from waybond_contracts.money import Money
from waybond_contracts.topics import BRAKES
from waybond_kit.database import migrate, prepare
from waybond_local.brake_cli import Where, change, record, tell
from waybond_local.cli import app
from waybond_pricing.app import DEFINITION as PRICING

Waybond = Callable[..., tuple[int, str]]
runner = CliRunner()
WHY = ("--reason", "odd claims")


@pytest.fixture
async def migrated(database: str) -> str:
    """The administrator's DSN of a database with the schemas of pricing and claims."""
    for definition in (PRICING, CLAIMS):
        await prepare(database, definition.name, "not-secret")
        await migrate(database, definition.name, definition.migrations)
    return database


@pytest.fixture
def waybond(migrated: str, monkeypatch: pytest.MonkeyPatch) -> Waybond:
    """Run `waybond` on the test's database; returns its exit code and what it printed."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")

    def run(*arguments: str) -> tuple[int, str]:
        result = runner.invoke(app, [*arguments, "--database", migrated])
        return result.exit_code, " ".join(result.output.replace("│", " ").split())

    code, output = run("tenant", "add", "acme", "--product", "order-protection", "--default", "order-protection")
    assert code == 0, output
    return run


def test_what_a_supervisor_sets_is_shown_until_it_is_released(waybond: Waybond) -> None:
    code, output = waybond("brake", "set", "--tenant", "acme", *WHY)
    assert (code, "Payments of acme are stopped (entry 1)." in output) == (0, True)
    ours = ("--tenant", "acme", "--product", "order-protection", "--currency", "EUR")
    code, output = waybond("brake", "set", *ours, "--ceiling", "5000.00", *WHY)
    assert (code, "order-protection of acme are bounded by 5,000.00 EUR an hour (entry 2)." in output) == (0, True)
    code, output = waybond("brake", "show")
    assert (code, output.count("odd claims")) == (0, 4)
    code, output = waybond("brake", "release", "--tenant", "acme", "--reason", "all of them were real")
    assert (code, output) == (0, "Payments of acme are released (entry 3).")
    assert waybond("brake", "release", *ours, *WHY)[0] == 0
    code, output = waybond("brake", "show")
    assert output.startswith("No payments are stopped or bounded.")
    assert "all of them were real" in output


def test_what_is_wrong_on_the_command_line_is_said(waybond: Waybond) -> None:
    assert waybond("brake", "set", "--all", *WHY)[0] == 0
    wrong = {
        ("set", *WHY): "--all: expected either --all",
        ("set", "--all", "--tenant", "acme", *WHY): "--all: expected either --all",
        ("set", "--tenant", "acmee", *WHY): "tenant: expected one of acme, got acmee",
        ("set", "--product", "moon-landing", *WHY): "product: expected one of",
        ("set", "--all", *WHY): "payments that are not stopped",
        ("set", "--tenant", "acme"): "Missing option",
        ("set", "--tenant", "acme", "--reason", " "): "reason: expected why",
        ("set", "--tenant", "acme", "--ceiling", "5", *WHY): "--currency: expected",
        ("set", "--tenant", "acme", "--ceiling", "5", "--currency", "EUR", *WHY): "--ceiling: expected --tenant and",
        ("release", "--tenant", "acme", *WHY): "what is in force",
    }
    for arguments, message in wrong.items():
        code, output = waybond("brake", *arguments)
        assert code == 2, output
        assert message in output, output


def test_every_command_shows_an_example() -> None:
    for command in ("set", "release", "show"):
        result = runner.invoke(app, ["brake", command, "--help"])
        assert result.exit_code == 0
        assert f"waybond brake {command}" in result.output


@pytest.fixture
async def topic(kafka: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Reads what is published on `brakes` from now on."""
    await create_topics(kafka, [BRAKES], 8)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    consumer.assign([TopicPartition(BRAKES, 0)])
    await consumer.seek_to_end()
    yield consumer
    await consumer.stop()


async def test_what_was_set_is_published_once_and_what_could_not_be_with_the_next(
    migrated: str, kafka: str, topic: AIOKafkaConsumer
) -> None:
    away = Where(migrated, None)
    await change(away, ("stop", None, "order-protection", None), None, "odd claims")
    assert await tell(away) == 0
    await change(away, ("stop", None, "order-protection", None), None, "all were real", released=True)
    there = Where(migrated, kafka)
    assert (await tell(there), await tell(there)) == (2, 0)

    records = [await topic.getone() for _ in range(2)]
    kinds = []
    for each in records:
        envelope, data = read(each.headers, each.value)
        kinds.append(envelope.type)
        assert each.key is None
        model = BrakeSet if envelope.type.endswith("BrakeSet") else BrakeReleased
        told = model.model_validate_json(data)
        assert (told.kind, told.tenant, told.product) == ("stop", None, "order-protection")
    assert kinds == ["io.waybond.BrakeSet", "io.waybond.BrakeReleased"]


def test_a_ceiling_is_published_with_its_amount() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    _, value = record(Entry(7, "ceiling", "acme", "order-protection", "EUR", 500_000, False, "anna", "too much", at))
    assert BrakeSet.model_validate_json(value).ceiling == Money.of(500_000, "EUR")
    headers, value = record(Entry(8, "ceiling", "acme", "order-protection", "EUR", None, True, "anna", "fine", at))
    assert ("ce_type", b"io.waybond.BrakeReleased") in headers
    assert BrakeReleased.model_validate_json(value).currency == "EUR"
