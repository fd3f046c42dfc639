"""State to bytes and back; the watches, which all orders of a wording and a lane share, are the document."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from waybond_contracts.wording import MAX_LIVE_SCANS
from waybond_tracking.state import State, Watch

WATCH_LISTS_KEPT = 1_024
"""In memory: about one for each wording in force and lane."""


def _promises_by_booking(raw: dict[str, Any]) -> dict[str, Any]:
    """Shape 1 kept of each package the latest booking's promise alone."""
    for package in raw.get("packages", ()):
        promised = package.pop("promised", None)
        if promised is not None:
            package["promises"] = [[package.get("rebooked_at") or package["booked_at"], promised]]
    return raw


def _nothing_seen_beside(raw: dict[str, Any]) -> dict[str, Any]:
    """Shape 2 kept one scan of what was said to be seen."""
    for said in raw.get("seen", ()):
        said.append([])
    return raw


def _spoke_as_heard(raw: dict[str, Any]) -> dict[str, Any]:
    """Shape 3 kept of scans beyond the first and last of a kind only the stretches that they made: when each began."""
    for package in raw.get("packages", ()):
        if package.get("heard"):
            package["spoke"] = [stretch[0][0] for stretch in package["heard"][:MAX_LIVE_SCANS]]
    return raw


def _without_lines(raw: dict[str, Any]) -> dict[str, Any]:
    """Shape 4 knew neither the order's lines nor what a package replaces, and contents were not told: what is left out
    says so."""
    return raw


def _without_former_watches(raw: dict[str, Any]) -> dict[str, Any]:
    """Shape 5 had the watches of the policy's last version alone."""
    return raw


def _without_returns(raw: dict[str, Any]) -> dict[str, Any]:
    """Shape 6 knew no parcels that go back."""
    return raw


def _without_proofs(raw: dict[str, Any]) -> dict[str, Any]:
    """Shape 7 knew of a delivery only that it was made."""
    return raw


UPCASTERS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _promises_by_booking,
    2: _nothing_seen_beside,
    3: _spoke_as_heard,
    4: _without_lines,
    5: _without_former_watches,
    6: _without_returns,
    7: _without_proofs,
}
"""Shape -> what makes the next shape of it. A new shape comes with a golden file of the old one."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(State)
_watches = msgspec.json.Decoder(tuple[Watch, ...])


class StateCodec:
    """Codec for the kit. Raises msgspec.MsgspecError for bytes that are no state."""

    shape = 8

    def encode(self, state: State) -> tuple[bytes, bytes | None]:
        if not state.watches:
            return _encoder.encode(state), None
        return _encoder.encode(replace(state, watches=())), _document(state.watches)

    def decode(self, shape: int, state: bytes, document: bytes | None) -> State:
        decoded = _decoder.decode(state) if shape == self.shape else _upcast(shape, self.shape, state)
        return decoded if document is None else replace(decoded, watches=_watches_in(document))


def _upcast(shape: int, to: int, state: bytes) -> State:
    raw = msgspec.json.decode(state)
    for each in range(shape, to):
        raw = UPCASTERS[each](raw)
    return msgspec.convert(raw, State)


@lru_cache(WATCH_LISTS_KEPT)
def _document(watches: tuple[Watch, ...]) -> bytes:
    return _encoder.encode(watches)


@lru_cache(WATCH_LISTS_KEPT)
def _watches_in(document: bytes) -> tuple[Watch, ...]:
    return _watches.decode(document)
