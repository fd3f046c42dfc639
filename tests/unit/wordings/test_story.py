"""A story's file: what is wrong with it is named by field and value."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.wordings import EXAMPLES
from waybond_contracts.errors import ContractError
from waybond_local.wordings.facts import event, placed
from waybond_local.wordings.story import KINDS, MAX_STORY_BYTES, MAX_STORY_STEPS, Step, parse_story, read_story

ORDER = {"total": "100.00", "currency": "USD", "origin": "CN", "destination": "BR"}


def story(*steps: dict[str, Any], until: Any = 90, **order: Any) -> bytes:
    return json.dumps({"order": ORDER | order, "steps": steps, "until": until}).encode()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "story: expected JSON, got Expecting property name enclosed in double quotes: line 1 column 2"),
        (b"\xff", "story: expected JSON in UTF-8"),
        (b"[" * 100_000, "story: expected JSON"),
        (story(until=-1), "until: expected 0 or more, got -1"),
        (story(until=3_661), "until: expected 3660 or less, got 3661"),
        (story(until="soon"), "until: expected an integer"),
        (story(total=100), "order.total: expected a string, got 100"),
        (story(total="1.005"), "order.total: expected at most 2 decimals for USD, got 1.005"),
        (story(currency="XYZ"), "order.currency: expected"),
        (story(destination="ZZ"), "order.destination: expected an ISO 3166-1 alpha-2 country code, got ZZ"),
        (story(prommised=4), "order.prommised: expected no field of that name, got 4"),
        (story(exchange={"base": "USD", "quote": "BRL", "rate": "0"}), "order.exchange.rate: expected"),
        (story(shipping="100.01"), "order.shipping: expected no more than the total, 100.00, got 100.01"),
        (
            story(lines=[{"id": "1", "total": "50.00"}] * 2),
            "order.lines.1.line_id: expected an id that no other line has, got 1",
        ),
        (story({"day": 1}), "steps.0: expected exactly one of booked, scan"),
        (story({"day": 1, "booked": "A", "scan": "LOST"}), "steps.0: expected exactly one of booked, scan"),
        (story({"day": 1, "scan": "EATEN", "package": "A"}), "steps.0.scan: expected one of"),
        (story({"day": 1, "scan": "LOST"}), "steps.0.package: expected a value: the field is required"),
        (story({"day": 1.5, "booked": "A"}), "steps.0.day: expected an integer, got 1.5"),
        (story({"day": 91, "booked": "A"}), "steps.0.day: expected a day up to `until`, which is 90, got 91"),
        (story({"day": 5, "known": 4, "booked": "A"}), "steps.0.known: expected the step's day, which is 5, or later"),
        (story({"day": 1, "at": "24:00", "booked": "A"}), "steps.0.at: expected text of the form"),
        (story({"day": 1, "booked": "A", "lines": {"9": 1}}), "steps.0.lines: expected lines of the order: 1, got 9"),
        (story({"day": 1, "withdrawn": "D"}), "steps.0: expected the id of a dispute of the story, got D"),
        (story({"day": 1, "amend": {}}), "steps.0.amend: expected one of total, lines and destination"),
        (story("a"), "steps.0: expected an object, got a"),  # type: ignore[arg-type] - that is what is wrong
        (
            story({"day": 1, "dispute": "LATE"}, {"day": 2, "dispute": "LATE"}),
            "steps: expected an id of its own for each dispute, got dispute",
        ),
        (
            story(*[{"day": 1, "booked": "A"}] * (MAX_STORY_STEPS + 1)),
            f"steps: expected at most {MAX_STORY_STEPS} steps, got {MAX_STORY_STEPS + 1}",
        ),
        (json.dumps({"order": ORDER, "steps": 7, "until": 9}).encode(), "steps: expected an array of steps, got 7"),
        (json.dumps({"order": ORDER, "until": 9, "start": "1999-01-01"}).encode(), "start: expected a date from 2001"),
    ],
)
def test_bad_input_is_named_by_field_and_value(body: bytes, says: str) -> None:
    with pytest.raises(ContractError) as error:
        placed(parse_story(body), "plain")
    assert str(error.value).startswith(says)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large.json").write_bytes(b" " * (MAX_STORY_BYTES + 1))
    with pytest.raises(ContractError, match=r"large\.json"):
        read_story(tmp_path / "large.json")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_the_examples_are_stories(path: Path) -> None:
    assert read_story(path).note


def test_a_sum_of_a_step_with_too_many_decimals_is_named() -> None:
    told = parse_story(story({"day": 1, "refunded": "1.005"}))
    with pytest.raises(ContractError, match=r"steps\.0\.refunded: expected at most 2 decimals"):
        event(told, 0, None)


def test_lines_of_an_amendment_that_contradict_each_other_are_named() -> None:
    told = parse_story(story({"day": 1, "amend": {"lines": [{"id": "1", "total": "50.00"}] * 2}}))
    with pytest.raises(ContractError, match=r"steps\.0\.lines\.1\.line_id: expected an id that no other line has"):
        event(told, 0, None)


def test_every_kind_of_step_has_an_event() -> None:
    steps: tuple[dict[str, Any], ...] = (
        {"booked": "A", "lines": {"1": 1}, "promised_latest": 9, "packages_in_order": 2, "replaces": "B"},
        {"scan": "DELIVERED", "package": "A", "handed_to": "door", "unsure_hours": 3, "carrier_eta": 4},
        {"checked": "A"},
        {"dispute": "LATE", "amount": "5.00", "stage": "CHARGEBACK", "source": "card_scheme", "package": "A"},
        {"withdrawn": "dispute"},
        {"resolved": "dispute", "outcome": "BUYER_FAVOUR", "refunded": "5.00"},
        {"received": "empty", "package": "R"},
        {"amend": {"total": "90.00", "destination": "PT", "lines": [{"id": "1", "total": "90.00"}]}},
        {"cancelled": True},
        {"refunded": "5.00", "lines": ["1"]},
        {"promised": 30},
    )
    told = parse_story(story(*({"day": 1} | step for step in steps)))
    assert [type(event(told, index, None)).__name__ for index in range(len(steps))] == [
        "ShipmentBooked", "ShipmentScanned", "ShipmentChecked", "DisputeOpened", "DisputeWithdrawn", "DisputeResolved",
        "ReturnReceived", "OrderAmended", "OrderCancelled", "OrderRefunded", "PromiseChanged",
    ]  # fmt: skip
    assert {type(step) for step in told.steps} == set(KINDS.values()) - {KINDS["decide"]}
    assert all(isinstance(step, Step) for step in told.steps)
