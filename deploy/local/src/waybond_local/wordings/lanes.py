"""The lanes that a wording tells apart: one for each way in which its patterns can match or not match a lane."""

from collections.abc import Iterator, Sequence
from itertools import product

from pydantic import BaseModel

from waybond_contracts.places import Lane, countries, precise
from waybond_contracts.wording import Wording
from waybond_local.wordings import words

MAX_LANES_LOOKED_AT = 2_000
_FIELDS = frozenset({"lanes", "lanes_except", "after_by_lane", "opens_by_lane", "closes_by_lane"})


def told_apart(wording: Wording) -> tuple[Lane, ...]:
    """Lanes such that every other lane is matched by the same patterns of the wording as one of these; the first
    MAX_LANES_LOOKED_AT of them."""
    pairs = [pattern.split("-") for pattern in dict.fromkeys(_patterns(wording)) if "-" in pattern]
    origins = sorted({origin for origin, _ in pairs if origin != "*"})
    destinations = sorted({destination for _, destination in pairs if destination != "*"})
    named = {*origins, *destinations}
    others = [country for country in countries() if country not in named][:2]
    found = dict.fromkeys(product((*others[:1], *origins), (*others[1:], *destinations)))
    found |= dict.fromkeys((country, country) for country in (*others[:1], *sorted(named)))
    return tuple(
        Lane(origin=origin, destination=destination) for origin, destination in list(found)[:MAX_LANES_LOOKED_AT]
    )


def matching(lane: Lane, patterns: Sequence[str]) -> bool:
    return any(map(lane.matches, patterns))


def closest(lane: Lane, patterns: Sequence[str]) -> str | None:
    """The pattern that counts for the lane, as `wording.duration_on` picks it; None if none of them names it."""
    return max((pattern for pattern in patterns if lane.matches(pattern)), key=precise, default=None)


def whose(lane: Lane, patterns: Sequence[str]) -> str:
    """For whom a duration by lane counts: " for orders to Brazil"; empty where all lanes have the same."""
    if not patterns:
        return ""
    pattern = closest(lane, patterns)
    return f" for {words.lane(pattern)}" if pattern is not None else " for lanes that are not named"


def _patterns(part: object) -> Iterator[str]:
    match part:
        case BaseModel():
            for name, value in part:
                if name in _FIELDS and value:
                    yield from value
                else:
                    yield from _patterns(value)
        case tuple():
            for value in part:
                yield from _patterns(value)
        case _:
            pass
