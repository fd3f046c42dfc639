"""The CloudEvents 1.0 envelope on Kafka: binary and structured mode in, binary mode out."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from pydantic_core import from_json, to_json

from waybond_contracts.errors import ContractError
from waybond_contracts.times import EARLIEST, EXPECTED_INSTANT, LATEST
from waybond_contracts.topics import MAX_RECORD_BYTES

Headers = Sequence[tuple[str, bytes | None]]

MAX_HEADERS = 64
MAX_ATTRIBUTE_BYTES = 1_024
STRUCTURED = "application/cloudevents"
JSON = "application/json"
_REQUIRED = ("specversion", "id", "type", "source")
_KNOWN = {
    *_REQUIRED,
    *("time", "subject", "datacontenttype"),
    *("partitionkey", "knownat", "causationid", "correlationid", "traceparent"),
}
# The header of each attribute, as nearly everybody writes it.
_ATTRIBUTE = {f"ce_{name}": name for name in _KNOWN} | {"content-type": "datacontenttype"}
_ATTRIBUTE_NAME = re.compile("[a-z0-9]+")
_NONE: Mapping[str, str] = MappingProxyType({})


class Envelope(NamedTuple):
    """Attributes of one event. `time` and `knownat` are aware UTC; extensions without a field of their own are kept.

    A named tuple, since one is made for every record and a frozen dataclass takes five times as long to make.
    """

    id: str
    type: str
    source: str
    time: datetime | None = None
    subject: str | None = None
    datacontenttype: str | None = JSON
    partitionkey: str | None = None
    knownat: datetime | None = None
    """When we learned it. Counts on our own topics and in replay alone."""
    causationid: str | None = None
    correlationid: str | None = None
    traceparent: str | None = None
    extensions: Mapping[str, str] = _NONE

    def headers(self) -> list[tuple[str, bytes]]:
        """The record's headers in binary mode; the value is the data as it is."""
        pairs = [
            ("content-type", self.datacontenttype),
            ("ce_specversion", "1.0"),
            ("ce_id", self.id),
            ("ce_type", self.type),
            ("ce_source", self.source),
            ("ce_time", _stamp(self.time)),
            ("ce_subject", self.subject),
            ("ce_partitionkey", self.partitionkey),
            ("ce_knownat", _stamp(self.knownat)),
            ("ce_causationid", self.causationid),
            ("ce_correlationid", self.correlationid),
            ("ce_traceparent", self.traceparent),
        ]
        pairs.extend((f"ce_{name}", value) for name, value in self.extensions.items())
        return [(name, value.encode()) for name, value in pairs if value is not None]


def read(headers: Headers, value: bytes | None) -> tuple[Envelope, bytes]:
    """The envelope of a record and its data as bytes.

    Source: CloudEvents Kafka protocol binding 1.0.2. Raises ContractError naming the header or attribute, and nothing
    else. A header that is not of CloudEvents may hold anything; a `ce_` header must be UTF-8.
    """
    if len(headers) > MAX_HEADERS:
        raise ContractError("headers", f"at most {MAX_HEADERS}", len(headers))
    if not value:
        raise ContractError("value", "data; a record without a value carries no event", "nothing")
    if len(value) > MAX_RECORD_BYTES:
        raise ContractError("value", f"at most {MAX_RECORD_BYTES} bytes", f"{len(value)} bytes")
    attributes: dict[str, str] = {}
    for name, raw in headers:
        attribute = _ATTRIBUTE.get(name) or _attribute_of(name.lower())
        if attribute is None:
            continue
        if raw is None or len(raw) > MAX_ATTRIBUTE_BYTES:
            raise ContractError(f"header {name}", f"a value of at most {MAX_ATTRIBUTE_BYTES} bytes", _size(raw))
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise ContractError(f"header {name}", "UTF-8", raw) from None
        if attributes.setdefault(attribute, text) != text:
            raise ContractError(f"header {name}", "one value, as this header came before", text)
    content_type = attributes.get("datacontenttype", JSON)
    if content_type != JSON and content_type.lower().startswith(STRUCTURED):
        return _structured(content_type, value)
    return _made(attributes, "header ce_"), value


