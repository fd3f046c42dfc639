"""A service on a real Kafka that asks for a password, for TLS, or for both: it reads, decides and publishes."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tests.support.kit import World, amended, eventually
from tests.support.patience import within
from tests.support.toys import PRICING
from waybond_contracts.topics import POLICIES
from waybond_kit.errors import StartError
from waybond_local.kafka import EmbeddedKafka
from waybond_local.paths import fresh_folder
from waybond_local.processes import free_ports

USER, PASSWORD = "waybond", "not-a-secret"
SECURITIES = ("SSL", "SASL_PLAINTEXT", "SASL_SSL")
LOGIN = "org.apache.kafka.common.security"


def line(pem: bytes) -> str:
    """A PEM text as one line of a properties file."""
    return pem.decode().strip().replace("\n", "\\n")


def pkcs8(key: trustme.Blob) -> bytes:
    """The key in the one form that Kafka reads."""
    return load_pem_private_key(key.bytes(), None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class GuardedKafka(EmbeddedKafka):
    """A broker with a listener for each way to ask who is there, beside the open one; `ca` signed its certificate."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.ca = folder / "ca.pem"
        self.ports: dict[str, int] = {}

    def at(self, security: str) -> str:
        return f"127.0.0.1:{self.ports[security]}"

    def _choose_ports(self) -> None:
        super()._choose_ports()
        self.ports = free_ports(SECURITIES, self.ports)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca))
        served = authority.issue_cert("127.0.0.1")
        listeners = "".join(f",{security}://127.0.0.1:{port}" for security, port in self.ports.items())
        kinds = "".join(f",{security}:{security}" for security in SECURITIES)
        own = f"CLIENT://127.0.0.1:{self._port}"
        self._settings = {
            "listeners": f"{own},CONTROLLER://127.0.0.1:{self._controller_port}{listeners}",
            "advertised.listeners": own + listeners,
            "listener.security.protocol.map": f"CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT{kinds}",
            "sasl.enabled.mechanisms": "PLAIN",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.key": line(pkcs8(served.private_key_pem)),
            "ssl.keystore.certificate.chain": line(b"".join(each.bytes() for each in served.cert_chain_pems)),
        }
        for security in SECURITIES[1:]:
            module = f'{LOGIN}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
            self._settings[f"listener.name.{security.lower()}.plain.sasl.jaas.config"] = module


@pytest.fixture(scope="module")
def guarded() -> Iterator[GuardedKafka]:
    folder = fresh_folder("waybond-test-guarded-")
    try:
        with GuardedKafka(folder / "kafka") as broker:
            yield broker
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def asked(broker: GuardedKafka, security: str) -> dict[str, Any]:
    """What the service is told of the listener."""
    given: dict[str, Any] = {"kafka": broker.at(security), "kafka_security": security}
    if security.endswith("SSL"):
        given["kafka_ca"] = broker.ca
    if security.startswith("SASL"):
        given |= {"kafka_mechanism": "PLAIN", "kafka_user": USER, "kafka_password": PASSWORD}
    return given


@pytest.mark.parametrize("security", SECURITIES)
async def test_a_service_works_on_a_kafka_that_asks_who_is_there(
    guarded: GuardedKafka, database: str, topic_prefix: str, security: str
) -> None:
    async with World(guarded.bootstrap, database, topic_prefix).ready(PRICING) as world:
        async with world.running(PRICING, **asked(guarded, security)) as pricing:
            await world.open(pricing)
            await world.publish(*(amended(f"o{number}", 1) for number in range(20)))
            await eventually(lambda: world.states("pricing"), lambda states: len(states) == 20)
        assert len(set(await world.ids(POLICIES))) == 20


@pytest.mark.parametrize(
    ("security", "wrong"),
    [("SASL_PLAINTEXT", {"kafka_password": "another"}), ("SSL", {"kafka_security": "PLAINTEXT", "kafka_ca": None})],
)
async def test_a_wrong_password_or_no_tls_ends_the_start_with_one_error(
    guarded: GuardedKafka, database: str, topic_prefix: str, security: str, wrong: dict[str, Any]
) -> None:
    async with World(guarded.bootstrap, database, topic_prefix).ready(PRICING) as world:
        with pytest.raises(StartError, match=f"Kafka at .*{guarded.ports[security]}.* does not answer"):
            async with within(60), world.running(PRICING, **{**asked(guarded, security), **wrong}):
                pass
