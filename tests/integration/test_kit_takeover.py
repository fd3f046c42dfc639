"""Shards change hands on real parts: what is in the database counts, whatever Kafka's group or an old owner thinks."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from tests.support.kit import World, amended, eventually
from tests.support.servers import create_topics
from tests.support.toys import PRICING, TRACKING
from waybond_contracts.topics import OPERATOR_COMMANDS, ORDERS, POLICIES
from waybond_kit.errors import StartError
from waybond_kit.outbox import pack_headers


def all_applied(orders: int, revisions: int) -> Any:
    """Whether every order has every revision, once."""

    def check(states: dict[str, Any]) -> bool:
        return len(states) == orders and all(len(toy.revisions) == revisions for toy in states.values())

    return check


async def fill(world: World, revision: int, orders: int = 40) -> None:
    await world.publish(*(amended(f"o{order}", revision) for order in range(orders)))


async def offsets(world: World) -> dict[int, int]:
    """How far orders is applied, by shard."""
    rows = await world.query("pricing", "SELECT shard, next_offset FROM shard_input WHERE topic = $1", ORDERS)
    return {row["shard"]: row["next_offset"] for row in rows}


async def hint(world: World, offset: int) -> None:
    """Make the group believe that everything up to `offset` was applied, or nothing."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=world.kafka, group_id=f"{world.prefix}waybond-pricing", enable_auto_commit=False
    )
    await consumer.start()
    places = [TopicPartition(world.prefix + ORDERS, number) for number in range(world.partitions)]
    consumer.assign(places)
    await consumer.commit(dict.fromkeys(places, offset))
    await consumer.stop()