def _attribute_of(header: str) -> str | None:
    """The attribute of a header in lower case; None for a header that is not of CloudEvents."""
    return _ATTRIBUTE.get(header) or (header[3:] if header.startswith("ce_") else None)


def _size(raw: bytes | None) -> str:
    return "null" if raw is None else f"{len(raw)} bytes"


def _structured(content_type: str, value: bytes) -> tuple[Envelope, bytes]:
    if _media_type(content_type) not in (STRUCTURED, STRUCTURED + "+json"):
        raise ContractError("content-type", f"{STRUCTURED}+json", content_type)
    try:
        # Not json.loads, which reads NaN and lone surrogates and dies of deep nesting.
        body = from_json(value, allow_inf_nan=False)
    except ValueError as error:
        raise ContractError("value", f"a CloudEvent as a JSON object ({error})", value) from None
    if not isinstance(body, dict):
        raise ContractError("value", "a CloudEvent as a JSON object", value)
    body = cast("dict[str, Any]", body)
    if "data_base64" in body:
        raise ContractError("data_base64", "JSON in `data`", "binary data")
    data = body.pop("data", None)
    if data is None:
        raise ContractError("data", "a JSON object", "nothing")
    # An attribute that is null counts as one that is absent (CloudEvents JSON format 1.0.2, section 2.2).
    attributes = {name: _attribute(name, given) for name, given in body.items() if given is not None}
    return _made(attributes, ""), to_json(data)


def _attribute(name: str, given: object) -> str:
    if not isinstance(given, str | int | bool):
        raise ContractError(name, "a string, an integer or a boolean", given)
    text = given if isinstance(given, str) else to_json(given).decode()
    if len(text.encode()) > MAX_ATTRIBUTE_BYTES:
        raise ContractError(name, f"at most {MAX_ATTRIBUTE_BYTES} bytes", f"{len(text.encode())} bytes")
    return text


def _made(attributes: dict[str, str], prefix: str) -> Envelope:
    get = attributes.get
    for name in _REQUIRED:
        if not get(name):
            raise ContractError(prefix + name, "a value", "nothing")
    if attributes["specversion"] != "1.0":
        raise ContractError(prefix + "specversion", "1.0", attributes["specversion"])
    for name, text in attributes.items():
        if "\x00" in text:
            raise ContractError(prefix + name, "no NUL", text)
    content_type = get("datacontenttype", JSON)
    if content_type != JSON and not _is_json(content_type):
        raise ContractError("content-type", JSON, content_type)
    return Envelope(
        attributes["id"],
        attributes["type"],
        attributes["source"],
        _instant(get("time"), prefix + "time"),
        get("subject"),
        content_type,
        get("partitionkey"),
        _instant(get("knownat"), prefix + "knownat"),
        get("causationid"),
        get("correlationid"),
        get("traceparent"),
        _NONE if attributes.keys() <= _KNOWN else _extensions(attributes),
    )


def _extensions(attributes: dict[str, str]) -> Mapping[str, str]:
    """Those without a field; a name that is not of CloudEvents could not be written again (`ID`: a second ce_id)."""
    return {name: text for name, text in attributes.items() if name not in _KNOWN and _ATTRIBUTE_NAME.fullmatch(name)}


def _is_json(content_type: str) -> bool:
    media = _media_type(content_type)
    return media == JSON or media.endswith("+json")


def _media_type(content_type: str) -> str:
    return content_type.split(";", maxsplit=1)[0].strip().lower()


def _instant(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not UTC:
            instant = instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        instant = None
    if instant is None or not EARLIEST <= instant < LATEST:
        raise ContractError(name, EXPECTED_INSTANT, text)
    return instant


def _stamp(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")
