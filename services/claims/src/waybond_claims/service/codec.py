"""The claim file as bytes: compact JSON without the wording, which tables keep once by its hash."""

from functools import lru_cache

import msgspec
from msgspec.structs import replace

from waybond_claims.case.state import Case
from waybond_claims.service.older import READ, SHAPE

WORDINGS_KEPT = 1_024


class CaseCodec:
    """A change of shape gets the next number and an upcaster from the one before (`older`)."""

    shape = SHAPE

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
        wording = "" if document is None else _text(document)
        if shape == SHAPE:
            case = self._decoder.decode(state)
        elif shape in READ:
            case = READ[shape](state, wording)
        else:
            raise ValueError(f"a claim file of shape {self.shape} was expected, got {shape}")
        return case if document is None else replace(case, wording=wording)


# One object for each wording, not one for each file: its hash is reckoned once, and a batch of files stays small.
@lru_cache(WORDINGS_KEPT)
def _text(body: bytes) -> str:
    return body.decode()


@lru_cache(WORDINGS_KEPT)
def _body(text: str) -> bytes:
    return text.encode()
