"""Whatever a schema admits is read, and comes back the same through the envelope; whatever else comes is refused."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.contract.examples import EXAMPLES
from tests.property.contracts.strategies import SCHEMAS, payloads
from waybond_contracts import envelope
from waybond_contracts.errors import ContractError
from waybond_contracts.publishing import message
from waybond_contracts.registry import EVENT_TYPES, decode, encode

NAMES = sorted(model.__name__ for model in EVENT_TYPES.values())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_what_the_schema_admits_is_read_and_comes_back_the_same_in_both_modes(name: str, data: st.DataObject) -> None:
    event = decode(f"io.waybond.{name}", data.draw(payloads(name)), strict=True).event
    written = encode(event)
    Draft202012Validator(SCHEMAS[name]).validate(json.loads(written))

    record = message(event, source="/test")
    binary, value = envelope.read(record.headers, record.value)
    body = {"specversion": "1.0", "id": "1", "type": binary.type, "source": "/test", "data": json.loads(written)}
    structured, inner = envelope.read([("content-type", b"application/cloudevents+json")], json.dumps(body).encode())

    for again in (decode(binary.type, value, strict=True), decode(structured.type, inner, strict=True)):
        assert (again.event, again.unknown_fields) == (event, ())
        assert encode(again.event) == written
    assert record.key.decode() == event.order_key


@given(event_type=st.sampled_from(sorted(EVENT_TYPES)) | st.text(), data=st.binary(max_size=200), strict=st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused_by_a_contract_error(event_type: str, data: bytes, strict: bool) -> None:
    assert_read_or_refused(event_type, data, strict=strict)


@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_an_event_with_any_json_anywhere_is_read_or_refused_by_a_contract_error(data: st.DataObject) -> None:
    event_type = data.draw(st.sampled_from(sorted(EXAMPLES)))
    payload = copy.deepcopy(EXAMPLES[event_type])
    holder, key = data.draw(st.sampled_from(places(payload)))
    holder[key] = data.draw(JSON)
    raw = json.dumps(payload, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
    assert_read_or_refused(event_type, raw, strict=data.draw(st.booleans()))


@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_a_damaged_event_is_read_or_refused_by_a_contract_error(data: st.DataObject) -> None:
    event_type = data.draw(st.sampled_from(sorted(EXAMPLES)))
    raw = bytearray(json.dumps(EXAMPLES[event_type], ensure_ascii=False).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert_read_or_refused(event_type, bytes(raw), strict=False)


HEADER_NAMES = [
    "content-type",
    *(f"ce_{name}" for name in ("specversion", "id", "type", "source", "time", "knownat", "x")),
]
HEADER_VALUES = [
    b"1.0",
    b"e-1",
    b"application/json",
    b"application/cloudevents+json",
    b"2026-01-05T00:00:00Z",
    b"",
    None,
]


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(HEADER_NAMES) | st.text(max_size=5),
            st.sampled_from(HEADER_VALUES) | st.binary(max_size=20),
        ),
        max_size=12,
    ),
    value=st.none() | st.binary(max_size=100) | JSON.map(lambda body: json.dumps(body).encode()),
)
@settings(max_examples=120, deadline=None)
def test_any_record_is_read_or_refused_by_a_contract_error(
    headers: list[tuple[str, bytes | None]], value: bytes | None
) -> None:
    assert_envelope_read_or_refused(headers, value)


@given(
    body=st.fixed_dictionaries(
        {"specversion": st.just("1.0"), "id": JSON, "type": JSON, "source": st.just("/s")},
        optional=dict.fromkeys(("data", "time", "subject", "knownat", "datacontenttype", "x", "X_Y"), JSON),
    )
)
@settings(max_examples=100, deadline=None)
def test_any_structured_event_is_read_or_refused_by_a_contract_error(body: dict[str, Any]) -> None:
    value = json.dumps(body).encode()
    assert_envelope_read_or_refused([("content-type", b"application/cloudevents+json")], value)


def assert_read_or_refused(event_type: str, data: bytes, *, strict: bool) -> None:
    """What is read can be written and read again; what is not is refused with words that can be logged and stored."""
    try:
        event = decode(event_type, data, strict=strict).event
    except ContractError as error:
        assert_printable(error)
    else:
        assert decode(event_type, encode(event), strict=True).event == event


def assert_envelope_read_or_refused(headers: list[tuple[str, bytes | None]], value: bytes | None) -> None:
    try:
        attributes, data = envelope.read(headers, value)
    except ContractError as error:
        assert_printable(error)
    else:
        assert envelope.read(attributes.headers(), data) == (attributes, data)


def assert_printable(error: ContractError) -> None:
    assert type(error) is ContractError
    assert error.field
    assert error.expected
    assert str(error).isprintable()
    assert str(error).encode()


def places(payload: Any) -> list[tuple[Any, Any]]:
    """Every place in a payload where a value stands."""
    if isinstance(payload, dict):
        return [(payload, key) for key in payload] + [found for each in payload.values() for found in places(each)]
    if isinstance(payload, list):
        return [(payload, key) for key in range(len(payload))] + [found for each in payload for found in places(each)]
    return []
