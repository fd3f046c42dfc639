"""The sandbox's loop: commands in, books in one transaction, answers out of an outbox of its own."""

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from waybond_contracts import envelope
from waybond_contracts.envelope import Envelope
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.refunds import CancelRefund, IssuePayout, IssueRefund, RefundResult
from waybond_contracts.registry import PROGRESS_TYPE, Progress, decode
from waybond_contracts.topics import REFUND_RESULTS, REFUNDS
from waybond_local.sandbox.books import ConflictError, Effect, Movement, Payment, cancel, issue, run_until
from waybond_local.sandbox.plan import Plan, Step, plan
from waybond_local.sandbox.settings import Settings
from waybond_local.sandbox.store import Answer, Books, Refused, Seen

SOURCE = "/payments/sandbox"
SCHEMA = "sandbox"
RETRY_SECONDS = 1.0
SEND_SECONDS = 30.0
MAX_ANSWERS_AT_ONCE = 5_000
# The client asks anew for a partition only when its last request has come back, and that waits so long for others.
FETCH_WAIT_MS = 25
_IDS = uuid.UUID("6f6bd0b1-3f0e-4c38-9d1a-2b9f8a4e7c11")
_PASSING = (
    OSError,
    KafkaError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    TimeoutError,
)

Command = IssueRefund | IssuePayout | CancelRefund

log = logging.getLogger("waybond.sandbox")


@dataclass(slots=True)
class Batch:
    """What one read of the commands comes to, partition by partition."""

    offsets: dict[int, int] = field(default_factory=dict)
    commands: list[tuple[int, int, Command, datetime]] = field(default_factory=list)
    """Partition, offset, command, known at."""
    through: dict[int, datetime] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)


def read_batch(records: Mapping[TopicPartition, Sequence[ConsumerRecord]], now: datetime, *, replay: bool) -> Batch:
    """Read raw records; one that is no command is kept with its bytes and reason, and the others go on."""
    batch = Batch()
    for at, run in records.items():
        for record in run:
            try:
                envelope_, data = envelope.read(record.headers, record.value)
                if envelope_.type == PROGRESS_TYPE:
                    batch.through[at.partition] = Progress.model_validate_json(data).through
                    continue
                command = _command(decode(envelope_.type, data).event)
            except ValueError as error:  # ContractError and pydantic's ValidationError are ValueErrors
                batch.refused.append(Refused(at.partition, record.offset, str(error), record.value))
                continue
            known_at = envelope_.knownat if replay and envelope_.knownat else now
            batch.commands.append((at.partition, record.offset, command, known_at))
        batch.offsets[at.partition] = run[-1].offset + 1
    return batch


def _command(event: Event) -> Command:
    if not isinstance(event, Command):
        raise ContractError("type", "a command to a payment system", event.event_type)
    return event


