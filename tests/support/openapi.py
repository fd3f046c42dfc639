"""Draws requests from an OpenAPI document, right ones and wrong ones, and checks answers against it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

MAX_WRONG_CHARACTERS = 40
MAX_ITEMS = 3
EARLIEST, LATEST = (datetime.fromisoformat(day) for day in ("2026-01-01", "2027-06-01"))
_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_HEADER = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=90)


@dataclass(frozen=True)
class Operation:
    """One route and method of a document."""

    method: str
    path: str
    described: dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """A request to send."""

    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    has_body: bool = False


def operations(document: dict[str, Any]) -> list[Operation]:
    return [
        Operation(method, path, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]


def requests(document: dict[str, Any], operation: Operation, known: dict[str, list[str]]) -> st.SearchStrategy[Drawn]:
    """Requests of one operation. `known`: by a parameter's name values that lead somewhere."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Drawn:
        return _request(draw, document, operation, known)

    return drawn()


def _request(draw: st.DrawFn, document: dict[str, Any], operation: Operation, known: dict[str, list[str]]) -> Drawn:
    path, query, headers = operation.path, dict[str, str](), dict[str, str]()
    for parameter in operation.described.get("parameters", ()):
        name, where = parameter["name"], parameter["in"]
        if where == "path":
            path = path.replace(f"{{{name}}}", quote(draw(_segment(known.get(name, []))), safe=""))
        elif draw(st.booleans()):
            value = draw(_HEADER if where == "header" else _text_of(document, parameter["schema"]))
            (headers if where == "header" else query)[name] = value
    content = operation.described.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return Drawn(path, query, headers)
    body = draw(_value(document, content["schema"], known))
    return Drawn(path, query, headers, body, has_body=True)


def _segment(known: list[str]) -> st.SearchStrategy[str]:
    wrong = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=MAX_WRONG_CHARACTERS)
    return st.one_of(*[st.just(each) for each in known] * 2, wrong.filter(lambda text: text not in (".", "..")))


def _text_of(document: dict[str, Any], schema: dict[str, Any]) -> st.SearchStrategy[str]:
    right = _value(document, schema, {}).filter(lambda value: isinstance(value, str | int | bool))
    return right.map(str) | st.text(st.characters(codec="utf-8"), max_size=MAX_WRONG_CHARACTERS)


def _value(document: dict[str, Any], schema: dict[str, Any], known: dict[str, list[str]]) -> st.SearchStrategy[Any]:
    """Values of a schema, one in eight of them anything at all."""
    return st.integers(0, 7).flatmap(lambda n: _ANYTHING if n == 0 else _right(document, schema, known))


def _right(document: dict[str, Any], schema: dict[str, Any], known: dict[str, list[str]]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _right(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], known)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return st.one_of(*[_right(document, each, known) for each in schema[several]])
    if "allOf" in schema:
        return _right(document, schema["allOf"][0], known)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object":
            return _object(document, schema, known)
        case "array":
            item = _value(document, schema["items"], known)
            return st.lists(item, min_size=schema.get("minItems", 0), max_size=min(MAX_ITEMS, schema["maxItems"]))
        case "string" if schema.get("format") == "date-time":
            return st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC)).map(datetime.isoformat)
        case "string" if "pattern" in schema:
            longest = schema.get("maxLength", MAX_WRONG_CHARACTERS)
            return st.from_regex(re.compile(schema["pattern"]), fullmatch=True).map(lambda text: text[:longest])
        case "string":
            return st.text(st.characters(codec="utf-8"), max_size=MAX_WRONG_CHARACTERS)
        case "integer":
            return st.integers(schema.get("minimum", -5), min(schema.get("maximum", 2**60), 2**60)) | st.integers(0, 9)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case _:
            return _ANYTHING


def _object(document: dict[str, Any], schema: dict[str, Any], known: dict[str, list[str]]) -> st.SearchStrategy[Any]:
    required = set(schema.get("required", ()))
    fields = {
        name: st.sampled_from(known[name]) | _value(document, each, known)
        if name in known
        else _value(document, each, known)
        for name, each in schema.get("properties", {}).items()
    }
    return st.fixed_dictionaries(
        {name: each for name, each in fields.items() if name in required},
        optional={name: each for name, each in fields.items() if name not in required},
    )


def disagreements(document: dict[str, Any], operation: Operation, response: httpx.Response) -> list[str]:
    """In what an answer is not as the document says."""
    described = operation.described["responses"].get(str(response.status_code))
    if described is None:
        return [f"status {response.status_code} is not described: {response.text:.300}"]
    media_type = response.headers.get("content-type")
    if media_type is None and not response.content:
        return [f"no body came with {response.status_code}"] if described.get("content") else []
    content = described.get("content", {}).get(media_type)
    if content is None:
        return [f"{media_type} is not described for {response.status_code}"]
    schema = content["schema"] | {"components": document["components"]}
    return [each.message for each in Draft202012Validator(schema).iter_errors(response.json())]
