"""The clients of Kafka: how they reach a broker, what they say of topics, and what they leave behind."""

from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from waybond_kit.consumer import Consumer
from waybond_kit.service import client_options
from waybond_kit.settings import Settings, load


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("security", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
async def test_the_consumer_reaches_the_broker_as_the_producer_does(security: str, mechanism: str) -> None:
    """S: FastStream says security in words of its own; a service with any other than PLAINTEXT ended at its start."""
    given = {"kafka_security": security, "kafka_mechanism": mechanism, "kafka_user": "u", "kafka_password": "p"}
    options = client_options(load(Settings, given), "waybond-pricing")
    consumer = Consumer(options, "", ["orders"], group="waybond-pricing", instance=None, session_ms=10_000)
    reading = consumer._subscriber.builder()  # the client that it will start
    sending = AIOKafkaProducer(**options)
    assert _reached(reading._client) == _reached(sending.client)
    assert reading._client._security_protocol == security
    await reading.stop()
    await sending.stop()


def _reached(client: Any) -> dict[str, Any]:
    names = ("_client_id", "_bootstrap_servers", "_security_protocol", "_ssl_context")
    return {name: getattr(client, name) for name in names} | {
        name: value for name, value in vars(client).items() if "sasl" in name and "SASL" in client._security_protocol
    }