class Sandbox:
    """One payment system. `run` goes on until `stop` is called; what fails is tried again from the database."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ready = False
        self._stopping = asyncio.Event()
        self._next_due: datetime | None = None

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._session()
            except _PASSING as error:
                log.warning("starting again in %.0f s after: %s: %s", RETRY_SECONDS, type(error).__name__, error)
            finally:
                self.ready = False
            if not self._stopping.is_set():
                await asyncio.sleep(RETRY_SECONDS)

    async def _session(self) -> None:
        """Connect, go on where the books stand, and work until something fails or the sandbox is stopped."""
        connection = await asyncpg.connect(
            self.settings.database.get_secret_value(),
            server_settings={"search_path": SCHEMA, "application_name": "waybond-sandbox"},
        )
        try:
            books = Books(connection)
            if not await books.take_lock():
                raise OSError("another payment sandbox works on this database")
            prefix = self.settings.topic_prefix
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self.settings.kafka,
                enable_auto_commit=False,
                auto_offset_reset="none",
                fetch_max_wait_ms=FETCH_WAIT_MS,
            )
            producer = AIOKafkaProducer(
                bootstrap_servers=self.settings.kafka, acks="all", enable_idempotence=True, linger_ms=2
            )
            async with consumer, producer:
                numbers = await producer.partitions_for(prefix + REFUNDS)
                await _position(consumer, prefix + REFUNDS, numbers, await books.offsets())
                self._next_due = await books.next_due()
                await self._publish_left(books, producer)
                self.ready = True
                while not self._stopping.is_set():
                    await self._cycle(connection, books, consumer, producer)
        finally:
            await connection.close()

    async def _cycle(
        self, connection: asyncpg.Connection, books: Books, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer
    ) -> None:
        records = await consumer.getmany(
            timeout_ms=self.settings.sandbox_poll_milliseconds, max_records=self.settings.sandbox_batch_records
        )
        now = datetime.now(UTC)
        if not records and (self.settings.replay or self._next_due is None or self._next_due > now):
            return
        batch = read_batch(records, now, replay=self.settings.replay)
        async with connection.transaction():
            answers = await self._take(books, batch)
            answers += await self._let_time_pass(books, consumer, batch, now)
            last_seq = await books.save_answers(answers) if answers else 0
            if not self.settings.replay:
                self._next_due = await books.next_due()
        if answers:
            await self._send(producer, answers)
            await books.forget_answers(last_seq)

    async def _take(self, books: Books, batch: Batch) -> list[Answer]:
        """Fold the commands over the payments that they are about."""
        answers: list[Answer] = []
        await books.save_offsets(batch.offsets)
        if batch.refused:
            log.warning(
                "%d records are no commands that can be taken; the table `refused` says why", len(batch.refused)
            )
            await books.save_refused(batch.refused)
        if not batch.commands:
            return answers
        known = await books.known([command.refund_id for _, _, command, _ in batch.commands])
        refused: list[Refused] = []
        for partition, offset, command, known_at in batch.commands:
            payment = known.get(command.refund_id)
            try:
                effect = self._effect(payment, command, known_at, partition)
            except ConflictError as error:
                value = command.model_dump_json().encode()
                refused.append(Refused(partition, offset, str(error), value))
                continue
            known[command.refund_id] = effect.payment
            answers.extend(self._answer(answer, partition, known_at) for answer in effect.answers)
        await books.save_payments(known.values())
        await books.save_seen(
            [Seen(command.refund_id, command.event_type, command.version, at) for _, _, command, at in batch.commands]
        )
        if refused:
            await books.save_refused(refused)
        return answers

    def _effect(self, payment: Payment | None, command: Command, known_at: datetime, partition: int) -> Effect:
        if isinstance(command, CancelRefund):
            return cancel(payment, command, known_at, partition)
        drawn = plan(
            self.settings.sandbox_seed,
            command.refund_id,
            self.settings.sandbox_odds,
            attempt=command.attempt,
            payment_reference=command.payment.reference if command.payment else "",
        )
        return issue(payment, command, self._paced(drawn), known_at, partition)

    def _paced(self, drawn: Plan) -> Plan:
        """The plan at the pace of the wall clock, or as it is where time is the replay's."""
        if self.settings.replay:
            return drawn
        factor = self.settings.sandbox_live_seconds_per_hour / 3600
        return Plan(drawn.fate, tuple(Step(s.after * factor, s.act, s.code, s.retryable) for s in drawn.steps))

    async def _let_time_pass(
        self, books: Books, consumer: AIOKafkaConsumer, batch: Batch, now: datetime
    ) -> list[Answer]:
        """Do what fell due; in a replay, up to how far the answers' progress is about to reach."""
        if self.settings.replay:
            horizon = {n: through + self.settings.look_ahead for n, through in batch.through.items()}
        else:
            horizon = {at.partition: now for at in consumer.assignment()}
        by_partition: dict[int, list[Payment]] = defaultdict(list)
        for payment in await books.due(horizon):
            by_partition[payment.partition].append(payment)
        done: list[Payment] = []
        moved: list[Movement] = []
        answers: list[Answer] = []
        for partition, until in horizon.items():
            payments, said, movements = run_until(by_partition[partition], until, None if self.settings.replay else now)
            done += payments
            moved += movements
            answers.extend(self._answer(answer, partition, at) for at, answer in said)
            if self.settings.replay:
                answers.append(_progress(partition, until))
        if done:
            await books.save_payments(done)
        if moved:
            await books.save_movements(moved)
        return answers

    def _answer(self, result: RefundResult, partition: int, at: datetime) -> Answer:
        return Answer(
            partition=partition,
            key=result.order_key,
            id=str(uuid.uuid5(_IDS, result.business_key)),
            type=result.event_type,
            occurred_at=result.occurred_at,
            known_at=at if self.settings.replay else None,
            value=result.model_dump_json().encode(),
        )

    async def _publish_left(self, books: Books, producer: AIOKafkaProducer) -> None:
        """Send what the outbox still holds from before."""
        while answers := await books.unsent(MAX_ANSWERS_AT_ONCE):
            await self._send(producer, answers)
            await books.forget_answers(answers[-1].seq)

    async def _send(self, producer: AIOKafkaProducer, answers: Sequence[Answer]) -> None:
        """Return once the broker has all of them; what is unknown stays in the outbox and is sent again."""
        topic = self.settings.topic_prefix + REFUND_RESULTS
        async with asyncio.timeout(SEND_SECONDS):
            sent = [
                await producer.send(
                    topic,
                    value=answer.value,
                    key=None if answer.key is None else answer.key.encode(),
                    partition=answer.partition,
                    headers=_headers(answer),
                )
                for answer in answers
            ]
            await asyncio.gather(*sent)


def _headers(answer: Answer) -> list[tuple[str, bytes]]:
    return Envelope(
        id=answer.id,
        type=answer.type,
        source=SOURCE,
        time=answer.occurred_at,
        subject=answer.key,
        partitionkey=answer.key,
        knownat=answer.known_at,
    ).headers()


def _progress(partition: int, through: datetime) -> Answer:
    return Answer(
        partition=partition,
        key=None,
        id=str(uuid.uuid5(_IDS, f"progress/{partition}/{through.isoformat()}")),
        type=PROGRESS_TYPE,
        occurred_at=through,
        known_at=through,
        value=Progress(through=through).model_dump_json().encode(),
    )


async def _position(consumer: AIOKafkaConsumer, topic: str, numbers: Iterable[int], offsets: Mapping[int, int]) -> None:
    """Read every partition of `topic` from where the books stand, or from its beginning."""
    partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
    consumer.assign(partitions)
    beginnings = await consumer.beginning_offsets(partitions)
    for at in partitions:
        known = offsets.get(at.partition)
        if known is not None and known < beginnings[at]:
            log.error("commands %d to %d of partition %d are gone", known, beginnings[at] - 1, at.partition)
        consumer.seek(at, max(known or 0, beginnings[at]))
