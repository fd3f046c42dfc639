"""The AsyncAPI 3 document: topics as channels, who sends and receives, messages with their CloudEvents headers."""

from typing import Any

from waybond_contracts.envelope import JSON, MAX_ATTRIBUTE_BYTES
from waybond_contracts.generate.schemas import Schema, components
from waybond_contracts.registry import EVENT_TYPES, KEYLESS, KEYLESS_TOPICS
from waybond_contracts.topics import MAX_RECORD_BYTES, OUTSIDE, TOPICS, Topic

KAFKA_BINDING = "0.5.0"
_KEY_PATTERN = r"^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*/[^\x00-\x1f\x7f/]+$"
_ABOUT = (
    "What Waybond reads and writes on Kafka. Every record is a CloudEvent 1.0 in binary mode: the payload is the "
    "value, the attributes are `ce_` headers in UTF-8; structured mode (application/cloudevents+json) is read as well. "
    f"A value has at most {MAX_RECORD_BYTES} bytes, an attribute at most {MAX_ATTRIBUTE_BYTES}. The key is "
    "`tenant/platform/order_id`, and Kafka's default partitioner (murmur2) places it; all topics have the same number "
    "of partitions. Fields that a reader does not know are left out, so contracts only grow."
)


def document(version: str) -> Schema:
    """The whole document; `version` is that of the contracts."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Waybond",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": JSON,
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {name: operation for topic in TOPICS for name, operation in _operations(topic).items()},
        "components": {
            "messages": {
                **{model.__name__: _message(model.__name__, model.event_type) for model in EVENT_TYPES.values()},
                **{model.__name__: _message(model.__name__, name) for name, model in KEYLESS.items()},
            },
            "schemas": components("#/components/schemas/{model}"),
        },
    }


def messages_of(topic: Topic) -> list[str]:
    """Names of what lies on a topic."""
    events = [model.__name__ for model in EVENT_TYPES.values() if model.topic == topic.name]
    return [*events, *(model.__name__ for name, model in KEYLESS.items() if topic.name in KEYLESS_TOPICS[name])]


def _channel(topic: Topic) -> Schema:
    return {
        "address": topic.name,
        "summary": topic.summary,
        "messages": {name: _reference("components", "messages", name) for name in messages_of(topic)},
        "bindings": {"kafka": {"topic": topic.name, "bindingVersion": KAFKA_BINDING}},
    }


def _operations(topic: Topic) -> dict[str, Schema]:
    parties = [(topic.writer, "send"), *((reader, "receive") for reader in topic.readers)]
    return {
        f"{party.replace(' ', '-')}.{action}.{topic.name}": {
            "action": action,
            "summary": f"{party[0].upper()}{party[1:]} {action} what lies on `{topic.name}`.",
            "channel": _reference("channels", topic.name),
            "messages": [_reference("channels", topic.name, "messages", name) for name in messages_of(topic)],
            "tags": [{"name": party}],
        }
        for party, action in parties
    }


def _message(name: str, event_type: str) -> Schema:
    model = EVENT_TYPES.get(event_type) or KEYLESS[event_type]
    topics = KEYLESS_TOPICS.get(event_type) or (EVENT_TYPES[event_type].topic,)
    outside = OUTSIDE.issuperset(topics)
    return {
        "name": event_type,
        "title": name,
        "summary": " ".join((model.__doc__ or "").split()),
        "contentType": JSON,
        "headers": _headers(event_type, knownat_needed=not outside),
        "payload": _reference("components", "schemas", name),
        "correlationId": {
            "description": "Carried from cause to effect, through all services.",
            "location": "$message.header#/ce_correlationid",
        },
        "bindings": {"kafka": {"key": _key(has_order=event_type in EVENT_TYPES), "bindingVersion": KAFKA_BINDING}},
    }


def _headers(event_type: str, *, knownat_needed: bool) -> Schema:
    instant = {"type": "string", "format": "date-time"}
    text = {"type": "string", "minLength": 1}
    properties: dict[str, Any] = {
        "content-type": {"type": "string", "const": JSON, "description": "The media type of the payload."},
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": text | {"description": "With ce_source unique for each event; sent again, it stays the same."},
        "ce_type": {"type": "string", "const": event_type},
        "ce_source": text | {"description": "Who wrote it; of our services: /waybond/<service>."},
        "ce_time": instant | {"description": "When it happened."},
        "ce_subject": text,
        "ce_partitionkey": text | {"description": "The record's key."},
        "ce_knownat": instant
        | {
            "description": "When the event became known. Counts on our own topics; outside a replay it is ignored on "
            "others, where the broker's append time says it."
        },
        "ce_correlationid": text | {"description": "The same from cause to effect."},
        "ce_causationid": text | {"description": "The ce_id of the event that caused this one."},
        "ce_traceparent": text | {"description": "W3C Trace Context."},
    }
    required = ["ce_specversion", "ce_id", "ce_type", "ce_source"]
    return {
        "type": "object",
        "properties": properties,
        "required": [*required, "ce_knownat"] if knownat_needed else required,
    }


def _key(*, has_order: bool) -> Schema:
    if not has_order:
        return {"type": "null", "description": "None: it is addressed to a partition."}
    return {
        "type": "string",
        "pattern": _KEY_PATTERN,
        "description": "tenant/platform/order_id, the same three as in the payload, in UTF-8; of what orders tell "
        "their subjects (topic observations) tenant/of/subject.",
    }


def _reference(*path: str) -> Schema:
    return {"$ref": "#/" + "/".join(path)}
