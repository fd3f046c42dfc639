"""What bad input gets at the door of a payload: one clear error that names the field and what was expected."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from tests.contract.examples import EXAMPLES
from tests.contract.pieces import usd
from waybond_contracts.errors import SHOWN_CHARACTERS, ContractError
from waybond_contracts.money import Money
from waybond_contracts.orders import OrderPlaced
from waybond_contracts.registry import EVENT_TYPES, MAX_UNKNOWN_FIELDS, decode, encode
from waybond_contracts.shipments import ShipmentScanned
from waybond_contracts.topics import MAX_RECORD_BYTES

PLACED = "io.waybond.OrderPlaced"
SCANNED = "io.waybond.ShipmentScanned"
LINE = EXAMPLES[PLACED]["lines"][0]
INSTANT = "an RFC 3339 instant with its offset"


def refused(event_type: str, changes: dict[str, Any], *, strict: bool = False) -> ContractError:
    return refused_bytes(event_type, json.dumps(EXAMPLES[event_type] | changes).encode(), strict=strict)


def refused_bytes(event_type: str, data: bytes, *, strict: bool = False) -> ContractError:
    with pytest.raises(ContractError) as error:
        decode(event_type, data, strict=strict)
    assert type(error.value) is ContractError
    return error.value


@pytest.mark.parametrize(
    ("event_type", "changes", "field", "expected"),
    [
        (PLACED, {"total": 46.0}, "total", "an object"),
        (PLACED, {"total": usd(1) | {"minor": 12.5}}, "total.minor", "an integer"),
        (PLACED, {"total": usd(1) | {"minor": "1250"}}, "total.minor", "an integer"),
        (PLACED, {"total": usd(1) | {"minor": True}}, "total.minor", "an integer"),
        (PLACED, {"total": usd(1) | {"minor": 2**63}}, "total.minor", "9007199254740991 or less"),
        (PLACED, {"total": usd(1) | {"minor": -(10**300)}}, "total.minor", "-9007199254740991 or more"),
        (PLACED, {"total": usd(-1)}, "total.minor", "0 or more"),
        (PLACED, {"total": usd(1) | {"currency": "XXQ"}}, "total.currency", "an ISO 4217 currency code"),
        (PLACED, {"total": usd(1) | {"currency": "usd"}}, "total.currency", "text of the form ^[A-Z]{3}$"),
        (PLACED, {"total": usd(1) | {"exponent": 3}}, "total.exponent", "2, the decimals of USD"),
        (PLACED, {"total": usd(1) | {"currency": "JPY"}}, "total.exponent", "0, the decimals of JPY"),
        (PLACED, {"total": usd(1) | {"exponent": 5}}, "total.exponent", "4 or less"),
        (PLACED, {"occurred_at": "2026-01-05T14:02:11"}, "occurred_at", INSTANT),
        (PLACED, {"occurred_at": "2026-01-05"}, "occurred_at", INSTANT),
        (PLACED, {"occurred_at": "2026-02-30T00:00:00Z"}, "occurred_at", INSTANT),
        (PLACED, {"occurred_at": "1767621731"}, "occurred_at", INSTANT),
        (PLACED, {"occurred_at": 1767621731}, "occurred_at", INSTANT),
        (PLACED, {"occurred_at": "1999-12-31T23:59:59Z"}, "occurred_at", "from 2000 up to 2100"),
        (PLACED, {"occurred_at": "2100-01-01T00:00:00Z"}, "occurred_at", "from 2000 up to 2100"),
        (PLACED, {"occurred_at": "0001-01-01T00:00:00+23:59"}, "occurred_at", INSTANT),
        (PLACED, {"occurred_at": "9999-12-31T23:59:59-23:59"}, "occurred_at", INSTANT),
        (PLACED, {"occurred_at": None}, "occurred_at", INSTANT),
        (PLACED, {"promise": {"latest": "soon"}}, "promise.latest", INSTANT),
        (PLACED, {"buyer_ref": ""}, "buyer_ref", "at least 1 characters"),
        (PLACED, {"buyer_ref": 7}, "buyer_ref", "a string"),
        (PLACED, {"buyer_ref": "x" * 129}, "buyer_ref", "at most 128 characters"),
        (PLACED, {"buyer_ref": "a\x00b"}, "buyer_ref", "text of the form"),
        (PLACED, {"buyer_ref": "a\nb"}, "buyer_ref", "text of the form"),
        (PLACED, {"order_id": "a/b"}, "order_id", "text of the form"),
        (PLACED, {"tenant": "Demo"}, "tenant", "text of the form"),
        (PLACED, {"tenant": "demo\n"}, "tenant", "text of the form"),
        (PLACED, {"lines": []}, "lines", "at least 1 items"),
        (PLACED, {"lines": [LINE | {"line_id": str(n)} for n in range(201)]}, "lines", "at most 200 items"),
        (PLACED, {"lines": {}}, "lines", "an array"),
        (PLACED, {"lines": [LINE, LINE]}, "lines.1.line_id", "an id that no other line has"),
        (PLACED, {"lines": [LINE | {"quantity": 0}]}, "lines.0.quantity", "1 or more"),
        (PLACED, {"lines": [LINE | {"quantity": 2**64}]}, "lines.0.quantity", "9007199254740991 or less"),
        (PLACED, {"lines": [LINE | {"title": "x" * 2_001}]}, "lines.0.title", "at most 2000 characters"),
        (PLACED, {"lines": [LINE | {"title": "\x00"}]}, "lines.0.title", "text of the form"),
        (
            *(PLACED, {"lines": [LINE | {"total": {"minor": 1, "currency": "EUR", "exponent": 2}}]}),
            *("lines.0.total.currency", "the order's USD"),
        ),
        (
            *(PLACED, {"shipping": {"minor": 1, "currency": "EUR", "exponent": 2}}),
            *("shipping.currency", "the total's USD"),
        ),
        (PLACED, {"origin": "ZZ"}, "origin", "an ISO 3166-1 alpha-2 country code"),
        (PLACED, {"origin": "China"}, "origin", "text of the form ^[A-Z]{2}$"),
        (PLACED, {"language": "fr"}, "language", "one of 'zh', 'en', 'pt' or 'es'"),
        (PLACED, {"cover": {"wanted": "yes"}}, "cover.wanted", "true or false"),
        (PLACED, {"cover": None}, "cover", "an object"),
        (
            PLACED,
            {"settlement_rate": EXAMPLES[PLACED]["settlement_rate"] | {"rate": "0.00"}},
            "settlement_rate.rate",
            "above zero",
        ),
        (
            PLACED,
            {"settlement_rate": EXAMPLES[PLACED]["settlement_rate"] | {"rate": 5.4}},
            "settlement_rate.rate",
            "a string",
        ),
        (SCANNED, {"kind": "Delivered"}, "kind", "one of 'LABEL_CREATED'"),
        (SCANNED, {"occurred_until": "2025-01-01T00:00:00Z"}, "occurred_until", "occurred_at or later"),
        ("io.waybond.IssueRefund", {"amount": usd(0)}, "amount.minor", "1 or more"),
        ("io.waybond.IssueRefund", {"narrative": "x" * 141}, "narrative", "at most 140 characters"),
        ("io.waybond.RefundFailed", {"retryable": 1}, "retryable", "true or false"),
        (
            *(
                "io.waybond.PolicyIssued",
                {"wording": EXAMPLES["io.waybond.PolicyIssued"]["wording"] | {"body": "x = 1"}},
            ),
            *("wording.sha256", "the SHA-256 of the body"),
        ),
        (
            *(
                "io.waybond.PolicyIssued",
                {"watches": [EXAMPLES["io.waybond.PolicyIssued"]["watches"][0] | {"after": "P1M"}]},
            ),
            *("watches.0.after", "an ISO 8601 duration"),
        ),
    ],
)
def test_a_value_that_does_not_fit_is_named(
    event_type: str, changes: dict[str, Any], field: str, expected: str
) -> None:
    error = refused(event_type, changes)
    assert error.field == field
    assert expected in error.expected


def test_a_missing_field_is_named() -> None:
    payload = {name: value for name, value in EXAMPLES[PLACED].items() if name != "total"}
    error = refused_bytes(PLACED, json.dumps(payload).encode())
    assert str(error) == "total: expected a value: the field is required"


def test_an_unknown_event_type_is_named() -> None:
    error = refused_bytes("io.waybond.OrderEaten", b"{}")
    assert (error.field, error.got) == ("type", "io.waybond.OrderEaten")


def test_on_a_topic_unknown_fields_are_left_out_and_named() -> None:
    payload = EXAMPLES[PLACED] | {"colour": "red", "lines": [LINE | {"weight": {"kg": [1]}}]}
    decoded = decode(PLACED, json.dumps(payload).encode())
    assert set(decoded.unknown_fields) == {"colour", "lines.0.weight"}
    assert decoded.event == decode(PLACED, json.dumps(EXAMPLES[PLACED]).encode()).event


def test_over_http_and_from_publishers_an_unknown_field_is_refused() -> None:
    error = refused(PLACED, {"colour": "red"}, strict=True)
    assert str(error) == "colour: expected no field of that name, got red"


def test_an_unknown_field_in_an_item_is_named_and_not_the_length_of_its_list() -> None:
    error = refused(PLACED, {"lines": [LINE | {"weight": 1}]}, strict=True)
    assert str(error) == "lines.0.weight: expected no field of that name, got 1"


def test_a_wrong_value_matters_more_than_an_unknown_field() -> None:
    error = refused(PLACED, {"colour": "red", "buyer_ref": ""})
    assert error.field == "buyer_ref"


def test_a_rule_over_several_fields_holds_beside_an_unknown_field() -> None:
    error = refused(SCANNED, {"colour": "red", "occurred_until": "2025-01-01T00:00:00Z"})
    assert error.field == "occurred_until"


def test_names_of_unknown_fields_are_few_short_and_printable() -> None:
    payload = EXAMPLES[PLACED] | {f"x\x00{n}" + "y" * 900: n for n in range(1_000)}
    decoded = decode(PLACED, json.dumps(payload).encode())
    assert len(decoded.unknown_fields) == MAX_UNKNOWN_FIELDS
    assert all(name.isprintable() and len(name) < 2 * SHOWN_CHARACTERS for name in decoded.unknown_fields)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "a JSON object"),
        (b"[]", "an object"),
        (b'"text"', "an object"),
        (b"null", "an object"),
        (b"{", "JSON (EOF"),
        (b"{'a': 1}", "JSON ("),
        (b"\xff\xfe{}", "JSON ("),
        (b"\xef\xbb\xbf{}", "JSON ("),
        (b"[" * 100_000, "JSON (recursion limit"),
        (b"x" * (MAX_RECORD_BYTES + 1), f"at most {MAX_RECORD_BYTES} bytes"),
    ],
    ids=["empty", "array", "text", "null", "cut off", "single quotes", "UTF-16", "byte order mark", "deep", "2 MB"],
)
def test_what_is_no_json_object_is_refused(data: bytes, expected: str) -> None:
    error = refused_bytes(PLACED, data)
    assert error.field == "value"
    assert expected in error.expected


@pytest.mark.parametrize(
    "hidden",
    [
        b"NaN",
        b"-Infinity",
        b"[Infinity]",
        b'"\\ud800"',
        b'"\xff"',
        b"9" * 5_000,
        b"[" * 300 + b"]" * 300,
        b"01",
    ],
    ids=["NaN", "-Infinity", "Infinity", "lone surrogate", "not UTF-8", "5000 digits", "deep", "leading zero"],
)
def test_what_is_no_json_is_refused_also_where_it_would_be_left_out(hidden: bytes) -> None:
    data = json.dumps(EXAMPLES[PLACED]).encode()
    error = refused_bytes(PLACED, data[:-1] + b', "colour": ' + hidden + b"}")
    assert error.field == "value"
    assert error.expected.startswith("JSON (")


def test_the_word_nan_in_a_text_is_no_number() -> None:
    decoded = decode(PLACED, json.dumps(EXAMPLES[PLACED] | {"seller_ref": "NaN", "colour": "Infinity"}).encode())
    assert isinstance(decoded.event, OrderPlaced)
    assert decoded.event.seller_ref == "NaN"


def lists(payload: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every object within a payload that has a list, with the list's name."""
    if isinstance(payload, dict):
        for name, value in payload.items():
            if isinstance(value, list):
                yield payload, name
            yield from lists(value)
    elif isinstance(payload, list):
        yield from (found for each in payload for found in lists(each))


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_a_list_of_bad_items_costs_one_error_for_the_item_and_one_for_the_list(event_type: str) -> None:
    payload = copy.deepcopy(EXAMPLES[event_type])
    for holder, name in list(lists(payload)):
        kept, holder[name] = holder[name], [1.5] * 1_000
        with pytest.raises(ValidationError) as error:
            EVENT_TYPES[event_type].model_validate_json(json.dumps(payload))
        assert error.value.error_count() <= 2, name
        holder[name] = kept


