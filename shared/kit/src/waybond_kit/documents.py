"""Bodies that many states share (a policy's wording), in memory once, by their SHA-256, within bounds."""

import hashlib
from collections import OrderedDict

MAX_DOCUMENTS = 1_000
MAX_DOCUMENT_BYTES = 32 * 1024 * 1024


class Documents:
    """The documents that were used last, and which of them the database is known to hold."""

    def __init__(self, max_documents: int = MAX_DOCUMENTS, max_bytes: int = MAX_DOCUMENT_BYTES) -> None:
        self._max_documents = max_documents
        self._max_bytes = max_bytes
        self._bytes = 0
        self._bodies: OrderedDict[bytes, bytes] = OrderedDict()
        self._hashes: dict[bytes, bytes] = {}

    def body(self, sha256: bytes) -> bytes | None:
        """The body, if it is in memory."""
        found = self._bodies.get(sha256)
        if found is not None:
            self._bodies.move_to_end(sha256)
        return found

    def hash(self, body: bytes) -> tuple[bytes, bool]:
        """The body's SHA-256, and whether the database is known to hold it."""
        known = self._hashes.get(body)
        return (known, True) if known is not None else (hashlib.sha256(body).digest(), False)

    def remember(self, sha256: bytes, body: bytes) -> None:
        """The database holds this document: it was read from there, or its transaction is committed."""
        if sha256 in self._bodies:
            return
        self._bodies[sha256] = body
        self._hashes[body] = sha256
        self._bytes += len(body)
        while self._bodies and (len(self._bodies) > self._max_documents or self._bytes > self._max_bytes):
            _, dropped = self._bodies.popitem(last=False)
            del self._hashes[dropped]
            self._bytes -= len(dropped)
