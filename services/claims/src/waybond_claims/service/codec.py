"""The claim file as bytes: compact JSON without the wording, which tables keep once by its hash."""

from functools import lru_cache

import msgspec
from msgspec.structs import replace

from waybond_claims.case.state import Case

WORDINGS_KEPT = 1_024
FIELDS_OF_PACKAGE_1 = 7
"""What shape 2 still reads of a package of shape 1."""


class CaseCodec:
    """A change of shape gets the next number and an upcaster from the one before.

    Shape 2 keeps of a package when its contents were told; at that place shape 1 had once had when it arrived.
    """

    shape = 2

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Case)

    def encode(self, state: Case) -> tuple[bytes, bytes | None]:
        """The file without its wording, and the wording or None."""
        if not state.wording:
            return self._encoder.encode(state), None
        return self._encoder.encode(replace(state, wording="")), _body(state.wording)

    def decode(self, shape: int, state: bytes, document: bytes | None) -> Case:
        """The file from bytes written in `shape`. Raises msgspec.DecodeError for bytes that are no file."""
        if shape not in (1, self.shape):
            raise ValueError(f"a claim file of shape {self.shape} was expected, got {shape}")
        case = self._decoder.decode(state) if shape == self.shape else _from_1(state)
        return case if document is None else replace(case, wording=_text(document))


def _from_1(state: bytes) -> Case:
    file = msgspec.json.decode(state)
    for package in file.get("packages", ()):
        del package[FIELDS_OF_PACKAGE_1:]
    return msgspec.convert(file, Case, strict=False)


# One object for each wording, not one for each file: its hash is reckoned once, and a batch of files stays small.
@lru_cache(WORDINGS_KEPT)
def _text(body: bytes) -> str:
    return body.decode()


@lru_cache(WORDINGS_KEPT)
def _body(text: str) -> bytes:
    return text.encode()
