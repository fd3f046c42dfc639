"""What a kind of harm is: a name, what it does in a few words, and the doing of it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.chaos.world import World


class UnableError(Exception):
    """This harm cannot be done here; says why."""


@dataclass(slots=True)
class Dose:
    """How much harm: for about so many seconds, with `amount` as a share of what the long campaign sends.

    What was done is counted in `tally`. Everything drawn is drawn from `draw`, so a seed means one plan.
    """

    seconds: float
    amount: float
    draw: random.Random
    tally: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    @property
    def left_seconds(self) -> float:
        return self.began + self.seconds - time.monotonic()


@dataclass(frozen=True, slots=True)
class Harm:
    """`do` returns when the harm is over; what it broke has to heal by itself then."""

    name: str
    what: str
    do: Callable[[World, Dose], Awaitable[None]]