@pytest.mark.parametrize("offset", [0, 1_000])
async def test_the_offsets_in_the_database_count_not_those_of_the_group(
    kafka: str, database: str, topic_prefix: str, offset: int
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await fill(world, 1)
            await eventually(lambda: world.states("pricing"), all_applied(40, 1))
        await fill(world, 2)
        await hint(world, offset)
        async with world.running(PRICING):
            await eventually(lambda: world.states("pricing"), all_applied(40, 2))
        published = await world.ids(POLICIES)  # a service that stops has published what is applied
        assert len(published) == 80 and max(Counter(published).values()) == 1


async def test_a_database_restored_to_an_earlier_state_goes_on_from_there(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """The same facts lead to the same events with the same ids: who reads them knows them already."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await fill(world, 1)
            await eventually(lambda: world.states("pricing"), all_applied(40, 1))
        await world.execute(
            "pricing",
            "TRUNCATE aggregate, journal, toy_row;"
            "UPDATE shard_input SET next_offset = 0, last_stamp = NULL, last_crc = NULL;"
            "UPDATE shard SET batch_seq = 0, watermark = NULL",
        )
        async with world.running(PRICING):
            await eventually(lambda: world.states("pricing"), all_applied(40, 1))
            published = await eventually(lambda: world.ids(POLICIES), lambda ids: len(ids) == 80)
        assert set(Counter(published).values()) == {2}


async def test_what_the_last_owner_left_in_the_outbox_is_published_before_the_shard_opens(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
        for shard in range(world.partitions):
            await world.execute("pricing", "UPDATE shard SET outbox_seq = 2500 WHERE shard = $1", shard)
            await world.execute(
                "pricing",
                "INSERT INTO outbox SELECT $1, seq, 'claims', $1, NULL, $2, seq::text::bytea "
                "FROM generate_series(1, 2500) AS seq",
                shard,
                pack_headers([("left", b"over")]),
            )
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
            # Progress may lie there already: an open shard says how far it has come.
            assert await world.query("pricing", "SELECT FROM outbox WHERE topic = 'claims'") == []
            found = await world.records("claims")
            for shard in range(world.partitions):
                values = [int(record.value or b"0") for record in found if record.partition == shard]
                assert values == list(range(1, 2501))


async def test_an_owner_that_lost_its_epoch_writes_nothing_and_takes_the_shard_again(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        await fill(world, 1)
        await eventually(lambda: world.states("pricing"), all_applied(40, 1))
        mine = {shard.number: shard for shard in pricing.engine.shards()}
        before = await offsets(world)
        await world.execute("pricing", "UPDATE shard SET epoch = epoch + 1, owner = 'another'")
        await fill(world, 2)
        await eventually(lambda: world.states("pricing"), all_applied(40, 2))
        assert all(shard.closed for shard in mine.values())
        assert {number: shard.positions[ORDERS].applied for number, shard in mine.items()} == before
        journal = await world.query("pricing", "SELECT shard, epoch FROM journal")
        assert {row["epoch"] for row in journal} == {1, 3}
        # Rows that were confirmed but not deleted yet are sent once more, under the same ids.
        await eventually(lambda: world.ids(POLICIES), lambda ids: len(set(ids)) == 80)


async def test_a_process_outside_the_group_does_not_take_a_shard_again(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """A zombie and the owner would otherwise fence each other in turn."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        reader = pricing.engine._ports.reader

        async def refused(offsets: Any) -> None:
            raise RuntimeError("the group knows no such member")

        reader.commit = refused  # type: ignore[method-assign]  # as a coordinator answers a member it has removed
        await world.execute("pricing", "UPDATE shard SET epoch = epoch + 1, owner = 'another'")
        await fill(world, 1)

        async def closed() -> dict[int, str]:
            return pricing.engine.failures()

        await eventually(
            closed, lambda seen: all("knows no such member" in why for why in seen.values()) and seen != {}
        )
        await asyncio.sleep(2)  # that nothing happens is what is looked for
        owners = await world.query("pricing", "SELECT DISTINCT owner, epoch FROM shard")
        assert [(row["owner"], row["epoch"]) for row in owners] == [("another", 2)]


async def test_a_topic_that_was_made_anew_stops_the_shard(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await fill(world, 1)
            await eventually(lambda: world.states("pricing"), all_applied(40, 1))
        await _make_anew(world, ORDERS)
        await fill(world, 2)
        async with world.running(PRICING) as pricing:

            async def closed() -> dict[int, str]:
                return pricing.engine.failures()

            why = await eventually(closed, lambda seen: sum("LogError" in each for each in seen.values()) == 4)
            assert all("the topic was made anew" in each for each in why.values())
        assert all(toy.revisions == (1,) for toy in (await world.states("pricing")).values())


async def test_a_topic_that_is_made_anew_while_it_is_read_stops_the_shard(
    kafka: str, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("waybond_kit.consumer.METADATA_AGE_MS", 2_000)
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await fill(world, 1)
        await eventually(lambda: world.states("pricing"), all_applied(40, 1))
        await _make_anew(world, ORDERS)
        await world.publish(*(amended(f"o{order}", 2) for order in range(10)))

        async def closed() -> dict[int, str]:
            return pricing.engine.failures()

        await eventually(closed, lambda seen: sum("LogError" in each for each in seen.values()) == 4)
        assert all(toy.revisions == (1,) for toy in (await world.states("pricing")).values())


async def _make_anew(world: World, topic: str) -> None:
    await world.delete(topic)
    await create_topics(world.kafka, [world.prefix + topic], world.partitions)


async def test_a_log_that_begins_later_raises_an_alarm_and_goes_on(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """The service was away for longer than the topic keeps its records: what is lost is noted, the rest is applied."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING):
            await fill(world, 1)
            await eventually(lambda: world.states("pricing"), all_applied(40, 1))
        applied = await offsets(world)
        await fill(world, 2)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.delete_records(
            {
                TopicPartition(world.prefix + ORDERS, shard): RecordsToDelete(before_offset=offset + 3)
                for shard, offset in applied.items()
            }
        )
        await admin.close()
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
            rows = await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 4)
            await eventually(
                lambda: world.states("pricing"),
                lambda states: sum(2 in toy.revisions for toy in states.values()) == 40 - 3 * 4,
            )
        for row in rows:
            first = applied[row["shard"]]
            assert (row["reason"], row["record_offset"]) == ("lost", first + 2)
            assert f"records {first} to {first + 2} were gone" in row["detail"]


async def test_a_shard_opens_only_with_all_of_its_topics_in_one_hand(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """A rolling deploy adds a topic: the old code reads fewer, and Range splits shards between old and new."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        old_code = AIOKafkaConsumer(
            world.prefix + ORDERS,
            bootstrap_servers=kafka,
            group_id=f"{world.prefix}waybond-pricing",
            partition_assignment_strategy=[RangePartitionAssignor],
            enable_auto_commit=False,
        )
        await old_code.start()
        taken = {place.partition for place in old_code.assignment()}
        assert taken and taken != set(range(world.partitions))

        async def numbers() -> set[int]:
            return {shard.number for shard in pricing.engine.shards()}

        await eventually(numbers, lambda seen: seen == set(range(world.partitions)) - taken)
        await fill(world, 1)
        await asyncio.sleep(1)  # that nothing happens is what is looked for
        shards = await world.query("pricing", "SELECT DISTINCT shard FROM aggregate")
        assert {row["shard"] for row in shards} & taken == set()
        await old_code.stop()
        await world.open(pricing)
        await eventually(lambda: world.states("pricing"), all_applied(40, 1))


async def test_a_version_that_reads_less_starts_as_the_static_member_that_read_more(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """A release that added a topic is rolled back: the group still gives its member what that release had asked for."""
    before = replace(TRACKING, inputs=tuple(each for each in TRACKING.inputs if each.topic != OPERATOR_COMMANDS))
    async with World(kafka, database, topic_prefix).ready(TRACKING) as world:
        async with world.running(TRACKING, instance="only") as after:
            await world.open(after)
        async with world.running(before, instance="only") as tracking:
            await world.open(tracking)
            await world.publish(*(amended(f"o{order}", 1) for order in range(40)))
            states = await eventually(lambda: world.states("tracking"), all_applied(40, 1))
    assert len(states) == 40


async def test_static_members_that_read_a_topic_more_get_it(kafka: str, database: str, topic_prefix: str) -> None:
    """A rolling deploy adds a topic. No member leaves the group, and still its partitions have to be shared anew."""
    before = replace(TRACKING, inputs=tuple(each for each in TRACKING.inputs if each.topic != OPERATOR_COMMANDS))
    async with World(kafka, database, topic_prefix).ready(TRACKING) as world:
        async with world.running(before, instance="a") as a, world.running(before, instance="b") as b:
            await world.open(a, b)
        async with world.running(TRACKING, instance="a") as a, world.running(TRACKING, instance="b") as b:
            await world.open(a, b)
            await world.publish(*(amended(f"o{order}", 1) for order in range(40)))
            states = await eventually(lambda: world.states("tracking"), all_applied(40, 1))
    assert len(states) == 40


async def test_a_service_does_not_start_on_topics_that_do_not_fit(kafka: str, database: str, topic_prefix: str) -> None:
    topics = [ORDERS, OPERATOR_COMMANDS, POLICIES]
    async with World(kafka, database, topic_prefix).ready(PRICING, TRACKING, topics=topics) as world:
        async with world.running(PRICING) as pricing:
            assert pricing.port
        with pytest.raises(StartError, match=r"topic \S+delays does not exist"):
            await _start(world, TRACKING)
        await create_topics(kafka, [world.prefix + "delays"], 3)
        with pytest.raises(StartError, match="all topics need the same number of partitions"):
            await _start(world, TRACKING)
        await _configure(world, ORDERS, "message.timestamp.type", "CreateTime")
        with pytest.raises(StartError, match=r"orders needs message\.timestamp\.type=LogAppendTime"):
            await _start(world, PRICING)
        await _configure(world, ORDERS, "message.timestamp.type", "LogAppendTime")
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.create_partitions({world.prefix + topic: NewPartitions(6) for topic in topics})
        await admin.close()
        with pytest.raises(StartError, match="the topics have 6 partitions, the database was made for 4"):
            await _start(world, PRICING)


async def test_a_service_does_not_start_without_its_migrations(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        await world.execute("pricing", "DELETE FROM service_migrations")
        with pytest.raises(StartError, match=r"lacks the migrations 0001 \(service_migrations\): run"):
            await _start(world, PRICING)


async def test_a_service_does_not_start_without_its_servers(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        with pytest.raises(StartError, match=r"Kafka at .* does not answer"):
            await _start(world, PRICING, kafka="127.0.0.1:1")
        with pytest.raises(StartError, match=r"WAYBOND_DATABASE: PostgreSQL at \S+:1/x does not let nobody in"):
            await _start(world, PRICING, database="postgresql://nobody@127.0.0.1:1/x")


async def _start(world: World, definition: Any, **given: Any) -> None:
    async with world.running(definition, **given):
        pass


async def _configure(world: World, topic: str, name: str, value: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=world.kafka)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, world.prefix + topic, {name: value})])
    await admin.close()
