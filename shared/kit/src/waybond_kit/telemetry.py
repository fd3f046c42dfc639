"""Logs as JSON lines and metrics for Prometheus; neither carries personal data."""

import logging
import sys
from collections.abc import Callable, Iterable
from datetime import datetime

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from waybond_kit.batch import Done
from waybond_kit.changes import QuarantineRow
from waybond_kit.clock import Clock
from waybond_kit.door import Reason
from waybond_kit.engine import Engine
from waybond_kit.outbox import unpack_headers
from waybond_kit.ports import Place, Reader

log = structlog.get_logger(__name__)

MAX_LOGGED_PER_BATCH = 20
MAX_LOGGED_CHARACTERS = 128
TRACED = ("id", "correlationid", "traceparent")
SIZES = (1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def configure_logs(service: str, level: str) -> None:
    """One JSON object a line on standard output, from our own code and from the libraries alike."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("waybond_kit").setLevel(level)
    logging.getLogger(f"waybond_{service}").setLevel(level)
    structlog.contextvars.bind_contextvars(service=service)


class Metrics:
    """What happens, counted batch by batch; what is, read from the engine when it is asked for."""

    def __init__(self, topics: Iterable[str] = ()) -> None:
        self.registry = registry = CollectorRegistry()
        self.records = Counter("waybond_records", "Records applied or quarantined.", registry=registry)
        self.published = Counter("waybond_published", "Records put into the outbox.", registry=registry)
        self.batch_records = Histogram("waybond_batch_records", "Records a batch.", buckets=SIZES, registry=registry)
        self.batch_seconds = Histogram(
            "waybond_batch_seconds",
            "From the begin of a batch's transaction to its commit.",
            buckets=SECONDS,
            registry=registry,
        )
        self.quarantined = Counter(
            "waybond_quarantined", "Records put into quarantine.", ["reason", "topic"], registry=registry
        )
        # At zero before the first: an alert on the increase of one that is born at 1 would not see it.
        for topic in topics:
            for reason in (Reason.LOST, Reason.UNREADABLE, Reason.UNKNOWN_TYPE):
                self.quarantined.labels(reason.value, topic)
        self.faults = Counter(
            "waybond_faults", "Failures of decide and save, unreadable records of our own.", registry=registry
        )
        self.woken = Counter("waybond_wakes_fired", "Wakes that fired.", registry=registry)
        self.forwarded = Counter("waybond_forwarded", "Records sent on to the shard of their key.", registry=registry)
        self.unknown_fields = Counter(
            "waybond_unknown_fields", "Fields in records that this version does not know.", registry=registry
        )

    def note(self, done: Done, seconds: float) -> None:
        """Count a committed part of a batch, and log what could not be applied."""
        tally = done.tally
        self.records.inc(done.records)
        self.published.inc(done.published)
        self.batch_records.observe(done.records)
        self.batch_seconds.observe(seconds)
        if tally.woken:
            self.woken.inc(tally.woken)
        if tally.forwarded:
            self.forwarded.inc(tally.forwarded)
        if tally.unknown_fields:
            self.unknown_fields.inc(tally.unknown_fields)
        if tally.faults:
            self.faults.inc(tally.faults)
        if tally.ignored_commands:
            log.warning("commands ignored: they name no held record", count=tally.ignored_commands)
        for row in tally.refused:
            self.quarantined.labels(row.reason, row.topic).inc()
        for row in tally.refused[:MAX_LOGGED_PER_BATCH]:
            _log_refused(row)


def _log_refused(row: QuarantineRow) -> None:
    """`field` is a path or the name of an exception: the values themselves stay in the table."""
    headers = dict(unpack_headers(row.headers)) if row.headers is not None else {}
    log.warning(
        "quarantined",
        shard=row.shard,
        topic=row.topic,
        offset=row.record_offset,
        order=row.order_key,
        holds_order=row.aggregate_id is not None,
        reason=row.reason,
        field=row.field,
        **{name: _printable(headers[f"ce_{name}"]) for name in TRACED if headers.get(f"ce_{name}")},
    )


def _printable(value: bytes | None) -> str:
    return (value or b"")[:MAX_LOGGED_CHARACTERS].decode("ascii", "backslashreplace")


class EngineCollector(Collector):
    """Reads the state of the shards of this process when Prometheus asks."""

    def __init__(
        self,
        engine: Engine,
        reader: Reader,
        clock: Clock,
        monotonic: Callable[[], float],
        complete_until: Callable[[], datetime] | None = None,
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._clock = clock
        self._monotonic = monotonic
        self._complete_until = complete_until

    def collect(self) -> Iterable[Metric]:
        lag = GaugeMetricFamily("waybond_lag", "Records not applied yet.", labels=["topic", "shard"])
        depth = GaugeMetricFamily("waybond_outbox_rows", "Committed records not confirmed by Kafka.", labels=["shard"])
        age = GaugeMetricFamily("waybond_outbox_age_seconds", "Age of the first of them.", labels=["shard"])
        behind = GaugeMetricFamily("waybond_watermark_age_seconds", "How far the watermark is back.", labels=["shard"])
        unknown = GaugeMetricFamily("waybond_shards_without_watermark", "Open shards that know no time yet.")
        held = GaugeMetricFamily("waybond_held_orders", "Orders that are held.", labels=["shard"])
        due = GaugeMetricFamily("waybond_wakes_due", "Wakes that are due and have not fired.", labels=["shard"])
        closed = GaugeMetricFamily("waybond_closed_shards", "Shards of this process that are not open.")
        opened = GaugeMetricFamily("waybond_open_shards", "Shards that are open in this process.")
        shards = GaugeMetricFamily("waybond_shards", "Shards in all, whichever process has them.")
        settings = GaugeMetricFamily(
            "waybond_settings_behind_seconds", "For how long it is not known any more which settings are in force."
        )
        now = self._monotonic()
        for shard in self._engine.shards():
            label = str(shard.number)
            depth.add_metric([label], shard.unsent.count)
            age.add_metric([label], shard.unsent.age(now))
            held.add_metric([label], len(shard.holding))
            if shard.watermark is not None:
                behind.add_metric([label], (self._clock.now() - shard.watermark).total_seconds())
            for topic, position in shard.positions.items():
                highwater = self._reader.highwater(Place(topic, shard.number))
                if highwater is not None:
                    lag.add_metric([topic, label], max(0, highwater - position.settled() - shard.heeded_of(topic)))
        unknown.add_metric([], sum(shard.watermark is None for shard in self._engine.shards()))
        for number in self._engine.wakes_due.keys() & set(self._engine.numbers()):
            due.add_metric([str(number)], self._engine.wakes_due[number])
        closed.add_metric([], len(self._engine.failures()))
        opened.add_metric([], len(self._engine.numbers()))
        shards.add_metric([], self._engine.partitions)
        if self._complete_until is None:
            return [lag, depth, age, behind, unknown, held, due, closed, opened, shards]
        settings.add_metric([], max(0.0, (self._clock.now() - self._complete_until()).total_seconds()))
        return [lag, depth, age, behind, unknown, held, due, closed, opened, shards, settings]
