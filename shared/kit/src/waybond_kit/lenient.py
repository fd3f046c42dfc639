"""Lets the Kafka client read a record whose header has a name that is not UTF-8.

The client decodes names strictly. One such record makes every fetch fail that holds its batch, for all partitions, for
ever: whoever may write to one topic could stop every service that reads it. Here such a batch is read once more, with
the odd bytes of its names spelled out ("\\xff"); all others are read as fast as before.
"""

from collections.abc import Iterator
from typing import Any, SupportsIndex

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

LENGTH_AT, HEAD_BYTES = 8, 12
FORMAT_AT = 16


class _Spelling(bytearray):
    """Bytes that decode whatever they are."""

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        found = super().__getitem__(key)
        return _Spelling(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")


class _Batch:
    """One batch of records; all else is the client's own."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            spelled = _DefaultRecordBatchPy(self._data)
            spelled._maybe_uncompress()  # the client's own slow reader, on other bytes
            spelled._buffer = _Spelling(spelled._buffer)  # as above
            return iter(list(spelled))


class LenientRecords:
    """The batches of one partition in an answer to a fetch."""

    def __init__(self, data: bytes) -> None:
        self._records: Any = MemoryRecords(data)
        self._data = memoryview(data)
        self._at = 0

    def size_in_bytes(self) -> int:
        return self._records.size_in_bytes()

    def has_next(self) -> bool:
        return self._records.has_next()

    def next_batch(self) -> Any:
        start = self._at
        length = int.from_bytes(self._data[start + LENGTH_AT : start + HEAD_BYTES], "big")
        self._at += HEAD_BYTES + length
        batch = self._records.next_batch()
        return _Batch(batch, self._data[start : self._at]) if self._data[start + FORMAT_AT] >= 2 else batch


def install() -> None:
    """Have all consumers of this process read so."""
    fetcher.MemoryRecords = LenientRecords  # pyright: ignore[reportAttributeAccessIssue]  # the name the client reads
