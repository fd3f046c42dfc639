"""Payloads made from the generated JSON Schemas: whatever a schema admits, and so whatever a reader must take."""

import json
from functools import cache
from typing import Any

from hypothesis import strategies as st

from waybond_contracts._iso import COUNTRIES, EXPONENTS
from waybond_contracts.fields import MAX_INTEGER
from waybond_contracts.generate.schemas import event_schemas
from waybond_contracts.wording import digest

Schema = dict[str, Any]

SCHEMAS = event_schemas()
MAX_ITEMS_MADE = 3
COUNTRY = "^[A-Z]{2}$"
CURRENCY = "^[A-Z]{3}$"
ABOVE_ZERO = r"^[0-9]{1,18}(\.[0-9]{1,12})?$"
"""A rate: a schema cannot say that it is above zero."""
# Every kind of character that a text may have: of each width in UTF-8, and what JSON escapes.
TEXT = st.characters(codec="utf-8", exclude_characters="\x00")


def payloads(name: str) -> st.SearchStrategy[bytes]:
    """JSON of events of this name that keep the rules over several fields too."""
    return _values(name).map(_consistent).map(lambda payload: json.dumps(payload, ensure_ascii=False).encode())


@cache
def _values(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return _object(SCHEMAS[name], SCHEMAS[name].get("$defs", {}))


def _strategy(schema: Schema, parts: dict[str, Schema]) -> st.SearchStrategy[Any]:
    match schema:
        case {"$ref": str(reference)}:
            return _part(reference.removeprefix("#/$defs/"), parts)
        case {"allOf": [_, {"properties": {"minor": {"minimum": int(least)}}}]}:
            return money(least)
        case {"anyOf": options}:
            return st.one_of([_strategy(option, parts) for option in options])
        case {"enum": values}:
            return st.sampled_from(values)
        case {"type": "null"}:
            return st.none()
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "integer", "minimum": least, "maximum": most}:
            return st.integers(least, most)
        case {"type": "array", "items": items}:
            most = min(schema["maxItems"], MAX_ITEMS_MADE)
            return st.lists(_strategy(items, parts), min_size=schema.get("minItems", 0), max_size=most)
        case {"type": "string"}:
            return _text(schema)
        case _:
            return _object(schema, parts)


def _object(schema: Schema, parts: dict[str, Schema]) -> st.SearchStrategy[dict[str, Any]]:
    needed = schema.get("required", [])
    fields = {name: _strategy(field, parts) for name, field in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in needed},
        optional={name: field for name, field in fields.items() if name not in needed},
    )


def _part(name: str, parts: dict[str, Schema]) -> st.SearchStrategy[Any]:
    if name == "Money":
        return money(-MAX_INTEGER)
    if name == "WordingDocument":
        return st.text(TEXT, max_size=200).map(lambda body: {"sha256": digest(body), "body": body})
    return _strategy(parts[name], parts)


def money(least: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda minor, currency: {"minor": minor, "currency": currency, "exponent": EXPONENTS[currency]},
        st.integers(least, MAX_INTEGER),
        st.sampled_from(sorted(EXPONENTS)),
    )


def _text(schema: Schema) -> st.SearchStrategy[str]:
    pattern = schema.get("pattern", "")
    if schema.get("format") == "date-time":
        return _INSTANTS
    if pattern == COUNTRY:
        return st.sampled_from([*sorted(COUNTRIES), "UK", "EL"])
    if pattern == CURRENCY:
        return st.sampled_from(sorted(EXPONENTS))
    if pattern.startswith("^P("):
        return _DURATIONS
    if pattern.startswith("^[^"):
        no_controls = "\\x1f" in pattern
        characters = st.characters(
            codec="utf-8", exclude_characters="\x00\x7f/", exclude_categories=["Cc"] if no_controls else []
        )
        return st.text(characters, min_size=schema.get("minLength", 0), max_size=min(schema["maxLength"], 20))
    made = st.from_regex(pattern, fullmatch=True)
    if pattern == ABOVE_ZERO:
        made = made.map(lambda text: text if text.strip("0.") else f"1{text[1:]}")
    return made.filter(lambda text: schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)))


_INSTANTS = st.builds(
    lambda year, rest, offset: f"{year}{rest}{offset}",
    st.integers(2001, 2098),
    st.sampled_from(
        ["-01-01T00:00:00", "-02-28T23:59:59.999999", "-06-30T12:30:15.5", "-12-31t06:00:00", "-11-05 06:00:01"]
    ),
    st.sampled_from(["Z", "z", "+00:00", "-03:00", "+14:00", "-12:00", "+05:45"]),
)
_DURATIONS = st.one_of(
    st.integers(0, 3_650).map(lambda days: f"P{days}D"),
    st.integers(0, 520).map(lambda weeks: f"P{weeks}W"),
    st.integers(0, 999_999).map(lambda seconds: f"PT{seconds}S"),
    st.builds(lambda d, h, m: f"P{d}DT{h}H{m}M", *(st.integers(0, 99) for _ in range(3))),
)


def _consistent(payload: dict[str, Any]) -> dict[str, Any]:
    """What a schema cannot say: one currency an order, each line once, an offer that offers something, a span that does
    not run backwards, a charge that paid for this order and others, each once."""
    lines = payload.get("lines") or []
    amounts = [payload.get(each) for each in ("total", "shipping")]
    if lines:
        amounts += [payload.get(each) for each in ("amount", "refunded")]
    amounts += [line.get(each) for line in lines for each in ("total", "amount")]
    one = next((amount for amount in amounts if amount), {})
    for amount in filter(None, amounts):
        amount |= {"currency": one["currency"], "exponent": one["exponent"]}
    for ordinal, line in enumerate(lines):
        line["line_id"] = f"{ordinal}{line['line_id']}"
    if "response_id" in payload:
        offered = payload.get("amount") or payload.get("remedy")
        payload["response"] = "offer" if offered else "accept"
    if payload.get("charge"):
        _charge(payload["charge"]["orders"], payload["order_id"])
    if payload.get("occurred_until"):
        payload["occurred_until"] = "2099-12-30T00:00:00Z"
    return payload


def _charge(charged: list[dict[str, Any]], order_id: str) -> None:
    first = charged[0]["paid"]
    for ordinal, each in enumerate(charged):
        each["order_id"] = f"{order_id[:100]}{ordinal}" if ordinal else order_id
        each["paid"] |= {"currency": first["currency"], "exponent": first["exponent"]}
