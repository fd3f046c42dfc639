"""Messages that no service can read, sent on purpose: what becomes of them is part of the demo."""

from aiokafka import AIOKafkaProducer

from waybond_contracts.topics import ORDERS

BAD: tuple[tuple[str, bytes | None, list[tuple[str, bytes]], bytes], ...] = (
    ("no CloudEvents headers", b"demo/bad/1", [], b'{"order_id": "1"}'),
    (
        "a value that is no JSON",
        b"demo/bad/2",
        [
            ("ce_specversion", b"1.0"),
            ("ce_id", b"2"),
            ("ce_type", b"io.waybond.OrderPlaced"),
            ("ce_source", b"/bad"),
            ("ce_knownat", b"2013-01-01T00:00:00Z"),
        ],
        b'{"order_id": \xff',
    ),
    (
        "an event type that nobody knows",
        b"demo/bad/3",
        [("ce_specversion", b"1.0"), ("ce_id", b"3"), ("ce_type", b"io.waybond.OrderDreamt"), ("ce_source", b"/bad")],
        b"{}",
    ),
)
"""What is wrong with each, then key, headers and value."""


async def send(bootstrap: str) -> int:
    """Publish them on orders; returns how many."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for _, key, headers, value in BAD:
            await producer.send_and_wait(ORDERS, key=key, headers=headers, value=value)
    return len(BAD)
