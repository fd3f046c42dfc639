"""What bad input gets at the door of an envelope, and that what we write is read again as it was."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from waybond_contracts.envelope import MAX_ATTRIBUTE_BYTES, MAX_HEADERS, Envelope, read
from waybond_contracts.errors import ContractError
from waybond_contracts.topics import MAX_RECORD_BYTES

Header = tuple[str, bytes | None]

HEADERS: list[Header] = [
    ("content-type", b"application/json"),
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-1"),
    ("ce_type", b"io.waybond.OrderPlaced"),
    ("ce_source", b"/platforms/shop"),
]
STRUCTURED: list[Header] = [("content-type", b"application/cloudevents+json")]
EVENT = {"specversion": "1.0", "id": "e-1", "type": "io.waybond.OrderPlaced", "source": "/platforms/shop", "data": {}}
FULL = Envelope(
    id="e-1",
    type="io.waybond.OrderPlaced",
    source="/platforms/shop",
    time=datetime(2026, 1, 5, 14, 2, 11, 123456, tzinfo=UTC),
    subject="parcel 📦",
    partitionkey="demo/shop/1",
    knownat=datetime(2026, 1, 5, 14, 2, 12, tzinfo=UTC),
    causationid="c-1",
    correlationid="r-1",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    extensions={"tracestate": "a=1", "dataschema": "urn:waybond:event:OrderPlaced"},
)


def refused(headers: list[Header], value: bytes | None = b"{}") -> ContractError:
    with pytest.raises(ContractError) as error:
        read(headers, value)
    return error.value


def with_header(name: str, value: bytes | None) -> list[Header]:
    return [*(header for header in HEADERS if header[0] != name), (name, value)]


def structured(**changes: Any) -> bytes:
    return json.dumps(EVENT | changes).encode()


def test_what_we_write_is_read_as_it_was() -> None:
    envelope, data = read(FULL.headers(), b'{"a": 1}')
    assert envelope == FULL
    assert data == b'{"a": 1}'


def test_the_same_event_in_structured_mode_is_the_same() -> None:
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in FULL.headers() if name.startswith("ce_")}
    envelope, data = read(STRUCTURED, json.dumps(attributes | {"data": {"a": 1}}).encode())
    assert envelope == FULL
    assert json.loads(data) == {"a": 1}


@pytest.mark.parametrize("name", ["ce_specversion", "ce_id", "ce_type", "ce_source"])
def test_a_needed_header_is_missing_or_empty(name: str) -> None:
    assert refused([header for header in HEADERS if header[0] != name]).field == f"header {name}"
    assert refused(with_header(name, b"")).field == f"header {name}"


@pytest.mark.parametrize(
    ("headers", "field", "expected"),
    [
        (with_header("ce_id", b"\xff\xfe"), "header ce_id", "UTF-8"),
        (with_header("ce_id", None), "header ce_id", "a value"),
        (with_header("ce_anything", b"\xff"), "header ce_anything", "UTF-8"),
        (with_header("ce_anything", None), "header ce_anything", "a value"),
        (with_header("content-type", None), "header content-type", "a value"),
        (with_header("content-type", b"\xff"), "header content-type", "UTF-8"),
        (with_header("ce_id", b"a\x00b"), "header ce_id", "no NUL"),
        (with_header("ce_id", b"x" * (MAX_ATTRIBUTE_BYTES + 1)), "header ce_id", "at most 1024 bytes"),
        (with_header("ce_specversion", b"0.3"), "header ce_specversion", "1.0"),
        (with_header("ce_time", b"yesterday"), "header ce_time", "an RFC 3339 instant"),
        (with_header("ce_time", b"2026-01-05T14:02:11"), "header ce_time", "an RFC 3339 instant with its offset"),
        (with_header("ce_time", b"0001-01-01T00:00:00+23:59"), "header ce_time", "an RFC 3339 instant"),
        (with_header("ce_knownat", b"1800-01-01T00:00:00Z"), "header ce_knownat", "from 2000 up to 2100"),
        (with_header("content-type", b"text/plain"), "content-type", "application/json"),
        (with_header("content-type", b"application/cloudevents-batch+json"), "content-type", "cloudevents+json"),
        (with_header("content-type", b"application/cloudevents+avro"), "content-type", "cloudevents+json"),
        ([*HEADERS, ("CE_ID", b"e-2")], "header CE_ID", "one value"),
        ([*HEADERS, *(("x", b"") for _ in range(MAX_HEADERS))], "headers", "at most 64"),
        ([], "header ce_specversion", "a value"),
    ],
)
def test_a_header_that_does_not_fit_is_named(headers: list[Header], field: str, expected: str) -> None:
    error = refused(headers)
    assert error.field == field
    assert expected in error.expected


@pytest.mark.parametrize("headers", [HEADERS, STRUCTURED])
@pytest.mark.parametrize("value", [None, b""])
def test_a_record_without_a_value_carries_no_event(headers: list[Header], value: bytes | None) -> None:
    error = refused(headers, value)
    assert (error.field, error.got) == ("value", "nothing")


@pytest.mark.parametrize("headers", [HEADERS, STRUCTURED])
def test_a_value_of_two_megabytes_is_refused_by_its_size(headers: list[Header]) -> None:
    error = refused(headers, b"x" * 2_000_000)
    assert str(error) == f"value: expected at most {MAX_RECORD_BYTES} bytes, got 2000000 bytes"


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        (b"{", "value", "a CloudEvent as a JSON object"),
        (b"[]", "value", "a CloudEvent as a JSON object"),
        (b"\xff", "value", "a CloudEvent as a JSON object"),
        (b"[" * 100_000, "value", "a CloudEvent as a JSON object"),
        (b'{"specversion": NaN}', "value", "a CloudEvent as a JSON object"),
        (b'{"id": "\\ud800"}', "value", "a CloudEvent as a JSON object"),
        (structured(data=None), "data", "a JSON object"),
        (structured(data_base64="e30="), "data_base64", "JSON in `data`"),
        (structured(id=None), "id", "a value"),
        (structured(id=["e-1"]), "id", "a string, an integer or a boolean"),
        (structured(id=1.5), "id", "a string, an integer or a boolean"),
        (structured(id="a\x00b"), "id", "no NUL"),
        (structured(subject="📦" * 300), "subject", "at most 1024 bytes"),
        (structured(number=10**2_000), "number", "at most 1024 bytes"),
        (structured(specversion="1.1"), "specversion", "1.0"),
        (structured(time="2026-01-05"), "time", "an RFC 3339 instant"),
        (structured(datacontenttype="text/xml"), "content-type", "application/json"),
        (structured(**{"\x00" * 5_000: 1.5}), "\\x00" * 119 + "…", "a string"),
    ],
)
def test_a_structured_event_that_does_not_fit_is_named(value: bytes, field: str, expected: str) -> None:
    error = refused(STRUCTURED, value)
    assert error.field == field
    assert expected in error.expected


def test_an_attribute_that_is_null_counts_as_absent() -> None:
    assert read(STRUCTURED, structured(subject=None))[0].subject is None


def test_attributes_that_are_no_text_are_written_as_json_does() -> None:
    extensions = read(STRUCTURED, structured(sequence=7, sampled=True))[0].extensions
    assert extensions == {"sequence": "7", "sampled": "true"}


def test_structured_mode_is_recognised_in_any_case_and_with_parameters() -> None:
    headers: list[Header] = [("Content-Type", b"Application/CloudEvents+JSON; charset=UTF-8"), ("ce_id", b"ignored")]
    assert read(headers, structured())[0].id == "e-1"


def test_headers_of_others_may_hold_anything_and_the_same_header_may_come_twice() -> None:
    envelope, _ = read([*HEADERS, ("retries", b"\xff"), ("x", None), ("x", None), ("ce_id", b"e-1")], b"{}")
    assert envelope.id == "e-1"
    assert envelope.extensions == {}


def test_an_extension_whose_name_could_not_be_written_again_is_left_out() -> None:
    envelope, _ = read(STRUCTURED, structured(ID="e-2", my_ext="1", ok="2"))
    assert envelope.extensions == {"ok": "2"}
    assert read(envelope.headers(), b"{}")[0] == envelope


def test_without_a_content_type_the_data_is_json() -> None:
    envelope, _ = read(HEADERS[1:], b"{}")
    assert envelope.datacontenttype == "application/json"
    assert read(with_header("content-type", b"application/vnd.shop+json"), b"{}")[0].datacontenttype
