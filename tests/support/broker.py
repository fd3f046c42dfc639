"""A broker that never says that it has a record, and lets nobody into a group. It runs in the test itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO

from aiokafka.protocol.admin import ApiVersionResponse_v0
from aiokafka.protocol.coordination import FindCoordinatorResponse_v0
from aiokafka.protocol.metadata import MetadataResponse_v1
from aiokafka.protocol.produce import ProduceResponse_v3
from aiokafka.protocol.types import Int16, Int32

PRODUCE, METADATA, COORDINATOR, VERSIONS, PRODUCER_ID = 0, 3, 10, 18, 22
NOT_ENOUGH_REPLICAS, GROUP_AUTHORIZATION_FAILED = 19, 30
TOPIC = "orders"


@dataclass
class MuteBroker:
    """One broker with one topic of one partition. `refuses`: it answers that too few replicas are in sync."""

    refuses: bool
    port: int = 0
    produced: asyncio.Event = field(default_factory=asyncio.Event)
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        self.open.add(writer)
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(4), "big")
                asked = BytesIO(await reader.readexactly(size))
                answer = self._answer(Int16.decode(asked))
                Int16.decode(asked)  # the version: only one of each is offered
                if answer is not None:
                    body = Int32.encode(Int32.decode(asked)) + answer
                    writer.write(len(body).to_bytes(4, "big") + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    def _answer(self, key: int) -> bytes | None:
        if key == VERSIONS:
            offered = [(PRODUCE, 3, 3), (METADATA, 1, 1), (COORDINATOR, 0, 0), (VERSIONS, 0, 0), (PRODUCER_ID, 0, 0)]
            return ApiVersionResponse_v0(0, offered).encode()
        if key == METADATA:
            partitions = [(0, 0, 1, [1], [1])]
            return MetadataResponse_v1([(1, "127.0.0.1", self.port, None)], 1, [(0, TOPIC, False, partitions)]).encode()
        if key == PRODUCER_ID:
            return Int32.encode(0) + Int16.encode(0) + (7).to_bytes(8, "big") + Int16.encode(0)
        if key == COORDINATOR:
            return FindCoordinatorResponse_v0(GROUP_AUTHORIZATION_FAILED, -1, "", -1).encode()
        self.produced.set()
        return ProduceResponse_v3([(TOPIC, [(0, NOT_ENOUGH_REPLICAS, -1, -1)])], 0).encode() if self.refuses else None


@asynccontextmanager
async def mute_broker(*, refuses: bool) -> AsyncIterator[MuteBroker]:
    """A running one."""
    broker = MuteBroker(refuses)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        for writer in list(broker.open):
            writer.close()
        server.close()
        await server.wait_closed()
