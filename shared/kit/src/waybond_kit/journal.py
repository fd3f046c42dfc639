"""What a batch applied, as one row: from topics and journal together a state can be made again."""

from collections.abc import Sequence

import msgspec

from waybond_kit.door import Item

_encode = msgspec.json.Encoder().encode


def spans(items: Sequence[Item]) -> list[list[object]]:
    """[topic, first offset, last offset] of the records, in the order in which they were applied."""
    found: list[list[object]] = []
    for item in items:
        topic, offset = item.raw.topic, item.raw.offset
        if found and found[-1][0] == topic:
            found[-1][2] = offset
        else:
            found.append([topic, offset, offset])
    return found


def spans_json(items: Sequence[Item]) -> str:
    """The same as JSON."""
    return _encode(spans(items)).decode()
