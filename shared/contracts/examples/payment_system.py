"""A payment system takes Waybond's refund commands and answers them. Needs aiokafka and waybond-contracts.

python payment_system.py --kafka localhost:9092 --books books.sqlite

It shows what every payment system has to do: pay a refund_id once however often its command comes, answer the same
thing again, cancel only what is not paid, and note what it did in its own books before it says so.
"""

import argparse
import asyncio
import logging
import signal
import sqlite3
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from waybond_contracts import envelope
from waybond_contracts.errors import ContractError
from waybond_contracts.event import Event
from waybond_contracts.publishing import message
from waybond_contracts.refunds import (
    CancelRefund,
    FailureCode,
    IssuePayout,
    IssueRefund,
    RefundAccepted,
    RefundCancelled,
    RefundFailed,
    RefundResult,
    RefundSucceeded,
)
from waybond_contracts.registry import PROGRESS_TYPE, decode, encode
from waybond_contracts.topics import REFUNDS

SOURCE = "/payment-systems/acme-pay"
GROUP = "acme-pay"
BOOKS = "CREATE TABLE IF NOT EXISTS refund(refund_id TEXT PRIMARY KEY, status TEXT, at TEXT, type TEXT, command BLOB)"

MoneyCommand = IssueRefund | IssuePayout


class PaymentSystem:
    """The books, and what they make of a command."""

    def __init__(self, path: str) -> None:
        self._books = sqlite3.connect(path)
        self._books.execute(BOOKS)

    def handle(self, command: Event, now: datetime) -> list[RefundResult]:
        """Note what is done, once; return the answers, which are the same each time that the command comes."""
        match command:
            case IssueRefund() | IssuePayout():
                # Here the money moves. `with` commits before anything is answered.
                status = "paid" if now <= command.not_after else "too_late"
                self._note(command.refund_id, status, now, command)
            case CancelRefund():
                # If it is paid, it stays paid and the answer says so. If its command was never seen, it is dead when
                # it comes, and answered then, since only the command says how much it was.
                self._note(command.refund_id, "cancelled", now, None)
            case _:
                return []
        return self._answers(command.refund_id)

    def _note(self, refund_id: str, status: str, now: datetime, command: MoneyCommand | None) -> None:
        """The first word about a refund_id stands; a command that comes later only says what it was about."""
        about = (command.event_type, encode(command)) if command else (None, None)
        with self._books:
            self._books.execute(
                "INSERT INTO refund VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
                "SET type = coalesce(type, excluded.type), command = coalesce(command, excluded.command)",
                (refund_id, status, now.isoformat(), *about),
            )

    def _answers(self, refund_id: str) -> list[RefundResult]:
        find = "SELECT status, at, type, command FROM refund WHERE refund_id = ?"
        status, at, event_type, data = self._books.execute(find, (refund_id,)).fetchone()
        command = decode(event_type, data).event if event_type else None
        if not isinstance(command, MoneyCommand):
            return []
        match status:
            case "paid":
                return [_answer(RefundAccepted, command, at, 1), _answer(RefundSucceeded, command, at, 2)]
            case "cancelled":
                return [_answer(RefundCancelled, command, at, 1)]
            case _:
                return [_answer(RefundFailed, command, at, 1, failure_code=FailureCode.TOO_LATE, retryable=False)]


def _answer(kind: type[RefundResult], command: MoneyCommand, at: str, version: int, **more: object) -> RefundResult:
    fields = {
        **{"tenant": command.tenant, "platform": command.platform, "order_id": command.order_id},
        **{"refund_id": command.refund_id, "attempt": command.attempt, "amount": command.amount},
        **{"occurred_at": datetime.fromisoformat(at), "version": version},
        "provider_refund_ref": f"acme-{command.refund_id}",
    }
    return kind.model_validate(fields | more)


def read(record: ConsumerRecord) -> tuple[Event, envelope.Envelope] | None:
    """The command in a record; one that cannot be read is reported and left, and never stops the others."""
    try:
        attributes, data = envelope.read(record.headers, record.value)
        if attributes.type == PROGRESS_TYPE:
            return None  # a control record for Waybond's own services
        return decode(attributes.type, data).event, attributes
    except ContractError as error:
        logging.warning("%s/%s@%s left out: %s", record.topic, record.partition, record.offset, error)
        return None


async def serve(kafka: str, topic_prefix: str, books: PaymentSystem, stop: asyncio.Event) -> None:
    consumer = AIOKafkaConsumer(
        topic_prefix + REFUNDS,
        bootstrap_servers=kafka,
        group_id=topic_prefix + GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
    await consumer.start()
    await producer.start()
    try:
        while not stop.is_set():
            for records in (await consumer.getmany(timeout_ms=200, max_records=100)).values():
                for command, attributes in filter(None, map(read, records)):
                    for answer in books.handle(command, datetime.now(UTC)):
                        topic, key, value, headers = message(answer, source=SOURCE, cause=attributes)
                        await producer.send_and_wait(topic_prefix + topic, value, key=key, headers=headers)
                        logging.info("%s: %s of %s", topic, type(answer).__name__, answer.refund_id)
                # Only now: after a crash before this line the commands come again, and are answered the same again.
                await consumer.commit()
    finally:
        await consumer.stop()
        await producer.stop()


async def run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(options.kafka, options.topic_prefix, PaymentSystem(options.books), stop)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kafka", default="localhost:9092", metavar="HOST:PORT")
    parser.add_argument("--books", default="books.sqlite", metavar="FILE")
    parser.add_argument("--topic-prefix", default="", help="only where an installation has one")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
