"""Contracts only grow: each schema takes the place of the released one without breaking a reader or a record."""

import copy
import json
from collections.abc import Callable

import pytest

from tests.contract.compatibility import Schema, breaks
from tests.support.sources import ROOT
from waybond_contracts.generate.schemas import event_schemas
from waybond_contracts.topics import OUTSIDE

RELEASED = ROOT / "shared" / "contracts" / "schemas" / "released"
CURRENT = event_schemas()
NAMES = sorted(path.stem for path in RELEASED.glob("*.json"))

ACCEPTED: dict[str, str] = {
    "ShipmentDelivered": "no release is deployed yet whose claims could not read that a parcel is ready_for_pickup",
    "ClaimReferred": "readers are told that more words may come as a reason; no release is deployed yet",
}
"""Event -> why its break harms nobody (nobody reads it yet, a pattern that admits more than before, ...)."""


def released(name: str) -> Schema:
    return json.loads((RELEASED / f"{name}.json").read_text(encoding="utf-8"))


def ours(schema: Schema) -> bool:
    return not OUTSIDE.issuperset(schema["x-topics"])


def test_there_is_a_released_contract() -> None:
    assert len(NAMES) >= 50


def test_no_event_was_taken_away() -> None:
    assert set(NAMES) <= set(CURRENT)


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_only_grew(name: str) -> None:
    found = breaks(released(name), CURRENT[name], ours=ours(CURRENT[name]))
    if name in ACCEPTED:
        assert found, f"{name} breaks nothing: take it out of ACCEPTED"
    else:
        assert found == [], f"{name}: add an optional field or another event instead"


def changed(name: str, change: Callable[[Schema], object]) -> list[str]:
    """What breaks if the event's schema were changed like this."""
    schema = copy.deepcopy(CURRENT[name])
    change(schema)
    return breaks(CURRENT[name], schema, ours=ours(schema))


def fields(schema: Schema, part: str = "") -> Schema:
    return (schema["$defs"][part] if part else schema)["properties"]


def remove(schema: Schema, name: str) -> None:
    del schema["properties"][name]
    if name in schema["required"]:
        schema["required"].remove(name)


NEW_FIELD = {"anyOf": [{"type": "string", "maxLength": 8}, {"type": "null"}], "default": None}

GROWTH = {
    "an optional field": lambda s: fields(s).update(colour=NEW_FIELD),
    "an optional field of a part": lambda s: fields(s, "Money").update(note=NEW_FIELD),
    "an optional field that is a part": lambda s: fields(s).update(other={"$ref": "#/$defs/Money"}),
    "another description": lambda s: s.update(description="in other words"),
}
BREAKS = {
    "a removed field": lambda s: remove(s, "amount"),
    "a removed field of a part": lambda s: remove(s["$defs"]["Money"], "exponent"),
    "a narrowed text": lambda s: fields(s)["order_id"].update(maxLength=5),
    "a narrowed number of a part": lambda s: fields(s, "Money")["minor"].update(maximum=5),
    "another type": lambda s: fields(s).update(order_id={"type": "integer"}),
    "a newly required field": lambda s: (fields(s).update(colour={"type": "string"}), s["required"].append("colour")),
    "another pattern": lambda s: fields(s)["order_id"].update(pattern="^[0-9]+$"),
    "another format": lambda s: fields(s)["occurred_at"].pop("format"),
    "another topic": lambda s: s.update({"x-topics": ["elsewhere"]}),
}


@pytest.mark.parametrize("name", ["OrderRefunded", "ClaimSettled"])
@pytest.mark.parametrize("change", GROWTH)
def test_growth_is_let_through(name: str, change: str) -> None:
    assert changed(name, GROWTH[change]) == []


@pytest.mark.parametrize("name", ["OrderRefunded", "ClaimSettled"])
@pytest.mark.parametrize("change", BREAKS)
def test_a_break_is_caught(name: str, change: str) -> None:
    assert changed(name, BREAKS[change])


def test_a_removed_optional_field_is_caught() -> None:
    assert changed("OrderRefunded", lambda s: remove(s, "reason"))


def test_an_optional_field_must_not_become_required_nor_a_null_be_refused() -> None:
    assert changed("OrderPlaced", lambda s: s["required"].append("postal_prefix"))
    assert changed("OrderPlaced", lambda s: fields(s).update(promise={"$ref": "#/$defs/Promise"}))


def test_a_vocabulary_of_outsiders_may_grow_and_not_shrink() -> None:
    assert changed("OrderPlaced", lambda s: s["$defs"]["Language"]["enum"].append("fr")) == []
    assert changed("OrderPlaced", lambda s: s["$defs"]["Language"]["enum"].remove("pt"))


def test_a_word_that_only_new_readers_know_may_not_be_written_yet() -> None:
    assert changed("PolicyDeclined", lambda s: s["$defs"]["DeclineReason"]["enum"].append("full_moon"))


def test_a_bound_on_an_amount_is_seen() -> None:
    assert changed("OrderRefunded", lambda s: fields(s)["amount"]["allOf"][1]["properties"]["minor"].update(minimum=5))
