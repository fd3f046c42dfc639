"""Keys: which order a record means, which shard, which id what we publish gets."""

import uuid

import pytest
from aiokafka.partitioner import DefaultPartitioner

from waybond_contracts.errors import ContractError
from waybond_kit.keys import aggregate_id, event_id, partition_of, read_key


@pytest.mark.parametrize("key", ["acme/shop/1", "a/b/c d", "tenant/platform/ünïcode", "x/y/" + "z" * 128])
def test_a_key_names_its_order(key: str) -> None:
    assert read_key(key.encode()) == key


@pytest.mark.parametrize(
    "key",
    [None, b"", b"acme/shop", b"acme/shop/1/2", b"Acme/shop/1", b"acme/shop/", b"acme/shop/a\x00", b"\xff/a/b",
     b"x/y/" + b"z" * 129],
)  # fmt: skip
def test_anything_else_is_no_key(key: bytes | None) -> None:
    with pytest.raises(ContractError) as raised:
        read_key(key)
    assert raised.value.field == "key"


def test_the_partition_is_the_one_that_kafkas_default_partitioner_gives() -> None:
    partitions = list(range(8))
    for number in range(200):
        key = f"acme/shop/{number}".encode()
        assert partition_of(key, 8) == DefaultPartitioner()(key, partitions, partitions)


def test_an_id_is_the_uuid5_of_its_cause_type_and_business_key() -> None:
    assert event_id("c", "t", "b") == str(uuid.uuid5(uuid.NAMESPACE_URL, "c|t|b"))
    assert event_id("c", "t", "b") != event_id("c", "t", "b2")


def test_an_aggregates_id_is_a_uuid_that_only_its_key_makes() -> None:
    assert aggregate_id("a/b/1") == aggregate_id("a/b/1") != aggregate_id("a/b/2")
    assert isinstance(aggregate_id("a/b/1"), uuid.UUID)