def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    data = json.dumps(EXAMPLES[PLACED]).encode()
    event = decode(PLACED, data[:-1] + b', "seller_ref": "other"}').event
    assert isinstance(event, OrderPlaced)
    assert event.seller_ref == "other"


def test_an_error_is_short_and_printable_whatever_came() -> None:
    error = refused(PLACED, {"buyer_ref": "\x00\x1b[31m" * 10_000})
    assert str(error).isprintable()
    assert len(str(error)) < 10 * SHOWN_CHARACTERS
    assert "\\x00" in error.got


def test_instants_are_kept_in_utc_whatever_the_offset_and_the_fraction() -> None:
    event = decode(
        SCANNED, json.dumps(EXAMPLES[SCANNED] | {"occurred_at": "2026-01-05t09:02:11.1234567-05:00"}).encode()
    ).event
    assert event.occurred_at.isoformat() == "2026-01-05T14:02:11.123456+00:00"


def test_the_country_codes_of_the_european_commission_are_read() -> None:
    event = decode(PLACED, json.dumps(EXAMPLES[PLACED] | {"origin": "UK", "destination": "EL"}).encode()).event
    assert isinstance(event, OrderPlaced)
    assert str(event.lane) == "GB-GR"


def test_what_is_none_is_not_written() -> None:
    event = decode(SCANNED, json.dumps(EXAMPLES[SCANNED] | {"country": None}).encode()).event
    assert isinstance(event, ShipmentScanned)
    assert "country" not in json.loads(encode(event))
    assert decode(SCANNED, encode(event)).event == event


