"""JSON Schemas (draft 2020-12) of the events, of what has no order and of the wording file, from the models."""

import json
from typing import Any, TypeAlias, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from waybond_contracts.event import Event
from waybond_contracts.registry import EVENT_TYPES, KEYLESS, KEYLESS_TOPICS
from waybond_contracts.wording import Wording

Schema: TypeAlias = dict[str, Any]


class _Generator(GenerateJsonSchema):
    """Without a title for each field, which would only say its name again."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def event_schemas() -> dict[str, Schema]:
    """Name -> schema of every event and of what has no order; each stands alone, its parts under $defs."""
    schemas = {model.__name__: event_schema(model) for model in EVENT_TYPES.values()}
    for name, model in KEYLESS.items():
        schemas[model.__name__] = {
            **_head(model, "event"),
            **_event_notes(name, KEYLESS_TOPICS[name]),
            **_body(model),
        }
    return dict(sorted(schemas.items()))


def event_schema(model: type[Event]) -> Schema:
    """The schema of one event, annotated with its CloudEvents type and its topic."""
    return {**_head(model, "event"), **_event_notes(model.event_type, (model.topic,)), **_body(model)}


def wording_schema() -> Schema:
    """The schema of a wording file (TOML), for editors that check while an underwriter writes."""
    return {**_head(Wording, "file"), **_body(Wording)}


def components(ref_template: str) -> dict[str, Schema]:
    """Every event, what has no order and their parts by name, for a document that holds them all."""
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation") for model in (*EVENT_TYPES.values(), *KEYLESS.values())
    ]
    _, document = models_json_schema(models, ref_template=ref_template, schema_generator=_Generator)
    return {name: plain(schema) for name, schema in sorted(document["$defs"].items())}


def rendered(document: Schema) -> str:
    """As it is committed."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def plain(schema: Any) -> Any:
    """The same schema, line breaks of docstrings taken out of its descriptions."""
    if isinstance(schema, dict):
        fields = cast("Schema", schema)
        return {key: _one_line(value) if key == "description" else plain(value) for key, value in fields.items()}
    if isinstance(schema, list):
        return [plain(each) for each in cast("list[Any]", schema)]
    return schema


def _one_line(description: Any) -> Any:
    """A field may be called `description` too: then this is its schema."""
    return " ".join(description.split()) if isinstance(description, str) else plain(description)


def _head(model: type[BaseModel], kind: str) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:waybond:{kind}:{model.__name__}",
        "title": model.__name__,
    }


def _event_notes(event_type: str, topics: tuple[str, ...]) -> Schema:
    return {"x-cloudevents-type": event_type, "x-topics": list(topics)}


def _body(model: type[BaseModel]) -> Schema:
    schema = plain(model.model_json_schema(schema_generator=_Generator))
    del schema["title"]
    return schema
