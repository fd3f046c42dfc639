"""The clients of Kafka: how they reach a broker, what they say of topics, and what they leave behind."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaProducer

from tests.support.broker import TOPIC, mute_broker
from tests.support.patience import within
from waybond_kit.changes import OutboxRow
from waybond_kit.consumer import Consumer
from waybond_kit.errors import StartError
from waybond_kit.kafka import KafkaSender, partitions_of
from waybond_kit.service import client_options
from waybond_kit.settings import Settings, load

ROW = OutboxRow(0, 1, TOPIC, 0, b"acme/shop/o", [], b"{}")


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("security", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
async def test_the_consumer_reaches_the_broker_as_the_producer_does(security: str, mechanism: str) -> None:
    """S: FastStream says security in words of its own; a service with any other than PLAINTEXT ended at its start."""
    given = {"kafka_security": security, "kafka_mechanism": mechanism, "kafka_user": "u", "kafka_password": "p"}
    options = client_options(load(Settings, given), "waybond-pricing")
    consumer = Consumer(options, "", [TOPIC], group="waybond-pricing", instance=None, session_ms=10_000)
    reading = consumer._subscriber.builder()  # the client that it will start
    sending = AIOKafkaProducer(**options)
    assert _reached(reading._client) == _reached(sending.client)
    assert reading._client._security_protocol == security
    await reading.stop()
    await sending.stop()


def test_certificates_that_are_none_are_named(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("no certificate")
    with pytest.raises(StartError, match="WAYBOND_KAFKA_CA: expected a file of certificates in PEM"):
        client_options(load(Settings, {"kafka_security": "SSL", "kafka_ca": authority}), "waybond-pricing")


@pytest.mark.parametrize(
    ("described", "words"),
    [
        (None, "topic t.orders does not exist"),
        ({"error_code": 3, "partitions": []}, "topic t.orders does not exist"),
        ({"error_code": 29, "partitions": []}, "user needs DESCRIBE on it"),
        ({"error_code": 5, "partitions": []}, "Kafka does not tell of topic t.orders: LeaderNotAvailableError"),
    ],
)
def test_why_a_topic_cannot_be_read_is_said(described: dict[str, Any] | None, words: str) -> None:
    """S: the service's user may not see a topic, and the operator is told to make one that is there."""
    with pytest.raises(StartError, match=words):
        partitions_of("t.orders", described)
    assert partitions_of("t.orders", {"error_code": 0, "partitions": [{}, {}]}) == 2


def _reached(client: Any) -> dict[str, Any]:
    names = ("_client_id", "_bootstrap_servers", "_security_protocol", "_ssl_context")
    return {name: getattr(client, name) for name in names} | {
        name: value for name, value in vars(client).items() if "sasl" in name and "SASL" in client._security_protocol
    }


async def test_a_group_that_lets_nobody_in_is_named() -> None:
    """S: the service's user may not read the group, and its start ends with the client's stack."""
    async with mute_broker(refuses=False) as broker:
        options = {"bootstrap_servers": [broker.address]}
        consumer = Consumer(options, "", [TOPIC], group="waybond-pricing", instance=None, session_ms=10_000)
        with pytest.raises(StartError, match="into group waybond-pricing: the service's user needs READ on it"):
            await consumer.start(cast("Any", None))
        await consumer.stop()


@pytest.mark.parametrize("refuses", [False, True])
async def test_a_producer_that_was_given_up_leaves_nothing_behind(
    refuses: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S: a partition takes nothing for hours; each half minute a producer is left with its sockets and its batches."""
    monkeypatch.setattr("waybond_kit.kafka.CLOSE_SECONDS", 0.1)
    others = asyncio.all_tasks()
    async with mute_broker(refuses=refuses) as broker:
        sender = KafkaSender({"bootstrap_servers": [broker.address]}, "")
        for _ in range(3):
            broker.produced.clear()
            sends = [asyncio.create_task(sender.send([ROW])) for _ in range(2)]
            await broker.produced.wait()
            sends[0].cancel()
            await sender.renew(sender.generation)
            async with within(60):
                cancelled, failed = await asyncio.gather(*sends, return_exceptions=True)
            assert isinstance(cancelled, asyncio.CancelledError)
            assert isinstance(failed, Exception), "who waits for it as well is told that the outcome is unknown"
        await sender.stop()
        async with within(60):
            while broker.open:  # noqa: ASYNC110  # nobody tells of a connection that ended
                await asyncio.sleep(0.01)
    async with within(60):
        while left := asyncio.all_tasks() - others:
            await asyncio.wait(left, timeout=0.1)
