"""A grammar of records that are almost right: valid events of all kinds that platforms send, bent in named ways.

A record is drawn as a tree: envelope, headers, and the JSON document with its members in order. One to three bends are
applied to it where they belong: to the tree, to its bytes, to the headers, to the address. So what comes out passes the
first checks and meets the later ones; random bytes alone would all end at the first.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tests.chaos.flow import SOURCE, Record
from tests.chaos.lives import life
from waybond_contracts.envelope import MAX_ATTRIBUTE_BYTES, MAX_HEADERS
from waybond_contracts.event import Event
from waybond_contracts.publishing import message
from waybond_contracts.topics import DISPUTES, ORDERS, SHIPMENTS

ORDERS_FUZZED = 500
"""What is true is about so many orders of each kind of life."""
UNKNOWN = 0.97
"""The share of what is bent that is about any other order; the rest meets the state of one, and holds it."""
TOPICS = (ORDERS, SHIPMENTS, DISPUTES)
LONGEST_VALUE_BYTES = 20_000
VALID = 0.3
MOST_BENDS = 3
DEEPEST = 5_000

Headers = list[tuple[str, bytes | None]]


class Literal(NamedTuple):
    """JSON text that goes out as it is, whether it is JSON or not."""

    text: str


class Members(list[list[Any]]):
    """An object as pairs of name and value, in order: a name may come twice."""


@dataclass(slots=True)
class Draft:
    """A record while it is bent. `tree` becomes `value` before anything is done to bytes."""

    topic: str
    key: bytes | None
    tree: Any
    value: bytes | None
    headers: Headers


def records(draw: random.Random, count: int, bent: Counter[str] | None = None) -> Iterator[Record]:
    """So many records; about VALID of them say something true. `bent` counts the bends by name."""
    for _ in range(count):
        yield _record(draw, Counter() if bent is None else bent)


def _record(draw: random.Random, bent: Counter[str]) -> Record:
    valid = draw.random() < VALID
    about = draw.randrange(ORDERS_FUZZED) if valid or draw.random() > UNKNOWN else draw.getrandbits(60)
    told = life(draw, f"fuzz{about}")
    now = datetime.now(UTC)
    number = draw.randrange(len(told.said) + 1)
    event: Event = told.said[number - 1].build(now) if number else told.order.placed(now, told.due_in)
    topic, key, value, headers = message(event, source=SOURCE)
    if valid:
        return topic, key, value, headers, None
    draft = Draft(topic, key, json.loads(value, object_pairs_hook=_members), value, list(headers))
    chosen = draw.sample(_NAMES, draw.choice((1, 1, 1, 2, MOST_BENDS)))
    for stage in (_TREE, _BYTES, _HEADERS, _ADDRESS):
        for name in chosen:
            if name in stage and (stage is not _BYTES or draft.value):
                stage[name](draw, draft)
                bent[name] += 1
        if stage is _TREE:
            draft.value = _text(draft.tree).encode("utf-8", "surrogatepass")[:LONGEST_VALUE_BYTES]
    if draft.key is None and draft.value is None:
        draft.key = b""  # our producer sends no record that has neither
    return draft.topic, draft.key, draft.value, draft.headers, None


def _members(pairs: list[tuple[str, Any]]) -> Members:
    return Members([name, value] for name, value in pairs)


def _text(node: Any) -> str:
    if isinstance(node, Literal):
        return node.text
    if isinstance(node, Members):
        return "{" + ",".join(f"{json.dumps(name)}:{_text(value)}" for name, value in node) + "}"
    if isinstance(node, list):
        return "[" + ",".join(_text(each) for each in node) + "]"
    return json.dumps(node)


def _place(draw: random.Random, tree: Members) -> tuple[Members, int]:
    """A member somewhere in the document, by the object that it belongs to; deeper ones as often as those above."""
    places: list[tuple[Members, int]] = []
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Members):
            places += [(node, at) for at in range(len(node))]
            waiting += [value for _, value in node]
        elif isinstance(node, list):
            waiting += node
    return draw.choice(places) if places else (Members([["", None]]), 0)


def _drop(draw: random.Random, draft: Draft) -> None:
    holder, at = _place(draw, draft.tree)
    del holder[at]


def _double(draw: random.Random, draft: Draft) -> None:
    """A name twice, with the same value or another, before it or behind."""
    holder, at = _place(draw, draft.tree)
    value = holder[at][1] if draw.random() < 0.3 else _value(draw)
    holder.insert(draw.choice((at, len(holder))), [holder[at][0], value])


def _retype(draw: random.Random, draft: Draft) -> None:
    """A text where a number is due, an object in a list, a list in an object."""
    holder, at = _place(draw, draft.tree)
    given = holder[at][1]
    holder[at][1] = draw.choice(
        (str(given), [given], Members([["value", given]]), None, True, 0, 1.5, "", [], Members())
    )


def _replace(draw: random.Random, draft: Draft) -> None:
    holder, at = _place(draw, draft.tree)
    holder[at][1] = _value(draw)


def _rename(draw: random.Random, draft: Draft) -> None:
    holder, at = _place(draw, draft.tree)
    holder[at][0] = draw.choice((_word(draw), holder[at][0].upper(), holder[at][0] + " "))


def _add(draw: random.Random, draft: Draft) -> None:
    holder, _ = _place(draw, draft.tree)
    holder.append([_word(draw), _value(draw)])


def _repeat(draw: random.Random, draft: Draft) -> None:
    """A list with the same in it many times, or with nothing."""
    holder, at = _place(draw, draft.tree)
    given = holder[at][1]
    holder[at][1] = (given if isinstance(given, list) and not isinstance(given, Members) else [given]) * draw.choice(
        (0, 2, 7, 50)
    )


def _nest(draw: random.Random, draft: Draft) -> None:
    holder, at = _place(draw, draft.tree)
    depth = draw.choice((10, 200, DEEPEST))
    before, after = draw.choice((("[", "]"), ('{"a":', "}")))
    closed = draw.random() < 0.8
    holder[at][1] = Literal(before * depth + "0" + after * (depth if closed else 0))


def _cut(draw: random.Random, draft: Draft) -> None:
    assert draft.value is not None
    at = draw.randrange(len(draft.value))
    draft.value = draw.choice((draft.value[:at], draft.value[at:]))


def _flip(draw: random.Random, draft: Draft) -> None:
    """One to eight bits."""
    assert draft.value is not None
    flipped = bytearray(draft.value)
    for _ in range(draw.randint(1, 8)):
        flipped[draw.randrange(len(flipped))] ^= 1 << draw.randrange(8)
    draft.value = bytes(flipped)


def _mark(draw: random.Random, draft: Draft) -> None:
    """A byte order mark, or the whole text in UTF-16."""
    assert draft.value is not None
    text = draft.value.decode(errors="replace")
    draft.value = draw.choice((b"\xef\xbb\xbf" + draft.value, text.encode("utf-16")))


def _surround(draw: random.Random, draft: Draft) -> None:
    assert draft.value is not None
    more = draw.choice((b" " * 900, b"\n", b"\x00", draft.value, b"]", b"//", b"\xff"))
    draft.value = draw.choice((draft.value + more, more + draft.value))


def _invent(draw: random.Random, draft: Draft) -> None:
    draft.value = draw.choice((None, b"", b"null", b"[]", b"{}", b"0", b'""', draw.randbytes(draw.randrange(200))))


def _header(draw: random.Random, draft: Draft) -> None:
    """Leave a header out, say it twice, fill it with something else, or call it something else."""
    at = draw.randrange(len(draft.headers))
    name, value = draft.headers[at]
    other = draw.choice((None, b"", b"\xff\xfe", b"\x00", b"x" * (MAX_ATTRIBUTE_BYTES + 1), draw.randbytes(30)))
    match draw.randrange(5):
        case 0:
            del draft.headers[at]
        case 1:
            draft.headers.append((name, draw.choice((value, other))))
        case 2:
            draft.headers[at] = (name, other)
        case 3:
            draft.headers[at] = (
                draw.choice((name.upper(), name.title(), name.replace("_", "-"), draw.choice(_NAMES_OF_HEADERS))),
                value,
            )
        case _:
            draft.headers += [(f"ce_x{number}", b"1") for number in range(draw.choice((3, MAX_HEADERS, 200)))]


def _attribute(draw: random.Random, draft: Draft) -> None:
    """A value that its attribute does not take: a version, a time, a type of another topic, an id of ours."""
    name, values = draw.choice(list(_ATTRIBUTES.items()))
    draft.headers = [each for each in draft.headers if each[0] != name] + [(name, draw.choice(values))]


def _structured(draw: random.Random, draft: Draft) -> None:
    """The same event in structured mode: right, or with data that is missing, doubled or binary."""
    attributes = {
        name[3:]: (value or b"").decode(errors="replace") for name, value in draft.headers if name[:3] == "ce_"
    }
    value = (draft.value or b"null").decode(errors="replace")
    head = json.dumps(attributes | {"datacontenttype": "application/json"})[:-1]
    tail = draw.choice(
        (f',"data":{value}', f',"data":{value}', "", f',"data":{value},"data":1', ',"data_base64":"AAAA"', ',"id":NaN')
    )
    draft.value = f"{head}{tail}}}".encode()
    mode = draw.choice((b"application/cloudevents+json", b"application/cloudevents+json; charset=utf-8"))
    draft.headers = [("content-type", mode), *(draft.headers if draw.random() < 0.2 else ())]


def _content_type(draw: random.Random, draft: Draft) -> None:
    draft.headers = [each for each in draft.headers if each[0] != "content-type"]
    draft.headers.append(("content-type", draw.choice(_CONTENT_TYPES)))


def _wrong_topic(draw: random.Random, draft: Draft) -> None:
    draft.topic = draw.choice(TOPICS)


def _wrong_key(draw: random.Random, draft: Draft) -> None:
    key = draft.key or b""
    draft.key = draw.choice(
        (None, b"", b"nobody", b"a/b/c/d", key + b"x", b"\xff" + key, key.upper(), draw.randbytes(40))
    )


def _word(draw: random.Random) -> str:
    return draw.choice(("", "\x00", "x" * 3_000, "\ud800", "π", "a\nb", "null", "-0", "__proto__", "1/2/3", "\u202e"))


def _value(draw: random.Random) -> object:
    return draw.choice(_VALUES)(draw)


_NUMBERS = (
    *("0", "-1", "-0", "1e308", "1e400", "-1e400", "0.1", "01", "+1", ".5", "1.", "0x10", "1e-400", "1" * 400),
    *("2147483648", "9223372036854775808", "-9223372036854775809", "NaN", "Infinity", "-Infinity"),
)
_TIMES = (
    *("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-02-30T00:00:00Z"),
    *("2026-01-01", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "2016-12-31T23:59:60Z", "1767225600", "now"),
)
_SURROGATES = ('"\\ud800"', '"\\udc00\\ud800"', '"\\uD83D"', '"\ud800"', '"\\u0000"', '"\x00"', '"\t"', '"\\x"')
_VALUES: tuple[Callable[[random.Random], object], ...] = (
    _word,
    lambda draw: Literal(draw.choice(_NUMBERS)),
    lambda draw: Literal(draw.choice(_SURROGATES)),
    lambda draw: draw.choice((None, True, False)),
    lambda draw: draw.choice(_TIMES),
    lambda draw: Members([["minor", Literal(draw.choice(_NUMBERS))], ["currency", draw.choice(("USD", "XXX", "usd"))]]),
)
_CONTENT_TYPES = (
    *(
        b"application/json; charset=utf-8",
        b"APPLICATION/JSON",
        b"text/plain",
        b"application/avro",
        b"application/x+json",
    ),
    *(b"application/cloudevents", b"application/cloudevents+avro", b"application/cloudevents-batch+json", b";", b""),
)
_ATTRIBUTES: dict[str, tuple[bytes, ...]] = {
    "ce_specversion": (b"0.3", b"1", b"2.0", b"1.0 "),
    "ce_time": tuple(each.encode() for each in _TIMES),
    "ce_knownat": tuple(each.encode() for each in _TIMES),
    "ce_type": (b"waybond.order.v0", b"x", b"io.waybond.refund.issue.v1", b"waybond.progress.v1", b"\x00"),
    "ce_id": (b"x", b"\x00", "π".encode(), b"a\nb"),
    "ce_traceparent": (b"00-0-0-0", b"x" * 500),
}
_NAMES_OF_HEADERS = ("", "x" * 3_000, "π", "a\nb", "ce_", "CE_ID", "ce_\x00", "traceparent")
_Bends = dict[str, Callable[[random.Random, Draft], None]]
_TREE: _Bends = {
    "field dropped": _drop,
    "field doubled": _double,
    "field renamed": _rename,
    "field added": _add,
    "wrong type": _retype,
    "wrong value": _replace,
    "list repeated": _repeat,
    "nested deep": _nest,
}
_BYTES: _Bends = {
    "cut": _cut,
    "bits flipped": _flip,
    "byte order mark": _mark,
    "something around it": _surround,
    "another value": _invent,
}
_HEADERS: _Bends = {
    "header bent": _header,
    "attribute bent": _attribute,
    "structured mode": _structured,
    "content-type": _content_type,
}
_ADDRESS: _Bends = {"wrong topic": _wrong_topic, "wrong key": _wrong_key}
BENDS = (*_TREE, *_BYTES, *_HEADERS, *_ADDRESS)
_NAMES = [*BENDS, *_TREE]
"""The tree is bent as often as all else together: there the grammar reaches deepest."""
