"""The CloudEvents 1.0 envelope on Kafka: binary and structured mode in, binary mode out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from waybond_contracts.errors import ContractError

Headers = Sequence[tuple[str, bytes | None]]

MAX_HEADERS = 64
MAX_ATTRIBUTE_BYTES = 1_024
STRUCTURED = "application/cloudevents"
JSON = "application/json"
_REQUIRED = ("specversion", "id", "type", "source")
_NAMED = {"partitionkey", "knownat", "causationid", "correlationid", "traceparent"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """Attributes of one event. `time` and `knownat` are aware UTC; extensions without a field of their own are kept."""

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
    extensions: Mapping[str, str] = field(default_factory=dict[str, str])

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

    Source: CloudEvents Kafka protocol binding 1.0.2. Raises ContractError naming the header or attribute. A header
    that is not of CloudEvents may hold anything; a `ce_` header must be UTF-8.
    """
    if len(headers) > MAX_HEADERS:
        raise ContractError("headers", f"at most {MAX_HEADERS}", len(headers))
    attributes: dict[str, str] = {}
    content_type = None
    for name, raw in headers:
        lowered = name.lower()
        if lowered == "content-type":
            content_type = _text(name, raw)
        elif lowered.startswith("ce_"):
            attributes[lowered[3:]] = _text(name, raw)
    if content_type is not None and content_type.lower().startswith(STRUCTURED):
        return _structured(value)
    if value is None:
        raise ContractError("value", "data; a record without a value carries no event", "nothing")
    attributes["datacontenttype"] = content_type or JSON
    return _made(attributes, "header ce_"), value


def _text(name: str, raw: bytes | None) -> str:
    if raw is None:
        raise ContractError(f"header {name}", "a value", "null")
    if len(raw) > MAX_ATTRIBUTE_BYTES:
        raise ContractError(f"header {name}", f"at most {MAX_ATTRIBUTE_BYTES} bytes", len(raw))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise ContractError(f"header {name}", "UTF-8", raw) from None


def _structured(value: bytes | None) -> tuple[Envelope, bytes]:
    try:
        body = json.loads(value or b"")
    except ValueError:
        raise ContractError("value", "a JSON object of CloudEvents in structured mode", value or b"nothing") from None
    if not isinstance(body, dict):
        raise ContractError("value", "a JSON object of CloudEvents in structured mode", body)
    body = cast("dict[str, Any]", body)
    if "data_base64" in body:
        raise ContractError("data_base64", "JSON in `data`", "binary data")
    data = body.pop("data", None)
    if data is None:
        raise ContractError("data", "a JSON object", "nothing")
    attributes: dict[str, str] = {}
    for name, attribute in body.items():
        if not isinstance(attribute, str | int | bool):
            raise ContractError(name, "a string, an integer or a boolean", attribute)
        attributes[name] = attribute if isinstance(attribute, str) else json.dumps(attribute)
        if len(attributes[name]) > MAX_ATTRIBUTE_BYTES:
            raise ContractError(name, f"at most {MAX_ATTRIBUTE_BYTES} characters", len(attributes[name]))
    return _made(attributes, ""), json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _made(attributes: dict[str, str], prefix: str) -> Envelope:
    for name in _REQUIRED:
        if not attributes.get(name):
            raise ContractError(prefix + name, "a value", "nothing")
    if attributes["specversion"] != "1.0":
        raise ContractError(prefix + "specversion", "1.0", attributes["specversion"])
    for name, text in attributes.items():
        if "\x00" in text:
            raise ContractError(prefix + name, "no NUL", text)
    content_type = attributes.get("datacontenttype", JSON)
    if not _is_json(content_type):
        raise ContractError("content-type", JSON, content_type)
    return Envelope(
        id=attributes["id"],
        type=attributes["type"],
        source=attributes["source"],
        time=_instant(attributes.get("time"), prefix + "time"),
        subject=attributes.get("subject"),
        datacontenttype=content_type,
        partitionkey=attributes.get("partitionkey"),
        knownat=_instant(attributes.get("knownat"), prefix + "knownat"),
        causationid=attributes.get("causationid"),
        correlationid=attributes.get("correlationid"),
        traceparent=attributes.get("traceparent"),
        extensions={
            name: text
            for name, text in attributes.items()
            if name not in _NAMED and name not in _REQUIRED and name not in {"time", "subject", "datacontenttype"}
        },
    )


def _is_json(content_type: str) -> bool:
    media = content_type.split(";", maxsplit=1)[0].strip().lower()
    return media == JSON or media.endswith("+json")


def _instant(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ContractError(name, "an RFC 3339 instant", text) from None
    if instant.tzinfo is None:
        raise ContractError(name, "an instant with its offset", text)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ContractError(name, "an instant of the calendar", text) from None


def _stamp(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat().replace("+00:00", "Z")
