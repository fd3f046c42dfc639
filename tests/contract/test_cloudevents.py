"""The conformance cases of CloudEvents: its Kafka feature, and its minimal events in both modes."""

import json
from typing import Any

import pytest
import yaml
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler

from tests.support.sources import ROOT
from waybond_contracts.envelope import Envelope, read
from waybond_contracts.errors import ContractError

FIXTURES = ROOT / "tests" / "fixtures" / "cloudevents"


def scenarios() -> list[Any]:
    document: Any = Parser().parse((FIXTURES / "kafka-protocol-binding.feature").read_text(encoding="utf-8"))
    document["uri"] = ""
    return Compiler().compile(document)


def minimal_events() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FIXTURES / "v1_minimum.yaml").read_text(encoding="utf-8")))


JSON_EVENTS = [event for event in minimal_events() if "json" in event["ContextAttributes"]["datacontenttype"]]
OTHER_EVENTS = [event for event in minimal_events() if event not in JSON_EVENTS]


def attributes(envelope: Envelope) -> dict[str, str]:
    """As the binary mode writes them again, without the prefix."""
    names = {"content-type": "datacontenttype"}
    return {names.get(name, name.removeprefix("ce_")): value.decode() for name, value in envelope.headers()}


def table(step: Any) -> dict[str, str]:
    rows = [[cell["value"] for cell in row["cells"]] for row in step["argument"]["dataTable"]["rows"]]
    assert rows[0] == ["key", "value"]
    return dict(rows[1:])


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario["name"])
def test_the_kafka_feature(scenario: Any) -> None:
    steps = {step["text"]: step for step in scenario["steps"]}
    payload = steps["a Kafka message with payload:"]["argument"]["docString"]["content"].encode()
    headers = [(name, value.encode()) for name, value in table(steps["Kafka headers:"]).items()]

    envelope, data = read(headers, payload)

    assert attributes(envelope) == table(steps["the attributes are:"])
    expected = steps["the data is equal to the following JSON:"]["argument"]["docString"]["content"]
    assert json.loads(data) == json.loads(expected)


def test_the_feature_has_one_binary_and_two_structured_scenarios() -> None:
    names = [scenario["name"] for scenario in scenarios()]
    assert [name.partition(" ")[0] for name in names] == ["Binary", "Structured", "Structured"]


@pytest.mark.parametrize("event", JSON_EVENTS, ids=lambda event: event["ContextAttributes"]["id"])
def test_a_minimal_event_in_binary_mode(event: dict[str, Any]) -> None:
    given = {name: str(value) for name, value in event["ContextAttributes"].items()}
    headers = [(f"ce_{name}", value.encode()) for name, value in given.items() if name != "datacontenttype"]
    envelope, data = read([*headers, ("content-type", given["datacontenttype"].encode())], event["Data"].encode())
    assert attributes(envelope) == given
    assert data == event["Data"].encode()


@pytest.mark.parametrize("event", JSON_EVENTS, ids=lambda event: event["ContextAttributes"]["id"])
def test_a_minimal_event_in_structured_mode(event: dict[str, Any]) -> None:
    given = {name: str(value) for name, value in event["ContextAttributes"].items()}
    body = json.dumps(given | {"data": json.loads(event["Data"])}).encode()
    envelope, data = read([("Content-Type", b"application/cloudevents+json; charset=UTF-8")], body)
    assert attributes(envelope) == given
    assert json.loads(data) == json.loads(event["Data"])


@pytest.mark.parametrize("event", OTHER_EVENTS, ids=lambda event: event["ContextAttributes"]["id"])
def test_an_event_that_is_no_json_is_refused_by_its_content_type(event: dict[str, Any]) -> None:
    given = {name: str(value) for name, value in event["ContextAttributes"].items()}
    headers = [(f"ce_{name}", value.encode()) for name, value in given.items() if name != "datacontenttype"]
    with pytest.raises(ContractError) as error:
        read([*headers, ("content-type", given["datacontenttype"].encode())], event["Data"].encode())
    assert error.value.field == "content-type"
    assert "application/json" in error.value.expected
