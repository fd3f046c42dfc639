"""A grammar of records that are almost right: valid events of all kinds that platforms send, bent in known ways."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from tests.chaos.flow import SOURCE, Record
from tests.chaos.lives import life
from waybond_contracts.event import Event
from waybond_contracts.publishing import message
from waybond_contracts.topics import DISPUTES, ORDERS, SHIPMENTS

ORDERS_FUZZED = 500
"""What is true is about so many orders of each kind of life."""
UNKNOWN = 0.9
"""The share of what is bent that is about any other order; the rest meets the state of one, and holds it."""
TOPICS = (ORDERS, SHIPMENTS, DISPUTES)
LONGEST_VALUE_BYTES = 20_000
VALID = 0.3
DEEPEST = 5_000
STRUCTURED = ("content-type", b"application/cloudevents+json")

Headers = list[tuple[str, bytes | None]]


def records(draw: random.Random, count: int) -> Iterator[Record]:
    """So many records; about VALID of them say something true."""
    for _ in range(count):
        yield _record(draw)


def _record(draw: random.Random) -> Record:
    valid = draw.random() < VALID
    about = draw.randrange(ORDERS_FUZZED) if valid or draw.random() > UNKNOWN else draw.getrandbits(60)
    told = life(draw, f"fuzz{about}")
    now = datetime.now(UTC)
    events: list[Event] = [told.order.placed(now, told.due_in), *(said.build(now) for said in told.said)]
    topic, key, value, headers = message(draw.choice(events), source=SOURCE)
    if valid:
        return topic, key, value, headers, None
    return draw.choice(_BENDS)(draw, topic, key, value, list(headers))


def _document(draw: random.Random, topic: str, key: bytes, value: bytes, headers: Headers) -> Record:
    """Bend one place of the JSON document."""
    document = json.loads(value)
    holder: Any = document
    name = draw.choice(list(holder))
    while isinstance(holder[name], dict | list) and holder[name] and draw.random() < 0.7:
        holder = holder[name]
        name = draw.choice(list(holder)) if isinstance(holder, dict) else draw.randrange(len(holder))
    match draw.randrange(4):
        case 0:
            del holder[name]
        case 1:
            holder[name] = draw.choice(_VALUES)(draw)
        case 2 if isinstance(holder, dict):
            holder[_text(draw)] = holder.pop(name)
        case _:
            holder[name] = [holder[name]] * draw.randrange(5)
    return topic, key, json.dumps(document).encode()[:LONGEST_VALUE_BYTES], headers, None


def _bytes(draw: random.Random, topic: str, key: bytes, value: bytes, headers: Headers) -> Record:
    """Cut, repeat, flip or invent bytes; what JSON's readers differ about."""
    at = draw.randrange(len(value))
    bent = draw.choice(
        (
            value[:at],
            value[at:],
            value + value,
            value[:at] + bytes([draw.randrange(256)]) + value[at + 1 :],
            value[:at] + bytes([value[at] ^ 1 << draw.randrange(8)]) + value[at + 1 :],
            b"\xef\xbb\xbf" + value,
            value[:-1] + b',"tenant":"other"}',
            value[:-1] + b',"more":NaN}',
            b"[" * DEEPEST,
            value.decode().encode("utf-16"),
            b"",
            None,
        )
    )
    if draw.random() < 0.2:
        bent = draw.randbytes(draw.randrange(200))
    return topic, key, bent, headers, None


def _headers(draw: random.Random, topic: str, key: bytes, value: bytes, headers: Headers) -> Record:
    """Leave a header out, say it twice, or fill it with something else."""
    at = draw.randrange(len(headers))
    name, _ = headers[at]
    match draw.randrange(4):
        case 0:
            del headers[at]
        case 1:
            headers.append(headers[at])
        case 2:
            headers[at] = (name, draw.choice((None, b"", b"\xff\xfe", draw.randbytes(draw.randrange(300)))))
        case _:
            headers[at] = (_text(draw), headers[at][1])
    return topic, key, value, headers, None


def _structured(draw: random.Random, topic: str, key: bytes, value: bytes, headers: Headers) -> Record:
    """The same event with its envelope in the value, as CloudEvents allows; something of it is not as it should be."""
    said = {name.removeprefix("ce_"): held.decode() for name, held in headers if name.startswith("ce_") and held}
    document: dict[str, Any] = {**said, "datacontenttype": "application/json", "data": json.loads(value)}
    match draw.randrange(5):
        case 0:
            del document[draw.choice(list(document))]
        case 1:
            document[draw.choice(list(document))] = draw.choice(_VALUES)(draw)
        case 2:
            document["data_base64"] = "bm90IGpzb24="
        case 3:
            return topic, key, json.dumps(document).encode(), [*headers, STRUCTURED], None
        case _:
            pass  # nothing bent: it is to be read
    return topic, key, json.dumps(document).encode()[:LONGEST_VALUE_BYTES], [STRUCTURED], None


def _address(draw: random.Random, topic: str, key: bytes, value: bytes, headers: Headers) -> Record:
    """The wrong topic, the wrong key, or none."""
    bent = draw.choice((None, b"", b"nobody", b"a/b/c/d", key + b"x", b"\xff" + key, draw.randbytes(40)))
    return (
        (draw.choice(TOPICS), key, value, headers, None) if draw.random() < 0.3 else (topic, bent, value, headers, None)
    )


def _text(draw: random.Random) -> str:
    return draw.choice(
        ("", "\x00", "x" * 3_000, "\ud800".encode("utf-8", "replace").decode(), "π", "a\nb", "null", "-0")
    )


_BENDS: tuple[Callable[[random.Random, str, bytes, bytes, Headers], Record], ...] = (
    _document,
    _document,
    _bytes,
    _headers,
    _structured,
    _address,
)
_VALUES: tuple[Callable[[random.Random], object], ...] = (
    _text,
    lambda draw: None,
    lambda draw: draw.choice((True, False)),
    lambda draw: draw.choice((0, -1, 2**31, 2**63, -(2**63) - 1, 10**400, 1e308, 0.1)),
    lambda draw: draw.choice(("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "2026-01-01")),
    lambda draw: [[[[[[]]]]]] * draw.randrange(50),
    lambda draw: {"amount": "1", "currency": draw.choice(("USD", "XXX", "usd", "")), "exponent": 99},
)
