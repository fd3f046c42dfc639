"""A change of a wording: what it is about, what changes, and which way for the buyer."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel

from waybond_contracts.worded import Amount
from waybond_contracts.wording import Deductible, Tier
from waybond_local.wordings import words


class Way(StrEnum):
    """Which way a change goes for the buyer: more is paid, or sooner, or more often; less; or it depends."""

    MORE = "more"
    LESS = "less"
    OTHER = "other"

    def turned(self) -> "Way":
        return {Way.MORE: Way.LESS, Way.LESS: Way.MORE}.get(self, Way.OTHER)


class Change(NamedTuple):
    """One thing that changes."""

    about: str
    what: str
    way: Way


def rising(old: object, new: object) -> Way:
    """The way of a change where more is more for the buyer: of numbers, durations, and sums of one currency."""
    match old, new:
        case Amount(), Amount():
            if old.currency != new.currency:
                return Way.OTHER
            return _compared(Decimal(old.amount), Decimal(new.amount))
        case timedelta(), timedelta():
            return _compared(old, new)
        case int(), int():
            return _compared(old, new)
        case _:
            return Way.OTHER


def _compared(old: Any, new: Any) -> Way:
    return Way.MORE if new > old else Way.LESS if new < old else Way.OTHER


def shown(value: object) -> str:
    """A value of a wording in words."""
    match value:
        case None | () | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return words.duration(value)
        case Amount():
            return words.amount(value)
        case Deductible():
            return words.deductible(value)
        case Tier():
            return words.benefit(value)
        case BaseModel():
            given = [(name, each) for name, each in value if each not in (None, (), "")]
            return ", ".join(f"{words.spoken(name)} {shown(each)}" for name, each in given)
        case Mapping():
            return words.listed(f"{key} {shown(each)}" for key, each in value.items()) if value else "none"
        case tuple():
            return words.listed(shown(each) for each in value)
        case _:
            return words.spoken(str(value))


def instead(name: str, old: object, new: object) -> str:
    """ "limit: 500 USD instead of none"."""
    return f"{name}: {shown(new)} instead of {shown(old)}"


def gained(old: Iterable[object], new: Iterable[object]) -> tuple[list[str], list[str]]:
    """What a list has now and had not, and the other way round."""
    before, after = [str(each) for each in old], [str(each) for each in new]
    return [each for each in after if each not in before], [each for each in before if each not in after]
