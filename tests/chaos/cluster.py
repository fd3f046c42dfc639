"""Three Kafka brokers as one cluster, each behind a proxy of its own for the services."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.chaos.proxy import Proxy
from waybond_contracts.topics import ORDERS, TOPICS
from waybond_local.kafka import EmbeddedKafka, new_cluster_id
from waybond_local.processes import free_ports
from waybond_local.provision import TOPIC_SETTINGS, make_topics

REPLICAS = 3
_KINDS = ("client", "services", "proxy", "controller")
# Durable as in production: what is acknowledged lies on two brokers at least.
_SETTINGS = {
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,SERVICES:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "replica.lag.time.max.ms": "4000",
    "controller.quorum.election.timeout.ms": "500",
    "controller.quorum.fetch.timeout.ms": "1500",
}


class Cluster:
    """The brokers 1 to 3. The harness talks to them directly, the services through the proxies."""

    def __init__(self, folder: Path) -> None:
        numbers = range(1, REPLICAS + 1)
        ports = free_ports([f"{kind}-{number}" for number in numbers for kind in _KINDS])
        cluster_id = new_cluster_id()
        self.brokers: dict[int, EmbeddedKafka] = {}
        self.proxies: dict[int, Proxy] = {}
        for number in numbers:
            self.brokers[number] = EmbeddedKafka(
                folder / f"kafka-{number}",
                port=ports[f"client-{number}"],
                settings=_settings(number, ports),
                cluster_id=cluster_id,
            )
            self.proxies[number] = Proxy(ports[f"proxy-{number}"], ports[f"services-{number}"])

    @property
    def bootstrap(self) -> str:
        """The brokers' own addresses."""
        return ",".join(broker.bootstrap for broker in self.brokers.values())

    @property
    def proxied(self) -> str:
        """The proxies' addresses."""
        return ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies.values())

    async def start(self, partitions: int) -> None:
        """Start all, and make the topics."""
        await asyncio.gather(*(asyncio.to_thread(broker.start) for broker in self.brokers.values()))
        for proxy in self.proxies.values():
            await proxy.start()
        settings = {**TOPIC_SETTINGS, "min.insync.replicas": "2"}
        names = [topic.name for topic in TOPICS]
        await make_topics(self.bootstrap, names, partitions, settings, replicas=REPLICAS)

    async def stop(self) -> None:
        """Stop all, at once: what they hold is not needed any more, and in order they would wait for each other."""
        for proxy in self.proxies.values():
            await proxy.stop()
        await asyncio.gather(*(asyncio.to_thread(broker.kill) for broker in self.brokers.values()))

    async def busiest_leader(self) -> int:
        """The broker that leads the partition of `orders` with the most records."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            (topic,) = await admin.describe_topics([ORDERS])
        finally:
            await admin.close()
        leaders = {TopicPartition(ORDERS, each["partition"]): each["leader"] for each in topic["partitions"]}
        async with AIOKafkaConsumer(bootstrap_servers=self.bootstrap) as consumer:
            ends = await consumer.end_offsets(list(leaders))
        return leaders[max(ends, key=lambda place: ends[place])]


def _settings(number: int, ports: Mapping[str, int]) -> Mapping[str, str]:
    here = {kind: f"127.0.0.1:{ports[f'{kind}-{number}']}" for kind in _KINDS}
    return {
        **_SETTINGS,
        "node.id": str(number),
        "controller.quorum.voters": ",".join(
            f"{each}@127.0.0.1:{ports[f'controller-{each}']}" for each in range(1, REPLICAS + 1)
        ),
        "listeners": f"CLIENT://{here['client']},SERVICES://{here['services']},CONTROLLER://{here['controller']}",
        "advertised.listeners": f"CLIENT://{here['client']},SERVICES://{here['proxy']}",
    }
