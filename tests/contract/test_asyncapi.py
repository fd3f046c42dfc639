"""The AsyncAPI document: valid by the official schema, every reference resolves, and it says what really travels."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from tests.contract.examples import EXAMPLES
from tests.support.sources import ROOT
from waybond_contracts.generate.asyncapi import document
from waybond_contracts.publishing import message
from waybond_contracts.registry import EVENT_TYPES, decode
from waybond_contracts.topics import OUTSIDE, TOPICS

DOCUMENT = document("0.1.0")
OFFICIAL = ROOT / "tests" / "fixtures" / "asyncapi" / "3.0.0.json"
SERVICES = {"pricing", "tracking", "claims", "signals"}


def test_it_is_valid_by_the_official_schema_of_asyncapi_3() -> None:
    official = Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))
    assert [f"{error.json_path}: {error.message[:200]}" for error in official.iter_errors(DOCUMENT)] == []


def test_the_official_schema_refuses_a_broken_document() -> None:
    official = Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))
    assert not official.is_valid(DOCUMENT | {"channels": {"orders": {"adress": "orders"}}})


def test_every_reference_resolves() -> None:
    found = list(references(DOCUMENT))
    assert len(found) > 300
    assert [reference for reference in found if resolved(reference) is None] == []


def test_channels_are_the_topics_with_the_events_that_lie_on_them() -> None:
    assert list(DOCUMENT["channels"]) == [topic.name for topic in TOPICS]
    for topic in TOPICS:
        events = {model.__name__ for model in EVENT_TYPES.values() if model.topic == topic.name}
        if topic.progress:
            events.add("Progress")
        if topic.name == "brakes":
            events |= {"BrakeSet", "BrakeReleased"}
        assert set(DOCUMENT["channels"][topic.name]["messages"]) == events


def test_every_topic_is_sent_by_one_party_and_received_by_its_readers_with_all_of_its_messages() -> None:
    for topic in TOPICS:
        channel = {"$ref": f"#/channels/{topic.name}"}
        operations = [each for each in DOCUMENT["operations"].values() if each["channel"] == channel]
        by = {"send": [topic.writer], "receive": list(topic.readers)}
        for action, parties in by.items():
            assert [each["tags"][0]["name"] for each in operations if each["action"] == action] == parties
        names = [
            {"$ref": f"{channel['$ref']}/messages/{name}"} for name in DOCUMENT["channels"][topic.name]["messages"]
        ]
        assert all(each["messages"] == names for each in operations)


def test_what_a_service_reads_is_what_the_topics_say() -> None:
    receives = {
        service: {
            name for name, each in DOCUMENT["operations"].items() if name.startswith(f"{service}.receive.") and each
        }
        for service in SERVICES
    }
    assert {name.rpartition(".")[2] for name in receives["pricing"]} == {"orders", "operator-commands"}
    assert {name.rpartition(".")[2] for name in receives["tracking"]} == {
        *("orders", "shipments", "policies", "operator-commands")
    }
    assert {name.rpartition(".")[2] for name in receives["claims"]} == {
        *("orders", "disputes", "policies", "delays", "refund-results", "claim-commands", "operator-commands"),
        "signals",
    }
    assert {name.rpartition(".")[2] for name in receives["signals"]} == {
        *("orders", "disputes", "delays", "refund-results", "observations", "operator-commands")
    }


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_a_real_record_fits_its_message(event_type: str) -> None:
    event = decode(event_type, json.dumps(EXAMPLES[event_type]).encode()).event
    record = message(event, source="/test", event_id="1", knownat=event.occurred_at)
    described = DOCUMENT["components"]["messages"][event_type.rpartition(".")[2]]

    headers = {name: value.decode() for name, value in record.headers}
    Draft202012Validator(described["headers"], format_checker=FormatChecker()).validate(headers)
    Draft202012Validator(described["bindings"]["kafka"]["key"]).validate(record.key.decode())
    Draft202012Validator({**DOCUMENT, **described["payload"]}).validate(json.loads(record.value))
    assert set(headers) <= set(described["headers"]["properties"])
    needs_knownat = EVENT_TYPES[event_type].topic not in OUTSIDE
    assert ("ce_knownat" in described["headers"]["required"]) is needs_knownat


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def resolved(reference: str) -> Any:
    place: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        place = place.get(step) if isinstance(place, dict) else None
    return place