@pytest.mark.parametrize("event_type", sorted(EVENT_TYPES))
def test_an_event_names_its_order_and_its_business_key(event_type: str) -> None:
    event = decode(event_type, json.dumps(EXAMPLES[event_type]).encode()).event
    assert event.order_key == "demo/shop/2026-000123" or event.crosses
    assert event.order_key.startswith("demo/")
    assert event.business_key
    assert event.event_type == event_type


def test_one_fact_has_one_business_key_and_another_fact_another() -> None:
    def key(event_type: str, **changes: Any) -> str:
        return decode(event_type, json.dumps(EXAMPLES[event_type] | changes).encode()).event.business_key

    assert key(PLACED) == key(PLACED, total=usd(4700))
    assert key(SCANNED) != key(SCANNED, kind="DELIVERED")
    assert key("io.waybond.ShipmentDelayed") != key("io.waybond.ShipmentDelayed", version=2)
    assert key("io.waybond.ShipmentDelayed") != key("io.waybond.ShipmentDelayed", package_id="p2")
    assert key("io.waybond.IssueRefund") != key("io.waybond.IssueRefund", refund_id="r-2")
    assert key("io.waybond.PolicyAmended") != key("io.waybond.PolicyAmended", version=3)
    assert key("io.waybond.ClaimReferred") == key("io.waybond.ClaimReferred", version=9)


def test_money_built_without_validation_equals_money_that_was_read() -> None:
    event = decode(PLACED, json.dumps(EXAMPLES[PLACED]).encode()).event
    assert isinstance(event, OrderPlaced)
    assert event.total == Money.of(4600, "USD")


def test_an_error_that_was_raised_in_another_process_says_the_same() -> None:
    told = ContractError("clause.0.remedies", "no refund", "refund")
    again = copy.copy(told)  # made again from what it reduces to, as a process pool does
    assert (str(again), again.field, again.got) == (str(told), "clause.0.remedies", "refund")
