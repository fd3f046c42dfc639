"""Held orders on real parts: what `decide` or save fails on waits for an operator, and nothing else does."""

from typing import Any

from tests.support.kit import World, amended, envelope_of, eventually
from tests.support.toys import PRICING, TRACKING, decide_pricing
from waybond_contracts.topics import ORDERS
from waybond_kit.breaker import MAX_FAULTS
from waybond_kit.keys import partition_of
from waybond_kit.outbox import pack_headers
from waybond_kit.service import Definition, Running


def reasons(rows: list[Any], order: str) -> list[str]:
    """The reasons of an order's rows that are not settled, in order."""
    return [row["reason"] for row in rows if row["order_key"].endswith("/" + order) and row["released_at"] is None]


async def held(world: World) -> dict[str, int]:
    """Orders in quarantine's lines and how many records stand in each."""
    rows = await world.query(
        "pricing",
        "SELECT order_key, count(*) FROM quarantine WHERE aggregate_id IS NOT NULL AND released_at IS NULL GROUP BY 1",
    )
    return {row["order_key"].rsplit("/", 1)[1]: row["count"] for row in rows}


async def test_a_failing_order_is_held_its_later_records_wait_and_others_go_on(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        await world.publish(amended("bad", 1), amended("bad", 2, "raise"), amended("bad", 3), amended("bad", 4))
        await world.publish(*(amended(f"good-{number}", 1) for number in range(20)))
        await eventually(lambda: world.states("pricing"), lambda states: len(states) == 21)
        await eventually(lambda: held(world), lambda lines: lines == {"bad": 3})
        rows = await world.quarantine("pricing")
        assert [row["reason"] for row in rows] == ["decide", "waiting", "waiting"]
        assert (rows[0]["field"], rows[0]["detail"]) == ("RuntimeError", "told to")
        assert (await world.states("pricing"))["bad"].revisions == (1,)


async def test_a_discarded_record_is_left_out_and_the_rest_of_the_line_follows_in_order(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        await world.publish(amended("bad", 1, "raise"), *(amended("bad", number) for number in (2, 3, 4)))
        await eventually(lambda: held(world), lambda lines: lines == {"bad": 4})
        row = (await world.quarantine("pricing"))[0]
        await world.release("bad", "pricing", ORDERS, row["record_offset"] + 1, discard=True)
        await world.release("bad", "pricing", ORDERS, row["record_offset"], discard=True)
        await world.publish(amended("bad", 5))
        states = await eventually(
            lambda: world.states("pricing"), lambda seen: "bad" in seen and len(seen["bad"].revisions) == 4
        )
        assert states["bad"].revisions == (2, 3, 4, 5)
        first, *others = [each["outcome"] for each in await world.quarantine("pricing")]
        # The fifth may be read before the commands, which come on a topic of their own: then it has waited, too.
        assert first == "discarded" and others in (["released"] * 3, ["released"] * 4)
        assert pricing.engine.shards()[0].holding == {} and await held(world) == {}


async def test_a_released_record_that_fails_again_keeps_its_order_held(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        await world.publish(
            amended("bad", 1, "raise"), amended("bad", 2), amended("bad", 3, "raise"), amended("bad", 4)
        )
        await eventually(lambda: held(world), lambda lines: lines == {"bad": 4})
        first, _, third, _ = await world.quarantine("pricing")
        await world.release("bad", "pricing", ORDERS, first["record_offset"])
        await world.publish(amended("other", 1))
        await eventually(lambda: world.states("pricing"), lambda states: "other" in states)
        assert await held(world) == {"bad": 4}
        await world.release("bad", "pricing", ORDERS, first["record_offset"], discard=True)
        await eventually(lambda: held(world), lambda lines: lines == {"bad": 2})
        assert (await world.states("pricing"))["bad"].revisions == (2,)
        rows = await world.quarantine("pricing")
        assert [row["reason"] for row in rows] == ["decide", "waiting", "decide", "waiting"]
        assert (rows[2]["field"], rows[2]["detail"]) == ("RuntimeError", "told to")
        await world.release("bad", "pricing", ORDERS, third["record_offset"], discard=True)
        await eventually(lambda: held(world), lambda lines: lines == {})
        assert (await world.states("pricing"))["bad"].revisions == (2, 4)


async def test_after_a_mended_release_the_line_is_applied_as_if_it_had_never_waited(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """A restart with code that no longer fails; the hold outlives the process."""
    mended = Definition(
        **{**vars(PRICING), "decide": lambda state, fact, now, _: decide_pricing(state, _mended(fact), now)}
    )
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
            await world.publish(amended("bad", 1, "raise"), amended("bad", 2))
            await eventually(lambda: held(world), lambda lines: lines == {"bad": 2})
        async with world.running(mended) as pricing:
            await world.open(pricing)
            await world.publish(amended("bad", 3))
            await eventually(lambda: held(world), lambda lines: lines == {"bad": 3})
            first = (await world.quarantine("pricing"))[0]
            await world.release("bad", "pricing", ORDERS, first["record_offset"])
            states = await eventually(
                lambda: world.states("pricing"), lambda seen: "bad" in seen and len(seen["bad"].revisions) == 3
            )
    assert states["bad"].revisions == (1, 2, 3)
    assert list(states["bad"].known) == sorted(row["known_at"] for row in await world.quarantine("pricing"))


def _mended(fact: Any) -> Any:
    return fact.model_copy(update={"reason": ""}) if hasattr(fact, "reason") else fact


async def test_an_unreadable_record_holds_the_order_that_its_key_names_if_it_has_state(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """Perhaps it said that the parcel was delivered: silence must not pay a loss thirty days later."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        known = amended("known", 1)
        await world.publish(known)
        await eventually(lambda: world.states("pricing"), lambda states: "known" in states)
        unknown_type = [pair for pair in envelope_of(known).headers() if pair[0] != "ce_type"]
        unknown_type.append(("ce_type", b"io.waybond.Invented"))
        await (await world.send(ORDERS, b"acme/shop/known", b"{", envelope_of(known).headers()))
        await (await world.send(ORDERS, b"acme/shop/known", b"{}", unknown_type))
        await (await world.send(ORDERS, b"acme/shop/unheard", b"{", envelope_of(known).headers()))
        await world.publish(amended("known", 2))
        rows = await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 4)
        assert reasons(rows, "known") == ["unreadable", "waiting", "waiting"]
        assert await held(world) == {"known": 3}


async def test_one_value_that_cannot_be_saved_is_found_and_holds_its_order_alone(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """NUL in a text, an integer over 64 bits, a row that the database refuses, a state that cannot be encoded."""
    bad = {"nul": "status-nul", "large": f"amount:{2**64}", "refused": "amount:-1", "codec": "document:unencodable"}
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        for number in range(100):
            await world.publish(amended(f"good-{number}", 1))
            if number % 25 == 10:
                name = list(bad)[number // 25]
                await world.publish(amended(name, 1, bad[name]), amended(name, 2, bad[name]))
        async with world.running(PRICING) as pricing:
            await world.open(pricing)
            await eventually(lambda: world.states("pricing"), lambda states: len(states) == 100)
            await eventually(lambda: held(world), lambda lines: lines == dict.fromkeys(bad, 2))
            rows = await world.quarantine("pricing")
            assert sorted(row["reason"] for row in rows) == ["save"] * 4 + ["waiting"] * 4
            booked = await world.query("pricing", "SELECT order_key, count(*) FROM toy_row GROUP BY 1")
            assert {row["count"] for row in booked} == {1} and len(booked) == 100
        assert len(await world.ids("policies")) == 100  # a service that stops has published what is applied


async def test_a_long_line_is_gone_on_with_in_bounded_steps_and_its_order_stays_held_until_the_last(
    kafka: str, database: str, topic_prefix: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr("waybond_kit.store.MAX_LINE_ROWS", 5)
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        await world.publish(amended("bad", 0, "raise"), *(amended("bad", number) for number in range(1, 9)))
        rows = await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 9)
        assert [row["reason"] for row in rows] == ["decide"] + ["waiting"] * 8
        await world.release("bad", "pricing", ORDERS, rows[0]["record_offset"], discard=True)
        await eventually(lambda: held(world), lambda lines: lines == {"bad": 4})
        assert [count for shard in pricing.engine.shards() for count in shard.holding.values()] == [4]
        await world.publish(amended("bad", 9))
        await eventually(lambda: held(world), lambda lines: lines == {"bad": 5})
        await world.release("bad", "pricing", ORDERS, rows[5]["record_offset"])
        states = await eventually(lambda: world.states("pricing"), lambda seen: 9 in seen["bad"].revisions)
        assert states["bad"].revisions == (1, 2, 3, 4, 5, 6, 7, 8, 9) and await held(world) == {}


async def test_a_command_about_a_record_of_another_order_changes_nothing(
    kafka: str, database: str, topic_prefix: str
) -> None:
    """Decided on as if it were this order's, the other's state would be inserted anew, and the shard never open."""
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        shard = partition_of(b"acme/shop/other", world.partitions)
        mine = next(
            f"mine{n}" for n in range(100) if partition_of(f"acme/shop/mine{n}".encode(), world.partitions) == shard
        )
        event = amended("other", 1)
        unknown = [pair for pair in envelope_of(event).headers() if pair[0] != "ce_type"]
        value = event.model_dump_json().encode()
        await (await world.send(ORDERS, b"acme/shop/other", value, [*unknown, ("ce_type", b"io.waybond.Invented")]))
        row = (await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 1))[0]
        # Its type is known by now, and its order has a state.
        await world.execute("pricing", "UPDATE quarantine SET headers = $1", pack_headers(envelope_of(event).headers()))
        await world.publish(amended("other", 2), amended(mine, 1))
        await eventually(lambda: world.states("pricing"), lambda states: len(states) == 2)
        await world.release(mine, "pricing", ORDERS, row["record_offset"])
        await world.publish(amended(mine, 2))
        states = await eventually(lambda: world.states("pricing"), lambda seen: seen[mine].revisions == (1, 2))
        assert states["other"].revisions == (2,)
        assert (await world.quarantine("pricing"))[0]["released_at"] is None


async def test_too_many_failures_stop_the_shard_until_the_release_is_mended(
    kafka: str, database: str, topic_prefix: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr("waybond_kit.errors.BreakerError.first_pause_seconds", 0.2)
    failing = [amended(f"bad-{number}", 1, "raise") for number in range(200)]
    async with World(kafka, database, topic_prefix).ready(PRICING) as world:
        await world.publish(*failing)
        async with world.running(PRICING) as pricing:

            async def closed() -> dict[int, str]:
                return pricing.engine.failures()

            await eventually(closed, lambda seen: sum("too many failures" in each for each in seen.values()) == 4)
            assert _ready(pricing) is False

            async def tried_again() -> list[int]:
                rows = await world.query("pricing", "SELECT epoch FROM shard")
                return [row["epoch"] for row in rows]

            await eventually(tried_again, lambda epochs: min(epochs) >= 3)
        held_before = len(await world.quarantine("pricing"))
        assert held_before <= MAX_FAULTS * world.partitions, "neither a batch that trips the breaker nor a takeover"
        mended = Definition(
            **{**vars(PRICING), "decide": lambda state, fact, now, _: decide_pricing(state, _mended(fact), now)}
        )
        async with world.running(mended) as pricing:
            states = await eventually(
                lambda: world.states("pricing"), lambda states: len(states) == len(failing) - held_before
            )
    assert all(toy.revisions == (1,) for toy in states.values())


def _ready(service: Running) -> bool:
    return not service.engine.failures()


async def test_rubbish_from_outside_stops_nothing(kafka: str, database: str, topic_prefix: str) -> None:
    async with World(kafka, database, topic_prefix).ready(PRICING) as world, world.running(PRICING) as pricing:
        await world.open(pricing)
        for number in range(300):
            await world.send(ORDERS, f"acme/shop/r{number}".encode(), b"{", envelope_of(amended("r", 1)).headers())
        await world.publish(amended("good", 1))
        await eventually(lambda: world.quarantine("pricing"), lambda rows: len(rows) == 300)
        await eventually(lambda: world.states("pricing"), lambda states: "good" in states)
        assert pricing.engine.failures() == {}


async def test_unreadable_records_of_our_own_making_count_as_failures(
    kafka: str, database: str, topic_prefix: str
) -> None:
    async with World(kafka, database, topic_prefix).ready(TRACKING) as world:
        for number in range(100):
            await world.send("policies", f"acme/shop/r{number}".encode(), b"{", envelope_of(amended("r", 1)).headers())
        async with world.running(TRACKING) as tracking:

            async def closed() -> dict[int, str]:
                return tracking.engine.failures()

            why = await eventually(closed, lambda seen: any("too many failures" in each for each in seen.values()))
            assert why
