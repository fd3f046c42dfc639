"""State to bytes and back."""

import msgspec

from waybond_signals.state import State

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(State)


class StateCodec:
    """Codec for the kit. Raises msgspec.MsgspecError for bytes that are no state."""

    shape = 1

    def encode(self, state: State) -> tuple[bytes, bytes | None]:
        return _encoder.encode(state), None

    def decode(self, shape: int, state: bytes, document: bytes | None) -> State:
        return _decoder.decode(state)
