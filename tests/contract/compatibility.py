"""Whether an event's schema may replace the released one: contracts only grow.

Whatever was written by the released contract must be read by the new one (records stay on their topics). What we write
ourselves by the new contract must also be read by the released one, since services and payment systems are not deployed
at the same moment; fields that it does not know it leaves out.
"""

import json
from typing import Any, Literal

import jsoncompat

Schema = dict[str, Any]

_NOTES = ("$id", "$schema", "$defs", "description", "title", "default", "examples", "x-topics", "x-cloudevents-type")


def breaks(released: Schema, current: Schema, *, ours: bool) -> list[str]:
    """What breaks whom, in words; `ours`: our services write the event."""
    old, new = inlined(released), inlined(current)
    found: list[str] = []
    if not _compatible(closed(old), closed(new), "deserializer"):
        found.append("what was written by the released contract cannot be read by this one")
    if ours and not _compatible(old, new, "serializer"):
        found.append("what we write by this contract cannot be read by the released one")
    # jsoncompat does not look into patterns and formats: whether one admits less than another nobody can tell.
    before, after = texts(old), texts(new)
    found += [
        f"{path}: the form of the text was changed" for path in before if after.get(path, before[path]) != before[path]
    ]
    for note in ("x-topics", "x-cloudevents-type"):
        if released.get(note) != current.get(note):
            found.append(f"{note} was {released.get(note)}, is {current.get(note)}")
    return found


def inlined(schema: Schema) -> Schema:
    """The schema without references and notes, an `allOf` of a part and a bound on its fields merged into one."""
    return _inlined(schema, schema.get("$defs", {}))


def closed(schema: Any) -> Any:
    """Every object takes the fields that it names and no other (else a removed field would be no change)."""
    if isinstance(schema, dict):
        inner = {key: closed(value) for key, value in schema.items()}
        return (
            inner | {"additionalProperties": False}
            if inner.get("type") == "object" and "properties" in inner
            else inner
        )
    return [closed(each) for each in schema] if isinstance(schema, list) else schema


def texts(schema: Any, path: str = "") -> dict[str, tuple[object, object]]:
    """Path -> pattern and format of every text in the schema."""
    found: dict[str, tuple[object, object]] = {}
    if isinstance(schema, dict):
        if schema.get("type") == "string":
            found[path] = (schema.get("pattern"), schema.get("format"))
        for key, value in schema.items():
            found |= texts(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for ordinal, each in enumerate(schema):
            found |= texts(each, f"{path}/{ordinal}")
    return found


def _compatible(old: Schema, new: Schema, role: Literal["serializer", "deserializer"]) -> bool:
    return jsoncompat.check_compat(json.dumps(old), json.dumps(new), role)


def _inlined(schema: Any, parts: dict[str, Schema]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"].removeprefix("#/$defs/")], parts)
    if "allOf" in schema:
        whole, bound = (_inlined(each, parts) for each in schema["allOf"])
        bounded = {name: whole["properties"][name] | more for name, more in bound["properties"].items()}
        return whole | {"properties": whole["properties"] | bounded}
    fields = {name: _inlined(field, parts) for name, field in schema.get("properties", {}).items()}
    rest = {key: _inlined(value, parts) for key, value in schema.items() if key not in _NOTES and key != "properties"}
    return rest | {"properties": fields} if "properties" in schema else rest
