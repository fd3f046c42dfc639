"""The two services that are measured, and how each one's tables are filled with orders that exist already."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from benchmarks.population import Kept, Order
from benchmarks.rounds import Place
from waybond_claims.app import DEFINITION
from waybond_kit import database
from waybond_kit.definition import Connection
from waybond_kit.keys import aggregate_id, partition_of

_PASSWORD = "benchmark"  # noqa: S105  # of a server that this process starts and stops
_AGGREGATE = ("shard", "id", "order_key", "version", "shape", "status", "known_at", "armed_at", "wording", "state")
_CLAIM = ("order_key", "status", "known_at", "wake_at", "shape", "wording", "state")


@dataclass(slots=True)
class Documents:
    """The documents that rows name by hash, each once."""

    bodies: dict[bytes, bytes] = field(default_factory=dict)
    _hashes: dict[bytes, bytes] = field(default_factory=dict)

    def hash(self, body: bytes | None) -> bytes | None:
        if body is None:
            return None
        if body not in self._hashes:
            self._hashes[body] = hashlib.sha256(body).digest()
            self.bodies[self._hashes[body]] = body
        return self._hashes[body]


class Claims:
    """`python -m waybond_claims` as it is."""

    name = "claims"

    def __init__(self, *, replay: bool = False) -> None:
        self._replay = replay

    async def prepare(self, connection: Connection, place: Place, orders: Iterable[Order]) -> None:
        await database.prepare(place.dsn, self.name, _PASSWORD)
        await database.migrate(place.dsn, self.name, DEFINITION.migrations)
        await connection.execute(f"SET search_path TO {self.name}")
        documents = Documents()
        await connection.copy_records_to_table(
            "aggregate", records=self._rows(orders, place.partitions, documents), columns=_AGGREGATE
        )
        await connection.copy_records_to_table("wording", records=list(documents.bodies.items()))
        await connection.execute(
            "INSERT INTO wake SELECT shard, armed_at, id FROM aggregate WHERE armed_at IS NOT NULL"
        )
        await connection.execute("VACUUM (ANALYZE) aggregate, wake")

    def command(self, place: Place) -> tuple[Sequence[str], Mapping[str, str]]:
        parts = urlsplit(place.dsn)
        role = f"waybond_{self.name}:{_PASSWORD}"
        return ["-m", "waybond_claims"], {
            "WAYBOND_KAFKA": place.kafka,
            "WAYBOND_TOPIC_PREFIX": place.prefix,
            "WAYBOND_DATABASE": parts._replace(netloc=f"{role}@{parts.hostname}:{parts.port}").geturl(),
            "WAYBOND_HTTP_PORT": "0",
            "WAYBOND_REPLAY": str(self._replay).lower(),
        }

    async def applied(self, connection: Connection) -> int:
        found: Any = await connection.fetchval("SELECT coalesce(sum(next_offset), 0)::bigint FROM shard_input")
        return int(found)

    def _rows(self, orders: Iterable[Order], partitions: int, documents: Documents) -> Iterator[tuple[Any, ...]]:
        for kept in _kept(orders):
            key = kept.ids.order_key
            yield (
                *(partition_of(key.encode(), partitions), aggregate_id(key), key, 1, kept.shape, kept.status),
                *(kept.known_at, kept.wake_at, documents.hash(kept.document), kept.state),
            )


class Baseline:
    """`python -m benchmarks.baseline`. It keeps its books in the same table, written by the same statement."""

    name = "baseline"

    async def prepare(self, connection: Connection, place: Place, orders: Iterable[Order]) -> None:
        await connection.execute("CREATE SCHEMA claims")
        await database.migrate(place.dsn, "claims", DEFINITION.migrations)
        both: Any = await connection.fetchval(
            "SELECT format('ALTER DATABASE %I SET search_path TO public, claims', current_database())"
        )
        await connection.execute(str(both))
        await connection.execute((files("benchmarks.baseline") / "schema.sql").read_text())
        documents = Documents()
        rows = [
            (
                *(kept.ids.order_key, kept.status, kept.known_at, kept.wake_at, kept.shape),
                *(documents.hash(kept.document), kept.state),
            )
            for kept in _kept(orders)
        ]
        await connection.copy_records_to_table("wording", records=list(documents.bodies.items()))
        await connection.copy_records_to_table("claim", records=rows, columns=_CLAIM)
        await connection.execute("VACUUM (ANALYZE) claim")

    def command(self, place: Place) -> tuple[Sequence[str], Mapping[str, str]]:
        return ["-m", "benchmarks.baseline"], {
            "BASELINE_KAFKA": place.kafka,
            "BASELINE_TOPIC_PREFIX": place.prefix,
            "BASELINE_DATABASE": place.dsn,
            "BASELINE_GROUP": f"{place.prefix}baseline",
        }

    async def applied(self, connection: Connection) -> int:
        found: Any = await connection.fetchval("SELECT count(*) FROM seen")
        return int(found)


def _kept(orders: Iterable[Order]) -> Iterator[Kept]:
    return (kept for order in orders if (kept := order.kept()) is not None)
