"""Facts and states of many orders are cut from one that was really encoded."""

import json

import pytest

from benchmarks.stencil import Stencil, StencilError

SPECIMEN = {"order_id": "bench-00000000", "policy_id": "11111111-1111-5111-8111-111111111111"}
OTHER = {"order_id": "bench-00000007", "policy_id": "22222222-2222-5222-8222-222222222222"}


def encoded(ids: dict[str, str]) -> bytes:
    return json.dumps({**ids, "payment": f"ch_{ids['order_id']}", "note": "早く", "minor": 12}).encode()


def test_another_orders_fact_is_what_would_have_been_encoded_for_it() -> None:
    assert Stencil(encoded(SPECIMEN), SPECIMEN).fill(OTHER) == encoded(OTHER)
    assert Stencil(encoded(SPECIMEN), SPECIMEN).fill(SPECIMEN) == encoded(SPECIMEN)


def test_an_id_that_holds_another_is_filled_whole() -> None:
    ids = {"order_id": "bench-1", "payment": "bench-1-card"}
    filled = Stencil(b"bench-1 bench-1-card bench-1", ids).fill({"order_id": "A", "payment": "B"})
    assert filled == b"A B A"


def test_it_names_the_ids_that_it_needs() -> None:
    assert Stencil(b"bench-00000000", SPECIMEN).names == {"order_id"}


def test_a_text_without_any_id_would_make_all_orders_one() -> None:
    with pytest.raises(StencilError, match="order_id"):
        Stencil(b"{}", SPECIMEN)
