"""docs/reference/events.md: every topic, event, field and vocabulary in words, from the models."""

from collections.abc import Iterable, Iterator

from waybond_contracts.fields import MAX_INTEGER
from waybond_contracts.generate.asyncapi import messages_of
from waybond_contracts.generate.schemas import Schema, components
from waybond_contracts.generate.vocabulary import PROVIDERS, VOCABULARY
from waybond_contracts.registry import EVENT_TYPES, KEYLESS, KEYLESS_TOPICS, PROGRESS_TYPE
from waybond_contracts.topics import MAX_RECORD_BYTES, TOPICS, Topic

_PREFIX = "#"
_COMMON = ("tenant", "platform", "order_id", "occurred_at")
_HEAD = f"""\
# Events

This page is generated from the models in `shared/contracts` by `make contracts`. The same is there for machines:
`shared/contracts/schemas/events/` has a JSON Schema for each event, `shared/contracts/schemas/asyncapi.json` the whole
as an AsyncAPI 3 document.

Every record is a CloudEvent in binary mode; structured mode is read as well. Its key is `tenant/platform/order_id`, and
its value is the JSON below, of at most {MAX_RECORD_BYTES:,} bytes. Every event has these fields:

"""
_READING = """
How to read the tables: a field without a default is needed; one whose default is null may also be sent as null. An
instant is RFC 3339 with its offset, a duration ISO 8601 in weeks, days, hours, minutes and seconds, a decimal string
has no exponent. On topics a field that a reader does not know is left out and counted; a publisher must not send it.
"""


def render() -> str:
    """The page."""
    schemas = components(_PREFIX + "{model}")
    return "\n".join(
        [
            _HEAD + table(schemas["OrderPlaced"], only=_COMMON),
            _READING,
            *_topics(),
            *(section for topic in TOPICS for section in _topic(topic, schemas)),
            *_progress(schemas),
            *_parts(schemas),
            *_vocabulary(),
        ]
    )


def _topics() -> Iterator[str]:
    yield "## Topics\n\n|Topic|Written by|Read by|\n|---|---|---|"
    for topic in TOPICS:
        yield f"|[{topic.name}](#{topic.name})|{topic.writer}|{', '.join(topic.readers)}|"
    yield ""


def _topic(topic: Topic, schemas: dict[str, Schema]) -> Iterator[str]:
    yield f"## {topic.name}\n\n{topic.summary} Written by {topic.writer}, read by {', '.join(topic.readers)}.\n"
    for name in messages_of(topic):
        if name == "Progress":
            continue
        yield f"### {name}\n\n`io.waybond.{name}`. {schemas[name]['description']}\n"
        if f"io.waybond.{name}" in KEYLESS:
            yield "It has no key, and lies on partition 0.\n"
            yield table(schemas[name])
            continue
        yield table(schemas[name], without=_COMMON)


def _progress(schemas: dict[str, Schema]) -> Iterator[str]:
    topics = ", ".join(KEYLESS_TOPICS[PROGRESS_TYPE])
    yield f"## Progress\n\n`{PROGRESS_TYPE}`, on {topics}. {schemas['Progress']['description']}"
    yield "It has no key: it is addressed to a partition.\n"
    yield table(schemas["Progress"])


def _parts(schemas: dict[str, Schema]) -> Iterator[str]:
    events = {model.__name__ for model in (*EVENT_TYPES.values(), *KEYLESS.values())}
    parts = {name: schema for name, schema in schemas.items() if name not in events and name != "ScanKind"}
    yield "## Parts\n"
    for name, schema in parts.items():
        yield f"### {name}\n\n{schema['description']}\n"
        yield table(schema) if "properties" in schema else words(schema["enum"]) + "\n"


def _vocabulary() -> Iterator[str]:
    yield "## ScanKind\n\nWhat a scan can say. Map a provider's codes to these and send its own code and words along.\n"
    yield "|Kind|It means|" + "".join(f"{provider}|" for provider in PROVIDERS)
    yield "|---|---|" + "---|" * len(PROVIDERS)
    for kind, meaning in VOCABULARY.items():
        yield f"|{kind}|{meaning.text}|" + "".join(f"{code}|" for code in meaning.codes)
    yield ""


def words(values: Iterable[str]) -> str:
    """The words of a vocabulary."""
    return ", ".join(f"`{value}`" for value in values)


def table(schema: Schema, prefix: str = _PREFIX, *, only: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> str:
    """The fields of a model. `prefix`: what stands ahead of a name where the schema refers to another."""
    fields = {
        name: field
        for name, field in schema.get("properties", {}).items()
        if name in (only or [name]) and name not in without
    }
    if not fields:
        return "No fields of its own.\n"
    required = schema.get("required", [])
    rows: list[str] = []
    for name, field in fields.items():
        default = "" if name in required else _default(field)
        rows.append(f"|`{name}`|{_type(field, prefix)}|{default}|{_cell(field.get('description', ''))}|")
    return "\n".join(["|Field|Type|Default|Meaning|", "|---|---|---|---|", *rows, ""])


def _type(field: Schema, prefix: str) -> str:
    """The type of a field in a word or two."""
    match field:
        case {"$ref": str(reference)}:
            name = reference.removeprefix(prefix)
            return f"[{name}](#{name.lower()})"
        case {"anyOf": [inner, {"type": "null"}]}:
            return _type(inner, prefix)
        case {"allOf": [inner, {"properties": {"minor": {"minimum": int(least)}}}]}:
            return f"{_type(inner, prefix)} of {least} or more"
        case {"type": "array", "items": items, "maxItems": int(most)}:
            return f"{field.get('minItems', 0)} to {most} of {_type(items, prefix)}"
        case {"enum": list()}:
            return words(field["enum"])
        case {"type": "string", "format": "date-time"}:
            return "instant"
        case {"type": "object", "additionalProperties": {} as inner, "maxProperties": int(most)}:
            return f"table of up to {most}: {_type(inner, prefix)}"
        case {"const": int(only_one)}:
            return f"{only_one}"
        case {"type": "string", "pattern": str(pattern)} if pattern.startswith("^(0("):
            return "decimal string, 0 to 1"
        case {"type": "string", "maxLength": int(most)}:
            return f"text, {field.get('minLength', 0)} to {most} characters"
        case {"type": "string", "pattern": str(pattern)}:
            return "duration" if pattern.startswith("^P") else f"text, `{_cell(pattern)}`"
        case {"type": "integer", "minimum": int(least), "maximum": int(most)}:
            return f"integer, {least} or more" if most == MAX_INTEGER and least >= 0 else f"integer, {least} to {most}"
        case {"type": "boolean"}:
            return "true or false"
        case _:
            raise ValueError(f"this page has no word for a field like {field}")


def _default(field: Schema) -> str:
    value = field.get("default", {} if field.get("type") == "object" else None)
    match value:
        case [str(), *_]:
            return words(value)
        case None:
            return "null"
        case "":
            return '""'
        case bool():
            return "true" if value else "false"
        case list() | dict():
            return "empty" if not value else "see there"
        case _:
            return f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
