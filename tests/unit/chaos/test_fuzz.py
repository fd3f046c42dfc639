"""What the fuzzer makes: every bend, from a seed, and nothing that the door answers with anything but a refusal."""

from __future__ import annotations

import random
from collections import Counter

from tests.chaos import fuzz
from waybond_contracts.topics import DISPUTES, ORDERS, SHIPMENTS
from waybond_kit.definition import Input, InputKind
from waybond_kit.door import Door, Raw

RECORDS = 3_000
PLATFORM = tuple(Input(topic, InputKind.OUTSIDE) for topic in (ORDERS, SHIPMENTS, DISPUTES))


def test_every_bend_comes_and_the_door_refuses_or_reads_what_it_makes() -> None:
    door, bent, outcomes = Door(PLATFORM, replay=False), Counter[str](), Counter[str]()
    for number, record in enumerate(fuzz.records(random.Random(1), RECORDS, bent)):
        topic, key, value, headers, _ = record
        for name, _ in headers:
            name.encode()  # else a producer could not send it
        assert (key, value) != (None, None), "our producer sends no such record"
        item = door.read(Raw(topic, number, 1_800_000_000_000, key, value, headers))
        outcomes[item.refusal.field if item.refusal is not None else "read"] += 1
    assert bent.keys() == set(fuzz.BENDS)
    assert outcomes["read"] > RECORDS * fuzz.VALID
    # It reaches past the envelope: many different fields are refused by name.
    assert len(outcomes) > 40
