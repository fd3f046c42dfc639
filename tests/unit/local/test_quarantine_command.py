"""`waybond quarantine`: how records are named and shown, and the decisions that are published."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybond_contracts.commands import DiscardHeld, ReleaseHeld
from waybond_local.quarantine_cli import (
    MAX_SHOWN_BYTES,
    Address,
    QuarantineError,
    command_for,
    condition,
    expect_undecided,
    first_held,
    shown,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_record_is_named_by_service_topic_shard_and_offset() -> None:
    address = Address.parse("claims/delays/3/1042")
    assert address == Address("claims", "delays", 3, 1042)
    assert str(address) == "claims/delays/3/1042"


@pytest.mark.parametrize("text", ["", "claims", "claims/delays/3", "nobody/delays/3/1", "claims/delays/three/1"])
def test_another_name_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(QuarantineError, match="expected SERVICE/TOPIC/SHARD/OFFSET"):
        Address.parse(text)


@pytest.mark.parametrize("kind", [ReleaseHeld, DiscardHeld])
def test_a_decision_names_the_record_and_its_order(kind: type[ReleaseHeld]) -> None:
    command = command_for(kind, Address("tracking", "shipments", 3, 17), "demo/shop/o-1", "mended", NOW)
    assert type(command) is kind
    assert command.order_key == "demo/shop/o-1"
    assert (command.service, command.topic_name, command.record_offset) == ("tracking", "shipments", 17)
    assert command.note == "mended"


def test_what_names_no_order_cannot_be_decided_about() -> None:
    with pytest.raises(QuarantineError, match="names no order"):
        command_for(ReleaseHeld, Address("claims", "delays", 0, 1), None, "", NOW)


def test_bytes_are_shown_escaped() -> None:
    assert shown(b'{"a": "\xff\x00\x1b[31m"}') == '{"a": "\\xff\\x00\\x1b[31m"}'
    assert shown(None) == "(none)"


@given(st.binary())
def test_whatever_bytes_come_nothing_reaches_the_terminal_raw(value: bytes) -> None:
    assert shown(value).isprintable()


def test_a_long_value_is_cut_and_says_so() -> None:
    assert shown(b"x" * (MAX_SHOWN_BYTES + 1)).endswith(f"{MAX_SHOWN_BYTES + 1} bytes in all")


@pytest.mark.parametrize("text", [f"claims/delays/{2**31}/1", f"claims/delays/1/{2**63}"])
def test_a_place_that_no_table_holds_is_refused(text: str) -> None:
    with pytest.raises(QuarantineError, match="expected a shard up to"):
        Address.parse(text)


def test_a_note_that_no_record_holds_is_refused() -> None:
    with pytest.raises(QuarantineError, match="at most 2000 characters, got 2001"):
        command_for(ReleaseHeld, Address("claims", "delays", 0, 1), "demo/shop/o-1", "x" * 2_001, NOW)


def test_held_orders_come_first_whichever_service_holds_them() -> None:
    kept = ("pricing", {"aggregate_id": None, "released_at": None})
    settled = ("tracking", {"aggregate_id": "a", "released_at": NOW})
    holds = ("claims", {"aggregate_id": "a", "released_at": None})
    assert first_held([kept, settled, holds]) == [holds, settled, kept]


def row(offset: int, *, stands: bool = True, first: int | None = 17, reason: str = "waiting") -> dict[str, object]:
    """Of the order whose line begins at offset `first` of claims/delays/3."""
    return {
        "record_offset": offset,
        "aggregate_id": "a" if stands else None,
        "reason": reason,
        "released_at": None,
        "outcome": None,
        "first_in_line": None if first is None else f"claims/delays/3/{first}",
    }


def at(offset: int) -> Address:
    return Address("claims", "delays", 3, offset)


def test_whichever_record_is_first_in_line_holds_its_order() -> None:
    """S: the first was released and the second failed again: it is the one to decide, and was shown as waiting."""
    assert "holds its order" in condition(at(17), row(17))
    assert condition(at(18), row(18)) == "waits"
    assert condition(at(18), row(18, stands=False)) == "kept"
    assert condition(at(17), row(17) | {"released_at": NOW, "outcome": "discarded"}) == "discarded"


@pytest.mark.parametrize("kind", [ReleaseHeld, DiscardHeld])
def test_a_decision_that_the_service_would_leave_aside_is_refused(kind: type[ReleaseHeld]) -> None:
    expect_undecided(kind, at(17), row(17))
    with pytest.raises(QuarantineError, match="claims/delays/3/18 comes behind claims/delays/3/17"):
        expect_undecided(kind, at(18), row(18))
    with pytest.raises(QuarantineError, match="was released on 2026-03-01 00:00 already"):
        expect_undecided(kind, at(17), row(17) | {"released_at": NOW, "outcome": "released"})


def test_what_is_kept_beside_a_held_order_can_be_left_out_and_not_released() -> None:
    expect_undecided(ReleaseHeld, at(5), row(5, stands=False, first=None))
    expect_undecided(DiscardHeld, at(5), row(5, stands=False))
    with pytest.raises(QuarantineError, match="decide that first"):
        expect_undecided(ReleaseHeld, at(5), row(5, stands=False))
