"""Finds photos that look alike, by perceptual hashes of 64 bits in four bands of 16."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from waybond_contracts.signals import MAX_ORDERS_NAMED, PhotoObserved, SignalFact, SubjectKind
from waybond_signals.state import BandState, Picture

BANDS = 4
BAND_DIGITS = 4
SAME_BITS = 3
"""Hashes that differ in at most so many bits are of the same photo. Three bits lie in three bands at most, so that two
such hashes are alike in at least one of the four: none is missed."""
SIMILAR_BITS = 8
"""Photos whose hashes differ in at most so many bits are similar. Two such hashes need not share a band: some are
missed."""
MAX_PICTURES = 256
"""Photos that are kept in a band; of 2 ** 16 bands each gets its part of all."""
KEPT = timedelta(days=400)


def bands(perceptual_hash: str) -> list[str]:
    """The keys under which such photos are found: band-bits, from 0-... to 3-..."""
    return [f"{band}-{perceptual_hash[band * BAND_DIGITS : (band + 1) * BAND_DIGITS]}" for band in range(BANDS)]


def distance(one: str, other: str) -> int:
    """In how many bits two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def observed(state: BandState | None, fact: PhotoObserved, now: datetime) -> BandState:
    """The state with this photo; told again it changes nothing."""
    known = state or BandState(fact.tenant, fact.subject)
    if any((each.perceptual_hash, each.order) == (fact.perceptual_hash, fact.of_order) for each in known.pictures):
        return known
    pictures = (*known.pictures, Picture(fact.perceptual_hash, fact.of_order, now))
    return replace(known, pictures=pictures[-MAX_PICTURES:])


def pruned(state: BandState, now: datetime) -> BandState | None:
    """The state without photos that are too old; None if none is left."""
    pictures = tuple(each for each in state.pictures if each.at + KEPT > now)
    return replace(state, pictures=pictures) if pictures else None


def kept_until(state: BandState) -> datetime:
    """When the newest photo does not count any more."""
    return state.pictures[-1].at + KEPT


def facts(state: BandState, hashes: Sequence[str], order: str, now: datetime) -> tuple[SignalFact, ...]:
    """Other orders with a photo like one of these, the newest first: each is either the same or similar."""
    nearest: dict[str, int] = {}
    for picture in reversed(state.pictures):
        if picture.order == order or picture.at + KEPT <= now:
            continue
        bits = min((distance(picture.perceptual_hash, each) for each in hashes), default=64)
        if bits <= SIMILAR_BITS:
            nearest[picture.order] = min(bits, nearest.get(picture.order, bits))
    same = [name for name, bits in nearest.items() if bits <= SAME_BITS]
    similar = [name for name, bits in nearest.items() if bits > SAME_BITS]
    return tuple(
        SignalFact(of=SubjectKind.PHOTO, fact=word, value=len(found), orders=tuple(found[:MAX_ORDERS_NAMED]))
        for word, found in (("same_photo", same), ("similar_photo", similar))
        if found
    )
